#!/usr/bin/env python3
"""The program as a gateway between real clients and servers.

usage: live_test.py PROGRAM [unittest options]; exits with 77 where the machine cannot.
"""

import atexit
import contextlib
import functools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

import bed
from bed import BRIEFLY, CLIENT4, IP6TABLES, IPTABLES, PATIENCE, SERVER4, SERVER6, Bed, Daemon, Fetch, eventually

PROGRAM = None
HERE = pathlib.Path(__file__).resolve().parent

NOTHING = '[policy]\ndefault = "accept"\n'


def rule(action, condition, name="test"):
    return f'[[rule]]\nname = "{name}"\naction = "{action}"\n{condition}\n'


BLOCKED = rule("drop", 'domain = ["blocked.example"]')
REJECTED = rule("reject", 'domain = ["blocked.example"]')


@functools.cache
def bed_for_all(nat):
    """One bed for all tests, until the end: to lay it out takes as long as many a test."""
    made = Bed(PROGRAM, nat=nat)
    atexit.register(made.close)
    made.serve()
    made.serve_names()
    return made


class LiveCase(unittest.TestCase):
    nat = False

    @classmethod
    def setUpClass(cls):
        cls.bed = bed_for_all(cls.nat)

    def setUp(self):
        self.bed.end_connections()
        self.daemon = None
        self.fetches = []

    def tearDown(self):
        for fetch in self.fetches:
            fetch.stop()
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.daemon.process.send_signal(signal.SIGCONT)
            self.daemon.stop()

    def start(self, rules, *options):
        self.daemon = Daemon(self.bed, rules, "--queues", "0-3", *options)
        return self.daemon

    def fetch(self, url, *options, **more):
        """A fetch that goes on beside the test."""
        fetch = Fetch(self.bed, url, *options, **more)
        self.fetches.append(fetch)
        return fetch

    def assert_fetched(self, url, *options, **more):
        code, body = self.bed.curl(url, *options, **more)
        self.assertEqual(code, 0, f"{url} was not fetched\n{self.daemon.text() if self.daemon else ''}")
        return body

    def assert_blocked(self, url, *options, **more):
        """The program blocks the connection, and nothing is fetched by it."""
        began = time.monotonic()
        fetch = self.fetch(url, *options, **more)
        eventually(lambda: fetch.process.poll() == 0 or self.daemon.has_dropped(fetch.port), f"the block of {url}")
        fetch.wait(max(BRIEFLY - (time.monotonic() - began), BRIEFLY / 2))
        self.assert_nothing_came(fetch)

    def assert_nothing_came(self, fetch):
        self.assertNotEqual(fetch.process.poll(), 0, f"{fetch.url} was fetched")
        self.assertEqual(fetch.size(), 0, f"something of {fetch.url} was fetched")
        fetch.stop()

    def assert_unreachable(self, url, **more):
        """Nothing is fetched, and nobody judges the connection."""
        code, body = self.bed.curl(url, seconds=BRIEFLY, **more)
        self.assertNotEqual(code, 0, f"{url} was fetched: {body}")

    def queues(self, column):
        """A column of the kernel's table by the numbers of its queues (net/netfilter/nfnetlink_queue.c, seq_show)."""
        text = self.bed.run("gateway", "cat", "/proc/net/netfilter/nfnetlink_queue").stdout
        return {int(fields[0]): int(fields[column]) for fields in map(str.split, text.splitlines())}

    def waiting(self):
        """How many packets wait in each queue."""
        return self.queues(2)

    def queued(self):
        """How many packets each queue has had."""
        return self.queues(7)

    def stop_cleanly(self):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.text())
        self.assertNotIn("netscope", self.bed.gateway_rules().lower())
        self.assertEqual(self.bed.marked_connections(), [])


