# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A module that is not loaded yet is seen from the first call of its init function on, and again
# when it comes back.
# limit: 240

export KAPIMON_MODULE_PATH="$SAMPLES"

cat >load.sh <<'END'
insmod "$SAMPLES/kmn_init.ko" calls=3
rmmod kmn_init
insmod "$SAMPLES/kmn_init.ko" calls=2
rmmod kmn_init
insmod "$SAMPLES/kmn_init.ko" calls=1 fail=1 || true
END

expect_status "a run over three loads is complete" 0 \
	kapimon hook -r --on-load kmn_init -- sh load.sh
cp out recorded
cp err ledger
# count NAME PATTERN NUMBER
count()
{
	expect_eq "$1" "$(grep -cE "$2" recorded)" "$3"
}
count "the init function is seen at each load, with its result" 'kmn_init_start\(.*\) = 0' 2
count "also when it refuses to load" 'kmn_init_start\(.*\) = -EINVAL' 1
count "the helper in ordinary text is seen" \
	'kmn_init_helper\(step=[1-3], name="helper"\) = [1-3]0( |$)' 6
count "the helper in init text is seen" 'kmn_init_early\(step=[1-3]\) = [1-3]00( |$)' 6
expect_match "arguments are named from the module's file" recorded \
	'kmn_init_helper\(step=3, name="helper"\) = 30'
expect_match "the frame of an init function has its name" recorded '^ +kmn_init_start\+0x0'
expect_match "so has its caller's place in init text" recorded '^ +kmn_init_start\+0x[1-9a-f]'
expect_match "the ledger counts the init function's calls" ledger 'kmn_init_start .* entry +kprobe-event +3 +3 '
expect_match "nothing was missed" ledger '^COMPLETE'
expect_eq "no event is left" "$(cat /sys/kernel/tracing/kprobe_events)" ""

# One function by name, entry only, with the module filter at work before the init function runs.
expect_status "one function by name" 0 \
	kapimon hook --on-load kmn_init:kmn_init_start --only-module kmn_init -- sh load.sh
expect_eq "it alone is recorded" "$(grep -c 'kmn_init_start(' out)" 3
expect_no_match "nothing else is" out 'kmn_init_(helper|early)\('

# Of a module that is there already the rest can be hooked.
sample_load kmn_init
expect_status "a loaded module is hooked as well" 0 kapimon hook --on-load kmn_init -- true
expect_match "it says what is not to be had" err 'init functions are gone'
expect_status "its init function is refused" 2 \
	kapimon hook --on-load kmn_init:kmn_init_start -- true
expect_match "with the advice to unload it" err 'unload it first'
sample_unload kmn_init

expect_status "a function that the module doesn't have is refused" 2 \
	kapimon hook --on-load kmn_init:nothing_like_it -- true
