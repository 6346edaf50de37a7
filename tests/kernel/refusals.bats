#!/usr/bin/env bats
# Each refusal that the kernel can be brought to: predicted, and explained by the check that said no,
# its value and its limit, with at least two checks that ran and passed.

load lib.bash

MAX_MAP_COUNT="$(cat /proc/sys/vm/max_map_count)"
MMAP_MIN_ADDR="$(cat /proc/sys/vm/mmap_min_addr)"

@test "every case of the programs is tested here" {
	every_case_is_tested refuse_args refuse_limits refuse_file
}

# ---- what is asked for ----

@test "zero length" { refused refuse_args zero_length EINVAL ZERO_LENGTH 'length is 0'; }
@test "length overflow" { refused refuse_args length_overflow ENOMEM LENGTH_OVERFLOW '(0x)?ffffffffffffffff'; }
@test "length above the address space" { refused refuse_args length_task_size ENOMEM LENGTH_TASK_SIZE 'TASK_SIZE \((0x)?7ffffffff000\)'; }
@test "unaligned offset" { refused refuse_args offset_unaligned EINVAL OFFSET_UNALIGNED 'offset (0x)?64 .*4096'; }
@test "unaligned fixed address" { refused refuse_args addr_unaligned EINVAL ADDR_UNALIGNED 'address (0x)?[0-9a-f]+001\b.*4096'; }
@test "address above the address space" { refused refuse_args addr_too_high ENOMEM ADDR_TOO_HIGH '(0x)?7ffffffff000.*TASK_SIZE - length \((0x)?7fffffffe000\)'; }
@test "no gap large enough" { refused refuse_args no_gap ENOMEM NO_GAP 'widest (gap|there)'; }
@test "fixed below the minimum address" { refused refuse_args min_addr EPERM MMAP_MIN_ADDR "address (0x)?0 .*vm.mmap_min_addr \((0x)?$(printf %x "$MMAP_MIN_ADDR")\)"; }
@test "MAP_FIXED_NOREPLACE" { refused refuse_args noreplace EEXIST NOREPLACE 'is mapped there \(rw'; }
@test "neither shared nor private" { refused refuse_args map_type EINVAL MAP_TYPE 'type 0'; }
@test "MAP_SHARED_VALIDATE without a file" { refused refuse_args map_type_validate EINVAL MAP_TYPE 'type 3'; }
@test "shared memory that grows down" { refused refuse_args shared_growsdown EINVAL SHARED_GROWSDOWN 'VM_GROWSDOWN'; }
@test "MAP_DROPPABLE with MAP_LOCKED" { refused refuse_args droppable_locked EINVAL DROPPABLE_FLAGS 'MAP_LOCKED.*flags (0x)?2028'; }
@test "unknown huge page size" { refused refuse_args huge_size EINVAL HUGETLB_SIZE '2\^13'; }
@test "munmap unaligned" { refused refuse_args munmap_unaligned EINVAL MUNMAP_RANGE '(0x)?[0-9a-f]+001' 0; }
@test "munmap of nothing" { refused refuse_args munmap_zero EINVAL MUNMAP_ZERO 'length is 0' 1; }
@test "munmap past the end" { refused refuse_args munmap_too_high EINVAL MUNMAP_RANGE 'TASK_SIZE \((0x)?7ffffffff000\)' 0; }
@test "mprotect unaligned" { refused refuse_args mprotect_unaligned EINVAL MPROTECT_UNALIGNED '(0x)?[0-9a-f]+001 .*4096' 1; }
@test "mprotect that wraps" { refused refuse_args mprotect_wrap ENOMEM MPROTECT_WRAP '(0x)?ffffffffffffffff'; }
@test "mprotect with unknown bits" { refused refuse_args mprotect_bits EINVAL MPROTECT_BITS 'protection (0x)?40'; }
@test "mprotect growing both ways" { refused refuse_args mprotect_grows_both EINVAL MPROTECT_GROWS 'PROT_GROWSUP' 0; }
@test "mprotect down where nothing grows" { refused refuse_args mprotect_not_growsdown EINVAL MPROTECT_NOT_STACK 'does not grow'; }
@test "mprotect of a hole" { refused refuse_args mprotect_unmapped ENOMEM MPROTECT_HOLE 'nothing is mapped at (0x)?[0-9a-f]+'; }
@test "mprotect over a hole" { refused refuse_args mprotect_hole ENOMEM MPROTECT_HOLE 'nothing is mapped at (0x)?[0-9a-f]+'; }
@test "mprotect into a hole" { refused refuse_args mprotect_hole_at_end ENOMEM MPROTECT_HOLE 'nothing is mapped at (0x)?[0-9a-f]+'; }

