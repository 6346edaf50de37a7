#!/usr/bin/env python3
"""records.py - look into what usermm prints with --json.

	records.py agrees FILE			a summary, at least one call, no divergence
	records.py adopted FILE REASON...	besides, nothing adopted but for these reasons
	records.py took_over FILE REASON	agrees, and something was adopted for that reason
	records.py divergences FILE		print them; for people
	records.py diverged FILE N		exactly N divergences, both sides of each given
	records.py known FILE AREAS PERCENT	agrees, the pages of at least so many areas were compared,
						and at most so many in a hundred were unknown
	records.py refusal FILE ERROR NAME REGEX PASSED
						the model refused a call (or a fault) as NAME, the kernel
						answered ERROR, the explanation matches REGEX, and at
						least PASSED checks before it are listed as ruled out
	records.py rules FILE			of `usermm rules --json`: the names that are on
	records.py all_rules FILE		the same: all names
	records.py nth FILE CALL RESULT		the number, among its calls of that name, of the one that
						ended so

Says what is wrong and ends with 1 when something is.
"""
import json
import re
import sys


def records(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            yield json.loads(line)


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


def took_over(path, reason):
    s = agrees(path)
    if not s["adopted_by"].get(reason):
        wrong(f"nothing was adopted as {reason!r}: {s['adopted_by']}")


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


def known(path, areas, percent):
    s = agrees(path)
    if s["smaps"] < int(areas):
        wrong(f"the pages of {s['smaps']} areas compared, expected at least {areas}")
    if s["smaps_unknown"] * 100 > (s["smaps"] + s["smaps_unknown"]) * float(percent):
        wrong(f"{s['smaps_unknown']} of {s['smaps'] + s['smaps_unknown']} areas unknown: {s['unknown_by']}")


def answered(record, error):
    """The kernel's own answer: an errno, a break that is not the one asked for, a signal."""
    if record["type"] == "signal":
        return record["signal"] == error
    if error == "brk":
        return record["call"] == "brk" and record["got"] != record["args"][0]
    return record.get("error") == error


def refusal(path, error, name, regex, passed):
    seen = []
    for r in records(path):
        if r["type"] not in ("call", "signal") or "refused" not in r:
            continue
        why = r["refused"]
        text = f"{why['text']}; {why['limit']}"
        nouns = {entry["ruled_out"] for entry in r["ruled_out"]} - {None}
        seen.append(f"{r['line']}\n  {why['code']}: {text}\n  ruled out: {', '.join(sorted(nouns))}")
        if why["code"] != name or not answered(r, error) or not re.search(regex, text):
            continue
        if len(nouns) < passed:
            continue
        if error.startswith("E") and why["error"] != error:
            wrong(f"the explanation is of {why['error']}:\n{seen[-1]}")
        print(seen[-1])
        return
    wrong(f"no refusal {name} with {error} that matches {regex}, and {passed} ruled out; there are\n" + "\n".join(seen))


def nth(path, call, result):
    n = 0
    for r in records(path):
        if r["type"] == "call" and r["call"] == call:
            n += 1
            if str(r["got"]) == result:
                print(n)
                return
    wrong(f"no {call} that ended with {result}")


def rules(path, off_too=False):
    for r in records(path):
        if r["type"] == "rule" and (r["on"] or off_too):
            print(r["name"])


def main():
    command, path, args = sys.argv[1], sys.argv[2], sys.argv[3:]
    if command == "agrees":
        agrees(path)
    elif command == "adopted":
        adopted(path, args)
    elif command == "took_over":
        took_over(path, args[0])
    elif command == "divergences":
        print_divergences(path)
    elif command == "diverged":
        diverged(path, int(args[0]))
    elif command == "known":
        known(path, *args)
    elif command == "at_least":
        at_least(path, args)
    elif command == "refusal":
        refusal(path, *args[:3], int(args[3]))
    elif command == "nth":
        nth(path, *args)
    elif command == "rules":
        rules(path)
    elif command == "all_rules":
        rules(path, off_too=True)
    else:
        sys.exit(__doc__)


main()
