#!/usr/bin/env bats
# A rule that matters shows: switched to the other side, the model must diverge from this kernel on a
# program that it follows exactly with the rule as this kernel has it.  So each rule is known to be
# right, and the check to be awake.  The programs stand in canaries.txt.

load lib.bash

CANARIES="$HERE/canaries.txt"

# canary RULE: the model agrees on all its programs, and one of them tells the two sides apart.
canary() {
	local here=off other=on told=no rule program name needs

	"$USERMM" rules --json >rules.json
	if python3 "$RECORDS" rules rules.json | grep -qx "$1"; then
		here=on other=off
	fi
	while read -r rule program name needs; do
		[ "$rule" = "$1" ] || continue
		[ "$needs" != faults ] || need_exact_faults
		agrees "$TEST_PROGS/$program" ${name:+"$name"}
		if ! timeout 120 "$USERMM" check -f -o check.other --rule "$1=$other" -- \
			"$TEST_PROGS/$program" ${name:+"$name"} >other.out 2>&1 </dev/null; then
			grep -q '^divergence 1: ' check.other
			told=yes
		fi
	done <"$CANARIES"
	[ $told = yes ] || { say "no program tells $1=$here from $1=$other"; return 1; }
}

# hidden_by OTHER RULE: where a kernel has the rule OTHER, nothing tells.
hidden_by() {
	"$USERMM" rules --json >rules.json
	if python3 "$RECORDS" rules rules.json | grep -qx "$1"; then
		skip "the rule $1 hides it"
	fi
	canary "$2"
}

@test "every rule has its canary" {
	"$USERMM" rules --json >rules.json
	for rule in $(python3 "$RECORDS" all_rules rules.json); do
		grep -q "^$rule " "$CANARIES" || { say "no line in canaries.txt for $rule"; return 1; }
		grep -qE "\{ (canary|hidden_by [a-z_]+) $rule; \}" "$BATS_TEST_FILENAME" ||
			[ "$rule" = vdso_like_mmap ] || { say "no test of $rule"; return 1; }
	done
	[ "$(python3 "$RECORDS" all_rules rules.json | wc -l)" -ge 1 ]
}

@test "vdso_like_mmap" {
	skip "where chance put the vdso is told by the process: older kernels alone tell"
}
@test "fixed_noreplace" { canary fixed_noreplace; }
@test "shared_validate" { canary shared_validate; }
@test "droppable" { canary droppable; }
@test "map_above4g" { canary map_above4g; }
@test "map_stack_nohuge" { canary map_stack_nohuge; }
@test "anon_thp_align" { canary anon_thp_align; }
@test "anon_thp_align_multiple" { canary anon_thp_align_multiple; }
@test "thp_align_shift" { canary thp_align_shift; }
@test "zero_thp_align" { canary zero_thp_align; }
@test "data_limit_mmap" { canary data_limit_mmap; }
@test "mprotect_drops_account" { canary mprotect_drops_account; }
@test "merge_into_unfaulted" { canary merge_into_unfaulted; }
@test "hugetlb_hint_up" { canary hugetlb_hint_up; }
@test "close_merge" { canary close_merge; }
@test "failed_fixed_keeps_old" { canary failed_fixed_keeps_old; }
@test "fixed_split_error" { canary fixed_split_error; }
@test "seal_write_allows_read" { canary seal_write_allows_read; }
@test "file_size_check" { canary file_size_check; }
@test "phdrs_beyond_page" { canary phdrs_beyond_page; }
@test "interp_bss_per_segment" { canary interp_bss_per_segment; }
@test "exec_zero_or_die" { canary exec_zero_or_die; }
@test "page_zero_sealed" { canary page_zero_sealed; }
@test "heap_name_strict" { canary heap_name_strict; }
@test "mremap_dontunmap" { canary mremap_dontunmap; }
@test "mremap_dontunmap_any" { canary mremap_dontunmap_any; }
@test "mremap_multi" { canary mremap_multi; }
@test "mremap_checks_first" { canary mremap_checks_first; }
@test "mremap_shrink_charge" { canary mremap_shrink_charge; }
@test "mremap_dup_shared_only" { canary mremap_dup_shared_only; }
@test "seals_checked_first" { canary seals_checked_first; }
@test "seal_write_checked_first" { hidden_by seals_checked_first seal_write_checked_first; }
@test "seal_exec" { canary seal_exec; }
@test "mseal" { canary mseal; }
@test "mdwe" { canary mdwe; }
@test "mdwe_no_inherit" { canary mdwe_no_inherit; }
@test "madv_free" { canary madv_free; }
@test "madv_wipeonfork" { canary madv_wipeonfork; }
@test "madv_cold" { canary madv_cold; }
@test "madv_populate" { canary madv_populate; }
@test "populate_stops_at_hole" { canary populate_stops_at_hole; }
@test "madv_dontneed_locked" { canary madv_dontneed_locked; }
@test "madv_collapse" { canary madv_collapse; }
@test "madv_guard" { canary madv_guard; }
@test "guard_file" { canary guard_file; }
@test "guard_flag" { canary guard_flag; }
@test "madv_remove_maywrite" { canary madv_remove_maywrite; }
@test "madv_sealed" { canary madv_sealed; }
@test "process_madvise_self" { canary process_madvise_self; }
@test "memory_merge" { canary memory_merge; }
@test "ksm_early" { canary ksm_early; }
@test "thp_disable_flags" { canary thp_disable_flags; }
@test "uffd_own_unregister" { canary uffd_own_unregister; }
@test "uffd_nothing_above" { canary uffd_nothing_above; }
@test "uffd_cut_merges" { canary uffd_cut_merges; }
@test "uffd_files_async" { canary uffd_files_async; }
@test "mpol_preferred_many" { canary mpol_preferred_many; }
@test "mpol_weighted" { canary mpol_weighted; }
@test "mpol_balancing_many" { canary mpol_balancing_many; }
@test "anon_shmem_name" { canary anon_shmem_name; }
@test "mremap_keep_counts" { canary mremap_keep_counts; }
@test "mmap_merges_next_first" { canary mmap_merges_next_first; }
