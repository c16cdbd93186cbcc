#!/usr/bin/env python3
"""One line a part of the tests: how many passed, failed and were skipped, and why.

usage: summary.py JUNIT_FILE (of ctest --output-junit)
"""
import collections, sys
import xml.etree.ElementTree as xml


def reason(case):
    said = [line.strip() for line in (case.findtext("system-out") or "").split("\n") if "skipped" in line.lower()]
    return said[-1].removeprefix("skipped: ") if said else "it gave no reason"


parts = collections.defaultdict(collections.Counter)
skips, failures = [], []
for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
    name = case.get("name")
    part = name.split(".")[0]
    status = {"run": "passed", "fail": "failed"}.get(case.get("status"), "skipped")
    parts[part][status] += 1
    parts[part]["seconds"] += float(case.get("time") or 0)
    if status == "skipped":
        skips.append(f"skipped  {name}: {reason(case)}")
    if status == "failed":
        failures.append(f"failed   {name}")

print(f"{'part':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
for part, count in sorted(parts.items()):
    print(f"{part:<12}{count['passed']:>8}{count['failed']:>8}{count['skipped']:>9}{count['seconds']:>9.1f}")
print("\n".join(skips + failures))
