# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A thousand functions at once, put in and taken out in bearable time.
# limit: 400

cat >load.sh <<'END'
cut -d' ' -f1 /proc/uptime >began
cat /proc/meminfo /proc/self/maps >/dev/null
ls -R /sys/block >/dev/null
cut -d' ' -f1 /proc/uptime >ended
END

# seconds FROM TO
seconds()
{
	awk -v from="$1" -v to="$2" 'BEGIN { printf "%.1f s", to - from }'
}

start=$(cut -d' ' -f1 /proc/uptime)
# This method can miss calls made by interrupts inside the monitor's program: it has to say so then.
status=0
kapimon hook --verbose 'tcp_*' 'udp_*' 'seq_*' 'kernfs_*' 'vfs_*' 'inet_*' 'blk_*' -- sh load.sh \
	>out 2>err || status=$?
end=$(cut -d' ' -f1 /proc/uptime)
note "$(sed -n 's/^kapimon hook: attached/attached/p' err)"
note "to start: $(seconds "$start" "$(cat began)"), to work: $(seconds "$(cat began)" \
	"$(cat ended)"), to detach: $(seconds "$(cat ended)" "$end")"
note "$(grep -A1 '^total' err)"
expect_match "calls are recorded" out 'seq_printf\('
expect_match "there are very many hooks" err '^total \(with [0-9]{3,} more\)'
case $status in
0) expect_match "it is complete" err '^COMPLETE$' ;;
*)
	expect_eq "it runs" $status 3
	expect_match "it says what was missed" err '^INCOMPLETE: .* missed'
	;;
esac
expect_eq "no event is left" "$(grep -c kapimon /sys/kernel/tracing/kprobe_events || true)" 0
