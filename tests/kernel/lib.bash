# lib.bash - what the tests on the running kernel share.
#
# USERMM, TEST_PROGS and BUILD_DIR come from tools/run-checks; by hand they default to build/.

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
BUILD_DIR="${BUILD_DIR:-$HERE/../../build}"
USERMM="${USERMM:-$BUILD_DIR/usermm}"
TEST_PROGS="${TEST_PROGS:-$BUILD_DIR/tests/progs}"
RECORDS="$HERE/records.py"

bats_require_minimum_version 1.5.0

setup() {
	begin_test
}

begin_test() {
	export TMPDIR="$BATS_TEST_TMPDIR"
	export LC_ALL=C.UTF-8
	cd "$BATS_TEST_TMPDIR"
}

# What follows is said when a test fails, and only then.
say() {
	printf '%s\n' "$*"
}

# The program could not provide its case here: it said why.
skip_if_skipped() {
	local reason

	reason="$(grep -a -m1 '^skipped: ' "$1" || true)"
	if [ -n "$reason" ]; then
		skip "${reason#skipped: }"
	fi
}

# usermm_check STATUS OPTIONS... -- PROGRAM ARGS...: the exit status must be STATUS.  What we say goes
# to the file check.result, what the program prints to check.out, and diagnostics to check.err.
usermm_check() {
	local want="$1" got=0

	shift
	timeout 120 ${RUN:-} "$USERMM" check -f -o check.result "$@" >check.out 2>check.err </dev/null || got=$?
	skip_if_skipped check.out
	if grep 'cannot read the areas' check.err; then
		return 1		# after a divergence the two sides did not come together again
	fi
	if [ "$got" != "$want" ]; then
		say "usermm check $*: exit status $got, not $want"
		cat check.err
		if [ "$1" = --json ]; then
			python3 "$RECORDS" divergences check.result
		else
			head -n 40 check.result
		fi
		grep -a '^FAILED' check.out || true
		return 1
	fi
}

# Who is not told of each fault whether it wrote cannot tell which area got its anon_vma first: what
# hangs on that is adopted, by name.
need_exact_faults() {
	"$USERMM" check -- true 2>exact.err >/dev/null || true
	if grep -q '^usermm: warning: .*page-fault events' exact.err; then
		skip "$(grep -m 1 'page-fault events' exact.err)"
	fi
}

# need_root WHY
need_root() {
	[ "$(id -u)" = 0 ] || skip "not root: $1"
}

# The kernel did all that the program expects, and the model said it all before.
agrees() {
	usermm_check 0 -- "$@"
	cat check.err
	grep -q ': summary: [1-9].* 0 divergences' check.err
	[ ! -s check.result ]
	if grep -a '^FAILED' check.out; then
		return 1
	fi
}

# every_case_is_tested [-w WORD] PROGRAM...: each case of theirs stands, behind the program's name or
# that word, in the file that calls this.
every_case_is_tested() {
	local program name word=

	if [ "$1" = -w ]; then
		word="|\b$2"
		shift 2
	fi
	for program in "$@"; do
		for name in $("$TEST_PROGS/$program" --list); do
			grep -qE "(\b$program\"?$word) $name( |;|$)" "$BATS_TEST_FILENAME" || {
				say "no test of $program $name"
				return 1
			}
		done
	done
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local tries=$(($1 * 20))

	shift
	while ! "$@"; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			say "still not after a while: $*"
			return 1
		fi
		sleep 0.05
	done
}

# The letter of a process, as ps shows it; nothing when it is gone.
state_of() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1
}

# Gone, or dead and only not yet waited for.
is_gone() {
	case "$(state_of "$1")" in
	''|Z|X) return 0 ;;
	esac
	return 1
}

has_lines() {
	[ -e "$2" ] && [ "$(grep -c . "$2")" -ge "$1" ]
}

# refused PROGRAM CASE ERROR NAME REGEX [PASSED]: NAME is the catalogue's (src/base/why.def); the
# explanation, with value and limit, matches REGEX.  brk tells no error and a fault is a signal: for
# those ERROR is "brk" and "SIGSEGV", and STATUS what the program ends with then.  PASSED is given where
# fewer than two checks are ruled out.  RUN is a command that runs all of it.
refused() {
	local got=0

	timeout 30 ${RUN:-} "$TEST_PROGS/$1" "$2" >native.out || got=$?
	skip_if_skipped native.out
	[ "$got" = "${STATUS:-0}" ] || { cat native.out; return 1; }

	got=0
	timeout 120 ${RUN:-} "$USERMM" trace -f --json --explain=${EXPLAIN:-all} -o trace.json -- \
		"$TEST_PROGS/$1" "$2" >trace.out 2>trace.err || got=$?
	[ "$got" = "${STATUS:-0}" ] || { say "exit status $got"; cat trace.out trace.err; return 1; }
	python3 "$RECORDS" refusal trace.json "$3" "$4" "$5" "${6:-2}"
	agrees "$TEST_PROGS/$1" "$2"
}

# Tens of thousands of calls lead up to these: only what fails is explained.
refused_late() {
	EXPLAIN=errors refused "$@"
}

# exact PROGRAM CASE [REASON...]: the model said all of it before, and nothing was taken over but exec,
# the inode numbers of objects that the kernel made, and what these reasons name.
exact() {
	local got=0

	timeout 30 "$TEST_PROGS/$1" "$2" >native.out || got=$?
	skip_if_skipped native.out
	[ "$got" = 0 ] || { cat native.out; return 1; }
	usermm_check 0 --json -- "$TEST_PROGS/$1" "$2"
	python3 "$RECORDS" adopted check.result exec "shmem inode" "${@:3}"
}
