#!/usr/bin/env bats
# The layout that exec makes: predicted before maps are looked at.  Without randomisation nothing is
# adopted; with it, the bases are observed.

load lib.bash

FORMS="hello hello_static hello_static_pie hello_nopie hello_execstack hello_aligned
	hello_aligned_static_pie hello_bss hello_bss_static"

# still COMMAND...: agrees without randomisation, and nothing is adopted.
still() {
	agrees setarch -R "$@"
	grep -q ' 0 either, 0 adopted, ' check.err
}

# moving COMMAND...: agrees with random bases; a few pages of mmap_base may stay open.
moving() {
	usermm_check 0 --json -- "$@"
	python3 "$RECORDS" adopted check.result mmap_base
	cat check.err
}

@test "every form of program, without randomisation" {
	for form in $FORMS; do
		still "$TEST_PROGS/$form"
	done
}

@test "every form of program, with random bases" {
	for form in $FORMS; do
		for i in 1 2 3; do
			moving "$TEST_PROGS/$form"
		done
	done
}

@test "nothing of the answer is looked at first: one observation in all" {
	need_exact_faults
	setarch -R "$USERMM" check -- "$TEST_PROGS/hello_static" 2>check.err >check.out
	grep -q ' 0 adopted, 1 observed' check.err
}

# The limit decides where mappings begin and how far the stack reaches.
@test "stack limits from 256 KiB to none" {
	for limit in 256 1024 8192 102400 1048576 unlimited; do
		for form in hello hello_static hello_static_pie hello_nopie; do
			still bash -c "ulimit -s $limit && exec $TEST_PROGS/$form"
			moving bash -c "ulimit -s $limit && exec $TEST_PROGS/$form"
		done
	done
}

@test "bottom-up, with page 0, with READ_IMPLIES_EXEC" {
	for form in hello hello_static hello_static_pie hello_nopie; do
		for how in -L -Z -X "-L -Z -X"; do
			still setarch $how "$TEST_PROGS/$form"
			moving setarch $how "$TEST_PROGS/$form"
		done
	done
}

@test "cases: arguments, scripts, vfork, threads, memfd, failures" {
	for case in $("$TEST_PROGS/exec_cases" --list); do
		[ "$case" != page_zero_now ] || continue
		still "$TEST_PROGS/exec_cases" "$case"
		moving "$TEST_PROGS/exec_cases" "$case"
	done
}

@test "programs at random" {
	for seed in 1 2 3 4; do
		still "$TEST_PROGS/random_elf" "$seed" 150 still
		moving "$TEST_PROGS/random_elf" "$((seed + 100))" 150
	done
}

# Another loader: its layout is taken over, and its calls are not followed.
@test "a 32-bit program is adopted" {
	python3 - <<'PY'
import struct
code = bytes([0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80])	# exit(0)
head = b"\x7fELF\1\1\1" + bytes(9) + struct.pack(
    "<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
segment = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 256, 256, 5, 4096)
open("program", "wb").write((head + segment + code).ljust(256, b"\0"))
PY
	chmod +x program
	./program || skip "32-bit programs do not run here"
	run -2 "$USERMM" check -- ./program
	[[ "$output" == *" 0 divergences, 0 either, 1 adopted"* ]]
	[[ "$output" == *"makes 32-bit (i386) system calls"* ]]
}

# ---- real programs ----

# really COMMAND...: real programs whose other calls may still be taken over.
really() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
	usermm_check 0 --json -- setarch -R "$@"
	cat check.err
	python3 - check.result <<'PY'
import json, sys
last = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")][-1]
assert last["divergences"] == 0 and "exec" not in last["adopted_by"], last
PY
}

@test "sh, pipes and subshells" { really sh -c 'ls / | sort | (read a; echo "$a"); /bin/echo done'; }
@test "python3 with subprocesses" { really python3 -c 'import subprocess as s; s.run(["true"]); s.run("ls | wc", shell=True)'; }
@test "perl" { really perl -e 'system("ls | cat"); exec "true"'; }
@test "busybox" { really busybox true; }
@test "gcc" {
	echo 'int main(void) { return 0; }' >a.c
	really gcc -o a a.c
	still ./a
}
@test "bash and awk through env" {
	printf '#!/usr/bin/env bash\nawk "BEGIN { print 1 }"\n' >script
	chmod +x script
	really ./script
}

# ---- refusals, each with its check ----

