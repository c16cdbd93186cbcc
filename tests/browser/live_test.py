#!/usr/bin/env python3
"""The page at a gateway in a network namespace: the program with --dashboard, real clients, and a browser beside it.

usage: live_test.py PROGRAM SCREENSHOTS

The browser's part is live_page.mjs. It asks for what it cannot do itself by lines on its standard output: `do: NAME`;
an empty line answers.
"""

import pathlib
import random
import re
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "live"))
from bed import PATIENCE, SERVER4, Bed, Daemon, Fetch, eventually, why_not  # noqa: E402

ADDRESS = "127.0.0.1:8080"
PAGE = here.parent.parent / "dashboard" / "dist" / "live"
RULES = '[[rule]]\nname = "no-tiktok"\naction = "drop"\napp = ["TikTok"]\n'
# A household for the picture: who fetches what, how many bytes at once.
CLIENTS = [f"10.77.1.{host}" for host in (20, 21, 31, 32, 40, 52)]
FETCHED = [("www.youtube.com", 90_000), ("netflix.com", 120_000), ("www.tiktok.com", 30_000), ("i.instagram.com", 40_000),
           ("open.spotify.com", 25_000), ("github.com", 12_000), ("ads.doubleclick.net", 3000), ("www.wikipedia.org", 9000),
           ("web.whatsapp.com", 2000), ("roblox.com", 20_000), ("duckduckgo.com", 5000), ("outlook.office365.com", 4000)]
NAMES = ["www.youtube.com", "www.tiktok.com", "github.com", "netflix.com"]


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


class Gateway:
    """The daemon with its dashboard; it can be ended and started again."""

    def __init__(self, bed):
        self.bed = bed
        self.daemon = None
        self.state = bed.public / "state"
        bed.folder.chmod(0o777)  # the program replaces its rules as an unprivileged user
        self.start()

    def start(self):
        self.daemon = Daemon(self.bed, RULES, "--dashboard", ADDRESS, "--dashboard-files", PAGE)
        self.bed.wait_for_port("gateway", int(ADDRESS.rsplit(":", 1)[1]))

    def stop(self):
        self.daemon.stop()

    def traffic(self):
        """Each name is fetched, or blocked."""
        fetches = [Fetch(self.bed, f"https://{name}/") for name in NAMES]
        for fetch in fetches:
            eventually(lambda one=fetch: not one.runs() or self.daemon.has_dropped(one.port), f"the end of {fetch.url}")
            fetch.stop()

    def household(self):
        """Half a minute of several clients, some of whose connections stay open."""
        chance = random.Random(20)
        fetches = []
        for client in CLIENTS:
            self.bed.run("client", "ip", "address", "replace", f"{client}/24", "dev", "eth0")
        def fetch(client, name, target):
            command = self.bed.curl_command(f"https://{name}{target}", SERVER4, 10 * PATIENCE)
            fetches.append(self.bed.start("client", *command, "--interface", client))
        for client, (name, _) in zip(CLIENTS, FETCHED):
            fetch(client, name, "/slowly")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for _ in range(chance.choice([1, 2, 2, 3, 6])):
                name, size = chance.choices(FETCHED, weights=range(len(FETCHED), 0, -1))[0]
                fetch(chance.choice(CLIENTS), name, f"/bytes/{chance.randrange(size // 4, size)}")
            time.sleep(0.4)

    def token(self):
        file = self.state / "dashboard-token"
        return eventually(lambda: file.exists() and file.read_text().strip(), "the token")


def main():
    program, screenshots = sys.argv[1:3]
    reason = why_not()
    if reason is not None:
        skip(reason)
    told = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=PATIENCE).stdout
    if "--dashboard" not in told:
        skip("this program has no --dashboard")
    with Bed(program) as bed:
        bed.serve()
        gateway = Gateway(bed)
        orders = {"traffic": gateway.traffic, "household": gateway.household, "stop": gateway.stop, "start": gateway.start}
        browser = subprocess.Popen(bed.inside("gateway", "node", here / "live_page.mjs", f"http://{ADDRESS}/", gateway.token(), screenshots),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        bed.processes.append(browser)
        for line in browser.stdout:
            order = re.match(r"do: (\w+)", line)
            if order is None:
                print(line, end="", flush=True)
                continue
            orders[order.group(1)]()
            browser.stdin.write("\n")
            browser.stdin.flush()
        code = browser.wait(PATIENCE)
        if code != 0:
            print(gateway.daemon.text())
        return code


sys.exit(main())
