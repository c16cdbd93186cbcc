"""usage: many_clients.py SERVER COUNT NAME...: so many TLS connections at once, names in turn.

Prints as JSON how many of each name fetched their page. By a name that is written as -NAME nothing must be fetched: it
counts as soon as the server answers a ClientHello, until all others have their pages and briefly then.
"""

import asyncio
import json
import ssl
import sys

from bed import BRIEFLY, PATIENCE

server, count, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
result = {name.removeprefix("-"): {"fetched": 0, "failed": 0} for name in names}


async def fetch(name):
    async with asyncio.timeout(2 * PATIENCE):
        reader, writer = await asyncio.open_connection(server, 443, ssl=context, server_hostname=name,
                                                       ssl_handshake_timeout=2 * PATIENCE)
        writer.write(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return head.startswith(b"HTTP/1.1 200")


def hello(name):
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


async def say_hello(name):
    async with asyncio.timeout(2 * PATIENCE):
        reader, writer = await asyncio.open_connection(server, 443)
        writer.write(hello(name))
        await writer.drain()
        return reader, writer


async def count_one(name):
    try:
        good = await fetch(name)
    except Exception:
        good = False
    result[name]["fetched" if good else "failed"] += 1


async def count_answered(name, reader, writer):
    try:
        good = await asyncio.wait_for(reader.read(1), BRIEFLY) != b""
    except (OSError, TimeoutError):
        good = False
    writer.close()
    result[name]["fetched" if good else "failed"] += 1


async def main():
    turns = [names[i % len(names)] for i in range(count)]
    pages = asyncio.gather(*(count_one(name) for name in turns if not name.startswith("-")))
    held = [name.removeprefix("-") for name in turns if name.startswith("-")]
    connections = await asyncio.gather(*map(say_hello, held))
    await pages
    await asyncio.gather(*(count_answered(name, *ends) for name, ends in zip(held, connections)))
    print(json.dumps(result))


asyncio.run(main())
