# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A minute of real work of all kinds: what was followed is what the kernel's own counters have grown
# by, or the difference is printed as unexplained.
# limit: 240

status=0
kapimon mem --counters -n 0 --stacks 0 --to json=report.json -- sh "$TESTS/load.sh" 60 >out 2>err ||
	status=$?
cat err
sed -n '/^KERNEL/,$p' out
expect_eq "a minute of work is followed to its end" "$status" 0
expect_match "nothing was missed" err '^COMPLETE$'
expect_no_match "nothing is doubtful" out 'doubtful'

# "NAME FOLLOWED COUNTED RESIDUAL SLACK UNEXPLAINED" of each counter
sed -n 's/.*"name":"\([^"]*\)","unit":"[a-z]*","followed":\([-0-9]*\),"counted":\([-0-9]*\),"residual":\([-0-9]*\),"slack":\([0-9]*\),"unexplained":\([a-z]*\).*/\1 \2 \3 \4 \5 \6/p' \
	report.json >counters
number=$(wc -l <counters)
exact=$(awk '$4 == 0' counters | wc -l)
unexplained=$(awk '$6 == "true" { print $1 }' counters)
note "$exact of $number counters agree exactly; unexplained: $(echo "$unexplained" | tr '\n' ' ')"
expect_ge "many counters are held against" "$number" 150
expect_eq "each is the difference it says" "$(awk '$4 != $3 - $2' counters)" ""
expect_eq "what is off by more than the counter may be and a hundredth is called unexplained" \
	"$(awk 'function size(n) { return n < 0 ? -n : n }
		{ bound = size($3) / 100 > $5 ? size($3) / 100 : $5 }
		(size($4) > bound) != ($6 == "true")' counters)" ""
expect_eq "and printed as that" "$(sed -n 's/^\([^ ]*\) .* unexplained$/\1/p' out)" "$unexplained"
expect_ge "nine of ten are explained" $((number - $(echo "$unexplained" | grep -c . || true))) \
	$((number * 9 / 10))
