"""A QUIC connection that a NAT moves to another port, as tests/golden/quic-moved.pcap has it.

usage: moved_quic.py server CAPTURE ADDRESS    answers as the capture's server does
       moved_quic.py client CAPTURE ADDRESS PORT...
                                               sends what its clients do, from their ports; prints the ports that heard
                                               all of the answers. Those that are named have time for it.
"""

import json
import socket
import struct
import sys

from bed import BRIEFLY, PATIENCE

role, capture, address, *named = sys.argv[1:]
PORT = 443


def conversations(contents):
    """By the client's port: (whether the client sends it, datagram) in order. Ethernet, IPv4 and UDP alone."""
    found, at = {}, 24
    while at < len(contents):
        held = struct.unpack_from("<I", contents, at + 8)[0]
        udp = contents[at + 16 + 14 + 20:at + 16 + held]
        source, destination = struct.unpack_from("!HH", udp)
        by_client = destination == PORT
        found.setdefault(source if by_client else destination, []).append((by_client, udp[8:]))
        at += 16 + held
    return found


def answers(talk):
    """What the server says to each datagram of its clients."""
    said = {}
    for datagrams in talk.values():
        for (by_client, datagram), (next_by_client, answer) in zip(datagrams, datagrams[1:]):
            if by_client and not next_by_client:
                said[datagram] = answer
    return said


with open(capture, "rb") as file:
    talk = conversations(file.read())
if role == "server":
    said = answers(talk)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, PORT))
        while True:
            datagram, client = server.recvfrom(65535)
            if datagram in said:
                server.sendto(said[datagram], client)

heard = []
for port, datagrams in sorted(talk.items()):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("", port))
        client.connect((address, PORT))
        client.settimeout(PATIENCE if str(port) in named else BRIEFLY)
        try:
            for by_client, datagram in datagrams:
                if by_client:
                    client.send(datagram)
                elif client.recv(65535) != datagram:
                    break
            else:
                heard.append(port)
        except OSError:  # no answer came
            pass
print(json.dumps(heard))
