#!/usr/bin/env bats
# Writes that no page-fault event shows: the model must learn of them all the same, before they
# decide a merge.

load lib.bash

blind() {
	agrees "$TEST_PROGS/blind" "$1"
}

@test "every case of the program is tested here" {
	for name in $("$TEST_PROGS/blind" --list); do
		grep -Eq "(\{ |^\s)blind $name(; \}|$)" "$BATS_TEST_FILENAME" || {
			say "no test of $name"
			return 1
		}
	done
}

@test "plain write" { blind plain_write; }
@test "plain read" { blind plain_read; }
@test "read into" { blind read_into; }
@test "write from" { blind write_from; }
@test "direct read" { blind direct_read; }
@test "vm writev" { blind vm_writev; }
@test "proc mem" { blind proc_mem; }
@test "populate flag" { blind populate_flag; }
@test "populate read only" { blind populate_read_only; }
@test "populate write" { blind populate_write; }
@test "populate read" { blind populate_read; }
@test "locked" { blind locked; }
@test "dropped" { blind dropped; }
@test "futex wake op" { blind futex_wake_op; }
@test "getcwd into" { blind getcwd_into; }

@test "unmapped since" {
	blind unmapped_since
	# What nobody knew of the old area is no excuse for a wrong answer about the new one.
	need_exact_faults
	usermm_check 1 --rule merge_into_unfaulted=off -- "$TEST_PROGS/blind" unmapped_since
	grep -q '^divergence 1: ' check.result
}
