#!/usr/bin/env bats
# JSON Lines.

load lib

setup_file() {
	build_program refused
}

# records FILE CODE: run Python with the list `r` of the file's records.
records() {
	python3 - "$1" "$2" <<'PY'
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    r = [json.loads(line) for line in f]
def of(kind):
    return [x for x in r if x["type"] == kind]
exec(sys.argv[2])
PY
}

@test "check: a header first, the summary last, each line an object" {
	usermm 0 check --json -- true
	records out '
assert r[0]["type"] == "header" and r[0]["v"] == 1 and r[0]["verb"] == "check", r[0]
assert r[0]["argv"] == ["true"]
assert r[-1]["type"] == "summary" and len(of("summary")) == 1
for key in "calls processes threads faults maps divergences either adopted observed".split():
    assert type(r[-1][key]) is int, key
assert r[-1]["adopted"] == sum(r[-1]["adopted_by"].values()) == len(of("adopted"))
assert r[-1]["adopted_by"] == {}, r[-1]
assert len(of("exec")) == 1 and of("exec")[0]["path"].endswith("/true") and not of("exec")[0]["killed"]
assert r[-1]["calls"] == len(of("call")) > 5
assert r[-1]["divergences"] == 0 and not of("divergence")
'
}

@test "a call has what was predicted and what came, addresses as strings" {
	usermm 0 check --json -o records -- "$BATS_FILE_TMPDIR/refused"
	[ ! -s out ]
	records records '
for x in of("call"):
    if x["call"] == "prlimit64":    # it only reads a limit: nothing to predict
        assert x["predicted"] is None and x["args"][2] == "0x0", x
        continue
    assert x["predicted"] == x["got"], x
    assert all(a.startswith("0x") for a in x["args"])
    assert len(x["args"]) == {"mmap": 6, "munmap": 2, "mprotect": 3, "brk": 1}[x["call"]]
    assert x["line"].startswith(x["call"] + "(")
placed = [x for x in of("call") if x["call"] == "mmap" and "error" not in x]
assert placed and all(x["got"].startswith("0x") for x in placed)
'
}

@test "a refusal has its check, its limit, and what was ruled out" {
	usermm 0 check --json -o records -- "$BATS_FILE_TMPDIR/refused"
	records records '
no = [x for x in of("call") if x.get("error") == "ENOMEM" and x["call"] == "mprotect"]
assert len(no) == 1, no
no = no[0]
assert no["got"] == -12 and no["predicted"] == -12
assert no["refused"]["code"] == "MPROTECT_HOLE" and no["refused"]["error"] == "ENOMEM"
assert no["refused"]["function"] == "do_mprotect_pkey"
assert "nothing is mapped at" in no["refused"]["text"]
assert no["refused"]["limit"] and no["refused"]["remedy"]
assert len(no["ruled_out"]) >= 2 and all(x["ruled_out"] and x["code"] for x in no["ruled_out"])
assert all(x["text"] and x["label"] for x in no["notes"])
'
}

@test "trace writes them where its lines would go" {
	usermm 0 trace --json -o records -- true
	[ ! -s out ]
	records records 'assert r[0]["verb"] == "trace" and r[-1]["type"] == "summary"'
	usermm 0 trace --json -- true
	[ ! -s out ]
	grep -a '^{' err >records
	records records 'assert r[0]["v"] == 1 and r[-1]["type"] == "summary" and len(of("call")) > 5'
}

@test "a signal says why" {
	usermm 0 check --json -- "$BATS_FILE_TMPDIR/refused" crash
	records out '
(s,) = of("signal")
assert s["signal"] == "SIGSEGV" and s["refused"]["code"] == "FAULT_NO_AREA", s
assert of("exited")[-1]["signal"] == "SIGSEGV"
'
}

@test "a difference is one record with both sides" {
	usermm 1 check --json --falsify=munmap:1:-EINVAL -- true
	records out '
(d,) = of("divergence")
assert d["kind"] == "result" and d["call"] == "munmap" and d["line"].startswith("munmap(")
assert d["model"] and d["kernel"] and d["model"] != d["kernel"]
assert r[-1]["divergences"] == 1
'
}

@test "a program that is not there is trouble, and the summary still comes last" {
	usermm 2 check --json -- /no/such/program
	records out '
assert len(of("trouble")) == 1 and "/no/such/program" in of("trouble")[0]["message"]
assert r[-1]["type"] == "summary" and r[-1]["calls"] == 0
'
}

@test "names that are no UTF-8 do not break a record" {
	printf '#!/bin/sh\nexit 0\n' >$'bad\xff"name'
	chmod +x $'bad\xff"name'
	usermm 0 check --json -o records -- $'./bad\xff"name' $'\x80'
	records records 'assert len(r[0]["argv"]) == 2 and r[-1]["divergences"] == 0'
}

@test "rules" {
	usermm 0 rules --json
	records out '
assert r[0]["v"] == 1 and r[0]["verb"] == "rules"
rules = of("rule")
assert len(rules) == len(r) - 1 >= 10
for x in rules:
    assert x["name"] and x["text"] and type(x["on"]) is bool and x["verified"]
assert len({x["name"] for x in rules}) == len(rules)
'
}
