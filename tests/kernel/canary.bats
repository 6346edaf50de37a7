#!/usr/bin/env bats
# A rule that matters shows: switched off, the model must diverge from this kernel on a program that
# it follows exactly with the rule on.  So each rule is known to be right, and the check to be awake.

load lib.bash

# canary RULE PROGRAM CASE
canary() {
	"$USERMM" rules --json >rules.json
	if ! python3 "$RECORDS" rules rules.json | grep -x "$1" >/dev/null; then
		skip "the running kernel does not have the rule $1"
	fi
	agrees "$TEST_PROGS/$2" "$3"
	usermm_check 1 --rule "$1=off" -- "$TEST_PROGS/$2" "$3"
	grep -q '^divergence 1: ' check.result
}

@test "every rule of this kernel has its canary" {
	"$USERMM" rules --json >rules.json
	for rule in $(python3 "$RECORDS" rules rules.json); do
		# Where chance put the vdso is told by the process, and followed whatever the rule says.
		[ "$rule" != vdso_like_mmap ] || continue
		grep -q "canary $rule " "$BATS_TEST_FILENAME" || {
			say "no canary for $rule"
			return 1
		}
	done
	[ "$(python3 "$RECORDS" rules rules.json | wc -l)" -ge 1 ]
}

@test "fixed_noreplace" { canary fixed_noreplace refuse_args noreplace; }
@test "shared_validate" { canary shared_validate refuse_file shared_validate; }
@test "droppable" { canary droppable refuse_args droppable_locked; }
@test "map_above4g" { canary map_above4g by_rule above4g; }
@test "map_stack_nohuge" { canary map_stack_nohuge by_rule map_stack; }
@test "anon_thp_align" { canary anon_thp_align by_rule thp_align; }
@test "anon_thp_align_multiple" { canary anon_thp_align_multiple by_rule thp_align_multiple; }
@test "thp_align_shift" { canary thp_align_shift by_rule thp_align_shift; }
@test "zero_thp_align" { canary zero_thp_align by_rule zero_thp_align; }
@test "data_limit_mmap" { canary data_limit_mmap refuse_limits data_mmap; }
@test "mprotect_drops_account" { need_exact_faults; canary mprotect_drops_account merge_change charge_dropped; }
@test "merge_into_unfaulted" { need_exact_faults; canary merge_into_unfaulted merge_change faulted_into_unfaulted; }
@test "hugetlb_hint_up" { canary hugetlb_hint_up place huge_pages; }
@test "close_merge" { need_exact_faults; canary close_merge by_rule close_merge; }
@test "failed_fixed_keeps_old" { canary failed_fixed_keeps_old by_rule failed_fixed; }
@test "fixed_split_error" { canary fixed_split_error by_rule fixed_split; }
@test "seal_write_allows_read" { canary seal_write_allows_read refuse_file sealed_mprotect; }
@test "file_size_check" { canary file_size_check refuse_file file_size_limit; }
@test "phdrs_beyond_page" { canary phdrs_beyond_page refuse_exec runs_headers; }
@test "interp_bss_per_segment" { canary interp_bss_per_segment refuse_exec runs_readonly; }
@test "exec_zero_or_die" { canary exec_zero_or_die refuse_exec clear; }
@test "page_zero_sealed" { canary page_zero_sealed exec_cases page_zero; }
@test "heap_name_strict" { canary heap_name_strict by_rule heap_edge; }
@test "mremap_dontunmap" { canary mremap_dontunmap mremap_cases keep; }
@test "mremap_dontunmap_any" { canary mremap_dontunmap_any mremap_cases keep_file; }
@test "mremap_multi" { canary mremap_multi mremap_move several; }
@test "mremap_checks_first" { canary mremap_checks_first refuse_mremap unmapped_first; }
@test "mremap_shrink_charge" { canary mremap_shrink_charge refuse_mremap overcommit_shrink; }
@test "mremap_dup_shared_only" { canary mremap_dup_shared_only refuse_mremap dup_private; }
@test "seals_checked_first" { canary seals_checked_first refuse_seal remap_sealed_file; }
@test "mseal" { canary mseal seal_cases middle; }
@test "mdwe" { canary mdwe process_cases mdwe_inherited; }
@test "mdwe_no_inherit" { canary mdwe_no_inherit process_cases mdwe_not_inherited; }
@test "madv_free" { canary madv_free madvise_cases free; }
@test "madv_wipeonfork" { canary madv_wipeonfork madvise_cases wipeonfork; }
@test "madv_cold" { canary madv_cold madvise_cases cold; }
@test "madv_populate" { canary madv_populate madvise_cases populate; }
@test "populate_stops_at_hole" { need_exact_faults; canary populate_stops_at_hole madvise_cases populate_behind_hole; }
@test "madv_dontneed_locked" { canary madv_dontneed_locked madvise_cases dontneed_locked; }
@test "madv_collapse" { canary madv_collapse madvise_cases collapse_nothing; }
@test "madv_guard" { canary madv_guard madvise_cases guard_fork; }
@test "guard_file" { canary guard_file madvise_cases guard_file; }
@test "guard_flag" { canary guard_flag madvise_cases guard_merge; }
@test "madv_remove_maywrite" { canary madv_remove_maywrite madvise_cases remove_maywrite; }
@test "madv_sealed" { canary madv_sealed refuse_madvise sealed; }
@test "process_madvise_self" { canary process_madvise_self madvise_cases process_self; }
@test "memory_merge" { canary memory_merge madvise_cases merge_any; }
@test "ksm_early" { canary ksm_early madvise_cases merge_any; }
@test "thp_disable_flags" { canary thp_disable_flags madvise_cases thp_disable_flags; }
@test "uffd_own_unregister" { canary uffd_own_unregister refuse_uffd not_ours; }
@test "uffd_cut_merges" { canary uffd_cut_merges uffd_cases cut_joins_above; }
@test "uffd_files_async" { canary uffd_files_async uffd_cases other_kinds; }
@test "mpol_preferred_many" { canary mpol_preferred_many numa_cases balancing_many; }
@test "mpol_weighted" { canary mpol_weighted numa_cases modes_differ; }
@test "mpol_balancing_many" { canary mpol_balancing_many numa_cases balancing_many; }
@test "anon_shmem_name" { canary anon_shmem_name numa_cases named_shared; }
