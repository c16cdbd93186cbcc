#!/usr/bin/env python3
"""The gateway where nft can queue: runs in the machine of vmtest.sh, with the folder tests/live beside it.

usage: gateway_test.py PROGRAM [NAME...]; all checks, or those whose name contains one of these words.

Here is what only nft can (its table, symhash, flow tables); the last lines of the file name those of live_test.py's
checks that are repeated over nft. Prints a line for each, "ok NAME" or "FAIL NAME: why", and a summary.
"""

import itertools
import pathlib
import re
import shlex
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "live"))
import live_test  # noqa: E402
import tables  # noqa: E402
from bed import BRIEFLY, PATIENCE, SERVER4, SERVER6, eventually  # noqa: E402
from live_test import BLOCKED, NOTHING, REJECTED, LiveCase, PortsCase, rule  # noqa: E402

TABLES = pathlib.Path(__file__).resolve().parent / "printed"  # by tables.py
FLOWS = 64
DOWNLOAD = 6_000_000
OUR_BITS = 0xff000000


class NftCase(LiveCase):
    """What the checks of nft ask the kernel."""

    def nft(self, *words, check=True, **options):
        return self.bed.run("gateway", "nft", *words, check=check, **options)

    def counter(self, name):
        listing = self.nft("list", "counter", "inet", "netscope", name).stdout
        return int(re.search(r"packets (\d+)", listing).group(1))

    def connections(self, *words):
        listing = self.bed.run("gateway", "conntrack", "-L", check=False).stdout
        return [line for line in listing.splitlines() if all(word in line for word in words)]

    def slowly(self, host, path="/slowly"):
        """A download that trickles until it is stopped."""
        return self.fetch(f"https://{host}{path}")

    def datagrams(self, address, port):
        """Sends some, and says which error the socket was told, if any."""
        program = ("import errno, socket, time\n"
                   f"s = socket.socket(socket.{'AF_INET6' if ':' in address else 'AF_INET'}, socket.SOCK_DGRAM)\n"
                   f"s.settimeout({PATIENCE})\n"
                   "try:\n"
                   f"    s.connect(('{address}', {port}))\n"
                   "    s.send(b'hello')\n"
                   "    s.recv(100)\n"
                   "except TimeoutError:\n"
                   "    print('nothing')\n"
                   "except OSError as error:\n"
                   "    print(errno.errorcode[error.errno])\n")
        return self.bed.run("client", "python3", "-c", program).stdout.strip()


class Table(NftCase):
    def test_every_combination_loads(self):
        for file in tables.FILES:
            self.load_all(file)

    def load_all(self, file):
        """The tables of a file at once. Not more at once: the time in which nft lists its rules grows by the square of
        their number."""
        self.nft("-f", TABLES / tables.name_of(file))
        loaded = re.split(r"(?m)^table inet n", self.nft("list", "ruleset").stdout)[1:]
        for text, (number, (hooks, options)) in zip(loaded, enumerate(tables.combinations(file)), strict=True):
            with self.subTest(overload=file.overload, options=shlex.join(options)):
                self.assertTrue(text.startswith(f"{number} "))
                self.assertEqual("bypass" in text, file.overload == "accept")
                self.assertEqual("fanout" in text, file.fanout == "cpu")
                self.assertEqual("symhash mod 4 offset 4" in text, file.fanout == "flow")
                self.assertEqual("flow add @accepted" in text, file.offload == "flowtable" and "forward" in hooks)
                self.assertEqual(text.count(" hook "), 2 * len(hooks))
                self.assertEqual(text.count("goto to_queue"), len(hooks) * (1 if file.offload == "off" else 3))
                self.assertEqual(text.count("\t\tqueue "), 1, "by these it is known to stand")
                self.assertEqual("2001:db8::/32" in text, "2001:db8::/32" in options)
        self.nft("flush", "ruleset")


class Spread(NftCase):
    def open_flows(self, *options):
        daemon = self.start(BLOCKED, *options)
        before = self.queued()
        here = pathlib.Path(live_test.__file__).parent
        done = self.bed.run("client", "python3", here / "many_clients.py", SERVER4, FLOWS, "fine.example",
                            timeout=5 * PATIENCE)
        self.assertIn(f'"fetched": {FLOWS}', done.stdout, daemon.text())
        stats = daemon.stats(lambda stats: stats["stats"]["app_layer"]["tls"] >= FLOWS)["stats"]
        after = self.queued()
        return stats, {number: after[number] - before[number] for number in after}

    def test_symhash_spreads_flows_and_keeps_their_directions_together(self):
        stats, queued = self.open_flows()
        self.assertIn("filtering: nft, forward, queues 0-3 by flow, offload mark", self.daemon.text())
        self.assertEqual(sorted(queued), [0, 1, 2, 3])
        # Of 64 flows 16 are a queue's share. Each has some six packets before it is judged.
        self.assertGreater(min(queued.values()), 10, f"packets of the queues: {queued}")
        self.assertEqual(stats["flow"]["one_sided"], 0)
        self.assertEqual(stats["capture"]["kernel_drops"] + stats["capture"]["user_drops"], 0)
        self.stop_cleanly()

    def test_the_hash_of_addresses_gives_one_pair_one_queue(self):
        stats, queued = self.open_flows("--fanout", "address")
        self.assertEqual(sum(1 for packets in queued.values() if packets > FLOWS), 1, f"packets of the queues: {queued}")
        self.assertEqual(stats["flow"]["one_sided"], 0)
        self.stop_cleanly()


