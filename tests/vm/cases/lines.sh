# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Frames of a module have their source lines, live and from a capture, of a module that was loaded
# while recording too; what is missing is told.
# limit: 240

source=$TESTS/../../samples/kmn_calls.c
line=$(sed -n '/KMN_TRACED int kmn_target(/=' "$source")
call=$(sed -n '/kmn_target((int)/=;/[^a-z_]kmn_target(.*);/=' "$source" | head -n 1)
calls='sh -c "echo 2 >/sys/kernel/debug/kmn_calls/run"'
entry="^    kmn_target\\+0x[0-9a-f]+ \\[kmn_calls\\] .*kmn_calls\\.c:($line|$((line + 1)))\$"
inlined="^    [a-z_]+ \\[kmn_calls\\] .*kmn_calls\\.c:$call \\(inlined\\)\$"

sample_load kmn_calls
expect_status "calls are recorded" 0 sh -c "kapimon hook -o run.kmn kmn_target -- $calls"
expect_status "the capture is shown with lines" 0 kapimon show -A -P "$SAMPLES" run.kmn
expect_match "the function's own line" out "$entry"
expect_match "the call's line, in an inlined function" out "$inlined"
expect_match "the kernel's debug information is told to be missing" err \
	"^kapimon show: no lines of vmlinux \(build id [0-9a-f]{40}\): .*-dbg"
expect_status "without -A modules are left out" 0 kapimon show --lines run.kmn
expect_no_match "they have no lines" out "kmn_calls\.c"
expect_match "which is told" err "lines of modules were not looked for: -A does"
expect_status "live" 0 sh -c "kapimon hook -A --symbol-path '$SAMPLES' kmn_target -- $calls"
expect_match "the function's own line, live" out "$entry"
expect_match "the call's line, live" out "$inlined"
expect_status "lines are put into a capture at its end" 0 sh -c \
	"kapimon hook -A --symbol-path '$SAMPLES' --with-symbols -o lines.kmn kmn_target -- $calls"
expect_status "it needs no files then" 0 kapimon show --lines lines.kmn
expect_match "the function's own line, from the capture" out "$entry"
sample_unload kmn_calls

KAPIMON_MODULE_PATH=$SAMPLES
export KAPIMON_MODULE_PATH
expect_status "a module is loaded while recording" 0 \
	kapimon hook --on-load kmn_init -o load.kmn -- insmod "$SAMPLES/kmn_init.ko"
expect_status "its capture is shown with lines" 0 kapimon show -A -P "$SAMPLES" load.kmn
expect_match "its functions have lines" out "^    kmn_init_helper\+0x0 \[kmn_init\] .*kmn_init\.c:[0-9]+"
sample_unload kmn_init
