#!/usr/bin/env bats
# A real server: it serves its clients as without us, ends with us if we started it, and lives on if
# it ran before.

load lib.bash

PORT=17379

setup_file() {
	command -v redis-server >/dev/null || skip "no redis-server"
	command -v redis-cli >/dev/null || skip "no redis-cli"
	if redis-cli -p "$PORT" ping >/dev/null 2>&1; then
		skip "somebody else listens on port $PORT"
	fi
}

teardown() {
	local pid

	# Only what a test here has started and written down.
	for pid in $(cat pids 2>/dev/null | grep -E '^[0-9]+$' || true); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

SERVER=(redis-server --port "$PORT" --bind 127.0.0.1 --save "" --daemonize no)

cli() {
	timeout 20 redis-cli -p "$PORT" "$@"
}

answers() {
	[ "$(cli ping 2>/dev/null)" = PONG ]
}

# us ARGS...: usermm in the background, its pid in US.
us() {
	# bash starts what runs in the background with SIGINT and SIGQUIT ignored.
	env --default-signal "$USERMM" "$@" >out 2>err </dev/null 3>&- &
	US=$!
	echo "$US" >>pids
}

# A server that nobody follows yet, its pid in PID.
server() {
	"${SERVER[@]}" --dir "$PWD" >server.log 2>&1 </dev/null 3>&- &
	PID=$!
	echo "$PID" >>pids
	wait_for 10 answers
}

# What clients ask for: values, big ones too, lists, several clients at once, a save by a child.
work() {
	local big

	[ "$(cli set key value)" = OK ]
	[ "$(cli get key)" = value ]
	big="$(head -c 300000 /dev/zero | tr '\0' x)"
	[ "$(printf '%s' "$big" | cli -x set big)" = OK ]
	[ "$(cli strlen big)" = 300000 ]
	[ "$(cli eval 'for i = 1, 5000 do redis.call("rpush", "list", string.rep("v", i % 2000)) end return redis.call("llen", "list")' 0)" = 5000 ]
	timeout 60 redis-benchmark -p "$PORT" -n 1000 -c 8 -q -t set,get,incr,lpush,mset >bench 2>&1
	[ "$(grep -c 'requests per second' bench)" -ge 5 ]
	save
	[ "$(cli flushall)" = OK ]
	[ "$(cli dbsize)" = 0 ]
}

save() {
	local before

	before="$(saves)"
	cli bgsave >/dev/null
	wait_for 20 saved "$before"
	cli info persistence | grep -q '^rdb_last_bgsave_status:ok'
}

saves() {
	cli info persistence | tr -d '\r' | sed -n 's/^rdb_saves://p'
}

saved() {
	[ "$(saves)" -gt "$1" ]
}

# Everything agreed, and nothing was taken over but what the server began with.
agreed() {
	[ ! -s out ]
	grep -q '^usermm: summary: [1-9][0-9]* calls, [2-9] processes.* 0 divergences' err
}

@test "redis-server under check -f serves its clients, saves, and ends as it was asked to" {
	us check -f -- "${SERVER[@]}" --dir "$PWD" --logfile "$PWD/server.log"
	wait_for 20 answers
	work
	cli shutdown nosave
	wait "$US"
	agreed
}

@test "killing usermm kills the server that it started" {
	local server

	us check -f -- "${SERVER[@]}" --dir "$PWD" --logfile "$PWD/server.log"
	wait_for 20 answers
	server="$(cli info server | tr -d '\r' | sed -n 's/^process_id://p')"
	echo "$server" >>pids
	kill -KILL "$US"
	wait_for 10 is_gone "$server"
}

@test "check -p follows a server, which serves its clients and lives on" {
	server
	cli set before attach
	us check -f -p "$PID"
	wait_for 10 grep -q "^TracerPid:	$US$" "/proc/$PID/status"
	work
	kill -INT "$US"
	wait "$US"
	agreed
	grep -q '^TracerPid:	0$' "/proc/$PID/status"
	work
	cli shutdown nosave
	wait "$PID"
}

@test "a server lives on when usermm is killed, and can be attached to again" {
	server
	for i in 1 2 3; do
		us check -f -p "$PID"
		wait_for 10 grep -q "^TracerPid:	$US$" "/proc/$PID/status"
		cli set key "$i"
		cli bgsave >/dev/null || true
		kill -KILL "$US"
		wait_for 10 grep -q '^TracerPid:	0$' "/proc/$PID/status"
		[ "$(cli get key)" = "$i" ]
	done
	us trace -p "$PID"
	wait_for 10 grep -q "^TracerPid:	$US$" "/proc/$PID/status"
	work
	kill -TERM "$US"
	wait "$US"
	grep -aq '^\(\[pid [ 0-9]*\] \)\?m\(map\|advise\|unmap\)(' err
	cli shutdown nosave
	wait "$PID"
}
