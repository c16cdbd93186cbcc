#!/usr/bin/env python3
"""Holds the code to src/layers.cmake: who may include whom, what the core may not touch, and that its public face is whole and no larger
than it must be.

usage: layers.py ROOT | layers.py --self-test
"""
import pathlib, re, sys, tempfile

PUBLIC = "include/netscope"

# Standard headers that bring threads, files, clocks or the environment along.
OS_HEADERS = {
    "atomic", "barrier", "condition_variable", "csignal", "cstdio", "ctime", "filesystem", "fstream", "future", "iostream",
    "latch", "mutex", "semaphore", "shared_mutex", "stop_token", "syncstream", "thread",
}
LIBRARIES_OF_THE_CORE = {"toml++", "rapidjson", "nettle", "re2"}

FORBIDDEN_IN_CORE = [
    (re.compile(r"\b(?:system_clock|steady_clock|high_resolution_clock)\s*::\s*now\b"), "reads a clock: time is an argument"),
    (re.compile(r"\bthread_local\b"), "thread_local: the core has no threads"),
    (re.compile(r"\bstd\s*::\s*(?:jthread|thread|mutex|atomic|condition_variable)\b"), "the core has no threads"),
    (re.compile(r"\b(?:getenv|fopen|printf|fprintf|random_device)\b"), "reaches for the operating system"),
]
BYTES_TO_INTEGERS = (
    re.compile(r"\b(?:reinterpret_cast|memcpy|memmove|ntohs|ntohl|htons|htonl|be(?:16|32|64)toh)\b"),
    "turns bytes into something else: only base/ does that",
)
# Standard headers that one file of the core may have: (file, header): why.
HEADERS_ALLOWED = {
    ("src/core/policy/toml/no_file_stream.h", "fstream"): "stands in for it where there is none",
}
# FILE: how often it may, and why.
BYTES_ALLOWED = {
    "src/core/flow/table.h": (1, "where the table lies, for advice to the system; nothing is read through it"),
}


