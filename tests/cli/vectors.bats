#!/usr/bin/env bats
# usermm vectors: shims that misbehave, files that are none, the verbs.

load lib

VECTORS="$HERE/../../vectors"

# one_vector NAME: a file of one small vector.
one_vector() {
	cat >one.txt <<-'EOF'
	vector one
	shows  a page comes and goes
	mmap(pool, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, none, 0)
	munmap(pool, 0x1000)
	EOF
	usermm 0 vectors record --exec "$USERMM vectors shim library" --from one.txt -o one.json
}

@test "the help names the verbs, and each has help and options in the man page" {
	usermm 0 vectors --help
	fits_80_columns out
	cp out verbs
	for verb in run record prove search 'shim host' 'shim library' 'shim zero'; do
		has verbs "^  $verb "
		# shellcheck disable=SC2086 # two words
		usermm 0 vectors $verb --help
		has out "^Usage: usermm vectors $verb"
		fits_80_columns out
		grep -oE -- '--[a-z-]+' out | sort -u | while read -r option; do
			has "$HERE/../../man/usermm-vectors.1.scd" "\\*$option\\*"
		done
	done
}

@test "what is wrong on the command line ends with 2" {
	usermm 2 vectors
	has err 'no verb given'
	usermm 2 vectors frobnicate
	has err 'no verb "frobnicate"'
	usermm 2 vectors shim nobody
	has err 'no verb "shim nobody"'
	usermm 2 vectors run --kernel=six
	has err 'a version such as 6.1 is needed'
	usermm 2 vectors run --timeout=0
	has err 'a number from 1 is needed'
	usermm 2 vectors record
	has err '--from FILE is needed'
	usermm 2 vectors run --exec true --rule droppable=off "$VECTORS/brk.json"
	has err 'are of the library'
	usermm 2 vectors search
	has err 'which rules'
	usermm 2 vectors search no_such_rule
	has err 'no rule is called "no_such_rule"'
	usermm 2 vectors run nothing.json
	has err '^usermm: nothing.json: '
}

@test "a file that is no vectors is refused with the place" {
	one_vector
	for change in 's/"schema": 1/"schema": 2/' 's/"kernel": "/&x/' 's/"answer": "0"/"answer": "no"/' \
			's/munmap(pool/frob(pool/' 's/r--p/rrrr/' 's/"end": "pool+0x1000"/"end": "middle"/' \
			's/munmap(pool, 0x1000)/munmap($1, 0x1000)/' 's/"theme"/"them"/' 's/"0": \[/"8": [/'; do
		sed "$change" one.json >bent.json
		if cmp -s one.json bent.json; then
			echo "$change changed nothing"
			return 1
		fi
		usermm 2 vectors run bent.json
		has err '^usermm: bent.json: '
	done
	head -c 300 one.json >bent.json
	usermm 2 vectors run bent.json
	has err '^usermm: bent.json: line '
}

@test "answers and areas that are others fail, with both sides" {
	one_vector
	usermm 0 vectors run one.json
	has out '^1 passed, 0 failed$'
	sed 's/"answer": "0"/"answer": "EINVAL"/' one.json >bent.json
	usermm 1 vectors run bent.json
	has out '^failed: one/one: step 1, munmap\(pool, 0x1000\): the answer is 0, expected EINVAL$'
	has out '^0 passed, 1 failed$'
	sed 's/r--p/rw-p/' one.json >bent.json
	usermm 1 vectors run bent.json
	has out 'step 0, .*: area 0 of process 0 is then pool-pool\+0x1000 r--p .*, expected .* rw-p'
	sed 's/"rd mr mw me"/"rd mr mw me lo"/' one.json >bent.json
	usermm 1 vectors run bent.json
	has out 'expected .* rd mr mw me lo$'
	usermm 1 vectors run --tap bent.json
	has out '^not ok 1 - one/one$'
	has out '^1\.\.1$'
	usermm 1 vectors run --json bent.json
	has out '^\{"type":"vector",.*"verdict":"failed"'
	has out '^\{"type":"summary","passed":0,"failed":1,"unsupported":0\}$'
}

@test "a shim that is not there, ends, hangs or talks nonsense fails that vector, and the run goes on" {
	one_vector
	usermm 1 vectors run --exec 'exit 3' one.json one.json
	has out 'begin: the shim exited with status 3$'
	has out '^0 passed, 2 failed$'
	usermm 1 vectors run --exec 'kill -9 $$' one.json
	has out 'the shim was ended by signal 9$'
	usermm 1 vectors run --timeout=1 --exec 'sleep 100' one.json
	has out 'no answer within 1000 ms$'
	usermm 1 vectors run --exec 'cat' one.json
	has out 'was expected, not "begin pool='
	usermm 1 vectors run --exec 'yes | tr -d "\n"' one.json
	has out 'a line of more than'
	usermm 1 vectors run --exec 'exec <&- >&-; sleep 100' one.json
	has out 'the shim closed its output$'
	# It dies at its first munmap; the next vector has a new one.
	cat >dies.sh <<-EOF
	while read -r line; do
		case "\$line" in
		*munmap*) exit 7;;
		esac
		printf '%s\n' "\$line"
	done | "$USERMM" vectors shim library
	EOF
	usermm 1 vectors run --exec 'sh dies.sh' one.json one.json
	has out '^failed: one/one: step 1, munmap.*the shim exited'
	has out '^0 passed, 2 failed$'
}

