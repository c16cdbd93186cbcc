"""usage: ech_client.py SERVER NAME: a TLS client whose ClientHello has an encrypted_client_hello extension (GREASE).

Prints "fetched", "blocked" when it is told so, or "nothing" when it is left waiting.
"""

import os
import socket
import ssl
import sys

from bed import PATIENCE

ECH = 0xfe0d


def with_ech(record):
    """The record with one more extension, and the four lengths around it put right."""
    # type 0, cipher suite, config id, an encapsulated key and a payload of random bytes
    body = b"\x00\x00\x01\x00\x01\x2a" + b"\x00\x20" + os.urandom(32) + b"\x00\x90" + os.urandom(144)
    extension = ECH.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
    hello = bytearray(record) + extension
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]  # session id
    at += 2 + int.from_bytes(hello[at:at + 2], "big")  # cipher suites
    at += 1 + hello[at]  # compression
    for place, size in ((3, 2), (6, 3), (at, 2)):
        length = int.from_bytes(hello[place:place + size], "big") + len(extension)
        hello[place:place + size] = length.to_bytes(size, "big")
    return bytes(hello)


server, name = sys.argv[1], sys.argv[2]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
try:
    tls.do_handshake()
except ssl.SSLWantReadError:
    pass
connection = socket.create_connection((server, 443), timeout=PATIENCE)
try:
    connection.sendall(with_ech(outgoing.read()))
    answer = connection.recv(16384)
    print("fetched" if answer[:1] == b"\x16" else "blocked")
except TimeoutError:
    print("nothing")
except OSError:
    print("blocked")
