#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Measure what Kapimon and other tools report of the leaks of kmn_leaky, on each kernel of $KERNELS in the lab
# (bench/memleak.sh), and write it to docs/leaks.md:
#
#	bench/leaks.sh [BLOCKS]
#
# Nothing that was not measured in this run is in the page.
set -eu

# Other work on the machine is in the seconds too.
load=$(cut -d ' ' -f 1 /proc/loadavg)
blocks=${1:-1000000}
cd "$(dirname "$0")/.."
build=${BUILD:-build}
page=docs/leaks.md
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kapimon
work=$(mktemp -d)
tree=$PWD/$build/headers
trap 'rm -rf "$work" "$tree"' EXIT
scripts/install-deps.sh bpfcc-tools python3-bpfcc linux-perf

package()
{
	dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo '(version not known)'
}

for kernel in ${KERNELS:-6.1 6.12}; do
	echo "leaks: $kernel" >&2
	samples=$build/samples/$kernel
	scripts/build-samples.sh "$kernel" "$samples"
	release=$(cat "$samples/release")
	# bcc looks for one tree where Debian has two
	rm -rf "$tree"
	mkdir -p "$tree"
	for part in "${release%-amd64}-common" "$release"; do
		cp -rsf "$cache/headers-$release/usr/src/linux-headers-$part/." "$tree"
	done
	"$build/kapimon" lab --kernel "$kernel" --timeout 3600s --memory 4G --share "$PWD" \
		--share "$cache/headers-$release" -- \
		sh "$PWD/bench/memleak.sh" "$PWD/$samples" "$tree" "$blocks" >"$work/rows"
	cat "$work/rows" >&2
	grep -v '^#' "$work/rows" | sed 's/^/| /; s/;/ | /g; s/$/ |/' >>"$work/table"
	sed -n "s/^# /    $kernel: /p" "$work/rows" >>"$work/remarks"
done

cat >"$work/page" <<-EOF
	# What Kapimon and other tools find of known leaks

	\`bench/leaks.sh\` measures this and writes this page: \`kmn_leaky\` ([samples.md](samples.md))
	makes at least $blocks blocks in all families and contexts and leaks in all its places, and each
	tool watches such a run in the lab. Measured on $(date -u +%F) on a machine of $(nproc) processors
	(load average at the start: $load), with Debian's bcc ($(package python3-bpfcc)) and perf
	($(package linux-perf)).

	Only what has a function of the module in its stack is looked at. *Right* are reported blocks in
	places that leak, up to what each place leaked; *again* is what is reported there beyond that, such as
	the pages of a block beside the block; *wrong* what is reported in functions that leak nothing: freed
	by a call that the tool does not see, or kept by an allocator for itself; *missed* are leaked blocks
	that are not reported. *Seconds* are those of the run, under emulation.

	| Kernel | Tool | Blocks | Leaked | Places | Reported | Right | Again | Wrong | Missed | Seconds |
	|---|---|---|---|---|---|---|---|---|---|---|
	$(cat "$work/table")

	memleak has to be told where the kernel's headers are (\`BCC_KERNEL_SOURCE\`, one tree made of
	Debian's two), takes half a minute to compile itself under emulation, and watches either all
	allocators but the per-CPU one or that one alone (\`--percpu\`). perf kmem sums up what slab
	allocations there were and does not say which are outstanding; for pages it has \`--live\`.

	memleak lists no block whose stack has the hash of another one that it keeps (in the remarks: *have no
	stack*), and follows neither the bulk functions nor what an interrupt allocates while its program is at
	work.

	What the tools and the comparison said:

	$(cat "$work/remarks")
EOF
mv "$work/page" "$page"
echo "leaks: written to $page" >&2
