#!/usr/bin/env python3
"""clang-tidy over the program's sources; what was clean is not looked at again until it changes.

usage: tidy.py ROOT BUILD_DIR | tidy.py --self-test

All sources of a folder are looked at as one, and so are their headers once instead of once a source: a fifth of the work. Then each is
read alone, which it must be able to be, by the few checks that leave alone whatever is included.

Clean is remembered in ~/.cache/netscope-nfq/tidy (or $NETSCOPE_TIDY_CACHE), by the content of the sources and of all headers of the
project that they include, their compile command, .clang-tidy, and the versions of clang-tidy and of the installed libraries.
"""
import concurrent.futures, hashlib, json, os, pathlib, re, shlex, shutil, subprocess, sys, tempfile, time

TIDY = "clang-tidy-19"
ALONE = "misc-unused-alias-decls", "modernize-deprecated-headers"
# The analyzer leaves alone what is included, unless the including file has a name like this.
UNIT_NAME = "UnifiedSource"
# How many states of a function the analyzer looks at before it gives that function up. By default it is 225,000, which takes six times
# as long, for the last paths of some long functions.
STATES = 40_000
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
KEPT_DAYS = 30


class Sources:
    """Sources with one compile command, of one folder."""

    def __init__(self, root, build, command, sources):
        self.root, self.build, self.command, self.sources = root, build, command, sorted(sources)

    def includes(self):
        """The folders that are searched for headers, but not the system's."""
        return [pathlib.Path(word[2:]) for word in self.command if word.startswith("-I") and len(word) > 2]

    def reads(self, sources):
        """These, and all headers of the project that they include."""
        seen, todo = set(), list(sources)
        while todo:
            path = todo.pop().resolve()
            if path in seen or not path.is_file():
                continue
            seen.add(path)
            for name in INCLUDE.findall(path.read_text(errors="replace")):
                todo += [folder / name for folder in (path.parent, *self.includes())]
        return sorted(seen)

    def key(self, what, sources, common):
        digest = hashlib.sha256(common)
        for text in (what, *(str(source.relative_to(self.root)) for source in sources), *self.command):
            digest.update(text.replace(str(self.build), "BUILD").replace(str(self.root), "ROOT").encode() + b"\0")
        for path in self.reads(sources):
            digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()


def flags_of(entry):
    """The words of a compile command that say how to compile, not what, or to where. Warnings are the compiler's own affair."""
    words = shlex.split(entry["command"])
    words = words[next(i for i, word in enumerate(words) if re.search(r"(g|clang|c)\+\+(-\d+)?$", word)) + 1:]
    flags, skip = [], False
    for word in words:
        if skip or word in ("-c", entry["file"]) or word.startswith("-W"):
            skip = False
        elif word == "-o":
            skip = True
        else:
            flags.append(word)
    return tuple(flags)


def read_database(root, build):
    """The sources of src/, by folder and command. A unit of a unity build stands for the sources that it includes."""
    groups = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if file.is_relative_to(build / "unity"):
            members = [(file.parent / name).resolve() for name in INCLUDE.findall(file.read_text())]
        else:
            members = [file]
        for source in members:
            if source.is_relative_to(root / "src"):
                groups.setdefault((source.parent, flags_of(entry)), set()).add(source)
    return [Sources(root, build, flags, sources) for (_, flags), sources in sorted(groups.items())]


def common_key(root):
    """What all findings depend on."""
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes() + (root / ".clang-tidy").read_bytes())
    digest.update(subprocess.run([TIDY, "--version"], capture_output=True).stdout)
    if shutil.which("dpkg-query"):
        digest.update(subprocess.run(["dpkg-query", "-W", "*-dev"], capture_output=True).stdout)
    return digest.digest()


def tidy(group, file, checks, *flags):
    return subprocess.run(
        [TIDY, "--quiet", f"--config-file={group.root / '.clang-tidy'}", f"--checks={checks}",
         r"--header-filter=(include/netscope|src)/.*\.(h|cc)$", file, "--", *group.command, *flags],
        capture_output=True, text=True, errors="replace")


def look_at_all(group, scratch):
    """All sources of a folder as one."""
    folder = re.sub(r"\W", "_", str(group.sources[0].parent.relative_to(group.root)))
    unit = scratch / f"{UNIT_NAME}_{folder}_{id(group)}.cc"
    unit.write_text("".join(f'#include "{source}"  // NOLINT(bugprone-suspicious-include)\n' for source in group.sources))
    return tidy(group, unit, ",".join("-" + check for check in ALONE), "-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={STATES}")


def looks_at(groups, scratch):
    """(what is looked at, its sources, their group, how): the longest first."""
    for group in sorted(groups, key=lambda group: -sum(source.stat().st_size for source in group.sources)):
        yield "all of", group.sources, group, lambda group=group: look_at_all(group, scratch)
    for group in groups:
        for source in group.sources:
            yield "alone", [source], group, lambda group=group, source=source: tidy(group, source, ",".join(("-*", *ALONE)))


