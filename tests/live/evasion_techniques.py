"""What tools made to slip past a DPI do (zapret, GoodbyeDPI, Geneva, byedpi), each as one function.

A technique gets an open connection, what is to be said (a ClientHello or a request), where in it the name stands, and a
decoy: the same for an innocent name. Packets that the server shall not take "die" on the way.
"""

import os
import struct
import time

from raw_tcp import ACK, FIN, PSH, RST, SYN, URG

MD5_OPTION = b"\x13\x12" + bytes(16)  # RFC 2385; a server without a key drops what carries it
DEATHS = {
    "a small TTL": {"ttl": 2},
    "a bad checksum": {"wrong_checksum": True},
    "an MD5 signature": {"options": MD5_OPTION},
}
DIES = DEATHS["a small TTL"]


class Speech:
    """What one connection is to say."""

    def __init__(self, kind, message, name, decoy):
        self.kind, self.name, self.message, self.decoy = kind, name, message, decoy
        self.at = message.lower().index(name.lower().encode())
        self.middle = self.at + len(name) // 2


def masked(speech, begin=0, end=None):
    """The message with other letters for its name: a fake of the same length."""
    end = len(speech.message) if end is None else end
    text = bytearray(speech.message)
    for i in range(speech.at, speech.at + 7):
        text[i] = ord("x")
    return bytes(text[begin:end])


def plain(c, s):
    c.segment(s.message)


def in_pieces(cuts, order=1):
    def say(c, s):
        ends = sorted({cut for cut in cuts(s) if 0 < cut < len(s.message)}) + [len(s.message)]
        pieces = list(zip([0] + ends[:-1], ends))
        for begin, end in pieces[::order]:
            c.segment(s.message[begin:end], begin)
    return say


def split_at(position, order):
    return in_pieces(lambda s: [position], order)


def first_copy_true(c, s):
    # Linux keeps the copy of the segment that begins earlier.
    c.segment(s.message[1:s.middle], 1)
    c.segment(masked(s, s.at, len(s.message)), s.at)
    c.segment(s.message[:1])
    c.segment(s.message[s.middle:], s.middle)


def last_copy_true(c, s):
    c.segment(masked(s, s.at), s.at)
    c.segment(s.message[:s.at + 12])


def fake_ahead(death, what=lambda s: s.decoy):
    def say(c, s):
        c.segment(what(s), **death)
        c.segment(s.message)
    return say


def fake_ahead_of_pieces(order):
    def say(c, s):
        c.segment(s.decoy, **DIES)
        in_pieces(lambda s: [s.middle], order)(c, s)
    return say


def short_fake_ahead_of_reversed_pieces(c, s):
    c.segment(s.decoy[:40], **DIES)
    in_pieces(lambda s: [s.middle], -1)(c, s)


def fake_around_each_piece(filler):
    def say(c, s):
        for begin, end in ((0, s.middle), (s.middle, len(s.message))):
            for data, death in ((filler(s, begin, end), DIES), (s.message[begin:end], {}), (filler(s, begin, end), DIES)):
                c.segment(data, begin, **death)
    return say


def fake_of_the_name_alone(c, s):
    c.segment(s.message[:1], **DIES)
    c.segment(masked(s, 1), 1, **DIES)
    c.segment(s.message[s.at:s.at + 12], s.at)
    c.segment(s.message[:s.at])
    c.segment(s.message[s.at + 12:], s.at + 12)


def fake_elsewhere(offset, death):
    def say(c, s):
        c.segment(s.decoy, offset, **death)
        in_pieces(lambda s: [s.middle])(c, s)
    return say


def many_fakes(count):
    def say(c, s):
        for i in range(count):
            c.segment(os.urandom(len(s.message)), **DIES)
        c.segment(s.message)
    return say


def many_scattered_fakes(c, s):
    for i in range(1200):
        c.segment(b"x", 5000 + 2 * i, **DIES)
    in_pieces(lambda s: [s.middle])(c, s)


def different_retransmission(c, s):
    in_pieces(lambda s: [s.middle])(c, s)
    c.segment(masked(s), **DIES)


