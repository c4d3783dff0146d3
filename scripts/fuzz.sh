#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run each fuzzer of tests/fuzz for so many seconds, one after the other:
#
#	scripts/fuzz.sh [SECONDS]
#
# What they find out about inputs stays in $BUILD-fuzz/corpus and is where the next run begins. An
# input that breaks something is left in $BUILD-fuzz. Prints TAP.
set -u

seconds=${1:-600}
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}-fuzz
seeds=$PWD/tests/fuzz

if [ ! -f "$build/build.ninja" ]; then
	CC=clang meson setup "$build" -Dfuzzers=true -Db_sanitize=address,undefined \
		-Db_lundef=false -Dwerror=false >&2 || exit 1
fi
ninja -C "$build" tests/fuzz/make_corpus tests/fuzz/fuzz_capture tests/fuzz/fuzz_columns \
	tests/fuzz/fuzz_record tests/fuzz/fuzz_filter tests/fuzz/fuzz_spec tests/fuzz/fuzz_pe \
	tests/unit/pe_sample_i386.dll tests/unit/pe_sample_x64.dll >&2 || exit 1
cd "$build" || exit 1
mkdir -p corpus/pe
tests/fuzz/make_corpus corpus >&2 || exit 1
cp tests/unit/pe_sample_i386.dll tests/unit/pe_sample_x64.dll corpus/pe || exit 1

failed=0
# fuzz NAME CORPUS [OPTION]...: the corpus, below "corpus"; more seeds are options, too
fuzz()
{
	fuzzer=$1
	corpus=corpus/$2
	shift 2
	mkdir -p "$corpus"
	if tests/fuzz/"$fuzzer" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
		-print_final_stats=1 "$corpus" "$@" >"$fuzzer.log" 2>&1; then
		echo "ok - fuzz: $fuzzer, $(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$fuzzer.log") inputs in $seconds s"
	else
		echo "not ok - fuzz: $fuzzer"
		tail -n 40 "$fuzzer.log" | sed 's/^/# /'
		failed=1
	fi
}

fuzz fuzz_capture capture
fuzz fuzz_columns columns
fuzz fuzz_record record
fuzz fuzz_filter filter -dict="$seeds/filter.dict" "$seeds/filter"
fuzz fuzz_spec spec "$seeds/session"
fuzz fuzz_pe pe
exit $failed
