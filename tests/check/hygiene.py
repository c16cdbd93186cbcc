#!/usr/bin/env python3
"""What no committed file may hold, and what every source file must.

usage: hygiene.py ROOT
"""
import pathlib, re, subprocess, sys

LONG, TOO_LONG = 400, 500  # lines of a file in src/ or include/

# Written so that they do not find themselves.
EVERYWHERE = [
    (re.compile(rb"(?<![\w.~])/(?:work|root)/[\w.]"), "a path of somebody's machine"),
    (re.compile(rb"(?<![\w.~])/home/[a-z][\w-]*/"), "a path of somebody's machine"),
    (re.compile(rb"/tmp/[b]ash"), "a path of somebody's machine"),
    (re.compile(rb"https?://[^/\s\"']*(?:npm[j]s|py[p]i|crates[.]io|registr[y]|art[i]factory|nex[u]s)[^/\s\"']*"), "a package registry"),
]
TEXT = {".cc", ".h", ".py", ".sh", ".cmake", ".txt", ".md", ".toml", ".nft", ".ts", ".tsx", ".css", ".html", ".json", ".1"}


def whitespace(text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield number, "whitespace at the end of a line"
        if "\t" in line:
            yield number, "a tab"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"


def opening(path, text):
    """A .cc begins by saying what it is: with a comment, or with the header that does."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    beside = path.relative_to("src").with_suffix(".h").as_posix()
    public = "netscope/" + beside.removeprefix("core/")
    if not first.startswith("//") and beside not in first and public not in first:
        yield 1, "opens with neither a comment nor its own header"


def main():
    root = pathlib.Path(sys.argv[1])
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True)
    if listed.returncode != 0:
        print("skipped: not a git checkout")
        return 77
    found, long_files = [], []
    paths = [pathlib.Path(name) for name in listed.stdout.decode().split("\0") if name]
    for path in paths:
        if not (root / path).is_file():
            continue
        data = (root / path).read_bytes()
        for pattern, what in EVERYWHERE:
            for match in pattern.finditer(data):
                found.append(f"{path}:{data.count(bytes([10]), 0, match.start()) + 1}: {what}: {match.group().decode(errors='replace')}")
        is_source = path.parts[0] in ("src", "include") and path.suffix in (".cc", ".h")
        if path.suffix in TEXT and path.parts[:3] != ("tests", "fuzz", "corpus"):
            text = data.decode(errors="replace")
            found += [f"{path}:{number}: {what}" for number, what in whitespace(text)]
            lines = text.count("\n")
            if is_source and lines > TOO_LONG:
                found.append(f"{path}: {lines} lines; the limit is {TOO_LONG}")
            elif is_source and lines > LONG:
                long_files.append(f"{path}: {lines} lines, above the {LONG} that are meant")
            if path.parts[0] == "src" and path.suffix == ".cc":
                found += [f"{path}:{number}: {what}" for number, what in opening(path, text)]
    for line in long_files:
        print("long:", line)
    print("\n".join(found) if found else f"{len(paths)} files, nothing to say")
    return 1 if found else 0


sys.exit(main())
