#!/usr/bin/env bats
# Where mmap puts what it may put where it likes, in each layout of an address space.

load lib.bash

# As exec lays it out here; without randomisation; bottom-up.
placed() {
	agrees "$TEST_PROGS/place" "$1"
	if command -v setarch >/dev/null; then
		agrees setarch -R "$TEST_PROGS/place" "$1"
		agrees setarch -L "$TEST_PROGS/place" "$1"
	fi
}

@test "every case of the program is tested here" {
	every_case_is_tested -w placed place
}

# The base of the search follows from the stack's limit at exec.
@test "with a small, a large and an unlimited stack" {
	for limit in 1024 1048576 unlimited; do
		agrees bash -c "ulimit -s $limit && exec $TEST_PROGS/place below_each_other"
		agrees bash -c "ulimit -s $limit && exec $TEST_PROGS/place large"
		agrees bash -c "ulimit -s $limit && exec $TEST_PROGS/hello_static"
		agrees bash -c "ulimit -s $limit && exec $TEST_PROGS/hello_nopie"
	done
}

@test "below each other" { placed below_each_other; }
@test "first hole" { placed first_hole; }
@test "hint free" { placed hint_free; }
@test "hint busy" { placed hint_busy; }
@test "hint low" { placed hint_low; }
@test "hint high" { placed hint_high; }
@test "near growing" { placed near_growing; }
@test "growing anywhere" { placed growing_anywhere; }
@test "grown" { placed grown; }
@test "large" { placed large; }
@test "file large" { placed file_large; }
@test "last file page" { placed last_file_page; }
@test "upwards" { placed upwards; }
@test "huge pages" { placed huge_pages; }
