#!/usr/bin/env bats
# The kernel's answer, falsified in the program's register after the prediction was made, is
# reported: once, with both sides.  So agreement means that answers are really compared.

load lib.bash

# Each program makes its call sixty times; of those, none of the first twenty are its own start.
falsified() {
	usermm_check 1 --json --falsify "$1:30:$2" -- "$TEST_PROGS/any_answer" "$1"
	python3 "$RECORDS" diverged check.result 1
}

@test "mmap: an error" { falsified mmap -12; }
@test "mmap: another address" { falsified mmap 0x10000; }
@test "munmap: an error" { falsified munmap -22; }
@test "mprotect: an error" { falsified mprotect -13; }
@test "mremap: an error" { falsified mremap -14; }
@test "mremap: another address" { falsified mremap 0x10000; }
@test "brk: another break" { falsified brk 4096; }
@test "fork: an error" { falsified fork -12; }
@test "vfork: an error" { falsified vfork -12; }
@test "clone: an error" { falsified clone -12; }

# A success where the model says no.
@test "mmap: success where it is refused" {
	nth=$(nth_of refuse_args zero_length mmap -22)
	usermm_check 1 --json --falsify "mmap:$nth:0x7000000000" -- "$TEST_PROGS/refuse_args" zero_length
	python3 "$RECORDS" diverged check.result 1
}

@test "mprotect: success where it is refused" {
	nth=$(nth_of refuse_args mprotect_bits mprotect -22)
	usermm_check 1 --json --falsify "mprotect:$nth:0" -- "$TEST_PROGS/refuse_args" mprotect_bits
	python3 "$RECORDS" diverged check.result 1
}

# nth_of PROGRAM CASE CALL RESULT: which of its calls of that name had that result.
nth_of() {
	"$USERMM" trace -f --json -o trace.json -- "$TEST_PROGS/$1" "$2" >/dev/null
	python3 "$RECORDS" nth trace.json "$3" "$4"
}

@test "what equals the true answer is no divergence" {
	usermm_check 0 --json --falsify munmap:30:0 -- "$TEST_PROGS/any_answer" munmap
	python3 "$RECORDS" agrees check.result
	usermm_check 0 --json --falsify mprotect:30:0 -- "$TEST_PROGS/any_answer" mprotect
	python3 "$RECORDS" agrees check.result
}

@test "what only VmFlags show is compared at exit" {
	usermm_check 0 -- "$TEST_PROGS/by_rule" map_stack_alone
	usermm_check 1 --rule map_stack_nohuge=off -- "$TEST_PROGS/by_rule" map_stack_alone
	grep -A6 'at exit' check.result | grep -q 'VmFlags: .* nh'
}

@test "a call that never comes falsifies nothing" {
	usermm_check 0 --json --falsify mmap:1000000:-12 -- "$TEST_PROGS/any_answer" mmap
	python3 "$RECORDS" agrees check.result
}

# The model is made what the kernel has, and goes on from there.
@test "a divergence is one" {
	usermm_check 1 --json --rule mremap_multi=off -- "$TEST_PROGS/mremap_move" several
	python3 "$RECORDS" diverged check.result 1
	! grep -q 'cannot read' check.err
}
