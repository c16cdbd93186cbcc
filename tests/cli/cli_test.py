#!/usr/bin/env python3
"""The command line as a user meets it: options, files, streams, exit codes, and the words for all that can go wrong.

usage: cli_test.py PROGRAM [unittest arguments]
"""
import gzip
import hashlib
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import tomllib
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "golden"))
from capture_reader import read_capture, read_pcap  # noqa: E402

PROGRAM = ""
HOME = TESTS / "golden" / "home.pcap"
HOME_PACKETS = 388
DONE, FAILED, USAGE = 0, 1, 2
OPTIONS = ["--pcap", "--out", "--rules", "--apps", "--block-app", "--block-domain", "--block-ip", "--workers",
           "--stats-json", "--merge-stats", "--events", "--flows", "--report", "--filter", "--no-tunnels", "--max-flows", "--check",
           "--explain", "--list-apps", "--version", "--help"]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp_frame(source, source_port, target, target_port, flags, payload=b"", sequence=1):
    """Ethernet, IPv4 and TCP around `payload`; the TCP checksum is left empty, as hardware offload leaves it."""
    tcp = struct.pack("!HHIIBBHHH", source_port, target_port, sequence, 1, 0x50, flags, 64240, 0, 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, socket.inet_aton(source),
                       socket.inet_aton(target))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return bytes.fromhex("020000000001020000000002" "0800") + head + tcp


def pcap_header(snap_length=262144, link=1):
    return struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snap_length, link)


def pcap_record(data, second=1700000000):
    return struct.pack("<IIII", second, 0, len(data), len(data)) + data


def pcap(packets, **header):
    return pcap_header(**header) + b"".join(map(pcap_record, packets))


def conversation(request):
    """A handshake, a request and nothing more."""
    ends, back = ("192.0.2.1", 40000, "192.0.2.2", 80), ("192.0.2.2", 80, "192.0.2.1", 40000)
    return [tcp_frame(*ends, 0x02, sequence=0), tcp_frame(*back, 0x12, sequence=0), tcp_frame(*ends, 0x10),
            tcp_frame(*ends, 0x18, request)]


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, contents):
        path = self.folder / name
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return path

    def home(self):
        return self.file("in.pcap", HOME.read_bytes())

    def run_program(self, *arguments, stdin=subprocess.DEVNULL, **options):
        given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        return subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.folder, capture_output=True, timeout=60,
                              check=False, **given, **options)

    def succeed(self, *arguments, **options):
        """The standard output of a run that has to be a success."""
        result = self.run_program(*arguments, **options)
        self.assertEqual(result.returncode, DONE, result.stderr)
        return result.stdout

    def complain(self, code, *arguments, says=(), **options):
        """The run ends with `code`, and its message has all of `says`."""
        result = self.run_program(*arguments, **options)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, code, f"{arguments}: {text}")
        for line in text.splitlines():
            self.assertTrue(line.startswith("netscope-nfq: "), text)
        for words in says:
            self.assertIn(words, text, f"{arguments}")
        return result


