# lib.bash - what the tests of the command line share.
#
# USERMM and BUILD_DIR come from tools/run-checks; by hand they default to build/.

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
BUILD_DIR="${BUILD_DIR:-$HERE/../../build}"
USERMM="${USERMM:-$BUILD_DIR/usermm}"

bats_require_minimum_version 1.5.0

setup() {
	export TMPDIR="$BATS_TEST_TMPDIR"
	export LC_ALL=C.UTF-8
	unset NO_COLOR CLICOLOR_FORCE
	cd "$BATS_TEST_TMPDIR"
}

# usermm STATUS ARGS…: stdout goes to the file out, stderr to err; the exit status must be STATUS.
usermm() {
	local want="$1" got=0

	shift
	timeout 60 "$USERMM" "$@" >out 2>err </dev/null || got=$?
	if [ "$got" != "$want" ]; then
		echo "usermm $*: exit status $got, not $want"
		cat out err
		return 1
	fi
}

# same FILE TEXT: the file is exactly that, but for the newline at its end.
same() {
	if [ "$(cat "$1")" != "$2" ]; then
		echo "$1 is"
		cat "$1"
		echo "and not"
		printf '%s\n' "$2"
		return 1
	fi
}

# has FILE REGEXP; lacks FILE REGEXP
has() {
	if ! grep -aqE -- "$2" "$1"; then
		echo "nothing in $1 matches $2:"
		cat "$1"
		return 1
	fi
}

lacks() {
	if grep -aE -- "$2" "$1"; then
		echo "that should not stand in $1"
		return 1
	fi
}

# Every line of FILE is at most 80 columns wide.
fits_80_columns() {
	if grep -aE '^.{81,}' "$1"; then
		echo "wider than 80 columns"
		return 1
	fi
}

# The program of tests/cli/NAME.c, compiled once per file of tests.
build_program() {
	${CC:-cc} -std=c11 -D_GNU_SOURCE -w -o "$BATS_FILE_TMPDIR/$1" "$HERE/$1.c"
}
