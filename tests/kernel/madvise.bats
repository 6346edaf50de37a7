#!/usr/bin/env bats
# madvise, process_madvise, mlock and its kin, prctl about huge pages and merging by content: each
# refusal is predicted and explained, each success predicted, many at random.

load lib.bash

MAX_MAP_COUNT="$(cat /proc/sys/vm/max_map_count)"

@test "every case of the programs is tested here" {
	every_case_is_tested refuse_madvise refuse_mlock madvise_cases
}

# ---- madvise ----

@test "unknown advice" { refused refuse_madvise advice EINVAL MADVISE_ADVICE 'no advice 5' 0; }
@test "madvise unaligned" { refused refuse_madvise unaligned EINVAL MADVISE_UNALIGNED '001 is not a multiple' 1; }
@test "madvise of a range that wraps" { refused refuse_madvise range EINVAL MADVISE_RANGE '\+(0x)?fffffffffffff000\) wraps'; }
@test "madvise over a hole" { refused refuse_madvise hole ENOMEM MADVISE_HOLE 'nothing is mapped at (0x)?[0-9a-f]+; what is mapped'; }
@test "contents of sealed memory" { refused refuse_madvise sealed EPERM MADVISE_SEALED 'is sealed \(mseal\) and read-only'; }
@test "contents of locked memory" { refused refuse_madvise locked EINVAL MADVISE_LOCKED 'is locked \(mlock\): .* lo'; }
@test "cold huge pages" { refused refuse_madvise area EINVAL MADVISE_AREA 'not for .*ht'; }
@test "MADV_DONTNEED inside a huge page" { refused refuse_madvise hugetlb_start EINVAL MADVISE_HUGETLB_START 'inside a huge page of 2 MiB'; }
@test "MADV_FREE of shared memory" { refused refuse_madvise free_file EINVAL MADVISE_FREE_FILE 'not private anonymous memory'; }
@test "MADV_REMOVE of private memory" { refused refuse_madvise remove_private EINVAL MADVISE_REMOVE_PRIVATE 'no file or shared object'; }
@test "MADV_REMOVE of a private file mapping" { refused refuse_madvise remove_access EACCES MADVISE_REMOVE_ACCESS 'not a shared mapping'; }
@test "MADV_REMOVE at a negative offset" { refused refuse_madvise remove_offset EINVAL MADVISE_REMOVE_OFFSET 'begin at 8000000000000000'; }
@test "MADV_REMOVE up to 2^63" { refused refuse_madvise remove_beyond EFBIG MADVISE_REMOVE_BEYOND 'from 7fffffffffffc000 on'; }
@test "MADV_REMOVE of a sealed memfd" { refused refuse_madvise remove_sealed EPERM MADVISE_REMOVE_SEALED 'sealed against writing'; }
@test "MADV_REMOVE where the file system cannot" { refused refuse_madvise remove_fs EOPNOTSUPP MADVISE_REMOVE_FS 'cannot punch holes'; }
@test "MADV_DOFORK of device memory" { refused refuse_madvise dofork_io EINVAL MADVISE_DOFORK_IO 'device memory'; }
@test "MADV_WIPEONFORK of shared memory" { refused refuse_madvise wipe_shared EINVAL MADVISE_WIPE_SHARED 'is shared'; }
@test "MADV_KEEPONFORK of droppable memory" { refused refuse_madvise keep_droppable EINVAL MADVISE_KEEP_DROPPABLE 'MAP_DROPPABLE'; }
@test "MADV_DODUMP of droppable memory" { refused refuse_madvise dodump EINVAL MADVISE_DODUMP 'droppable: .*dp'; }
@test "map count, by madvise's split" { refused_late refuse_madvise map_count EAGAIN MADVISE_MAP_COUNT "$MAX_MAP_COUNT are in use.*vm.max_map_count \($MAX_MAP_COUNT\)"; }
@test "guard pages in locked memory" { refused refuse_madvise guard EINVAL MADVISE_GUARD 'cannot have guard pages: .*lo'; }
@test "huge pages of memory never written" { refused refuse_madvise collapse EINVAL MADVISE_COLLAPSE 'not written yet'; }
@test "huge pages of no whole one" { refused refuse_madvise collapse_range EINVAL MADVISE_COLLAPSE_RANGE 'no boundary of 2 MiB'; }
@test "filling a hole" { refused refuse_madvise populate_hole ENOMEM POPULATE_HOLE 'nothing is mapped at (0x)?[0-9a-f]+'; }
@test "filling a hole, then read-only memory" { refused refuse_madvise populate_hole_first ENOMEM POPULATE_HOLE 'nothing is mapped at (0x)?[0-9a-f]+'; }
@test "filling read-only memory" { refused refuse_madvise populate_access EINVAL POPULATE_ACCESS 'does not allow this access: it is r--p'; }
@test "filling a guard page" { refused refuse_madvise populate_guard EFAULT POPULATE_GUARD 'guard page at (0x)?[0-9a-f]+000; '; }
@test "filling beyond the end of a file" { refused refuse_madvise populate_eof EFAULT POPULATE_EOF 'end of the file, which has 8 KiB'; }
@test "filling huge pages without any" { refused refuse_madvise populate_pool EFAULT POPULATE_POOL 'no free huge page'; }
@test "poisoning without the right" { refused refuse_madvise memory_failure EPERM MEMORY_FAILURE_CAP 'CAP_SYS_ADMIN'; }
@test "a guard page is touched" { refused refuse_madvise fault_guard SIGSEGV FAULT_GUARD 'is a guard page' 0; }

