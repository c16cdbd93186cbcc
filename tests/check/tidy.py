#!/usr/bin/env python3
"""clang-tidy over the program's sources, with what is clean remembered by its content.

usage: tidy.py ROOT BUILD_DIR

A file is clean for as long as neither it, nor any header of the project, nor .clang-tidy, nor its compile command changed. It
need not be more exact: the headers are few, and most of them reach everywhere.
"""
import concurrent.futures, hashlib, json, pathlib, shutil, subprocess, sys

TIDY = "clang-tidy-19"


def digest_of(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part + b"\0")
    return digest.hexdigest()


def main():
    root, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    if not shutil.which(TIDY):
        print(f"skipped: {TIDY} is missing")
        return 77
    cache = build / "tidy_cache"
    cache.mkdir(exist_ok=True)
    headers = sorted(p for top in ("include", "src") for p in (root / top).rglob("*.h"))
    common = digest_of([(root / ".clang-tidy").read_bytes(), *(str(p.relative_to(root)).encode() + p.read_bytes() for p in headers)])
    work = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"])
        if source.is_relative_to(root / "src"):
            key = digest_of([common.encode(), entry["command"].encode(), source.read_bytes()])
            if not (cache / key).exists():
                work.append((source, cache / key))

    def run(item):
        source, clean = item
        done = subprocess.run([TIDY, "--quiet", "-p", build, source], capture_output=True, text=True, errors="replace")
        if done.returncode == 0:
            clean.touch()
        return source, done

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for source, done in pool.map(run, work):
            if done.returncode != 0:
                failed += 1
                print(f"== {source.relative_to(root)}\n{done.stdout}{done.stderr}")
    print(f"{len(work)} files looked at, {failed} with findings")
    return 1 if failed else 0


sys.exit(main())
