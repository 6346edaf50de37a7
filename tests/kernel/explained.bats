#!/usr/bin/env bats
# trace --explain=all has something to say of a success of every call that the model answers.

load lib.bash

# Calls of the table that the program cannot do here, each with the reason.
CANNOT="
pkey_alloc       refused without a processor that has protection keys
pkey_free        refused without a processor that has protection keys
pkey_mprotect    with key -1 it is mprotect, another key is refused without a processor that has them
map_shadow_stack refused by a kernel built without user shadow stacks
vfork            the child borrows the address space: nothing of it is decided
clone3           as clone
ioctl            tests/kernel has programs of its own for userfaultfd
arch_prctl       a program has its vdso already: refused
"

explained_calls() {
	python3 - "$1" <<-'EOF'
		import re, sys
		call, ok = None, False
		for line in open(sys.argv[1], encoding="utf-8"):
		    entry = re.match(r"(?:\[pid +\d+\] )?(\w+)\(.*= (\S+)", line)
		    if entry:
		        call, ok = entry[1], entry[2] != "-1"
		    elif "↳" in line and call and ok:
		        print(call)
	EOF
}

@test "every success is explained" {
	"$USERMM" trace --explain=all -o trace.txt -- "$TEST_PROGS/explained" >out 2>err
	explained_calls trace.txt | sort -u >explained
	sed -nE 's/^\t(MEMORY|OPTION|FORK)\((\w+),?.*/\2/p; s/^\t\{ __NR_(\w+), .*CALL_MEMORY.*/\1/p' \
		"$HERE/../../host/calls_table.c" | sort -u >table
	[ "$(grep -c . table)" -gt 30 ]
	missing=""
	while read -r call; do
		grep -qx "$call" explained && continue
		grep -qE "^$call " <<<"$CANNOT" && continue
		grep -qx "without $call" out && continue	# this machine cannot
		missing="$missing $call"
	done <table
	[ -z "$missing" ] || { say "no success explained of:$missing"; cat trace.txt; return 1; }
}

@test "a success that is not explained would be found" {
	printf 'brk(NULL) = 0x1000\n  ↳ heap  asked\nmmap(NULL) = 0x1000\nbrk(NULL) = -1 ENOMEM\n' >trace.txt
	[ "$(explained_calls trace.txt)" = brk ]
}
