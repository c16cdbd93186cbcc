#!/usr/bin/env python3
"""Measures netscope-nfq as a gateway, each figure against a run beside it.

usage: run.py [PROGRAM] [PROGRAMS_DIR] [--rounds N] [--seconds S] [--only FIGURE]... [--check]

A client, a gateway and a server live in network namespaces that are made for each run and removed after it, so that no
run inherits the connections or the rules of another. The two sides of a figure take turns, and what counts is the median
of the ratios of neighbouring runs: a machine that slows down slows both. Work is told in CPU time of the thread that
serves the queue, which others on the machine disturb least. Exits with 0 unless a program failed to run or, with
--check, a target was missed; with 77 where the machine cannot.

The figures:
  judged, asked, opened   64-byte packets that stay in the queue, whatever the program thinks of them (--offload off):
                          of 4,096 flows that are judged already; of as many flows whose datagrams are each a question
                          of their own (port 53), so that the rules are asked anew; and each the first of its flow
  inspected               one TCP stream, every packet of it through the queue, against a gateway without netfilter
  offloaded               one TCP stream that left the queue, against a gateway that only tracks connections
  connections             beginnings of TLS connections a second
  round-trip              what the queue adds to the time that a small datagram needs to and fro
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "live"))
from bed import Bed, SERVER4, eventually, why_not  # noqa: E402

QUEUE = 0
LOAD_CPU, QUEUE_CPU = "0", "1"  # of the flood, and of the thread that serves the queue
SMALL = "18"  # payload bytes of a datagram in the smallest Ethernet frame
FLOWS = "4096"
RELEASED_WITHIN = 2000  # packets of a TCP stream, by which it must have left the queue
LOADS = ("accept_all", "udp_flood", "tls_load", "ping_pong")

missed = []


def verdict(what, value, most=None, least=None):
    sign, target, met = ("<=", most, most is not None and value <= most) if least is None else (">=", least, value >= least)
    if met:
        return f"{sign} {target:g}  met"
    missed.append(what)
    return f"{sign} {target:g}  MISSED"


def row(*cells):
    print("| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, (32, 12, 12, 13, 6, 11, 14))) + " |", flush=True)


# --- what stands on the gateway

class Nothing:
    """A gateway without netfilter."""

    def __init__(self, bench, bed):
        self.bench, self.bed = bench, bed
        self.process = None
        self.begin()

    def begin(self):
        pass

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def rule(self, *words):
        self.bed.run("gateway", "iptables", "-t", "mangle", "-A", "FORWARD", *words)

    def start(self, *command):
        with open(self.bed.folder / "log", "wb") as log:
            self.process = self.bed.start("gateway", *command, stdout=log, stderr=log)
        eventually(lambda: self.process.poll() is not None or self.ready(), f"the start of {command[0]}")
        if self.process.poll() is not None:
            sys.exit(f"{command[0]} ended at once:\n{self.log()}")

    def log(self):
        return (self.bed.folder / "log").read_text(errors="replace")

    def ready(self):
        return self.queue_line() is not None

    def queue_line(self):
        for line in self.of_process("net/netfilter/nfnetlink_queue").splitlines():
            fields = [int(field) for field in line.split()]
            if fields[0] == QUEUE:
                return fields
        return None

    def of_process(self, path):
        return pathlib.Path(f"/proc/{self.process.pid}/{path}").read_text()

    def served(self):
        """Packets that the program got from its queue."""
        _, _, waiting, _, _, _, user_dropped, last_id, _ = self.queue_line()
        return last_id - user_dropped - waiting

    def thread_seconds(self):
        """CPU time of the thread that serves the queue: of the busiest, in a program that has several."""
        threads = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return max(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


class Conntrack(Nothing):
    """A gateway that tracks connections, and nothing else."""

    def begin(self):
        self.rule("-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP")


class AcceptAll(Nothing):
    """The least that a queue can cost."""

    def begin(self):
        self.rule("-j", "NFQUEUE", "--queue-num", QUEUE)
        self.start(self.bench.programs / "accept_all", QUEUE, "--cpu", QUEUE_CPU)


class Netscope(Nothing):
    offload = "off"

    def begin(self):
        rules = self.bed.folder / "rules.toml"
        # A queue that is too full drops with either program: what passes beside it would be another load.
        rules.write_text(self.bench.rules.replace("[policy]\n", '[policy]\noverload = "drop"\n'))
        rules.chmod(0o644)
        self.start("taskset", "-c", QUEUE_CPU, self.bench.program, "--rules", rules, "--queues", QUEUE,
                   "--offload", self.offload)

    def ready(self):
        return "filtering: " in self.log()


class OffloadingNetscope(Netscope):
    offload = "mark"


# --- the figures

class Bench:
    def __init__(self, arguments):
        self.program = arguments.program
        self.programs = arguments.programs
        self.rounds = arguments.rounds
        self.seconds = arguments.seconds
        self.rules = (HERE.parent / "offline" / "rules10.toml").read_text()

    def once(self, side, measure):
        with Bed(self.program) as bed:
            gateway = side(self, bed)
            try:
                return measure(bed, gateway)
            finally:
                gateway.end()

    def rows_of(self, sides, measure):
        """For each round what each side measured; who goes first changes."""
        rounds = []
        for number in range(self.rounds + 1):
            order = sides if number % 2 else sides[::-1]
            results = {side: self.once(side, measure) for side in order}
            if number > 0:  # the first warms up
                rounds.append([results[side] for side in sides])
        return rounds

    def compare(self, what, beside, mine, measure, unit, **target):
        rounds = self.rows_of((beside, mine), measure)
        self.report(what, beside, rounds, [own / other for other, own in rounds], unit, **target)

    @staticmethod
    def report(what, beside, rounds, ratios, unit, **target):
        others, own = (statistics.median(values) for values in zip(*(pair[-2:] for pair in rounds)))
        ratio = statistics.median(ratios)
        row(f"{what}, {unit}", beside.__name__, f"{others:.2f}", f"{own:.2f}", f"{ratio:.2f}",
            f"{min(ratios):.2f}-{max(ratios):.2f}", verdict(what, ratio, **target))

    # CPU time a packet

    def thread_cost(self, flood):
        def measure(bed, gateway):
            bed.run("server", "iptables", "-t", "raw", "-A", "PREROUTING", "-p", "udp", "-j", "DROP")
            sender = bed.start("client", "taskset", "-c", LOAD_CPU, self.programs / "udp_flood", SERVER4,
                               self.seconds + 2, *flood)
            time.sleep(0.5)
            before = gateway.served(), gateway.thread_seconds()
            time.sleep(self.seconds)
            after = gateway.served(), gateway.thread_seconds()
            sender.terminate()
            sender.wait(10)
            packets = after[0] - before[0]
            if packets < 1000:
                sys.exit(f"no load: {packets} packets\n{gateway.log()}")
            return 1e6 * (after[1] - before[1]) / packets
        return measure

    def judged(self):
        self.compare("judged", AcceptAll, Netscope, self.thread_cost((SMALL, FLOWS)), "us/packet", most=1.3)

    def asked(self):
        self.compare("asked", AcceptAll, Netscope, self.thread_cost((SMALL, FLOWS, "53")), "us/packet", most=1.3)

    def opened(self):
        self.compare("opened", AcceptAll, Netscope, self.thread_cost((SMALL, "1000000000", "2000")), "us/packet", most=1.3)

    # TCP

    def stream(self, bed, gateway):
        server = bed.start("server", "iperf3", "-s", "-1")
        bed.wait_for_port("server", 5201)
        done = bed.run("client", "iperf3", "-c", SERVER4, "-t", self.seconds, "-O", 1, "-J", timeout=self.seconds + 30)
        server.wait(10)
        if isinstance(gateway, OffloadingNetscope) and gateway.served() > RELEASED_WITHIN:
            sys.exit(f"the stream did not leave the queue: {gateway.served()} packets were queued")
        return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e9

    def inspected(self):
        self.compare("inspected", Nothing, Netscope, self.stream, "Gbit/s", least=0.6)

    def offloaded(self):
        self.compare("offloaded", Conntrack, OffloadingNetscope, self.stream, "Gbit/s", least=0.95)

    def greet(self, bed, _):
        for role in ("client", "server"):
            bed.run(role, "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65000", "net.ipv4.tcp_max_syn_backlog=8192",
                    "net.core.somaxconn=8192")
        bed.start("server", self.programs / "tls_load", 443)
        bed.wait_for_port("server", 443)
        return float(bed.run("client", self.programs / "tls_load", SERVER4, 443, self.seconds, 64).stdout) / 1000

    def connections(self):
        self.compare("connections", AcceptAll, OffloadingNetscope, self.greet, "1000/s", least=0.8)

    # Time

    def ping(self, bed, _):
        bed.start("server", self.programs / "ping_pong", 7000)
        bed.wait_for_port("server", 7000, udp=True)
        return float(bed.run("client", self.programs / "ping_pong", SERVER4, 7000, self.seconds).stdout)

    def round_trip(self):
        rounds = self.rows_of((Nothing, AcceptAll, Netscope), self.ping)
        added = [(other - plain, own - plain) for plain, other, own in rounds]
        self.report("round-trip", AcceptAll, added, [own / other for other, own in added], "us added", most=1.3)


FIGURES = ("judged", "asked", "opened", "inspected", "offloaded", "connections", "round-trip")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default="build/netscope-nfq", type=pathlib.Path)
    parser.add_argument("programs", nargs="?", default="build/tests/bench/live", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of runs (7)")
    parser.add_argument("--seconds", type=int, default=2, help="of load in each run (2)")
    parser.add_argument("--only", action="append", choices=FIGURES, help="this figure alone; may be repeated")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    arguments = parser.parse_args()
    if reason := why_not():
        skip(reason)
    if shutil.which("taskset") is None or len(os.sched_getaffinity(0)) < 2:
        skip("one processor for the load and one for the queue are needed, and taskset")
    arguments.program, arguments.programs = arguments.program.resolve(), arguments.programs.resolve()
    for tool in (arguments.program, *(arguments.programs / name for name in LOADS)):
        if shutil.which(tool) is None:
            sys.exit(f"cannot run {tool}")

    print(f"{platform.system()} {platform.release()}, {len(os.sched_getaffinity(0))} cores;"
          f" median of {arguments.rounds} pairs of {arguments.seconds} s\n")
    row("what", "beside", "its", "netscope-nfq", "ratio", "from-to", "target")
    row(*("-" * 3 for _ in range(7)))
    bench = Bench(arguments)
    for figure in arguments.only or FIGURES:
        getattr(bench, figure.replace("-", "_"))()
    if missed:
        print(f"\nmissed: {', '.join(missed)}")
    sys.exit(1 if arguments.check and missed else 0)


if __name__ == "__main__":
    main()
