#!/usr/bin/env bats
# trace's lines beside those of the packaged strace: named programs, signals, ends, children.
# What may differ, and why, is in docs/strace.md.

load lib

setup_file() {
	build_program ends
	build_program options_of_calls
	build_program unknown_to_strace
	command -v strace >/dev/null || return 0
	strace --version | head -n 1 >"$BATS_FILE_TMPDIR/version"
}

# Programs that hash with a seed of their own allocate another amount in each run.
export PYTHONHASHSEED=0 PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0

need() {
	[ -s "$BATS_FILE_TMPDIR/version" ] || skip "no strace"
	grep -q ' 6\.1$' "$BATS_FILE_TMPDIR/version" || skip "not strace 6.1"
	command -v "$1" >/dev/null || skip "no $1"
}

# Both find the same files here: python reads the names in its folder, and where it frees hangs on them.
run_both() {
	: >theirs >ours >err
	timeout 60 setarch -R strace "${@:2:$1}" -e trace=memory -o theirs "${@:$1+2}" \
		>/dev/null 2>&1 </dev/null || true
	timeout 60 setarch -R "$USERMM" trace "${@:2:$1}" -o ours "${@:$1+2}" \
		>/dev/null 2>err </dev/null || true
	[ -s theirs ]
}

# Byte for byte, but for the numbers of processes and the time that they took.
lines_of() {
	grep -av '^ \|^usermm: \|^strace: ' "$1" |
		sed -E 's/si_pid=[0-9]+/si_pid=N/; s/ \(core dumped\)//
			s/si_([us])time=[0-9]+( \/\* [0-9.]+ s \*\/)?/si_\1time=N/g'
}

equal() {
	need "$1"
	run_both 0 "$@"
	diff <(lines_of theirs) <(lines_of ours)
}

# With -f, process by process.
equal_with_children() {
	need "$1"
	run_both 1 -f "$@"
	python3 "$HERE/strace_lines.py" theirs ours
}

@test "python3 with its modules" {
	equal python3 -c 'import json, sqlite3, ssl, decimal, ctypes; json.dumps(list(range(100000)))'
}

@test "perl" {
	equal perl -e 'my %h; $h{$_} = "x" x $_ for 1 .. 3000; print scalar keys %h'
}

@test "git" {
	git init -q repo
	git -C repo -c user.name=a -c user.email=a@b commit -q --allow-empty -m one
	equal git -C repo log --stat
}

@test "sqlite3" {
	equal sqlite3 :memory: 'create table t(a);
		with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000)
		insert into t select x from c; create index i on t(a); select sum(a) from t;'
}

@test "find" {
	equal find "$HERE/.." -name '*.c' -size +1k
}

@test "a compiler proper" {
	equal "$(${CC:-cc} -print-prog-name=cc1)" -quiet -o /dev/null "$HERE/every_call.c"
}

@test "gcc and what it starts" {
	equal_with_children "${CC:-cc}" -O1 -o ends "$HERE/ends.c"
}

@test "a shell and its children" {
	equal_with_children sh -c 'ls /; (exit 3); $(true); /bin/true & wait; kill -9 $$'
}

# Of two threads that run at once it is chance, and a matter of speed, who asks for memory first: here
# the first one sleeps as long as the other is there.
@test "python3 with a thread and a subprocess" {
	equal_with_children python3 -c 'import _thread, subprocess, time
subprocess.run(["true"])
_thread.start_new_thread(lambda: bytearray(5000000), ())
time.sleep(0.5)'
}

@test "find -exec, perl's fork and system" {
	equal_with_children find "$HERE" -name '*.py' -exec head -c1 '{}' +
	equal_with_children perl -e 'system("true"); my $p = fork; exit 4 unless $p; waitpid $p, 0'
}

@test "signals, stops and ends" {
	local how

	for how in vfork-child interrupted queued beyond-the-file deep-stack jump-to-data term io \
		   abort busy-child; do
		equal "$BATS_FILE_TMPDIR/ends" "$how"
	done
	for how in exec-in-thread exit-in-thread stopped-child busy-child vfork-child term; do
		equal_with_children "$BATS_FILE_TMPDIR/ends" "$how"
	done
}

# Of a child's processor time both see what the kernel says.
@test "used time is shown in seconds too" {
	usermm 0 trace -o trace -- "$BATS_FILE_TMPDIR/ends" busy-child
	has trace 'si_utime=1[0-9] /\* 0\.1[0-9] s \*/, si_stime=(0|[1-9] /\* 0\.0[0-9] s \*/)\} ---$'
}

# They are not of the class, and shown when there is something to say: those that are must be right.
@test "prctl, arch_prctl and personality, as strace prints them when asked" {
	need strace
	timeout 20 setarch -R strace -e trace=prctl,arch_prctl,personality -o theirs \
		"$BATS_FILE_TMPDIR/options_of_calls" >/dev/null 2>&1
	timeout 20 setarch -R "$USERMM" trace --explain=all -o ours \
		"$BATS_FILE_TMPDIR/options_of_calls" >/dev/null 2>err
	grep -a '^prctl\|^arch_prctl\|^personality' ours >shown
	[ "$(wc -l <shown)" -gt 80 ]
	run grep -avxFf theirs shown
	[ -z "$output" ] || { say_lines "$output"; false; }
}

say_lines() {
	printf 'not of strace: %s\n' "$1"
}

@test "what this strace does not know is what docs/strace.md lists" {
	local line

	need strace
	run_both 0 "$BATS_FILE_TMPDIR/unknown_to_strace"
	# Values: printed as it prints them.
	diff <(lines_of theirs | grep -v '^syscall_') <(lines_of ours | grep -v '^mseal\|^map_shadow')
	has ours '^madvise\(0x[0-9a-f]+, 4096, 0x66 /\* MADV_\?\?\? \*/\) = '
	# Calls: by name.
	has theirs '^syscall_0x1ce\(0x[0-9a-f]+, 0x1000, 0, 0, 0, 0\) = '
	has ours '^mseal\(0x[0-9a-f]+, 4096, 0\) '
	has theirs '^syscall_0x1c5\(0, 0x1000, 0x1, 0, 0, 0\) '
	has ours '^map_shadow_stack\(NULL, 4096, SHADOW_STACK_SET_TOKEN\) '
}