# ---- limits ----

@test "map count, by mmap" { refused_late refuse_limits map_count_mmap ENOMEM MAP_COUNT "$((MAX_MAP_COUNT + 1)) areas.*vm.max_map_count \($MAX_MAP_COUNT\)"; }
@test "map count, by mprotect's split" { refused_late refuse_limits map_count_mprotect ENOMEM SPLIT_MAP_COUNT "$MAX_MAP_COUNT are in use.*vm.max_map_count \($MAX_MAP_COUNT\)"; }
@test "map count, by munmap's split" { refused_late refuse_limits map_count_munmap ENOMEM SPLIT_MAP_COUNT "$MAX_MAP_COUNT are in use.*vm.max_map_count \($MAX_MAP_COUNT\)"; }
@test "RLIMIT_AS" { refused refuse_limits as_mmap ENOMEM RLIMIT_AS 'by 80 MiB.*RLIMIT_AS allows 64 MiB'; }
@test "RLIMIT_AS, edges already cut" { refused refuse_limits as_mmap_fixed ENOMEM RLIMIT_AS 'RLIMIT_AS allows 1 MiB'; }
@test "RLIMIT_AS, by brk" { refused refuse_limits as_brk brk RLIMIT_AS 'RLIMIT_AS allows 64 MiB'; }
@test "RLIMIT_DATA, by mmap" { refused refuse_limits data_mmap ENOMEM RLIMIT_DATA 'by 80 MiB.*RLIMIT_DATA allows 64 MiB'; }
@test "RLIMIT_DATA, by mprotect" { refused refuse_limits data_mprotect ENOMEM RLIMIT_DATA 'by 80 MiB.*RLIMIT_DATA allows 64 MiB'; }
@test "RLIMIT_MEMLOCK 0, MAP_LOCKED" { refused refuse_limits memlock_permission EPERM MLOCK_PERMISSION 'RLIMIT_MEMLOCK is 0'; }
@test "RLIMIT_MEMLOCK, MAP_LOCKED" { refused refuse_limits memlock_limit EAGAIN MLOCK_LIMIT '36 KiB would be locked.*RLIMIT_MEMLOCK allows 32 KiB'; }
@test "RLIMIT_MEMLOCK, as another user" { refused refuse_limits memlock_user EAGAIN MLOCK_LIMIT '36 KiB would be locked.*RLIMIT_MEMLOCK allows 32 KiB'; }
@test "overcommit, by mmap" { refused refuse_limits overcommit_mmap ENOMEM OVERCOMMIT 'at once are more than all memory and swap \([0-9.]+ GiB\)'; }
@test "overcommit, by mprotect" { refused refuse_limits overcommit_mprotect ENOMEM OVERCOMMIT 'at once are more than all memory and swap \([0-9.]+ GiB\)'; }
@test "overcommit, by brk" { refused refuse_limits overcommit_brk brk OVERCOMMIT 'at once are more than all memory and swap \([0-9.]+ GiB\)'; }
@test "overcommit, by fork" { refused refuse_limits fork_overcommit ENOMEM FORK_OVERCOMMIT 'charged, is more than all memory and swap \([0-9.]+ GiB\)'; }
@test "no huge pages" { refused refuse_limits hugetlb_pool ENOMEM HUGETLB_POOL 'huge pages needed: 1, free and unreserved: 0'; }
@test "no huge pages, and a hole is left" { refused refuse_limits hugetlb_hole ENOMEM HUGETLB_POOL 'huge pages needed: 1, free and unreserved: 0'; }
@test "brk below the heap" { refused refuse_limits brk_below brk BRK_BELOW 'break (0x)?1000 ' 0; }
@test "brk beyond RLIMIT_DATA" { refused refuse_limits brk_data_limit brk BRK_DATA_LIMIT 'RLIMIT_DATA allows 16 MiB'; }
@test "brk up to a neighbour" { refused refuse_limits brk_neighbour brk BRK_NEIGHBOUR 'heap would come to (0x)?[0-9a-f]+, and the area'; }
@test "stack growth beyond RLIMIT_STACK" { refused refuse_limits stack_limit SIGSEGV STACK_LIMIT 'stack would be [0-9.]+ KiB; RLIMIT_STACK allows [0-9.]+ KiB'; }
@test "stack growth into the guard gap" { refused refuse_limits stack_guard_gap SIGSEGV STACK_GUARD_GAP 'guard gap is [0-9.]+ [KM]iB'; }
@test "stack growth beyond RLIMIT_AS" { refused refuse_limits stack_as SIGSEGV STACK_AS 'RLIMIT_AS allows 1 MiB'; }

