#!/usr/bin/env bats
# Refusals that need an unusual scene, predicted and explained; see refusals.bats.

load lib.bash

# refused CASE ERROR NAME REGEX [PASSED], as in refusals.bats.
refused() {
	local got=0

	timeout 30 "$TEST_PROGS/refuse_rest" "$1" >native.out || got=$?
	skip_if_skipped native.out
	[ "$got" = "${STATUS:-0}" ] || { cat native.out; return 1; }
	got=0
	timeout 120 "$USERMM" trace -f --json --explain=all -o trace.json -- \
		"$TEST_PROGS/refuse_rest" "$1" >trace.out 2>trace.err || got=$?
	[ "$got" = "${STATUS:-0}" ] || { say "exit status $got"; cat trace.out trace.err; return 1; }
	python3 "$RECORDS" refusal trace.json "$2" "$3" "$4" "${5:-1}"
	agrees "$TEST_PROGS/refuse_rest" "$1"
}

@test "every case of refuse_rest is tested here" {
	for name in $("$TEST_PROGS/refuse_rest" --list); do
		grep -qE "refused $name " "$BATS_TEST_FILENAME" || { say "no test of $name"; return 1; }
	done
}

@test "break back over a hole" { refused brk_nothing brk BRK_NOTHING 'nothing is mapped between'; }
@test "read where nothing is" { refused fault_no_area SIGSEGV FAULT_NO_AREA 'nothing is mapped at' 0; }
@test "write to what is for reading" { refused fault_access SIGSEGV FAULT_ACCESS 'does not allow this access' 0; }
@test "huge page at an odd address" { refused hugetlb_addr EINVAL HUGETLB_ADDR 'huge page size 2 MiB'; }
@test "part of a huge page" { refused hugetlb_split EINVAL HUGETLB_SPLIT 'inside a huge page of 2 MiB'; }
@test "protection key of nobody" { refused no_pkey EINVAL MPROTECT_PKEY 'key 7'; }
@test "pkey_alloc with flags" { refused pkey_flags EINVAL PKEY_FLAGS 'flags (0x)?1 ' 0; }
@test "pkey_alloc with unknown rights" { refused pkey_rights EINVAL PKEY_RIGHTS 'rights (0x)?8 '; }
@test "pkey_alloc without keys" { refused pkey_no_cpu EINVAL PKEY_NO_CPU 'has no protection keys'; }
@test "pkey_alloc without keys, again" { refused pkey_exhausted ENOSPC PKEY_EXHAUSTED 'all keys are taken'; }
@test "pkey_free of nobody's" { refused pkey_free EINVAL PKEY_NOT_ALLOCATED 'key 5' 0; }
@test "seals through a descriptor for reading" { refused seals_read_only EPERM SEALS_READ_ONLY 'not open for writing' 0; }
@test "unknown seals" { refused seals_unknown EINVAL SEALS_UNKNOWN 'seals (0x)?1000'; }
@test "seals of what is no memfd" { refused seals_no_memfd EINVAL SEALS_NO_MEMFD 'no memfd'; }
@test "seals of what is sealed" { refused seals_sealed EPERM SEALS_SEALED 'F_SEAL_SEAL'; }
@test "seal of what is mapped" { refused seals_busy EBUSY SEALS_BUSY '1 areas map the file shared'; }
@test "limit of no resource" { refused limit_resource EINVAL SETRLIMIT_RESOURCE 'no resource 16' 0; }
@test "limit above the hard one" { refused limit_order EINVAL SETRLIMIT_ORDER 'above the hard limit'; }
@test "hard limit raised" { refused limit_raise EPERM SETRLIMIT_RAISE 'CAP_SYS_RESOURCE'; }
@test "locked stack beyond RLIMIT_MEMLOCK" { STATUS=139 refused stack_mlock SIGSEGV STACK_MLOCK 'RLIMIT_MEMLOCK allows 4 KiB'; }
@test "stack below vm.mmap_min_addr" { refused stack_min_addr SIGSEGV STACK_MIN_ADDR 'below the minimum' 0; }
@test "stack beyond its offset" { refused stack_pgoff SIGSEGV STACK_PGOFF 'before its offset'; }
@test "stack larger than memory" { refused stack_overcommit SIGSEGV STACK_OVERCOMMIT 'more than can be committed'; }

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