class Reject(NftCase):
    def test_a_connection_is_answered_with_a_reset(self):
        self.start(REJECTED)
        for address, scheme in itertools.product((SERVER4, SERVER6), ("https", "http")):
            with self.subTest(address=address, scheme=scheme):
                code, _ = self.bed.curl(f"{scheme}://blocked.example/", address=address)
                self.assertIn(code, (35, 56), "curl says that the connection was reset")
                self.assert_fetched(f"{scheme}://fine.example/", address=address)
        self.stop_cleanly()

    def test_a_datagram_is_answered_by_icmp(self):
        self.start(rule("reject", 'port = [5353]\nproto = ["udp"]'))
        for address, expected in ((SERVER4, "EHOSTUNREACH"), (SERVER6, "EACCES")):
            with self.subTest(address=address):
                self.assertEqual(self.datagrams(address, 5353), expected)
                self.assertEqual(self.datagrams(address, 5354), "ECONNREFUSED", "from the server: nobody listens there")
        self.stop_cleanly()


class Ruleset(NftCase):
    def test_a_table_that_somebody_takes_away_comes_back(self):
        self.start(BLOCKED)
        self.assert_fetched(f"https://fine.example/bytes/{DOWNLOAD}", "-o", "/dev/null", seconds=5 * PATIENCE)
        passed = self.counter("passed")
        self.daemon.stats(lambda stats: stats["stats"]["firewall"]["offloaded"] >= passed)
        for times, taken in enumerate((("flush", "ruleset"), ("flush", "table", "inet", "netscope")), 1):
            self.nft(*taken)
            eventually(lambda: self.daemon.text().count("the rules are back") == times, "its return")
            self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/")
        stats = self.daemon.stats(lambda stats: stats["stats"]["firewall"]["offloaded"] > passed)
        self.assertGreater(stats["stats"]["firewall"]["offloaded"], passed, "what the table had counted is forgotten")
        self.stop_cleanly()


class Offload(NftCase):
    def test_by_mark_packets_pass_by_a_counter(self):
        self.start(BLOCKED)
        self.assert_fetched(f"https://fine.example/bytes/{DOWNLOAD}", "-o", "/dev/null", seconds=5 * PATIENCE)
        passed, queued = self.counter("passed"), sum(self.queued().values())
        self.assertGreater(passed, 5 * queued, "the download went through the queue")
        self.assertLess(queued, 60)
        self.daemon.stats(lambda stats: stats["stats"]["firewall"]["offloaded"] >= passed)
        self.stop_cleanly()

    def test_by_flowtable_the_flow_leaves_the_rules(self):
        self.start(BLOCKED, "--offload", "flowtable")
        self.assertIn("offload flowtable", self.daemon.text())
        self.assert_fetched(f"https://fine.example/bytes/{DOWNLOAD}", "-o", "/dev/null", seconds=5 * PATIENCE)
        self.assertLess(sum(self.queued().values()), 60)
        self.assertLess(self.counter("passed"), 60, "the packets went through the rules")
        self.assert_blocked("https://blocked.example/")
        self.stop_cleanly()

    def test_a_reload_stops_the_flows_of_the_flowtable(self):
        """Busy ones, so that some have packets on their way while the flow table is emptied."""
        self.start(NOTHING, "--offload", "flowtable", "--exclude-address", "192.0.2.0/24", "--exclude-address", "192.0.2.7",
                   "--exclude-address", "2001:db8::/32")
        kept = self.slowly("fine.example")
        running = []
        for _ in range(6):  # one after the other: a slow machine is busy enough with those that run
            running.append(self.slowly("blocked.example", "/steadily"))
            eventually(lambda: len(self.connections("dport=443", "[OFFLOAD]")) == 1 + len(running), "the flows in the flow table")
        self.assertTrue(all(fetch.runs() for fetch in running))
        self.daemon.reload(REJECTED)
        for fetch in running:
            self.assertNotIn(fetch.wait(), (0, 28, None))
        eventually(lambda: len(self.connections("dport=443", "[OFFLOAD]")) == 1, "the other's return")
        kept.goes_on()  # nothing blocks it
        self.stop_cleanly()
        kept.goes_on()


