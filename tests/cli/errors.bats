#!/usr/bin/env bats
# usermm errors: the catalogue, what is asked of it, and that the tests reach all of it.

load lib

@test "all checks, grouped by their calls, in 80 columns" {
	usermm 0 errors
	has out '^mprotect, pkey_mprotect$'
	has out '^  ENOMEM  MAP_COUNT$'
	has out '^      fix    sysctl vm.max_map_count=N'
	lacks out '[{}]'
	fits_80_columns out
	[ ! -s err ]
}

@test "of one call: what several calls have too" {
	usermm 0 errors mprotect
	has out '  MPROTECT_HOLE$'
	has out '  SEALED$'
	has out '  RLIMIT_DATA$'
	lacks out '  (MUNMAP_RANGE|SHMAT_ADDR|MPROTECT_PKEY)$'
}

@test "of one error number" {
	usermm 0 errors enospc
	has out '  SHMGET_TOTAL$'
	[ "$(grep -cE '^  E' out)" = "$(grep -cE '^  ENOSPC ' out)" ]
}

@test "one check by name, and several arguments at once" {
	usermm 0 errors rlimit_as
	[ "$(grep -cE '^  E[A-Z]+ ' out)" = 1 ]
	usermm 0 errors brk SHMAT_BUSY fault
	has out '  BRK_NEIGHBOUR$'
	has out '  SHMAT_BUSY$'
	has out '  STACK_LIMIT$'
}

@test "an unknown name is told of, with the nearest" {
	usermm 2 errors mporotect
	has err 'no call, error or check is called "mporotect"; near are: mprotect'
	[ ! -s out ]
	usermm 2 errors ENOMEN
	has err 'near are: ENOMEM'
	usermm 2 errors zzzzzzzzzzzzzzzzzz
	has err 'usermm errors. lists them all'
	usermm 2 errors mmap "$(printf 'x%.0s' $(seq 5000))"
	[ ! -s out ]
}

@test "--json: a record for each, with its calls" {
	usermm 0 errors --json RLIMIT_AS
	python3 - out <<-'EOF'
		import json, sys
		header, record = [json.loads(line) for line in open(sys.argv[1])]
		assert header["type"] == "header" and header["v"] == 1 and header["verb"] == "errors", header
		assert record["type"] == "error" and record["name"] == "RLIMIT_AS", record
		assert record["errno"] == "ENOMEM" and "mmap" in record["calls"], record
		assert record["function"] == "may_expand_vm" and "{1p}" in record["limit"], record
		assert record["remedy"], record
	EOF
	usermm 0 errors --json
	[ "$(grep -c '"type":"error"' out)" -gt 100 ]
}

@test "docs/errors.md is what the catalogue says" {
	usermm 0 errors --markdown
	diff "$HERE/../../docs/errors.md" out || {
		echo "stale: build/usermm errors --markdown >docs/errors.md"
		return 1
	}
}

@test "every check is provoked on the running kernel, or it is said why not" {
	python3 "$HERE/../../tools/errors.py" "$USERMM"
}

@test "a check that no test reaches would be found" {
	cat >usermm <<-'EOF'
		#!/bin/sh
		"$USERMM" "$@"
		echo '{"type":"error","name":"NO_SUCH_CHECK","errno":"EINVAL"}'
	EOF
	chmod +x usermm
	export USERMM
	python3 "$HERE/../../tools/errors.py" ./usermm >complaints || true
	has complaints '^NO_SUCH_CHECK \(EINVAL\) is provoked by no test'
}
