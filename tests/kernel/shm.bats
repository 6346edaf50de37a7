#!/usr/bin/env bats
# System V shared memory on the running kernel: nothing of it is adopted, and each refusal names its
# check.

load lib.bash

# refused_shm CASE ERROR NAME REGEX [PASSED]: one check at least is ruled out.
refused_shm() {
	refused refuse_shm "${@:1:4}" "${5:-1}"
	only_exec_is_adopted
}

# What is taken over from the kernel is what exec laid out, no more.
only_exec_is_adopted() {
	local adopted exec

	adopted="$(sed -n 's/.* either, \([0-9]*\) adopted.*/\1/p' check.err)"
	exec="$(sed -n 's/.*adopted: .*exec \([0-9]*\).*/\1/p' check.err)"
	if [ "$adopted" -gt "${exec:-1}" ]; then
		cat check.err
		return 1
	fi
}

# limited LIMIT=VALUE COMMAND...: kernel.LIMIT of an IPC namespace of our own, which COMMAND is in.
limited() {
	local limit="$1"

	shift
	unshare --ipc true 2>/dev/null || skip "no IPC namespace can be made here"
	cat >in_namespace <<-EOF
		#!/bin/sh
		echo "${limit#*=}" >/proc/sys/kernel/${limit%%=*} && exec "\$@"
	EOF
	chmod +x in_namespace
	RUN="unshare --ipc ./in_namespace" "$@"
}

@test "every case of refuse_shm is tested here" {
	every_case_is_tested -w refused_shm refuse_shm
}

@test "segment of no size" { refused_shm size EINVAL SHMGET_SIZE 'of 0 bytes.*shmmax' 0; }
@test "key that exists" { refused_shm exists EEXIST SHMGET_EXISTS 'has the key 5e' 0; }
@test "key that does not" { refused_shm no_key ENOENT SHMGET_NO_KEY 'no segment has the key 5e' 0; }
@test "segment too small" { refused_shm too_small EINVAL SHMGET_TOO_SMALL 'has 4096 bytes, fewer than the 4097'; }
@test "segment of another user" { refused_shm get_permission EACCES SHMGET_PERMISSION 'mode 0600'; }
@test "huge pages of no size" { refused_shm huge_size EINVAL SHMGET_HUGE_SIZE '2\^13'; }
@test "huge pages without permission" { refused_shm huge_permission EPERM SHMGET_HUGE_PERMISSION 'hugetlb_shm_group'; }
@test "huge pages that are not there" { refused_shm huge_pool ENOMEM SHMGET_HUGE_POOL 'needed for the segment: 1000'; }
@test "segment larger than memory" { refused_shm overcommit ENOMEM SHMGET_OVERCOMMIT '64 TiB'; }
@test "segment larger than a file" { refused_shm file_size EINVAL SHMEM_SIZE '8192 PiB' 1; }
@test "more pages than kernel.shmall" { limited shmall=3 refused_shm total ENOSPC SHMGET_TOTAL 'have 4 pages together, this one 2.*shmall allows 3'; }
@test "more segments than kernel.shmmni" { limited shmmni=1 refused_shm too_many ENOSPC SHMGET_COUNT 'there are 1 segments.*shmmni allows 1'; }
@test "segment that is gone" { refused_shm no_segment EINVAL SHM_NO_SEGMENT 'no segment with the id' 0; }
@test "segment that goes with its area" { refused_shm gone EINVAL SHM_REMOVED 'went with the area'; }
@test "attach at an odd address" { refused_shm addr EINVAL SHMAT_ADDR '001 is not a multiple'; }
@test "SHM_REMAP of nothing" { refused_shm remap EINVAL SHMAT_REMAP 'SHM_REMAP without an address'; }
@test "attach without permission" { refused_shm permission EACCES SHMAT_PERMISSION 'mode 0400'; }
@test "attach past the end" { refused_shm wrap EINVAL SHMAT_WRAP 'fffffffffffff000'; }
@test "attach over an area" { refused_shm busy EINVAL SHMAT_BUSY 'would cover the area'; }
@test "detach at an odd address" { refused_shm detach_addr EINVAL SHMDT_ADDR '001 is not a multiple' 0; }
@test "detach what is not attached" { refused_shm detach_nothing EINVAL SHMDT_NOTHING 'no area'; }
@test "shmctl of a negative id" { refused_shm negative_id EINVAL SHMCTL_COMMAND 'negative' 0; }
@test "remove another user's segment" { refused_shm owner EPERM SHMCTL_OWNER 'this process is user 54321'; }
@test "lock another user's segment" { refused_shm lock_owner EPERM SHMCTL_LOCK_OWNER 'this process is user 54321'; }
@test "lock with a limit of 0" { refused_shm lock_none EPERM SHMCTL_LOCK_NONE 'RLIMIT_MEMLOCK is 0'; }
@test "lock more than the limit" { refused_shm lock_limit ENOMEM SHMCTL_LOCK_LIMIT '12 KiB.*8 KiB'; }
@test "attach more than RLIMIT_AS" { refused_shm address_space ENOMEM RLIMIT_AS '100 MiB'; }

@test "addresses, pieces, forks, keys, sizes: predicted, nothing adopted" {
	for name in $("$TEST_PROGS/shm_cases" --list); do
		[ "$name" = huge ] && continue
		agrees "$TEST_PROGS/shm_cases" "$name"
		only_exec_is_adopted
	done
}

@test "huge pages" {
	agrees "$TEST_PROGS/shm_cases" huge
	only_exec_is_adopted
}

@test "at random, 12 seeds" {
	for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
		agrees "$TEST_PROGS/random_shm" "$seed" 400
		grep -q '^calls 4' check.out	# it came to its end
		only_exec_is_adopted
	done
}

@test "a segment that another process made, attached to and removed" {
	"$TEST_PROGS/shm_cases" --list >/dev/null
	id="$(python3 -c 'import ctypes; print(ctypes.CDLL(None).shmget(0, 8192, 0o600))')"
	[ "$id" -ge 0 ] || skip "no System V shared memory"
	cat >attach.py <<-EOF
		import ctypes, sys
		libc = ctypes.CDLL(None)
		libc.shmat.restype = ctypes.c_void_p
		at = libc.shmat($id, None, 0)
		libc.shmctl($id, 0, None)
		sys.exit(libc.shmdt(ctypes.c_void_p(at)) or libc.shmat($id, None, 0) != 2 ** 64 - 1)
	EOF
	agrees python3 attach.py
}

# The first segment of an IPC namespace has the id 0, and so its file the inode number 0.
@test "the segment 0" {
	unshare -i true || skip "no IPC namespace of our own"
	unshare -i "$USERMM" check -f -- "$TEST_PROGS/by_rule" close_merge 2>check.err >check.out || {
		cat check.out
		return 1
	}
	only_exec_is_adopted
}
