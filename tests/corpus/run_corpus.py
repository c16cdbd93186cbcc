#!/usr/bin/env python3
"""Runs the program over every capture of the corpus beside the project and holds it to its promises.

usage: run_corpus.py PROGRAM CORPUS_DIR [--jobs N]

For each capture of pcap/ and robust/: it ends with 0, or with 1 and a message (never a signal, never a sanitizer's report);
every packet that went in came out or was counted as blocked; what came out reads back as that many packets; one
worker and three write the same bytes. Then the names found in pcap/ are scored against the answer key.
Exits with 77 and a word where the corpus is missing.
"""
import argparse, concurrent.futures, json, os, subprocess, sys, tempfile

RULES = """
[policy]
default = "accept"
[[rule]]
name = "video"
action = "drop"
category = ["video", "social"]
[[rule]]
name = "web"
action = "reject"
proto = ["http"]
domain = ["com"]
[[rule]]
name = "private"
action = "drop"
dst = ["192.168.0.0/16"]
port = [53]
"""
REQUIRED = ["--require", "tls=0.998,http=0.99,dns=0.99", "--require-precision", "tls=0.999,http=0.998,dns=0.995"]


def run(program, arguments):
    return subprocess.run([program, "--report", "none", *arguments], capture_output=True, timeout=120)


def stats(path):
    with open(path) as file:
        return json.load(file)["stats"]


def complaint(result):
    text = result.stderr.decode("utf8", "replace")
    if result.returncode not in (0, 1) or "Sanitizer" in text or "runtime error" in text:
        return f"exit {result.returncode}: {text[-600:]}"
    if result.returncode == 1 and not text.strip():
        return "exit 1 without a message"
    return None


def check(program, capture, flows, folder):
    """Everything that is wrong with one capture's runs, as a list of sentences."""
    out, out3, numbers = (os.path.join(folder, name) for name in ("out", "out3", "stats.json"))
    for old in (out, out3, numbers):
        if os.path.exists(old):
            os.unlink(old)
    plain = run(program, ["--pcap", capture, *(["--flows", flows] if flows else [])])
    if why := complaint(plain):
        return ["inspection: " + why]
    rules = os.path.join(folder, "rules.toml")
    with open(rules, "w") as file:
        file.write(RULES)
    first = run(program, ["--pcap", capture, "--out", out, "--rules", rules, "--workers", "1", "--stats-json", numbers])
    if why := complaint(first):
        return ["filtering: " + why]
    if not os.path.exists(out):
        return [] if first.returncode == 1 else ["no output, yet exit 0"]
    wrong = []
    s = stats(numbers)
    firewall = s["firewall"]
    if s["decoder"]["pkts"] != firewall["accepted"] + firewall["blocked"] + firewall["rejected"]:
        wrong.append(f"packets in {s['decoder']['pkts']} are not accepted + blocked + rejected {firewall}")
    run(program, ["--pcap", capture, "--out", out3, "--rules", rules, "--workers", "3"])
    with open(out, "rb") as one, open(out3, "rb") as three:
        if one.read() != three.read():
            wrong.append("one worker and three wrote different bytes")
    again = run(program, ["--pcap", out, "--stats-json", numbers])
    if why := complaint(again):
        return wrong + ["reading the output back: " + why]
    if stats(numbers)["decoder"]["pkts"] != firewall["accepted"]:
        wrong.append(f"accepted {firewall['accepted']}, but the output holds {stats(numbers)['decoder']['pkts']}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("corpus")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if not os.path.isdir(os.path.join(arguments.corpus, "pcap")):
        print("skipped: the corpus of real captures is not beside the project")
        return 77
    program = os.path.abspath(arguments.program)
    failures = count = 0
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        flows = os.path.join(work, "flows")
        os.mkdir(flows)
        pending = {}
        for folder in ("pcap", "robust"):
            for name in sorted(os.listdir(os.path.join(arguments.corpus, folder))):
                own = os.path.join(work, f"{folder}-{count}")
                os.mkdir(own)
                lines = os.path.join(flows, name + ".jsonl") if folder == "pcap" else None
                capture = os.path.join(arguments.corpus, folder, name)
                pending[pool.submit(check, program, capture, lines, own)] = f"{folder}/{name}"
                count += 1
        for future in concurrent.futures.as_completed(pending):
            for sentence in future.result():
                failures += 1
                print(f"{pending[future]}: {sentence}")
        score = subprocess.run([sys.executable, os.path.join(arguments.corpus, "score.py"), "--oracle",
                                os.path.join(arguments.corpus, "oracle.tsv"), "--flows", flows, *REQUIRED],
                               capture_output=True, text=True)
        print("\n".join(line for line in score.stdout.splitlines()[:9] if "strata" not in line))
        if score.returncode != 0:
            failures += 1
            print("the score is below what is required:", *[l for l in score.stdout.splitlines() if l.startswith("FAIL")])
    print(f"{count} captures, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
