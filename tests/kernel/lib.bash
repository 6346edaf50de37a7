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
	timeout 120 "$USERMM" check -f -o check.result "$@" >check.out 2>check.err </dev/null || got=$?
	skip_if_skipped check.out
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
