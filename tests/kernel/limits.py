#!/usr/bin/env python3
"""limits.py ADOPT.H LIMITS.MD TESTS - is the list of what cannot be known complete, and shown?

Each reason that host/adopt.h defines has a row in docs/limits.md and the other way round, and each
row names a test that is there, or says "not provoked: " and why.
"""
import os
import re
import sys


def reasons_of(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    found = set(re.findall(r'#define ADOPT_\w+\s+"([^"]+)"', text))
    return found | {"device:…", "before attach"}     # the one has a path, the other is public


def rows_of(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            cells = [c.strip().replace("\\_", "_") for c in line.strip().strip("|").split("|")]
            if line.startswith("|") and len(cells) == 3 and not cells[0].startswith("--"):
                yield cells


def is_test(named, folder):
    file, _, name = named.partition(": ")
    path = os.path.join(folder, file)
    if not file.endswith(".bats") or not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as f:
        return f'@test "{name}"' in f.read()


def main():
    adopt_h, limits_md, folder = sys.argv[1:]
    wrong = []
    listed = set()
    for what, _, shown in rows_of(limits_md):
        if shown == "shown by":
            continue
        if what.startswith("`"):
            listed.add(what.strip("`"))
        if not re.match(r"not provoked: \S", shown) and not is_test(shown, folder):
            wrong.append(f"no such test: {shown}")
    reasons = reasons_of(adopt_h)
    wrong += [f"no row for the reason: {r}" for r in sorted(reasons - listed)]
    wrong += [f"no such reason: {r}" for r in sorted(listed - reasons)]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
