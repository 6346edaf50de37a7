#!/usr/bin/env bats
# Memory policy: what it does to areas, what is refused and why, and that the model says it all before.

load lib.bash

# Nothing of it is adopted but what exec chose, and the inode numbers of shared memory.
bound() {
	case "$1" in written_*) need_exact_faults ;; esac
	local got=0

	timeout 30 "$TEST_PROGS/numa_cases" "$1" >native.out || got=$?
	skip_if_skipped native.out
	[ "$got" = 0 ] || { cat native.out; return 1; }
	usermm_check 0 --json -- "$TEST_PROGS/numa_cases" "$1"
	python3 "$RECORDS" adopted check.result exec "shmem inode"
}

@test "every case of the programs is tested here" {
	every_case_is_tested -w bound numa_cases
	every_case_is_tested refuse_numa
}

@test "bound memory is cut out, and mended" { bound split_and_mend; }
@test "policies are equal by value" { bound equal_by_value; }
@test "the mask is a part of it with MPOL_F_STATIC_NODES" { bound mask_is_part; }
@test "modes differ" { bound modes_differ; }
@test "balanced among many" { bound balancing_many; }
@test "new memory beside it has none" { bound new_beside; }
@test "MPOL_DEFAULT goes over holes" { bound default_over_holes; }
@test "a home node" { bound home_node; }
@test "shared memory and files" { bound shared_and_files; }
@test "fork keeps it" { bound fork_keeps; }
@test "mremap keeps it" { bound move_keeps; }
@test "written while policies differed" { bound written_apart; }
@test "written while only the protection differed" { bound written_alike; }
@test "sealed memory" { bound sealed; }
@test "the vdso" { bound vdso; }

@test "names for private memory" { bound named; }
@test "names for shared memory" { bound named_shared; }

@test "unknown mode" { refused refuse_numa mode EINVAL MPOL_MODE 'number 99' 1; }
@test "mode flags" { refused refuse_numa mode_flags EINVAL MPOL_MODE_FLAGS 'MPOL_F_STATIC_NODES'; }
@test "size of the mask" { refused refuse_numa mask_size EINVAL NODEMASK_SIZE '40000 bits'; }
@test "mask that cannot be read" { refused refuse_numa mask_memory EFAULT NODEMASK_MEMORY 'word 0'; }
@test "mask that ends too early" { refused refuse_numa mask_memory_end EFAULT NODEMASK_MEMORY 'word 1'; }
@test "nodes that no kernel has" { refused refuse_numa mask_bits EINVAL NODEMASK_BITS 'node from [0-9]+ on'; }
@test "nodes that do not fit the mode" { refused refuse_numa nodes EINVAL MPOL_NODES 'policy 0 and 1 nodes'; }
@test "a node without memory" { refused refuse_numa no_memory EINVAL MPOL_NO_MEMORY 'none of the 1 nodes'; }
@test "unknown flags" { refused refuse_numa flags EINVAL MBIND_FLAGS 'flags (0x)?40 '; }
@test "MPOL_MF_MOVE_ALL" { refused refuse_numa move_all EPERM MBIND_MOVE_ALL 'CAP_SYS_NICE'; }
@test "unaligned" { refused refuse_numa unaligned EINVAL MBIND_UNALIGNED '[0-9a-f]+001'; }
@test "all the way round" { refused refuse_numa wrap EINVAL MBIND_WRAP 'wraps around'; }
@test "a hole" { refused refuse_numa hole EFAULT MBIND_HOLE 'nothing is mapped at'; }
@test "a page on another node" { refused refuse_numa misplaced EIO MBIND_MISPLACED 'page at (0x)?[0-9a-f]+000 '; }
@test "home: flags" { refused refuse_numa home_flags EINVAL HOME_NODE_FLAGS 'flags are (0x)?1'; }
@test "home: a node that is not online" { refused refuse_numa home_offline EINVAL HOME_NODE_OFFLINE 'node 4096'; }
@test "home: a policy without" { refused refuse_numa home_policy EOPNOTSUPP HOME_NODE_POLICY 'policy 3'; }
@test "home: no policy" { refused refuse_numa home_nothing ENOENT HOME_NODE_NOTHING 'no area in'; }
@test "names for areas, where there are none" { refused refuse_numa names EINVAL SET_VMA_CONFIG 'CONFIG_ANON_VMA_NAME' 0; }
