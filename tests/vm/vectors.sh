# vectors.sh - for a guest of tools/vm: the sequences of vectors/, which are /files there, executed on that guest's
# kernel, and the answers compared with a library that is made for it.
# Prints what does not agree, and the last line "N agreed, N failed, N not executed".

agreed=0 failed=0 left_out=0

for path in /files/*.json; do
	theme=${path##*/}
	[ $theme != schema.json ] || continue
	usermm vectors record --from "$path" -o /tmp/recorded.json 2>/tmp/err
	if [ ! -s /tmp/recorded.json ]; then
		failed=$((failed + 1))
		echo "not ok: $theme could not be recorded"
		tail -n 3 /tmp/err
		continue
	fi
	left_out=$((left_out + $(grep -c 'not executed' /tmp/err)))
	usermm vectors run --tap /tmp/recorded.json >/tmp/out 2>&1
	grep -A1 '^not ok' /tmp/out
	agreed=$((agreed + $(grep -c '^ok [^#]*$' /tmp/out)))
	failed=$((failed + $(grep -c '^not ok' /tmp/out)))
	left_out=$((left_out + $(grep -c '^ok .*#' /tmp/out)))
done
uname -r
echo "$agreed agreed, $failed failed, $left_out not executed"
[ $failed = 0 ] && [ $agreed -gt 0 ]