class Documents(CommandLineTest):
    def test_help_names_every_option_and_the_exit_codes(self):
        text = self.succeed("--help").decode()
        for option in OPTIONS:
            self.assertIn(option, text)
        self.assertIn("Exit codes: 0", text)

    def test_version_is_one_line(self):
        self.assertRegex(self.succeed("--version").decode(), r"^netscope-nfq \d+\.\d+\.\d+ \(\w+\)\n$")

    def test_list_apps_has_a_name_and_a_category_a_line(self):
        lines = self.succeed("--list-apps").decode().splitlines()
        self.assertGreater(len(lines), 20)
        self.assertTrue(any(re.fullmatch(r"TikTok +social", line) for line in lines))

    def test_list_apps_reads_the_catalogue_of_apps(self):
        apps = self.file("apps.toml", '[[app]]\nname = "Mine"\ncategory = "own"\ndomains = ["blocked.example"]\n')
        self.assertRegex(self.succeed("--list-apps", "--apps", apps).decode(), r"^Mine +own\n$")
        out = self.succeed("--pcap", self.home(), "--apps", apps, "--block-app", "mine", "--out", "-",
                           "--report", "none")
        self.assertLess(len(read_pcap(out)), HOME_PACKETS)

    EXPLAINED = """\
[[rule]]
name = "ads"
action = "drop"
domain = ["doubleclick.net"]
[[rule]]
name = "watch"
action = "log"
category = ["video"]
[[rule]]
name = "kids"
action = "reject"
category = ["video"]
src = ["192.168.20.0/24"]
[[rule]]
name = "no-youtube"
action = "drop"
app = ["YouTube"]
[[rule]]
name = "rest"
action = "accept"
"""

    def test_explain_says_what_a_name_is_and_which_rule_decides(self):
        text = self.succeed("--explain", "R1.Music.YouTube.COM.", "--rules", self.file("r.toml", self.EXPLAINED)).decode()
        self.assertTrue(text.startswith("r1.music.youtube.com\n"), text)
        self.assertIn("  application  YouTube Music\n  category     music\n  by           music.youtube.com\n"
                      "  rather than  youtube.com, which is of YouTube and shorter\n", text)
        self.assertIn('  accept, by rule 5 "rest": whatever the name\n', text)
        text = self.succeed("--explain", "www.youtube.com", "--rules", "r.toml").decode()
        for line in ("  1  ads         drop    no", "  2  watch       log     yes", "  3  kids        reject  maybe",
                     "  4  no-youtube  drop    yes  <- decides", "  5  rest        accept  -"):
            self.assertIn(line + "\n", text)
        self.assertIn('  drop, by rule 4 "no-youtube": app YouTube\n'
                      '  but reject, by rule 3 "kids", where src 192.168.20.0/24\n', text)

    def test_explain_keeps_to_label_boundaries_and_to_eighty_characters(self):
        self.assertIn("no entry is this name", self.succeed("--explain", "notyoutube.com").decode())
        prefixes = ", ".join(f'"2001:db8:{i:x}:ffff:ffff::/80"' for i in range(1, 9))
        rules = self.file("r.toml", f'[[rule]]\nname = "{"n" * 64}"\naction = "reject"\ndomain = ["example.org"]\n'
                                    f'dst = [{prefixes}]\nport = [80, 443]\nproto = ["tcp"]\n')
        text = self.succeed("--explain", "a.example.org", "--rules", rules).decode()
        self.assertIn("and 2 more; port 80, 443; proto tcp", " ".join(text.split()))
        for line in text.splitlines():
            self.assertTrue(len(line) <= 80 or "n" * 64 in line, line)

    def test_explain_takes_what_else_rules_come_from(self):
        apps = self.file("apps.toml", '[[app]]\nname = "Mine"\ncategory = "own"\ndomains = ["own.example"]\n')
        text = self.succeed("--explain", "x.own.example", "--apps", apps, "--block-app", "mine").decode()
        self.assertIn('  drop, by rule 1 "block-app:Mine": app Mine\n', text)
        self.assertIn("accept, by policy.default", self.succeed("--explain", "x.example", "--apps", apps).decode())

    def test_explain_complains_about_what_is_no_name(self):
        for wrong in ("bad name", "", "a..example", "x" * 64 + ".example", "https://example.org/"):
            self.complain(USAGE, "--explain", wrong, says=["--explain"])
        self.complain(USAGE, "--explain")
        self.complain(USAGE, "--explain", "example.org", "--rules", "none.toml", says=["none.toml"])

    def test_check_prints_the_rules_in_their_order_and_touches_nothing(self):
        rules = self.file("r.toml", '[[rule]]\nname = "mine"\naction = "reject"\nport = [80, "8000-8100"]\n')
        text = self.succeed("--check", "--rules", rules, "--block-app", "tiktok", "--block-domain", "Ads.Example",
                            "--block-ip", "192.0.2.0/24").decode()
        places = [text.index(word) for word in ("TikTok", "ads.example", "192.0.2.0/24", "mine: reject", "8000-8100")]
        self.assertEqual(places, sorted(places))
        self.assertEqual(os.listdir(self.folder), ["r.toml"])

    def test_check_prints_all_that_a_file_says(self):
        rules = TESTS / "check" / "every_condition.toml"
        written = tomllib.loads(rules.read_text())
        text = self.succeed("--check", "--rules", rules).decode()
        settings, *rules = re.split(r"^  \d+\. ", text, flags=re.M)
        for key, action in written["policy"].items():
            self.assertIn(f"{key} {action}", settings)
        self.assertEqual(len(rules), len(written["rule"]))
        for rule, printed in zip(written["rule"], rules):
            lines = {line.split(" ", 1)[0]: line for line in map(str.strip, printed.splitlines()[1:])}
            self.assertEqual(printed.splitlines()[0], f"{rule['name']}: {rule['action']}")
            self.assertEqual(set(lines), set(rule) - {"name", "action"})
            for key, line in lines.items():
                self.assertEqual(line, f"{key} " + ", ".join(map(str, rule[key])))

    def test_explain_knows_where_a_name_must_come_from(self):
        rules = self.file("r.toml", '[[rule]]\nname = "answers"\naction = "drop"\ndomain = ["a.example"]\nby = ["dns"]\n')
        text = self.succeed("--explain", "www.a.example", "--rules", rules).decode()
        self.assertIn("  1  answers  drop    maybe\n       domain a.example; where by dns\n", text)
        self.assertIn('  accept, by policy.default: no rule holds for every connection with this name\n'
                      '  but drop, by rule 1 "answers", where by dns\n', text)

    def test_the_report_fits_80_columns_and_can_be_left_out(self):
        text = self.succeed("--pcap", self.home(), "--out", "out.pcap").decode()
        self.assertIn("388", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        self.assertEqual(self.succeed("--pcap", self.home(), "--report", "none"), b"")

    def test_host_names_cannot_steer_a_terminal(self):
        request = b"GET / HTTP/1.1\r\nHost: \x1b[31mred\x07\x9b.example\r\nUser-Agent: \x1b]0;x\x07\r\n\r\n"
        capture = self.file("evil\x1b[2J.pcap", pcap(conversation(request)))
        result = self.run_program("--pcap", capture, "--flows", "f.jsonl", "--events", "e.jsonl")
        raw = result.stdout.replace(os.fsencode(capture), b"") + result.stderr
        for name in ("f.jsonl", "e.jsonl"):
            raw += (self.folder / name).read_bytes()
            for line in (self.folder / name).read_text().splitlines():
                json.loads(line)
        self.assertNotRegex(raw, rb"[\x00-\x09\x0b-\x1f\x7f]")


class Running(CommandLineTest):
    def test_streams_stand_in_for_files(self):
        home = HOME.read_bytes()
        out = self.succeed("--pcap", "-", "--out", "-", "--block-domain", "blocked.example", stdin=home)
        self.succeed("--pcap", self.home(), "--out", "out.pcap", "--block-domain", "blocked.example")
        self.assertEqual(out, (self.folder / "out.pcap").read_bytes())
        for option in ("--flows", "--events"):
            for line in self.succeed("--pcap", "-", option, "-", stdin=home).splitlines():
                json.loads(line)
        self.assertEqual(json.loads(self.succeed("--pcap", "-", "--stats-json", "-", stdin=home))["source"]["kind"],
                         "pcap")

    def test_the_report_gives_way_to_what_goes_to_standard_output(self):
        result = self.run_program("--pcap", self.home(), "--out", "-")
        self.assertEqual(len(read_pcap(result.stdout)), HOME_PACKETS)
        self.assertIn(b"run report", result.stderr)

    def test_each_kind_of_block_blocks(self):
        home = self.home()
        for block in (["--block-app", "TikTok"], ["--block-app", "tiktok", "--block-app", "YouTube"],
                      ["--block-domain", "example.org"], ["--block-ip", "192.168.20.0/24"],
                      ["--block-ip", "2001:db8:2::/48"]):
            out = read_pcap(self.succeed("--pcap", home, "--out", "-", "--report", "none", *block))
            self.assertLess(len(out), HOME_PACKETS, block)
        # An address needs no content: not one packet of it is left.
        out = self.succeed("--pcap", home, "--out", "-", "--report", "none", "--block-ip", "203.0.113.66")
        self.assertNotIn(socket.inet_aton("203.0.113.66"), out)

    def test_filter_leaves_packets_out(self):
        out = self.succeed("--pcap", self.home(), "--out", "-", "--report", "none", "--filter", "udp port 53")
        self.assertEqual(len(read_pcap(out)), 40)

    def test_tunnels_are_looked_through_unless_that_is_switched_off(self):
        tunnels = TESTS / "golden" / "tunnels.pcap"
        arguments = ["--pcap", tunnels, "--out", "-", "--report", "none", "--block-domain", "blocked.example"]
        self.assertLess(len(read_pcap(self.succeed(*arguments))), 240)
        self.assertEqual(len(read_pcap(self.succeed(*arguments, "--no-tunnels"))), 240)

    def test_workers_and_max_flows_take_the_ends_of_their_ranges(self):
        for workers in (1, 64):
            self.succeed("--pcap", self.home(), "--workers", workers)
        self.succeed("--pcap", self.home(), "--max-flows", 1024)

    def test_gigantic_timestamps_and_empty_packets_pass(self):
        records = pcap_record(b"") + pcap_record(b"\0", 0xffffffff) + pcap_record(b"\0" * 14, 0)
        capture = self.file("odd.pcap", pcap_header() + records)
        self.assertEqual(self.succeed("--pcap", capture, "--out", "-", "--report", "none"), capture.read_bytes())

    def test_a_capture_without_packets_is_a_capture(self):
        capture = self.file("none.pcap", pcap_header())
        self.succeed("--pcap", capture)


class WrongUsage(CommandLineTest):
    def test_without_arguments_it_says_what_to_do(self):
        self.complain(USAGE, says=["--pcap", "--help"])

    def test_options_that_are_none_or_lack_or_exceed_their_value(self):
        home = self.home()
        self.complain(USAGE, "--pcap", home, "--frobnicate", says=["--frobnicate", "--help"])
        self.complain(USAGE, "--pcap", home, "surplus", says=["surplus", "--help"])
        self.complain(USAGE, "--pcap", says=["--pcap"])
        self.complain(USAGE, "--pcap", home, "--pcap", home, says=["--pcap"])
        for workers in ("0", "65", "-1", "many", "1.5", ""):
            self.complain(USAGE, "--pcap", home, f"--workers={workers}", says=["--workers"])
        for flows in ("3", "99999999999999999999"):
            self.complain(USAGE, "--pcap", home, "--max-flows", flows, says=["--max-flows"])
        self.complain(USAGE, "--pcap", home, "--report", "xml", says=["--report", "text", "none"])

    def test_two_outputs_cannot_share_standard_output(self):
        self.complain(USAGE, "--pcap", self.home(), "--out", "-", "--flows", "-", says=["--out", "--flows", "-"])

    def test_block_options_explain_what_they_cannot_take(self):
        self.complain(USAGE, "--check", "--block-app", "Tiktokk", says=["--block-app", '"Tiktokk"', '"TikTok"'])
        self.complain(USAGE, "--check", "--block-app", "qqqqqqqqq", says=["--block-app", "--list-apps"])
        self.complain(USAGE, "--check", "--block-ip", "300.1.1.1", says=["--block-ip", '"300.1.1.1"'])
        self.complain(USAGE, "--check", "--block-ip", "10.0.0.1/8", says=["--block-ip", '"10.0.0.0/8"'])
        self.complain(USAGE, "--check", "--block-ip", "10.0.0.0/33", says=["--block-ip", '"33"', "0 to 32"])
        self.complain(USAGE, "--check", "--block-domain", "bad name", says=["--block-domain", '"bad name"'])
        self.complain(USAGE, "--check", "--block-domain", "", says=["--block-domain"])

    def test_rules_are_refused_with_line_and_column(self):
        cases = [
            ('[[rule]]\nname = "x"\naction = "drop"\nprot = [80]\n', ["r.toml:4:1", '"prot"', '"port"']),
            ('[[rule]]\nname = "x"\naction = "dropp"\n', ["r.toml:3:", '"dropp"']),
            ('[[rule]]\nname = "x"\naction = "drop"\napp = ["Youtub"]\n', ["r.toml:4:", '"YouTube"']),
            ('[[rule]]\nname = "x"\naction = "drop"\nip = ["10.0.0.1/8"]\n', ["r.toml:4:", '"10.0.0.0/8"']),
            ('[[rule]]\nname = "x"\naction = "drop"\nport = [70000]\n', ["r.toml:4:", "70000"]),
            ('[[rule]]\nname = "x"\naction = "drop"\ndomain = []\n', ["r.toml:4:", "domain"]),
            ('[[rule]\nname = "x"\n', ["r.toml:1:8"]),
            ("[policy]\ndefault = 5\n", ["r.toml:2:", "default"]),
            ("[polcy]\n", ["r.toml:1:", '"polcy"', '"policy"']),
            ("\xff\xfe", ["r.toml:1:"]),
        ]
        for text, says in cases:
            self.file("r.toml", text.encode("latin-1"))
            for mode in (["--check"], ["--pcap", self.home(), "--out", "out.pcap"]):
                self.complain(USAGE, *mode, "--rules", "r.toml", says=says)
        self.assertFalse((self.folder / "out.pcap").exists())

    def test_all_errors_come_at_once(self):
        self.file("r.toml", '[[rule]]\nname = "x"\naction = "dropp"\nbogus = 1\n')
        result = self.complain(USAGE, "--check", "--rules", "r.toml", "--block-ip", "x", "--block-app", "qqqqqqqqq")
        self.assertGreaterEqual(len(result.stderr.splitlines()), 4)

    def test_rules_and_catalogue_that_cannot_be_read(self):
        self.complain(USAGE, "--check", "--rules", "missing.toml", says=["missing.toml", "check the path"])
        self.complain(USAGE, "--check", "--rules", self.folder, says=[str(self.folder), "directory"])
        self.complain(USAGE, "--check", "--apps", "missing.toml", says=["missing.toml", "check the path"])
        self.complain(USAGE, "--check", "--apps", self.file("a.toml", "[[app]]\nname = 1\n"), says=["a.toml:2:"])
        self.complain(USAGE, "--check", "--rules", self.home(), says=["in.pcap"])

    def test_a_wrong_bpf_expression(self):
        result = self.run_program("--pcap", self.home(), "--out", "out.pcap", "--filter", "tcp prot 80")
        self.assertIn(result.returncode, (FAILED, USAGE))
        for words in (b"--filter", b"tcp prot 80", b"pcap-filter"):
            self.assertIn(words, result.stderr)
        self.assertFalse((self.folder / "out.pcap").exists())


class WrongInput(CommandLineTest):
    def test_what_is_no_capture(self):
        self.complain(FAILED, "--pcap", "missing.pcap", says=["missing.pcap", "check the path"])
        self.complain(FAILED, "--pcap", self.folder, says=[str(self.folder), "is a directory"])
        cases = [(b"", "too short"), (b"\xd4\xc3\xb2\xa1\x02", "too short"), (b"GET / HTTP/1.1\r\n" * 9, "editcap"),
                 (gzip.compress(HOME.read_bytes()), "zcat"), (b"\n\r\r\n" + b"\0" * 40, "")]
        for contents, says in cases:
            path = self.file("x.pcap", contents)
            for arguments, stdin, name in ((["--pcap", path], subprocess.DEVNULL, "x.pcap"),
                                           (["--pcap", "-"], contents, "standard input")):
                self.complain(FAILED, *arguments, "--report", "none", "--out", "out.pcap", stdin=stdin,
                              says=[name, "at byte", says])
            self.assertFalse((self.folder / "out.pcap").exists(), contents[:8])
        result = self.run_program("--pcap", self.file("x.pcap", b"GET / HTTP/1.1\r\n" * 9))
        self.assertEqual((result.returncode, result.stdout), (FAILED, b""))  # no page of zeros

    def test_standard_input_that_is_closed(self):
        command = 'exec "$0" --pcap - <&-'
        result = subprocess.run(["sh", "-c", command, PROGRAM], capture_output=True, timeout=60, check=False)
        self.assertEqual(result.returncode, FAILED)
        self.assertIn(b"standard input", result.stderr)

    def test_of_a_cut_capture_all_before_the_cut_is_processed(self):
        whole = HOME.read_bytes()
        packets = read_pcap(whole)
        ends, at = [], 24
        for packet in packets:
            at += 16 + len(packet.data)
            ends.append(at)
        for count in (0, 1, 50, 387):
            begin = ends[count - 1] if count else 24
            for cut in (begin + 1, begin + 16, ends[count] - 1):
                path = self.file("cut.pcap", whole[:cut])
                self.complain(FAILED, "--pcap", path, "--out", "out.pcap", "--report", "none",
                              says=["cut.pcap", f"at byte {begin}", "cut off"])
                out = self.folder / "out.pcap"
                if count:
                    self.assertEqual(out.read_bytes(), whole[:begin])
                    out.unlink()

    def test_records_larger_than_the_snap_length(self):
        contents = pcap(conversation(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"), snap_length=54)
        path = self.file("large.pcap", contents)
        self.complain(FAILED, "--pcap", path, "--out", "out.pcap", "--report", "none",
                      says=["large.pcap", "at byte 234", "1 record", "snap length of 54"])
        self.assertEqual((self.folder / "out.pcap").read_bytes(), contents)

    def test_a_snap_length_of_zero(self):
        contents = pcap(conversation(b"x"), snap_length=0)
        path = self.file("zero.pcap", contents)
        self.complain(FAILED, "--pcap", path, "--out", "out.pcap", "--report", "none",
                      says=["zero.pcap", "at byte 16", "snap length of 0", "editcap"])
        self.assertEqual((self.folder / "out.pcap").read_bytes(), contents)

    def test_a_record_of_four_gigabytes(self):
        path = self.file("huge.pcap", pcap([b"first"]) + struct.pack("<IIII", 1, 0, 0xfffffff0, 0xfffffff0) + b"x" * 64)
        self.complain(FAILED, "--pcap", path, "--out", "out.pcap", "--report", "none", says=["huge.pcap", "at byte 45"])
        self.assertEqual(len(read_pcap((self.folder / "out.pcap").read_bytes())), 1)

    def test_an_unknown_link_type_passes_by_the_policy(self):
        contents = pcap([b"whatever it is", b"and more"], link=147)
        path = self.file("user.pcap", contents)
        report = self.succeed("--pcap", path, "--out", "out.pcap").decode()
        self.assertIn("link type 147 (not supported)", report)
        self.assertEqual((self.folder / "out.pcap").read_bytes(), contents)
        rules = self.file("r.toml", '[policy]\nunparsed = "drop"\n')
        out = self.succeed("--pcap", path, "--out", "-", "--rules", rules, "--report", "none")
        self.assertEqual(read_pcap(out), [])


class WrongOutput(CommandLineTest):
    def unharmed(self, code, path, *arguments, says=()):
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        self.complain(code, *arguments, says=says)
        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), before, arguments)

    def test_no_output_harms_the_input(self):
        home = self.home()
        (self.folder / "soft.pcap").symlink_to("in.pcap")
        os.link(home, self.folder / "hard.pcap")
        (self.folder / "down").mkdir()
        for name in ("in.pcap", "./in.pcap", "down/../in.pcap", "soft.pcap", "hard.pcap", home):
            for option in ("--out", "--flows", "--events", "--stats-json"):
                self.unharmed(USAGE, home, "--pcap", home, option, name, "--report", "none", says=[option, str(name)])

    def test_no_output_harms_the_rules(self):
        rules = self.file("r.toml", '[[rule]]\nname = "x"\naction = "log"\n')
        for option in ("--out", "--flows", "--events", "--stats-json"):
            self.unharmed(USAGE, rules, "--pcap", self.home(), "--rules", rules, option, "r.toml", says=[option])

    def test_an_input_by_standard_input_is_not_harmed(self):
        home = self.home()
        for option in ("--out", "--flows", "--stats-json"):
            with open(home, "rb") as stdin:
                result = self.run_program("--pcap", "-", option, home, stdin=stdin)
            self.assertIn(result.returncode, (FAILED, USAGE))
            self.assertEqual(home.read_bytes(), HOME.read_bytes())

    def test_outputs_do_not_share_a_file(self):
        home = self.home()
        options = ("--out", "--flows", "--events", "--stats-json")
        for i, one in enumerate(options):
            for other in options[i + 1:]:
                self.complain(USAGE, "--pcap", home, one, "same", other, "./same", says=[one, other, "same"])
        self.assertFalse((self.folder / "same").exists())

    def test_devices_stay_devices(self):
        os.mkfifo(self.folder / "fifo")
        with subprocess.Popen(["cat", self.folder / "fifo"], stdout=subprocess.PIPE) as reader:
            self.succeed("--pcap", self.home(), "--stats-json", "fifo", "--report", "none")
            json.loads(reader.communicate(timeout=60)[0])
        self.assertTrue((self.folder / "fifo").is_fifo())
        self.succeed("--pcap", self.home(), "--out", "/dev/null", "--flows", "/dev/null", "--report", "none")

    def test_a_full_disk(self):
        for option in ("--out", "--flows", "--events"):
            self.complain(FAILED, "--pcap", self.home(), option, "/dev/full", "--report", "none",
                          says=["/dev/full", "No space left", "free some space"])

    def test_a_disk_that_fills_up_keeps_a_valid_capture(self):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", small], capture_output=True,
                                 check=False) if os.geteuid() == 0 else None
        if mounted is None or mounted.returncode != 0:
            self.skipTest("a file system of its own needs root")
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        self.complain(FAILED, "--pcap", self.home(), "--out", small / "out.pcap", "--report", "none",
                      says=["out.pcap", "No space left"])
        read_capture((small / "out.pcap").read_bytes() or pcap_header())
        self.complain(FAILED, "--pcap", self.home(), "--events", small / "e.jsonl", "--report", "none",
                      says=["e.jsonl", "No space left"])

    def test_a_reader_that_ends_early(self):
        for option in ("--out", "--flows", "--events"):
            big = self.file("big.pcap", HOME.read_bytes() + HOME.read_bytes()[24:] * 20)
            with subprocess.Popen([PROGRAM, "--pcap", big, option, "-", "--report", "none"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as writer:
                writer.stdout.read(10)
                writer.stdout.close()
                text = writer.stderr.read()
            self.assertEqual(writer.returncode, FAILED, text)
            self.assertIn(b"standard output", text)
            self.assertIn(b"has ended", text)

    def test_folders_that_are_not_there_or_not_to_be_written(self):
        for option in ("--out", "--flows", "--events", "--stats-json"):
            self.complain(FAILED, "--pcap", self.home(), option, "nowhere/file", "--report", "none",
                          says=["nowhere/file", "check the path"])
        for option in ("--out", "--flows", "--events"):
            result = self.run_program("--pcap", self.home(), option, self.folder, "--report", "none")
            self.assertEqual(result.returncode, FAILED)
            self.assertIn(str(self.folder).encode(), result.stderr)
        if os.geteuid() != 0:
            (self.folder / "locked").mkdir(mode=0o500)
            self.complain(FAILED, "--pcap", self.home(), "--out", "locked/file", says=["locked", "permissions"])

    def test_a_report_that_cannot_be_printed(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([PROGRAM, "--pcap", HOME], stdout=full, stderr=subprocess.PIPE, timeout=60,
                                    check=False)
        self.assertEqual(result.returncode, FAILED)
        self.assertIn(b"report", result.stderr)


class WhatIsWritten(CommandLineTest):
    def events(self, *arguments, capture=None):
        self.succeed("--pcap", capture or self.home(), "--events", "e.jsonl", "--report", "none", *arguments)
        return [json.loads(line) for line in (self.folder / "e.jsonl").read_text().splitlines()]

    def test_events_have_the_common_fields(self):
        events = self.events("--block-app", "TikTok")
        kinds = {event["event_type"] for event in events}
        self.assertEqual(kinds, {"flow", "tls", "http", "dns", "drop"})
        for event in events:
            self.assertRegex(event["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000$")
            self.assertTrue(0 < event["flow_id"] < 2**53)
            self.assertTrue(0 < event["pcap_cnt"] <= HOME_PACKETS)
            self.assertIn(event["ip_v"], (4, 6))
            for key in ("src_ip", "dest_ip", "proto"):
                self.assertIsInstance(event[key], str)
            if event["proto"] in ("TCP", "UDP"):
                self.assertTrue(0 <= event["src_port"] < 65536 and 0 <= event["dest_port"] < 65536)
                self.assertRegex(event["community_id"], r"^1:[A-Za-z0-9+/]{27}=$")
        drop = next(event for event in events if event["event_type"] == "drop")
        self.assertEqual(drop["verdict"]["action"], "drop")
        self.assertEqual(drop["netscope"]["app"], "TikTok")
        self.assertLessEqual({"len", "reason"}, set(drop["drop"]))

    def test_flows_are_the_flow_events(self):
        self.succeed("--pcap", self.home(), "--events", "e.jsonl", "--flows", "f.jsonl")
        lines = (self.folder / "e.jsonl").read_text().splitlines()
        flows = (self.folder / "f.jsonl").read_text().splitlines()
        self.assertEqual([line for line in lines if json.loads(line)["event_type"] == "flow"], flows)
        keys = {"pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "start", "end", "age", "state",
                "reason"}
        for line in flows:
            self.assertEqual(set(json.loads(line)["flow"]), keys)
        ids = [json.loads(line)["flow_id"] for line in flows]
        self.assertEqual(len(ids), len(set(ids)))

    def test_the_community_id_is_the_one_of_the_specification(self):
        ends = ("128.232.110.120", 34855, "66.35.250.204", 80)
        back = (*ends[2:], *ends[:2])
        for frames in ([tcp_frame(*ends, 0x02), tcp_frame(*back, 0x12)], [tcp_frame(*back, 0x12)]):
            capture = self.file("one.pcap", pcap(frames))
            for event in self.events(capture=capture):
                self.assertEqual(event["community_id"], "1:LQU9qZlK+B5F3KDmev6m5PMibrg=")

    def test_the_statistics_have_every_key_of_the_schema(self):
        self.succeed("--pcap", self.home(), "--stats-json", "s.json", "--block-app", "TikTok")
        stats = json.loads((self.folder / "s.json").read_text())
        wanted = {
            "": "schema timestamp uptime source stats apps domains clients edges rules timeline latency_us truncated",
            "source": "kind name simulated version",
            "stats": "capture decoder flow firewall app_layer",
            "stats capture": "kernel_packets kernel_drops user_drops queues",
            "stats decoder": "pkts bytes ipv4 ipv6 tcp udp icmp other invalid truncated",
            "stats flow": "total active new established classified closed incomplete tcp udp evicted memuse",
            "stats firewall": "accepted blocked rejected offloaded drop_reason",
            "stats firewall drop_reason": "rules default_policy flow_drop overload",
            "stats app_layer": "tls http dns quic sni",
            "apps 0": "app category pkts bytes flows blocked",
            "domains 0": "domain app pkts bytes flows blocked",
            "clients 0": "ip pkts bytes flows blocked",
            "edges 0": "src app dst bytes blocked",
            "rules 0": "id hits last_hit",
            "timeline": "start step pkts bytes blocked",
            "latency_us": "p50 p99 max",
            "truncated": "domains clients",
        }
        for place, keys in wanted.items():
            value = stats
            for step in place.split():
                value = value[0] if step == "0" else value[step]
            self.assertLessEqual(set(keys.split()), set(value), place)
        self.assertEqual(stats["schema"], "netscope.stats/1")
        self.assertEqual(stats["source"]["kind"], "pcap")
        firewall, decoder = stats["stats"]["firewall"], stats["stats"]["decoder"]
        self.assertEqual(decoder["pkts"], HOME_PACKETS)
        self.assertEqual(firewall["accepted"] + firewall["blocked"] + firewall["rejected"], HOME_PACKETS)
        self.assertEqual(sum(firewall["drop_reason"].values()), firewall["blocked"] + firewall["rejected"])
        self.assertEqual(sum(stats["timeline"]["pkts"]), HOME_PACKETS)
        self.assertEqual(sorted(os.listdir(self.folder)), ["in.pcap", "s.json"])  # no temporary file is left

    def test_the_statistics_replace_what_was_there(self):
        self.file("s.json", "x" * 100000)
        self.succeed("--pcap", self.home(), "--stats-json", "s.json")
        json.loads((self.folder / "s.json").read_text())

    def statistics(self, name, *options):
        self.succeed("--pcap", "in.pcap", "--report", "none", "--block-app", "TikTok", "--block-domain", "example.com",
                     "--stats-json", name, *options)
        return json.loads((self.folder / name).read_text())

    def test_statistics_of_halves_add_up_to_those_of_the_whole(self):
        self.home()
        whole = self.statistics("whole.json")
        one = self.statistics("one.json", "--filter", "host 192.168.1.20")
        self.statistics("other.json", "--filter", "not host 192.168.1.20")
        self.assertLess(0, one["stats"]["decoder"]["pkts"])
        self.assertLess(one["stats"]["decoder"]["pkts"], HOME_PACKETS)
        self.succeed("--merge-stats", "one.json", "other.json", "--stats-json", "sum.json")
        added = json.loads((self.folder / "sum.json").read_text())
        for document in (added, whole):  # how much memory a run uses depends on what came before
            self.assertGreater(document["stats"]["flow"].pop("memuse"), 0)
        self.assertEqual(added["stats"], whole["stats"])
        for table in ("domains", "clients", "edges", "timeline", "truncated", "error_bytes"):
            self.assertEqual(added[table], whole[table], table)
        for table, key in (("apps", "app"), ("rules", "id")):
            self.assertEqual({row[key]: row for row in added[table]}, {row[key]: row for row in whole[table]})
        self.assertEqual(added["source"]["name"], "2 sources")
        self.assertEqual(len(added["source"]["merged"]), 2)
        turned = self.succeed("--merge-stats", "other.json", "one.json")
        self.assertEqual(turned, (self.folder / "sum.json").read_bytes())
        again = self.succeed("--merge-stats", "sum.json", "whole.json")
        self.assertEqual(json.loads(again)["stats"]["decoder"]["pkts"], 2 * HOME_PACKETS)

    def test_what_cannot_be_added_up_is_named_with_its_place(self):
        self.home()
        good = self.statistics("good.json")
        self.file("cut.json", json.dumps(good, indent=1)[:400])
        self.file("other.json", "{}")
        good["stats"]["decoder"]["pkts"] = "many"
        self.file("wrong.json", json.dumps(good))
        self.file("large.json", b" " * ((16 << 20) + 1))
        for name, says in (("cut.json", r"cut\.json:\d+:\d+: is no JSON"), ("other.json", r"other\.json: schema is missing"),
                           ("wrong.json", r"wrong\.json: stats\.decoder\.pkts is no whole number .*--stats-json"),
                           ("large.json", r"large\.json: is larger than 16 MiB"), ("in.pcap", r"in\.pcap:1:1: is no JSON"),
                           ("none.json", r"none\.json: cannot be opened"), (".", "is a directory")):
            result = self.complain(USAGE, "--merge-stats", "good.json", name)
            self.assertRegex(result.stderr.decode(), says)
            self.assertEqual(result.stdout, b"")
        self.complain(USAGE, "--merge-stats", says=("--merge-stats",))
        self.complain(USAGE, "--merge-stats", "good.json", "--pcap", "in.pcap", says=("--pcap",))
        self.complain(FAILED, "--merge-stats", "good.json", "--stats-json", "missing/sum.json", says=("missing/sum.json",))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
