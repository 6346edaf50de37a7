#!/usr/bin/env python3
"""Is every check of the catalogue reached by a test on the running kernel, or said to be out of reach?

    errors.py USERMM        exit status 1 and a line for each that is not

The checks are those of `usermm errors --json`.  Reached is what stands in a row of tests/kernel/*.bats
as `ERROR NAME`, the form of the `refused` rows there.  Out of reach is what tests/kernel/unprovoked.txt
names, with the reason on the same line; a row may be there all the same, for machines that can.
"""
import glob
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROW = re.compile(r"\b(E[A-Z0-9]+|brk|SIG[A-Z]+) +([A-Z][A-Z0-9_]+)\b")


def catalogue(usermm):
    output = subprocess.run([usermm, "errors", "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout
    records = [json.loads(line) for line in output.splitlines()]
    return {record["name"]: record["errno"] for record in records if record["type"] == "error"}


def reached(errors):
    """A row counts if its error is the check's; of a break or a fault none is seen."""
    names = set()
    for path in glob.glob(os.path.join(ROOT, "tests/kernel/*.bats")):
        for line in open(path, encoding="utf-8"):
            if line.lstrip().startswith("#"):
                continue
            for error, name in ROW.findall(line):
                if name in errors and (error == errors[name] or not error.startswith("E")):
                    names.add(name)
    return names


def out_of_reach(complaints):
    names = set()
    for line in open(os.path.join(ROOT, "tests/kernel/unprovoked.txt"), encoding="utf-8"):
        name, _, reason = line.strip().partition(" ")
        if name in names:
            complaints.append(f"{name} stands twice in unprovoked.txt")
        if len(reason.split()) < 3:
            complaints.append(f"{name} stands in unprovoked.txt without a reason")
        names.add(name)
    return names


def main():
    complaints = []
    errors = catalogue(sys.argv[1])
    tested, unprovoked = reached(errors), out_of_reach(complaints)
    complaints += [f"{name} ({errors[name]}) is provoked by no test of tests/kernel, and unprovoked.txt does not"
                   " say why" for name in sorted(set(errors) - tested - unprovoked)]
    complaints += [f"{name} stands in unprovoked.txt, but not in the catalogue"
                   for name in sorted(unprovoked - set(errors))]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
