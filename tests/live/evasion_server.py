"""usage: evasion_server.py KEY CERTIFICATE LOG: HTTP on 80, HTTP/2 on 8080 and TLS on 443, as lenient as the most lenient server.

Each name that a client asked for goes to LOG as "PORT-OF-THE-CLIENT NAME"; a datagram to 443 as "PORT #" and the first
32 digits of its SHA-256, and is answered by its own last 16 bytes.
"""

import hashlib
import socket
import ssl
import sys
import threading

from bed import PATIENCE
from raw_tcp import SO_RCVBUFFORCE

key, certificate, log_name = sys.argv[1:]
log = open(log_name, "a", buffering=1)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


def note(peer, name):
    log.write(f"{peer[1]} {name}\n")


context.sni_callback = lambda connection, name, _: note(connection.getpeername(), name)


def speak_tls(connection, peer):
    with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
        secured.do_handshake()


def lines_of(connection):
    held = b""
    while True:
        while b"\n" not in held:
            more = connection.recv(4096)
            if not more:
                return
            held += more
        line, held = held.split(b"\n", 1)
        yield line.rstrip(b"\r")


def speak_http(connection, peer):
    request, host = b"", None
    for line in lines_of(connection):
        if not request:
            request = line  # empty lines ahead are passed over
        elif line:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"host":
                host = value.strip().decode("latin-1")
        else:
            note(peer, host)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")
            request, host = b"", None


def take(connection, size):
    held = b""
    while len(held) < size:
        more = connection.recv(size - len(held))
        if not more:
            raise OSError
        held += more
    return held


def plain_fields(block):
    """Literals without a code and without an index, as the client writes them."""
    at, texts = 0, []
    while at < len(block):
        at += 1 if len(texts) % 2 == 0 else 0
        texts.append(block[at + 1:at + 1 + block[at]].decode("latin-1"))
        at += 1 + block[at]
    return dict(zip(texts[::2], texts[1::2]))


def speak_http2(connection, peer):
    if take(connection, 24) != b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
        return
    block = b""
    while True:
        head = take(connection, 9)
        payload = take(connection, int.from_bytes(head[:3], "big"))
        if head[3] == 1:
            padding = payload[0] if head[4] & 8 else 0
            payload = payload[(1 if head[4] & 8 else 0) + (5 if head[4] & 0x20 else 0):len(payload) - padding]
            block = b""
        block += payload if head[3] in (1, 9) else b""
        if head[3] in (1, 9) and head[4] & 4:
            note(peer, plain_fields(block).get(":authority"))
            connection.sendall(b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\1\5" + head[5:] + b"\x88")


def serve_one(speak, connection, peer):
    try:
        with connection:
            connection.settimeout(2 * PATIENCE)
            speak(connection, peer)
    except (OSError, IndexError):
        pass


def serve(port, speak):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True)
    while True:
        threading.Thread(target=serve_one, args=(speak, *listener.accept()), daemon=True).start()


def serve_datagrams():
    receiver = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)  # to be noted later, when the machine is slow
    receiver.bind(("::", 443))
    while True:
        datagram, peer = receiver.recvfrom(65535)
        note(peer, "#" + hashlib.sha256(datagram).hexdigest()[:32])
        receiver.sendto(datagram[-16:], peer)


threading.Thread(target=serve, args=(80, speak_http), daemon=True).start()
threading.Thread(target=serve, args=(8080, speak_http2), daemon=True).start()
threading.Thread(target=serve, args=(443, speak_tls), daemon=True).start()
serve_datagrams()