# refused_exec CASE ERROR NAME: the case's last program is refused with ERROR, or killed by the loader
# (SIGSEGV), by the check NAME of the catalogue.
refused_exec() {
	timeout 60 "$TEST_PROGS/refuse_exec" "$1" >native.out || { cat native.out; return 1; }
	skip_if_skipped native.out
	timeout 60 "$USERMM" trace -f --json --explain=all -o trace.json -- \
		"$TEST_PROGS/refuse_exec" "$1" >trace.out 2>trace.err || { cat trace.out; return 1; }
	python3 - trace.json "$2" "$3" <<'PY'
import json, sys
told = [r for r in map(json.loads, open(sys.argv[1], encoding="utf-8"))
        if r["type"] == "exec" and r.get("refused")]
assert told, "no exec was refused"
assert told[-1]["refused"]["code"] == sys.argv[3], told[-1]
assert told[-1]["killed"] == (sys.argv[2] == "SIGSEGV"), told[-1]
assert told[-1]["killed"] or told[-1]["refused"]["error"] == sys.argv[2], told[-1]
PY
	agrees "$TEST_PROGS/refuse_exec" "$1"
}

@test "every refusal of the program is tested here" {
	every_case_is_tested -w refused_exec refuse_exec
}

@test "what they are made from runs" { agrees "$TEST_PROGS/refuse_exec" runs; }
@test "program headers of more than a page" { agrees "$TEST_PROGS/refuse_exec" runs_headers; }
@test "an interpreter that is read-only" { agrees "$TEST_PROGS/refuse_exec" runs_readonly; }
@test "a file of /proc" { agrees "$TEST_PROGS/refuse_exec" not_mappable; }
@test "no ELF file" { refused_exec magic ENOEXEC EXEC_MAGIC; }
@test "an object file" { refused_exec type ENOEXEC EXEC_TYPE; }
@test "another machine" { refused_exec machine ENOEXEC EXEC_MACHINE; }
@test "size of a program header" { refused_exec phentsize ENOEXEC EXEC_PHENTSIZE; }
@test "too many program headers" { refused_exec phnum ENOEXEC EXEC_PHNUM; }
@test "program headers cut" { refused_exec phdrs_cut ENOEXEC EXEC_PHDRS_CUT; }
@test "interpreter's path too short" { refused_exec interp_len ENOEXEC EXEC_INTERP_LEN; }
@test "interpreter's path cut" { refused_exec interp_path_cut EIO EXEC_INTERP_PATH_CUT; }
@test "interpreter's path without end" { refused_exec interp_nul ENOEXEC EXEC_INTERP_NUL; }
@test "no interpreter" { refused_exec no_interp ENOENT EXEC_NO_INTERP; }
@test "interpreter cut" { refused_exec interp_cut EIO EXEC_INTERP_CUT; }
@test "interpreter of another machine" { refused_exec interp_bad ELIBBAD EXEC_INTERP_BAD; }
@test "interpreter that is an object file" { refused_exec interp_type SIGSEGV EXEC_INTERP_TYPE; }
@test "a segment where the stack is" { refused_exec tables SIGSEGV EXEC_TABLES; }
@test "nothing to load" { refused_exec no_load SIGSEGV EXEC_NO_LOAD; }
@test "offset and address differ in the page" { refused_exec segment_offset SIGSEGV EXEC_SEGMENT_OFFSET; }
@test "more in the file than in memory" { refused_exec segment_size SIGSEGV EXEC_SEGMENT_SIZE; }
@test "the file ends before the data" { refused_exec clear SIGSEGV EXEC_CLEAR; }
@test "entry above user space" { refused_exec entry SIGSEGV EXEC_ENTRY; }
@test "RLIMIT_AS kills" { refused_exec address_limit SIGSEGV RLIMIT_AS; }
@test "MDWE kills" { refused_exec mdwe SIGSEGV MDWE; }
@test "a segment above user space" { refused_exec high_address SIGSEGV ADDR_TOO_HIGH; }
@test "a script without an interpreter" { refused_exec script_line ENOEXEC EXEC_SCRIPT_LINE; }
@test "a script of a script of a script" { refused_exec script_depth ELOOP EXEC_SCRIPT_DEPTH; }

@test "trace says where a program was laid out" {
	setarch -R "$USERMM" trace --explain=all -o trace -- "$TEST_PROGS/hello" >trace.out
	for text in 'exec  mappings go below 7ffff7fff000' 'exec  segment \[555555554000-' \
		'exec  its interpreter, moved by' 'exec  \[vvar\] and \[vdso\]' \
		'exec  the heap begins at 55555555' 'exec  stack \[7ffffff[0-9a-f]+-7ffffffff000\)'; do
		grep -aqE "$text" trace || { say "not there: $text"; return 1; }
	done
}
