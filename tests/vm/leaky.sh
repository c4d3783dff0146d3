# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# For cases that hold what kapimon mem reports against kmn_leaky's own book.

folder=/sys/kernel/debug/kmn_leaky

# book: "PLACE TAG BLOCKS" of what was leaked since the last release
book()
{
	awk '$1 == "place" {
		n = split($4, tags, "+")
		for (i = 1; i <= n; i++)
			print $2, tags[i], $5 / n
	}' $folder/counts | sort
}

# certain FILE: the same of a report by tag and site, but for doubtful blocks, which are in two columns
certain()
{
	awk '$7 ~ /^kmn_leaky_/ { sub(/[+].*/, "", $7); print $7, $6, $1 - $4 }' "$1" | sort
}

# beyond REPORTED BOOK: what is reported of places that leak less
beyond()
{
	awk 'NR == FNR { there[$1 " " $2] = $3; next } $3 > there[$1 " " $2]' "$2" "$1"
}
