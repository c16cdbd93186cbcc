#!/usr/bin/env python3
"""Compares the JA4 fingerprints of real captures with those that other programs published of them.

usage: ja4_test.py PROGRAM CORPUS; exits with 77 where the captures are not to be had.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

CHROME = "t13d1516h2_8daaf6152771_e5627efa2ab1"
# By capture, sorted. "ja4": python/test/testdata of FoxIO's own implementation; "ndpi": tests/cfgs/default/result.
PUBLISHED = {
    "ja4~browsers-x509.pcapng": [CHROME, CHROME, CHROME],
    "ndpi~quic-v2.pcapng": ["q13d0310h3_55b375c5d22e_0a3b52e28cea"],
    "ndpi~dtls_certificate_fragments.pcap": ["dd2i120700_7c0e62f61317_d9dd6182da81",
                                             "dd2i800500_9cedc1f1428b_a1e935682795"],
}
# FoxIO's gives none for the QUIC connections of these.
OVER_TCP = {"ja4~chrome-cloudflare-quic-with-secrets.pcapng": [CHROME]}


def fingerprints(program, capture):
    with tempfile.TemporaryDirectory() as work:
        flows = pathlib.Path(work) / "flows.jsonl"
        subprocess.run([program, "--pcap", capture, "--report", "none", "--flows", flows], check=True, timeout=60)
        told = [json.loads(line) for line in flows.read_text().splitlines()]
    return sorted(flow[kind]["ja4"] for flow in told for kind in ("tls", "quic", "dtls") if "ja4" in flow.get(kind, {}))


def main():
    program, corpus = sys.argv[1], pathlib.Path(sys.argv[2]) / "pcap"
    compared = failed = 0
    for name, expected in (PUBLISHED | OVER_TCP).items():
        if not (corpus / name).exists():
            continue
        compared += 1
        found = fingerprints(program, corpus / name)
        if name in OVER_TCP:
            found = [ja4 for ja4 in found if ja4[0] == "t"]
        if found != expected:
            failed += 1
            print(f"{name}: {found}, where {expected} is published")
    if compared == 0:
        print(f"skipped: none of the captures with published fingerprints is in {corpus}")
        return 77
    print(f"{compared} captures compared, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
