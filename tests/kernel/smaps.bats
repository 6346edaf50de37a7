#!/usr/bin/env bats
# The model's pages beside what smaps counts: own programs, which share and copy pages in each way
# that there is, and real ones.

load lib.bash

setup_file() {
	"${USERMM:-$BATS_TEST_DIRNAME/../../build/usermm}" check --verify=smaps --json \
		-o "$BATS_FILE_TMPDIR/probe" -- true 2>/dev/null >&2 || true
}

setup() {
	begin_test
	grep -q '"smaps":[1-9]' "$BATS_FILE_TMPDIR/probe" ||
		skip "no page-fault events of the kernel here: not root, or no perf"
}

# counts AREAS PERCENT OPTIONS... -- COMMAND...: no difference, so many areas compared, and at most so
# many in a hundred not known.
counts() {
	local areas="$1" percent="$2"

	shift 2
	usermm_check 0 --json --verify=smaps "$@"
	python3 "$RECORDS" known check.result "$areas" "$percent"
	if grep -a '^FAILED' check.out; then
		return 1
	fi
}

# exactly CASE: and every page was known.
exactly() {
	counts 20 0 -- "$TEST_PROGS/pages_cases" "$1"
}

# taken_over REASON PROGRAM CASE: what was written without a fault is known to have been.
taken_over() {
	counts 20 10 -- "$TEST_PROGS/$2" "$3"
	python3 "$RECORDS" took_over check.result "$1"
}

need() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

@test "every case of the program is tested here" {
	for name in $("$TEST_PROGS/pages_cases" --list); do
		grep -qE "(exactly|pages_cases|for name in.*) $name\b" "$BATS_TEST_FILENAME"
	done
}

@test "made" { exactly made; }
@test "given away" { exactly given_away; }
@test "lazily freed" { exactly lazily_freed; }
@test "locked" { exactly locked; }
@test "moved" { exactly moved; }
@test "protected" { exactly protected; }
@test "of a file" { exactly of_a_file; }
@test "stack and heap" { exactly stack_and_heap; }
@test "fork tree" { exactly fork_tree; }
@test "parent writes" { exactly parent_writes; }
@test "wiped and left out" { exactly wiped_and_left_out; }
@test "shared and moved" { exactly shared_and_moved; }
@test "futex of shared" { exactly futex_of_shared; }
@test "threads" { exactly threads; }

@test "truncated file" { taken_over "truncated file" pages_cases truncated; }
@test "written from outside" {
	taken_over "unseen write" blind vm_writev_outside
	taken_over "unseen write" blind proc_mem_outside
}

@test "huge" {
	# Whether one is free is chance.
	for name in huge huge_split huge_shared huge_aged; do
		counts 20 10 -- "$TEST_PROGS/pages_cases" "$name"
	done
}

# ---- the comparison can fail ----

@test "writes that are not heard of" {
	usermm_check 1 --verify=smaps --faults=deaf -- "$TEST_PROGS/pages_cases" made
	grep -q '^  model .*rw-p' check.result
	grep -q '^ *Rss: [0-9]* kB$' check.result
	usermm_check 1 --json --verify=smaps --faults=deaf -- "$TEST_PROGS/pages_cases" parent_writes
	grep -q '"kind":"smaps"' check.result
	usermm_check 0 --verify=maps --faults=deaf -- "$TEST_PROGS/pages_cases" made
}

# ---- with less to see ----

@test "records that are lost" {
	counts 20 80 --faults=lossy -- "$TEST_PROGS/blind" burst
	grep -q '"records of faults lost":[1-9]' check.result
}

@test "faults without read or write" {
	for name in made fork_tree; do
		counts 20 0 --faults=software -- "$TEST_PROGS/pages_cases" "$name"
	done
}

@test "no page faults are reported: nothing is known" {
	for faults in none user; do
		usermm_check 0 --json --verify=smaps --faults=$faults -- "$TEST_PROGS/pages_cases" made
		grep -q '"faults are not reported":[1-9]' check.result
		grep -q '"smaps":0,' check.result
		grep -q 'pages are not known' check.result
	done
}

@test "a process that runs already" {
	"$TEST_PROGS/long_lived" maps >program.out 3>&- &
	program=$!
	sleep 0.2
	timeout -s INT 1 "$USERMM" check --json --verify=smaps -o check.result -p "$program" 2>check.err || true
	kill "$program"
	python3 "$RECORDS" known check.result 10 1
}

@test "children that are not followed" {
	timeout 60 "$USERMM" check --json --verify=smaps -o check.result -- \
		"$TEST_PROGS/pages_cases" parent_writes >check.out 2>check.err
	python3 "$RECORDS" known check.result 20 0
	grep -q '"smaps_alone":[1-9]' check.result
	grep -q "how pages are shared is not compared" check.result
}

# ---- trace --pages ----

