"""A client, a gateway and a server in network namespaces of their own, and the program on the gateway.

    client 10.77.1.2, fd77:1::2 --- 10.77.1.1 gateway 10.77.2.1 --- 10.77.2.2, fd77:2::2 server

Everything that a test starts ends with it, by process id; the namespaces are removed.
"""

import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CLIENT4, SERVER4, CLIENT6, SERVER6 = "10.77.1.2", "10.77.2.2", "fd77:1::2", "fd77:2::2"
# Seconds. What must happen is waited for with patience: the wait ends when it happens, and on a slow machine, or with
# other tests beside this one, that takes many times as long. What must not happen is waited for briefly, since that
# always lasts as long.
PATIENCE = 60
BRIEFLY = 2
# All namespaces of a machine share one lock of iptables, where it is the one without nft.
IPTABLES, IP6TABLES = ["iptables", "-w", str(PATIENCE)], ["ip6tables", "-w", str(PATIENCE)]
NEEDED = ("ip", "iptables", "ip6tables", "curl", "openssl", "dig", "dnsmasq", "iperf3", "conntrack", "python3")


def why_not():
    """Why these tests cannot run here; None when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        return "missing: " + ", ".join(missing)
    probe = subprocess.run(["unshare", "-n", *IPTABLES, "-A", "FORWARD", "-j", "NFQUEUE", "--queue-num", "1"],
                           capture_output=True, text=True, timeout=2 * PATIENCE)
    if probe.returncode != 0:
        return "this kernel gives no NFQUEUE in namespaces: " + probe.stderr.strip()[-200:]
    return None


def eventually(condition, what):
    """Waits until the condition holds, and says what did not happen when it does not. To look may cost more than what is waited for,
    so it rests as long as a look takes."""
    end = time.monotonic() + PATIENCE
    while (began := time.monotonic()) < end:
        value = condition()
        if value:
            return value
        time.sleep(max(0.05, time.monotonic() - began))
    raise AssertionError(f"{what} did not happen within {PATIENCE} s")


class Daemon:
    """netscope-nfq in the gateway's namespace."""

    def __init__(self, bed, rules, *options, wait=True):
        self.bed = bed
        self.rules = bed.folder / "rules.toml"
        self.stats_file = bed.public / "stats.json"
        self.events_file = bed.folder / "events.jsonl"
        if "--events" in options:
            self.events_file = pathlib.Path(options[options.index("--events") + 1])
        self.stats_file.unlink(missing_ok=True)
        self.write_rules(rules)
        self.log_file = bed.folder / "daemon.log"
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        environment.pop("JOURNAL_STREAM", None)
        self.control = bed.public / "control"
        own = [] if "--events" in options else ["--events", self.events_file]
        with open(self.log_file, "wb") as log:
            self.process = bed.start("gateway", bed.program, "--rules", self.rules, "--stats-json", self.stats_file,
                                     "--control", self.control, "--state-dir", bed.public / "state",
                                     *own, *options, stdout=log, stderr=log, env=environment)
        if wait:
            eventually(lambda: "filtering: " in self.text() or self.process.poll() is not None, "the start")
            if self.process.poll() is not None:
                raise AssertionError("the program ended at once:\n" + self.text())

    def write_rules(self, rules):
        self.rules.write_text(rules)
        self.rules.chmod(0o644)

    def text(self):
        return self.log_file.read_text(errors="replace")

    def reload(self, rules):
        self.write_rules(rules)
        def outcomes():
            return self.text().count("reloaded: ") + self.text().count("were not reloaded")
        seen = outcomes()
        self.process.send_signal(signal.SIGHUP)
        eventually(lambda: outcomes() > seen, "the reload")

    def stats(self, until=lambda stats: True):
        """The statistics, as soon as they are newer than this call and as `until` wants them."""
        asked = time.time_ns()

        def fresh():
            if not self.stats_file.exists() or self.stats_file.stat().st_mtime_ns <= asked:
                return None
            stats = json.loads(self.stats_file.read_text())
            return stats if until(stats) else None
        return eventually(fresh, "what the statistics should show")

    def drops(self):
        """The events of blocked connections, of which each has one."""
        written = self.events_file.read_bytes() if self.events_file.exists() else b""
        whole = written[:written.rfind(b"\n") + 1].splitlines()
        return [event for event in map(json.loads, whole) if event["event_type"] == "drop"]

    def has_dropped(self, *ports):
        """Whether a connection from each of the client's ports was blocked."""
        return set(ports) <= {event.get("src_port") for event in self.drops()}

    def ctl(self, *words):
        """What --ctl prints, of the gateway's own program: (exit code, output, errors)."""
        done = self.bed.call(self.bed.program, "--control", self.control, "--ctl", *words, check=False,
                             env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        return done.returncode, done.stdout, done.stderr

    def ask(self, path):
        """What the control socket answers to a GET: text, or what its JSON says."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(PATIENCE)
            link.connect(str(self.control))
            link.sendall(json.dumps({"method": "GET", "path": path}).encode() + b"\n")
            return json.loads(link.makefile().readline())["body"]

    def stop(self):
        """Ends it as the service manager does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)


