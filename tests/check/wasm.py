#!/usr/bin/env python3
"""Proves that the core needs no operating system: a WebAssembly module of all of it imports next to nothing.

usage: wasm.py BUILD_DIR

BUILD_DIR/wasm-core/whole_core.wasm is made with the core for the page (target netscope_wasm): the same objects, with every function
exported and so kept.
"""
import pathlib, sys

# What the browser stubs, and what the C++ library brings along for its abort. No clock, no file is opened.
MAY_IMPORT = {
    "wasi_snapshot_preview1." + name
    for name in ("environ_get", "environ_sizes_get", "fd_close", "fd_seek", "fd_write", "proc_exit")
} | {  # what the page brings along
    "netscope_crypto." + name
    for name in ("sha1_base64", "sha256", "hkdf_extract", "hkdf_expand_label", "aes128_encrypt_block", "aes128_gcm_open")
} | {"netscope_regex.refusal", "netscope_regex.found"}
# The proof is worth what the module holds: one function of each end of the core, which the page may not call.
MUST_HOLD = (b"_ZN8netscope6Worker19forget_silent_flows", b"_ZN8netscope7RuleSet7compile", b"_ZN8netscope11merge_stats")
IMPORTS, EXPORTS = 2, 7  # sections (WebAssembly core specification 5.5)


def leb128(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def sections(data):
    """{id: (where its body begins, ends)}"""
    at, found = 8, {}
    while at < len(data):
        section, (size, body) = data[at], leb128(data, at + 1)
        at = body + size
        found[section] = (body, at)
    return found


def imports(data, at):
    """module.name of each import (5.5.5)."""
    count, here = leb128(data, at)
    for _ in range(count):
        names = []
        for _ in range(2):
            length, here = leb128(data, here)
            names.append(data[here : here + length].decode())
            here += length
        if data[here] != 0:
            raise SystemExit(f"{'.'.join(names)} is no function")
        _, here = leb128(data, here + 1)
        yield ".".join(names)


def main():
    module = pathlib.Path(sys.argv[1]) / "wasm-core" / "whole_core.wasm"
    if not module.exists():
        print("skipped: the core was not built for the browser (clang-19, lld-19, wasi-libc, libc++-19-dev-wasm32)")
        return 77
    data = module.read_bytes()
    found = sections(data)
    exported = data[slice(*found[EXPORTS])]
    if missing := [name.decode() for name in MUST_HOLD if name not in exported]:
        print("the core is not in the module; it lacks", ", ".join(missing))
        return 1
    wanted = set(imports(data, found[IMPORTS][0]))
    print(f"{len(data) >> 10} KiB, imports: {', '.join(sorted(wanted)) or 'none'}")
    if strange := wanted - MAY_IMPORT:
        print("the core reaches for an operating system:", ", ".join(sorted(strange)))
        return 1
    return 0


sys.exit(main())
