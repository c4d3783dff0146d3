# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # names that who reads this uses or sets
# Results as TAP. $work/out, if it is there, is what the last command printed; $failed is 1 if any failed.

n=0
failed=0

# result STATUS NAME
result()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
		[ ! -f "$work/out" ] || sed 's/^/# /' "$work/out" | head -n 30
	fi
}