# ---- process_madvise ----

@test "process_madvise with a flag" { refused refuse_madvise process_flags EINVAL PROCESS_MADVISE_FLAGS 'flags (0x)?1 ' 0; }
@test "process_madvise of too many ranges" { refused refuse_madvise process_nr EINVAL PROCESS_MADVISE_NR '1025 ranges.*1024' 1; }
@test "process_madvise of an unreadable vector" { refused refuse_madvise process_vector EFAULT PROCESS_MADVISE_VECTOR 'cannot be read'; }
@test "process_madvise of a negative length" { refused refuse_madvise process_length EINVAL PROCESS_MADVISE_LENGTH 'range 0 has the length (0x)?fffffffffffff000'; }
@test "process_madvise of the kernel's addresses" { refused refuse_madvise process_address EFAULT PROCESS_MADVISE_ADDRESS 'range 0, \[(0x)?8000000000000000'; }
@test "process_madvise without a pidfd" { refused refuse_madvise process_pidfd EBADF PROCESS_MADVISE_PIDFD 'not a pidfd'; }
@test "another process's contents" { refused refuse_madvise process_advice EINVAL PROCESS_MADVISE_ADVICE 'advice 4 is not one'; }
@test "another process without the right" { refused refuse_madvise process_nice EPERM PROCESS_MADVISE_NICE 'CAP_SYS_NICE'; }

# ---- mlock, prctl ----

