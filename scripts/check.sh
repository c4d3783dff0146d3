#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be checked without building: style, licences, man pages, sizes, shell scripts.
set -u

cd "$(dirname "$0")/.." || exit 1
status=0

# complain WHAT LINES: nothing when there are no lines
complain()
{
	[ -n "$2" ] || return
	echo "check: $1:" >&2
	echo "$2" | sed 's/^/  /' >&2
	status=1
}

files=$(git ls-files)
c_files=$(echo "$files" | grep '\.[ch]$')
shell_files=$(echo "$files" | grep -E '\.sh$|^\.ci/run$')

# shellcheck disable=SC2086 # no file name of ours has blanks
complain "not in style; make format brings it there" \
	"$(clang-format --dry-run -Werror $c_files 2>&1 | sed -n 's/:.*clang-format-violations.*//p' |
		sort -u)"

# Documents, data and the licences themselves need no line of their own.
sources=$(echo "$files" | grep -E '\.([ch]|sh|py)$|^\.ci/run$|Makefile$|Kbuild$')
# shellcheck disable=SC2086
complain "no SPDX-License-Identifier in the first two lines" "$(for file in $sources; do
	head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0' || echo "$file"
done)"

commands=$(sed -n 's/^[[:space:]]*X(\([a-z_]*\), ".*/\1/p' src/command/command.h)
[ -n "$commands" ] || complain "src/command/command.h" "no commands found in it"
complain "a command without a man page" "$(for command in $commands; do
	page=docs/man/kapimon-$command.1
	[ -f "$page" ] || echo "$page"
done)"

# shellcheck disable=SC2086
complain "over 700 lines" "$(for file in $(echo "$c_files" | grep -E '^(src|kernel)/'); do
	lines=$(wc -l <"$file")
	[ "$lines" -le 700 ] || echo "$file: $lines"
done)"

if command -v shellcheck >/dev/null; then
	# shellcheck disable=SC2086
	complain "shellcheck" "$(shellcheck -x -s sh $shell_files 2>&1)"
else
	echo "check: shellcheck is not installed, shell scripts were not checked" >&2
fi

[ $status != 0 ] || echo "check: fine"
exit $status
