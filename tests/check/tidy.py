#!/usr/bin/env python3
"""clang-tidy over the program's sources; what was clean is not looked at again until it changes.

usage: tidy.py ROOT BUILD_DIR | tidy.py --self-test

All sources of the core are looked at as one, and so are those of the app: every check goes through all headers, and so does it once. Folder
by folder would take three times as long. Then each is read alone, which it must be able to be, by the few checks that need it.

Clean is remembered in ~/.cache/netscope-nfq/tidy (or $NETSCOPE_TIDY_CACHE), by the content of the sources and of all headers of the
project that they include, their compile command, .clang-tidy, and the versions of clang-tidy and of the installed libraries.
"""
import concurrent.futures, hashlib, json, os, pathlib, re, shlex, shutil, subprocess, sys, tempfile, time

TIDY = "clang-tidy-19"
# These leave alone what is included. The last does not, but takes a minute for what is large: it looks through all of it once a function.
ALONE = "misc-unused-alias-decls", "modernize-deprecated-headers", "performance-unnecessary-value-param"
# The analyzer leaves alone what is included, unless the including file has a name like this.
UNIT_NAME = "UnifiedSource"
# How many states of a function the analyzer looks at before it gives that function up. By default it is 225,000, which takes six times
# as long, for the last paths of some long functions.
STATES = 40_000
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
KEPT_DAYS = 30


class Folder:
    """The sources of one folder, and how to compile them."""

    def __init__(self, root, build, path, dialect):
        self.root, self.build, self.path, self.dialect = root, build, path, dialect
        # What may be looked at together: what one program is made of, in one dialect.
        self.program = dialect, *(["tools"] if path.name == "tools" else [])
        self.sources, self.surroundings = set(), {}

    def add(self, source, surroundings):
        self.sources.add(source)
        self.surroundings |= dict.fromkeys(surroundings)

    def reads(self, sources):
        """These, and all headers of the project that they include."""
        folders = [pathlib.Path(flag[2:]) for flag in self.surroundings if flag.startswith("-I")]
        seen, todo = set(), list(sources)
        while todo:
            path = todo.pop().resolve()
            if path in seen or not path.is_file():
                continue
            seen.add(path)
            for name in INCLUDE.findall(path.read_text(errors="replace")):
                todo += [folder / name for folder in (path.parent, *folders)]
        return sorted(seen)

    def key(self, what, sources, common):
        digest = hashlib.sha256(common)
        for text in (what, *(str(source.relative_to(self.root)) for source in sources), *self.dialect, *self.surroundings):
            digest.update(text.replace(str(self.build), "BUILD").replace(str(self.root), "ROOT").encode() + b"\0")
        for path in self.reads(sources):
            digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()


def flags_of(entry):
    """The words of a compile command that say what is read, in two: the dialect, and what surrounds the source (-D, -I, -isystem).

    Warnings, optimisation and sanitizers are the compiler's own affair.
    """
    words = shlex.split(entry["command"])
    words = words[next(i for i, word in enumerate(words) if re.search(r"(g|clang|c)\+\+(-\d+)?$", word)) + 1:]
    dialect, surroundings = [], []
    for i, word in enumerate(words):
        if word == "-isystem":
            surroundings.append(word + words[i + 1])
        elif re.match(r"-[DI]", word):
            surroundings.append(re.sub(r"(-DNETSCOPE_COMMIT)=.*", r'\1="?"', word))  # another one is no reason to look again
        elif re.match(r"-(std=|fno-(exceptions|rtti)$)", word):
            dialect.append(word)
    return tuple(dialect), surroundings


def read_database(root, build):
    """The folders of src/. A unit of a unity build stands for the sources that it includes."""
    folders = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if file.is_relative_to(build / "unity"):
            members = [(file.parent / name).resolve() for name in INCLUDE.findall(file.read_text())]
        else:
            members = [file]
        dialect, surroundings = flags_of(entry)
        for source in members:
            if source.is_relative_to(root / "src"):
                folder = folders.setdefault((source.parent, dialect), Folder(root, build, source.parent, dialect))
                folder.add(source, surroundings)
    return [folder for _, folder in sorted(folders.items())]


def common_key(root):
    """What all findings depend on."""
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes() + (root / ".clang-tidy").read_bytes())
    digest.update(subprocess.run([TIDY, "--version"], capture_output=True).stdout)
    if shutil.which("dpkg-query"):
        digest.update(subprocess.run(["dpkg-query", "-W", "*-dev"], capture_output=True).stdout)
    return digest.digest()


def tidy(folders, file, checks, *flags):
    surroundings = dict.fromkeys(flag for folder in folders for flag in folder.surroundings)
    return subprocess.run(
        [TIDY, "--quiet", f"--config-file={folders[0].root / '.clang-tidy'}", f"--checks={checks}",
         r"--header-filter=(include/netscope|src)/.*\.(h|cc)$", file, "--", *folders[0].dialect, *surroundings, *flags],
        capture_output=True, text=True, errors="replace")


