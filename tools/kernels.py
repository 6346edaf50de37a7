#!/usr/bin/env python3
"""kernels.py - docs/kernels.md: what differs between kernels, and on which of them it was seen.

	tools/kernels.py [--check [--rules FILE]]
	tools/kernels.py --record here|vm [--try]

Without an option the page is written anew; --check says whether it is current, and whether the verified column of
src/base/rules.def says what was recorded, no more.  --record runs the programs of tests/kernel/canaries.txt with each
rule as the kernel has it and switched to the other side, on this kernel or on the distribution's in a virtual machine,
writes what came of it to tests/vm/seen/KERNEL.txt, and then the column and the page; with --try it writes nothing, and
fails if another thing came of it.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEEN = os.path.join(ROOT, "tests/vm/seen")
RULES = os.path.join(ROOT, "src/base/rules.def")
PAGE = os.path.join(ROOT, "docs/kernels.md")
CANARIES = os.path.join(ROOT, "tests/kernel/canaries.txt")
OTHERS = os.path.join(ROOT, "tests/vm/asked.txt")
ROW = re.compile(r'RULE\((\w+), "(\w+)", (UMM_KERNEL\(\d+, \d+\)), (0|UMM_KERNEL\(\d+, \d+\)),\s+'
                 r'"([^"]*)",\s+((?:"[^"]*"\s*)+)\)')
TOLD = re.compile(r"(\w+) (on|off) (\w+(?: \w+)?) (agrees|diverges|broken) (agrees|diverges|broken)")
SKIP, LOST = 77, 75


class Rule:
    def __init__(self, found):
        self.name, self.verified = found[2], found[5]
        self.since, self.until = version(found[3]), version(found[4])
        self.text = "".join(re.findall(r'"([^"]*)"', found[6]))


def version(text):
    """"6.12" of UMM_KERNEL(6, 12); "" of 0."""
    return ".".join(re.findall(r"\d+", text)) if text != "0" else ""


def order(kernel):
    return [int(x) for x in kernel.split(".")]


def read_rules(path=RULES):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    rules = [Rule(found) for found in ROW.finditer(text)]
    if len(rules) != len(re.findall(r"^RULE\(", text, re.M)):
        sys.exit("kernels: a row of rules.def is not in the form that this reads")
    return rules


def read_seen():
    """{kernel: {rule: [(on or off, program, with it so, with it otherwise)]}}, the oldest kernel first."""
    seen = {}
    for path in sorted(glob.glob(SEEN + "/*.txt"), key=lambda p: order(os.path.basename(p)[:-4])):
        rows = seen[os.path.basename(path)[:-4]] = {}
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                told = TOLD.fullmatch(line.strip())
                if told:
                    rows.setdefault(told[1], []).append(told.groups()[1:])
                elif not line.startswith("#"):
                    sys.exit(f"kernels: {path}: what is \"{line.strip()}\"?")
    return seen


def telling(rows):
    """The programs that told the two sides apart."""
    return [row for row in rows if row[2:] == ("agrees", "diverges")]


def verified_on(rule, seen):
    kernels = [kernel for kernel, rows in seen.items() if telling(rows.get(rule.name, []))]
    return ", ".join(kernels) or "from reading"


# ---- the page ----------------------------------------------------------------------------------

def side(rule, kernel, seen):
    """What the page says of a rule on one kernel."""
    rows = seen[kernel].get(rule.name, [])
    if not rows:
        return "not tried"
    return rows[0][0] if telling(rows) else f"{rows[0][0]}, not told"


def row_of(rule, seen):
    shown = {row[1] for rows in seen.values() for row in telling(rows.get(rule.name, []))}
    cells = [f"`{rule.name}`", rule.text, rule.since, rule.until]
    cells += [side(rule, kernel, seen) for kernel in seen]
    cells += [verified_on(rule, seen), ", ".join(f"`{program}`" for program in sorted(shown))]
    return "| " + " | ".join(cells) + " |"


def table(rules, seen):
    kernels = list(seen)
    head = ["rule", "what the newest kernels do", "since", "until", *kernels, "verified on", "shown by"]
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *(row_of(rule, seen) for rule in rules)]


def changed(rule, seen):
    """Do the kernels that were tried have it differently?"""
    return len({rows[rule.name][0][0] for rows in seen.values() if rule.name in rows}) > 1


def asked_rows():
    """Differences that no version tells: asked of the running kernel, one a line of tests/vm/asked.txt."""
    with open(OTHERS, encoding="utf-8") as lines:
        rows = [line.strip().split("\t") for line in lines if not line.startswith("#")]
    for row in rows:
        if len(row) != 4:
            sys.exit(f"kernels: {OTHERS}: four cells with tabs between: {row}")
    return ["| " + " | ".join(row) + " |" for row in rows]


def page(rules, seen):
    kernels = list(seen)
    differ = [rule for rule in rules if changed(rule, seen)]
    alike = [rule for rule in rules if not changed(rule, seen)]
    return "\n".join([
        "# What differs between kernels",
        "",
        "Generated from src/base/rules.def, tests/vm/seen/ and tests/vm/asked.txt by `tools/kernels.py`: do not edit.",
        "",
        "A rule is named after what the newest kernel does. `usermm check --rule NAME=off` switches it.",
        "It is *verified on* a kernel if a program there tells the two sides apart: with the rule as that kernel has "
        "it model and kernel agree on every call and every area, with the rule switched to the other side they do not "
        "(`tests/vm/canaries.sh`). *not told*: they agree either way there, mostly because another rule hides it or "
        "the kernel is built without it. *from reading*: seen on no kernel. The versions `since` and `until` are from "
        "reading, but for what the kernels that were tried say of them.",
        "",
        f"## {len(differ)} rules that {' and '.join(kernels)} have differently",
        "",
        *table(differ, seen),
        "",
        f"## {len(alike)} rules that they have alike",
        "",
        *table(alike, seen),
        "",
        "## Differences that are no rules",
        "",
        "Fixes are carried back to older kernels and options are set when one is built, so no version tells these: the "
        "running kernel is asked, by `host/probe.c` unless said otherwise.",
        "",
        "| what | on 6.1 (Debian's 6.1.192) | on 6.18 | how it is followed |",
        "|---|---|---|---|",
        *asked_rows(),
        "",
        *vector_table(rules, seen)])


# ---- vectors -----------------------------------------------------------------------------------

def answered_otherwise(*options):
    """The vectors to which the library gives other answers with these options."""
    usermm = os.environ.get("USERMM", os.path.join(ROOT, "build/usermm"))
    files = sorted(set(glob.glob(ROOT + "/vectors/*.json")) - {ROOT + "/vectors/schema.json"})
    out = subprocess.run([usermm, "vectors", "run", "--tap", *options, *files], text=True, check=False,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    if not re.search(r"^1\.\.[1-9]", out, re.M):
        sys.exit(f"kernels: {usermm} does not run the vectors")
    return re.findall(r"^not ok \d+ - (\S+)", out, re.M)


def has_by_version(rule, kernel):
    return order(rule.since) <= order(kernel) and not (rule.until and order(rule.until) <= order(kernel))


def vector_table(rules, seen):
    """Which vectors the oldest kernel answers otherwise than the newest, by the rule that alone does it."""
    old, new = list(seen)[0], list(seen)[-1]
    sides = {rule: [seen[kernel][rule.name][0][0] for kernel in (old, new)] for rule in rules
             if all(rule.name in seen[kernel] for kernel in (old, new))}
    asked = [f"--rule={rule.name}={side[0]}" for rule, side in sides.items()
             if (side[0] == "on") != has_by_version(rule, old)]
    left = answered_otherwise("--kernel=" + old, *asked)
    total, rows, told = len(left), [], set()
    for rule, side in sides.items():
        if side[0] == side[1]:
            continue
        names = [name for name in answered_otherwise(f"--rule={rule.name}={side[0]}") if name in left]
        told.update(names)
        if names:
            rows.append(f"| `{rule.name}` | {len(names)} | {', '.join(names)} |")
    rest = [name for name in left if name not in told]
    if rest:
        rows.append(f"| several together | {len(rest)} | {', '.join(rest)} |")
    return [f"## {total} vectors that {old} answers otherwise than {new}, by rule", "",
            f"By the library: the rules set as they were seen on {old}, one at a time. That {old} itself answers so is "
            "what `tests/vm/vectors.sh` finds out (`make soak`): the sequences are recorded there, and agree with a "
            "library made for it.", "",
            "| rule | vectors | which |", "|---|---|---|", *rows, ""]


# ---- recording ---------------------------------------------------------------------------------

def run_canaries(where):
    """The lines of tests/vm/canaries.sh, and the kernel that they are of."""
    script = os.path.join(ROOT, "tests/vm/canaries.sh")
    if where == "vm":
        args = [os.path.join(ROOT, "tools/vm"), "--cpus", "1", "--file", CANARIES, "--script", script]
    else:
        args = ["sh", script, CANARIES]
    env = dict(os.environ, USERMM=os.path.join(ROOT, "build/usermm"),
               PROGS=os.path.join(ROOT, "build/tests/progs"))
    for _ in range(3):
        done = subprocess.run(args, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              check=False)
        if done.returncode != LOST:
            break
    if done.returncode:
        print(done.stdout, end="")
        sys.exit(done.returncode)
    *rows, release, counts = done.stdout.splitlines()
    print(f"{release}: {counts}")
    return ".".join(release.split(".")[:2]), [row for row in rows if TOLD.fullmatch(row)]


def set_column(rules, seen):
    """The verified column of rules.def."""
    with open(RULES, encoding="utf-8") as source:
        text = source.read()
    for rule in rules:
        row = next(found for found in ROW.finditer(text) if found[2] == rule.name)
        text = text[:row.start(5)] + verified_on(rule, seen) + text[row.end(5):]
    with open(RULES, "w", encoding="utf-8") as out:
        out.write(text)


def record(where, only_try):
    kernel, rows = run_canaries(where)
    path = os.path.join(SEEN, kernel + ".txt")
    text = f"# What tests/vm/canaries.sh said on {kernel}.\n" + "\n".join(rows) + "\n"
    if only_try:
        try:
            with open(path, encoding="utf-8") as old:
                before = old.read()
        except OSError:
            before = ""
        for line in sorted(set(text.splitlines()) ^ set(before.splitlines())):
            print(("now: " if line in text.splitlines() else "recorded: ") + line)
        return 0 if text == before else 1
    os.makedirs(SEEN, exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    set_column(read_rules(), read_seen())
    write()
    return 0


def write():
    with open(PAGE, "w", encoding="utf-8") as out:
        out.write(page(read_rules(), read_seen()))


def check(path):
    rules, seen = read_rules(path), read_seen()
    wrong = [f"{rule.name}: verified on \"{rule.verified}\" in rules.def, \"{verified_on(rule, seen)}\" was recorded"
             for rule in rules if rule.verified != verified_on(rule, seen)]
    names = {rule.name for rule in rules}
    wrong += [f"{name} in tests/vm/seen/{kernel}.txt is no rule" for kernel, rows in seen.items()
              for name in rows if name not in names]
    with open(PAGE, encoding="utf-8") as old:
        if old.read() != page(rules, seen):
            wrong.append("docs/kernels.md is stale: tools/kernels.py")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(prog="kernels.py", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rules", metavar="FILE", default=RULES, help="to check instead of rules.def")
    parser.add_argument("--record", choices=("here", "vm"))
    parser.add_argument("--try", dest="only_try", action="store_true")
    options = parser.parse_args()
    if options.record:
        return record(options.record, options.only_try)
    if options.check:
        return check(options.rules)
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
