"""usage: split_client.py SERVER NAME PIECE SECONDS: a TLS client that sends its ClientHello in pieces of so many bytes.

Prints its port, and "fetched", or "blocked" when no answer came within the seconds.
"""

import socket
import ssl
import sys
import time

from bed import PATIENCE

server, name, piece, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
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
connection = socket.create_connection((server, 443), timeout=PATIENCE)
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
connection.settimeout(seconds)  # what is blocked may not even be sent: nobody acknowledges it
print(connection.getsockname()[1], end=" ")
try:
    for begin in range(0, len(hello), piece):
        connection.sendall(hello[begin:begin + piece])
        if begin < 200:
            time.sleep(0.002)
    answer = connection.recv(16384)
    print("fetched" if answer else "blocked")
except OSError:
    print("blocked")
