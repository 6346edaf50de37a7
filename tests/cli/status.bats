#!/usr/bin/env bats
# Exit statuses and signals.

load lib

@test "trace returns the status of the program" {
	for status in 0 1 2 7 125 255; do
		usermm "$status" trace -- sh -c "exit $status"
		has err "^\+\+\+ exited with $status \+\+\+\$"
	done
}

@test "trace ends by the signal that ended the program" {
	for signal in TERM KILL SEGV ABRT INT; do
		usermm $((128 + $(kill -l "$signal"))) trace -- sh -c "kill -$signal \$\$"
		has err "^\+\+\+ killed by SIG$signal"
		# A shell that sees 128 + N cannot tell it from `exit`: ask wait(2) itself.
		python3 - "$USERMM" "$signal" <<'PY'
import signal, subprocess, sys
# Who was started in the background ignores SIGINT, and so do its children.
p = subprocess.run([sys.argv[1], "trace", "--", "sh", "-c", "kill -%s $$" % sys.argv[2]],
                   stderr=subprocess.PIPE,
                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
if p.returncode != -getattr(signal, "SIG" + sys.argv[2]):
    sys.exit("%s: returned %d: %s" % (sys.argv[2], p.returncode, p.stderr[-500:]))
PY
	done
}

@test "a program that is not there: 127, and 2 of check" {
	usermm 127 trace -- /no/such/program
	has err '^usermm: .*/no/such/program'
	lacks err 'summary'
	usermm 127 trace -- no-such-program-in-path
	usermm 2 check -- /no/such/program
	has err '^usermm: .*/no/such/program'
}

@test "a file that is no program: 126, and 2 of check" {
	echo hello >file
	usermm 126 trace -- ./file
	has err '^usermm: .*\./file'
	usermm 126 trace -- "$BATS_TEST_TMPDIR"
	usermm 2 check -- ./file
}

@test "check returns 0 whatever the program returns" {
	usermm 0 check -- sh -c 'exit 3'
	[ ! -s out ]
	usermm 0 check -- sh -c 'kill -TERM $$'
}

@test "check returns 1 for a difference" {
	usermm 1 check --falsify=munmap:1:-EINVAL -- true
}

@test "output that cannot be written is an error" {
	[ -e /dev/full ]
	timeout 20 "$USERMM" rules >/dev/full 2>err && return 1
	has err '^usermm: cannot write the output: No space left on device$'
	timeout 20 "$USERMM" --version >/dev/full 2>err && return 1
	has err 'No space left on device$'
	usermm 125 trace -o /dev/full -- true
	has err 'No space left on device$'
	usermm 2 check --json -o /dev/full -- true
	has err 'No space left on device$'
}

@test "a reader that goes away is no reason for a message" {
	{ timeout 20 "$USERMM" rules --json 2>err; } | head -n 1 >out
	[ "$(wc -l <out)" = 1 ]
	[ ! -s err ]
	{ timeout 20 "$USERMM" check --json -- perl -e 1 2>err; } | head -n 1 >out
	lacks err 'pipe'
}

@test "stdin, stdout, arguments and environment are the program's" {
	echo input | FOO=bar timeout 20 "$USERMM" trace -o trace -- \
		sh -c 'read x; echo "$x $FOO $1"; echo problem >&2' sh arg >out 2>err
	same out 'input bar arg'
	has err '^problem$'
	lacks err 'mmap'
	has trace '^mmap\('
}