class Ports(PortsCase, NftCase):
    def await_release(self, running):
        super().await_release(running)
        if "offload flowtable" in self.daemon.text():
            eventually(lambda: self.connections(f"sport={running.port} ", "[OFFLOAD]"), "the flow in the flow table")

    def test_a_second_connection_is_judged_anew(self):
        for offload in ("mark", "flowtable"):
            self.start(BLOCKED, "--offload", offload)
            for between in (self.has_closed, self.is_forgotten):
                with self.subTest(offload=offload, between=between.__name__):
                    self.assertEqual(self.one_after_another("fine.example", "blocked.example", between=between), [True, False])
            with self.subTest(offload=offload):
                self.assertEqual(self.one_after_another("blocked.example", "fine.example", between=self.is_forgotten),
                                 [False, True])
                self.assertFalse(self.behind_one_that_ran("blocked.example"))
                self.assertTrue(self.behind_one_that_ran("fine.example"))
            self.stop_cleanly()


class Marks(NftCase):
    FOREIGN = ("table inet foreign {\nchain c {\ntype filter hook prerouting priority -150;\n"
               "ct state new ct mark set ct mark or 0x5\n}\n}\n")

    def marks(self):
        lines = self.connections("dport=443", "ESTABLISHED")
        return sorted(int(re.search(r"mark=(\d+)", line).group(1)) for line in lines)

    def test_a_reload_judges_again_and_leaves_foreign_bits(self):
        foreign = self.bed.folder / "foreign.nft"
        foreign.write_text(self.FOREIGN)
        self.nft("-f", foreign)
        try:
            self.start(NOTHING)
            running, kept = self.slowly("blocked.example"), self.slowly("fine.example")
            eventually(lambda: self.marks() == [0x01000005] * 2, "the release")
            judged = sum(self.queued().values())
            self.daemon.reload(NOTHING)
            eventually(lambda: sum(self.queued().values()) > judged + 1 and self.marks() == [0x01000005] * 2,
                       "the second judgement")
            self.daemon.reload(BLOCKED)
            eventually(lambda: sorted(self.marks()) == [0x01000005, 0x02000005], "the block")
            dropped = self.counter("dropped")
            eventually(lambda: self.counter("dropped") > dropped + 2, "drops by mark")
            self.assertTrue(running.runs(), "a drop is not told")
            kept.goes_on()
            self.assertEqual(self.daemon.stop(), 0)
            self.assertEqual({mark & OUR_BITS for mark in self.marks()}, {0})
            self.assertEqual({mark & ~OUR_BITS for mark in self.marks()}, {5})
        finally:
            self.nft("delete", "table", "inet", "foreign")
        self.assertEqual(self.nft("list", "ruleset").stdout, "")


class Crash(NftCase):
    OPEN, CLOSED = (f'[policy]\noverload = "{action}"\n' for action in ("accept", "drop"))

    def tables(self):
        return self.nft("list", "tables").stdout.split("\n")[:-1]

    def test_a_killed_program_leaves_its_table_and_the_next_takes_it_over(self):
        for offload in ("mark", "flowtable"):
            with self.subTest(offload=offload):
                self.start(self.OPEN + BLOCKED, "--offload", offload)
                running = self.slowly("fine.example")
                eventually(lambda: self.connections("dport=443", "mark=16777216"), "the release")
                self.daemon.kill()
                self.assertEqual(self.tables(), ["table inet netscope"])
                self.assert_fetched("https://blocked.example/")
                running.goes_on()
                self.start(self.OPEN + REJECTED, "--offload", offload)
                self.assertEqual(self.tables(), ["table inet netscope"])
                self.assert_blocked("https://blocked.example/")
                self.assert_fetched("https://fine.example/")
                running.goes_on()
                running.stop()
                self.stop_cleanly()

    def test_without_bypass_the_network_is_closed_until_the_next_start(self):
        self.start(self.CLOSED + BLOCKED)
        self.assert_fetched("https://fine.example/")
        self.daemon.kill()
        self.assertEqual(self.tables(), ["table inet netscope"])
        for address in (SERVER4, SERVER6):
            self.assert_unreachable("https://fine.example/", address=address)
        self.start(self.CLOSED + BLOCKED)
        for address in (SERVER4, SERVER6):
            self.assert_fetched("https://fine.example/", address=address)
        self.stop_cleanly()