class Actions(LiveCase):
    def test_without_rules_everything_passes(self):
        self.start(NOTHING)
        self.assertIn("this is fine.example", self.assert_fetched("https://fine.example/"))
        self.assert_fetched("http://fine.example/")
        self.assert_fetched("https://fine.example/", address=SERVER6)
        self.assertEqual(self.bed.dig("fine.example"), SERVER4)
        self.stop_cleanly()

    def test_drop_by_name(self):
        self.start(BLOCKED)
        for address in (SERVER4, SERVER6):
            for version in ("--tlsv1.3", "--tls-max=1.2"):
                with self.subTest(address=address, version=version):
                    options = [version] if "=" not in version else version.split("=")
                    self.assert_blocked("https://www.blocked.example/", *options, address=address)
                    self.assert_fetched("https://notblocked.example/", *options, address=address)
            self.assert_blocked("http://blocked.example/", address=address)
            self.assert_fetched("http://fine.example/", address=address)
        self.assertNotIn(SERVER4, self.bed.dig("blocked.example", seconds=BRIEFLY))
        self.assertEqual(self.bed.dig("fine.example"), SERVER4)
        self.stop_cleanly()

    def test_reject_is_told_at_once(self):
        self.start(REJECTED)
        for address in (SERVER4, SERVER6):
            for scheme in ("https", "http"):
                with self.subTest(address=address, scheme=scheme):
                    code, _ = self.bed.curl(f"{scheme}://blocked.example/", address=address)
                    self.assertNotEqual(code, 0)
                    self.assertNotEqual(code, 28, "curl was left waiting")
                    self.assert_fetched(f"{scheme}://fine.example/", address=address)
        self.stop_cleanly()

    def test_an_address_rule_stops_the_connection_before_it_begins(self):
        for action, expected, seconds in (("drop", 28, BRIEFLY), ("reject", 7, PATIENCE)):
            for address in (SERVER4, SERVER6):
                with self.subTest(action=action, address=address):
                    daemon = self.start(rule(action, f'dst = ["{address}"]'))
                    code, _ = self.bed.curl("https://fine.example/", address=address, seconds=seconds)
                    self.assertEqual(code, expected)
                    drops = eventually(daemon.drops, "the block")
                    self.assertEqual({drop["dest_ip"] for drop in drops}, {address})
                    self.assert_fetched("https://fine.example/", address=SERVER6 if address == SERVER4 else SERVER4)
                    daemon.stop()

    def test_an_application_rule(self):
        self.start(rule("reject", 'app = ["YouTube"]'))
        self.assert_blocked("https://www.youtube.com/")
        self.assert_fetched("https://www.wikipedia.org/")
        self.assertNotIn(SERVER4, self.bed.dig("www.youtube.com", seconds=BRIEFLY))
        self.stop_cleanly()

    def test_a_rejected_datagram_is_answered_by_icmp(self):
        self.start(rule("reject", 'port = [5353]\nproto = ["udp"]'))
        program = ("import socket,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                   f"s.settimeout({PATIENCE})\n"
                   f"s.connect(('{SERVER4}',5353))\ns.send(b'hello')\n"
                   "try:\n s.recv(100)\nexcept OSError as error:\n print(type(error).__name__)\n")
        done = self.bed.run("client", "python3", "-c", program)
        self.assertIn(done.stdout.strip(), ("ConnectionRefusedError", "PermissionError", "OSError"))
        self.assertNotIn("Timeout", done.stdout)

    def test_a_hello_in_pieces_is_read(self):
        self.start(BLOCKED)
        for name, seconds in (("blocked.example", BRIEFLY), ("fine.example", PATIENCE)):
            for piece in (1, 7, 100):
                with self.subTest(name=name, piece=piece):
                    done = self.bed.run("client", "python3", HERE / "split_client.py", SERVER4, name, piece, seconds)
                    port, outcome = done.stdout.split()
                    self.assertEqual(outcome, "blocked" if name == "blocked.example" else "fetched")
                    if outcome == "blocked":
                        eventually(lambda: self.daemon.has_dropped(int(port)), "the block")

    def test_the_default_may_block(self):
        self.start('[policy]\ndefault = "drop"\n' + rule("accept", 'domain = ["fine.example"]'))
        self.assert_fetched("https://fine.example/")
        self.assert_blocked("https://other.example/")
        self.stop_cleanly()

    def test_a_connection_of_quic_that_a_nat_moved_keeps_its_verdict(self):
        places = (HERE.parent / "golden" / "quic-moved.pcap", HERE.parent / "quic-moved.pcap")
        capture = next(place for place in places if place.exists())
        self.bed.start("server", "python3", HERE / "moved_quic.py", "server", capture, SERVER4)
        self.bed.wait_for_port("server", 443, udp=True)
        self.start('[policy]\ndefault = "drop"\n' + rule("accept", 'domain = ["moved.example"]'))
        # Opened, moved, moved again; not a datagram to an id that nobody chose, nor another name.
        heard = [40001, 40002, 40003]
        done = self.bed.run("client", "python3", HERE / "moved_quic.py", "client", capture, SERVER4, *heard)
        self.assertEqual(json.loads(done.stdout), heard, self.daemon.text())
        self.stop_cleanly()

    def test_a_later_request_of_a_connection_is_judged(self):
        self.start(REJECTED)
        first, second = "http://fine.example/", "http://blocked.example/"
        done = self.bed.run("client", "curl", "-sS", "--max-time", PATIENCE, "--connect-to", f"::{SERVER4}:80", first,
                            second, check=False)
        self.assertNotEqual(done.returncode, 28, "curl was left waiting")
        self.assertIn("this is fine.example", done.stdout)
        self.assertNotIn("this is blocked.example", done.stdout)


class HiddenNames(LiveCase):
    """What shows no name, is blocked by the one that DNS gave the server; or for hiding one."""

    def test_a_name_from_dns_blocks_what_shows_none_whichever_queue_it_takes(self):
        self.start(rule("drop", 'domain = ["hidden.example"]\nby = ["sni", "dns"]'))
        self.assert_fetched(f"https://{SERVER4}/")  # curl sends no name for an address
        self.assertEqual(self.bed.dig("other.example"), SERVER4)
        self.assert_fetched(f"https://{SERVER4}/")
        self.assertEqual(self.bed.dig("www.hidden.example"), SERVER4)
        for _ in range(6):  # each from another port: to any of the four queues
            self.assert_blocked(f"https://{SERVER4}/")
        self.assert_fetched("https://fine.example/")  # its own name counts
        self.stop_cleanly()
        events = [json.loads(line) for line in self.daemon.events_file.read_text().splitlines()]
        drops = [event for event in events if event["event_type"] == "drop"]
        self.assertEqual(len(drops), 6)
        for drop in drops:
            self.assertEqual(drop["netscope"]["name"], "www.hidden.example")
            self.assertEqual(drop["netscope"]["name_source"], "dns")

    def test_a_hello_that_may_hide_a_name_is_rejected_where_no_rule_speaks(self):
        self.start('[policy]\nech = "reject"\n' + rule("accept", 'domain = ["outer.example"]'))
        for name, outcome in (("inner.example", "blocked"), ("outer.example", "fetched")):
            done = self.bed.run("client", "python3", HERE / "ech_client.py", SERVER4, name)
            self.assertEqual(done.stdout.strip(), outcome, name)
        self.assert_fetched("https://plain.example/")

    def test_questions_for_https_records_are_refused_and_others_are_not(self):
        self.start('[policy]\nhttps_records = "reject"\n')
        done = self.bed.run("client", "dig", f"@{SERVER4}", "+tries=1", f"+time={PATIENCE}", "a.example", "TYPE65",
                            check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "unreachable|refused")  # told by ICMP, not left to wait
        self.assertNotIn("timed out", done.stdout)
        self.assertEqual(self.bed.dig("a.example"), SERVER4)


