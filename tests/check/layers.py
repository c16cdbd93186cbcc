#!/usr/bin/env python3
"""Holds the code to the table of layers: who may include whom, and what the core may not touch.

usage: layers.py ROOT | layers.py --self-test
"""
import pathlib, re, sys, tempfile

CORE = ["base", "crypto", "regex", "net", "dpi", "flow", "policy", "engine", "capture", "output", "view"]  # each may include itself and what is left of it
MAY_INCLUDE = {layer: set(CORE[: i + 1]) for i, layer in enumerate(CORE)}
MAY_INCLUDE["nfq"] = {*MAY_INCLUDE["engine"], "nfq"}
MAY_INCLUDE["nft"] = {*MAY_INCLUDE["policy"], "nft"}
MAY_INCLUDE["tools"] = {*MAY_INCLUDE["policy"], "tools"}
MAY_INCLUDE["app"] = {*CORE, "nfq", "nft", "app"}

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
    ("src/policy/no_file_stream.h", "fstream"): "stands in for it where there is none",
}
# FILE: how often it may, and why.
BYTES_ALLOWED = {
    "include/netscope/flow/table.h": (1, "where the table lies, for advice to the system; nothing is read through it"),
}


def without_comments_and_strings(text):
    """The text with comments and literals blanked; lines stay where they are. Includes are read before this."""
    pattern = re.compile(r'R"([^(]*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def layer_of(path):
    """(layer, whether the file is private to it) of a path relative to the root."""
    parts = path.parts
    return (parts[2], False) if parts[0] == "include" else (parts[1], True)


def include_findings(path, line):
    layer, private = layer_of(path)
    match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
    if not match:
        return
    quote, name = match.groups()
    first = name.split("/")[0]
    if quote == '"':
        parts = name.split("/")
        if first == "netscope":
            if parts[1] not in MAY_INCLUDE[layer]:
                yield f"{layer} may not include {name}"
        elif first in MAY_INCLUDE:
            if first != layer:
                yield f"{name} is private to {first}"
            elif not private:
                yield f"a public header includes the private {name}"
    elif layer in CORE and first not in LIBRARIES_OF_THE_CORE:
        if "/" in name or name.endswith(".h") or name in OS_HEADERS and (path.as_posix(), name) not in HEADERS_ALLOWED:
            yield f"<{name}> in the core, which has no operating system"


def findings_of(path, text):
    layer, _ = layer_of(path)
    if layer not in MAY_INCLUDE:
        yield 1, f"{layer} is no layer that this check knows"
        return
    for number, line in enumerate(text.split("\n"), 1):
        yield from ((number, what) for what in include_findings(path, line))
    bytes_left = BYTES_ALLOWED.get(path.as_posix(), (0, ""))[0]
    for number, line in enumerate(without_comments_and_strings(text).split("\n"), 1):
        if layer in CORE or layer == "nft":
            yield from ((number, what) for pattern, what in FORBIDDEN_IN_CORE if pattern.search(line))
        if layer in CORE and layer != "base":
            for _ in BYTES_TO_INTEGERS[0].finditer(line):
                bytes_left -= 1
                if bytes_left < 0:
                    yield number, BYTES_TO_INTEGERS[1]


def check(root):
    files = sorted(p for top in ("include/netscope", "src") for p in (root / top).glob("*/**/*") if p.suffix in (".h", ".cc"))
    found = []
    for file in files:
        path = file.relative_to(root)
        found += [f"{path}:{line}: {what}" for line, what in findings_of(path, file.read_text())]
    return files, found


PLANTED = {  # file: (text, what must be found, or nothing)
    "include/netscope/base/a.h": ('#include "netscope/net/address.h"\n', "base may not include netscope/net/address.h"),
    "include/netscope/net/b.h": ('#include "net/tunnels.h"\n', "public header includes the private"),
    "src/net/c.cc": ("#include <sys/socket.h>\n", "<sys/socket.h> in the core"),
    "src/dpi/d.cc": ("#include <mutex>\n", "<mutex> in the core"),
    "src/flow/e.cc": ("auto t = std::chrono::steady_clock::now();\n", "reads a clock"),
    "src/policy/f.cc": ("auto p = reinterpret_cast<int*>(q);\n", "only base/ does that"),
    "src/engine/g.cc": ('#include "policy/toml_reader.h"\n', "private to policy"),
    "src/engine/h.cc": ("thread_local int n;\n", "thread_local"),
    "src/engine/i.cc": ('#include "netscope/capture/chunk.h"\n', "engine may not include"),
    "src/capture/j.cc": ('#include "netscope/app/log.h"\n', "capture may not include"),
    "src/extra/k.cc": ("int n;\n", "no layer that this check knows"),
    "src/capture/fine.cc": ('#include "netscope/engine/packet.h"\n#include <vector>\n// memcpy is not used\nauto s = "ntohs";\n', None),
    "src/app/fine.cc": ("#include <unistd.h>\n#include <thread>\n", None),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in PLANTED.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        _, found = check(root)
    wrong = []
    for name, (_, expected) in PLANTED.items():
        of_file = [line for line in found if line.startswith(name + ":")]
        if expected is None and of_file:
            wrong.append(f"found in a file without fault: {of_file}")
        if expected is not None and not any(expected in line for line in of_file):
            wrong.append(f"{name}: planted, but not found: {expected}")
    return wrong


def main():
    if sys.argv[1] == "--self-test":
        found, words = self_test(), f"{len(PLANTED)} planted files"
    else:
        files, found = check(pathlib.Path(sys.argv[1]))
        words = f"{len(files)} files"
    print("\n".join(found) if found else f"{words}, nothing to say")
    return 1 if found else 0


sys.exit(main())
