# sysctls.sh - for a guest of tools/vm: what an administrator can set, and no test may on a machine that others use.
# The last line is "N agreed, N failed".

agreed=0 failed=0

# What the kernel does is what the case says, the model says so too, and the refusal has that reason.
refused() { # CASE CHECK
	usermm check -f -- /progs/refuse_sysctl "$1" >/tmp/out 2>/tmp/err && status=0 || status=$?
	usermm trace -f -o /tmp/trace -- /progs/refuse_sysctl "$1" >/dev/null 2>&1
	if [ $status = 0 ] && ! grep -q '^FAILED' /tmp/out && grep -q "$2" /tmp/trace; then
		agreed=$((agreed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "not ok: $1: status $status"
	grep -v '^ok ' /tmp/out
	grep -A4 ENOMEM /tmp/trace | tail -n 12
	tail -n 1 /tmp/err
}

echo 2 >/proc/sys/vm/overcommit_memory
refused never_mmap 'vm.overcommit_memory=2'
refused never_mprotect 'vm.overcommit_memory=2'
refused never_fork 'vm.overcommit_memory=2'
refused never_brk 'vm.overcommit_memory=2'
echo 0 >/proc/sys/vm/overcommit_memory

echo 300 >/proc/sys/vm/max_map_count
refused map_count 'max_map_count'
refused map_count_split 'max_map_count'

uname -r
echo "$agreed agreed, $failed failed"
[ $failed = 0 ]
