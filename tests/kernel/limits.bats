#!/usr/bin/env bats
# What cannot be known is said by name: each reason of host/adopt.h, provoked where that is possible.
# docs/limits.md is the list.

load lib.bash

# adopts REASON OPTIONS... -- COMMAND...: no divergence, and this was taken over, by that name.
adopts() {
	usermm_check 0 --json "${@:2}"
	python3 "$RECORDS" took_over check.result "$1"
}

# alone REASON CASE: the program itself is followed, not what it starts.
alone() {
	timeout 60 "$USERMM" check --json -o check.result -- "$TEST_PROGS/limits_cases" "$2" \
		>check.out 2>check.err </dev/null || { cat check.out check.err; return 1; }
	skip_if_skipped check.out
	python3 "$RECORDS" took_over check.result "$1"
}

@test "every case of the program is tested here" {
	every_case_is_tested -w "alone .*" limits_cases
}

@test "MAP_32BIT" { alone MAP_32BIT map_32bit; }
@test "shmem inode" { alone "shmem inode" shmem_inode; }
@test "a driver's mmap" { alone "device:anon_inode:[io_uring]" driver; }
@test "a ring that was overwritten" { alone "outside mm: aio" aio_ring_overwritten; }
@test "collapse" { alone collapse collapse; }
@test "sealed elsewhere" { alone "outside actor" sealed_elsewhere; }
@test "advised elsewhere" { alone "other process" advised_elsewhere; }
@test "a userfaultfd of a stranger" { alone userfaultfd stranger; }
@test "a watched argument" { alone "watched argument" watched_argument; }

@test "a filter of its own" {
	local us program=0 got=0

	"$TEST_PROGS/limits_cases" own_filter >program.out 3>&- &
	program=$!
	sleep 0.2
	timeout 30 "$USERMM" check --json -o check.result -p "$program" >check.out 2>check.err 3>&- &
	us=$!
	wait "$program" || got=$?
	wait "$us" || true
	skip_if_skipped program.out
	[ "$got" = 0 ] || { cat program.out check.err; return 1; }
	python3 "$RECORDS" took_over check.result "outside mm: seccomp"
}

@test "another IPC namespace" {
	unshare --ipc true 2>/dev/null || skip "no IPC namespace can be made here"
	adopts "IPC namespace" -- unshare --ipc "$TEST_PROGS/shm_cases" \
		"$("$TEST_PROGS/shm_cases" --list | head -n 1)"
}

@test "no page faults are reported" {
	adopts "anon_vma order" --faults=none -- "$TEST_PROGS/random_policy" 7 1500
}

@test "descriptors that hide" {
	timeout 60 "$TEST_PROGS/without" pidfd_getfd "$USERMM" check --json -o check.result -- \
		"$TEST_PROGS/hello" >check.out 2>check.err </dev/null
	python3 "$RECORDS" took_over check.result descriptor
}

# ---- the list ----

@test "every reason is on the list, and every test that the list names is there" {
	python3 "$HERE/limits.py" "$HERE/../../host/adopt.h" "$HERE/../../docs/limits.md" "$HERE"
}

@test "a reason without a row, and a row without a test, would be found" {
	printf '#define ADOPT_NEW\t"something new"\n' | cat "$HERE/../../host/adopt.h" - >adopt.h
	run -1 python3 "$HERE/limits.py" adopt.h "$HERE/../../docs/limits.md" "$HERE"
	[[ "$output" == *"something new"* ]]
	sed 's/limits.bats: collapse/limits.bats: collapsed/' "$HERE/../../docs/limits.md" >limits.md
	run -1 python3 "$HERE/limits.py" "$HERE/../../host/adopt.h" limits.md "$HERE"
	[[ "$output" == *"limits.bats: collapsed"* ]]
}
