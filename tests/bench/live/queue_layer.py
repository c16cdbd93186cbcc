#!/usr/bin/env python3
"""What the queue layer costs above the least possible: thread CPU per packet of queue_accept_all against accept_all.

usage: queue_layer.py PROGRAMS_DIR [--rounds N] [--seconds S] [--mark VALUE/MASK] [--full]

A flood of small UDP datagrams from one network namespace to another, queued where it arrives. The two programs take turns, and
what counts is the median of the ratios of neighbouring runs. Needs root, ip, iptables and two processors.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import time

QUEUE = "11"
SENDER, GATEWAY = (f"nsqueue{os.getpid()}{end}" for end in "sg")
ADDRESS = "192.0.2.1"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


@contextlib.contextmanager
def testbed():
    try:
        for namespace in (SENDER, GATEWAY):
            run("ip", "netns", "add", namespace)
        run("ip", "-n", SENDER, "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", GATEWAY)
        for namespace, address in ((SENDER, "192.0.2.2"), (GATEWAY, ADDRESS)):
            run("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", "veth0")
            run("ip", "-n", namespace, "link", "set", "veth0", "up")
        queue = ("-t", "mangle", "-A", "PREROUTING", "-p", "udp", "-j", "NFQUEUE", "--queue-num", QUEUE)
        run(*inside(GATEWAY, "iptables", *queue))
        run(*inside(GATEWAY, "iptables", "-A", "INPUT", "-p", "udp", "-j", "DROP"))  # delivered: that is all
        yield
    finally:
        for namespace in (SENDER, GATEWAY):
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)


def delivered():
    """Packets that came behind the queue."""
    for line in run(*inside(GATEWAY, "iptables", "-vxnL", "INPUT")).splitlines():
        fields = line.split()
        if len(fields) > 2 and fields[2] == "DROP":
            return int(fields[0])
    return 0


def measure(program, flood, options):
    extra = ["--mark", options.mark] if options.mark else []
    # Below the sender on the same processor it comes to its turn when much is waiting: whole bursts.
    place = ["nice", "-n", "19", str(program), QUEUE, "--cpu", "0"] if options.full else [str(program), QUEUE, "--cpu", "1"]
    command = inside(GATEWAY, *place, *extra)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(0.3)
        before = delivered()
        sent = run(*inside(SENDER, "taskset", "-c", "0", str(flood), ADDRESS, str(options.seconds), "18", "256"))
        time.sleep(0.2)
        arrived = delivered() - before
        process.send_signal(signal.SIGTERM)
        figures = json.loads(process.stdout.read())
    return {**figures, "sent": int(sent), "delivered": arrived}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--mark", default="", help="VALUE/MASK: also write a mark to each packet")
    parser.add_argument("--full", action="store_true", help="whole bursts, as under overload")
    options = parser.parse_args()
    names = ("accept_all", "queue_accept_all")
    ratios, costs = [], {name: [] for name in names}
    with testbed():
        for number in range(options.rounds + 1):
            order = names if number % 2 else names[::-1]
            row = {name: measure(options.programs / name, options.programs / "udp_flood", options) for name in order}
            if number == 0:
                continue  # warms up
            for name in names:
                figures = row[name]
                costs[name].append(figures["cpu_ns_per_packet"])
                burst = figures["packets"] / max(1, figures["bursts"])
                print(f"{name:17} {figures['cpu_ns_per_packet']:7.0f} ns/packet, {burst:4.1f} a burst,"
                      f" delivered {figures['delivered'] / figures['sent']:.2f} of {figures['sent']}")
            ratios.append(costs[names[1]][-1] / costs[names[0]][-1])
    for name in names:
        print(f"{name:17} median {statistics.median(costs[name]):.0f} ns/packet")
    print(f"ratio: median {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")


main()
