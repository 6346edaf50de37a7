#!/usr/bin/env bats
# mremap: what the kernel does, what it refuses and why, and that the model says it all before.

load lib.bash

MAX_MAP_COUNT="$(cat /proc/sys/vm/max_map_count)"
MMAP_MIN_ADDR="$(cat /proc/sys/vm/mmap_min_addr)"

# Nothing of it is adopted but what exec chose, and the inode numbers of shared memory.
remaps() {
	timeout 30 "$TEST_PROGS/$1" "$2" >native.out || {
		skip_if_skipped native.out
		cat native.out
		return 1
	}
	skip_if_skipped native.out
	usermm_check 0 --json -- "$TEST_PROGS/$1" "$2"
	python3 "$RECORDS" adopted check.result exec "shmem inode"
}

@test "every case of the programs is tested here" {
	every_case_is_tested mremap_cases mremap_move refuse_mremap
}

@test "grow in place" { remaps mremap_cases grow; }
@test "grow into the next area" { remaps mremap_cases grow_into_next; }
@test "grow beside an area that was written apart" { remaps mremap_cases grow_beside_other; }
@test "grow into a written area" { remaps mremap_cases grow_into_written; }
@test "grow after fork" { remaps mremap_cases grow_after_fork; }
@test "grow locked memory" { remaps mremap_cases grow_locked; }
@test "grow a file's area" { remaps mremap_cases grow_file; }
@test "grow into a stack's guard gap" { remaps mremap_cases grow_stack; }
@test "shrink" { remaps mremap_cases shrink; }
@test "shrink over other areas" { remaps mremap_cases shrink_over_others; }
@test "the same size" { remaps mremap_cases same_size; }
@test "keep the old range" { remaps mremap_cases keep; }
@test "keep a part" { remaps mremap_cases keep_part; }
@test "keep, to a hint" { remaps mremap_cases keep_by_hint; }
@test "keep locked memory" { remaps mremap_cases keep_locked; }
@test "keep, and merge with oneself" { remaps mremap_cases keep_beside; }
@test "keep a file's area" { remaps mremap_cases keep_file; }
@test "map once more" { remaps mremap_cases duplicate; }
@test "map once more, read-only" { remaps mremap_cases duplicate_read_only; }

@test "move what was never written" { remaps mremap_move unwritten; }
@test "move it between written areas" { remaps mremap_move unwritten_between_written; }
@test "move beside oneself" { remaps mremap_move beside_itself; }
@test "move what was written" { remaps mremap_move written; }
@test "move it beside what was not" { remaps mremap_move written_to_unwritten; }
@test "move what came through fork" { remaps mremap_move after_fork; }
@test "move onto others" { remaps mremap_move onto_others; }
@test "move within oneself" { remaps mremap_move within_itself; }
@test "move and grow" { remaps mremap_move larger; }
@test "move and shrink" { remaps mremap_move smaller; }
@test "move several areas" { remaps mremap_move several; }
@test "move several that are unlike" { remaps mremap_move several_unlike; }
@test "keep several" { remaps mremap_move several_kept; }
@test "move to where there is room" { remaps mremap_move away; }
@test "move to where huge pages fit" { remaps mremap_move away_aligned; }
@test "move /dev/zero" { remaps mremap_move zero_device; }
@test "move a stack" { remaps mremap_move stack; }
@test "move locked memory" { remaps mremap_move locked; }
@test "move huge pages" { remaps mremap_move huge_pages; }
@test "move the vdso" { remaps mremap_move vdso; }

