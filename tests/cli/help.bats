#!/usr/bin/env bats
# Help, versions, and what is wrong on the command line.

load lib

@test "without a verb, the help goes to stderr and the status is 2" {
	usermm 2
	[ ! -s out ]
	has err '^Usage: usermm VERB'
}

@test "--help and -h list the verbs on stdout" {
	usermm 0 --help
	cp out help
	usermm 0 -h
	cmp out help
	[ ! -s err ]
	for verb in trace check errors rules vectors; do
		has out "^  $verb "
	done
	fits_80_columns out
}

@test "each verb has help from the option table" {
	for verb in trace check errors rules; do
		usermm 0 "$verb" --help
		cp out help
		usermm 0 "$verb" -h
		cmp out help
		has out "^Usage: usermm $verb"
		has out '^  -h, --help '
		has out '--json'
		fits_80_columns out
	done
}

@test "the help of a verb names the options it takes and no others" {
	usermm 0 trace --help
	has out '--explain=WHAT'
	lacks out '--verify|--falsify'
	usermm 0 check --help
	has out '--verify=WHAT'
	has out '--falsify=CALL:NTH:VALUE'
	lacks out '--explain'
	usermm 0 rules --help
	lacks out '--pin|--rule|--output'
}

@test "every option of the help stands in the man page of its verb" {
	for verb in trace check errors rules; do
		usermm 0 "$verb" --help
		grep -oE -- '--[a-z-]+' out | sort -u >options
		[ -s options ]
		while read -r option; do
			has "$HERE/../../man/usermm-$verb.1.scd" "^\*?(-., )?.*\\*$option\\*"
		done <options
	done
}

@test "--version tells the library's version and the kernels that are modelled" {
	usermm 0 --version
	has out '^usermm [0-9]+\.[0-9]+\.[0-9]+, libusermm [0-9]+\.[0-9]+\.[0-9]+$'
	has out '^models Linux [0-9]+\.[0-9]+ on x86-64'
	usermm 0 -V
	has out '^usermm '
}

@test "an unknown verb or option is named" {
	usermm 2 frobnicate
	same err 'usermm: unknown verb "frobnicate": trace, check, errors, rules or vectors (see `usermm --help`)'
	usermm 2 --frobnicate
	has err '^usermm: unknown option --frobnicate '
	[ ! -s out ]
}

@test "what is wrong with the options of check ends with 2" {
	usermm 2 check --bogus -- true
	has err '^usermm: check: unknown option --bogus '
	usermm 2 check -z -- true
	has err '^usermm: check: unknown option -z '
	usermm 2 check --verify
	has err '^usermm: check: option --verify needs an argument '
	usermm 2 check --verify=pages -- true
	has err '--verify=pages: not one of calls, maps, smaps$'
	usermm 2 check --json=yes -- true
	has err 'option --json=yes takes no argument$'
	usermm 2 check
	has err '^usermm: check: no program given '
	usermm 2 check --explain=all -- true
	has err 'unknown option --explain=all '
}

@test "what is wrong with the options of trace ends with 125" {
	usermm 125 trace --bogus -- true
	has err '^usermm: trace: unknown option --bogus '
	usermm 125 trace
	has err '^usermm: trace: no program given '
	usermm 125 trace --explain=some -- true
	has err '--explain=some: not one of none, errors, all$'
	usermm 125 trace --color=red -- true
	has err 'not one of auto, always, never$'
	usermm 125 trace --pin=1 -- true
	has err 'not one of auto, never$'
	usermm 125 trace -o /nonexistent/file -- true
	has err '^usermm: cannot write /nonexistent/file: No such file or directory$'
}

@test "a rule must exist and be on or off" {
	usermm 2 check --rule=no_such_rule=on -- true
	has err 'no rule is called "no_such_rule"'
	usermm 2 check --rule=droppable -- true
	has err 'NAME=on or NAME=off is needed$'
	usermm 2 check --rule=droppable=maybe -- true
	has err 'NAME=on or NAME=off is needed$'
}

@test "--falsify wants a call, a number from 1, and a value" {
	for wrong in mmap mmap:1 mmap:0:1 mmap:-1:1 mmap:x:1 mmap:1: mmap:1:-ENONSENSE mmap:1:1x :1:1; do
		usermm 2 check "--falsify=$wrong" -- true
		has err 'CALL:NTH:VALUE is needed'
	done
}

@test "options end at the program: the rest is its own" {
	usermm 0 trace --explain=none sh -c 'echo "$0 $1"' -f --json
	same out '-f --json'
}
