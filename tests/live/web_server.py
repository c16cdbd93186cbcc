"""usage: web_server.py KEY CERTIFICATE: HTTP on 80 and TLS on 443; answers every request with a page and the host's name."""

import asyncio
import ssl
import sys

from bed import PATIENCE

PAUSES = {"/slowly": 0.1, "/steadily": 0.01}  # seconds between two bytes


async def answer(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            target = lines[0].split(" ")[1]
            host = next((line.split(":", 1)[1].strip() for line in lines[1:] if line.lower().startswith("host:")), "")
            if target.startswith("/bytes/"):
                body = bytes(int(target.removeprefix("/bytes/")))
            else:
                body = f"this is {host}\n".encode()
            if target in PAUSES:  # an answer that goes on until the client has enough
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                while True:
                    writer.write(b".")
                    await writer.drain()
                    await asyncio.sleep(PAUSES[target])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, IndexError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def main():
    key, certificate = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    servers = [await asyncio.start_server(answer, None, 80, backlog=4096),
               await asyncio.start_server(answer, None, 443, ssl=context, backlog=4096,
                                          ssl_handshake_timeout=10 * PATIENCE)]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