def old_acknowledgment(c, s):
    c.segment(s.decoy, acknowledgment=(c.next_expected - 66000) % 2**32)
    c.segment(s.message)


def control_ahead(flags, death, offset=0):
    def say(c, s):
        c.segment(flags=flags, offset=offset, **death)
        in_pieces(lambda s: [s.middle])(c, s)
    return say


def reset_and_syn(c, s):
    c.segment(flags=RST, **DIES)
    c.segment(flags=SYN, offset=700000, acknowledgment=0, **DIES)
    in_pieces(lambda s: [s.middle])(c, s)


def syn_elsewhere(c, s):
    c.segment(flags=SYN, offset=700000, acknowledgment=0, **DIES)
    in_pieces(lambda s: [s.middle], -1)(c, s)


def reset_and_pause(c, s):
    c.segment(flags=RST, **DIES)
    time.sleep(12)  # longer than what has ended is remembered
    in_pieces(lambda s: [s.middle], -1)(c, s)


def reset_and_syn_between(death):
    def say(c, s):
        c.segment(s.message[:s.middle])
        c.segment(flags=RST, offset=s.middle, **death)
        c.segment(flags=SYN, offset=s.middle - 1, acknowledgment=0, **death)
        c.segment(s.message[s.middle:], s.middle)
    return say


def answered_by_itself(what, flags=ACK | PSH):
    def say(c, s):
        c.segment(s.message[:s.middle])
        c.as_server(what(s), flags, acknowledged=s.middle)
        c.segment(s.message[s.middle:], s.middle)
    return say


def ended_by_itself(flags):
    def say(c, s):
        c.as_server(flags=flags)
        c.segment(flags=FIN | ACK, **DIES)
        time.sleep(12)
        in_pieces(lambda s: [s.middle], -1)(c, s)
    return say


def reset_between(c, s):
    c.segment(s.message[:s.middle])
    c.segment(flags=RST | ACK, offset=s.middle, **DIES)
    c.segment(s.message[s.middle:], s.middle)


def urgent_byte(where, ):
    def say(c, s):
        at = where(s)
        c.segment(s.message[:at] + b"!" + s.message[at:], flags=ACK | PSH | URG, urgent=at + 1)
    return say


def in_fragments(size):
    return lambda c, s: c.segment(s.message, pieces=size)


def behind(extensions):
    return lambda c, s: c.segment(s.message, extensions=extensions)


def one_byte_a_record(s):
    body = s.message[5:]
    return b"".join(s.message[:3] + b"\0\1" + body[i:i + 1] for i in range(len(body)))


def records(c, s):
    message = one_byte_a_record(s)
    for begin in range(0, len(message), 1400):
        c.segment(message[begin:begin + 1400], begin)


def two_records(c, s):
    cut, body = s.middle - 5, s.message[5:]
    c.segment(b"".join(s.message[:3] + struct.pack("!H", len(part)) + part for part in (body[:cut], body[cut:])))


def rewritten(change):
    """A request said otherwise: `change` works on its text."""
    return lambda c, s: c.segment(change(s.message))


def two_requests(c, s):
    c.segment(s.decoy + s.message)