@test "trace says who shared a page" {
	timeout 60 "$USERMM" trace -f --pages -o trace.out -- "$TEST_PROGS/pages_cases" parent_writes \
		>check.out 2>check.err
	grep -qE '^  ↳ share [0-9]+ pages \([0-9]+ KiB\) in [0-9]+ areas, until one of the two writes$' trace.out
	# The parent copied the first eight of the sixteen, the child found them its own.
	parent=$(sed -n 's/^\([0-9]*\)  *clone.*/\1/p' trace.out)
	grep -E "^  ↳ page  $parent wrote 0x7[0-9a-f]*, shared with [0-9]+ until then: a copy$" trace.out >copies
	[ "$(grep -c . copies)" -ge 8 ]
	[ -z "$(sort copies | uniq -d)" ]
	timeout 60 "$USERMM" trace -f --json --pages -o trace.json -- "$TEST_PROGS/pages_cases" \
		parent_writes >check.out 2>check.err
	grep -qE '"type":"shared",.*"pages":[0-9]{2,}' trace.json
	grep -qE '"type":"unshared",.*"others":\[[0-9]+\],"nr_others":1' trace.json
	timeout 60 "$USERMM" trace -f -o trace.out -- "$TEST_PROGS/pages_cases" parent_writes >check.out
	! grep -qE '↳ (share|page)' trace.out
}

# ---- random calls ----

@test "calls at random" {
	counts 500 1 -- "$TEST_PROGS/random_calls" 7 600
	counts 500 1 -- "$TEST_PROGS/random_mremap" 7 600
	counts 500 10 -- "$TEST_PROGS/random_madvise" 7 600
}

@test "a pool of threads" {
	need_root "a fault beside a call is looked up"
	counts 200 1 -- "$TEST_PROGS/threads_pool" 3 1000
}

# ---- real programs ----

@test "bash: pipes and subshells" {
	need bash
	counts 500 1 -- bash -c '
		seq 1 2000 | sort -rn | tail -5 | (read a; echo "$a"; (echo inner; cat))
		for i in 1 2 3; do (x=$((i * i)); echo "$x" & wait); done; echo $(echo $(echo nested))'
}

@test "perl: large data, and forks" {
	need perl
	counts 200 1 -- perl -e '
		my (%h, @a); $h{$_ * 7919 % 100003} = "v" x ($_ % 50) for 1 .. 20000;
		for my $n (1 .. 4) {
			my $pid = fork(); die unless defined $pid;
			if (!$pid) { my %c = %h; $c{$_} .= "z" for 1 .. 5000; undef %h; exit 0 }
			push @a, [$pid]; }
		1 while wait() > 0; undef @a; print scalar(keys %h), "\n";'
}

@test "python3: modules, threads, a subprocess and a fork" {
	python=/usr/bin/python3
	[ -x $python ] || python=$(command -v python3) || skip "python3 is not installed"
	counts 300 1 -- $python -c '
import json, os, re, subprocess, threading, zlib
def work():
    return len(zlib.compress(b"x" * 1000000)) + len([bytearray(100000) for _ in range(30)])
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
subprocess.run(["true"])
if os.fork() == 0:
    data = [{"n": n} for n in range(10000)]
    os._exit(0)
os.wait()'
}

@test "node" {
	need node
	counts 200 1 -- node -e 'const a = []; for (let i = 0; i < 100000; i++) a.push({ i });'
}

@test "git: commits and gc" {
	need git
	export HOME="$BATS_TEST_TMPDIR" GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
	export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
	counts 1000 1 -- sh -ec '
		git init -q repo && cd repo
		for i in 1 2; do seq $i 500 >file$i; git add .; git commit -q -m "number $i"; done
		git gc -q; git log --stat | tail -1'
}

@test "sqlite3" {
	need sqlite3
	counts 100 1 -- sqlite3 t.db 'create table a(b); with recursive c(x) as
		(select 1 union all select x+1 from c where x < 20000) insert into a select x from c;
		select count(*) from a;'
}

@test "stress-ng: memory and forks" {
	need stress-ng
	counts 1000 1 -- stress-ng --vm 1 --vm-bytes 8M --vm-ops 50 --fork 1 --fork-ops 20
}

@test "redis-server: a save by a child" {
	local port=17381

	need redis-server
	need redis-cli
	if redis-cli -p "$port" ping >/dev/null 2>&1; then
		skip "somebody else listens on port $port"
	fi
	counts 500 1 -- sh -c '
		redis-server --port '"$port"' --bind 127.0.0.1 --save "" --dir "$PWD" >server.log &
		for i in $(seq 100); do redis-cli -p '"$port"' ping >/dev/null 2>&1 && break; sleep 0.05; done
		redis-cli -p '"$port"' debug populate 20000 key 100 >/dev/null
		redis-cli -p '"$port"' bgsave
		for i in $(seq 20); do redis-cli -p '"$port"' set key:$i new >/dev/null; done
		for i in $(seq 100); do
			redis-cli -p '"$port"' info persistence | grep -q bgsave_in_progress:0 && break
			sleep 0.05
		done
		redis-cli -p '"$port"' shutdown nosave; wait'
	[ -s dump.rdb ]
}
