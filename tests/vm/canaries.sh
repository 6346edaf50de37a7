# canaries.sh - each rule of tests/kernel/canaries.txt as this kernel has it, and switched to the other side.
#
#	USERMM=build/usermm PROGS=build/tests/progs sh tests/vm/canaries.sh tests/kernel/canaries.txt
#
# Without variables it is for a guest of tools/vm.  A line for each program: the rule, on or off here, the program, and
# what usermm said with it so and otherwise: agrees, diverges, or broken.  The last line is "N told apart, N not, N broken".

usermm=${USERMM:-/bin/usermm} progs=${PROGS:-/progs} list=${1:-/files/canaries.txt}
told=0 not_told=0 broken=0

# side RULE on|off PROGRAM [CASE]
side() {
	setting=$1=$2
	shift 2
	timeout 120 "$usermm" check -f --rule "$setting" -- "$progs/$@" >/dev/null 2>&1 </dev/null
	case $? in
	0) echo agrees;;
	1) echo diverges;;
	*) echo broken;;
	esac
}

"$usermm" rules --json >/tmp/canaries.rules || exit 1
while read -r rule program name rest; do
	case "$rule" in
	''|'#'*) continue;;
	esac
	here=off other=on
	if grep "\"name\":\"$rule\"" /tmp/canaries.rules | grep -q '"on":true'; then
		here=on other=off
	fi
	right=$(side "$rule" $here "$program" $name)
	wrong=$(side "$rule" $other "$program" $name)
	echo "$rule $here $program${name:+ $name} $right $wrong"
	case "$right $wrong" in
	'agrees diverges') told=$((told + 1));;
	'agrees agrees') not_told=$((not_told + 1));;
	*) broken=$((broken + 1));;
	esac
done <"$list"
rm -f /tmp/canaries.rules
uname -r
echo "$told told apart, $not_told not, $broken broken"
[ $broken = 0 ]
