#!/usr/bin/env bats
# Calls that are not predicted yet: what they did is taken over, and everything after it is predicted
# rightly again.

load lib.bash

taken_over() {
	agrees "$TEST_PROGS/taken_over" "$1"
}

@test "every case of the program is tested here" {
	every_case_is_tested -w taken_over taken_over
}

@test "moved written" { taken_over moved_written; }
@test "moved unwritten" { taken_over moved_unwritten; }
@test "moved back" { taken_over moved_back; }
@test "moved parts" { taken_over moved_parts; }
@test "moved and grown" { taken_over moved_and_grown; }
@test "moved onto a reservation" { taken_over moved_onto_reservation; }
@test "grown" { taken_over grown; }
@test "dontfork" { taken_over dontfork; }
@test "wipeonfork" { taken_over wipeonfork; }
@test "locked" { taken_over locked; }
@test "locked future" { taken_over locked_future; }
@test "shared segment" { taken_over shared_segment; }
@test "sealed" { taken_over sealed; }