@test "nobody is left behind by a shim that is ended" {
	one_vector
	usermm 1 vectors run --timeout=1 --exec 'sleep 4711 & echo $! >pid; wait' one.json
	# Gone, or dead and waiting for init.
	for _ in $(seq 20); do
		grep -q '^State:.[^ZX]' "/proc/$(cat pid)/status" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

@test "what a shim does not support is counted apart" {
	one_vector
	cat >lazy.sh <<-'EOF'
	while read -r word rest; do
		case "$word" in
		begin) echo bases pool=0x1000000000 top=0x7ffff7fff000 brk=0x500000 size=0 data=0;;
		end) echo ended;;
		*) echo unsupported yet;;
		esac
	done
	EOF
	usermm 0 vectors run --exec 'sh lazy.sh' one.json
	has out '^unsupported: one/one: step 0, .*: yet$'
	has out '^1 unsupported$'
	has out '^0 passed, 0 failed$'
	usermm 0 vectors run --tap --exec 'sh lazy.sh' one.json
	has out '^ok 1 - one/one # SKIP '
}

@test "the transcript in docs/vectors.md is true" {
	sed -n '/^> begin/,/^ended/p' "$HERE/../../docs/vectors.md" >transcript
	[ "$(grep -c '^> ' transcript)" -gt 4 ]
	sed -n 's/^> //p' transcript | "$USERMM" vectors shim library >got
	grep -v '^> ' transcript >wanted
	diff wanted got
}

@test "a shim that is asked nonsense says so and lives on" {
	printf '%s\n' 'areas 0' 'begin x' 'begin' 'step 9 mmap' 'step 0 nothing' 'step 0 munmap 1' \
		'step 0 munmap 0x1000 0x1000 7' 'areas x' 'areas 3' 'what?' end end |
		"$USERMM" vectors shim library >out
	same out 'trouble nothing was begun
trouble this is no begin
bases pool=0x1000000000 top=0x7ffff7fff000 brk=0x500000 size=0x0 data=0x0
trouble this is no step
trouble this is no step
trouble this is no step
trouble this is no step
trouble areas of whom?
unsupported there is no process 3
trouble begin, step, areas or end?
ended
trouble nothing was begun'
}

@test "sources: what is wrong is told with its line" {
	for line in 'frob(pool)' 'munmap($0, 0x1000)' 'munmap(pool)' 'vector two words' 'vector one'; do
		printf 'vector one\nshows  one\n%s\n' "$line" >bad.txt
		usermm 2 vectors record --exec "$USERMM vectors shim library" --from bad.txt
		has err '^usermm: bad.txt:3: '
	done
	printf 'munmap(pool, 0x1000)\n' >bad.txt
	usermm 2 vectors record --exec "$USERMM vectors shim library" --from bad.txt
	has err '^usermm: bad.txt:1: "vector NAME" is missing'
}

@test "prove finds a rule that is not told, and a step too many" {
	cat >rules.txt <<-'EOF'
	vector tells
	shows  MAP_DROPPABLE is known
	rule   droppable
	mmap(pool, 0x1000, PROT_READ, MAP_DROPPABLE|MAP_ANONYMOUS|MAP_FIXED, none, 0)

	vector tells-not
	shows  nothing of it
	rule   droppable
	munmap(pool, 0x1000)

	vector too-much
	shows  a step too many
	rule   droppable
	munmap(pool, 0x1000)
	mmap(pool, 0x1000, PROT_READ, MAP_DROPPABLE|MAP_ANONYMOUS|MAP_FIXED, none, 0)

	vector no-rule
	shows  a rule that is none
	rule   nonsense
	munmap(pool, 0x1000)
	EOF
	usermm 0 vectors record --exec "$USERMM vectors shim library" --from rules.txt -o rules.json
	usermm 1 vectors prove rules.json
	has out '^failed: rules/tells-not: the answers are the same with the rule droppable switched$'
	has out '^failed: rules/too-much: step 0 is not needed to tell the rule droppable$'
	has out '^failed: rules/no-rule: no rule is called nonsense$'
	has out '^1 passed, 3 failed$'
}

@test "search finds a rule, and shapes that no file has" {
	usermm 0 vectors search mseal --count 300
	has out '^rule   mseal$'
	cp out found.txt
	usermm 0 vectors record --exec "$USERMM vectors shim library" --from found.txt -o found.json
	usermm 0 vectors prove found.json
	usermm 0 vectors search shapes --count 3
	[ "$(grep -c '^vector ' out)" -gt 10 ]
	cp out shapes.txt
	usermm 0 vectors record --exec "$USERMM vectors shim library" --from shapes.txt -o shapes.json
	usermm 0 vectors search shapes shapes.json --count 3
	[ "$(grep -c '^vector ' out)" = 0 ]
}

@test "what the library answers is written as what the kernel answered, to the letter" {
	for theme in merge uffd fork shm; do
		usermm 0 vectors record --exec "$USERMM vectors shim library" \
			--from "$VECTORS/$theme.json" -o again.json
		# VmSize and VmData of nothing are 0.
		diff <(grep -v '"bases"' "$VECTORS/$theme.json") <(grep -v '"bases"' again.json)
	done
}