@test "refused: unknown flag" { refused refuse_mremap flags EINVAL MREMAP_FLAGS 'flags (0x)?8 ' 0; }
@test "refused: unaligned" { refused refuse_mremap unaligned EINVAL MREMAP_UNALIGNED '(0x)?[0-9a-f]+001 .*4096' 1; }
@test "refused: new length 0" { refused refuse_mremap zero EINVAL MREMAP_ZERO 'new length is 0'; }
@test "refused: longer than the address space" { refused refuse_mremap length EINVAL MREMAP_LENGTH 'TASK_SIZE \((0x)?7ffffffff000\)'; }
@test "refused: above the address space" { refused refuse_mremap new_too_high EINVAL MREMAP_NEW_TOO_HIGH '(0x)?7ffffffff000, .*\((0x)?7fffffffe000\)'; }
@test "refused: unaligned target" { refused refuse_mremap new_unaligned EINVAL MREMAP_NEW_UNALIGNED 'new address (0x)?[0-9a-f]+001'; }
@test "refused: fixed without MAYMOVE" { refused refuse_mremap need_maymove EINVAL MREMAP_NEED_MAYMOVE 'flags (0x)?2'; }
@test "refused: DONTUNMAP that resizes" { refused refuse_mremap resize EINVAL MREMAP_RESIZE '4 KiB, the new one 8 KiB'; }
@test "refused: overlap" { refused refuse_mremap overlap EINVAL MREMAP_OVERLAP 'overlaps the old one \[(0x)?[0-9a-f]+-(0x)?[0-9a-f]+\)'; }
@test "refused: nothing there" { refused refuse_mremap unmapped EFAULT MREMAP_UNMAPPED 'nothing is mapped at the old address (0x)?[0-9a-f]+'; }
@test "refused: several, a hole first" { refused refuse_mremap unmapped_several EFAULT MREMAP_UNMAPPED 'nothing is mapped at the old address'; }
@test "refused: before the target is touched" { refused refuse_mremap unmapped_first EFAULT MREMAP_BEYOND 'old range of 8 KiB'; }
@test "refused: an area that moves alone" { refused refuse_mremap alone EFAULT MREMAP_ALONE 'cannot be moved together'; }
@test "refused: sealed" { refused refuse_mremap sealed EPERM SEALED 'is sealed'; }
@test "refused: huge pages, unaligned" { refused refuse_mremap hugetlb_align EINVAL MREMAP_HUGETLB_ALIGN '\((0x)?1000\).*2 MiB'; }
@test "refused: huge pages grow" { refused refuse_mremap hugetlb_grow EINVAL MREMAP_HUGETLB_GROW '4 MiB to 6 MiB'; }
@test "refused: private memory once more" { refused refuse_mremap dup_private EINVAL MREMAP_DUP_PRIVATE 'old length is 0'; }
@test "refused: once more without a place" { refused refuse_mremap dup_no_place ENOMEM MREMAP_NO_ROOM 'MREMAP_MAYMOVE is not set'; }
@test "refused: a kind that cannot stay" { refused refuse_mremap dontunmap_kind EINVAL MREMAP_DONTUNMAP_KIND 'r-xp de'; }
@test "refused: a kind that cannot grow" { refused refuse_mremap dontexpand EFAULT MREMAP_DONTEXPAND 'r-xp de'; }
@test "refused: a part of the vdso" { refused refuse_mremap special_split EINVAL SPECIAL_SPLIT 'vdso'; }
@test "refused: beyond the area" { refused refuse_mremap beyond EFAULT MREMAP_BEYOND 'old range of 12 KiB .*8 KiB'; }
@test "refused: what never merges grows" { refused refuse_mremap no_merge ENOMEM MREMAP_NO_MERGE 'never merges'; }
@test "refused: no room" { refused refuse_mremap no_room ENOMEM MREMAP_NO_ROOM 'no room to grow in place from (0x)?[0-9a-f]+ to'; }
@test "refused: a tail beyond the address space" { refused refuse_mremap range_wraps EINVAL MUNMAP_RANGE 'not within the address space'; }
@test "refused: below the minimum address" { refused refuse_mremap min_addr EPERM MMAP_MIN_ADDR "address (0x)?0 .*vm.mmap_min_addr \((0x)?$(printf %x "$MMAP_MIN_ADDR")\)"; }
@test "refused: map count" { refused_late refuse_mremap map_count_grow ENOMEM MREMAP_MAP_COUNT "$((MAX_MAP_COUNT - 3)) areas.* below $((MAX_MAP_COUNT - 3))"; }
@test "refused: map count, fixed" { refused_late refuse_mremap map_count_fixed ENOMEM MREMAP_MAP_COUNT "$((MAX_MAP_COUNT - 5)) areas.* below $((MAX_MAP_COUNT - 5))"; }
@test "refused: RLIMIT_MEMLOCK" { refused refuse_mremap mlock_limit EAGAIN MREMAP_MLOCK '36 KiB would be locked.*allows 32 KiB'; }
@test "refused: RLIMIT_AS" { refused refuse_mremap as ENOMEM RLIMIT_AS 'RLIMIT_AS allows 64 MiB'; }
@test "refused: RLIMIT_AS, kept" { refused refuse_mremap as_dontunmap ENOMEM RLIMIT_AS 'by 40 MiB.*RLIMIT_AS allows 64 MiB'; }
@test "refused: RLIMIT_DATA" { refused refuse_mremap data ENOMEM RLIMIT_DATA 'RLIMIT_DATA allows 64 MiB'; }
@test "refused: overcommit" { refused refuse_mremap overcommit ENOMEM OVERCOMMIT 'at once are more than all memory and swap'; }
@test "refused: overcommit by what is cut off" { refused refuse_mremap overcommit_shrink ENOMEM OVERCOMMIT 'at once are more than all memory and swap'; }

@test "at random" {
	for seed in 1 2 3 4 5 6 7 8; do
		usermm_check 0 --json -- "$TEST_PROGS/random_mremap" "$seed" 500
		python3 "$RECORDS" adopted check.result exec "shmem inode"
		! grep -a FAILED check.out
	done
}

@test "at random, in four threads" {
	for seed in 1 2 3; do
		usermm_check 0 --json -- "$TEST_PROGS/random_mremap" "$seed" 200 4
		python3 "$RECORDS" adopted check.result exec "shmem inode"
		! grep -a FAILED check.out
	done
}
