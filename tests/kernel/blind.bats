#!/usr/bin/env bats
# Writes that no page-fault event shows: the model must learn of them all the same, before they
# decide a merge.

load lib.bash

blind() {
	agrees "$TEST_PROGS/blind" "$1"
}

@test "every case of the program is tested here" {
	every_case_is_tested -w blind blind
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
@test "vm writev outside" { blind vm_writev_outside; }
@test "proc mem outside" { blind proc_mem_outside; }
@test "futex shared wait" { blind futex_shared_wait; }
@test "vmsplice from" { blind vmsplice_from; }
@test "vmsplice into" { blind vmsplice_into; }
@test "uring buffer" { blind uring_buffer; }
@test "burst" { blind burst; }

@test "unmapped since" {
	blind unmapped_since
	# What nobody knew of the old area is no excuse for a wrong answer about the new one.
	need_exact_faults
	usermm_check 1 --rule merge_into_unfaulted=off -- "$TEST_PROGS/blind" unmapped_since
	grep -q '^divergence 1: ' check.result
}

# ---- with less to see ----

# everything OPTION: each case, random calls and threads.
everything() {
	for name in $("$TEST_PROGS/blind" --list); do
		usermm_check 0 "$1" -- "$TEST_PROGS/blind" "$name"
		grep -q ' 0 divergences' check.err
	done
	usermm_check 0 "$1" -- "$TEST_PROGS/random_calls" 7 2000
	usermm_check 0 "$1" -- "$TEST_PROGS/threads_pool" 3 500
	# With userfaultfds that refuse faults: an anon_vma without a page.
	usermm_check 0 "$1" -- "$TEST_PROGS/random_policy" 33 1500
}

@test "records that are lost" {
	need_exact_faults
	everything --faults=lossy
	usermm_check 0 --faults=lossy -- "$TEST_PROGS/blind" burst
	grep -q 'warning: [0-9]* page-fault records were lost' check.err
}

@test "faults without read or write" { everything --faults=software; }
@test "no faults in the kernel" { everything --faults=user; }
@test "no fault events at all" { everything --faults=none; }

@test "a user like any other" {
	[ "$(id -u)" = 0 ] || skip "this is one: all other tests are run so"
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	chmod 777 . "$BATS_TEST_TMPDIR"
	mkdir bin
	cp "$USERMM" "$TEST_PROGS/blind" "$TEST_PROGS/random_calls" bin/
	chmod -R a+rx bin
	for name in $(bin/blind --list); do
		timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
			bin/usermm check -f -- bin/blind "$name" >check.out 2>check.err || {
			cat check.err
			return 1
		}
		grep -q ' 0 divergences' check.err
	done
	timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		bin/usermm check -f -- bin/random_calls 5 2000 >check.out 2>check.err
	grep -q ' 0 divergences' check.err
}