def without_comments_and_strings(text):
    """The text with comments and literals blanked; lines stay where they are. Includes are read before this."""
    pattern = re.compile(r'R"([^(]*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


class Layers:
    """What src/layers.cmake says."""

    def __init__(self, root):
        self.uses, self.faults = {}, []  # layer: those that it uses, and itself
        text = re.sub(r"#[^\n]*", "", (root / "src/layers.cmake").read_text())
        for words in re.findall(r"netscope_layer\(([^)]*)\)", text):
            layer, *rest = words.split()
            uses = set(rest[rest.index("USES") + 1 : rest.index("PORT") if "PORT" in rest else None]) if "USES" in rest else set()
            for unknown in sorted(uses - set(self.uses) - {"face"}):
                self.faults.append(f"src/layers.cmake: {layer} uses {unknown}, which does not stand above it")
            self.uses[layer] = uses | {layer}

    def of(self, path):
        """The layer of a path below the root: the longest whose folder holds it. None: it is in none."""
        parts = path.parts[1:] if path.parts[0] == "src" else ("core", *path.parts[2:])
        return next((layer for n in range(len(parts) - 1, 0, -1) if (layer := "/".join(parts[:n])) in self.uses), None)


class Check:
    def __init__(self, root):
        self.root, self.layers = root, Layers(root)
        tops = (root / PUBLIC, root / "src")
        self.files = sorted(file.relative_to(root) for top in tops for file in top.glob("**/*") if file.suffix in (".h", ".cc"))
        self.texts = {path: (root / path).read_text() for path in self.files}
        self.found = list(self.layers.faults)
        for path in self.files:
            self.look_at(path)
        self.look_at_face()
        self.look_at_table()

    def say(self, path, line, what):
        self.found.append(f"{path}:{line}: {what}")

    def included(self, path):
        """(line, path of the project's file, the name as it is written) of what is included in quotes."""
        for number, line in enumerate(self.texts[path].split("\n"), 1):
            if match := re.match(r'\s*#\s*include\s*"([^"]+)"', line):
                name = match.group(1)
                yield number, pathlib.Path("include" if name.startswith("netscope/") else "src") / name, name

    def look_at(self, path):
        layer, text = self.layers.of(path), self.texts[path]
        if layer is None:
            return self.say(path, 1, "in no layer of src/layers.cmake")
        for number, other, name in self.included(path):
            if "/" in name:  # what is beside its includer is generated
                self.look_at_include(path, layer, number, other, name)
        core = layer.startswith("core/")
        if core:
            for number, line in enumerate(text.split("\n"), 1):
                match = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
                if not match or match.group(1).split("/")[0] in LIBRARIES_OF_THE_CORE:
                    continue
                name = match.group(1)
                if "/" in name or name.endswith(".h") or name in OS_HEADERS and (path.as_posix(), name) not in HEADERS_ALLOWED:
                    self.say(path, number, f"<{name}> in the core, which has no operating system")
        bytes_left = BYTES_ALLOWED.get(path.as_posix(), (0, ""))[0]
        for number, line in enumerate(without_comments_and_strings(text).split("\n"), 1):
            if core or layer == "linux/netfilter":
                for pattern, what in FORBIDDEN_IN_CORE:
                    if pattern.search(line):
                        self.say(path, number, what)
            if core and layer != "core/base":
                for _ in BYTES_TO_INTEGERS[0].finditer(line):
                    bytes_left -= 1
                    if bytes_left < 0:
                        self.say(path, number, BYTES_TO_INTEGERS[1])

    def look_at_include(self, path, layer, number, other, name):
        others = self.layers.of(other)
        public, into_face = path.parts[0] == "include", other.parts[0] == "include"
        if others is None:
            self.say(path, number, f"{name} is in no layer of src/layers.cmake")
        elif public and not into_face:
            self.say(path, number, f"a public header includes the private {name}")
        elif not layer.startswith("core/") and others.startswith("core/") and not into_face:
            self.say(path, number, f"{name} is private to the core; what is outside sees include/ only")
        elif others not in self.layers.uses[layer] and not (into_face and "face" in self.layers.uses[layer]):
            self.say(path, number, f"{layer} may not include {others}: {name}")
        elif others != layer and self.texts.get(other, "").startswith("// Private to this layer"):
            self.say(path, number, f"{name} is private to {others}")

    def look_at_face(self):
        """Every public header is reached from outside the core: from linux, the app, the tools, or the page."""
        page = {path: (self.root / path).read_text() for path in
                (file.relative_to(self.root) for file in (self.root / "dashboard/wasm").glob("*") if file.suffix in (".h", ".cc"))}
        self.texts |= page
        todo = [*page, *(path for path in self.files if path.parts[0] == "src" and path.parts[1] != "core")]
        for path in page:
            for number, other, name in self.included(path):
                if other.parts[:2] == ("src", "core"):
                    self.say(path, number, f"{name} is private to the core; what is outside sees include/ only")
        reached = set()
        while todo:
            for _, other, _ in self.included(todo.pop()):
                if other.parts[0] == "include" and other not in reached and other in self.texts:
                    reached.add(other)
                    todo.append(other)
        for path in self.files:
            if path.parts[0] == "include" and path not in reached:
                self.say(path, 1, "public, and nothing outside the core reaches it: it belongs beside its source")


    def look_at_table(self):
        """ARCHITECTURE.md says the same of each layer, with core/ left out of what it uses."""
        path = pathlib.Path("ARCHITECTURE.md")
        if not (self.root / path).exists():
            return
        told = {}
        for number, line in enumerate((self.root / path).read_text().split("\n"), 1):
            if match := re.match(r"\| `([a-z/]+)` \| ([a-z/ ]*)\| ", line):
                told[match.group(1)] = number, set(match.group(2).split())
        for layer, uses in self.layers.uses.items():
            line, said = told.pop(layer, (1, None))
            if said != {name.removeprefix("core/") for name in uses - {layer}}:
                self.say(path, line, f"its table says {said} of {layer}, and src/layers.cmake {sorted(uses - {layer})}")
        for layer, (line, _) in told.items():
            self.say(path, line, f"{layer} is no layer of src/layers.cmake")


PLANTED = {  # file: (text, what must be found, or nothing)
    "include/netscope/base/a.h": ('#include "netscope/net/fine.h"\n', "core/base may not include core/net: netscope/net/fine.h"),
    "include/netscope/net/b.h": ('#include "core/net/tunnels.h"\n', "a public header includes the private core/net/tunnels.h"),
    "include/netscope/net/fine.h": ("#include <string>\n", None),
    "include/netscope/net/lost.h": ("int n;\n", "nothing outside the core reaches it"),
    "src/core/net/c.cc": ("#include <sys/socket.h>\n", "<sys/socket.h> in the core"),
    "src/core/dpi/d.cc": ("#include <mutex>\n", "<mutex> in the core"),
    "src/core/flow/e.cc": ("auto t = std::chrono::steady_clock::now();\n", "reads a clock"),
    "src/core/policy/f.cc": ("auto p = reinterpret_cast<int*>(q);\n", "only base/ does that"),
    "src/core/policy/words.h": ("// Private to this layer: how it speaks.\n", None),
    "src/core/flow/words.cc": ('#include "core/policy/words.h"\n', "core/policy/words.h is private to core/policy"),
    "src/core/engine/g.cc": ('#include "core/policy/toml/toml_reader.h"\n', "core/engine may not include core/policy/toml"),
    "src/core/engine/h.cc": ("thread_local int n;\n", "thread_local"),
    "src/core/engine/i.cc": ('#include "netscope/capture/chunk.h"\n', "core/engine may not include core/capture"),
    "src/core/inspect/j.cc": ('#include "netscope/policy/rule_set.h"\n', "core/inspect may not include core/policy"),
    "src/core/policy/conditions/k.cc": ('#include "core/inspect/readings.h"\n', "core/policy may not include core/inspect"),
    "src/core/extra/l.cc": ("int n;\n", "in no layer"),
    "src/core/capture/m.cc": ('#include "app/log.h"\n', "core/capture may not include app"),
    "src/linux/nfq/n.cc": ('#include "netscope/net/fine.h"\n', "linux/nfq may not include core/net"),
    "src/app/o.cc": ('#include "core/net/tunnels.h"\n', "is private to the core"),
    "dashboard/wasm/p.cc": ('#include "core/net/tunnels.h"\n', "is private to the core"),
    "src/core/capture/fine.cc": ('#include "netscope/net/fine.h"\n#include <vector>\n// memcpy is not used\nauto s = "ntohs";\n', None),
    "src/app/fine.cc": ('#include <unistd.h>\n#include <thread>\n#include "netscope/net/fine.h"\n#include "netscope/net/b.h"\n'
                        '#include "netscope/base/a.h"\n', None),
}
LAYERS_WITH_A_FAULT = """# netscope_layer(core/not_read)
netscope_layer(core/low USES core/high)
netscope_layer(core/high)
"""


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in PLANTED.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        ours = pathlib.Path(__file__).resolve().parents[2] / "src/layers.cmake"
        (root / "src/layers.cmake").write_text(ours.read_text())
        found = Check(root).found
        (root / "src/layers.cmake").write_text(LAYERS_WITH_A_FAULT)
        cycle = Layers(root).faults
        (root / "ARCHITECTURE.md").write_text("| `core/low` | | it |\n| `core/gone` | | it |\n")
        table = [line for line in Check(root).found if line.startswith("ARCHITECTURE.md")]
    wrong = []
    for name, (_, expected) in PLANTED.items():
        of_file = [line for line in found if line.startswith(name + ":")]
        if expected is None and of_file:
            wrong.append(f"found in a file without fault: {of_file}")
        if expected is not None and not any(expected in line for line in of_file):
            wrong.append(f"{name}: planted, but not found: {expected}; found: {of_file}")
    if cycle != ["src/layers.cmake: core/low uses core/high, which does not stand above it"]:
        wrong.append(f"a layer that uses one below it in the list: {cycle}")
    for layer, line in (("core/low", 1), ("core/high", 1), ("core/gone", 2)):
        if not any(found.startswith(f"ARCHITECTURE.md:{line}:") and layer in found for found in table):
            wrong.append(f"a table that is wrong about {layer}: {table}")
    return wrong


def main():
    if sys.argv[1] == "--self-test":
        found, words = self_test(), f"{len(PLANTED)} planted files"
    else:
        done = Check(pathlib.Path(sys.argv[1]))
        found, words = done.found, f"{len(done.files)} files"
    print("\n".join(found) if found else f"{words}, nothing to say")
    return 1 if found else 0


sys.exit(main())
