"""TCP by hand: a connection whose every segment is made here, so that it can say what no kernel would.

The kernel knows nothing of these connections and would reset them; the caller keeps its resets away (evasion_test.py).
"""

import functools
import json
import os
import random
import socket
import struct
import subprocess
import threading
import time

SO_RCVBUFFORCE = 33  # of Linux; Python has no name for it
OWN_WINDOW = 4711  # of what a client tells itself, in its server's name
MARK = 7  # of packets made here: only the kernel's own resets are kept away
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
HEADER_BYTES_4, HEADER_BYTES_6 = 20, 40


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Link:
    """Sends whole IP packets, and deals what arrives to the connections by their ports. For all threads of a process."""

    def __init__(self, version):
        self.version = version
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        self.out = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.out.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        self.into = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800 if version == 4 else 0x86dd))
        self.into.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)  # dealing may be slower than what comes
        self.connections = {}
        threading.Thread(target=self.deal, daemon=True).start()

        self.kind = 0x0800 if version == 4 else 0x86dd
        self.beside = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)  # to whom it is handed whatever its address

    def send(self, packet, destination):
        self.out.sendto(packet, (destination, 0))

    def hand_to_gateway(self, packet):
        if self.version == 4:  # no kernel completes it
            packet = packet[:10] + struct.pack("!H", checksum(packet[:HEADER_BYTES_4])) + packet[12:]
        self.beside.sendto(packet, ("eth0", self.kind, 0, 0, self.gateway()))

    @functools.cache
    def gateway(self):
        """Its address on the link; it was spoken to before."""
        told = subprocess.run(["ip", "-j", "neighbour", "show", "dev", "eth0"], capture_output=True, check=True).stdout
        known = next(one["lladdr"] for one in json.loads(told) if "lladdr" in one)
        return bytes.fromhex(known.replace(":", ""))

    def deal(self):
        while True:
            packet, address = self.into.recvfrom(65535)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            begin = (packet[0] & 15) * 4 if self.version == 4 else HEADER_BYTES_6
            protocol = packet[9] if self.version == 4 else packet[6]
            if protocol != socket.IPPROTO_TCP or len(packet) < begin + 20:
                continue
            connection = self.connections.get(struct.unpack_from("!H", packet, begin + 2)[0])
            if connection is not None:
                connection.take(packet[begin:])


class Connection:
    def __init__(self, link, source, server, source_port, port):
        self.link, self.source, self.server, self.source_port, self.port = link, source, server, source_port, port
        self.first = random.getrandbits(32)  # sequence number of the SYN
        self.next_expected = 0               # of the server's bytes
        self.established = threading.Event()
        self.answered = threading.Event()
        self.answer = b""
        self.reset = False
        self.window = 64240
        link.connections[source_port] = self

    def close(self):
        self.segment(flags=RST, offset=self.sent)
        del self.link.connections[self.source_port]

    sent = 0  # what is known to have been said; for the reset at the end

    # --- what arrives

    def take(self, segment):
        sequence, acknowledged, offset, flags, window = struct.unpack_from("!IIBBH", segment, 4)
        if window == OWN_WINDOW:
            return
        if flags & RST:
            self.reset = True
            self.answered.set()
            return
        if flags & SYN:
            if acknowledged != (self.first + 1) % 2**32 or self.established.is_set():
                return
            self.next_expected = (sequence + 1) % 2**32
            self.established.set()
            return
        payload = segment[(offset >> 4) * 4:]
        if payload and sequence == self.next_expected:
            self.next_expected = (self.next_expected + len(payload)) % 2**32
            self.answer += payload
            self.acknowledge()
            self.answered.set()

    # --- what is sent

    def tcp(self, data, sequence, flags, acknowledgment, options=b"", urgent=0, sum_is_wrong=False, ports=None, window=None):
        options += b"\1" * (-len(options) % 4)
        header = struct.pack("!HHIIBBHHH", *(ports or (self.source_port, self.port)), sequence % 2**32, acknowledgment % 2**32,
                             (20 + len(options)) // 4 << 4, flags, window or self.window, 0, urgent) + options
        pseudo = self.packed(self.source) + self.packed(self.server) + struct.pack("!II", len(header + data), 6)
        right = checksum(pseudo + header + data)
        return header[:16] + struct.pack("!H", right ^ 0x5555 if sum_is_wrong else right) + header[18:] + data

    def packed(self, address):
        return socket.inet_pton(socket.AF_INET if self.link.version == 4 else socket.AF_INET6, address)

    def ip(self, payload, protocol=socket.IPPROTO_TCP, ttl=64, identification=0, fragment=0, ends=None):
        source, destination = map(self.packed, ends or (self.source, self.server))
        if self.link.version == 4:
            return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, ttl, protocol,
                               0) + source + destination + payload
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + source + destination + payload

    def segment(self, data=b"", offset=0, flags=ACK | PSH, ttl=64, options=b"", urgent=0, wrong_checksum=False,
                acknowledgment=None, extensions=(), pieces=0):
        """One segment; `offset` counts from the first byte behind the SYN. `extensions`: IPv6 extension headers as
        (number, bytes behind its first); `pieces`: IP fragments of so many bytes, of which the last goes first."""
        acknowledgment = self.next_expected if acknowledgment is None else acknowledgment
        payload = self.tcp(data, self.first + 1 + offset, flags, acknowledgment, options, urgent, wrong_checksum)
        protocol = socket.IPPROTO_TCP
        if pieces:
            packets = self.fragments(payload, pieces, ttl)
        else:
            for number, body in reversed(extensions):
                payload = bytes([protocol]) + body + payload
                protocol = number
            packets = [self.ip(payload, protocol, ttl)]
        for packet in packets:
            self.link.send(packet, self.server)
        self.sent = max(self.sent, offset + len(data)) if ttl == 64 and not wrong_checksum and not options else self.sent

    def as_server(self, data=b"", flags=ACK | PSH, offset=0, acknowledged=0):
        """A segment that bears the server's address, through the gateway and back; offsets count from the first bytes of both sides
        behind their SYNs."""
        payload = self.tcp(data, self.next_expected + offset, flags, self.first + 1 + acknowledged,
                           ports=(self.port, self.source_port), window=OWN_WINDOW)
        self.link.hand_to_gateway(self.ip(payload, ends=(self.server, self.source)))

    def fragments(self, payload, size, ttl):
        number = random.getrandbits(16)
        made = []
        for begin in range(0, len(payload), size):
            piece, more = payload[begin:begin + size], begin + size < len(payload)
            if self.link.version == 4:
                made.append(self.ip(piece, ttl=ttl, identification=number, fragment=begin // 8 | (0x2000 if more else 0)))
            else:
                header = struct.pack("!BBHI", socket.IPPROTO_TCP, 0, begin | int(more), number)
                made.append(self.ip(header + piece, 44, ttl))
        return list(reversed(made))

    def acknowledge(self):
        self.segment(flags=ACK, offset=self.sent)

    def open(self, before=lambda connection: None, syn_data=b"", syn_options=b"", seconds=3):
        """The handshake. False when nobody answers within the seconds."""
        before(self)
        for _ in range(seconds):
            self.segment(syn_data, offset=-1, flags=SYN, options=b"\2\4\5\xb4" + syn_options, acknowledgment=0)
            self.sent = 0
            if self.established.wait(1):
                self.acknowledge()
                return True
        return False

    def wait_for_answer(self, seconds):
        self.answered.wait(seconds)
        return self.answer