class Fetch:
    """A curl of the client's, or of another's, that runs beside the test, until it is stopped."""

    def __init__(self, bed, url, *options, address=SERVER4, role="client"):
        self.url, self.port = url, next(bed.client_ports)
        self.file = bed.folder / f"fetched-by-{self.port}"
        self.process = bed.start(role, *bed.curl_command(url, address, 10 * PATIENCE), "-N", "-o", self.file,
                                 "--local-port", self.port, *options)

    def runs(self):
        return self.process.poll() is None

    def size(self):
        """How many bytes it has got so far."""
        return self.file.stat().st_size if self.file.exists() else 0

    def goes_on(self):
        """Waits until it has got more than it has now."""
        size = self.size()
        eventually(lambda: self.size() > size or not self.runs(), f"more of {self.url}")
        if self.size() <= size:
            raise AssertionError(f"the connection to {self.url} was cut")

    def wait(self, seconds=PATIENCE):
        """curl's exit code; None when it still runs after these seconds."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        self.process.kill()
        self.process.wait(PATIENCE)


class Bed:
    roles = ("client", "gateway", "server")
    numbers = itertools.count(1)  # of the beds of this process

    def __init__(self, program, nat=False):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="netscope-live-"))
        self.folder.chmod(0o755)
        self.public = self.folder / "public"  # the program writes here as an unprivileged user
        self.public.mkdir()
        self.public.chmod(0o777)
        number = next(self.numbers)
        self.names = {role: f"nsq{os.getpid()}-{number}-{role}" for role in self.roles}
        self.processes = []
        self.client_ports = itertools.count(20000)  # below those that the kernel chooses
        try:
            self.lay_out(nat)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def lay_out(self, nat):
        for name in self.names.values():
            self.call("ip", "netns", "add", name)
        for role, near, far, subnet in (("client", "eth0", "lan", 1), ("server", "eth0", "wan", 2)):
            self.call("ip", "link", "add", near, "netns", self.names[role], "type", "veth", "peer", "name", far,
                      "netns", self.names["gateway"])
            self.set_up("gateway", far, subnet, 1)
            self.set_up(role, near, subnet, 2, gateway=1)
        self.forward("gateway")
        if nat:
            self.run("gateway", *IPTABLES, "-t", "nat", "-A", "POSTROUTING", "-o", "wan", "-j", "MASQUERADE")
            self.run("gateway", *IP6TABLES, "-t", "nat", "-A", "POSTROUTING", "-o", "wan", "-j", "MASQUERADE")
        eventually(lambda: self.run("client", "ping", "-6", "-c1", "-W1", SERVER6, check=False).returncode == 0
                   if shutil.which("ping") else True, "IPv6")

    def set_up(self, role, device, subnet, end, gateway=None):
        """Gives a device this end's addresses of the subnet, and takes another end's for the way to everywhere."""
        lines = [f"address add 10.77.{subnet}.{end}/24 dev {device}", f"address add fd77:{subnet}::{end}/64 dev {device} nodad",
                 "link set lo up", f"link set {device} up"]
        if gateway:
            lines += [f"route add default via 10.77.{subnet}.{gateway}", f"route add default via fd77:{subnet}::{gateway}"]
        self.run(role, "ip", "-batch", "-", input="\n".join(lines))

    def forward(self, role):
        self.run(role, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    # --- processes

    def call(self, *command, check=True, timeout=2 * PATIENCE, **options):
        command = [str(word) for word in command]
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, errors="replace", **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def inside(self, role, *command):
        return ["ip", "netns", "exec", self.names[role], *map(str, command)]

    @contextlib.contextmanager
    def within(self, role):
        """What this thread starts or opens meanwhile is of the role's network. Its /sys is not; `inside` changes that as well."""
        libc = ctypes.CDLL(None, use_errno=True)
        own, theirs = os.open("/proc/thread-self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{self.names[role]}", os.O_RDONLY)
        try:
            if libc.setns(theirs, 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            libc.setns(own, 0)
            os.close(own)
            os.close(theirs)

    def run(self, role, *command, **options):
        if command[0] == self.program:  # which looks at the devices in /sys
            return self.call(*self.inside(role, *command), **options)
        with self.within(role):
            return self.call(*command, **options)

    def start(self, role, *command, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(self.inside(role, *command), stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def socket(self, role, address):
        """A TCP connection from within the role's namespace, to which the socket belongs from its making on."""
        with self.within(role):
            made = socket.socket()
        made.settimeout(PATIENCE)
        try:
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made

    def wait_for_port(self, role, port, udp=False):
        pattern = re.compile(rf"[\]:.*\d]:{port}\s")
        eventually(lambda: pattern.search(self.run(role, "ss", "-Hlun" if udp else "-Hltn").stdout),
                   f"port {port} of the {role}")

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE)
        for name in self.names.values():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- servers

    def certificate(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        if not certificate.exists():
            self.call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=server.example")
        return key, certificate

    def serve(self):
        """HTTP on 80 and TLS on 443, by any name, for many at once."""
        key, certificate = self.certificate()
        here = pathlib.Path(__file__).resolve().parent
        self.start("server", "python3", here / "web_server.py", key, certificate)
        for port in (80, 443):
            self.wait_for_port("server", port)

    def serve_names(self):
        """DNS: every name is the server's."""
        self.start("server", "dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--bind-interfaces", "--port=53",
                   f"--listen-address={SERVER4},{SERVER6}", f"--address=/#/{SERVER4}", "--user=root",
                   f"--pid-file={self.folder}/dnsmasq.pid")
        self.wait_for_port("server", 53, udp=True)

    # --- clients

    def curl_command(self, url, address, seconds):
        """Fetches from the server, whatever the name."""
        name = re.match(r"https?://([^/:]+)", url).group(1)
        target = f"[{address}]" if ":" in address else address
        return ["curl", "-sSk", "--noproxy", "*", "--max-time", str(seconds), "--connect-to", f"{name}::{target}:", url]

    def curl(self, url, *options, address=SERVER4, seconds=PATIENCE):
        """(exit code, body); code 28 says that it waited for all of the seconds."""
        done = self.run("client", *self.curl_command(url, address, seconds), *options, check=False,
                        timeout=seconds + PATIENCE)
        return done.returncode, done.stdout

    def dig(self, name, *options, seconds=PATIENCE):
        """The address of a name that must be answered; give few seconds for one that must not."""
        done = self.run("client", "dig", f"@{SERVER4}", "+tries=1", f"+time={seconds}", "+short", name, *options,
                        check=False, timeout=seconds + PATIENCE)
        return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(";"))

    def end_connections(self):
        """None goes on sending: neither one that a program was killed over, nor one that a block left hanging."""
        for role in ("client", "server"):
            self.run(role, "ss", "-K", "-Htn", "state", "connected")
        self.run("gateway", "conntrack", "-F", check=False)

    def forget_connections(self):
        """Both ends forget their connections, and nothing tells the gateway: as a NAT behind it, or a machine that lost its power."""
        resets = (*IPTABLES, "{}", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "-j", "DROP")
        for role in ("client", "server"):
            self.run(role, *[word.format("-I") for word in resets])
            self.run(role, "ss", "-K", "-Htna", "exclude", "listening")
            self.run(role, *[word.format("-D") for word in resets])

    def gateway_rules(self):
        """Every rule of both backends that the program may have left."""
        text = ""
        for tool in ("iptables-save", "ip6tables-save"):
            text += self.run("gateway", tool, check=False).stdout
        if shutil.which("nft"):
            text += self.run("gateway", "nft", "list", "ruleset", check=False).stdout
        return text

    def marked_connections(self):
        return [line for line in self.run("gateway", "conntrack", "-L", check=False).stdout.splitlines()
                if re.search(r"mark=[1-9]", line)]
