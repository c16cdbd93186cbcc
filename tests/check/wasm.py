#!/usr/bin/env python3
"""Proves that the core needs no operating system: it compiles for WebAssembly, and a module of all of it imports next to nothing.

usage: wasm.py ROOT BUILD_DIR

BUILD_DIR holds generated/built_in_catalogue.inc.
"""
import concurrent.futures, os, pathlib, shutil, subprocess, sys

CORE = ["base", "net", "dpi", "flow", "policy", "engine", "capture", "output", "view", "crypto/browser", "regex", "regex/browser"]
CLANG = "clang++-19"
FLAGS = ["--target=wasm32-wasi", "-std=c++23", "-fno-exceptions", "-fno-rtti", "-stdlib=libc++", "-O1", "-Wall", "-Wextra", "-Werror",
         "-fvisibility=default"]  # for WebAssembly, clang hides what is not marked
# What the browser stubs, and what the C++ library brings along for its abort. No clock, no file is opened.
MAY_IMPORT = {
    "wasi_snapshot_preview1." + name
    for name in ("environ_get", "environ_sizes_get", "fd_close", "fd_seek", "fd_write", "proc_exit")
} | {  # what the page brings along
    "netscope_crypto." + name
    for name in ("sha1_base64", "sha256", "hkdf_extract", "hkdf_expand_label", "aes128_encrypt_block", "aes128_gcm_open")
} | {"netscope_regex.refusal", "netscope_regex.found"}


def available():
    if not shutil.which(CLANG) or not shutil.which("wasm-ld-19"):
        return f"{CLANG} or wasm-ld-19 is missing"
    probe = "#include <string>\nint main() { return int(std::string().size()); }\n"
    done = subprocess.run([CLANG, *FLAGS[:5], "-x", "c++", "-", "-o", os.devnull], input=probe, capture_output=True, text=True)
    return "" if done.returncode == 0 else "wasi-libc, libc++-19-dev-wasm32 or libclang-rt-19-dev-wasm32 is missing"


def leb128(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def imports(data):
    """module.name of each import (WebAssembly core specification 5.5.5)."""
    at, found = 8, []
    while at < len(data):
        section, (size, body) = data[at], leb128(data, at + 1)
        at = body + size
        if section != 2:
            continue
        count, here = leb128(data, body)
        for _ in range(count):
            names = []
            for _ in range(2):
                length, here = leb128(data, here)
                names.append(data[here : here + length].decode())
                here += length
            if data[here] != 0:
                raise SystemExit(f"{'.'.join(names)} is no function")
            _, here = leb128(data, here + 1)
            found.append(".".join(names))
    return found


def main():
    root, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    if why := available():
        print("skipped:", why)
        return 77
    out = build / "wasm"
    libraries = out / "include"  # these alone: /usr/include holds another system's headers
    libraries.mkdir(parents=True, exist_ok=True)
    for library in ("toml++", "rapidjson"):
        if not (libraries / library).exists():
            (libraries / library).symlink_to(f"/usr/include/{library}")
    ccache = ["ccache"] if shutil.which("ccache") else []
    includes = ["-I", root / "include", "-I", root / "src", "-I", build / "generated", "-isystem", libraries]

    def compile_one(source):
        target = out / (str(source.relative_to(root)).replace("/", "_") + ".o")
        done = subprocess.run([*ccache, CLANG, *FLAGS, *includes, "-c", source, "-o", target], capture_output=True, text=True)
        return target, done.stderr if done.returncode else ""

    sources = [source for layer in CORE for source in sorted((root / "src" / layer).glob("*.cc"))]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        objects = list(pool.map(compile_one, [*sources, root / "tests/check/wasm_probe.cc"]))
    if errors := "".join(error for _, error in objects):
        print(errors)
        return 1

    module = out / "core.wasm"
    # Every function of the core is exported, and so kept: not only what the probe reaches.
    link = [CLANG, "--target=wasm32-wasi", "-mexec-model=reactor", "-stdlib=libc++", "-Wl,--export-dynamic"]
    done = subprocess.run([*link, *(target for target, _ in objects), "-o", module], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr)
        return 1
    # The proof is worth what the module holds: one of the last functions of the chain must be there.
    data = module.read_bytes()
    if b"_ZN8netscope6Worker" not in data or b"_ZN8netscope7RuleSet7compile" not in data:
        print("the core is not in the module")
        return 1
    found = set(imports(data))
    print(f"{len(sources)} files, {len(data) >> 10} KiB, imports: {', '.join(sorted(found)) or 'none'}")
    if strange := found - MAY_IMPORT:
        print("the core reaches for an operating system:", ", ".join(sorted(strange)))
        return 1
    return 0


sys.exit(main())
