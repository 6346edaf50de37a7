#!/usr/bin/env bats
# Every case of merging and splitting: what the kernel made of it, and that the model said so before.

load lib.bash

# The program expects the kernel's result by itself, without us; then beside the model.
merges() {
	timeout 30 "$TEST_PROGS/$1" "$2" >native.out || { cat native.out; return 1; }
	agrees "$TEST_PROGS/$1" "$2"
}

@test "every case of the programs is tested here" {
	every_case_is_tested merge_new merge_change merge_fork
}

@test "a new range: prev" { merges merge_new prev; }
@test "a new range: prev faulted" { merges merge_new prev_faulted; }
@test "a new range: next" { merges merge_new next; }
@test "a new range: next faulted" { merges merge_new next_faulted; }
@test "a new range: both" { merges merge_new both; }
@test "a new range: both one faulted" { merges merge_new both_one_faulted; }
@test "a new range: both other anon vma" { merges merge_new both_other_anon_vma; }
@test "a new range: both same anon vma" { merges merge_new both_same_anon_vma; }
@test "a new range: anon vma reused" { merges merge_new anon_vma_reused; }
@test "a new range: replaced middle" { merges merge_new replaced_middle; }
@test "a new range: replaced edges" { merges merge_new replaced_edges; }
@test "a new range: flags differ" { merges merge_new flags_differ; }
@test "a new range: flags ignored" { merges merge_new flags_ignored; }
@test "a new range: growsdown" { merges merge_new growsdown; }
@test "a new range: file offsets" { merges merge_new file_offsets; }
@test "a new range: file writable" { merges merge_new file_writable; }
@test "a new range: file dup" { merges merge_new file_dup; }
@test "a new range: file two opens" { merges merge_new file_two_opens; }
@test "a new range: file closed between" { merges merge_new file_closed_between; }
@test "a new range: file beside anonymous" { merges merge_new file_beside_anonymous; }
@test "a new range: shared anonymous" { merges merge_new shared_anonymous; }
@test "a new range: searched" { merges merge_new searched; }
@test "a new range: brk extends" { merges merge_new brk_extends; }
@test "a new range: brk after mprotect" { merges merge_new brk_after_mprotect; }
@test "a new range: brk below area" { merges merge_new brk_below_area; }
@test "a new range: brk over hole" { merges merge_new brk_over_hole; }
@test "a new range: brk joined below" { merges merge_new brk_joined_below; }

@test "a changed range: left whole" { merges merge_change left_whole; }
@test "a changed range: left part" { merges merge_change left_part; }
@test "a changed range: right whole" { merges merge_change right_whole; }
@test "a changed range: right part" { merges merge_change right_part; }
@test "a changed range: both" { merges merge_change both; }
@test "a changed range: split middle" { merges merge_change split_middle; }
@test "a changed range: split middle faulted" { merges merge_change split_middle_faulted; }
@test "a changed range: split edges" { merges merge_change split_edges; }
@test "a changed range: no change" { merges merge_change no_change; }
@test "a changed range: other anon vma" { merges merge_change other_anon_vma; }
@test "a changed range: order a c b" { merges merge_change order_a_c_b; }
@test "a changed range: order a b c" { merges merge_change order_a_b_c; }
@test "a changed range: faulted into unfaulted" { merges merge_change faulted_into_unfaulted; }
@test "a changed range: charge kept" { merges merge_change charge_kept; }
@test "a changed range: charge dropped" { merges merge_change charge_dropped; }
@test "a changed range: many areas" { merges merge_change many_areas; }
@test "a changed range: file areas" { merges merge_change file_areas; }
@test "a changed range: shared file areas" { merges merge_change shared_file_areas; }
@test "a changed range: down to start" { merges merge_change down_to_start; }
@test "a changed range: unmap parts" { merges merge_change unmap_parts; }
@test "a changed range: unmap across" { merges merge_change unmap_across; }
@test "a changed range: map again" { merges merge_change map_again; }

@test "fork: child beside faulted" { merges merge_fork child_beside_faulted; }
@test "fork: child beside unfaulted" { merges merge_fork child_beside_unfaulted; }
@test "fork: child split again" { merges merge_fork child_split_again; }
@test "fork: child same anon vma" { merges merge_fork child_same_anon_vma; }
@test "fork: child hole" { merges merge_fork child_hole; }
@test "fork: child brk" { merges merge_fork child_brk; }
@test "fork: child own pool" { merges merge_fork child_own_pool; }
@test "fork: grandchild" { merges merge_fork grandchild; }
@test "fork: parent after" { merges merge_fork parent_after; }
@test "fork: shared file" { merges merge_fork shared_file; }
@test "fork: vfork shares" { merges merge_fork vfork_shares; }

# Whose anon_vma it got hangs on the order of their faults, and what is in doubt spreads by merging.
@test "threads side by side" {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		"$TEST_PROGS/behave" threads | grep '^FAILED' && return 1
		usermm_check 0 -- "$TEST_PROGS/behave" threads
	done
}
