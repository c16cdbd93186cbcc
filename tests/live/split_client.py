"""usage: split_client.py SERVER NAME PIECE: a TLS client that sends its ClientHello in pieces of so many bytes.

Prints "fetched" or "blocked".
"""

import socket
import ssl
import sys
import time

server, name, piece = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
try:
    tls.do_handshake()
except ssl.SSLWantReadError:
    pass
hello = outgoing.read()
connection = socket.create_connection((server, 443), timeout=4)
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
try:
    for begin in range(0, len(hello), piece):
        connection.sendall(hello[begin:begin + piece])
        if begin < 200:
            time.sleep(0.002)
    answer = connection.recv(16384)
    print("fetched" if answer else "blocked")
except OSError:
    print("blocked")
