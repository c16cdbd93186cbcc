#!/usr/bin/env python3
"""Measures netscope-nfq over captures against a plain copy of the same file by tcpdump.

Everything lies in memory (/dev/shm), so that no disk is measured. The two programs take turns, and what counts is the
median of the ratios of neighbouring runs: a machine that slows down slows both. Exits with 0 unless a program failed to
run or, with --check, a target was missed.
"""

import argparse
import collections
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
Run = collections.namedtuple("Run", "wall cpu peak_kib")

missed = []


def measure(command):
    """Runs `command` to its end: wall and CPU seconds, peak resident KiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed with {process.returncode}: {' '.join(map(str, command))}\n{errors.decode(errors='replace')}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def peak_anonymous_mib(command):
    """The most memory of its own that `command` held: mapped files, its input among them, do not count."""
    peak = 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sample():
        nonlocal peak
        while process.poll() is None:
            try:
                for line in open(f"/proc/{process.pid}/status"):
                    if line.startswith("RssAnon:"):
                        peak = max(peak, int(line.split()[1]))
            except (FileNotFoundError, ProcessLookupError):
                return
            time.sleep(0.001)

    sampler = threading.Thread(target=sample)
    sampler.start()
    sampler.join()
    if process.wait() != 0:
        sys.exit(f"failed with {process.returncode}: {' '.join(map(str, command))}")
    return peak / 1024


def verdict(what, value, target):
    if target is None:
        return ""
    if value <= target:
        return f"<= {target:g}  met"
    missed.append(what)
    return f"<= {target:g}  MISSED"


def row(*cells):
    print("| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, (30, 12, 12, 8, 16))) + " |")


def head(title, *cells):
    print(f"\n{title}\n")
    row(*cells)
    row(*("-" * 3 for _ in cells))


class Bench:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.out = folder / "out.pcap"

    def traffic(self, kind, **size):
        path = self.folder / ("-".join([kind, *map(str, size.values())]) + ".pcap")
        if not path.exists():
            options = [text for name, value in size.items() for text in (f"--{name}", str(value))]
            measure([self.arguments.generator, kind, path, *options])
        return path

    def copy(self, capture):
        as_root = ["-Z", "root"] if os.geteuid() == 0 else []
        return ["tcpdump", *as_root, "-r", capture, "-w", self.out]

    def filter(self, capture, rules=HERE / "rules10.toml", workers=2):
        return [self.arguments.program, "--pcap", capture, "--out", self.out, "--rules", rules,
                "--workers", str(workers), "--report", "none"]

    def run(self, command):
        self.out.unlink(missing_ok=True)
        return measure(command)

    def against_copy(self, kind):
        """Pairs of (copy, filter) for one kind of traffic; who goes first alternates."""
        capture = self.traffic(kind)
        pairs = []
        self.run(self.copy(capture))  # warms up
        for number in range(self.arguments.rounds):
            commands = [self.copy(capture), self.filter(capture)]
            if number % 2 == 0:
                pairs.append(tuple(map(self.run, commands)))
            else:
                pairs.append(tuple(map(self.run, reversed(commands)))[::-1])
        return pairs

    def compare(self):
        head(f"Against a plain copy: median of {self.arguments.rounds} pairs, seconds",
             "what", "tcpdump", "netscope-nfq", "ratio", "target")
        targets = {("mixed", "wall"): 0.8, ("mixed", "cpu"): 1.0, ("small", "wall"): 1.0, ("newflows", "wall"): 2.5}
        for kind in ("mixed", "small", "newflows"):
            pairs = self.against_copy(kind)
            for measured in ("wall", "cpu"):
                copies, filters = ([getattr(run, measured) for run in runs] for runs in zip(*pairs))
                ratio = statistics.median(mine / theirs for theirs, mine in zip(copies, filters))
                row(f"{kind} {measured}", f"{statistics.median(copies):.3f}", f"{statistics.median(filters):.3f}",
                    f"{ratio:.2f}", verdict(f"{kind} {measured}", ratio, targets.get((kind, measured))))
            if kind == "mixed":
                peak = statistics.median(run.peak_kib for _, run in pairs) / 1024
                own = peak_anonymous_mib(self.filter(self.traffic("mixed")))
                row("mixed memory, all (MiB)", "", f"{peak:.0f}", "", "")
                row("mixed memory, its own (MiB)", "", f"{own:.0f}", "", verdict("mixed memory", own, 128))
            else:
                self.traffic(kind).unlink()

    def quic(self):
        """What reading QUIC costs: the same packets with a version that can be read, and with one that cannot."""
        head(f"QUIC in every tenth flow: median of {self.arguments.rounds} pairs, seconds",
             "what", "not read", "read", "ratio", "target")
        captures = [self.traffic(kind) for kind in ("unknownquic", "quic")]
        pairs = [tuple(self.run(self.filter(capture)) for capture in captures)
                 for _ in range(self.arguments.rounds)]
        for measured, target in (("wall", 1 / 0.85), ("cpu", None)):
            without, reading = ([getattr(run, measured) for run in runs] for runs in zip(*pairs))
            ratio = statistics.median(mine / theirs for theirs, mine in zip(without, reading))
            row(f"quic {measured}", f"{statistics.median(without):.3f}", f"{statistics.median(reading):.3f}",
                f"{ratio:.2f}", verdict(f"quic {measured}", ratio, target))
        for capture in captures:
            capture.unlink()

    def scale(self, title, cells, target=None):
        """One line for each (label, command, start): the time, and its ratio to the first line's.

        The lines take turns too. `start` is a command whose time does not count: that of loading the rules.
        """
        head(f"Against {title}: median of {self.arguments.scaling_rounds} rounds, seconds",
             title, "start", "netscope-nfq", "ratio", "target")
        rounds = []
        for _ in range(self.arguments.scaling_rounds):
            rounds.append([(self.run(command).wall, self.run(start).wall if start else 0)
                           for _, command, start in cells])
        for line, (label, _, start) in enumerate(cells):
            seconds, starts = (statistics.median(times) for times in zip(*(times[line] for times in rounds)))
            ratio = statistics.median((times[line][0] - times[line][1]) / (times[0][0] - times[0][1])
                                      for times in rounds)
            last = line == len(cells) - 1
            row(label, f"{starts:.3f}" if start else "", f"{seconds:.3f}", f"{ratio:.2f}",
                verdict(title, ratio, target if last else None))

    def scaling(self):
        self.scale("packets", [
            (f"{packets:,} mixed", self.filter(self.traffic("mixed", packets=packets, flows=packets // 16)), None)
            for packets in (400_000, 800_000, 1_600_000)])
        self.scale("flows", [
            (f"{flows:,} flows, small", self.filter(self.traffic("small", flows=flows)), None)
            for flows in (2_000, 20_000, 200_000)])
        self.scale("rules", [self.many_rules(count) for count in (10, 1_000, 100_000)], target=1.2)
        self.scale("workers", [
            (f"{workers} on mixed", self.filter(self.traffic("mixed"), workers=workers), None) for workers in (1, 2)])

    def many_rules(self, count):
        """Judging the mixed traffic by so many rules, without what it takes to load them."""
        rules = self.folder / f"rules{count}.toml"
        write_domain_rules(rules, count)
        nearly_empty = self.traffic("newflows", packets=10)
        return (f"{count:,} domain rules", self.filter(self.traffic("mixed"), rules=rules),
                self.filter(nearly_empty, rules=rules))


def write_domain_rules(path, count):
    with open(path, "w") as file:
        file.write('[policy]\ndefault = "accept"\n')
        for number in range(count):
            file.write(f'\n[[rule]]\nname = "rule-{number}"\naction = "drop"\n'
                       f'domain = ["host{number * 7919 % 1000003}.example{number % 97}.org"]\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default="build/netscope-nfq")
    parser.add_argument("generator", nargs="?", default="build/tests/bench/offline/generate_traffic")
    parser.add_argument("--rounds", type=int, default=7, help="pairs of runs (7)")
    parser.add_argument("--scaling-rounds", type=int, default=5, help="runs of each line of the scaling tables (5)")
    parser.add_argument("--no-scaling", action="store_true", help="leave the scaling tables out")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    arguments = parser.parse_args()
    for tool in (arguments.program, arguments.generator, "tcpdump"):
        if shutil.which(tool) is None:
            sys.exit(f"cannot run {tool}")

    print(f"{platform.system()} {platform.release()}, {len(os.sched_getaffinity(0))} cores")
    shared_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="netscope-bench-", dir=shared_memory) as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        bench.compare()
        bench.quic()
        if not arguments.no_scaling:
            bench.scaling()
    if missed:
        print(f"\nmissed: {', '.join(missed)}")
    sys.exit(1 if arguments.check and missed else 0)


if __name__ == "__main__":
    main()