class Nat(LiveCase):
    nat = True

    def test_names_and_addresses_behind_nat(self):
        self.start(REJECTED + rule("drop", f'src = ["{CLIENT4}"]\nport = [8080]', "by-client"))
        self.assert_fetched("https://fine.example/")
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/", address=SERVER6)
        self.assert_blocked("https://blocked.example/", address=SERVER6)
        self.assertEqual(self.bed.dig("fine.example"), SERVER4)
        self.stop_cleanly()


class Offload(LiveCase):
    def test_a_judged_flow_leaves_the_queue(self):
        self.start(BLOCKED)
        size = 200_000_000
        self.assert_fetched(f"https://fine.example/bytes/{size}", "-o", "/dev/null", seconds=5 * PATIENCE)
        stats = self.daemon.stats(lambda stats: stats["stats"]["firewall"]["offloaded"] > 1000)
        self.assertLess(stats["stats"]["decoder"]["pkts"], 200, "the download went through the queue")
        self.stop_cleanly()

    def test_with_offload_off_everything_is_inspected(self):
        self.start(BLOCKED, "--offload", "off")
        self.assert_fetched("https://fine.example/bytes/20000000", "-o", "/dev/null", seconds=5 * PATIENCE)
        self.assert_blocked("https://blocked.example/")
        self.daemon.stats(lambda stats: stats["stats"]["decoder"]["bytes"] > 20_000_000)
        self.assertEqual(self.bed.marked_connections(), [])
        self.stop_cleanly()

    def test_a_blocked_flow_stays_blocked_when_conntrack_forgets(self):
        self.start(BLOCKED)
        self.assert_blocked("https://blocked.example/")
        held = self.fetch("https://blocked.example/")
        eventually(lambda: self.daemon.has_dropped(held.port), "the block")
        for _ in range(4):  # the client says its hello again
            said = self.said_again(held)
            self.bed.run("gateway", "conntrack", "-F", check=False)
            eventually(lambda: self.said_again(held) > said or not held.runs(), "another hello")
        held.wait(BRIEFLY)
        self.assert_nothing_came(held)

    def said_again(self, fetch):
        """How many segments the client's kernel has sent another time, since nobody acknowledged them."""
        told = self.bed.run("client", "ss", "-Htino", f"sport = :{fetch.port}").stdout
        return max(map(int, re.findall(r"retrans:\d+/(\d+)", told)), default=0)

    def test_foreign_bits_of_the_mark_stay(self):
        self.bed.run("gateway", *IPTABLES, "-t", "mangle", "-I", "PREROUTING", "-j", "CONNMARK", "--set-xmark",
                     "0x5/0xff")
        try:
            self.start(BLOCKED)
            self.assert_fetched("https://fine.example/")
            lines = [line for line in self.bed.marked_connections() if "dport=443" in line]
            self.assertTrue(lines)
            for line in lines:
                mark = int(line.split("mark=")[1].split()[0])
                self.assertEqual(mark & 0xff, 5)
                self.assertNotEqual(mark & 0xff000000, 0)
            self.assertEqual(self.daemon.stop(), 0)
            for line in self.bed.marked_connections():
                self.assertEqual(int(line.split("mark=")[1].split()[0]) & 0xff000000, 0)
        finally:
            self.bed.run("gateway", *IPTABLES, "-t", "mangle", "-F", "PREROUTING")


class PortsCase(LiveCase):
    """A connection on the ports of another one, from which it must inherit nothing."""

    def one_after_another(self, first, second, *options, between):
        """Fetches both from one port; for each, whether it was fetched."""
        port = next(self.bed.client_ports)
        fetched = []
        for name in (first, second):
            code, _ = self.bed.curl(f"https://{name}/", "--local-port", port, *options,
                                    seconds=BRIEFLY if name == "blocked.example" else PATIENCE)
            fetched.append(code == 0)
            if len(fetched) == 1:
                between(port)
        return fetched

    def has_closed(self, port):
        eventually(lambda: not self.bed.run("client", "ss", "-Htn", "exclude", "time-wait", f"sport = :{port}").stdout,
                   f"the end of the connection from {port}")

    def is_forgotten(self, _):
        self.bed.forget_connections()

    def await_release(self, running):
        eventually(lambda: any(f"sport={running.port} " in line for line in self.bed.marked_connections()), "the mark")

    def behind_one_that_ran(self, name):
        """Whether a name is fetched from the port of a connection that ran until both ends forgot it."""
        running = self.fetch("https://fine.example/slowly")
        self.await_release(running)
        self.bed.forget_connections()
        running.wait()
        code, _ = self.bed.curl(f"https://{name}/", "--local-port", running.port,
                                seconds=BRIEFLY if name == "blocked.example" else PATIENCE)
        return code == 0

    def is_forgotten_by_the_client(self, _):
        self.bed.run("client", "ss", "-K", "-Htna", "exclude", "listening")


class Ports(PortsCase):
    def test_a_second_connection_is_judged_anew(self):
        for action in ("drop", "reject"):
            self.start(rule(action, 'domain = ["blocked.example"]'))
            for between in (self.has_closed, self.is_forgotten):
                for options in ((), ("--tls-max", "1.2")):
                    with self.subTest(action=action, between=between.__name__, options=options):
                        self.assertEqual(self.one_after_another("fine.example", "blocked.example", *options, between=between),
                                         [True, False])
                        self.assertEqual(self.one_after_another("fine.example", "fine.example", *options, between=between),
                                         [True, True])
            with self.subTest(action=action):
                self.assertEqual(self.one_after_another("blocked.example", "fine.example", between=self.is_forgotten),
                                 [False, True])
                self.assertFalse(self.behind_one_that_ran("blocked.example"))
                self.assertTrue(self.behind_one_that_ran("fine.example"))
            self.stop_cleanly()

    def test_an_allowed_name_is_fetched_behind_a_blocked_one_whose_server_still_waits(self):
        for action in ("drop", "reject"):
            self.start(rule(action, 'domain = ["blocked.example"]'))
            with self.subTest(action=action):
                self.assertEqual(
                    self.one_after_another("blocked.example", "fine.example", between=self.is_forgotten_by_the_client),
                    [False, True])
            self.stop_cleanly()


