#!/usr/bin/env python3
"""tidy - the rules of the house that a compiler does not check.

	tools/tidy.py [--root DIR]	look at the tree; one line per finding, exit 1 if there is one
	tools/tidy.py --self-test	feed each rule something bad and something good; prints TAP

The rules, each a function below whose name is what --self-test calls it by:
layers, freestanding headers, public-only includes above the core, long lines, tabs, long files,
refusals without a reason, machine paths.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

# Lowest first: a file may include its own folder and those before it.
LAYERS = ["base", "phys", "pgtable", "swap", "space", "rmap", "object", "reclaim", "fault",
          "calls", "api"]
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "stdatomic.h"}
MAX_COLUMNS = 100
MAX_LINES = 600

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
C_FILE = re.compile(r"\.(c|h|def)$")
TEXT_FILE = re.compile(r"\.(c|h|def|py|sh|bats|build|md|scd|txt|tsv|map|yml)$")
BARE_REFUSAL = re.compile(r"\breturn\s+\(?-\s*UMM_E[A-Z]+\b")
EXCUSED = re.compile(r"/\* no reason: (?!\*/)\S")
# Where a checkout or a home happens to lie; system paths such as /usr and /proc are no such thing.
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(work|home|root|Users)/[\w.-]+")


class Source:
    """One file of the tree: path relative to the root with '/', and its lines."""

    def __init__(self, root, path):
        self.path = path
        self.lines = []
        self.broken = None
        try:
            with open(os.path.join(root, path), encoding="utf-8") as f:
                self.lines = f.read().splitlines()
        except (OSError, UnicodeDecodeError) as e:
            self.broken = str(e)

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            m = INCLUDE.match(line)
            if m:
                yield number, m.group(1) == "<", m.group(2)


def layer_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def check_layers(src):
    """src/: own folder and those below; beside them the public headers."""
    here = layer_of(src.path)
    if here is None or not C_FILE.search(src.path):
        return
    if here not in LAYERS:
        yield 1, f"folder src/{here} is no layer that tools/tidy.py knows"
        return
    for number, angle, name in src.includes():
        if name.startswith("usermm/"):
            continue
        if angle:
            continue        # check_freestanding
        there = name.split("/")[0] if "/" in name else None
        if there is None:
            yield number, f'"{name}": give the folder too ("{here}/{name}")'
        elif there not in LAYERS:
            yield number, f'"{name}" is outside the core'
        elif LAYERS.index(there) > LAYERS.index(here):
            yield number, f"layer {here} includes {there}, which is above it"


def check_freestanding(src):
    """src/ and include/: the five headers that a freestanding compiler has."""
    if not (src.path.startswith(("src/", "include/")) and C_FILE.search(src.path)):
        return
    for number, angle, name in src.includes():
        if angle and name not in FREESTANDING and not name.startswith("usermm/"):
            yield number, f"<{name}> is not a freestanding header"


def check_public_only(src):
    """host/, seq/, cli/, examples/, bench/ use the core by its public headers alone."""
    top = src.path.split("/")[0]
    if top not in ("host", "seq", "cli", "examples", "bench") or not C_FILE.search(src.path):
        return
    own = {"host": ("host/",), "seq": ("seq/", "host/"),
           "cli": ("cli/", "host/", "seq/"), "examples": ("examples/", "host/platform_posix.h"),
           "bench": ("bench/", "host/platform_posix.h")}[top]
    for number, angle, name in src.includes():
        if angle:
            if name.split("/")[0] in LAYERS + ["src"]:
                yield number, f"<{name}> is internal to the core"
        elif "/" not in name:
            yield number, f'"{name}": give the folder too ("{top}/{name}")'
        elif not name.startswith(own):
            yield number, f'{top}/ may not include "{name}"'


def check_columns(src):
    if not C_FILE.search(src.path) or src.path.endswith(".def"):
        return              # a .def is a table of texts
    for number, line in enumerate(src.lines, 1):
        width = len(line.expandtabs(8))
        if width > MAX_COLUMNS:
            yield number, f"{width} columns"


def check_tabs(src):
    if not C_FILE.search(src.path):
        return
    for number, line in enumerate(src.lines, 1):
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if line.startswith("        "):
            yield number, "indented with blanks instead of a tab"


def check_length(src):
    if not C_FILE.search(src.path) or src.path.startswith("include/"):
        return              # the public header is the manual: as long as it takes
    if len(src.lines) > MAX_LINES:
        yield len(src.lines), f"{len(src.lines)} lines: split the room (at most {MAX_LINES})"


def check_reasons(src):
    """In calls/ and space/ an errno comes from refuse(), or a comment says why it needs none."""
    if layer_of(src.path) not in ("calls", "space") or not src.path.endswith(".c"):
        return
    for number, line in enumerate(src.lines, 1):
        if not BARE_REFUSAL.search(line):
            continue
        if "UMM_ENOMEM_OURS" in line or EXCUSED.search(line):
            continue
        if number > 1 and EXCUSED.search(src.lines[number - 2]):
            continue
        yield number, "a refusal without a reason: refuse(why, WHY_…), or /* no reason: … */"


def check_paths(src):
    if not TEXT_FILE.search(src.path) and os.path.basename(src.path) not in ("Makefile", "run"):
        return
    if src.path == "tools/tidy.py":
        return              # it holds the examples
    for number, line in enumerate(src.lines, 1):
        m = MACHINE_PATH.search(line)
        if m:
            yield number, f"a path of one machine: {m.group(0)}"


def check_readable(src):
    if src.broken:
        yield 1, src.broken


CHECKS = [check_readable, check_layers, check_freestanding, check_public_only, check_columns,
          check_tabs, check_length, check_reasons, check_paths]


def tree_files(root):
    for top, dirs, names in os.walk(root):
        rel = os.path.relpath(top, root)
        dirs[:] = sorted(d for d in dirs if not d.startswith(".") and
                         not (rel == "." and (d == "build" or d.startswith("build-"))))
        for name in sorted(names):
            path = os.path.normpath(os.path.join(rel, name))
            if TEXT_FILE.search(name) or name in ("Makefile", "run"):
                yield path


def findings(root):
    for path in tree_files(root):
        src = Source(root, path)
        for check in CHECKS:
            for number, text in check(src):
                yield f"{path}:{number}: {text}"


# (rule, path, text, found): each rule must speak up on the bad text and be silent on the good one.
SAMPLES = [
    (check_layers, "src/space/a.c", '#include "calls/mmap.h"\n', True),
    (check_layers, "src/space/a.c", '#include "base/why.h"\n#include <usermm/uapi.h>\n', False),
    (check_layers, "src/base/a.h", '#include "space/mm.h"\n', True),
    (check_layers, "src/calls/a.c", '#include "host/follow.h"\n', True),
    (check_layers, "src/calls/a.c", '#include "mmap.h"\n', True),
    (check_layers, "src/newlayer/a.c", "int x;\n", True),
    (check_layers, "src/api/a.c", '#include "calls/mmap.h"\n#include "fault/fault.h"\n', False),
    (check_freestanding, "src/base/a.c", "#include <string.h>\n", True),
    (check_freestanding, "include/usermm/a.h", "#include <sys/types.h>\n", True),
    (check_freestanding, "src/base/a.c", "#include <stdint.h>\n#include <stdatomic.h>\n", False),
    (check_public_only, "host/a.c", '#include "space/mm.h"\n', True),
    (check_public_only, "cli/a.c", '#include "../src/space/mm.h"\n', True),
    (check_public_only, "host/a.c", "#include <space/mm.h>\n", True),
    (check_public_only, "host/a.c", '#include "cli/options.h"\n', True),
    (check_public_only, "examples/a.c", '#include "host/follow.h"\n', True),
    (check_public_only, "cli/a.c", '#include "host/follow.h"\n#include <usermm/usermm.h>\n', False),
    (check_columns, "src/base/a.c", "\t" * 12 + "/* xxx */\n", True),
    (check_columns, "src/base/a.c", "\t" * 11 + "/* xxx */\n", False),
    (check_tabs, "src/base/a.c", "        int x;\n", True),
    (check_tabs, "src/base/a.c", "int x; \n", True),
    (check_tabs, "src/base/a.c", "\tint x;\n\t    more;\n", False),
    (check_length, "src/base/a.c", "\n" * 601, True),
    (check_length, "src/base/a.c", "\n" * 600, False),
    (check_reasons, "src/calls/a.c", "\treturn -UMM_EINVAL;\n", True),
    (check_reasons, "src/space/a.c", "\t\treturn (-UMM_ENOMEM);\n", True),
    (check_reasons, "src/space/a.c", "\treturn -UMM_ENOMEM; /* no reason: memory of our own */\n",
     False),
    (check_reasons, "src/calls/a.c", "/* no reason: said before */\n\treturn -UMM_EINVAL;\n", False),
    (check_reasons, "src/calls/a.c", "\treturn -UMM_EINVAL; /* no reason: */\n", True),
    (check_reasons, "src/calls/a.c", "\treturn refuse(why, WHY_X, -UMM_EINVAL);\n", False),
    (check_reasons, "src/api/a.c", "\treturn -UMM_EINVAL;\n", False),
    (check_paths, "docs/a.md", "see /home/somebody/usermm\n", True),
    (check_paths, "tools/a.py", "x = '/work/main/build'\n", True),
    (check_paths, "docs/a.md", "/proc/self/maps, /usr/lib, tests/work/a, $X/root/x\n", False),
]


def self_test():
    """Through files and findings(), so that the way from a file to the exit status is tested too."""
    print(f"1..{len(SAMPLES) + 1}")
    bad = 0
    for n, (check, path, text, found) in enumerate(SAMPLES, 1):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, os.path.dirname(path)))
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
            src = Source(root, path)
            ok = bool(list(check(src))) == found and (not found or any(findings(root)))
        bad += not ok
        word = "finds" if found else "accepts"
        print(f"{'ok' if ok else 'not ok'} {n} - {check.__name__} {word} {text.strip()[:50]!r}"
              .replace("#", ""))
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, "src/base"))
        with open(os.path.join(root, "src/base/a.c"), "wb") as f:
            f.write(b"\xff\xfe")
        ok = any(findings(root))
    bad += not ok
    print(f"{'ok' if ok else 'not ok'} {len(SAMPLES) + 1} - a file that is not UTF-8 is found")
    return 1 if bad else 0


def mutants_that_do_not_fit(root):
    """Whoever changes a line that a mutant breaks gives the mutant the new one, or another line."""
    tool = os.path.join(root, "tools/mutate")
    if not os.path.exists(tool):
        return
    out = subprocess.run([tool, "--check"], capture_output=True, text=True, check=False).stdout
    for name, why in re.findall(r"^not ok \d+ - (.*)\n# (.*)", out, re.M):
        yield f"tests/mutants/{name}.patch: {why}"


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    ap.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    ap.add_argument("--self-test", action="store_true")
    args = ap.parse_args()
    if args.self_test:
        return self_test()
    found = list(findings(args.root)) + list(mutants_that_do_not_fit(args.root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
