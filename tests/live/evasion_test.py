#!/usr/bin/env python3
"""The program against what tools made to slip past a DPI do: a blocked name is not fetched, an allowed one is.

    client 10.77.1.2 --- gateway --- 10.77.3.2 router 10.77.2.1 --- 10.77.2.2 server

The router is there for packets with a small TTL to die at, behind the gateway and before the server.

usage: evasion_test.py PROGRAM QUIC-TECHNIQUES [unittest options]; exits with 77 where the machine cannot.
"""

import json
import os
import pathlib
import sys
import time
import unittest
import unittest.mock

import bed
from bed import CLIENT4, CLIENT6, IP6TABLES, IPTABLES, PATIENCE, SERVER4, SERVER6, Bed, Daemon, eventually

PROGRAM = QUIC_TECHNIQUES = None
HERE = pathlib.Path(__file__).resolve().parent
BLOCKED, ALLOWED = "blocked.example", "allowed.example"
RULES = '[policy]\ndefault = "accept"\n[[rule]]\nname = "test"\naction = "drop"\ndomain = ["blocked.example"]\n'
# What carries the name is dropped here, too, but no event tells of it.
NOT_TOLD = ("1,200 scattered bytes ahead", "a Version Negotiation that dies")


class LongBed(Bed):
    roles = ("client", "gateway", "router", "server")

    def lay_out(self, nat):
        for name in self.names.values():
            self.call("ip", "netns", "add", name)
        for left, left_device, right, right_device, subnet in (
                ("gateway", "lan", "client", "eth0", 1), ("gateway", "wan", "router", "near", 3),
                ("router", "far", "server", "eth0", 2)):
            self.call("ip", "link", "add", left_device, "netns", self.names[left], "type", "veth", "peer", "name",
                      right_device, "netns", self.names[right])
        self.set_up("client", "eth0", 1, 2, gateway=1)
        self.set_up("gateway", "lan", 1, 1)
        self.set_up("gateway", "wan", 3, 1, gateway=2)
        self.set_up("router", "near", 3, 2, gateway=1)
        self.set_up("router", "far", 2, 1)
        self.set_up("server", "eth0", 2, 2, gateway=1)
        for role in ("gateway", "router"):
            self.forward(role)
        for tool in (IPTABLES, IP6TABLES):  # the kernel knows nothing of the connections made by hand
            self.run("client", *tool, "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "-m", "mark", "!",
                     "--mark", "7", "-j", "DROP")

    def serve(self):
        self.log = self.folder / "asked.log"
        self.log.touch()
        self.start("server", "python3", HERE / "evasion_server.py", *self.certificate(), self.log)
        for port in (80, 443, 8080):
            self.wait_for_port("server", port)

    def asked(self):
        """The names that reached the server, in the form in which they are compared: (port of the client, name)."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return {(int(line[0]), line[1].lower().rstrip(".")) for line in lines if len(line) == 2}


class Evasion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = LongBed(PROGRAM)
        cls.bed.serve()

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def setUp(self):
        self.daemon = Daemon(self.bed, RULES, "--queues", "0-1")

    def tearDown(self):
        self.daemon.stop()

    def try_all(self, version, first_port, *options, seconds=1.5):
        source, server = (CLIENT4, SERVER4) if version == 4 else (CLIENT6, SERVER6)
        done = self.bed.run("client", "python3", HERE / "evasion_client.py", version, source, server, first_port, BLOCKED,
                            ALLOWED, seconds, *options, timeout=10 * PATIENCE)
        tries = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreater(len(tries), 0 if "NETSCOPE_TECHNIQUES" in os.environ else 100, done.stderr)
        self.await_blocks(tries)
        asked = self.bed.asked()
        wrong = []
        for one in tries:
            name = one["name"].lower().rstrip(".")
            reached = (one["port"], name) in asked
            what = f"IPv{version}, {one['kind']}: {one['technique']}"
            if name == BLOCKED and (reached or one["fetched"]):
                wrong.append(f"{what}: the blocked name {'reached the server' if reached else 'was answered'}")
            if name == ALLOWED and not one["fetched"]:
                wrong.append(f"{what}: the allowed name was not fetched" + ("" if one["opened"] else " (no handshake)"))
        self.assertEqual(wrong, [], "\n".join(wrong))

    def await_blocks(self, tries):
        """Waits until the program has judged what could not be seen by its answer."""
        ports = {one["port"] for one in tries
                 if one["name"].lower().rstrip(".") == BLOCKED and not one["technique"].startswith(NOT_TOLD)}
        try:
            eventually(lambda: self.daemon.has_dropped(*ports), "the block of every try with the blocked name")
        except AssertionError as late:
            not_told = [one for one in tries if one["port"] in ports and not self.daemon.has_dropped(one["port"])]
            raise AssertionError(f"{late}\n" + "\n".join(map(json.dumps, not_told))) from None

    def test_no_technique_fetches_a_blocked_name_over_ipv4(self):
        self.try_all(4, 20000)

    def test_no_technique_fetches_a_blocked_name_over_ipv6(self):
        self.try_all(6, 22000)

    def test_no_fragment_carries_a_blocked_name_where_the_kernel_tracks_no_connection(self):
        self.daemon.stop()
        self.daemon = Daemon(self.bed, RULES, "--queues", "0-1", "--offload", "off")
        with unittest.mock.patch.dict(os.environ, {"NETSCOPE_TECHNIQUES": "fragment"}):
            self.try_all(4, 26000)
            self.try_all(6, 27000)

    def try_quic(self, version, first_port):
        source, server = (CLIENT4, SERVER4) if version == 4 else (CLIENT6, SERVER6)
        techniques = self.bed.folder / "quic_techniques"
        techniques.write_text(self.bed.call(QUIC_TECHNIQUES, BLOCKED, ALLOWED).stdout)
        done = self.bed.run("client", "python3", HERE / "evasion_quic_client.py", version, source, server, first_port,
                            techniques)
        tries = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreater(len(tries), 60, done.stderr)
        allowed = [one for one in tries if one["name"] == ALLOWED]
        eventually(lambda: all(map(self.has_reached, allowed)), "the arrival of every try with the allowed name")
        self.await_blocks(tries)
        time.sleep(0.5)  # for what must not arrive
        wrong = []
        for one in tries:
            reached = self.has_reached(one)
            if reached != (one["name"] == ALLOWED):
                wrong.append(f"IPv{version}, QUIC: {one['technique']}: {one['name']} "
                             f"{'reached' if reached else 'did not reach'} the server")
        self.assertEqual(wrong, [], "\n".join(wrong))

    def has_reached(self, one):
        return {(one["port"], "#" + digest) for digest in one["needed"]} <= self.bed.asked()

    def test_no_technique_over_quic_lets_a_blocked_name_pass_over_ipv4(self):
        self.try_quic(4, 30000)

    def test_no_technique_over_quic_lets_a_blocked_name_pass_over_ipv6(self):
        self.try_quic(6, 31000)

    def test_no_split_fetches_a_blocked_name(self):
        self.try_all(4, 24000, "every", seconds=0.4)


if __name__ == "__main__":
    PROGRAM, QUIC_TECHNIQUES = sys.argv[1:3]
    reason = bed.why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
