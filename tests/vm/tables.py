#!/usr/bin/env python3
"""The options that shape the kernel's table, in every combination, and what the program prints for each.

usage: tables.py PROGRAM FOLDER

Writes a file for each policy on overload, fan-out and offload, with the tables of all other options, each under a name of its own:
n0, n1, ... Printed outside of the emulated machine, where a start of the program takes a hundredth of the time; devices named lan and
wan must be there.
"""

import collections
import itertools
import pathlib
import subprocess
import sys

HOOKS = (["forward"], ["input", "output"], ["forward", "input", "output"])
EXCLUDES = ([],
            ["--interface", "la*", "--interface", "wan", "--exclude-interface", "wan9"],
            ["--exclude-address", "192.0.2.0/24", "--exclude-address", "192.0.2.7", "--exclude-address", "2001:db8::/32",
             "--exclude-interface", "docker*"])
File = collections.namedtuple("File", "overload fanout offload")
FILES = [File(*which) for which in itertools.product(("accept", "drop"), ("flow", "address", "cpu"), ("mark", "flowtable", "off"))]


def combinations(file):
    """(hooks, the program's options) of all tables of a file, in its order."""
    for hooks, excludes in itertools.product(HOOKS, EXCLUDES):
        options = ["--queues", "4-7", "--fanout", file.fanout, "--offload", file.offload, *excludes]
        yield hooks, options + [word for hook in hooks for word in ("--hook", hook)]


def name_of(file):
    return "-".join(file) + ".nft"


def main(program, folder):
    for file in FILES:
        rules = pathlib.Path(folder) / f"{file.overload}.toml"
        rules.write_text(f'[policy]\noverload = "{file.overload}"\n')
        text = ""
        for number, (_, options) in enumerate(combinations(file)):
            command = [program, "--rules", rules, "--print-nft", *options]
            table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            own = table.replace("table inet netscope ", f"table inet n{number} ")
            if own == table:
                sys.exit(f"no table inet netscope is printed by {command}")
            text += own
        (pathlib.Path(folder) / name_of(file)).write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