@test "flags of mlock2" { refused refuse_mlock flags EINVAL MLOCK2_FLAGS 'flags (0x)?2 ' 0; }
@test "RLIMIT_MEMLOCK 0, mlock" { refused refuse_mlock right EPERM MLOCK_RIGHT 'RLIMIT_MEMLOCK is 0' 1; }
@test "RLIMIT_MEMLOCK, mlock" { refused refuse_mlock memlock ENOMEM MLOCK_MEMLOCK '48 KiB would be locked \(32 KiB are now.*RLIMIT_MEMLOCK allows 32 KiB'; }
@test "mlock of a range that wraps" { need_root "the limit is asked first"; refused refuse_mlock wrap EINVAL MLOCK_WRAP 'wraps around'; }
@test "mlock over a hole" { refused refuse_mlock hole ENOMEM MLOCK_HOLE 'nothing is mapped at (0x)?[0-9a-f]+'; }
@test "flags of mlockall" { refused refuse_mlock all_flags EINVAL MLOCKALL_FLAGS 'flags (0x)?4 ' 0; }
@test "RLIMIT_MEMLOCK, mlockall" { refused refuse_mlock all_memlock ENOMEM MLOCKALL_MEMLOCK 'RLIMIT_MEMLOCK allows 32 KiB'; }
@test "mlock of PROT_NONE" { refused refuse_mlock access ENOMEM MLOCK_ACCESS 'is PROT_NONE: it is locked now'; }
@test "mlock over a guard page" { refused refuse_mlock guard ENOMEM MLOCK_GUARD 'guard page at (0x)?[0-9a-f]+'; }
@test "mlock beyond the end of a file" { refused refuse_mlock eof ENOMEM MLOCK_EOF 'end of the file, which has 8 KiB'; }
@test "mlock of huge pages without any" { refused refuse_mlock huge_pool ENOMEM MLOCK_POOL 'no free huge page'; }
@test "PR_SET_THP_DISABLE's arguments" { refused refuse_mlock thp_disable EINVAL THP_DISABLE_ARGS 'arguments 0, (0x)?2' 0; }
@test "PR_SET_MEMORY_MERGE's arguments" { refused refuse_mlock memory_merge EINVAL MEMORY_MERGE_ARGS 'takes one argument' 1; }

# ---- what is done ----

@test "granted: flags" { exact madvise_cases flags; }
@test "granted: mergeable" { exact madvise_cases mergeable; }
@test "granted: huge pages" { exact madvise_cases huge_pages; }
@test "granted: wipeonfork" { exact madvise_cases wipeonfork; }
@test "granted: dontfork" { exact madvise_cases dontfork; }
@test "granted: contents" { exact madvise_cases contents; }
@test "granted: free" { exact madvise_cases free; }
@test "granted: cold" { exact madvise_cases cold; }
@test "granted: dontneed locked" { exact madvise_cases dontneed_locked; }
@test "granted: remove maywrite" { exact madvise_cases remove_maywrite; }
@test "granted: remove file" { exact madvise_cases remove_file; }
@test "granted: populate" { exact madvise_cases populate; }
@test "refused: populate over a hole" { exact madvise_cases populate_behind_hole; }
@test "granted: populate read" { exact madvise_cases populate_read; }
@test "granted: collapse nothing" { exact madvise_cases collapse_nothing; }
@test "granted: guard moves" { exact madvise_cases guard_moves; }
@test "granted: guard fork" { exact madvise_cases guard_fork; }
@test "granted: guard merge" { exact madvise_cases guard_merge; }
@test "granted: guard file" { exact madvise_cases guard_file; }
@test "granted: lock" { exact madvise_cases lock; }
@test "granted: lock future" { exact madvise_cases lock_future; }
@test "granted: lock droppable" { exact madvise_cases lock_droppable; }
@test "granted: merge any" { exact madvise_cases merge_any; }
@test "granted: merge any zero" { exact madvise_cases merge_any_zero; }
@test "granted: merge any overlay" { exact madvise_cases merge_any_overlay; }
@test "granted: merge any exec" { exact madvise_cases merge_any_exec; }
@test "granted: thp disable" { exact madvise_cases thp_disable; }
@test "granted: thp disable flags" { exact madvise_cases thp_disable_flags; }
@test "granted: process self" { exact madvise_cases process_self; }
@test "granted: process other" { need_root "advice for others wants CAP_SYS_NICE"; exact madvise_cases process_other; }

# Whether there is memory for a huge page nobody can say before.
@test "the answer of MADV_COLLAPSE is taken over" { exact madvise_cases collapse collapse; }

# ---- at random ----

# random SEED CALLS: nothing is taken over but what exec did, and inodes.
random() {
	need_exact_faults
	usermm_check 0 --json -- "$TEST_PROGS/random_madvise" "$1" "$2"
	python3 "$RECORDS" adopted check.result exec 'shmem inode'
}

@test "random seed 1" { random 1 400; }
@test "random seed 2" { random 2 400; }
@test "random seed 3" { random 3 400; }
@test "random seed 4" { random 4 400; }
@test "random seed 5" { random 5 1000; }
@test "random seed 6" { random 6 1000; }
