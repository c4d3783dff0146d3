#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Measure, and write what was measured to docs/performance.md: how long hooks take to come and go on
# each kernel of $KERNELS, in the lab (bench/attach.sh), and how fast captures are written and read
# and how long they get, here (bench/bench_capture.c). Nothing that was not measured in this run is
# in the page.
#
#	bench/run.sh [NUMBER_OF_HOOKS]...
set -eu

# Other work on the machine is in the numbers too.
load=$(cut -d ' ' -f 1 /proc/loadavg)
[ $# -gt 0 ] || set -- 1 16 100 1000
cd "$(dirname "$0")/.."
build=${BUILD:-build}
page=docs/performance.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/install-deps.sh linux-perf

package()
{
	dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo '(version not known)'
}

for kernel in ${KERNELS:-6.1 6.12}; do
	echo "bench: hooks on $kernel" >&2
	"$build/kapimon" lab --kernel "$kernel" --icount --timeout 1200s --share "$PWD" -- \
		sh "$PWD/bench/attach.sh" "$@" >"$work/rows"
	cat "$work/rows" >&2
	awk '
		/^#/ { next }
		{ printf "| %s | %s | %d | %s | %s | %s |\n", $1, $2, $3, $4, $5, $6 }
	' "$work/rows" >>"$work/table"
	echo "bench: sizes on $kernel" >&2
	"$build/kapimon" lab --kernel "$kernel" --timeout 600s --share "$PWD" -- \
		sh "$PWD/bench/sizes.sh" >"$work/rows"
	cat "$work/rows" >&2
	awk '
		/^#/ { next }
		{ printf "| %s | %s | %d | %d | %.1f |\n", $1, $2, $3, $4, $4 / $3 }
	' "$work/rows" >>"$work/sizes"
done
echo "bench: captures" >&2
"$build/bench/bench_capture" "$work/bench.kmn" >"$work/capture"
cat "$work/capture" >&2
echo "bench: filters" >&2
"$build/bench/bench_filter" >"$work/filter"
cat "$work/filter" >&2

cat >"$work/page" <<-EOF
	# Performance

	\`make bench\` measures this and writes this page. $("$build/kapimon" --version), measured
	on $(date -u +%F) on a machine of $(nproc) processors (load average at the start: $load), with Debian's packages of libbpf
	($(package libbpf-dev)), gcc ($(package gcc)), clang ($(package clang)) and QEMU
	($(package qemu-system-x86)).

	## Hooks coming and going

	\`kapimon hook --verbose --no-stack\` in the lab, on the entries of functions spread over the
	kernel's text. The guest has one processor, whose instructions take a nanosecond each
	(\`lab --icount\`): a second is a billion instructions, or a wait, whatever else the machine
	does. *Start* is the whole way from the call of \`kapimon\` to the first instruction of the
	command that it watches. *Attach*, a part of it, is what \`--verbose\` calls so: loading the
	hooks' own programs and putting them in. *Detach* takes them out and settles the counts for the
	ledger. Seconds, one run.

	| Kernel | Method | Hooks | Start | Attach | Detach |
	|---|---|---|---|---|---|
	$(cat "$work/table")

	## Captures

	Entries and returns of six functions of the file system with their stacks, while \`ls -lR\` lists
	the same folders (\`bench/sizes.sh\`, in the lab). perf ($(package linux-perf)) and trace-cmd
	($(package trace-cmd)) record kprobe events with three arguments and the result.

	| Kernel | Tool | Events | Bytes of the file | Bytes per event |
	|---|---|---|---|---|
	$(cat "$work/sizes")

	\`bench/bench_capture\` on the machine itself, one core: a million events, entries and returns of
	eight functions with three arguments, 290 different stacks of 20 frames. Bytes for an event
	are those of its record in the kernel's buffer and those in the file.

	$(sed 's/^/    /' "$work/capture")

	## Filters

	\`bench/bench_filter\` on the machine itself, one core: a million records in memory, entries and
	returns of eight functions, are judged by an expression; the best of five turns.

	$(sed 's/^/    /' "$work/filter")
EOF
mv "$work/page" "$page"
echo "bench: written to $page" >&2
