#!/usr/bin/env python3
"""The options that shape the kernel's table, in every combination, and what the program prints for each.

usage: tables.py PROGRAM FOLDER

Writes a file for each policy on overload and each fan-out, with the tables of all its other options, each under a name of its own:
n0, n1, ... Printed outside of the emulated machine, where a start of the program takes a hundredth of the time.
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
FILES = list(itertools.product(("accept", "drop"), ("flow", "address", "cpu")))  # overload, fan-out

Options = collections.namedtuple("Options", "offload hooks words")


def combinations(fanout):
    """All tables of a file, in its order."""
    for offload, hooks, excludes in itertools.product(("mark", "flowtable", "off"), HOOKS, EXCLUDES):
        words = ["--queues", "4-7", "--fanout", fanout, "--offload", offload, *excludes]
        yield Options(offload, hooks, words + [word for hook in hooks for word in ("--hook", hook)])


def file_name(overload, fanout):
    return f"{overload}-{fanout}.nft"


def main(program, folder):
    for overload, fanout in FILES:
        rules = pathlib.Path(folder) / f"{overload}.toml"
        rules.write_text(f'[policy]\noverload = "{overload}"\n')
        text = ""
        for number, options in enumerate(combinations(fanout)):
            command = [program, "--rules", rules, "--print-nft", *options.words]
            table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            own = table.replace("table inet netscope ", f"table inet n{number} ")
            if own == table:
                sys.exit(f"no table inet netscope is printed by {command}")
            text += own
        (pathlib.Path(folder) / file_name(overload, fanout)).write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