class Paths(LiveCase):
    MPTCP = ("import socket, sys\n"
             "address = (sys.argv[2], 8443)\n"
             "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)\n"  # IPPROTO_MPTCP
             "if sys.argv[1] == 'server':\n"
             "    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
             "    s.bind(address)\n"
             "    s.listen()\n"
             "    while True:\n"
             "        connection = s.accept()[0]\n"
             "        while more := connection.recv(100):\n"
             "            connection.sendall(more)\n"
             "s.connect(address)\n"
             "s.sendall(b'hello')\n"
             "print(s.recv(100).decode(), flush=True)\n"
             "sys.stdin.read()\n")

    def connect(self):
        """Whether a connection that wants several paths may have them."""
        with self.bed.within("client"):
            client = subprocess.Popen(["python3", "-c", self.MPTCP, "client", SERVER4], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True)
        try:
            self.assertEqual(client.stdout.readline(), "hello\n")
            told = self.bed.run("client", "ss", "-Htni", "dport = :8443").stdout
            return re.search(r"tcp-ulp-mptcp flags:\w*e", told) is not None  # "fully established"
        finally:
            client.communicate()

    def test_a_connection_has_one_path(self):
        """Or a name could be split over two, of which none shows it."""
        server = self.bed.start("server", "python3", "-c", self.MPTCP, "server", SERVER4)
        self.bed.wait_for_port("server", 8443)
        try:
            if not self.connect():
                self.skipTest("this kernel has no MPTCP")
            for options in ((), ("--offload", "off")):
                self.start(BLOCKED, *options)
                self.assertFalse(self.connect())
                self.stop_cleanly()
        finally:
            server.kill()
            server.wait(PATIENCE)


class Many(LiveCase):
    def test_a_thousand_connections_at_once_over_four_queues(self):
        self.start(BLOCKED)
        done = self.bed.run("client", "python3", HERE / "many_clients.py", SERVER4, 1000, "fine.example",
                            "-blocked.example", timeout=5 * PATIENCE)
        result = json.loads(done.stdout)
        self.assertEqual(result["fine.example"], {"fetched": 500, "failed": 0}, self.daemon.text())
        self.assertEqual(result["blocked.example"], {"fetched": 0, "failed": 500})
        stats = self.daemon.stats(lambda stats: stats["stats"]["app_layer"]["tls"] >= 1000)["stats"]
        self.assertEqual(stats["capture"]["kernel_drops"] + stats["capture"]["user_drops"], 0)
        self.assertLess(stats["flow"]["one_sided"], 20, "flows were inspected by two workers")
        self.stop_cleanly()


class Reload(LiveCase):
    def test_new_rules_cut_what_runs_and_let_go_what_did_not(self):
        self.start(NOTHING)
        running = self.fetch("https://blocked.example/slowly")
        eventually(lambda: any("dport=443" in line for line in self.bed.marked_connections()), "the release")
        running.goes_on()
        self.daemon.reload(REJECTED)
        self.assertNotIn(running.wait(), (0, None), "the connection was not cut")
        self.assert_blocked("https://blocked.example/")
        self.daemon.reload(NOTHING)
        self.assert_fetched("https://blocked.example/")
        self.stop_cleanly()

    def test_a_broken_file_keeps_the_old_rules(self):
        self.start(BLOCKED)
        self.daemon.reload(BLOCKED + '[[rule]]\nname = "x"\naction = "dorp"\n')
        self.assertRegex(self.daemon.text(), r'rules\.toml:7:10: unknown action "dorp"; did you mean "drop"\?')
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/")
        self.stop_cleanly()

    def test_nothing_is_lost_while_rules_are_swapped_under_load(self):
        self.start(BLOCKED)
        load = self.bed.start("client", "python3", HERE / "many_clients.py", SERVER4, 600, "fine.example",
                              "other.example", stdout=-1)
        eventually(lambda: sum(self.queued().values()) > 0, "the load")
        for i in range(10):
            self.daemon.reload(BLOCKED + rule("drop", f'dst = ["192.0.2.{i}"]', f"more-{i}"))
        output, _ = load.communicate(timeout=5 * PATIENCE)
        result = json.loads(output)
        self.assertEqual(result, {name: {"fetched": 300, "failed": 0} for name in ("fine.example", "other.example")})
        self.stop_cleanly()


