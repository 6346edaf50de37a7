#!/usr/bin/env python3
"""inventory - where each name of the field is defined here, or "not yet".

	tools/inventory.py		write docs/inventory.md from tools/inventory.txt and the sources
	tools/inventory.py --check	exit 1, and say what differs, if the file is stale
"""
import argparse
import difflib
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs/inventory.md")
# A flag is more than its number: these prefixes are looked for where the core asks for them.
FLAG = re.compile(r"^(MAP|PROT|VM)_[A-Z0-9_]+$|^READ_IMPLIES_EXEC$")

HEAD = """\
# Inventory: the names of the field, and where they are here

Whoever knows Linux's memory manager looks for its names; this page says which file defines each, and under
which name where ours differs.  *Not yet* means that nothing of that name is there.  A symbol that exists says
where a row lives, not that the row is complete: `docs/ARCHITECTURE.md` and the README say what is.
For a flag, the files are those of the core that ask for it.

Made by `tools/inventory.py` from `tools/inventory.txt` and the sources; `make check` fails when it is stale.
"""


def blank(match):
    """Comments and strings go, the lines stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def read_sources():
    files = {}
    for top in ("include", "src", "host"):
        for where, _, names in sorted(os.walk(os.path.join(ROOT, top))):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    path = os.path.join(where, name)
                    with open(path, encoding="utf-8") as f:
                        text = f.read()
                    text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)
                    files[os.path.relpath(path, ROOT)] = text
    # .c before .h, the core before its public face
    return dict(sorted(files.items(), key=lambda kv: (kv[0].endswith(".h"), not kv[0].startswith("src"), kv[0])))


def define(name, files):
    """(how it is called, [files]) of the definition of a C name, or None."""
    n = re.escape(name)
    kinds = [
        # A function: its name in the first column's declaration, then a body before any semicolon.
        (re.compile(rf"^[A-Za-z_][\w \t*]*?[ \t*\n]{n}\([^;{{]*\)[^;{{}}]*\{{", re.M), f"{name}()"),
        (re.compile(rf"^struct {n} \{{", re.M), f"struct {name}"),
        (re.compile(rf"^#[ \t]*define {n}\(", re.M), f"{name}()"),
        (re.compile(rf"^#[ \t]*define {n}\b", re.M), name),
        # An object at file scope, or a member of a struct.
        (re.compile(rf"^(?:static |extern )?(?:const )?struct \w+ {n}\b[^;(]*=", re.M), name),
        (re.compile(rf"^\t[\w \t*]*[ \t*]{n}(?:\[[^\]]*\])?(?:, [\w*, ]+)?;", re.M), f"member {name}"),
    ]
    for pattern, shown in kinds:
        for path, text in files.items():
            for m in pattern.finditer(text):
                if shown.startswith("member ") and not inside_struct(text, m.start()):
                    continue
                return shown, [path]
    return None


def inside_struct(text, at):
    """Is the line at @at in a struct's body: the last thing opened in the first column is a struct."""
    opened = None
    for m in re.finditer(r"^(?:(struct|union)\b[^;\n]*\{|\{|\}|[a-z][^;\n]*\{)", text[:at], re.M):
        opened = m.group(1) if m.group(0) != "}" else None
    return opened is not None


def flag(name, files):
    """Where the core asks for a flag: UMM_MAP_FIXED, or the internal VM_ name."""
    n = re.compile(rf"\b(?:UMM_)?{name}\b")
    asked = [path for path, text in files.items() if path.startswith("src/") and
             any(n.search(line) and not re.match(r"\s*#\s*define", line) for line in text.splitlines())]
    return (name, asked[:3]) if asked else None


def find(name, ours, files):
    found = []
    for candidate in ours:
        if FLAG.match(candidate):
            hit = flag(candidate, files)
        else:
            hit = define(candidate, files)
        if hit:
            found.append(hit)
    return found


def page(files):
    out = [HEAD]
    total = there = 0
    table = False
    with open(os.path.join(ROOT, "tools/inventory.txt"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("== "):
                out.append(f"\n## {line[3:]}\n")
                table = False
                continue
            if line.startswith("- "):
                group = line[2:]
                continue
            if not table:
                out.append("| name | for | here | in |\n|---|---|---|---|")
                table = True
            for word in line.split():
                name, _, ours = word.partition("=")
                if not re.fullmatch(r"\w+", name) or (ours and not re.fullmatch(r"[\w,]+", ours)):
                    sys.exit(f"tools/inventory.txt:{number}: {word!r} is no name")
                # A name of the field itself comes first, should it exist one day.
                hits = find(name, [name], files) if not ours else []
                hits = hits or find(name, ours.split(",") if ours else [], files)
                total += 1
                there += bool(hits)
                if hits:
                    shown = ", ".join(f"`{h[0]}`" for h in hits)
                    where = ", ".join(dict.fromkeys(f"`{p}`" for h in hits for p in h[1]))
                    out.append(f"| `{name}` | {group} | {shown} | {where} |")
                else:
                    out.append(f"| `{name}` | {group} | not yet | |")
    out.append(f"\n{there} of {total} names are there.")
    return "\n".join(out) + "\n"


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    ap.add_argument("--check", action="store_true")
    args = ap.parse_args()
    new = page(read_sources())
    try:
        with open(PAGE, encoding="utf-8") as f:
            old = f.read()
    except FileNotFoundError:
        old = ""
    if args.check:
        if old == new:
            return 0
        print("docs/inventory.md is stale: run tools/inventory.py")
        changed = [x for x in difflib.unified_diff(old.splitlines(), new.splitlines(), "it says",
                                                   "it should say", lineterm="", n=0)]
        print("\n".join(changed[:20]))
        return 1
    os.makedirs(os.path.dirname(PAGE), exist_ok=True)
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