def look(root, build, cache):
    """Prints what is found; (how often it looked, how often there were findings)."""
    groups, common = read_database(root, build), common_key(root)
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = []
        for what, sources, group, run in looks_at(groups, pathlib.Path(scratch)):
            clean = cache / group.key(what, sources, common)
            if clean.exists():
                clean.touch()
            else:
                runs.append((what, sources, clean, pool.submit(run)))
        failed = 0
        for what, sources, clean, future in runs:
            done = future.result()
            if done.returncode == 0:
                clean.touch()
            else:
                failed += 1
                print(f"== {what} {', '.join(str(source.relative_to(root)) for source in sources)}\n{done.stdout}{done.stderr}", flush=True)
    return len(runs), failed


def cache_folder():
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "netscope-nfq" / "tidy"
    cache = pathlib.Path(os.environ.get("NETSCOPE_TIDY_CACHE") or default)
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.iterdir():
        if old.stat().st_mtime < time.time() - KEPT_DAYS * 86400:
            old.unlink(missing_ok=True)
    return cache


# A fault for each way of looking, in files that are looked at together; the names say which check must find it.
PLANTED = {
    "src/near/shown.h": "#pragma once\n#include <string>\nint from_header(const std::string text);  // readability-avoid-const-params-in-decls\n",
    "src/near/first.cc": """#include "near/shown.h"
#include <string.h>  // modernize-deprecated-headers
#include <utility>
#include <vector>
namespace alias = std;  // misc-unused-alias-decls
namespace {
int null(int* p) { if (p == nullptr) { return *p; } return 1; }  // clang-analyzer-core.NullDereference
std::string moved(std::string a) { std::string b = std::move(a); return a + b; }  // bugprone-use-after-move
}
int internal(int x) { return x + null(nullptr) + static_cast<int>(moved("").size()); }  // misc-use-internal-linkage
int from_header(std::string text) { return static_cast<int>(text.size()); }  // performance-unnecessary-value-param
""",
    "src/near/second.cc": """#include <memory>
namespace {
bool empty(const std::string& s) { return s.size() == 0; }  // readability-container-size-empty
int* leak() { int* p = new int(3); return empty("") ? p : nullptr; }
int divide(int z) { if (z == 0) { return 5 / z; } return 1; }  // clang-analyzer-core.DivideZero
}
static void* zero() { return leak() == 0 && divide(0) == 1 ? 0 : nullptr; }  // modernize-use-nullptr
void use() { (void)zero(); }  // misc-use-internal-linkage
""",
    "src/far/alone.cc": "#include \"near/shown.h\"\nstd::string text() { return \"\"; }  // misc-use-internal-linkage\n",
}


def self_test(root):
    expected = set()
    with tempfile.TemporaryDirectory() as scratch:
        planted = pathlib.Path(scratch).resolve()
        for name, text in PLANTED.items():
            (planted / name).parent.mkdir(parents=True, exist_ok=True)
            (planted / name).write_text(text)
            for number, line in enumerate(text.splitlines(), 1):
                if match := re.search(r"// ([\w.-]+)$", line):
                    expected.add((name, number, match.group(1)))
        shutil.copy(root / ".clang-tidy", planted)
        build, cache = planted / "build", planted / "cache"
        (build / "unity").mkdir(parents=True)
        cache.mkdir()
        (build / "unity" / "near.cc").write_text('#include "../../src/near/first.cc"\n#include "../../src/near/second.cc"\n')
        (build / "compile_commands.json").write_text(json.dumps([
            {"directory": str(build), "file": str(file), "command": f"ccache /usr/bin/c++ -std=c++23 -I{planted}/src -o x.o -c {file}"}
            for file in (build / "unity" / "near.cc", planted / "src/far/alone.cc")]))

        def found():
            script = [sys.executable, __file__, planted, build]
            done = subprocess.run(script, capture_output=True, text=True, env={**os.environ, "NETSCOPE_TIDY_CACHE": str(cache)})
            findings = re.findall(r"^\S*?(src/\S+?):(\d+):\d+: (?:error|warning): .*\[([\w.-]+)", done.stdout, re.M)
            return done, {(name, int(number), check) for name, number, check in findings}

        done, findings = found()
        for name, number, check in sorted(expected - findings):
            print(f"{name}:{number}: {check} was not found")
        if expected - findings:
            print(done.stdout + done.stderr)
            return 1
        for name in PLANTED:
            (planted / name).write_text("")
        for looks in ("looked 5 times", "looked 0 times"):  # mended, then remembered
            done, findings = found()
            if done.returncode != 0 or looks not in done.stdout:
                print(f"expected that it {looks} and found nothing:\n{done.stdout}{done.stderr}")
                return 1
        (planted / "src/near/shown.h").write_text("#pragma once\n")
        (planted / "src/far/alone.cc").write_text('#include "near/shown.h"\n')
        done, findings = found()
        if "looked 2 times" not in done.stdout:
            print(f"only one source has changed:\n{done.stdout}{done.stderr}")
            return 1
    print(f"{len(expected)} planted findings are found")
    return 0


def main():
    if not shutil.which(TIDY):
        print(f"skipped: {TIDY} is missing")
        return 77
    if sys.argv[1:] == ["--self-test"]:
        return self_test(pathlib.Path(__file__).resolve().parents[2])
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    looks, failed = look(root, build, cache_folder())
    print(f"looked {looks} times, {failed} with findings")
    return 1 if failed else 0


sys.exit(main())
