#!/usr/bin/env python3
"""One line a part of the tests: how many passed, failed and were skipped, and why.

usage: summary.py JUNIT_FILE (of ctest --output-junit)
"""
import collections, re, sys
import xml.etree.ElementTree as xml


def reason(case):
    said = [line.strip() for line in (case.findtext("system-out") or "").split("\n") if "skipped" in line.lower()]
    return said[-1].removeprefix("skipped: ") if said else "it gave no reason"


COMPLAINT = re.compile(r"\bFAIL|\bfailed\b|[Ee]rror\b|Failure$|AddressSanitizer|WARNING: Thread")


def complaints(case):
    """The few lines of a failed test's output that say what failed; without any, its last ones."""
    said = [line.rstrip() for line in (case.findtext("system-out") or "").split("\n") if line.strip()]
    telling = [line for line in said if COMPLAINT.search(line)]
    return telling[:6] if telling else said[-6:]


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
        failures += [f"         {line.strip()[:240]}" for line in complaints(case)]

print(f"{'part':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
for part, count in sorted(parts.items()):
    print(f"{part:<12}{count['passed']:>8}{count['failed']:>8}{count['skipped']:>9}{count['seconds']:>9.1f}")
print("\n".join(skips + failures))
