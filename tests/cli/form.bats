#!/usr/bin/env bats
# The look of trace: strace's lines, and ours under them.

load lib

setup_file() {
	build_program every_call
	build_program refused
	build_program signals
}

# Lines that are strace's: not indented, not messages, and without what differs from run to run.
strace_lines() {
	grep -av '^ \|^usermm: \|^strace: ' "$1" | sed 's/si_pid=[0-9]*/si_pid=N/; s/ (core dumped)//'
}

# Run both on a program without randomisation; the lines must be equal byte for byte.
equal_to_strace() {
	command -v strace >/dev/null || skip "no strace"
	timeout 60 setarch -R strace -e trace=memory -o theirs "$@" >/dev/null 2>&1 </dev/null || true
	timeout 60 setarch -R "$USERMM" trace -o ours "$@" >/dev/null 2>err </dev/null || true
	[ -s theirs ]
	diff <(strace_lines theirs) <(strace_lines ours)
}

@test "the lines of small programs are strace's" {
	equal_to_strace true
	equal_to_strace ls /
	equal_to_strace sh -c 'exit 3'
	equal_to_strace perl -e '$x = "a" x 3000000; $y = $x . $x; exit 1'
}

@test "every memory call with odd arguments, as strace prints it" {
	strace --version | head -n 1 | grep -q ' 6\.1$' || skip "not strace 6.1"
	equal_to_strace "$BATS_FILE_TMPDIR/every_call"
	[ "$(wc -l <theirs)" -gt 1000 ]
}

@test "--explain=none adds nothing at all" {
	equal_to_strace "$BATS_FILE_TMPDIR/refused"
	timeout 20 setarch -R "$USERMM" trace --explain=none -o plain "$BATS_FILE_TMPDIR/refused" \
		>/dev/null 2>&1 || true
	diff theirs plain
}

@test "a signal and an end look as strace's" {
	usermm 139 trace -o trace -- "$BATS_FILE_TMPDIR/refused" crash
	has trace '^--- SIGSEGV \{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x4242\} ---$'
	has trace '^  ↳ why   nothing is mapped at 4242$'
	has trace '^\+\+\+ killed by SIGSEGV'
}

@test "signals look as strace's, whoever sent them" {
	for how in none maperr accerr noncanonical illegal trap divide raise kill realtime queue \
		   timer exited killed; do
		equal_to_strace "$BATS_FILE_TMPDIR/signals" "$how"
	done
}

@test "under a refused call: why, check, not, fix" {
	usermm 0 trace -o trace -- "$BATS_FILE_TMPDIR/refused"
	grep -a -A9 '^mprotect(.*= -1 ENOMEM (Cannot allocate memory)$' trace >block
	sed -n 2p block >second
	has second '^  ↳ why   '
	has block '^  ↳ why   nothing is mapped at [0-9a-f]+'
	has block '^  ↳ check do_mprotect_pkey: '
	has block '^  ↳ not   .*address alignment, '
	has block '^  ↳ fix   protect only what is mapped'
}

@test "a call that agreed and succeeded has no lines of ours" {
	usermm 0 trace -o trace -- true
	lacks trace '↳'
}

@test "--explain=all says where addresses come from, and what was merged and split" {
	usermm 0 trace --explain=all -o trace -- "$BATS_FILE_TMPDIR/refused"
	has trace '^  ↳ addr  '
	has trace '^  ↳ merge merged with '
	has trace '^  ↳ apart not merged with '
	has trace '^  ↳ split \['
	has trace '^  ↳ lost  replaced what was mapped in '
	has trace '^  ↳ cost  '
	has trace '^  ↳ exec  segment \[[0-9a-f]+-[0-9a-f]+\) r-x.* from offset '
	has trace '^  ↳ exec  the heap begins at '
}

@test "what we add fits into 80 columns" {
	usermm 0 trace --explain=all -o trace -- "$BATS_FILE_TMPDIR/refused"
	grep -a '^ ' trace >added
	fits_80_columns added
	has added '^          [^ ]'		# something was wrapped
}

@test "the arrow needs a UTF-8 locale; --ascii does without" {
	usermm 0 trace --ascii -o trace -- "$BATS_FILE_TMPDIR/refused"
	has trace '^  -> why   '
	lacks trace '↳'
	LC_ALL=C usermm 0 trace -o trace -- "$BATS_FILE_TMPDIR/refused"
	has trace '^  -> why   '
	usermm 0 trace -o trace -- "$BATS_FILE_TMPDIR/refused"
	has trace '^  ↳ why   '
}

@test "colour: never into a file, always if asked, NO_COLOR and CLICOLOR_FORCE" {
	local escape=$'\033'

	usermm 0 trace -- "$BATS_FILE_TMPDIR/refused"
	lacks err "$escape"
	usermm 0 trace --color=always -- "$BATS_FILE_TMPDIR/refused"
	has err "$escape"
	grep -a '^mmap' err >calls
	lacks calls "$escape"
	CLICOLOR_FORCE=1 usermm 0 trace -- "$BATS_FILE_TMPDIR/refused"
	has err "$escape"
	CLICOLOR_FORCE=1 NO_COLOR=1 usermm 0 trace -- "$BATS_FILE_TMPDIR/refused"
	lacks err "$escape"
	CLICOLOR_FORCE=1 usermm 0 trace --color=never -- "$BATS_FILE_TMPDIR/refused"
	lacks err "$escape"
}

@test "with -f, lines tell the process once there are two" {
	usermm 0 trace -f -- sh -c 'true & wait'
	has err '^usermm: process [0-9]+ attached$'
	has err '^\[pid +[0-9]+\] \+\+\+ exited with 0 \+\+\+$'
	has err '^\+\+\+ exited with 0 \+\+\+$'
	# A host may forbid something, and a warning about it comes first.
	[ "$(grep -v '^usermm: warning: ' err | head -n 1 | cut -c1-4)" = 'brk(' ]
}

@test "with -f and -o, every line begins with a process" {
	usermm 0 trace -f -o trace -- sh -c '/bin/true; /bin/true'
	[ "$(grep -avcE '^[0-9]+ +([a-z_0-9]+\(|---|\+\+\+)|^ ' trace)" = 0 ]
	[ "$(grep -ac 'exited with 0' trace)" -ge 2 ]
	lacks err attached
}

@test "the last line is the summary, on stderr" {
	usermm 0 trace -- true
	tail -n 1 err >last
	has last '^usermm: summary: [1-9][0-9]* calls, 1 process, [0-9]+ faults?, [0-9]+ maps? compared: 0 divergences, [0-9]+ either, [0-9]+ adopted, [0-9]+ observed$'
	usermm 0 check -- true
	[ "$(grep -cv '^usermm: warning: ' err)" = 1 ]
	has err '^usermm: summary: '
}
