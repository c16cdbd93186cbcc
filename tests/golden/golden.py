#!/usr/bin/env python3
"""Runs the program over the captures of this folder and compares what comes out with expected/.

usage: golden.py PROGRAM DIR [--update]

DIR holds the captures, rules.toml and expected/. Of each capture: NAME.flows.jsonl, all its flows, and NAME.out, what
the output holds and which packets it lacks. Of home.pcap the report and the statistics as well. --update writes what
came out as what is expected: read the difference before it is committed.
"""
import argparse
import difflib
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from capture_reader import left_out, read_capture

SHOWN = 60  # lines of a difference


class Golden:
    def __init__(self, program, folder, work, update):
        self.program, self.folder, self.work, self.update = program, folder, work, update
        self.expected = folder / "expected"
        self.failures = 0

    def fail(self, sentence):
        self.failures += 1
        print("FAIL", sentence)

    def run(self, *arguments, stdin=None):
        """The program's standard output. It runs beside the captures, so that no path of the machine shows."""
        result = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, input=stdin, capture_output=True,
                                timeout=120, check=False)
        if result.returncode != 0 or (stdin is None and result.stderr):
            self.fail(f"{' '.join(map(str, arguments))}: exit {result.returncode}: {result.stderr.decode()}")
        return result.stdout

    def compare(self, name, text):
        path = self.expected / name
        if self.update:
            path.write_text(text)
            return
        wanted = path.read_text() if path.exists() else ""
        if text == wanted:
            return
        self.fail(f"{name} is not what is expected:")
        lines = list(difflib.unified_diff(wanted.splitlines(), text.splitlines(), "expected/" + name, "came out",
                                          lineterm="", n=1))
        print("\n".join(lines[:SHOWN]))
        if len(lines) > SHOWN:
            print(f"and {len(lines) - SHOWN} lines more")


def same_packets(before, after):
    """Whether these are the same packets. One that has no time gets any."""
    return len(before) == len(after) and all(
        one.link == other.link and one.data == other.data and one.size_on_wire == other.size_on_wire and
        one.time in (other.time, None) for one, other in zip(before, after))


def ranges(numbers):
    """[1, 2, 3, 7] -> "1-3 7"."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts) or "none"


def output_text(before, output):
    after = read_capture(output)
    missing = left_out(before, after)
    return (f"packets {len(after)} of {len(before)}\nleft out {ranges(missing)}\n"
            f"sha256 {hashlib.sha256(output).hexdigest()}\n")


def filtered(golden, capture, rules, stem):
    """Filters by `rules`, and compares; answers the output."""
    out, flows = golden.work / (stem + ".out"), golden.work / (stem + ".jsonl")
    golden.run("--pcap", capture.name, "--out", out, "--rules", rules, "--flows", flows, "--report", "none")
    output = out.read_bytes()
    golden.compare(stem + ".flows.jsonl", flows.read_text())
    golden.compare(stem + ".out", output_text(read_capture(capture.read_bytes()), output))
    return output


def check_workers(golden, capture, rules, output):
    """Neither the number of threads nor the run decides what is written."""
    once = None
    for workers in (1, 2, 3, 16, 1, 3):
        flows = golden.work / "again.jsonl"
        again = golden.run("--pcap", capture.name, "--out", "-", "--rules", rules, "--report", "none", "--workers",
                           workers, "--flows", flows)
        if again != output:
            golden.fail(f"{capture.name}: with --workers {workers} another output")
        once = once or flows.read_text()
        if flows.read_text() != once:
            golden.fail(f"{capture.name}: with --workers {workers} other flows")


def check_pipe(golden, capture, rules, output):
    piped = golden.run("--pcap", "-", "--out", "-", "--rules", rules, "--report", "none", stdin=capture.read_bytes())
    if capture.suffix == ".pcap":
        if piped != output:
            golden.fail(f"{capture.name}: from a pipe another output than from the file")
    elif not same_packets(read_capture(piped), read_capture(output)):
        golden.fail(f"{capture.name}: from a pipe other packets than from the file")


def check_unfiltered(golden, capture):
    """Where nothing is blocked, a pcap comes out as it went in; a pcapng of one link type as a pcap of its packets."""
    contents = capture.read_bytes()
    output = golden.run("--pcap", capture.name, "--out", "-", "--report", "none")
    if capture.suffix == ".pcap":
        if output != contents:
            golden.fail(f"{capture.name}: with nothing blocked, the output is not the input")
        return
    before, after = read_capture(contents), read_capture(output)
    several = len({packet.link for packet in before}) > 1
    if (output[:4] == b"\x0a\x0d\x0d\x0a") != several:
        golden.fail(f"{capture.name}: {'several link types need pcapng' if several else 'one link type becomes pcap'}")
    if not same_packets(before, after):
        golden.fail(f"{capture.name}: other packets than the input's, or other times")
    if golden.run("--pcap", "-", "--out", "-", "--report", "none", stdin=output) != output:
        golden.fail(f"{capture.name}: the output does not pass through unchanged")


def normalised_report(text, out):
    text = text.replace(str(out), "OUT")
    return re.sub(r"(?m)^  time    [0-9].*$", "  time    TIME", text)


def normalised_stats(text):
    stats = json.loads(text)
    stats["timestamp"] = "TIMESTAMP"
    stats["uptime"] = 0
    stats["source"]["version"] = "VERSION"
    stats["source"]["name"] = pathlib.Path(stats["source"]["name"]).name
    return json.dumps(stats, indent=1) + "\n"


def check_home(golden, capture):
    """The capture of the quickstart, with the report and the numbers that a person sees, by the rules that ship."""
    rules = pathlib.Path("../../rules/example.toml")
    filtered(golden, capture, rules, "home.example")
    out, stats = golden.work / "home.out", golden.work / "home.json"
    report = golden.run("--pcap", capture.name, "--out", out, "--rules", rules, "--stats-json", stats).decode()
    golden.compare("home.report.txt", normalised_report(report, out))
    golden.compare("home.stats.json", normalised_stats(stats.read_text()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        golden = Golden(arguments.program.resolve(), arguments.folder.resolve(), pathlib.Path(work), arguments.update)
        golden.expected.mkdir(exist_ok=True)
        captures = sorted(path for path in golden.folder.iterdir() if path.suffix in (".pcap", ".pcapng"))
        for capture in captures:
            output = filtered(golden, capture, "rules.toml", capture.stem)
            check_workers(golden, capture, "rules.toml", output)
            check_pipe(golden, capture, "rules.toml", output)
            check_unfiltered(golden, capture)
        check_home(golden, golden.folder / "home.pcap")
    print(f"{len(captures)} captures, {golden.failures} failures")
    return 1 if golden.failures or not captures else 0


if __name__ == "__main__":
    sys.exit(main())
