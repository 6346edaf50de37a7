#!/usr/bin/env bats
# mseal, remap_file_pages, msync and mincore: what is refused, and why; what they split, merge and
# leave; all of them at random.

load lib.bash


@test "every case of the programs is tested here" {
	every_case_is_tested refuse_seal seal_cases
}

@test "msync flags" { refused refuse_seal msync_flags EINVAL MSYNC_FLAGS 'flags (0x)?8' 0; }
@test "msync unaligned" { refused refuse_seal msync_unaligned EINVAL MSYNC_UNALIGNED '(0x)?[0-9a-f]+001 .*4096' 1; }
@test "msync both" { refused refuse_seal msync_both EINVAL MSYNC_BOTH 'MS_SYNC and MS_ASYNC'; }
@test "msync wrap" { refused refuse_seal msync_wrap ENOMEM MSYNC_WRAP 'wraps around'; }
@test "msync hole" { refused refuse_seal msync_hole ENOMEM MSYNC_HOLE 'nothing is mapped at (0x)?[0-9a-f]+; what is mapped'; }
@test "msync locked" { refused refuse_seal msync_locked EBUSY MSYNC_LOCKED 'is locked'; }
@test "msync no fsync" { refused refuse_seal msync_no_fsync EINVAL MSYNC_NO_FSYNC 'f_op->fsync'; }
@test "mincore unaligned" { refused refuse_seal mincore_unaligned EINVAL MINCORE_UNALIGNED '(0x)?[0-9a-f]+001 .*4096' 0; }
@test "mincore range" { refused refuse_seal mincore_range ENOMEM MINCORE_RANGE 'TASK_SIZE \((0x)?7ffffffff000\)' 1; }
@test "mincore vec range" { refused refuse_seal mincore_vec_range EFAULT MINCORE_VEC_RANGE '(0x)?ffff800000000000'; }
@test "mincore hole" { refused refuse_seal mincore_hole ENOMEM MINCORE_HOLE 'the vector is filled up to there'; }
@test "mincore vec" { refused refuse_seal mincore_vec EFAULT MINCORE_VEC 'cannot be written at (0x)?[0-9a-f]+000'; }
@test "mincore vec eof" { refused refuse_seal mincore_vec_eof EFAULT MINCORE_VEC 'cannot be written at (0x)?[0-9a-f]+000'; }
@test "mincore vec guard" { refused refuse_seal mincore_vec_guard EFAULT MINCORE_VEC 'cannot be written at (0x)?[0-9a-f]+000'; }
@test "mseal flags" { refused refuse_seal mseal_flags EINVAL MSEAL_FLAGS 'flags are (0x)?1' 1; }
@test "mseal unaligned" { refused refuse_seal mseal_unaligned EINVAL MSEAL_UNALIGNED '(0x)?[0-9a-f]+001 .*4096'; }
@test "mseal wrap" { refused refuse_seal mseal_wrap EINVAL MSEAL_WRAP '(0x)?ffffffffffffffff'; }
@test "mseal hole" { refused refuse_seal mseal_hole ENOMEM MSEAL_HOLE 'nothing is sealed'; }
@test "mseal half vdso" { refused refuse_seal mseal_half_vdso EINVAL SPECIAL_SPLIT 'special mapping'; }
@test "sealed munmap" { refused refuse_seal sealed_munmap EPERM SEALED 'is sealed \(mseal\)' 1; }
@test "sealed mprotect" { refused refuse_seal sealed_mprotect EPERM SEALED 'is sealed \(mseal\)'; }
@test "sealed fixed" { refused refuse_seal sealed_fixed EPERM SEALED 'is sealed \(mseal\)'; }
@test "sealed mremap" { refused refuse_seal sealed_mremap EPERM SEALED 'is sealed \(mseal\)'; }
@test "sealed brk" { refused refuse_seal sealed_brk brk SEALED 'is sealed \(mseal\)' 1; }
@test "sealed madvise" { refused refuse_seal sealed_madvise EPERM MADVISE_SEALED 'is sealed \(mseal\) and read-only'; }
@test "remap prot" { refused refuse_seal remap_prot EINVAL REMAP_PROT 'protection is (0x)?1' 0; }
@test "remap size" { refused refuse_seal remap_size EINVAL REMAP_SIZE 'empty or wraps' 1; }
@test "remap pgoff" { refused refuse_seal remap_pgoff EINVAL REMAP_PGOFF 'plus 1 pages wraps'; }
@test "remap not shared" { refused refuse_seal remap_not_shared EINVAL REMAP_NOT_SHARED 'VM_SHARED'; }
@test "remap spans" { refused refuse_seal remap_spans EINVAL REMAP_SPANS 'it changes at (0x)?[0-9a-f]+'; }
@test "remap eoverflow" { refused refuse_seal remap_eoverflow EOVERFLOW FILE_SIZE_LIMIT 'offset page 2251799813685248'; }
@test "remap sealed" { refused refuse_seal remap_sealed EPERM SEALED 'is sealed \(mseal\)'; }
@test "a sealed file over memory" { refused refuse_seal sealed_over_memory EPERM SEALED_WRITE 'F_SEAL_WRITE'; }
@test "remap sealed file" { refused refuse_seal remap_sealed_file EPERM SEALED_WRITE 'F_SEAL_FUTURE_WRITE'; }

@test "middle" { exact seal_cases middle; }
@test "merges left" { exact seal_cases merges_left; }
@test "merges right" { exact seal_cases merges_right; }
@test "across areas" { exact seal_cases across_areas; }
@test "beside written" { exact seal_cases beside_written; }
@test "new beside sealed" { exact seal_cases new_beside_sealed; }
@test "fork keeps" { exact seal_cases fork_keeps; }
@test "other calls" { exact seal_cases other_calls; }
@test "stack" { exact seal_cases stack; }
@test "remapped" { exact seal_cases remapped; }
@test "remapped over pieces" { exact seal_cases remapped_over_pieces; }
@test "remapped anonymous" { exact seal_cases remapped_anonymous; }
@test "remapped unaligned" { exact seal_cases remapped_unaligned; }
@test "remapped locked" { exact seal_cases remapped_locked; }
@test "synced" { exact seal_cases synced; }
@test "vector is written" { exact seal_cases vector_is_written; }
@test "vector is not written" { exact seal_cases vector_is_not_written; }

# Each seed is another history of 1500 calls, and whoever merges wrongly once differs from then on.  A
# context is found by what the program's memory holds: where it replaced a ring, the kernel says.
@test "at random" {
	need_exact_faults
	for seed in 1 2 3 4 5 6 7 8; do
		usermm_check 0 --json -- "$TEST_PROGS/random_seal" "$seed" 1500
		python3 "$RECORDS" adopted check.result exec "shmem inode" "outside mm: aio"
	done
}
