#!/usr/bin/env bats
# The program behaves as without us, and our end never leaves it worse off: not stopped, and with no
# system call that fails because we are gone.

load lib.bash

teardown() {
	local pid

	# Only what a test here has started and written down.
	for pid in ${USERMM_PID:-} $(cat pids 2>/dev/null | grep -E '^[0-9]+$' || true); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

BEHAVE="$TEST_PROGS/behave"

# in_background VERB ARGS...: its pid is in USERMM_PID.
in_background() {
	# bash starts what runs in the background with SIGINT and SIGQUIT ignored.
	env --default-signal timeout -s KILL 60 "$USERMM" "$@" >out 2>err </dev/null 3>&- &
	TIMEOUT_PID=$!
	wait_for 5 has_child "$TIMEOUT_PID"
	USERMM_PID="$(children_of "$TIMEOUT_PID")"
}

children_of() {
	echo $(cat "/proc/$1/task/$1/children" 2>/dev/null)
}

has_child() {
	[ -n "$(children_of "$1")" ]
}

# ---- exit statuses and signals ----

@test "trace: the program's exit status" {
	for status in 0 1 42 125 255; do
		run -"$status" timeout 20 "$USERMM" trace -o /dev/null -- "$BEHAVE" exit "$status"
	done
}

@test "trace: the program's fatal signal" {
	for signo in 1 6 9 11 15; do
		run -"$((128 + signo))" timeout --preserve-status 20 "$USERMM" trace -o /dev/null -- "$BEHAVE" signal "$signo"
	done
}

@test "check: the exit status is about agreement, not the program's" {
	usermm_check 0 -- "$BEHAVE" exit 42
	usermm_check 0 -- "$BEHAVE" signal 15
}

@test "a missing program" {
	run -127 timeout 20 "$USERMM" trace -- /nonexistent/program
	[[ "$output" == *"/nonexistent/program"* ]]
	run -2 timeout 20 "$USERMM" check -- /nonexistent/program
	[[ "$output" == *"/nonexistent/program"* ]]
}

@test "a file that is no program" {
	echo "not a program" >plain
	run -126 timeout 20 "$USERMM" trace -- ./plain
	[[ "$output" == *plain* ]]
	run -126 timeout 20 "$USERMM" trace -- "$BATS_TEST_TMPDIR"
	run -2 timeout 20 "$USERMM" check -- ./plain
	[[ "$output" == *plain* ]]
}

# ---- children, stopping, continuing ----

@test "children: exit, death, stop and continue are reported to their parent" {
	agrees "$BEHAVE" children
	[ "$(grep -ac '^ok' check.out)" = 5 ]
}

@test "stdin, stdout, environment, descriptors and limits are the program's own" {
	cat >look.sh <<-'SH'
		read -r line; echo "$line $GREETING $# $0 $(ulimit -n) $(umask) $(pwd)"
		ls /proc/self/fd | wc -l; sed -n "s/^Sig\(Blk\|Ign\):/&/p" /proc/self/status
	SH
	export GREETING=hello
	# timeout(1) has its own way with signals: both are started by it.
	echo typed | timeout 20 sh look.sh a b >native 3>&-
	echo typed | timeout 20 "$USERMM" trace -f -o /dev/null -- sh look.sh a b >followed 3>&-
	diff native followed
}

@test "affinity: the program sees all of its CPUs" {
	timeout 20 "$BEHAVE" affinity >native
	timeout 20 "$USERMM" trace -f -o /dev/null -- "$BEHAVE" affinity >followed
	diff native followed
}

is_stopped() {
	[ "$(state_of "$1")" = T ] || [ "$(state_of "$1")" = t ]
}

@test "SIGSTOP and SIGCONT" {
	in_background trace -f -o trace.out -- "$BEHAVE" stop
	wait_for 5 has_child "$USERMM_PID"
	program="$(children_of "$USERMM_PID")"
	echo $program >pids
	wait_for 5 is_stopped $program
	sleep 0.3
	is_stopped $program
	[ ! -s out ]
	kill -CONT $program
	wait_for 5 is_gone "$USERMM_PID"
	grep -q continued out
	status=0; wait "$TIMEOUT_PID" || status=$?
	[ "$status" = 5 ]
}

@test "SIGTERM to us is the program's" {
	in_background trace -f -o trace.out -- "$BEHAVE" term pids
	wait_for 5 has_lines 1 pids
	sleep 0.2
	kill -TERM "$USERMM_PID"
	wait_for 5 is_gone "$USERMM_PID"
	grep -q terminated out
	status=0; wait "$TIMEOUT_PID" || status=$?
	[ "$status" = 3 ]
}

@test "closed standard descriptors stay closed, and nothing of ours takes their place" {
	cat >look.sh <<-'SH'
		ls /proc/self/fd | tr '\n' ' ' >&9
		exit 7
	SH
	for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
		run -7 eval "sh look.sh 9>native 3>&- $closed"
		run -7 eval "timeout 20 \"$USERMM\" trace -f -- sh look.sh 9>followed 3>&- $closed"
		diff native followed
	done
}

@test "the program lives on where what we say cannot be written" {
	run -3 bash -c '"$@" 2>&1 >/dev/null | head -n 1; exit ${PIPESTATUS[0]}' - \
		timeout 20 "$USERMM" trace -- sh -c 'sleep 0.2; echo >lived; exit 3'
	[ -e lived ]
	run -125 timeout 20 "$USERMM" trace -o /dev/full -- sh -c 'echo >lived-on; exit 3'
	[[ "$output" == *"cannot write"* ]]
	[ -e lived-on ]
}

@test "children of the shell whose place we took are not waited for" {
	# cat ends when we do.
	run -3 timeout -s KILL 20 bash -c 'exec 3>&-; exec "$@" > >(cat)' - \
		"$USERMM" trace -o /dev/null -- sh -c 'exit 3'
}

@test "a terminal that stops those who write from the background" {
	command -v python3 >/dev/null || skip "no python3"
	cat >foreground.py <<-'PY'
		# The traced program takes the terminal's foreground, as an interactive shell does.
		import os, pty, select, signal, sys, termios
		def program():
		    os.setpgid(0, 0)
		    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
		    os.tcsetpgrp(0, os.getpgrp())
		    mode = termios.tcgetattr(0)
		    mode[3] |= termios.TOSTOP
		    termios.tcsetattr(0, termios.TCSANOW, mode)
		    bytearray(1 << 24)
		    os._exit(6)
		if len(sys.argv) == 1:
		    program()
		shell, terminal = pty.fork()
		if not shell:
		    # A session leader that lives on: we are not an orphaned group.
		    child = os.fork()
		    if not child:
		        os.setpgid(0, 0)
		        os.execv(sys.argv[1], [sys.argv[1], "trace", "--", sys.executable, __file__])
		    status = os.waitpid(child, os.WUNTRACED)[1]
		    if os.WIFSTOPPED(status):
		        os.kill(child, signal.SIGKILL)
		        os._exit(99)
		    os._exit(os.WEXITSTATUS(status))
		while True:
		    try:
		        if not os.read(terminal, 4096):
		            break
		    except OSError:
		        break
		sys.exit(os.WEXITSTATUS(os.waitpid(shell, 0)[1]))
	PY
	run -6 timeout 20 python3 foreground.py "$USERMM"
}

# ---- our end ----

# However we end: both processes end or go on being followed; none hangs, none fails a call.
our_end() {
	local signo="$1" pid

	in_background check -f -- "$BEHAVE" loop pids
	wait_for 5 has_lines 2 pids
	sleep 0.3
	kill -"$signo" "$USERMM_PID"
	sleep 1
	for pid in $(grep -E '^[0-9]+$' pids); do
		if is_gone "$USERMM_PID"; then
			wait_for 3 is_gone "$pid"
		else
			[ "$(state_of "$pid")" != T ]
		fi
	done
	if grep failed pids; then
		return 1
	fi
}

@test "killed by SIGKILL in the middle" { our_end KILL; }
@test "killed by SIGTERM in the middle" { our_end TERM; }
@test "killed by SIGINT in the middle" { our_end INT; }
@test "killed by SIGHUP in the middle" { our_end HUP; }
@test "killed by SIGQUIT in the middle" { our_end QUIT; }

@test "killed by SIGKILL at any moment" {
	for delay in 0.005 0.01 0.02 0.03 0.05 0.08; do
		rm -f pids
		in_background check -f -- "$BEHAVE" loop pids
		sleep $delay
		program="$(children_of "$USERMM_PID")"
		kill -KILL "$USERMM_PID"
		for pid in $program $(grep -E '^[0-9]+$' pids 2>/dev/null || true); do
			wait_for 3 is_gone "$pid"
		done
		if grep failed pids 2>/dev/null; then
			return 1
		fi
		wait "$TIMEOUT_PID" || true
	done
}

@test "the program killed from outside in the middle of its calls" {
	in_background trace -f -o trace.out -- "$BEHAVE" loop pids
	wait_for 5 has_lines 2 pids
	sleep 0.2
	kill -KILL $(grep -E '^[0-9]+$' pids)
	wait_for 5 is_gone "$USERMM_PID"
	status=0; wait "$TIMEOUT_PID" || status=$?
	[ "$status" = 137 ]
}

@test "one of two processes killed from outside: the other is followed on" {
	in_background check -f -- "$BEHAVE" loop pids
	wait_for 5 has_lines 2 pids
	sleep 0.2
	kill -KILL "$(sed -n 2p pids)"
	sleep 0.3
	kill -KILL "$(sed -n 1p pids)"
	wait_for 5 is_gone "$USERMM_PID"
	status=0; wait "$TIMEOUT_PID" || status=$?
	[ "$status" = 0 ]
	grep -q ' 0 divergences' err
}

# ---- what others do to a process ----

@test "limits that another process sets" {
	command -v python3 >/dev/null || skip "no python3"
	cat >limits.py <<-'PY'
		import mmap, os, resource
		mine, yours = os.pipe(), os.pipe()
		child = os.fork()
		if not child:
		    mmap.mmap(-1, 1 << 20)
		    os.write(mine[1], b"x")
		    os.read(yours[0], 1)
		    try:
		        mmap.mmap(-1, 1 << 30)
		    except OSError:
		        os._exit(9)
		    os._exit(0)
		os.read(mine[0], 1)
		resource.prlimit(child, resource.RLIMIT_AS, (300 << 20, 300 << 20))
		os.write(yours[1], b"x")
		print("child", os.WEXITSTATUS(os.waitpid(child, 0)[1]))
	PY
	agrees python3 limits.py
	grep -qx 'child 9' check.out
}

@test "fork in a PID namespace whose init is gone" {
	unshare -p true 2>/dev/null || skip "no unshare, or not permitted"
	usermm_check 0 --json -- unshare -p bash -c '/bin/true; (:); exit 0'
	grep -q 'fork: Cannot allocate' check.out check.err
	grep -q '"outside mm: process limit":1' check.result
}

# ---- what cannot be followed, or not wholly ----

@test "32-bit calls of a 64-bit program" {
	got=0
	"$TEST_PROGS/int80" >native || got=$?
	[ "$got" = 77 ] && skip "this kernel has no 32-bit calls"
	run -0 timeout 20 "$USERMM" trace -f -- "$TEST_PROGS/int80"
	[[ "$output" == *"32-bit"* ]]
	[[ "$output" == *"mprotect 0"* ]]
	run -2 timeout 20 "$USERMM" check -f -- "$TEST_PROGS/int80"
	[[ "$output" == *"32-bit"* ]]
}

@test "a 32-bit program" {
	cat >exit6.c <<-'EOC'
		static long call(long nr, long a, long b, long c)
		{
			long result;

			__asm__ volatile("int $0x80" : "=a"(result) : "0"(nr), "b"(a), "c"(b), "d"(c) : "memory");
			return result;
		}
		void _start(void)
		{
			call(45, 0, 0, 0);
			call(4, 1, (long)"hello from 32 bits\n", 19);
			call(1, 6, 0, 0);
		}
	EOC
	gcc -m32 -nostdlib -static -ffreestanding -fno-pie -no-pie -fno-stack-protector -o exit6 exit6.c ||
		skip "this compiler makes no 32-bit programs"
	got=0; ./exit6 >native || got=$?
	[ "$got" = 6 ] || skip "this kernel runs no 32-bit programs"
	run -6 timeout 20 "$USERMM" trace -f -- ./exit6
	[[ "$output" == *"32-bit"* ]]
	[[ "$output" == *"hello from 32 bits"* ]]
	run -2 timeout 20 "$USERMM" check -f -- ./exit6
	[[ "$output" == *"32-bit"* ]]
}

@test "as an ordinary user" {
	[ "$(id -u)" = 0 ] || skip "not root: the other tests are as an ordinary user"
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	# Somewhere that user may look.
	dir="$(mktemp -d /tmp/usermm-test-XXXXXX)"
	chmod 755 "$dir"
	cp "$USERMM" "$TEST_PROGS/hello" "$TEST_PROGS/merge_new" "$dir"
	cd /
	status=0
	timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR=/tmp \
		"$dir/usermm" check -f -- "$dir/hello" >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null || status=$?
	timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR=/tmp \
		"$dir/usermm" check -f -- "$dir/merge_new" both >>"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null ||
		status=$?
	rm -r "$dir"
	cat "$BATS_TEST_TMPDIR/out"
	[ "$status" = 0 ]
	[ "$(grep -c ' 0 divergences' "$BATS_TEST_TMPDIR/out")" = 2 ]
	# It says what it cannot see.
	grep -qi 'perf\|fault' "$BATS_TEST_TMPDIR/out"
}

# without CALLS VERB ARGS...: usermm where those system calls are not permitted.
without() {
	local calls="$1" verb="$2"

	shift 2
	timeout 20 "$TEST_PROGS/without" "$calls" "$USERMM" "$verb" "$@"
}

@test "perf not permitted: a warning, and the page tables are looked at instead" {
	run --separate-stderr -0 without perf_event_open check -f -- "$TEST_PROGS/blind" vm_writev
	[[ "$stderr" == *"warning"*perf* ]]
	[[ "$stderr" == *" 0 divergences"* ]]
	run --separate-stderr -0 without perf_event_open check -f -- "$TEST_PROGS/hello"
	[[ "$stderr" == *" 0 divergences"* ]]
}

@test "perf not permitted: stacks that grow are seen all the same" {
	for what in stack_limit stack_guard_gap; do
		run --separate-stderr -0 without perf_event_open check -f -- \
			"$TEST_PROGS/refuse_limits" "$what"
		[[ "$stderr" == *" 0 divergences"* ]]
	done
}

# In containers: who opened a file cannot be asked, or is asked in another way.
@test "kcmp not permitted" {
	run --separate-stderr -0 without kcmp check -f -- "$TEST_PROGS/hello"
	[[ "$stderr" == *" 0 divergences, 0 either, 0 adopted"* ]] || [[ "$stderr" == *warning*descriptors* ]]
	[[ "$stderr" == *" 0 divergences"* ]]
}

@test "pidfd_getfd not permitted: a warning, and mappings of files are taken over" {
	run --separate-stderr -0 without pidfd_getfd check -f -- "$TEST_PROGS/hello"
	[[ "$stderr" == *warning*descriptors* ]]
	[[ "$stderr" == *" 0 divergences"* ]]
}

@test "prlimit not permitted: limits are read from /proc" {
	run --separate-stderr -0 without prlimit64 check -f -- "$TEST_PROGS/hello"
	[[ "$stderr" == *" 0 divergences"* ]]
}

@test "ptrace not permitted" {
	run --separate-stderr -125 without ptrace trace -- "$BEHAVE" exit 3
	[[ "$stderr" == *ptrace*"not permitted"* ]]
	run --separate-stderr -2 without ptrace check -- "$BEHAVE" exit 3
	[[ "$stderr" == *ptrace*"not permitted"* ]]
}

@test "seccomp filters not permitted" {
	run --separate-stderr -125 without seccomp trace -- "$BEHAVE" exit 3
	[[ "$stderr" == *seccomp* ]]
	run --separate-stderr -2 without seccomp check -- "$BEHAVE" exit 3
	[[ "$stderr" == *seccomp* ]]
}

# One tracer at a time: inside another follower (or gdb, or strace) we say so, and that is all.
@test "inside another tracer" {
	run -125 timeout 20 "$USERMM" trace -f -o outer.out -- "$USERMM" trace -- "$BEHAVE" exit 3
	[[ "$output" == *ptrace* ]]
	run -2 timeout 20 "$USERMM" trace -f -o outer.out -- "$USERMM" check -- "$BEHAVE" exit 3
	[[ "$output" == *ptrace* ]]
}
