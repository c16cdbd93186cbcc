"""Captures as lists of packets: a second reading of pcap and pcapng, which shares no code with the program."""
import collections
import struct

# `time` in nanoseconds since the epoch, None where the format has none.
Packet = collections.namedtuple("Packet", "link time data size_on_wire")


def read_pcap(contents):
    magics = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),
              b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1)}
    order, unit = magics[contents[:4]]
    link = struct.unpack_from(order + "I", contents, 20)[0] & 0xffff
    packets, at = [], 24
    while at < len(contents):
        seconds, fraction, held, size = struct.unpack_from(order + "IIII", contents, at)
        data = contents[at + 16:at + 16 + held]
        assert len(data) == held, f"the record at byte {at} is cut off"
        packets.append(Packet(link, seconds * 10**9 + fraction * unit, data, size))
        at += 16 + held
    return packets


def time_resolution(options, order):
    """Ticks per second that an interface counts in: option 9, a power of ten or of two; microseconds without it."""
    at = 0
    while at + 4 <= len(options):
        code, size = struct.unpack_from(order + "HH", options, at)
        if code == 0:
            break
        if code == 9:
            value = options[at + 4]
            return 2 ** (value & 0x7f) if value & 0x80 else 10 ** value
        at += 4 + (size + 3) // 4 * 4
    return 10**6


def read_pcapng(contents):
    packets, interfaces, at, order = [], [], 0, "<"
    while at < len(contents):
        if contents[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if contents[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, size = struct.unpack_from(order + "II", contents, at)
        body = contents[at + 8:at + size - 4]
        assert size == struct.unpack_from(order + "I", contents, at + size - 4)[0], f"lengths differ at byte {at}"
        if kind == 1:
            interfaces.append((struct.unpack_from(order + "H", body)[0], time_resolution(body[8:], order)))
        elif kind == 6:
            interface, high, low, held, on_wire = struct.unpack_from(order + "IIIII", body)
            link, ticks = interfaces[interface]
            packets.append(Packet(link, (high << 32 | low) * 10**9 // ticks, body[20:20 + held], on_wire))
        elif kind == 3:
            on_wire = struct.unpack_from(order + "I", body)[0]
            packets.append(Packet(interfaces[0][0], None, body[4:4 + on_wire], on_wire))
        at += size
    return packets


def read_capture(contents):
    return read_pcapng(contents) if contents[:4] == b"\x0a\x0d\x0d\x0a" else read_pcap(contents)


def left_out(before, after):
    """The numbers, from 1, of the packets that are in `before` alone. The rest must be `after`, in the same order."""
    numbers, at = [], 0
    for number, packet in enumerate(before, 1):
        if at < len(after) and (packet.link, packet.data) == (after[at].link, after[at].data):
            at += 1
        else:
            numbers.append(number)
    assert at == len(after), f"the output's packet {at + 1} is none of the input's, or in another place"
    return numbers
