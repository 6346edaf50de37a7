#!/usr/bin/env python3
"""records.py - look into what usermm prints with --json.

	records.py agrees FILE			a summary, at least one call, no divergence
	records.py adopted FILE REASON...	besides, nothing adopted but for these reasons
	records.py divergences FILE		print them; for people
	records.py diverged FILE N		exactly N divergences, both sides of each given
	records.py refusal FILE ERROR NAME REGEX
						the model refused a call (or a fault) as NAME, the kernel
						answered ERROR, the text matches REGEX, and at least two
						checks before it were passed
	records.py rules FILE			of `usermm rules --json`: the names that are on

The program writes to the same stdout, so lines that are no records are passed over.
Says what is wrong and ends with 1 when something is.
"""
import json
import re
import sys


def records(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if not line.startswith("{"):
                continue
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and "type" in record:
                yield record


def wrong(text):
    print(text)
    sys.exit(1)


def summary(path):
    last = None
    for last in records(path):
        pass
    if last is None or last["type"] != "summary":
        wrong(f"{path}: the last record is no summary: {last}")
    return last


def divergences(path):
    return [r for r in records(path) if r["type"] == "divergence"]


def print_divergences(path):
    for r in divergences(path):
        print(json.dumps(r, indent=1))


def agrees(path):
    s = summary(path)
    if s["divergences"] != 0 or s["calls"] < 1:
        print_divergences(path)
        wrong(f"summary: {s}")
    return s


def adopted(path, allowed):
    s = agrees(path)
    others = {k: v for k, v in s["adopted_by"].items() if k not in allowed}
    if others:
        for r in records(path):
            if r["type"] == "adopted" and r.get("reason") in others:
                print(r)
        wrong(f"adopted for other reasons than allowed: {others}")
    if sum(s["adopted_by"].values()) != s["adopted"]:
        wrong(f"adopted is {s['adopted']}, adopted_by says {s['adopted_by']}")


def diverged(path, count):
    found = divergences(path)
    s = summary(path)
    if len(found) != count or s["divergences"] != count:
        print_divergences(path)
        wrong(f"{len(found)} divergences (summary: {s['divergences']}), not {count}")
    for r in found:
        if not r.get("model") or not r.get("kernel") or r["model"] == r["kernel"]:
            wrong(f"a divergence without two different sides: {r}")


def at_least(path, pairs):
    s = summary(path)
    for key, least in zip(pairs[::2], pairs[1::2]):
        if s[key] < int(least):
            wrong(f"{key} is {s[key]}, expected at least {least}: {s}")


def main():
    command, path, args = sys.argv[1], sys.argv[2], sys.argv[3:]
    if command == "agrees":
        agrees(path)
    elif command == "adopted":
        adopted(path, args)
    elif command == "divergences":
        print_divergences(path)
    elif command == "diverged":
        diverged(path, int(args[0]))
    elif command == "at_least":
        at_least(path, args)
    else:
        sys.exit(__doc__)


main()
