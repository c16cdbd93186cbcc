"""usage: evasion_client.py VERSION SOURCE SERVER FIRST-PORT BLOCKED ALLOWED SECONDS [every]: every technique by hand.

Each is tried with the blocked and with the allowed name; prints one JSON object a try: technique, kind, name, port of the
client, and whether the server answered. For the allowed name the answer has time, for the blocked one so many seconds.
With "every", the splits at every position are tried instead. The variable NETSCOPE_TECHNIQUES, a pattern, chooses among them.
"""

import concurrent.futures
import itertools
import json
import os
import re
import ssl
import sys
import threading

import evasion_techniques as techniques
import raw_tcp
from bed import PATIENCE

version, source, server, first_port, blocked, allowed, seconds = sys.argv[1:8]
link = raw_tcp.Link(int(version))
ports = itertools.count(int(first_port))
printing = threading.Lock()


def hello(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def request(name):
    return f"GET / HTTP/1.1\r\nUser-Agent: test\r\nHost: {name}\r\nAccept: */*\r\n\r\n".encode()


def http2_request(name):
    return techniques.PREFACE + techniques.headers(name, 1)


def speech(kind, name):
    make = {"tls": hello, "http": request, "http2": http2_request}[kind]
    return techniques.Speech(kind, make(name), name, make("decoy.example"))


def attempt(job):
    technique, what, port, say, handshake = job
    kind, name = what.kind, what.name
    connection = raw_tcp.Connection(link, source, server, port, {"tls": 443, "http": 80, "http2": 8080}[kind])
    before, syn_data, connection.window = handshake or (lambda c: None, lambda s: b"", 64240)
    # What is said with the SYN may be blocked with it.
    opened = connection.open(before, syn_data(what), seconds=3 if handshake and is_blocked(name) else PATIENCE)
    if opened:
        say(connection, what)
        again = any(word in technique for word in techniques.SAID_AGAIN)
        if again and not is_blocked(name) and not connection.wait_for_answer(3):
            connection.segment(what.message)
        connection.wait_for_answer(float(seconds) if is_blocked(name) else PATIENCE)
    answer = connection.answer
    connection.close()
    begins = {"tls": b"\x16", "http": b"HTTP/1.1", "http2": b"\0\0\0\4"}[kind]
    fetched = answer[:1] != b"" and answer.startswith(begins[:len(answer)])
    with printing:
        print(json.dumps({"technique": technique, "kind": kind, "name": name, "port": port, "opened": opened,
                          "fetched": fetched}), flush=True)


def is_blocked(name):
    return name.lower().rstrip(".") == blocked


def jobs():
    """What to try. The messages are made here, in one thread."""
    wanted = re.compile(os.environ.get("NETSCOPE_TECHNIQUES", ""))
    for technique, kind, name, say, handshake in tries():
        if not wanted.search(technique):
            continue
        yield technique, speech(kind, name), next(ports), say, handshake


def tries():
    if sys.argv[8:] == ["every"]:
        for kind in techniques.ALL:
            for position in range(1, len(speech(kind, blocked).message)):
                for order, word in ((1, "split"), (-1, "split and reversed")):
                    say = techniques.split_at(position, order)
                    names = (blocked, allowed) if position % 16 == 0 else (blocked,)
                    yield from ((f"{word} at {position}", kind, name, say, None) for name in names)
        return
    listed = techniques.TECHNIQUES + (techniques.IPV6_ONLY if version == "6" else [])
    for technique, kinds, say in listed:
        for kind, name in itertools.product(kinds, (blocked, allowed)):
            yield technique, kind, name, say, None
    for technique, before, syn_data, window in techniques.HANDSHAKES:
        for kind, name in itertools.product(techniques.ALL, (blocked, allowed)):
            yield technique, kind, name, techniques.plain, (before, syn_data, window)
    for kind, name in itertools.product(techniques.ALL, (blocked, allowed)):
        mixed = "".join(c.upper() if i % 2 else c for i, c in enumerate(name))
        yield "mixed case", kind, mixed, techniques.plain, None
    for name in (blocked, allowed):
        yield "a dot at the end", "http", name + ".", techniques.plain, None


with concurrent.futures.ThreadPoolExecutor(24) as pool:
    for done in [pool.submit(attempt, job) for job in jobs()]:
        done.result()
