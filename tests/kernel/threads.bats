#!/usr/bin/env bats
# Threads, and processes that share an address space: what ran at the same time is accepted in each
# order in which it may have happened, and in no other.

load lib.bash

# cases PROGRAM: each of them, alone.
cases() {
	for name in $("$TEST_PROGS/$1" --list); do
		agrees "$TEST_PROGS/$1" "$name"
		# The one whose purpose is that calls and faults meet.
		[ "$name" = at_once ] || rarely_either
	done
}

# summary WORD: the number before it in the last run's summary.
summary() {
	sed -n "s/.* \([0-9]*\) $1.*/\1/p" check.err | tail -1
}

# At most one call in a hundred, where nobody makes it race.
rarely_either() {
	[ $(($(summary either) * 100)) -le "$(summary calls)" ] || {
		say "too many answers were right only in another order"
		return 1
	}
}

@test "clone(CLONE_VM): two processes, one space, limits of their own" { cases clone_vm; }
@test "vfork: the child maps, execs, forks" { cases vfork_maps; }

@test "exec by any thread, ends of threads" {
	for name in $("$TEST_PROGS/exec_thread" --list); do
		agrees "$TEST_PROGS/exec_thread" "$name"
	done
}

@test "a thread sleeps in a call until another one has made its own" {
	for name in $("$TEST_PROGS/threads_asleep" --list); do
		agrees "$TEST_PROGS/threads_asleep" "$name"
	done
}

@test "a thread pool that allocates" {
	agrees "$TEST_PROGS/threads_pool" 4 1500
	rarely_either
}

# ---- races ----

# race CASE: both orders come up within a few runs, and each is accepted.
race() {
	local first=0 second=0

	for try in 1 2 3 4 5; do
		agrees "$TEST_PROGS/threads_race" "$1"
		first=$((first + $(sed -n 's/^first \([0-9]*\), .*/\1/p' check.out)))
		second=$((second + $(sed -n 's/^first .*, second \([0-9]*\)$/\1/p' check.out)))
		[ "$first" -gt 0 ] && [ "$second" -gt 0 ] && return
	done
	skip "only one order came up here: $first rounds and $second"
}

@test "a fault beside mmap" { race fault_beside_mmap; }
@test "a fault beside munmap" { race fault_beside_munmap; }
@test "a fault beside mprotect" { race fault_beside_mprotect; }
@test "a fault beside a fault" { race fault_beside_fault; }

@test "the order that the model took first is not always the kernel's" {
	need_exact_faults
	for try in 1 2 3 4 5; do
		usermm_check 0 -- "$TEST_PROGS/threads_race" fault_beside_munmap
		[ "$(summary either)" -gt 0 ] && return
	done
	skip "no race was lost here"
}

# A model that merges otherwise is wrong in both orders: neither may excuse it.
@test "a third answer is a divergence: faults" {
	need_exact_faults
	usermm_check 1 --rule mmap_merges_next_first=on -- "$TEST_PROGS/threads_race" fault_beside_mmap
	grep -q '^divergence 1: ' check.result
}

@test "a third answer is a divergence: calls that overlap" {
	need_exact_faults
	# Of the eight munmap beside the call that sleeps, one answers what no order explains.
	usermm_check 1 --falsify munmap:6:-22 -- "$TEST_PROGS/threads_asleep" populating
	grep -q '^divergence 1: munmap' check.result
}

@test "a storm of calls and faults in one pool" {
	for seed in 1 2 3; do
		agrees "$TEST_PROGS/threads_race" storm $seed 600
		rarely_either
	done
}