def look_at_all(folders, scratch):
    """All sources of these folders as one."""
    sources = sorted(source for folder in folders for source in folder.sources)
    handle, unit = tempfile.mkstemp(prefix=UNIT_NAME, suffix=".cc", dir=scratch)  # of two that are looked at at once, neither takes the other's
    with open(handle, "w") as file:
        file.writelines(f'#include "{source}"  // NOLINT(bugprone-suspicious-include)\n' for source in sources)
    return tidy(folders, unit, ",".join("-" + check for check in ALONE), "-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={STATES}")


def look_at_folders(folders, scratch):
    """All of these as one, or folder by folder where names of two of them are in each other's way."""
    done = look_at_all(folders, scratch)
    if "[clang-diagnostic-error" not in done.stdout or len(folders) == 1:
        return {tuple(folders): done}
    return {(folder,): look_at_all([folder], scratch) for folder in folders}


def look_alone(folder, source):
    return {(source,): tidy([folder], source, ",".join(("-*", *ALONE)))}


def look(root, build, cache):
    """Prints what is found; (how often it looked, how often there were findings)."""
    folders, common, news = read_database(root, build), common_key(root), {}

    def is_new(what, folder, sources, of):
        """Whether these are not known to be clean. If not, news says where that is to be remembered."""
        clean = cache / folder.key(what, sorted(sources), common)
        if clean.exists():
            clean.touch()
            return False
        news[of] = clean
        return True

    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = []
        for program in sorted({folder.program for folder in folders}):
            of_it = [folder for folder in folders if folder.program == program and is_new("all of", folder, folder.sources, folder)]
            if of_it:
                runs.append(pool.submit(look_at_folders, of_it, pathlib.Path(scratch)))
        runs += [pool.submit(look_alone, folder, source) for folder in folders for source in sorted(folder.sources)
                 if is_new("alone", folder, [source], source)]
        looks = failed = 0
        for run in runs:
            for seen, done in run.result().items():
                looks += 1
                if done.returncode == 0:
                    for one in seen:
                        news[one].touch()
                else:
                    failed += 1
                    names = ", ".join(str(getattr(one, "path", one).relative_to(root)) for one in seen)
                    print(f"== {names}\n{done.stdout}{done.stderr}", flush=True)
    return looks, failed


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
const int kSame = 1;
int null(int* p) { if (p == nullptr) { return *p; } return 1; }  // clang-analyzer-core.NullDereference
std::string moved(std::string a) { std::string b = std::move(a); return a + b; }  // bugprone-use-after-move
}
int internal(int x) { return x + kSame + null(nullptr) + static_cast<int>(moved("").size()); }  // misc-use-internal-linkage
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
    "src/far/alone.cc": """#include "near/shown.h"
namespace { const char* const kSame = ""; }  // no finding: the name is taken in another folder only
std::string text() { return kSame; }  // misc-use-internal-linkage
""",
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
        def configure(commit):
            (build / "compile_commands.json").write_text(json.dumps([
                {"directory": str(build), "file": str(file), "command": f"ccache /usr/bin/c++ -DNETSCOPE_COMMIT='\"{commit}\"' -std=c++23 -I{planted}/src -o x.o -c {file}"}
                for file in (build / "unity" / "near.cc", planted / "src/far/alone.cc")]))

        configure("1a2b3c4")

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
        for looks in ("looked 4 times", "looked 0 times"):  # mended, then remembered, at the next commit as well
            done, findings = found()
            configure("5d6e7f8")
            if done.returncode != 0 or looks not in done.stdout:
                print(f"expected that it {looks} and found nothing:\n{done.stdout}{done.stderr}")
                return 1
        (planted / "src/near/shown.h").write_text("#pragma once\n")
        (planted / "src/far/alone.cc").write_text('#include "near/shown.h"\n')
        done, findings = found()
        if "looked 2 times" not in done.stdout:
            print(f"one source has changed, and so has its folder:\n{done.stdout}{done.stderr}")
            return 1
    print(f"{len(expected)} planted findings are found")
    return 0


def main():
    if not shutil.which(TIDY):
        print(f"skipped: {TIDY} is missing")
        return 77
    if sys.argv[1:] == ["--self-test"]:
        return self_test(pathlib.Path(__file__).resolve().parents[2])
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    if not (build / "compile_commands.json").is_file():
        sys.exit(f"{build} holds no compile_commands.json: configure it first, as in: cmake -S {root} -B {build}")
    looks, failed = look(root, build, cache_folder())
    print(f"looked {looks} times, {failed} with findings")
    return 1 if failed else 0


sys.exit(main())
