"""usage: evasion_quic_client.py VERSION SOURCE SERVER FIRST-PORT FILE: sends what quic_techniques wrote to FILE.

Each try goes from a port of its own, twice over as a client does that hears nothing; prints one JSON object a try:
technique, name, port, and the SHA-256 of the datagrams that the server needs, 32 digits of each.
"""

import hashlib
import json
import socket
import struct
import sys
import time

import raw_tcp
from evasion_techniques import DEATHS

version, source, server, first_port, techniques = sys.argv[1:]
link = raw_tcp.Link(int(version))
TTL = DEATHS["a small TTL"]["ttl"]
BETWEEN_TRIES = 0.25  # seconds


def ip(datagram, port, fate):
    connection = raw_tcp.Connection(link, source, server, port, 443)
    header = struct.pack("!HHHH", port, 443, 8 + len(datagram), 0)
    pseudo = connection.packed(source) + connection.packed(server) + struct.pack("!II", len(header + datagram), 17)
    right = raw_tcp.checksum(pseudo + header + datagram) or 0xffff
    header = header[:6] + struct.pack("!H", right ^ 0x5555 if fate == "checksum" else right)
    return connection.ip(header + datagram, socket.IPPROTO_UDP, TTL if fate == "ttl" else 64)


tries = []
for port, line in enumerate(open(techniques), int(first_port)):
    technique, name, *datagrams = line.rstrip("\n").split("\t")
    sent = [(fate, bytes.fromhex(digits)) for fate, digits in (datagram.split(" ") for datagram in datagrams)]
    listener = socket.socket(socket.AF_INET if version == "4" else socket.AF_INET6, socket.SOCK_DGRAM)
    listener.bind((source, port))  # so that the kernel does not call the port closed when the server answers
    tries.append((technique, name, port, sent, listener))

for _ in range(2):
    for _, _, port, sent, _ in tries:
        for fate, datagram in sent:
            if fate == "wait":
                time.sleep(BETWEEN_TRIES)
                continue
            link.send(ip(datagram, port, fate), server)
            time.sleep(0.002)
    time.sleep(BETWEEN_TRIES)

for technique, name, port, sent, _ in tries:
    needed = [hashlib.sha256(datagram).hexdigest()[:32] for fate, datagram in sent if fate == "true"]
    print(json.dumps({"technique": technique, "name": name, "port": port, "needed": needed}))
