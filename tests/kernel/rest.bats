#!/usr/bin/env bats
# Refusals that need an unusual scene, predicted and explained; see refusals.bats.

load lib.bash

@test "every case of refuse_rest is tested here" {
	every_case_is_tested refuse_rest
}

@test "break back over a hole" { refused refuse_rest brk_nothing brk BRK_NOTHING 'nothing is mapped between' 1; }
@test "read where nothing is" { refused refuse_rest fault_no_area SIGSEGV FAULT_NO_AREA 'nothing is mapped at' 0; }
@test "write to what is for reading" { refused refuse_rest fault_access SIGSEGV FAULT_ACCESS 'does not allow this access' 0; }
@test "huge page at an odd address" { refused refuse_rest hugetlb_addr EINVAL HUGETLB_ADDR 'huge page size 2 MiB' 1; }
@test "part of a huge page" { refused refuse_rest hugetlb_split EINVAL HUGETLB_SPLIT 'inside a huge page of 2 MiB' 1; }
@test "protection key of nobody" { refused refuse_rest no_pkey EINVAL MPROTECT_PKEY 'key 7' 1; }
@test "pkey_alloc with flags" { refused refuse_rest pkey_flags EINVAL PKEY_FLAGS 'flags (0x)?1 ' 0; }
@test "pkey_alloc with unknown rights" { refused refuse_rest pkey_rights EINVAL PKEY_RIGHTS 'rights (0x)?8 ' 1; }
@test "pkey_alloc without keys" { refused refuse_rest pkey_no_cpu EINVAL PKEY_NO_CPU 'has no protection keys' 1; }
@test "pkey_alloc without keys, again" { refused refuse_rest pkey_exhausted ENOSPC PKEY_EXHAUSTED 'all keys are taken' 1; }
@test "pkey_free of nobody's" { refused refuse_rest pkey_free EINVAL PKEY_NOT_ALLOCATED 'key 5' 0; }
@test "seals through a descriptor for reading" { refused refuse_rest seals_read_only EPERM SEALS_READ_ONLY 'not open for writing' 0; }
@test "unknown seals" { refused refuse_rest seals_unknown EINVAL SEALS_UNKNOWN 'seals (0x)?1000' 1; }
@test "seals of what is no memfd" { refused refuse_rest seals_no_memfd EINVAL SEALS_NO_MEMFD 'no memfd' 1; }
@test "seals of what is sealed" { refused refuse_rest seals_sealed EPERM SEALS_SEALED 'F_SEAL_SEAL' 1; }
@test "a seal against execution" { agrees "$TEST_PROGS/refuse_rest" seals_exec; }
@test "seal of what is mapped" { refused refuse_rest seals_busy EBUSY SEALS_BUSY '1 areas map the file shared' 1; }
@test "limit of no resource" { refused refuse_rest limit_resource EINVAL SETRLIMIT_RESOURCE 'no resource 16' 0; }
@test "limit above the hard one" { refused refuse_rest limit_order EINVAL SETRLIMIT_ORDER 'above the hard limit' 1; }
@test "hard limit raised" { refused refuse_rest limit_raise EPERM SETRLIMIT_RAISE 'CAP_SYS_RESOURCE' 1; }
@test "locked stack beyond RLIMIT_MEMLOCK" { STATUS=139 refused refuse_rest stack_mlock SIGSEGV STACK_MLOCK 'RLIMIT_MEMLOCK allows 4 KiB' 1; }
@test "stack below vm.mmap_min_addr" { refused refuse_rest stack_min_addr SIGSEGV STACK_MIN_ADDR 'below the minimum' 0; }
@test "stack beyond its offset" { refused refuse_rest stack_pgoff SIGSEGV STACK_PGOFF 'before its offset' 1; }
@test "stack larger than memory" { refused refuse_rest stack_overcommit SIGSEGV STACK_OVERCOMMIT 'more than can be committed' 1; }

@test "a limit that another process sets is seen before the next call" {
	cat >wait.py <<-'EOF'
		import mmap, os, resource, time
		open("pid.new", "w").write(str(os.getpid()))
		os.rename("pid.new", "pid")
		for _ in range(400):
		    time.sleep(0.05)
		    if resource.getrlimit(resource.RLIMIT_AS)[0] == 1 << 31:
		        break
		try:
		    mmap.mmap(-1, 1 << 32)
		    print("mapped")
		except OSError as error:
		    print(error)
	EOF
	"$USERMM" check -f -- python3 wait.py >check.out 2>check.err &
	wait_for 20 test -e pid
	prlimit --pid "$(cat pid)" --as=$((1 << 31))
	wait $!
	cat check.out check.err
	grep -q 'Cannot allocate memory' check.out
	grep -q ': summary: [1-9].* 0 divergences' check.err
}
