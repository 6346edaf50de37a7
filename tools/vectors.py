#!/usr/bin/env python3
"""vectors - the files of vectors/: recorded anew, and looked at without our library.

	tools/vectors.py record	each of vectors/src/ on the running kernel, into vectors/
	tools/vectors.py check		schema, names, numbers, no two equal; prints TAP
	tools/vectors.py again		recorded again and compared with what is stored; prints TAP

USERMM names the command; build/usermm if it is not set.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
USERMM = os.environ.get("USERMM", os.path.join(ROOT, "build/usermm"))
VECTORS = os.environ.get("VECTORS_DIR", os.path.join(ROOT, "vectors"))
THEMES = ["brk", "faults", "files", "fixed", "fork", "guard", "hints", "limits", "madvise", "mempolicy",
          "merge", "mlock", "mprotect", "mremap", "mseal", "msync", "munmap", "process", "rules", "seals",
          "search", "shm", "split", "uffd"]
PER_THEME = 30
ALL = 500
TELL_A_RULE = 200
PAGE = 4096


def theme_of(path):
    return os.path.basename(path).split(".")[0]


def sources():
    return sorted(glob.glob(os.path.join(VECTORS, "src", "*.txt")))


def load(theme):
    with open(os.path.join(VECTORS, theme + ".json"), encoding="utf-8") as f:
        return json.load(f)


def record_one(source, target):
    return subprocess.run([USERMM, "vectors", "record", "--from", source, "--output", target],
                          capture_output=True, text=True, check=False)


def record():
    bad = 0
    for source in sources():
        theme = theme_of(source)
        ran = record_one(source, os.path.join(VECTORS, theme + ".json"))
        sys.stderr.write(ran.stderr)
        bad += ran.returncode != 0
        print(f"{theme}: {len(load(theme)['vectors'])} vectors")
    return 1 if bad else 0


# ---- the same but for addresses -----------------------------------------------------------------

def call_kinds():
    """The kinds of each call's arguments, as seq/calls.def has them."""
    with open(os.path.join(ROOT, "seq/calls.def"), encoding="utf-8") as f:
        rows = re.findall(r"SEQ_CALL\(\w+, (\w+), \w+,(.*)\)", f.read())
    return {name: re.findall(r"K\((\w+)\)", kinds) for name, kinds in rows}


STEP = re.compile(r"^(?:(\d): )?(\w+)\((.*)\)$")
PLACE = re.compile(r"^(pool|top|brk)(?:([+-])(0x[0-9a-f]+))?$")


def place(text):
    """(base, offset) of an address that is relative to a base, else None."""
    m = PLACE.match(text)
    if not m:
        return None
    offset = int(m.group(3), 16) if m.group(3) else 0
    return m.group(1), -offset if m.group(2) == "-" else offset


def number(text):
    try:
        return int(text, 0)
    except ValueError:
        return None


