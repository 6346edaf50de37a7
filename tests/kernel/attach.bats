#!/usr/bin/env bats
# -p: a process that runs already is followed, and lives on however we end.

load lib.bash

PROGRAM="$TEST_PROGS/long_lived"

teardown() {
	local pid

	# Only what a test here has started and written down.
	for pid in $(cat pids 2>/dev/null | grep -E '^[0-9]+$' || true); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# begin KIND [THREADS]: its pid is in PID, and it does its rounds.
begin() {
	"$PROGRAM" "$@" >"program.out" 2>&1 </dev/null 3>&- &
	PID=$!
	echo "$PID" >>pids
	wait_for 10 grep -aq '^ready\|^skipped' program.out
	skip_if_skipped program.out
}

# It ends when it is told to, and no answer was other than it would be without us.
end_well() {
	local got=0

	kill -TERM "$PID"
	wait "$PID" || got=$?
	if [ "$got" != 0 ]; then
		say "the program ended with $got"
		head -n 20 program.out
		return 1
	fi
	grep -aq '^rounds [1-9]' program.out
}

# attach VERB OPTIONS...: our pid is in US; goes on when all threads are ours.
attach() {
	# bash starts what runs in the background with SIGINT and SIGQUIT ignored.
	env --default-signal "$USERMM" "$@" >out 2>err </dev/null 3>&- &
	US=$!
	echo "$US" >>pids
	wait_for 10 is_traced
}

is_traced() {
	# While it is about to attach, or has gone because it could not.
	is_gone "$US" || grep -q "^TracerPid:	$US$" "/proc/$PID/status"
}

# leave SIGNAL STATUS: we end by that with that.
leave() {
	local got=0

	kill "-$1" "$US"
	wait "$US" || got=$?
	if [ "$got" != "$2" ]; then
		say "usermm ended with $got, not $2"
		cat out err
		return 1
	fi
}

nobody_is_traced_or_stopped() {
	! grep -h '^TracerPid:' "/proc/$PID/task/"*/status | grep -v '	0$' &&
		! grep -h '^State:' "/proc/$PID/task/"*/status | grep '	[tT] '
}

rounds_go_on() {
	local before after

	before="$(ticks_of)"
	wait_for 10 more_ticks "$before"
}

# Voluntary switches: it sleeps once a round.
ticks_of() {
	cat "/proc/$PID/task/"*/status | awk '/^voluntary/ { n += $2 } END { print n }'
}

more_ticks() {
	[ "$(ticks_of)" -gt "$(($1 + 20))" ]
}

# follow KIND...: half a second of it, without a difference.
follow() {
	local option="$1"

	shift
	begin "$@"
	attach check $option -p "$PID"
	sleep 0.5
	leave INT 0
	[ ! -s out ]
	grep -q '^usermm: summary: [1-9][0-9]* calls.* 0 divergences' err
	end_well
}

# ---- agreement ----

@test "a process and its threads are followed, without and with -f" {
	for option in "" -f; do
		follow "$option" maps
		follow "$option" maps 4
		follow "$option" threads 2
	done
}

@test "fork, vfork and exec, without and with -f" {
	follow "" forks
	follow -f forks
	grep -qE '^usermm: summary: .* [1-9][0-9]+ processes' err
}

@test "signals that come often are all delivered" {
	follow "" signals
	follow -f signals 3
}

@test "a falsified answer is a difference" {
	local got

	begin maps
	attach check --falsify munmap:3:-ENOMEM -p "$PID"
	got=0
	wait "$US" || got=$?		# the program gives up, and so we end
	[ "$got" = 1 ]
	grep -q '^divergence 1: munmap(' out
	grep -q '^  kernel *-1 ENOMEM$' out
	wait "$PID" || true
	grep -aq '^FAILED' program.out		# the program saw it too
}

@test "it ends while we look: so do we" {
	begin maps 3
	attach check -p "$PID"
	end_well
	wait "$US"
	begin maps 3
	attach trace -p "$PID"
	kill -KILL "$PID"
	wait "$US"
	grep -aq '+++ killed by SIGKILL +++$' err
}

@test "two processes at once" {
	begin maps
	local first="$PID"
	cp program.out first.out
	begin breaks
	attach check --json -p "$first,$PID"
	sleep 0.3
	leave INT 0
	python3 - "$first" "$PID" <<-'END'
	import json, sys
	records = [json.loads(line) for line in open("out")]
	both = {int(pid) for pid in sys.argv[1:]}
	assert set(records[0]["pids"]) == both and "argv" not in records[0], records[0]
	assert {r["pid"] for r in records if r["type"] == "call"} == both
	assert {r["pid"] for r in records if r["type"] == "detached"} == both
	summary = records[-1]
	assert summary["attached"] == 2 and summary["detached"] and summary["old_areas"] > 30, summary
	assert summary["divergences"] == 0 and summary["adopted_by"]["attach"] == 2, summary
	END
	end_well
	kill -TERM "$first"
	wait "$first"
}

# Attached to in the middle of it, whatever was there: what differs hangs on the time before.
@test "random calls of every kind" {
	local name seed

	for name in random_calls random_mremap random_seal random_madvise; do
		for seed in 1 2 3 4; do
			"$TEST_PROGS/$name" "$seed" 3000 >random.out 2>&1 </dev/null 3>&- &
			PID=$!
			echo "$PID" >>pids
			timeout 60 "$USERMM" check -f -o out -p "$PID" 2>err </dev/null || {
				# It may have been quicker than we are.
				grep -q ' there is no process \| has ended' err && continue
				say "$name $seed"
				cat err out
				false
			}
			[ ! -s out ]
			wait "$PID"
		done
	done
}

# ---- what is not known ----

@test "what hangs on the time before is taken over by name" {
	begin breaks
	attach check --json -p "$PID"
	sleep 0.3
	leave INT 0
	end_well
	# Unless it happened to stand at a page's beginning.
	[ "$(grep -c '"reason":"before attach"' out)" -le 1 ]
	begin mdwe
	attach check --json -p "$PID"
	sleep 0.3
	leave INT 0
	[ "$(grep -c '"reason":"before attach","detail":"prctl(PR_SET_MDWE)"' out)" = 1 ]
	grep -q '^usermm: unknown: .*; 1 answer hung on that$' err
	end_well
}

@test "guard pages and merging by content from before we came are known" {
	begin guarded
	attach check --json -p "$PID"
	sleep 0.3
	leave INT 0
	end_well
	python3 "$RECORDS" agrees out
	grep -q '"call":"madvise".*"error":"EFAULT"' out
	[ "$(grep -c '"reason":"before attach"' out)" = 0 ]
}

@test "mlockall before we came: the first new area tells" {
	begin locked
	attach check --json -p "$PID"
	sleep 0.5
	leave INT 0
	# One area that merged with an old one, or not, and one that shows its flags.
	[ "$(grep -c '"reason":"before attach"' out)" -le 2 ]
	grep -q ' 0 divergences' err
	end_well
}

@test "a thread that waits for its vfork child is not waited for" {
	begin vfork 2
	attach check -f -p "$PID"
	sleep 3
	leave INT 0
	[ ! -s out ]
	end_well
}

# ---- every end ----

@test "SIGINT, SIGTERM, SIGHUP, SIGQUIT: it runs on" {
	begin maps 4
	for signal in INT TERM HUP QUIT; do
		attach check -p "$PID"
		sleep 0.2
		leave "$signal" 0
		nobody_is_traced_or_stopped
		attach trace -o lines -p "$PID"
		sleep 0.1
		leave "$signal" 0
		nobody_is_traced_or_stopped
	done
	rounds_go_on
	end_well
}

@test "killed, or crashed, at any moment: it runs on" {
	begin maps 4
	for i in 1 2 3 4 5 6 7 8 9 10; do
		attach check -f -p "$PID"
		sleep "0.0$i"
		leave KILL 137
		wait_for 5 nobody_is_traced_or_stopped
	done
	(ulimit -c 0; attach check -p "$PID"; sleep 0.1; leave ABRT 134)
	wait_for 5 nobody_is_traced_or_stopped
	rounds_go_on
	end_well
	begin forks
	for i in 1 2 3 4 5; do
		attach check -f -p "$PID"
		sleep "0.1$i"
		leave KILL 137
	done
	rounds_go_on
	end_well
}

@test "a stopped process stays stopped, and goes on when it is told to" {
	begin maps 3
	kill -STOP "$PID"
	wait_for 5 grep -q '^State:	T' "/proc/$PID/status"
	attach trace -p "$PID"
	wait_for 5 grep -aq -- '--- stopped by SIGSTOP ---' err
	leave INT 0
	wait_for 5 grep -q '^State:	T (stopped)' "/proc/$PID/status"
	attach check -p "$PID"
	kill -CONT "$PID"
	rounds_go_on
	kill -STOP "$PID"
	sleep 0.1
	kill -CONT "$PID"
	rounds_go_on
	leave INT 0
	nobody_is_traced_or_stopped
	end_well
}

@test "nothing of it is pinned to a processor" {
	local before

	begin maps
	before="$(grep Cpus_allowed_list "/proc/$PID/status")"
	attach check -p "$PID"
	sleep 0.5
	[ "$(grep Cpus_allowed_list "/proc/$PID/status")" = "$before" ]
	leave INT 0
	end_well
}

# ---- what trace shows ----

@test "trace says who was attached, shows calls with reasons, and who was detached" {
	begin maps
	attach trace -p "$PID"
	sleep 0.3
	leave INT 0
	head -n 1 err | grep -q "^usermm: process $PID attached$"
	grep -aq '^mmap(NULL, [0-9]*, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x' err
	grep -aq '^munmap(0x.*) *= -1 EINVAL (Invalid argument)$' err
	grep -aq '^  ↳ why   ' err
	grep -q "^usermm: process $PID detached$" err
	tail -n 1 err | grep -q '^usermm: summary: '
	end_well
}

@test "several threads: lines say which" {
	begin maps 3
	attach trace -p "$PID"
	sleep 0.2
	leave INT 0
	[ "$(grep -ac '^mmap(' err)" = 0 ]
	[ "$(grep -a '^\[pid' err | awk '{ print $2 }' | sort -u | wc -l)" -ge 3 ]
	end_well
}

# ---- what cannot be attached to ----

# refused STATUS MESSAGE ARGS...
refused() {
	local want="$1" message="$2" got=0

	shift 2
	timeout 20 "$USERMM" "$@" >out 2>err </dev/null || got=$?
	if [ "$got" != "$want" ] || ! grep -qE "^usermm: $message" err || [ "$(wc -l <err)" != 1 ]; then
		say "usermm $*: $got, not $want with $message"
		cat err
		return 1
	fi
}

@test "no process, a thread, a zombie, a kernel thread" {
	local zombie thread

	refused 2 'there is no process 4194304$' check -p 4194304
	refused 2 'there is no process 4194304$' trace -p 4194304
	begin maps 2
	thread="$(ls "/proc/$PID/task" | grep -v "^$PID$")"
	refused 2 "$thread is a thread of process $PID: use -p $PID$" check -p "$thread"
	end_well
	python3 -c 'import os, time
pid = os.fork()
if not pid:
    os._exit(0)
print(pid, flush=True)
time.sleep(20)' >zombie 2>/dev/null 3>&- &
	disown
	echo $! >>pids
	wait_for 5 test -s zombie
	zombie="$(cat zombie)"
	wait_for 5 grep -q '^State:	Z' "/proc/$zombie/status"
	refused 2 "process $zombie \(python3.*\) has ended: " check -p "$zombie"
	if grep -q '^Name:	kthreadd$' /proc/2/status 2>/dev/null; then
		refused 2 '2 is a kernel thread \(kthreadd\): ' check -p 2
	fi
}

@test "usermm itself" {
	run -2 sh -c 'exec "$0" check -p $$' "$USERMM"
	[[ "$output" == *"is usermm itself" ]]
}

@test "somebody else traces it" {
	begin maps
	attach check -p "$PID"
	local first="$US"
	refused 2 "process $PID \(long_lived\) is traced already, by process $first \(usermm\)$" \
		trace -p "$PID"
	leave INT 0
	end_well
}

@test "another user's, one that is not dumpable" {
	[ "$(id -u)" = 0 ] || skip "needs root, to be somebody else"
	begin maps
	refused_as_nobody "process $PID \(long_lived\) is root's: only they and root may attach$"
	end_well
}

refused_as_nobody() {
	local got=0

	cp "$USERMM" usermm
	chmod 755 . usermm
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$BATS_TEST_TMPDIR/usermm" \
		check -p "$PID" >out 2>err </dev/null || got=$?
	if [ "$got" = 126 ]; then
		skip "the test's folder is not for nobody"
	fi
	cat err
	[ "$got" = 2 ]
	grep -qE "^usermm: $1" err
}

@test "what is no number, twice the same, a program as well" {
	refused 2 'check: -p 12x: the number of a process is needed$' check -p 12x
	refused 2 'trace: -p 0: the number of a process is needed$' trace -p 0
	refused 2 'trace: -p 1,,2: the number of a process is needed$' trace -p 1,,2
	refused 2 'check: -p 1 is given twice$' check -p 1 -p 1
	refused 2 'check: -p and a program \(true\): one of the two$' check -p 1 true
	refused 2 'trace: -p and a program \(true\): one of the two$' trace -p 1 -- true
	refused 2 'check: option -p needs an argument' check -p
}
