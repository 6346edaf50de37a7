#!/usr/bin/env python3
"""follow - what it costs a program to be followed, beside strace and beside running alone.

	bench/follow.py [--smoke] BUILD-DIRECTORY

Prints one JSON object per row, for tools/run-bench.  Here "ours_ns" is the wall time of one whole run
under `usermm check -f` (everything on), "kernel_ns" that of what it is compared with, and "ratio" is
ours / theirs: less is better.  Rounds alternate; the figure is the median.
"""
import json
import os
import shutil
import subprocess
import sys
import time

ROUNDS = 5


def run(args):
    """Seconds.  A run that fails measures nothing."""
    begin = time.monotonic()
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=300)
    took = time.monotonic() - begin
    if done.returncode:
        sys.exit(f"bench: {' '.join(args)}: exit status {done.returncode}\n{done.stderr[-500:]}")
    return took


def median(values):
    return sorted(values)[len(values) // 2]


def row(name, ours, theirs, note, rounds):
    mine, other = [], []
    for _ in range(rounds):
        mine.append(run(ours))
        other.append(run(theirs))
    a, b = median(mine), median(other)
    print(json.dumps({"name": name, "ours_ns": round(a * 1e9), "kernel_ns": round(b * 1e9),
                      "ratio": round(a / b, 4), "note": note}), flush=True)


def main():
    args = sys.argv[1:]
    smoke = args[:1] == ["--smoke"]
    args = args[smoke:]
    if len(args) != 1:
        sys.exit("usage: bench/follow.py [--smoke] BUILD-DIRECTORY")
    usermm = os.path.join(args[0], "usermm")
    load = {n: os.path.join(args[0], "bench/load_" + n) for n in ("calls", "compute", "threads", "touch")}
    rounds = 1 if smoke else ROUNDS
    check = [usermm, "check", "-f", "--"]
    strace = ["strace", "-f", "--seccomp-bpf", "-e", "trace=memory", "-o", "/dev/null"]
    one_cpu = ["taskset", "-c", "1" if (os.cpu_count() or 1) > 1 else "0"]

    if not shutil.which("strace"):
        print("bench: no strace here: the rows check_vs_strace* are left out", file=sys.stderr)
    else:
        row("check_vs_strace", check + [load["calls"]], strace + [load["calls"]],
            "whole run of 60,000 calls; theirs: strace --seccomp-bpf -e trace=memory", rounds)
        row("check_vs_strace_one_cpu", one_cpu + check + [load["calls"]],
            one_cpu + strace + [load["calls"]], "the same, both under taskset -c 1", rounds)
        row("check_threads_vs_strace", check + [load["threads"]], strace + [load["threads"]],
            "four threads, 60,000 calls in all; theirs: strace as above", rounds)
        row("check_threads_vs_strace_one_cpu", one_cpu + check + [load["threads"]],
            one_cpu + strace + [load["threads"]], "the same, both under taskset -c 1", rounds)
    if smoke:
        return
    row("check_compute", check + [load["compute"]], [load["compute"]],
        "whole run without calls or faults; theirs: the program alone", rounds)
    row("check_first_touch", check + [load["touch"]], [load["touch"]],
        "whole run, 1 GiB touched for the first time; theirs: the program alone", rounds)


if __name__ == "__main__":
    main()
