#!/usr/bin/env bats
# What check prints, and the table of rules.

load lib

@test "agreement is silent on stdout" {
	usermm 0 check -- perl -e '$x = "a" x 3000000'
	[ ! -s out ]
}

@test "a difference shows both sides within 80 columns" {
	usermm 1 check --falsify=munmap:1:-EINVAL -- true
	has out '^divergence 1: munmap\(0x[0-9a-f]+, [0-9]+\)$'
	has out '^              \[pid [0-9]+\] after munmap$'
	has out '^  model       0x0$|^  model       0$'
	has out '^  kernel      -1 EINVAL'
	fits_80_columns out
	[ "$(grep -c '^divergence' out)" = 1 ]
	has err ': 1 divergence, '
}

@test "--falsify strikes the call that was named, and that one alone" {
	usermm 1 check --json --falsify=mprotect:2:7 -- true
	python3 - <<'PY'
import json
r = [json.loads(line) for line in open("out")]
calls = [x for x in r if x["type"] == "call" and x["call"] == "mprotect"]
assert [x["got"] == x["predicted"] for x in calls[:3]] == [True, False, True], calls
assert calls[1]["got"] == 7 and calls[1]["predicted"] == 0
assert len([x for x in r if x["type"] == "divergence"]) == 1
PY
}

@test "a value may be a number or the name of an error" {
	usermm 1 check --falsify=mprotect:1:-13 -- true
	has out '^  kernel      -1 EACCES'
	usermm 1 check --falsify=mprotect:1:-EACCES -- true
	has out '^  kernel      -1 EACCES'
	usermm 1 check --falsify=munmap:1:0x10 -- true
	has out '^  kernel      0x10$'
}

@test "--verify=calls compares no areas" {
	usermm 0 check --verify=calls -- true
	has err ' 0 maps compared: '
	usermm 0 check --verify=maps -- true
	has err ' [1-9][0-9]* maps? compared: '
}

@test "-o keeps the result apart from the program's output" {
	usermm 1 check -o result --falsify=munmap:1:-EINVAL -- echo hello
	same out hello
	has result '^divergence 1: '
}

@test "--pin=never follows as well" {
	usermm 0 check --pin=never -- perl -e 1
	has err ': 0 divergences, '
}

@test "rules: a table, with what holds on this kernel" {
	usermm 0 rules
	head -n 1 out >head
	has head '^RULE +SINCE +UNTIL +[0-9]+\.[0-9]+ +WHAT$'
	has out '^droppable +6\.11 +- +(on|off) +'
	fits_80_columns out
	usermm 0 rules --json
	[ "$(grep -c '"type":"rule"' out)" -ge 10 ]
}

@test "rules takes no argument" {
	usermm 2 rules droppable
	has err '^usermm: rules: takes no argument, got "droppable"$'
}