# ---- files ----

@test "bad descriptor" { refused refuse_file bad_fd EBADF BAD_FD 'descriptor'; }
@test "O_PATH descriptor" { refused refuse_file path_fd EBADF BAD_FD 'O_PATH'; }
@test "write-only descriptor" { refused refuse_file write_only EACCES FILE_NOT_READABLE 'FMODE_READ'; }
@test "read-only descriptor" { refused refuse_file read_only EACCES FILE_NOT_WRITABLE 'FMODE_WRITE'; }
@test "mprotect beyond a read-only descriptor" { refused refuse_file read_only_mprotect EACCES MPROTECT_ACCESS 'may never be -w-.*VM_MAY flags r-x'; }
@test "append-only file" { refused refuse_file append_only EACCES APPEND_ONLY 'IS_APPEND'; }
@test "directory" { refused refuse_file directory ENODEV NOT_MAPPABLE 'directory'; }
@test "pipe" { refused refuse_file pipe_end ENODEV NOT_MAPPABLE 'pipe'; }
@test "socket" { refused refuse_file socket_end ENODEV SOCKET_MMAP 'socket cannot be mapped; what stood in \[(0x)?[0-9a-f]+-'; }
@test "noexec mount" { refused refuse_file noexec_mount EPERM NOEXEC_MOUNT 'noexec'; }
@test "executable pipe" { refused refuse_file noexec_pipe EPERM NOEXEC_MOUNT 'noexec'; }
@test "executable file in /proc" { refused refuse_file noexec_proc EPERM NOEXEC_MOUNT 'noexec'; }
@test "mprotect beyond a noexec mount" { refused refuse_file noexec_mprotect EACCES MPROTECT_ACCESS 'may never be --x.*VM_MAY flags rw-'; }
@test "sealed memfd" { refused refuse_file sealed EPERM SEALED_WRITE 'F_SEAL_WRITE'; }
@test "mprotect beyond a seal" { refused refuse_file sealed_mprotect EACCES MPROTECT_ACCESS 'may never be -w-.*VM_MAY flags r-x'; }
@test "MAP_SHARED_VALIDATE with an unknown flag" { refused refuse_file shared_validate EOPNOTSUPP UNKNOWN_FLAGS 'flags (0x)?200000'; }
@test "offset beyond what a file can have" { refused refuse_file file_size_limit EOVERFLOW FILE_SIZE_LIMIT 'offset page 2251799813685247'; }
@test "offset beyond what a file in /proc can have" { refused refuse_file proc_size_limit EOVERFLOW FILE_SIZE_LIMIT 'offset page 2251799813685247'; }
@test "MAP_SYNC without DAX" { refused refuse_file sync_without_dax EOPNOTSUPP SYNC_WITHOUT_DAX 'MAP_SYNC, and the file'; }
@test "file that grows down" { refused refuse_file file_growsdown EINVAL FILE_GROWSDOWN 'VM_GROWSDOWN'; }
@test "MAP_HUGETLB of an ordinary file" { refused refuse_file file_hugetlb EINVAL HUGETLB_ON_FILE 'hugetlbfs'; }
@test "file neither shared nor private" { refused refuse_file file_map_type EINVAL MAP_TYPE 'type 0'; }
