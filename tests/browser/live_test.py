#!/usr/bin/env python3
"""The page at a gateway in a network namespace: the program with --dashboard, real clients, and a browser beside it.

usage: live_test.py PROGRAM SCREENSHOTS

The browser's part is live_page.mjs. It asks for what it cannot do itself by lines on its standard output: `do: NAME`;
an empty line answers.
"""

import pathlib
import re
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "live"))
from bed import Bed, Daemon, eventually, why_not  # noqa: E402

ADDRESS = "127.0.0.1:8080"
PAGE = here.parent.parent / "dashboard" / "dist" / "live"
RULES = '[[rule]]\nname = "no-tiktok"\naction = "drop"\napp = ["TikTok"]\n'
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
        for name in NAMES:
            self.bed.curl(f"https://{name}/", seconds=1)

    def token(self):
        file = self.state / "dashboard-token"
        return eventually(lambda: file.exists() and file.read_text().strip(), 10, "the token")


def main():
    program, screenshots = sys.argv[1:3]
    reason = why_not()
    if reason is not None:
        skip(reason)
    if "--dashboard" not in subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60).stdout:
        skip("this program has no --dashboard")
    with Bed(program) as bed:
        bed.serve()
        gateway = Gateway(bed)
        orders = {"traffic": gateway.traffic, "stop": gateway.stop, "start": gateway.start}
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
        code = browser.wait(30)
        if code != 0:
            print(gateway.daemon.text())
        return code


sys.exit(main())
