#!/usr/bin/env bats
# Sequences as programs in C: they build without a warning and get the answers that the executor got.

load lib

setup_file() {
	export FUZZ="${BUILD_DIR:-$BATS_TEST_DIRNAME/../../build}/tests/fuzz/fuzz"
	export PROGRAMS="$BATS_FILE_TMPDIR"

	export PAGES="$BATS_FILE_TMPDIR/pages"

	"$FUZZ" --quiet --seed="${UMM_SEED:-1}" --calls=600 --steps=60 --c="$PROGRAMS" >"$PROGRAMS/log"
	mkdir "$PAGES"
	"$FUZZ" --pages --quiet --seed="${UMM_SEED:-1}" --calls=800 --steps=400 --c="$PAGES" >"$PAGES/log"
}

# As the head of the file says.
build_program() {
	cc -Wall -Wextra -Werror -O1 -static -Wl,-Ttext-segment=0x10000000 -o sequence "$1"
}

@test "ten sequences as programs: no warning, no difference" {
	local nr

	for nr in {0..9}; do
		build_program "$PROGRAMS/$nr.c"
		timeout 60 ./sequence >out 2>&1 || { echo "$nr.c"; grep DIFF out; false; }
		[ "$(tail -n 1 out)" = "60 steps, 0 differ" ]
	done
}

@test "two sequences that look at memory as programs: no warning, no difference" {
	local nr

	for nr in 0 1; do
		build_program "$PAGES/$nr.c"
		timeout 60 ./sequence >out 2>&1 || { echo "$nr.c"; grep DIFF out; false; }
		[[ "$(tail -n 1 out)" == *" steps, 0 differ" ]]
		grep -q "pages(.*PAGES_ALL" out
		grep -q "fork()" out
	done
}

@test "a wrong expectation is told" {
	# The last answer that is expected to be 0 becomes another.
	tac "$PROGRAMS/0.c" | sed '0,/^\t     0x0);$/s//\t     0x7);/' | tac >wrong.c
	! cmp -s "$PROGRAMS/0.c" wrong.c
	build_program wrong.c
	run timeout 60 ./sequence
	[ "$status" -eq 1 ]
	[[ "${lines[-1]}" == "60 steps, 1 differ" ]]
	grep -q "^DIFF .*expected 0x7" <<<"$output"
}
