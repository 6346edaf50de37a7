#!/usr/bin/env bats
# Real programs from start to end: no divergence; adopted are only the calls that are not modelled
# yet, each under its own name.

load lib.bash

# The calls of issue B.
ADOPTABLE="madvise process_madvise mlock mlock2 munlock mlockall munlockall msync mincore
	remap_file_pages shmat shmdt mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages
	mseal pkey_mprotect map_shadow_stack prctl arch_prctl io_setup io_uring_setup"

# follows CALLS PROCESSES COMMAND...: with at least so many of each.
follows() {
	local calls="$1" processes="$2"

	shift 2
	usermm_check 0 --json -- "$@"
	python3 "$RECORDS" adopted check.result $ADOPTABLE
	python3 "$RECORDS" at_least check.result calls "$calls" processes "$processes" maps 1
	cat check.err
}

need() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

@test "bash: pipes and subshells" {
	need bash
	follows 150 6 bash -c '
		seq 1 2000 | sort -rn | tail -5 | (read a; echo "$a"; (echo inner; cat)) |
		while read line; do echo "$(printf "<%s>" "$line")"; done
		for i in 1 2 3; do (x=$((i * i)); echo "$x" & wait); done
		echo $(echo $(echo nested)) | tr a-z A-Z; true'
	grep -aq NESTED check.out
}

@test "perl: large data, and forks" {
	need perl
	follows 150 5 perl -e '
		my (%h, @a); $h{$_ * 7919 % 100003} = "v" x ($_ % 50) for 1 .. 60000;
		push @a, [map { $_ * 2 } 1 .. 50] for 1 .. 3000; my $s = "x" x 5_000_000; $s .= "y" x 5_000_000;
		for my $n (1 .. 4) {
			my $pid = fork(); die unless defined $pid;
			if (!$pid) { my %c = %h; $c{$_} .= "z" for 1 .. 5000; undef %h; exit 0 }
			push @a, [$pid]; }
		1 while wait() > 0; undef @a; print scalar(keys %h), "\n";'
	grep -aq '^[0-9]*$' check.out
}

@test "git: init, commits, gc, log" {
	need git
	export HOME="$BATS_TEST_TMPDIR" GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
	export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
	follows 500 10 sh -ec '
		git init -q repo && cd repo
		for i in 1 2 3 4 5 6; do
			seq $i 500 >file$i; seq 1 $((i * 200)) >common; git add .; git commit -q -m "number $i"
		done
		git gc -q; git log --stat | tail -1; git fsck --no-progress; git diff HEAD~3 --stat | tail -1'
}

@test "gcc -O2 on a C file" {
	need gcc
	cp "$HERE/../progs/prog.c" "$HERE/../progs/prog.h" .
	follows 100 3 gcc -O2 -c prog.c -o prog.o
	[ -s prog.o ]
}

@test "make: a small project" {
	need make
	need gcc
	for i in 1 2 3; do
		printf 'int f%d(int x)\n{\n\treturn x * %d;\n}\n' $i $i >f$i.c
	done
	printf 'int f1(int), f2(int), f3(int);\nint main(void)\n{\n\treturn f1(f2(f3(7))) - 42;\n}\n' >main.c
	printf 'prog: main.o f1.o f2.o f3.o\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -O1 -c $< -o $@\n' >Makefile
	follows 400 10 make -j2
	./prog
}

@test "find piped to sort" {
	need find
	follows 60 3 sh -c 'find /usr/include /usr/share/doc | sort | tail -3'
}

@test "python3: a dozen modules and a subprocess" {
	python=/usr/bin/python3
	[ -x $python ] || python=$(command -v python3) || skip "python3 is not installed"
	follows 150 2 $python -c '
import json, re, os, sys, subprocess, collections, decimal, hashlib, zlib, socket, datetime, email, urllib.request, xml.dom, random
data = [{"n": n, "s": str(n) * 20} for n in range(20000)]
assert len(json.loads(json.dumps(data))) == 20000
print(subprocess.run(["sh", "-c", "echo sub"], capture_output=True).stdout, hashlib.sha256(zlib.compress(os.urandom(100000))).hexdigest()[:0])'
	grep -aq sub check.out
}

@test "a static program" { follows 20 2 "$TEST_PROGS/hello_static"; }
@test "a static-PIE program" { follows 20 2 "$TEST_PROGS/hello_static_pie"; }
@test "a program at a fixed address" { follows 20 2 "$TEST_PROGS/hello_nopie"; }
@test "a program as the compiler likes it" { follows 20 2 "$TEST_PROGS/hello"; }

@test "without address randomisation" {
	need setarch
	follows 20 2 setarch -R "$TEST_PROGS/hello"
}

# random SEED: 10,000 calls; the program tells how many merges and splits it saw.
random() {
	local merges splits

	follows 10000 10 "$TEST_PROGS/random_calls" "$1" 10000
	merges=$(sed -n 's/.*merges \([0-9]*\) .*/\1/p' check.out)
	splits=$(sed -n 's/.*splits \([0-9]*\)$/\1/p' check.out)
	say "$merges merges, $splits splits"
	[ "$merges" -ge 500 ] && [ "$splits" -ge 500 ]
}

@test "10,000 calls at random, seed 1" { random 1; }
@test "10,000 calls at random, seed 2" { random 2; }
@test "10,000 calls at random, seed 3" { random 3; }