def frame(kind, flags, stream, payload=b""):
    """RFC 9113, section 4.1."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def headers(name, stream):
    """A request of HTTP/2 in one frame, its fields as plain literals (RFC 7541, section 6.2.2)."""
    fields = {":method": "GET", ":scheme": "http", ":path": "/", ":authority": name}
    return frame(1, 5, stream, b"".join(bytes([0, len(field)]) + field.encode() + bytes([len(value)]) + value.encode()
                                        for field, value in fields.items()))


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)


def second_stream(c, s):
    c.segment(s.decoy + headers(s.name, 3))


def in_continuations(c, s):
    block = headers(s.name, 1)[9:]
    cut = block.index(s.name.encode()) + 4
    c.segment(PREFACE + frame(1, 1, 1, block[:cut]) + frame(9, 0, 1) + frame(9, 4, 1, block[cut:]))


def padded(c, s):
    block = headers(s.name, 1)[9:]
    c.segment(PREFACE + frame(6, 0, 0, bytes(8)) + frame(1, 0x2d, 1, bytes([77, 0, 0, 0, 0, 9]) + block + bytes(77)))


def server_like(s):
    return {"tls": b"\x16\x03\x03\0\x40\2\0\0\x3c" + bytes(60), "http": b"HTTP/1.1 200 OK\r\n\r\n",
            "http2": frame(4, 0, 0) + frame(1, 5, 1, b"\x88")}[s.kind]


def broken_like(s):
    return {"tls": b"\x16\x03\1\0\x40\1\0\0\x3c\3\3" + b"\xff" * 58, "http": b"GET / SIP/2.0\r\n\r\n",
            "http2": PREFACE + frame(1, 5, 1, b"\xbf")}[s.kind]


ALL = ("tls", "http", "http2")
OPENINGS = {"zeros": lambda s: bytes(300), "random bytes": lambda s: os.urandom(300),
            "a server's answer": server_like, "a broken message": broken_like,
            "an SSH banner": lambda s: b"SSH-2.0-OpenSSH_9.2\r\n", "a mail client": lambda s: b"EHLO there\r\n",
            "a DNS query": lambda s: bytes.fromhex("001d1234010000010000000000000477696e6504686f6d65026e6c0000010001"),
            "an upload": lambda s: b"POST / HTTP/1.1\r\nHost: other.example\r\nContent-Length: 1000000\r\n\r\n"}

# To conntrack these connections have ended. It takes up what follows as new ones, and where two packets of such a one wait
# for their verdicts at once, it drops one (__nf_conntrack_confirm): a client says it again.
SAID_AGAIN = ("RST",)
# name, kinds, what is done
TECHNIQUES = [
    ("nothing special", ALL, plain),
    ("one byte a segment", ALL, in_pieces(lambda s: range(1, len(s.message)))),
    ("one byte a segment, in reverse", ALL, in_pieces(lambda s: range(1, len(s.message)), -1)),
    ("three pieces in reverse", ALL, in_pieces(lambda s: [s.at, s.middle], -1)),
    ("an overlap whose first copy is true", ALL, first_copy_true),
    ("an overlap whose last copy is true", ALL, last_copy_true),
    *((f"a fake ahead that dies of {how}", ALL, fake_ahead(death)) for how, death in DEATHS.items()),
    *((f"{what} ahead, which dies", ALL, fake_ahead(DIES, make)) for what, make in OPENINGS.items()),
    ("a fake ahead of two pieces", ALL, fake_ahead_of_pieces(1)),
    ("a fake ahead of two pieces in reverse", ALL, fake_ahead_of_pieces(-1)),
    ("a short fake ahead of two pieces in reverse", ALL, short_fake_ahead_of_reversed_pieces),
    ("fakes of zeros around each piece", ALL, fake_around_each_piece(lambda s, b, e: bytes(e - b))),
    ("fakes of another name around each piece", ALL, fake_around_each_piece(masked)),
    ("a fake in pieces, its name told again first", ALL, fake_of_the_name_alone),
    ("eleven random fakes ahead", ALL, many_fakes(11)),
    ("a fake 10,000 bytes back", ALL, fake_elsewhere(-10000, {})),
    *((f"a fake {ahead:,} bytes ahead", ALL, fake_elsewhere(ahead, DIES)) for ahead in (3000, 32700, 40000, 900000)),
    ("1,200 scattered bytes ahead", ALL, many_scattered_fakes),
    ("a retransmission that differs", ALL, different_retransmission),
    ("a fake with an old acknowledgment", ALL, old_acknowledgment),
    *((f"{what} that dies of {how}", ALL, control_ahead(flags, death)) for how, death in DEATHS.items()
      for what, flags in (("a RST", RST), ("a RST/ACK", RST | ACK), ("a FIN", FIN | ACK), ("a SYN/ACK", SYN | ACK))),
    ("a RST outside of the window", ALL, control_ahead(RST, {}, -70000)),
    ("a RST between two pieces", ALL, reset_between),
    ("a SYN with another sequence number", ALL, syn_elsewhere),
    ("a RST, then a SYN with another sequence number", ALL, reset_and_syn),
    ("a RST that dies, and a pause of 12 s", ALL, reset_and_pause),
    *((f"a RST and a SYN between two pieces that die of {how}", ALL, reset_and_syn_between(death))
      for how, death in DEATHS.items()),
    *((f"{what} in the server's name, from the client", ALL, answered_by_itself(make)) for what, make in OPENINGS.items()),
    *((f"a {what} in the server's name, from the client", ALL, answered_by_itself(lambda s: b"", flags))
      for what, flags in (("SYN/ACK", SYN | ACK), ("RST", RST), ("FIN", FIN | ACK))),
    *((f"a {what} in the server's name, and a pause of 12 s", ALL, ended_by_itself(flags))
      for what, flags in (("RST", RST), ("FIN", FIN | ACK))),
    ("an urgent byte within the name", ALL, urgent_byte(lambda s: s.middle)),
    ("an urgent byte ahead", ALL, urgent_byte(lambda s: 0)),
    ("IP fragments of 24 bytes in reverse", ALL, in_fragments(24)),
    ("IP fragments of 64 bytes in reverse", ALL, in_fragments(64)),
    ("one byte a record", ("tls",), records),
    ("two records, cut in the name", ("tls",), two_records),
    ("a second request behind an innocent one", ("http",), two_requests),
    ("a second request behind an innocent one", ("http2",), second_stream),
    ("a request in three frames, cut in the name", ("http2",), in_continuations),
    ("a padded request", ("http2",), padded),
    ("an empty line ahead", ("http",), rewritten(lambda m: b"\r\n" + m)),
    ("bare line feeds ahead", ("http",), rewritten(lambda m: b"\n" * 9 + m)),
    ("a thousand empty lines ahead", ("http",), rewritten(lambda m: b"\r\n" * 500 + b"\n" * 300 + m)),
    ("bare line feeds within", ("http",), rewritten(lambda m: m.replace(b"\r\n", b"\n"))),
    ("hoSt:", ("http",), rewritten(lambda m: m.replace(b"Host:", b"hoSt:"))),
    ("no space behind Host:", ("http",), rewritten(lambda m: m.replace(b"Host: ", b"Host:"))),
    ("a space ahead of the colon", ("http",), rewritten(lambda m: m.replace(b"Host: ", b"Host : "))),
    ("tabs around the name", ("http",), rewritten(lambda m: m.replace(b"Host: ", b"Host:\t \t").replace(
        b"\r\nAccept", b" \t\r\nAccept"))),
    ("a long field ahead of Host", ("http",), rewritten(lambda m: m.replace(b"Host:", b"X: " + b"y" * 1200 +
                                                                           b"\r\nHost:"))),
]
IPV6_ONLY = [
    ("an extension header", ALL, behind([(60, b"\0\1\4\0\0\0\0")])),
    ("three extension headers", ALL, behind([(0, b"\0\1\4\0\0\0\0"), (60, b"\0\1\4\0\0\0\0"), (60, b"\0\1\4\0\0\0\0")])),
    ("forty extension headers", ALL, behind([(60, b"\0\1\4\0\0\0\0")] * 40)),
    ("an atomic fragment", ALL, behind([(44, b"\0\0\0\1\2\3\4")])),
]
# What is done before or with the SYN: (name, before, data of the SYN, window)
HANDSHAKES = [
    ("a fake in the SYN", lambda c: None, lambda s: s.decoy, 64240),
    ("the message in the SYN", lambda c: None, lambda s: s.message, 64240),
    ("a SYN/ACK ahead of the SYN", lambda c: c.segment(flags=SYN | ACK, offset=-1, acknowledgment=1, ttl=2),
     lambda s: b"", 64240),
    ("a SYN with another sequence number ahead", lambda c: c.segment(flags=SYN, offset=5000, acknowledgment=0, ttl=2),
     lambda s: b"", 64240),
    ("a SYN/ACK in the server's name ahead of the SYN", lambda c: c.as_server(flags=SYN | ACK, acknowledged=9000),
     lambda s: b"", 64240),
    ("a tiny window", lambda c: None, lambda s: b"", 2),
]