class Host(NftCase):
    def test_the_loopback_is_never_filtered(self):
        here = pathlib.Path(live_test.__file__).parent
        server = self.bed.start("gateway", "python3", here / "web_server.py", *self.bed.certificate())
        self.addCleanup(server.kill)
        self.bed.wait_for_port("gateway", 443)
        self.start('[policy]\ndefault = "drop"\noverload = "drop"\n', "--hook", "input", "--hook", "output")
        for address in ("127.0.0.1", "[::1]"):
            with self.subTest(address=address):
                done = self.bed.run("gateway", "curl", "-sSk", "--max-time", PATIENCE, f"https://{address}/",
                                    check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
        outward = self.bed.run("gateway", "curl", "-sSk", "--max-time", BRIEFLY, f"https://{SERVER4}/", check=False)
        self.assertEqual(outward.returncode, 28)
        inward = self.bed.run("client", "curl", "-sSk", "--max-time", BRIEFLY, "https://10.77.1.1/", check=False)
        self.assertEqual(inward.returncode, 28)
        self.assert_fetched("https://fine.example/")  # forwarded
        self.stop_cleanly()


class Doctor(NftCase):
    def test_it_says_what_nft_can(self):
        text = self.bed.run("gateway", live_test.PROGRAM, "--doctor", check=False).stdout
        for what in ("nft", "nft queue", "nft symhash", "nft tcp option", "nft flowtable", "connection marks"):
            self.assertRegex(text, rf"(?m)^ok +{what} +works$")
        self.assertRegex(text, r"(?m)^ok +would use +nft, fanout flow, offload mark$")
        self.assertNotIn("BAD", text)
        self.assertEqual(self.nft("list", "ruleset").stdout, "", "it changed something")


# Of live_test.py, over nft.
REPEATED = [
    "Actions.test_drop_by_name",
    "Actions.test_an_address_rule_stops_the_connection_before_it_begins",
    "Actions.test_a_hello_in_pieces_is_read",
    "Actions.test_a_connection_of_quic_that_a_nat_moved_keeps_its_verdict",
    "Nat",
    "Reload.test_a_broken_file_keeps_the_old_rules",
    "Reload.test_new_rules_cut_what_runs_and_let_go_what_did_not",
    "Failure.test_a_stopped_process_does_what_the_policy_says_once_its_queues_are_full",
    "Failure.test_a_second_copy_is_refused",
    "Failure.test_a_blocked_connection_is_blocked_again_after_a_restart",
    "Hosts",
    "Reports",
]


def allow_for_many_connections():
    """A machine with little memory tracks 8192 connections unless told otherwise. That is as many as one queue holds
    packets, each of a connection that is not confirmed before its verdict: a flood would test that limit, not ours."""
    subprocess.run(["modprobe", "nf_conntrack"], check=True, timeout=PATIENCE)
    pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_max").write_text("65536")


class OneLineEach(unittest.TestResult):
    """ok or FAIL, how long it took, and for what failed where and why."""

    def __init__(self):
        super().__init__()
        self.good, self.bad, self.why = 0, 0, []

    def startTest(self, test):
        super().startTest(test)
        self.began, self.why = time.monotonic(), []

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.why.append(f"{subtest._subDescription()}: {self.told(test, error)}")

    def addFailure(self, test, error):
        self.why.append(self.told(test, error))

    def addError(self, test, error):
        self.why.append(self.told(test, error))
        if not hasattr(test, "_testMethodName"):  # the set-up of a class
            self.report(str(test))

    def told(self, test, error):
        return self._exc_info_to_string(error, test).strip()

    def stopTest(self, test):
        super().stopTest(test)
        self.report(f"{type(test).__name__}.{test._testMethodName} ({time.monotonic() - self.began:.1f} s)")

    def report(self, name):
        if self.why:
            self.bad += 1
            last = self.why[0].splitlines()[-1] if self.why[0] else ""
            print(f"FAIL {name}: {last}", *self.why, sep="\n    ", flush=True)
        else:
            self.good += 1
            print(f"ok {name}", flush=True)
        self.why = []


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    live_test.PROGRAM = pathlib.Path(sys.argv[1]).resolve()
    allow_for_many_connections()
    loader = unittest.defaultTestLoader
    here = sys.modules[__name__]
    own = [loader.loadTestsFromTestCase(case) for case in vars(here).values()
           if isinstance(case, type) and issubclass(case, NftCase) and case.__module__ == __name__]
    tests = list(flatten([*own, loader.loadTestsFromNames(REPEATED, live_test)]))
    wanted = sys.argv[2:]
    tests = [test for test in tests if not wanted or any(word in test.id() for word in wanted)]
    began, result = time.monotonic(), OneLineEach()
    unittest.TestSuite(tests).run(result)
    print(f"{result.good} ok, {result.bad} failed, {time.monotonic() - began:.0f} s")
    sys.exit(0 if result.good and not result.bad else 1)


if __name__ == "__main__":
    main()
