"""usage: many_clients.py SERVER COUNT NAME...: so many TLS connections at once, names in turn.

Prints as JSON how many of each name fetched their page.
"""

import asyncio
import json
import ssl
import sys

server, count, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
result = {name: {"fetched": 0, "failed": 0} for name in names}


async def fetch(name):
    async with asyncio.timeout(30):
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(server, 443, ssl=context, server_hostname=name, ssl_handshake_timeout=20), 25)
        writer.write(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        writer.close()
        return head.startswith(b"HTTP/1.1 200")


async def count_one(name):
    try:
        good = await fetch(name)
    except Exception:
        good = False
    result[name]["fetched" if good else "failed"] += 1


async def main():
    await asyncio.gather(*(count_one(names[i % len(names)]) for i in range(count)))
    print(json.dumps(result))


asyncio.run(main())