class Failure(LiveCase):
    OPEN = '[policy]\noverload = "accept"\n'
    CLOSED = '[policy]\noverload = "drop"\n'

    def test_kill_with_overload_accept_leaves_the_network_up(self):
        self.start(self.OPEN + BLOCKED)
        self.assert_blocked("https://blocked.example/")
        self.daemon.kill()
        self.assert_fetched("https://fine.example/")
        self.start(self.OPEN + BLOCKED)  # takes over what was left
        self.assert_fetched("https://fine.example/")
        self.assert_blocked("https://blocked.example/")
        self.stop_cleanly()

    def take_rules_away(self):
        """As another firewall does that loads its own."""
        for table in ("mangle", "filter"):
            self.bed.run("gateway", *IPTABLES, "-t", table, "-F", "FORWARD")

    def test_rules_that_somebody_takes_away_come_back(self):
        self.start(BLOCKED)
        self.assert_blocked("https://blocked.example/")
        self.take_rules_away()
        eventually(lambda: "the rules are back" in self.daemon.text(), "their return")
        self.assertIn("somebody took the program's rules", self.daemon.text())
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/")
        self.stop_cleanly()

    def test_kill_with_overload_drop_closes_the_network(self):
        self.start(self.CLOSED + BLOCKED)
        self.assert_fetched("https://fine.example/")
        self.daemon.kill()
        self.assert_unreachable("https://fine.example/")
        self.start(self.CLOSED + BLOCKED)
        self.assert_fetched("https://fine.example/")
        self.stop_cleanly()

    def flood(self):
        """Datagrams until a queue of a stopped program is full. How many it takes is the program's affair, how long the machine's."""
        program = ("import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                   f"for n in range(3000): s.sendto(b'x'*64,('{SERVER4}',2000+n))\n")
        before = -1
        while before < (now := max(self.waiting().values())):
            before = now
            self.bed.run("client", "python3", "-c", program)
        self.assertGreater(before, 1000)

    def assert_told_of_losses(self, passed):
        """Of what found a queue full: in the statistics, the log, the metrics, and among the reasons that the page shows."""
        def count(stats):
            capture = stats["stats"]["capture"]
            dropped = capture["kernel_drops"] + capture["user_drops"]
            return capture["unjudged"] if passed else dropped
        # The last round of the flood found the queue full.
        lost = count(self.daemon.stats(lambda stats: count(stats) >= 2900))
        told = r"about (\d+) passed unjudged" if passed else r": (\d+) were dropped"
        eventually(lambda: re.search(told, self.daemon.text()), "a warning")
        health = self.daemon.ask("/api/v1/health")
        if health["status"] == "ok":  # on a slow machine the minute for which it is told may be over
            self.assertIn("every packet was judged in the last minute; since the start about", self.daemon.text())
        else:
            self.assertEqual(health["status"], "degraded")
            self.assertRegex(" ".join(health["reasons"]), told)
        metric = r"^netscope_unjudged_packets_total (\d+)$" if passed else r'^netscope_drops_total{reason="overload"} (\d+)$'
        self.assertGreaterEqual(int(re.search(metric, self.daemon.ask("/metrics"), re.M).group(1)), lost)

    def test_a_stopped_process_does_what_the_policy_says_once_its_queues_are_full(self):
        for policy, passes in ((self.OPEN, True), (self.CLOSED, False)):
            with self.subTest(policy=policy):
                self.start(policy + BLOCKED, "--fanout", "address")  # all datagrams in one queue
                self.assert_fetched("https://fine.example/")
                self.assertEqual(self.daemon.ask("/api/v1/health"), {"status": "ok", "reasons": []})
                self.daemon.process.send_signal(signal.SIGSTOP)
                self.flood()
                told = self.bed.dig("fine.example", seconds=PATIENCE if passes else BRIEFLY)
                self.assertEqual(told == SERVER4, passes)
                self.daemon.process.send_signal(signal.SIGCONT)
                eventually(lambda: self.bed.dig("fine.example", seconds=BRIEFLY) == SERVER4, "recovery")
                self.assert_told_of_losses(passes)
                self.assert_blocked("https://blocked.example/")
                self.assert_fetched("https://fine.example/")
                self.stop_cleanly()

    def test_a_second_copy_is_refused(self):
        self.start(BLOCKED)
        rules = self.daemon.rules
        own = ["--control", "none", "--state-dir", self.bed.folder / "second"]
        second = self.bed.run("gateway", PROGRAM, "--rules", rules, "--queues", "2-5", *own, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"filters here already (process {self.daemon.process.pid})", second.stderr)
        second = self.bed.run("gateway", PROGRAM, "--rules", rules, "--queues", "3-5", "--no-table", *own, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"queue 3 is held by process {self.daemon.process.pid}", second.stderr)
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/")
        self.stop_cleanly()

    def test_without_privileges_it_says_what_is_missing(self):
        rules = self.bed.folder / "plain.toml"
        rules.write_text(BLOCKED)
        rules.chmod(0o644)
        done = self.bed.run("gateway", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", PROGRAM,
                            "--rules", rules, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("CAP_NET_ADMIN", done.stderr)

    def test_a_crash_is_like_a_kill(self):
        self.start(self.OPEN + BLOCKED)
        self.daemon.process.send_signal(signal.SIGSEGV)
        self.daemon.process.wait(PATIENCE)
        self.assert_fetched("https://fine.example/")
        self.start(self.OPEN + BLOCKED)
        self.assert_blocked("https://blocked.example/")
        self.stop_cleanly()

    def test_a_connection_that_outlives_a_restart_goes_on(self):
        self.start(BLOCKED)
        running = self.fetch("https://fine.example/slowly")
        eventually(lambda: any("dport=443" in line for line in self.bed.marked_connections()), "the release")
        running.goes_on()
        self.daemon.kill()
        self.start(BLOCKED)
        for _ in range(10):  # what was on its way comes first
            running.goes_on()
        running.stop()
        self.stop_cleanly()

    def test_a_blocked_connection_is_blocked_again_after_a_restart(self):
        self.start(BLOCKED)
        held = self.fetch("https://blocked.example/")
        eventually(lambda: self.daemon.has_dropped(held.port), "the block")
        self.daemon.kill()  # the client goes on sending its hello
        self.start(BLOCKED)
        eventually(lambda: self.daemon.has_dropped(held.port) or not held.runs(), "the block by the new program")
        held.wait(BRIEFLY)
        self.assert_nothing_came(held)
        self.stop_cleanly()


class Hosts(LiveCase):
    def test_a_single_host_filters_what_it_sends_and_gets(self):
        self.start(REJECTED, "--hook", "output", "--hook", "input")
        for url, seconds in (("https://fine.example/", PATIENCE), ("https://blocked.example/", BRIEFLY)):
            done = self.bed.run("gateway", *self.bed.curl_command(url, SERVER4, seconds), check=False)
            self.assertEqual(done.returncode == 0, seconds == PATIENCE, url)
        eventually(self.daemon.drops, "the block")
        self.assert_fetched("https://blocked.example/")  # forwarded, and not asked for
        self.stop_cleanly()

    def test_what_is_excluded_is_left_alone(self):
        self.start(REJECTED, "--exclude-address", SERVER6)
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://blocked.example/", address=SERVER6)
        self.daemon.stop()
        self.start(REJECTED, "--exclude-interface", "lan")
        self.assert_fetched("https://blocked.example/")
        self.daemon.stop()
        self.start(REJECTED, "--interface", "wa*")
        self.assert_blocked("https://blocked.example/")
        self.stop_cleanly()


class Neighbours(LiveCase):
    """Rules of others, ahead of ours and behind them."""

    @contextlib.contextmanager
    def rules(self, table, *rules):
        """Others' rules while the program runs, each a chain and what stands behind it; put at the chain's beginning."""
        try:
            for tool in (IPTABLES, IP6TABLES):
                for chain, *rule in rules:
                    self.bed.run("gateway", *tool, "-t", table, "-I", chain, *rule)
            yield
        finally:
            for tool in (IPTABLES, IP6TABLES):
                for chain, *rule in rules:
                    self.bed.run("gateway", *tool, "-t", table, "-D", chain, *rule)

    def test_an_accept_ahead_of_ours_undoes_no_block(self):
        for action in ("drop", "reject"):
            for offload in ("mark", "off"):
                self.start(rule(action, 'domain = ["blocked.example"]'), "--offload", offload)
                with self.rules("filter", ("FORWARD", "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"),
                                ("FORWARD", "-j", "ACCEPT")):
                    for address in (SERVER4, SERVER6):
                        with self.subTest(action=action, offload=offload, address=address):
                            self.assert_blocked("https://blocked.example/", address=address)
                            self.assert_blocked("http://blocked.example/", address=address)
                            self.assert_fetched("https://fine.example/", address=address)
                self.stop_cleanly()

    def first_rules(self):
        """Of mangle's FORWARD, for both families."""
        return [next(line for line in self.bed.run("gateway", *tool, "-t", "mangle", "-S", "FORWARD").stdout.splitlines()
                     if line.startswith("-A ")) for tool in (IPTABLES, IP6TABLES)]

    def test_an_accept_ahead_of_ours_in_mangle_comes_behind_us(self):
        self.start(BLOCKED, "--backend", "iptables")
        self.assertEqual(self.daemon.ask("/api/v1/health")["reasons"], [])
        with self.rules("mangle", ("FORWARD", "-m", "comment", "--comment", "intruder", "-j", "ACCEPT")):
            eventually(lambda: self.first_rules() == ["-A FORWARD -j NETSCOPE"] * 2, "the return to the front")
            eventually(lambda: "ahead of the program's" in self.daemon.text(), "a warning")
            self.assertRegex(self.daemon.text(), r"-A FORWARD -m comment --comment \"?intruder\"? -j ACCEPT")
            self.assertIn("intruder", " ".join(self.daemon.ask("/api/v1/health")["reasons"]))
            for address in (SERVER4, SERVER6):
                self.assert_blocked("https://blocked.example/", address=address)
                self.assert_fetched("https://fine.example/", address=address)
        self.assertNotIn("the rules are back", self.daemon.text())  # nothing was taken away, and counters went on
        self.stop_cleanly()

    def test_a_rule_that_ends_nothing_may_stand_ahead_of_ours(self):
        self.start(BLOCKED, "--backend", "iptables")
        clamp = ("-p", "tcp", "--tcp-flags", "SYN,RST", "SYN", "-j", "TCPMSS", "--clamp-mss-to-pmtu")
        with self.rules("mangle", ("FORWARD", *clamp)):
            time.sleep(3 * BRIEFLY)  # two looks
            self.assertNotIn("-j NETSCOPE", " ".join(self.first_rules()))
            self.assertNotIn("ahead of the program's", self.daemon.text())
            self.assert_blocked("https://blocked.example/")
        self.stop_cleanly()

    def test_a_jump_that_somebody_removes_comes_back(self):
        self.start(BLOCKED, "--backend", "iptables")
        self.bed.run("gateway", *IP6TABLES, "-t", "mangle", "-D", "FORWARD", "-j", "NETSCOPE")
        eventually(lambda: "the rules are back" in self.daemon.text(), "its return")
        self.assert_blocked("https://blocked.example/", address=SERVER6)
        self.stop_cleanly()

    def test_a_rule_that_takes_our_mark_is_told(self):
        self.start(REJECTED, "--backend", "iptables")
        self.assert_blocked("https://blocked.example/")
        self.daemon.stats()
        self.assertEqual(self.daemon.ask("/api/v1/health"), {"status": "ok", "reasons": []})
        clean = ("-t", "mangle", "{}", "FORWARD", "-j", "MARK", "--set-mark", "0")
        self.bed.run("gateway", *IPTABLES, *[word.format("-A") for word in clean])
        try:
            told = r"\d+ packets that were told as blocked did not come to the rules"
            self.bed.curl("https://blocked.example/", seconds=BRIEFLY)
            eventually(lambda: re.search(told, self.daemon.text()), "a warning")
            self.assertRegex(" ".join(self.daemon.ask("/api/v1/health")["reasons"]), told)
            self.assertGreater(self.daemon.stats()["stats"]["capture"]["not_stopped"], 0)
            self.assertRegex(self.daemon.ask("/metrics"), r"(?m)^netscope_not_stopped_packets_total [1-9]")
        finally:
            self.bed.run("gateway", *IPTABLES, *[word.format("-D") for word in clean])
        self.stop_cleanly()

    def test_blocks_that_are_carried_out_are_not_called_in_vain(self):
        """Whoever carries them out: the rules of filter, or what leaves where somebody accepts ahead of these."""
        for action in ("drop", "reject"):
            for ahead in ((), (("FORWARD", "-j", "ACCEPT"),)):
                with self.subTest(action=action, ahead=ahead), self.rules("filter", *ahead):
                    self.start(rule(action, 'domain = ["blocked.example"]'))
                    for address in (SERVER4, SERVER6):
                        for _ in range(5):
                            self.assert_blocked("https://blocked.example/", address=address)
                    time.sleep(3 * BRIEFLY)  # two looks
                    self.assertEqual(self.daemon.stats()["stats"]["capture"]["not_stopped"], 0)
                    self.assertEqual(self.daemon.ask("/api/v1/health"), {"status": "ok", "reasons": []})
                    self.stop_cleanly()

    def test_rules_of_mangle_behind_ours_are_asked(self):
        """As the clamp of a gateway whose line takes smaller packets (PPPoE)."""
        clamp = ("-p", "tcp", "--tcp-flags", "SYN,RST", "SYN", "-j", "TCPMSS", "--set-mss", "1000")
        for hook, role, seen_at in (("forward", "client", "server"), ("output", "gateway", "server"), ("input", "gateway", "gateway")):
            with self.subTest(hook=hook):
                self.start(BLOCKED, "--hook", hook)
                self.bed.run("gateway", *IPTABLES, "-t", "mangle", "-A", hook.upper(), *clamp)
                try:
                    fetch = self.fetch("https://fine.example/slowly", role=role)
                    fetch.goes_on()
                    told = self.bed.run(seen_at, "ss", "-Htni", f"sport = :{fetch.port} or dport = :{fetch.port}").stdout
                    self.assertLessEqual(int(re.search(r" mss:(\d+)", told).group(1)), 1000, told)
                    fetch.stop()
                finally:
                    self.bed.run("gateway", *IPTABLES, "-t", "mangle", "-D", hook.upper(), *clamp)
                self.stop_cleanly()


    def test_rules_of_mangle_see_what_is_queued(self):
        counted = ("-p", "udp", "--dport", "53", "-m", "comment", "--comment", "counted")
        self.start(BLOCKED)
        self.bed.run("gateway", *IPTABLES, "-t", "mangle", "-A", "FORWARD", *counted)
        try:
            def seen():
                self.assertEqual(self.bed.dig("fine.example"), SERVER4)
                listing = self.bed.run("gateway", *IPTABLES, "-t", "mangle", "-nvL", "FORWARD").stdout
                return int(re.search(r"(\d+) .*counted", listing).group(1)) > 0
            eventually(seen, "a packet for the rule of another")  # which is looked for every few seconds
        finally:
            self.bed.run("gateway", *IPTABLES, "-t", "mangle", "-D", "FORWARD", *counted)
        self.stop_cleanly()


class Reach(LiveCase):
    """A filter to which nothing comes, or half of it, says so and what to do."""

    def reasons(self):
        return " ".join(self.daemon.ask("/api/v1/health")["reasons"])

    def doctor(self, *options):
        return self.bed.run("gateway", PROGRAM, "--doctor", *options, check=False, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))

    def test_an_interface_that_is_not_there(self):
        missing = "interface lan9 is not there"
        self.assertRegex(self.doctor("--interface", "lan9").stdout, f"BAD   reach +{missing}")
        self.assertRegex(self.doctor("--interface", "lan", "--interface", "lan9").stdout, f"note  reach +{missing}")
        self.assertRegex(self.doctor("--interface", "lan").stdout, "ok    reach")
        self.start(BLOCKED, "--interface", "lan9")
        self.assertIn(missing, self.daemon.text())
        self.assert_fetched("https://fine.example/")  # past the filter
        eventually(lambda: missing in self.reasons(), "a trouble")
        self.assertIn("no packet has come since the start: " + missing, self.daemon.text())
        self.assertIn("--interface, or interfaces in [live]", self.reasons())
        self.stop_cleanly()

    def test_rules_that_nobody_loaded(self):
        self.start(BLOCKED, "--no-table")
        told = "they send nothing to queues 0-3"
        eventually(lambda: told in self.reasons(), "a trouble")
        self.assertIn(told, self.daemon.text())
        self.assertIn("--print-nft", self.reasons())
        queue = ("-t", "mangle", "{}", "FORWARD", "-j", "NFQUEUE", "--queue-num", "0")
        self.bed.run("gateway", *IPTABLES, *[word.format("-A") for word in queue])
        try:
            self.assert_fetched("https://fine.example/")
            eventually(lambda: told not in self.reasons(), "the end of the trouble")
        finally:
            self.bed.run("gateway", *IPTABLES, *[word.format("-D") for word in queue])
        self.stop_cleanly()

    def test_one_direction_alone(self):
        self.start(BLOCKED, "--no-table")
        queue = ("-t", "mangle", "{}", "FORWARD", "-i", "lan", "-j", "NFQUEUE", "--queue-num", "0")
        self.bed.run("gateway", *IPTABLES, *[word.format("-A") for word in queue])
        try:
            running = [self.fetch("https://fine.example/slowly") for _ in range(4)]
            eventually(lambda: "one direction of connections" in self.reasons(), "a trouble")
            self.assertIn("one direction of connections", self.daemon.text())
            self.assertTrue(all(fetch.runs() for fetch in running))
        finally:
            self.bed.run("gateway", *IPTABLES, *[word.format("-D") for word in queue])
        self.stop_cleanly()

    def test_an_idle_gateway_is_well_and_says_one_line(self):
        self.start(BLOCKED)
        line = "no packet has come since the start, as it should be while nobody uses the network"
        eventually(lambda: line in self.daemon.text(), "a line")
        time.sleep(2 * 10 + BRIEFLY)
        self.assertEqual(self.daemon.text().count("no packet"), 1, self.daemon.text())
        self.assertEqual(self.daemon.ask("/api/v1/health"), {"status": "ok", "reasons": []})
        self.assert_blocked("https://blocked.example/")
        self.stop_cleanly()


class Service(LiveCase):
    def test_the_service_manager_is_told(self):
        address = str(self.bed.public / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            pathlib.Path(address).chmod(0o777)
            manager.settimeout(PATIENCE)
            told = []

            def hear(text):
                while not any(text in message for message in told):
                    told.append(manager.recv(4096).decode())

            os.environ.update(NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000")
            try:
                self.start(BLOCKED)
            finally:
                del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
            hear("READY=1")
            hear("WATCHDOG=1")
            self.daemon.reload(NOTHING)
            hear("RELOADING=1")
            del told[:]
            hear("WATCHDOG=1")
            self.daemon.process.send_signal(signal.SIGTERM)
            hear("STOPPING=1")
            self.assertEqual(self.daemon.process.wait(PATIENCE), 0)


class Privileges(LiveCase):
    def status(self):
        text = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def test_only_what_is_needed_stays(self):
        self.start(BLOCKED)
        status = self.status()
        self.assertNotEqual(status["Uid"].split()[0], "0")
        self.assertEqual(int(status["CapEff"], 16), 1 << 12, "CAP_NET_ADMIN alone")
        self.assertEqual(int(status["CapPrm"], 16), 1 << 12)
        self.assertEqual(int(status["CapBnd"], 16), 0)
        self.assertEqual(status["NoNewPrivs"], "1")
        if "lib" + "asan" not in self.bed.call("ldd", PROGRAM).stdout:  # a sanitizer makes calls of its own
            self.assertEqual(status["Seccomp"], "2")
        threads = list(pathlib.Path(f"/proc/{self.daemon.process.pid}/task").iterdir())
        names = ["events", "netscope-nfq", "nfq-0", "nfq-1", "nfq-2", "nfq-3"]  # each gives itself its own
        eventually(lambda: sorted((thread / "comm").read_text().strip() for thread in threads) == names, "the names")
        for thread in threads:
            text = (thread / "status").read_text()
            self.assertIn(f"CapEff:\t{1 << 12:016x}", text)
        self.stop_cleanly()


class Reports(LiveCase):
    def test_statistics_and_events_tell_what_was_blocked_and_why(self):
        self.start(REJECTED)
        self.assert_blocked("https://www.blocked.example/")
        self.assert_fetched("https://fine.example/")
        stats = self.daemon.stats(lambda stats: stats["rules"][0]["hits"] == 1)
        self.assertEqual(stats["source"]["kind"], "live")
        self.assertEqual(stats["source"]["host"], socket.gethostname())
        self.assertEqual({queue["id"] for queue in stats["stats"]["capture"]["queues"]}, {0, 1, 2, 3})
        self.assertGreater(stats["latency_us"]["p99"], 0)
        self.stop_cleanly()
        events = [json.loads(line) for line in self.daemon.events_file.read_text().splitlines()]
        drops = [event for event in events if event["event_type"] == "drop"]
        self.assertEqual(len(drops), 1)
        self.assertEqual(drops[0]["tls"]["sni"], "www.blocked.example")
        self.assertEqual(drops[0]["netscope"]["rule_id"], "test")
        self.assertEqual(drops[0]["verdict"]["action"], "reject")
        self.assertIn("netscope-nfq run report", self.daemon.text())
        self.assertEqual(stats["stats"]["capture"]["events_dropped"], 0)

    def test_flows_count_while_they_are_open(self):
        self.start(NOTHING)
        running = self.fetch("https://www.youtube.com/slowly")
        stats = self.daemon.stats(lambda stats: stats["domains"])
        self.assertTrue(running.runs(), "the flow has ended")
        self.assertEqual([(row["domain"], row["flows"]) for row in stats["domains"]], [("www.youtube.com", 1)])
        self.assertEqual([row["app"] for row in stats["apps"]], ["YouTube"])
        self.assertEqual(stats["edges"][0]["src"], CLIENT4)
        self.assertIn(CLIENT4, [row["ip"] for row in stats["clients"]])
        self.assertEqual(stats["stats"]["flow"]["tcp"], 1)
        running.stop()
        self.stop_cleanly()
        ended = json.loads(self.daemon.stats_file.read_text())
        self.assertEqual([(row["domain"], row["flows"]) for row in ended["domains"]], [("www.youtube.com", 1)])

    def test_events_go_on_in_a_new_file_after_rotation(self):
        events = self.bed.public / "events.jsonl"
        rotated = self.bed.public / "events.jsonl.1"
        self.start(BLOCKED, "--events", events)

        def names(file):
            lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
            return {line["tls"]["sni"] for line in lines if line["event_type"] == "tls"}
        self.assert_fetched("https://before.example/")
        eventually(lambda: "before.example" in names(events), "the first event")
        events.rename(rotated)
        self.daemon.process.send_signal(signal.SIGUSR1)
        eventually(events.exists, "the new file")
        self.assert_fetched("https://after.example/")
        eventually(lambda: "after.example" in names(events), "an event in the new file")
        self.assertNotIn("after.example", names(rotated))
        self.assertNotIn("before.example", names(events))
        self.stop_cleanly()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    reason = bed.why_not()
    if reason:
        print("skipped: " + reason)
        sys.exit(77)
    PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
