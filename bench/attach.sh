#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the guest (bench/run.sh starts it): for each number given, hook the entries of so many
# functions spread over the kernel's text, let a command sleep for a moment, and print a row of a
# table:
#
#	RELEASE METHOD HOOKS START ATTACH DETACH
#
# in seconds. START is the whole way from the call of kapimon to the first instruction of the
# command; it includes ATTACH, which is what "kapimon hook --verbose" calls so: loading the hooks' own
# programs and putting them in. "N+" hooks N functions with --exact. "#" begins a remark.
set -eu

now()
{
	date +%s%N
}

cd /tmp
# What every method can hook, and no names that stand for several functions.
awk '$2 ~ /[tTwW]/ && !$4 { print $3 }' /proc/kallsyms | sort | uniq -u >names
kapimon list --module vmlinux --json |
	sed -n 's/.*"name":"\([^"]*\)".*"ftrace":true,"kprobe":true.*/\1/p' | sort -u |
	comm -12 names - >functions
for number; do
	hooks=${number%+}
	exact=
	[ "$hooks" = "$number" ] || exact=--exact
	# every n-th of them
	step=$(($(wc -l <functions) / hooks))
	awk -v step="$step" -v hooks="$hooks" 'NR % step == 0 && n++ < hooks { print "hook " $1 }' \
		functions >session
	# one function that a command calls, so that something is seen
	[ "$hooks" != 1 ] || echo "hook vfs_mkdir" >session

	start=$(now)
	status=0
	# shellcheck disable=SC2086 # an option or nothing
	kapimon hook $exact --verbose --no-stack --session session --output capture --force -- \
		sh -c 'date +%s%N >began; sleep 1' >/dev/null 2>log || status=$?
	# 3: it ran, but calls were missed, which is no matter here
	case $status in
	0 | 3) ;;
	*)
		grep -v ' by ' log >&2
		exit "$status"
		;;
	esac
	grep 'could not be hooked' log | sed 's/^kapimon hook:/#/' || true
	awk -v release="$(uname -r)" -v start="$start" -v began="$(cat began)" '
		/^hook [0-9]+: .* by / { methods[$NF]++ }
		/^kapimon hook: attached / { hooks = $4; attach = $(NF - 1) }
		/^kapimon hook: detached / { detach = $(NF - 1) }
		END {
			for (method in methods)
				if (methods[method] > methods[most])
					most = method
			printf "%s %s %d %.2f %.2f %.2f\n", release, most, hooks,
				(began - start) / 1e9, attach, detach
		}' log
done
