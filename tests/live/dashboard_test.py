#!/usr/bin/env python3
"""The control socket, the dashboard's process and its API, as a program, a browser and an attacker meet them.

usage: dashboard_test.py PROGRAM [unittest options]; exits with 77 where the machine cannot.
"""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import bed
import live_test
from bed import PATIENCE, SERVER4, SERVER6, eventually
from live_test import BLOCKED, NOTHING, LiveCase, rule

PORT = 8080
HOST = f"127.0.0.1:{PORT}"
BLOCKED_FLOWS = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    for port in range(1000, 4000):
        one.sendto(b"?", ("%s", port))
""" % SERVER4
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if len(lines[0].split(" ")) > 1 else 0
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}

    def json(self):
        return json.loads(self.body)


class ControlCase(LiveCase):
    def setUp(self):
        super().setUp()
        shutil.rmtree(self.bed.public / "state", ignore_errors=True)

    def ctl(self, *words, code=0):
        got, out, errors = self.daemon.ctl(*words)
        self.assertEqual(got, code, f"{words}: {out}{errors}{self.daemon.text()}")
        return out + errors


class Control(ControlCase):
    def test_status_and_flows_tell_what_goes_on(self):
        self.start(NOTHING)
        self.assert_fetched("https://seen.example/")
        eventually(lambda: "flows" in self.ctl("status"), "the status")

        def names():
            flows = json.loads(self.ctl("flows", "--json"))
            self.assertEqual(flows["schema"], "netscope.flows/1")
            return {flow["tls"]["sni"] for flow in flows["flows"] if "tls" in flow}
        eventually(lambda: "seen.example" in names(), "the flow")
        self.assertIn("seen.example", self.ctl("flows"))
        self.assertIn("seen.example", self.ctl("flows", "domain:seen.example and proto:tls"))
        self.assertIn("seen.example", self.ctl("flows", "sni:/^s[ea]+n\\.EX/"))
        self.assertEqual(self.ctl("flows", "sni:/^een/"), "")
        self.assertEqual(self.ctl("flows", "not domain:seen.example and domain:example"), "")
        wrong = self.ctl("flows", "prot:tls", code=2)
        self.assertIn("\n  prot:tls\n  ^^^^", wrong)
        self.assert_fetched("https://seen.example/", address=SERVER6)
        eventually(lambda: f"-> [{SERVER6}]:443  seen.example" in self.ctl("flows"), "the other flow")

    def test_a_block_holds_at_once_and_is_undone(self):
        self.start(NOTHING)
        self.assert_fetched("https://www.youtube.com/")
        self.assertIn("YouTube", self.ctl("block", "app", "youtube"))
        self.assert_blocked("https://www.youtube.com/")
        self.assert_fetched("https://fine.example/")
        self.assertIn("app YouTube", self.ctl("list"))
        self.ctl("undo")
        self.assert_fetched("https://www.youtube.com/")
        self.assertIn("nothing to take back", self.ctl("undo", code=1))

    def test_an_allowance_goes_before_the_rules_and_the_newest_action_wins(self):
        self.start(BLOCKED)
        self.assert_blocked("https://blocked.example/")
        self.ctl("allow", "domain", "blocked.example")
        self.assert_fetched("https://blocked.example/")
        self.ctl("block", "client", "10.77.1.2")
        self.assert_blocked("https://fine.example/")
        self.ctl("undo", "2")
        self.assert_fetched("https://fine.example/")

    def test_a_block_ends_by_itself(self):
        self.start(NOTHING)
        self.ctl("block", "domain", "fine.example", "--for", "1h")
        self.assert_blocked("https://fine.example/")
        self.ctl("undo")
        self.assertIn("fine.example", self.ctl("block", "domain", "fine.example", "--for", "1s"))
        eventually(lambda: self.ctl("list") == "", "the end of the block")
        self.assert_fetched("https://fine.example/")

    def test_actions_survive_a_restart_and_a_reload(self):
        self.start(NOTHING)
        self.ctl("block", "domain", "fine.example")
        self.ctl("reload")
        self.assert_blocked("https://fine.example/")
        self.daemon.stop()
        self.start(NOTHING)
        self.assert_blocked("https://fine.example/")
        self.assertIn("fine.example", self.ctl("list"))

    def test_a_broken_file_of_actions_is_set_aside(self):
        state = self.bed.public / "state"
        state.mkdir(exist_ok=True)
        (state / "actions.json").write_text('{"schema": 7}')
        self.start(NOTHING)
        self.assertIn("set aside", self.daemon.text())
        self.assertTrue((state / "actions.json.broken").exists())
        self.assert_fetched("https://fine.example/")

    def test_wrong_words_are_answered_with_what_to_write(self):
        self.start(NOTHING)
        self.assertIn("YouTube", self.ctl("block", "app", "YouTub", code=1))
        self.assertIn("--ctl takes", self.ctl("dance", code=2))
        self.assertIn("90s", self.ctl("block", "app", "YouTube", "--for", "soon", code=2))

    def test_the_socket_has_limits(self):
        self.start(NOTHING)
        self.assertEqual(self.daemon.control.stat().st_mode & 0o777, 0o660)

        def connect():
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(PATIENCE)
            made.connect(str(self.daemon.control))
            return made
        wrong = connect()
        wrong.sendall(b"not json\n")
        self.assertEqual(json.loads(wrong.makefile().readline())["status"], 400)
        long = connect()
        with self.assertRaises(OSError):
            for _ in range(200):
                long.sendall(b"x" * 65536)
                time.sleep(0.001)
            raise AssertionError("a line without an end was read to no end")
        many = [connect() for _ in range(60)]
        too_many, _, _ = select.select(many, [], [], PATIENCE)
        self.assertEqual(too_many[0].recv(1), b"", "they are closed")
        for one in (*many, wrong, long):
            one.close()
        self.assertIn("flows", self.ctl("status"))
        self.assert_fetched("https://fine.example/")


class Dashboard(ControlCase):
    def setUp(self):
        super().setUp()
        page = self.bed.folder / "page"
        page.mkdir(exist_ok=True)
        (page / "index.html").write_text("<!doctype html><title>here</title>")
        self.secret = self.bed.folder / "secret.txt"
        self.secret.write_text("nobody should read this")

    def serve(self, rules=NOTHING, *options):
        self.start(rules, "--dashboard", HOST, "--dashboard-files", self.bed.folder / "page", *options)
        self.bed.wait_for_port("gateway", PORT)
        self.token = (self.bed.public / "state" / "dashboard-token").read_text().strip()

    def raw(self, data):
        with self.bed.socket("gateway", ("127.0.0.1", PORT)) as connection:
            connection.sendall(data)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return Answer(answer)

    def ask(self, method, path, body=None, host=HOST, token=True, **headers):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        if token:
            lines.append(f"Authorization: Bearer {self.token}")
        data = b"" if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        if body is not None:
            headers.setdefault("Content_Type", "application/json")
            lines.append(f"Content-Length: {len(data)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + data)

    def test_the_api_tells_statistics_flows_rules_history_and_health(self):
        self.serve(BLOCKED)
        self.assert_fetched("https://seen.example/")
        self.assertEqual(self.ask("GET", "/api/v1/stats").json()["schema"], "netscope.stats/1")
        flows = {}

        def told():
            flows.update(self.ask("GET", "/api/v1/flows?limit=5").json())
            return "seen.example" in json.dumps(flows)
        eventually(told, "the flow")

        def told_again():  # other flows may come: a client of before goes on sending what was dropped
            flows.update(self.ask("GET", f"/api/v1/flows?after={flows['next']}").json())
            return "seen.example" in json.dumps(flows)
        eventually(lambda: not told_again(), "an answer without the flow that did not change")
        named = eventually(lambda: self.ask("GET", "/api/v1/flows?filter=domain%3Aseen.example").json()["flows"],
                           "the flow by its name")
        self.assertEqual({flow["tls"]["sni"] for flow in named}, {"seen.example"})
        wrong = self.ask("GET", "/api/v1/flows?filter=app%3A")
        self.assertEqual(wrong.status, 400)
        self.assertEqual(wrong.json()["error"]["begin"], 4)
        self.assertEqual(self.ask("GET", "/api/v1/rules").json()["text"], BLOCKED)
        self.assertEqual(self.ask("GET", "/api/v1/health").json()["status"], "ok")
        self.assertEqual(self.ask("GET", "/api/v1/history?resolution=hour").json()["step"], 3600)
        self.assertEqual(self.ask("GET", "/api/v1/history?resolution=day").status, 400)
        self.assertEqual(self.ask("GET", "/api/v1/nothing").status, 404)
        self.assertEqual(self.ask("GET", "/api/v1/flows?limit=many").status, 400)

    def test_actions_are_made_and_undone(self):
        self.serve()
        made = self.ask("POST", "/api/v1/actions", {"action": "block", "domain": "fine.example"})
        self.assertEqual(made.status, 200, made.body)
        self.assert_blocked("https://fine.example/")
        self.assertEqual(len(self.ask("GET", "/api/v1/actions").json()["actions"]), 1)
        self.assertEqual(self.ask("POST", "/api/v1/undo", {"id": made.json()["id"]}).status, 200)
        self.assertEqual(self.ask("POST", "/api/v1/undo", {}).status, 404)
        self.assert_fetched("https://fine.example/")
        self.assertEqual(self.ask("POST", "/api/v1/actions", {"action": "block"}).status, 400)

    def test_rules_are_checked_and_replaced_by_their_tag(self):
        self.serve()
        self.bed.folder.chmod(0o777)
        before = self.ask("GET", "/api/v1/rules")
        wrong = self.ask("POST", "/api/v1/rules/check", {"text": "[policy]\ndefault = 7\n"})
        self.assertEqual(wrong.status, 422)
        self.assertEqual(wrong.json()["error"]["line"], 2)
        self.assertEqual(self.ask("PUT", "/api/v1/rules", {"text": BLOCKED}).status, 428)
        self.assertEqual(self.ask("PUT", "/api/v1/rules", {"text": BLOCKED}, If_Match='"old"').status, 412)
        tag = before.headers["etag"]
        bad = self.ask("PUT", "/api/v1/rules", {"text": "what"}, If_Match=tag)
        self.assertEqual(bad.status, 422)
        self.assertEqual(self.daemon.rules.read_text(), NOTHING)
        done = self.ask("PUT", "/api/v1/rules", {"text": BLOCKED}, If_Match=tag)
        self.assertEqual(done.status, 200, done.body)
        self.assertNotEqual(done.headers["etag"], tag)
        self.assertEqual(self.daemon.rules.read_text(), BLOCKED)
        self.assert_blocked("https://blocked.example/")
        self.bed.folder.chmod(0o755)
        kept = self.ask("PUT", "/api/v1/rules", {"text": NOTHING}, If_Match=done.headers["etag"])
        if os.geteuid() == 0 and kept.status != 200:
            self.assertEqual(kept.status, 403)
            self.assertIn("unprivileged", kept.json()["error"]["message"])

    def test_nothing_is_told_without_the_token(self):
        self.serve()
        token_file = self.bed.public / "state" / "dashboard-token"
        self.assertEqual(token_file.stat().st_mode & 0o777, 0o600)
        for path in ("/api/v1/stats", "/api/v1/flows", "/api/v1/events", "/api/v1/rules", "/metrics", "/api/v1/health"):
            self.assertEqual(self.ask("GET", path, token=False).status, 401, path)
        self.assertEqual(self.ask("GET", "/api/v1/stats", token=False, Authorization="Bearer " + "0" * 64).status, 401)
        self.assertEqual(self.ask("POST", "/api/v1/undo", {}, token=False).status, 403)
        self.assertEqual(self.ask("GET", "/", token=False).status, 200)

    def test_a_session_is_a_cookie_for_the_page_only(self):
        self.serve()
        self.assertEqual(self.ask("POST", "/api/v1/session", {"token": "wrong"}, token=False).status, 401)
        opened = self.ask("POST", "/api/v1/session", {"token": self.token}, token=False, Origin=f"http://{HOST}")
        self.assertEqual(opened.status, 204)
        cookie = opened.headers["set-cookie"]
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Strict", cookie)
        self.assertNotIn(self.token, cookie)
        session = cookie.split(";")[0]
        self.assertEqual(self.ask("GET", "/api/v1/stats", token=False, Cookie=session).status, 200)
        self.assertEqual(self.ask("GET", "/api/v1/stats", token=False, Cookie=session[:-1] + "g").status, 401)
        block = {"action": "block", "domain": "example.org"}
        ask = lambda **more: self.ask("POST", "/api/v1/actions", block, token=False, Cookie=session, **more).status
        self.assertEqual(ask(), 403)
        self.assertEqual(ask(Origin="http://evil.example"), 403)
        self.assertEqual(ask(Origin="null"), 403)
        self.assertEqual(ask(Origin=f"https://{HOST}"), 403)
        self.assertEqual(ask(Origin=f"http://{HOST}", Content_Type="text/plain"), 415)
        self.assertEqual(ask(Origin=f"http://{HOST}"), 200)

    def test_another_host_name_is_not_answered(self):
        self.serve(NOTHING, "--dashboard-host", "gateway.lan")
        for host in ("evil.example", "127.0.0.1", f"127.0.0.1.evil.example:{PORT}", "", f"{HOST}0", "gateway.lan"):
            self.assertEqual(self.ask("GET", "/api/v1/stats", host=host).status, 421, host)
        for host in (HOST, f"localhost:{PORT}", f"gateway.lan:{PORT}"):
            self.assertEqual(self.ask("GET", "/api/v1/stats", host=host).status, 200, host)

    def test_every_answer_is_fenced_in(self):
        self.serve()
        for answer in (self.ask("GET", "/"), self.ask("GET", "/none"), self.ask("GET", "/api/v1/stats"),
                       self.ask("GET", "/metrics"), self.ask("GET", "/api/v1/stats", token=False),
                       self.ask("GET", "/", host="evil.example")):
            self.assertIn(POLICY, answer.headers["content-security-policy"])
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
            self.assertEqual(answer.headers["referrer-policy"], "no-referrer")

    def test_no_path_leads_out_of_the_page(self):
        self.serve()
        self.assertIn(b"<title>here", self.ask("GET", "/index.html").body)
        for path in ("/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/page/../../secret.txt",
                     "/index.html/../../secret.txt", "/secret.txt%00.html"):
            answer = self.ask("GET", path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertNotIn(b"nobody should read", answer.body)

    def test_bodies_and_requests_have_limits(self):
        self.serve()
        self.assertEqual(self.ask("POST", "/api/v1/actions", b"{" * 100).status, 400)
        self.assertEqual(self.ask("POST", "/api/v1/actions", b" " * 100 + b"[]").status, 400)
        head = f"POST /api/v1/actions HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {self.token}\r\n" \
               f"Content-Type: application/json\r\n"
        self.assertEqual(self.raw((head + "Content-Length: 99999999\r\n\r\n").encode()).status, 413)
        for junk in (b"\x00\xff\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                     (head + "Content-Length: -1\r\n\r\n").encode(),
                     b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
            try:
                answer = self.raw(junk)
            except OSError:
                continue  # cut off: as good
            self.assertNotEqual(answer.status, 200, junk[:40])
            self.assertNotIn(b"aaaa", answer.body)  # libmicrohttpd's own pages have no fence, and nothing of the request
            self.assertNotIn(b"<script", answer.body)
        self.assertEqual(self.ask("GET", "/api/v1/stats").status, 200)

    def test_two_hundred_slow_clients_do_not_hinder_a_fast_one(self):
        self.serve()
        slow = []
        for _ in range(200):
            one = self.bed.socket("gateway", ("127.0.0.1", PORT))
            one.sendall(b"GET /api/v1/stats HTTP/1.1\r\nHost: ")
            slow.append(one)
        self.assertEqual(self.ask("GET", "/api/v1/stats").status, 200)
        # None of the slow ones was answered or cut off meanwhile: it was not their end that the fast one waited for.
        self.assertEqual(select.select(slow, [], [], 0)[0], [])
        for one in slow:
            one.close()

    def test_who_sends_a_byte_now_and_then_is_cut_off_in_time(self):
        self.serve()
        began = time.monotonic()
        with self.bed.socket("gateway", ("127.0.0.1", PORT)) as trickle:
            trickle.settimeout(1)
            trickle.sendall(b"GET /api/v1/stats HTTP/1.1\r\nX: ")
            ended = False
            while not ended and time.monotonic() - began < 2 * PATIENCE:
                try:
                    trickle.sendall(b"y")
                    ended = trickle.recv(1) == b""
                except TimeoutError:
                    pass
                except OSError:
                    ended = True
        self.assertTrue(ended, "the server went on waiting")
        self.assertGreater(time.monotonic() - began, 25)  # nobody who is merely slow
        self.assertEqual(self.ask("GET", "/api/v1/stats").status, 200)

    def test_a_listener_that_reads_nothing_gives_its_place_to_another(self):
        self.bed.run("gateway", "sysctl", "-qw", "net.ipv4.tcp_wmem=4096 16384 16384", "net.ipv4.tcp_rmem=4096 16384 16384")
        self.serve(rule("drop", 'proto = ["udp"]'))
        idle = [self.listener() for _ in range(16)]
        with self.listener() as one_too_many:
            self.assertIn(b"503", one_too_many.recv(100))

        def admitted():
            self.bed.run("client", "python3", "-c", BLOCKED_FLOWS)  # an event each, which nobody reads
            with self.listener() as another:
                return b" 200 " in another.recv(100)
        eventually(admitted, "room for another")
        for one in idle:
            one.close()

    def test_a_taken_port_stops_no_filtering_and_is_taken_later(self):
        holder = self.bed.start("gateway", "python3", "-m", "http.server", str(PORT), "--bind", "127.0.0.1")
        self.bed.wait_for_port("gateway", PORT)
        self.start(BLOCKED, "--dashboard", HOST, "--dashboard-files", self.bed.folder / "page")
        self.assertIn("the dashboard waits until it can", self.daemon.text())
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/")
        holder.kill()
        holder.wait(PATIENCE)
        self.token = (self.bed.public / "state" / "dashboard-token").read_text().strip()
        eventually(self.alive, "the dashboard")
        self.assertIn("is served now", self.daemon.text())
        self.stop_cleanly()

    def test_an_address_that_makes_no_sense_is_an_error(self):
        for wrong in ("127.0.0.1", "gateway.lan:80", "1.2.3.4:port"):
            daemon = live_test.Daemon(self.bed, NOTHING, "--dashboard", wrong, wait=False)
            self.assertNotEqual(daemon.process.wait(PATIENCE), 0)
            self.assertIn("127.0.0.1:8080", daemon.text())

    def listener(self):
        """A connection that is to get events, once the server has begun to answer."""
        connection = self.bed.socket("gateway", ("127.0.0.1", PORT))
        connection.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {self.token}\r\n\r\n"
                           .encode())
        connection.recv(1, socket.MSG_PEEK)
        return connection

    def test_events_are_pushed_to_a_few(self):
        self.serve()
        one = self.listener()
        text = b""

        def heard(what, times=1):
            nonlocal text
            text += one.recv(65536)
            return text.count(what) >= times
        eventually(lambda: heard(b"event: stats"), "the first statistics")
        self.assert_fetched("https://pushed.example/")
        eventually(lambda: heard(b"pushed.example"), "the event")
        eventually(lambda: heard(b"event: stats", 3), "more statistics")
        self.assertIn(b"event: event\ndata: [{", text.replace(b"\r\n", b"\n"))
        more = [self.listener() for _ in range(15)]
        refused = self.listener()
        self.assertIn(b"503", refused.recv(65536))
        for each in (*more, one, refused):
            each.close()

        def admitted():
            with self.listener() as again:
                return b" 200 " in again.recv(100)
        eventually(admitted, "room for another listener")

    def test_the_death_of_the_dashboard_is_not_the_gateways(self):
        self.serve(BLOCKED)
        eventually(self.alive, "the dashboard")
        found = [pid.name for pid in pathlib.Path("/proc").iterdir() if pid.name.isdigit() and self.serves(pid)]
        self.assertEqual(len(found), 1)
        status = pathlib.Path(f"/proc/{found[0]}/status").read_text()
        self.assertEqual(int(re.search(r"CapEff:\s+(\w+)", status)[1], 16), 0)
        self.assertEqual(int(re.search(r"CapPrm:\s+(\w+)", status)[1], 16), 0)
        self.assertNotIn("Uid:\t0", status)
        os.kill(int(found[0]), signal.SIGKILL)
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/")
        eventually(self.alive, "the dashboard's return")
        self.assertIn("filtering goes on", self.daemon.text())
        self.stop_cleanly()
        eventually(lambda: not pathlib.Path(f"/proc/{found[0]}").exists(), "its end")

    def serves(self, pid):
        """Whether it is the dashboard of the daemon under test. Others run beside it, and end meanwhile."""
        try:
            return (pid / "comm").read_text().strip() == "netscope-web" and self.ours(int(pid.name))
        except OSError:
            return False

    def ours(self, pid):
        """Whether the process descends from the daemon under test."""
        while pid > 1:
            if pid == self.daemon.process.pid:
                return True
            pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return False

    def alive(self):
        try:
            return self.ask("GET", "/api/v1/stats").status == 200
        except (OSError, IndexError):
            return False

    def test_prometheus_understands_the_metrics(self):
        self.serve(BLOCKED)
        self.assert_blocked("https://blocked.example/")
        self.assert_fetched("https://fine.example/")

        def metrics():
            text = self.ask("GET", "/metrics").body.decode()
            return text if re.search(r'netscope_rule_hits_total\{rule="test"\} [1-9]', text) else None
        text = eventually(metrics, "the rule's hit in the metrics")
        self.assertNotIn("10.77.", text)
        self.assertNotIn("fine.example", text)
        counts = [int(value) for value in re.findall(r'latency_seconds_bucket\{le="[^"]+"\} (\d+)', text)]
        self.assertEqual(counts, sorted(counts))
        self.assertGreater(counts[-1], 0)
        if shutil.which("promtool") is None:
            self.skipTest("promtool is missing (Debian package prometheus)")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                 timeout=PATIENCE)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


del LiveCase, ControlCase

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    reason = bed.why_not()
    if reason:
        print("skipped: " + reason)
        sys.exit(77)
    live_test.PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
