#!/usr/bin/env python3
"""Walks the table of ARCHITECTURE.md that says where a packet passes without having been judged: each bound that it names is the
code's, with that value, and each test that it names is there.

usage: unjudged.py ROOT | unjudged.py --self-test
"""
import pathlib
import re
import sys
import tempfile

HEADING = "## What passes without having been judged"
BOUND = re.compile(r"`(k[A-Z]\w*)` \(([^)]+)\)")
TEST = re.compile(r"`([A-Z]\w+)\.(\w+)`")
UNITS = {"KiB": 1024, "MiB": 1024 * 1024}


def rows(architecture):
    """Of the table's rows, the cells, with the number of their line."""
    lines = architecture.splitlines()
    if HEADING not in lines:
        return
    begin = lines.index(HEADING)
    for number, line in enumerate(lines[begin + 1:], begin + 2):
        if line.startswith("## "):
            return
        if line.startswith("|") and not set(line) <= set("|- ") and not line.startswith("| what passes"):
            yield number, [cell.strip() for cell in line.strip("|").split("|")]


def value_of(words):
    number, _, unit = words.replace(",", "").partition(" ")
    return int(number) * UNITS.get(unit, 1)


def constants(root):
    """Every constant of the core, by name: the values that it is given, where they can be worked out."""
    found = {}
    for path in [*root.glob("src/**/*.h"), *root.glob("src/**/*.cc"), *root.glob("include/**/*.h")]:
        for name, value in re.findall(r"constexpr [\w: ]+? (k[A-Z]\w*) = ([^;]+);", path.read_text()):
            found.setdefault(name, []).append(value)

    def worked_out(value, depth=0):
        value = re.sub(r"std::\w+\{(\d+)\}", r"\1", value.replace("'", ""))
        value = re.sub(r"\bk[A-Z]\w*", lambda m: str(worked_out(found[m[0]][0], depth + 1))
                       if m[0] in found and depth < 4 else m[0], value)
        value = re.sub(r"(?<=\d)[uUlL]+", "", value)
        return eval(value) if re.fullmatch(r"[\d\s+*<()-]+", value) else None  # nothing but numbers

    return {name: {worked_out(value) for value in values} for name, values in found.items()}


def findings(root):
    table = list(rows((root / "ARCHITECTURE.md").read_text()))
    if not table:
        yield f"ARCHITECTURE.md: no table below {HEADING!r}"
    known = constants(root)
    tests = "\n".join(path.read_text() for path in sorted(root.glob("tests/unit/**/*.cc")))
    for number, cells in table:
        where = f"ARCHITECTURE.md:{number}"
        if len(cells) != 4 or not all(cells):
            yield f"{where}: a row says what passes, within which bound, why, and which tests hold it"
            continue
        for name, value in BOUND.findall(cells[1]):
            if value_of(value) not in known.get(name, ()):
                yield f"{where}: {name} is not {value} in the code"
        named = TEST.findall(cells[3])
        if not named:
            yield f"{where}: no test is named"
        for suite, test in named:
            if not re.search(rf"TEST\w*\({suite}, {test}\)", tests):
                yield f"{where}: there is no test {suite}.{test}"


def self_test():
    good = f"{HEADING}\n\n| what passes | bound | why | held by |\n|---|---|---|---|\n| a | `kMax` (2 KiB) | w | `Ab.Cd` |\n"
    planted = {"kMax` (2 KiB": "kMax` (3 KiB", "Ab.Cd": "Ab.Xy", "| w |": "| |", "`Ab.Cd`": "nobody", HEADING: "## Else"}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "src").mkdir()
        (root / "tests/unit").mkdir(parents=True)
        (root / "src/a.h").write_text("inline constexpr std::size_t kHalf = 1024;\nconstexpr int kMax = 2 * kHalf;\n")
        (root / "tests/unit/a.cc").write_text("TEST(Ab, Cd) {\n")
        for before, after in {"": "", **planted}.items():
            (root / "ARCHITECTURE.md").write_text(good.replace(before, after) if before else good)
            if bool(list(findings(root))) != bool(before):
                sys.exit(f"self-test: {after!r} in place of {before!r} is judged wrongly")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = list(findings(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "nothing to say")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
