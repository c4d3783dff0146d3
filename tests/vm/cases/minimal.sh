# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A minimal capture has no names: the running system names it where it runs the same build, opened
# alone it is shown by module and offset, and the files of modules name it too.
# limit: 240

calls='sh -c "echo 2 >/sys/kernel/debug/kmn_calls/run"'

sample_load kmn_calls
expect_status "a capture with names" 0 sh -c "kapimon hook -o named.kmn kmn_target -- $calls"
expect_status "a minimal one" 0 sh -c "kapimon hook --minimal -o minimal.kmn kmn_target -- $calls"
kapimon show --top stack --rows 0 named.kmn 2>named.err | grep -o '[a-zA-Z_0-9.]*+0x.*' | sort >named
kapimon show --top stack --rows 0 minimal.kmn 2>minimal.err | grep -o '[a-zA-Z_0-9.]*+0x.*' | sort >minimal
expect_match "the module's function is named" minimal '^kmn_target\+0x0 \[kmn_calls\]'
expect_eq "the running system gives the same names" "$(cat minimal)" "$(cat named)"
expect_no_match "nothing is missing then" minimal.err 'no names of'
expect_status "opened alone" 0 kapimon -F minimal.kmn
expect_match "it has module and offset" out '^    \+0x[0-9a-f]+ \[kmn_calls\]$'
expect_match "the kernel's too" out '^    \+0x[0-9a-f]+ \[vmlinux\]$'
expect_no_match "no address is left" out '^    0xffffffff'
expect_match "what is missing is told" err 'no names of vmlinux \(build id [0-9a-f]{40}\)'
sample_unload kmn_calls
expect_status "the module is gone" 0 kapimon show -A -P "$SAMPLES" minimal.kmn
expect_match "its file names it" out '^    kmn_target\+0x0 \[kmn_calls\]'
expect_status "names are put into the capture" 0 kapimon symbols add -A -P "$SAMPLES" minimal.kmn
expect_match "which is told" err 'frames have got names'
kapimon show --alone --top stack --rows 0 minimal.kmn 2>err | grep -o '[a-zA-Z_0-9.]*+0x.*' | sort >minimal
expect_eq "they are there for good, and the same" "$(cat minimal)" "$(cat named)"

# Code that is freed after initialisation has no file to be named from: its names are kept.
KAPIMON_MODULE_PATH=$SAMPLES
export KAPIMON_MODULE_PATH
expect_status "a module is loaded while recording" 0 \
	kapimon hook --minimal --on-load kmn_init -o load.kmn -- insmod "$SAMPLES/kmn_init.ko"
expect_status "its capture is shown alone" 0 kapimon -F load.kmn -P "$SAMPLES" -A
expect_match "init code has its name" out '^    kmn_init_start\+0x[0-9a-f]+ \[kmn_init\]'
expect_match "other code is named by the file" out '^    kmn_init_helper\+0x0 \[kmn_init\]'
sample_unload kmn_init