def ends_of(steps, kinds):
    """All addresses at which something begins or ends, by base."""
    points = {}
    for step in steps:
        process, call, args = STEP.match(step["step"]).groups()
        args = args.split(", ") if args else []
        last = None
        for kind, arg in zip(kinds[call], args):
            here = place(arg)
            if here:
                points.setdefault(here[0], set()).add(here[1] // PAGE)
                last = here
            elif kind == "LEN" and last and number(arg) is not None:
                points[last[0]].add(-(-(last[1] + number(arg)) // PAGE))
        here = place(step["answer"])
        if here:
            points.setdefault(here[0], set()).add(here[1] // PAGE)
    return {base: {page: i for i, page in enumerate(sorted(pages))} for base, pages in points.items()}


def canonical(vector, kinds):
    """The vector with its addresses renamed: only their order is left, and what is within a page."""
    ranks = ends_of(vector["steps"], kinds)

    def renamed(here):
        return here[0], ranks[here[0]][here[1] // PAGE], here[1] % PAGE

    out = []
    for step in vector["steps"]:
        process, call, args = STEP.match(step["step"]).groups()
        args = args.split(", ") if args else []
        words, last = [process, call], None
        for kind, arg in zip(kinds[call], args):
            here = place(arg)
            if here:
                words.append(renamed(here))
                last = here
            elif kind == "LEN" and last and number(arg) is not None:
                end = last[1] + number(arg)
                words.append((ranks[last[0]][-(-end // PAGE)], end % PAGE))
            else:
                words.append(arg)
        here = place(step["answer"])
        out.append((tuple(words), renamed(here) if here else step["answer"]))
    return tuple(out)


# ---- tests --------------------------------------------------------------------------------------

class Tap:
    def __init__(self):
        self.nr = self.bad = 0

    def check(self, name, ok, why=""):
        self.nr += 1
        self.bad += not ok
        print(f"{'ok' if ok else 'not ok'} {self.nr} - {name}")
        if not ok:
            for line in str(why).splitlines()[:8]:
                print(f"# {line}")

    def skip(self, name, reason):
        self.nr += 1
        print(f"ok {self.nr} - {name} # SKIP {reason}")

    def end(self):
        print(f"1..{self.nr}")
        return 1 if self.bad else 0


def read_source(path):
    """name -> its steps, as text."""
    vectors, name = {}, None
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            word = line.split()[0]
            if word == "vector":
                name = line.split()[1]
                vectors[name] = 0
            elif word not in ("theme", "shows", "rule"):
                vectors[name] += 1
    return vectors


def check_schema(tap, files):
    import jsonschema
    with open(os.path.join(VECTORS, "schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for theme, data in files.items():
        errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(data)]
        tap.check(f"{theme}.json is as schema.json says", not errors, "\n".join(errors))
        wrong = [v["name"] for v in data["vectors"] if v["theme"] != theme]
        tap.check(f"{theme}.json has one theme", data["theme"] == theme and not wrong, wrong)
    bent = json.loads(json.dumps(next(iter(files.values()))))
    bent["vectors"][0]["steps"][0]["answer"] = "perhaps"
    tap.check("schema.json refuses an odd answer", any(validator.iter_errors(bent)))


def check_sources(tap, files):
    for theme, data in files.items():
        stored = {v["name"]: len(v["steps"]) for v in data["vectors"]}
        wanted = read_source(os.path.join(VECTORS, "src", theme + ".txt"))
        differ = sorted(set(stored.items()) ^ set(wanted.items()))
        tap.check(f"{theme}.json has what src/{theme}.txt has", not differ, f"make vectors: {differ[:5]}")


def check_unique(tap, files):
    kinds = call_kinds()
    seen, equal = {}, []
    for theme, data in files.items():
        for vector in data["vectors"]:
            key = canonical(vector, kinds)
            name = f"{theme}/{vector['name']}"
            if key in seen:
                equal.append(f"{name} is {seen[key]}")
            seen.setdefault(key, name)
    tap.check("no two vectors are equal but for addresses", not equal, "\n".join(equal))

    def sample(address, length):
        return {"steps": [{"step": f"munmap(pool{address}, {length})", "answer": "0"}]}

    tap.check("moved elsewhere, a vector is the same",
              canonical(sample("+0x1000", "0x2000"), kinds) == canonical(sample("", "0x7000"), kinds))
    tap.check("off by a byte, it is another",
              canonical(sample("+0x1001", "0x2000"), kinds) != canonical(sample("", "0x2000"), kinds))


def rules():
    ran = subprocess.run([USERMM, "rules", "--json"], capture_output=True, text=True, check=True)
    return {r["name"] for r in map(json.loads, ran.stdout.splitlines()) if r.get("type") == "rule"}


def check_rules(tap, files):
    told = {}
    for data in files.values():
        for vector in data["vectors"]:
            if "rule" in vector:
                told[vector["rule"]] = told.get(vector["rule"], 0) + 1
    untold = {}
    with open(os.path.join(VECTORS, "untold.txt"), encoding="utf-8") as f:
        for line in f:
            name, _, reason = line.strip().partition(" ")
            if name and not name.startswith("#"):
                untold[name] = reason.strip()
    tap.check(f"at least {TELL_A_RULE} vectors tell a rule", sum(told.values()) >= TELL_A_RULE,
              sum(told.values()))
    missing = sorted(rules() - set(told) - set(untold))
    tap.check("each rule is told, or vectors/untold.txt says why not", not missing, missing)
    stale = sorted(n for n in untold if n in told or n not in rules() or not untold[n])
    tap.check("vectors/untold.txt is true", not stale, stale)


def check():
    tap = Tap()
    files = {theme_of(p): load(theme_of(p)) for p in sources()}
    tap.check("the themes are there", sorted(files) == THEMES, sorted(set(files) ^ set(THEMES)))
    check_schema(tap, files)
    check_sources(tap, files)
    few = {t: len(d["vectors"]) for t, d in files.items() if len(d["vectors"]) < PER_THEME}
    tap.check(f"each theme has {PER_THEME} vectors", not few, few)
    total = sum(len(d["vectors"]) for d in files.values())
    tap.check(f"there are {ALL} vectors", total >= ALL, total)
    check_unique(tap, files)
    check_rules(tap, files)
    return tap.end()


def machine_differs(stored, now):
    """Why the answers may differ, or None."""
    if stored["kernel"] != now["kernel"]:
        return f"recorded on {stored['kernel']}, this is {now['kernel']}"
    for name, value in stored["machine"].items():
        if name not in ("memory_pages", "swap_pages", "uid", "gid") and now["machine"].get(name) != value:
            return f"{name} is {now['machine'].get(name)}, not {value}"
    if stored["bases"]["top"] != now["bases"]["top"]:
        return "the address space is laid out otherwise"
    return None


NO_UFFD = "vm.unprivileged_userfaultfd is 0"


def again_one(tap, source, target):
    theme = theme_of(source)
    name = f"{theme}: recorded again, the kernel answers the same"
    ran = record_one(source, target)
    if not os.path.exists(target):
        # An ordinary process cannot be had here; any other reason is a fault of ours.
        if re.search("RLIMIT_MEMLOCK is below|hard limits are in the way", ran.stderr):
            tap.skip(name, ran.stderr.strip())
        else:
            tap.check(name, False, ran.stderr)
        return
    with open(target, encoding="utf-8") as f:
        now = json.load(f)
    stored = load(theme)
    differs = machine_differs(stored, now)
    if differs:
        tap.skip(name, differs)
        return
    old = {v["name"]: v for v in stored["vectors"]}
    new = {v["name"]: v for v in now["vectors"]}
    lost = {n for n in old if n not in new and
            any("userfaultfd(" in step["step"] for step in old[n]["steps"])}
    if lost and NO_UFFD in ran.stderr:
        tap.skip(f"{theme}: {len(lost)} with a userfaultfd", NO_UFFD)
    else:
        lost = set()
    wrong = [n for n in old if n not in lost and old[n] != new.get(n)]
    tap.check(name, not wrong, f"{wrong}\n{ran.stderr}")


def again():
    tap = Tap()
    with tempfile.TemporaryDirectory() as tmp:
        for source in sources():
            again_one(tap, source, os.path.join(tmp, theme_of(source) + ".json"))
    return tap.end()


def main():
    verbs = {"record": record, "check": check, "again": again}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        print(__doc__, file=sys.stderr)
        return 2
    return verbs[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
