#!/usr/bin/env python3
"""strace_lines.py THEIRS OURS - are the lines of two traces the same, process by process?

Both were written with -f and -o: each line begins with a number.  A call that strace printed in two
halves, because another thread came between, is joined.  What differs from run to run (the numbers of
processes, used processor time, whether a core file was left) is made alike.  Prints how many
processes and lines were compared; otherwise the first differences, and the exit status is 1.
"""
import difflib
import re
import sys

UNFINISHED = " <unfinished ...>"


def alike(line):
    line = re.sub(r"\s+= ", " = ", line, count=1)
    line = re.sub(r"si_pid=\d+", "si_pid=N", line)
    line = re.sub(r"si_([us])time=\d+( /\* \d+\.\d\d s \*/)?", r"si_\1time=N", line)
    line = re.sub(r"execve in pid \d+", "execve in pid N", line)
    return line.replace(" (core dumped)", "")


def load(path):
    lines, halves = {}, {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith((" ", "usermm: ", "strace: ")):
                continue
            pid, text = re.fullmatch(r"(\d+) +(.*)", line).groups()
            of_pid = lines.setdefault(pid, [])
            resumed = re.fullmatch(r"<\.\.\. \S+ resumed>(.*)", text)
            if text.endswith(UNFINISHED):
                halves[pid] = text[:-len(UNFINISHED)]
                continue
            if resumed and pid in halves:
                text = halves.pop(pid) + resumed.group(1)
            of_pid.append(alike(text))
    # Which process comes first is the scheduler's business.
    return sorted(lines.values())


def main():
    theirs, ours = load(sys.argv[1]), load(sys.argv[2])
    if theirs == ours:
        print(f"{len(ours)} processes, {sum(map(len, ours))} lines")
        return 0
    flat = [["\n".join(process) for process in side] for side in (theirs, ours)]
    text = ["\n--\n".join(side).split("\n") for side in flat]
    for line in list(difflib.unified_diff(*text, "strace", "usermm", lineterm="", n=1))[:60]:
        print(line)
    return 1


sys.exit(main())
