#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TRACE.SYS and KAPIMON.EXE: built for both processors, their imports held against what the oldest
# kernels export, and run under 64-bit Wine in a prefix of its own. Prints TAP.
#
#	tests/nt/run.sh BUILD		BUILD has the Linux program, which reads what is captured
#	NT_CHROOT=DIR tests/nt/run.sh BUILD	as root: the i386 driver, under 32-bit Wine in DIR, made by
#		tests/nt/chroot.sh DIR
#
# Wine ends the drivers' process with the last program: a program that waits keeps it alive. A driver that
# crashes ends that process, while the service manager goes on saying that it runs: its log tells.
# shellcheck disable=SC2317 # functions are called by name
set -u

build=$(realpath "${1:-build}")
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/nt/tap.sh
. tests/nt/tap.sh

# check NAME COMMAND...: the command must succeed
check()
{
	name=$1
	shift
	"$@" >"$work/out" 2>&1
	result $? "$name"
}

# lacks NAME COMMAND...: the command must fail
lacks()
{
	name=$1
	shift
	! "$@" >"$work/out" 2>&1
	result $? "$name"
}

# said TEXT...: the last command printed each of them
said()
{
	for text in "$@"; do
		grep -qF -- "$text" "$work/out" || {
			result 1 "it says \"$text\""
			return
		}
	done
	result 0 "it says $(printf '"%s" ' "$@")"
}

ask=$PWD/tests/nt/ask.py
patch=$PWD/tests/nt/patch.py
golden=$PWD/tests/golden
# unsaid TEXT WHAT: the last command did not print it, which shows what WHAT says
unsaid()
{
	! grep -qF -- "$1" "$work/out"
	result $? "$2"
}

# line NAME PATTERN: a line of what the last command printed is like this
line()
{
	grep -Eq -- "$2" "$work/out"
	result $? "$1"
}

arch=x64
work=$(mktemp -d "${NT_CHROOT:-}/tmp/kapimon-nt.XXXXXX")
inside=${work#"${NT_CHROOT:-}"}
export WINEPREFIX="$inside/prefix" WINEDEBUG=-all DISPLAY=
if [ -n "${NT_CHROOT:-}" ]; then
	arch=i386
	mkdir "$work/bin"
	for program in wine wineserver; do
		# Wine looks for itself in /proc, which is there for it alone.
		cat >"$work/bin/$program" <<-END
			#!/bin/sh
			exec unshare --mount sh -c 'mount -t proc proc "$NT_CHROOT/proc" &&
				exec chroot "$NT_CHROOT" sh -c "cd $inside && exec $program \"\\\$@\"" - "\$@"' - "\$@"
		END
		chmod +x "$work/bin/$program"
	done
	PATH=$work/bin:$PATH
fi
keeper=

finish()
{
	wineserver -k 2>/dev/null
	[ -z "$keeper" ] || kill "$keeper" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT

setup()
{
	[ -f "$build-$1/build.ninja" ] ||
		meson setup "$build-$1" --cross-file "cross/windows-$2.ini" || return 1
	ninja -C "$build-$1"
}

# Every import must be in the list: Wine loads a driver all the same, a kernel does not.
check_imports()
{
	imported=$(x86_64-w64-mingw32-objdump -p "$1" | sed -n '/Import Tables/,/Export Tables/p' |
		awk '$1 ~ /^[0-9a-f]+$/ && $2 ~ /^[0-9]+$/ && NF == 3 && $3 ~ /[A-Za-z]/ { print $3 }')
	[ -n "$imported" ] || return 1
	shift
	status=0
	for name in $imported; do
		cat "$@" | grep -qx "$name" || {
			echo "$name is not exported by the oldest kernel"
			status=1
		}
	done
	return "$status"
}

run()
{
	timeout 60 wine "$@" </dev/null
}

# Hook in the background until the time is over; returns when the hooks are in.
watch()
{
	rm -f "$work/watch.err"
	timeout 60 wine ./kapimon.exe "$@" </dev/null >"$work/watch.out" 2>"$work/watch.err" &
	watcher=$!
	for _ in $(seq 100); do
		grep -q watching "$work/watch.err" && return 0
		kill -0 "$watcher" 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/watch.err" "$work/watch.out"
	return 1
}

watched()
{
	wait "$watcher"
	status=$?
	cat "$work/watch.out" "$work/watch.err"
	return "$status"
}

check "builds for x64" setup nt-x64 x86_64
check "builds for i386" setup nt-i386 i686
lists=tests/nt/exports-5.0.txt
check "i386: the oldest kernel has what is imported" \
	check_imports "$build-nt-i386/kernel/nt/driver/trace.sys" $lists
check "x64: the oldest kernel has what is imported" \
	check_imports "$build-nt-x64/kernel/nt/driver/trace.sys" $lists tests/nt/exports-5.2-x64.txt
lacks "a routine that the oldest kernel lacks is found out" \
	check_imports "$build-nt-x64/kernel/nt/driver/trace.sys" $lists

# The target once more, by the compiler that makes PDB files: symbols/ has its symbols, the image does not.
build_pdb()
{
	triple=x86_64-w64-mingw32 emulation=i386pep entry=DriverEntry
	if [ "$arch" = i386 ]; then
		triple=i686-w64-mingw32 emulation=i386pe entry=DriverEntry@8
	fi
	mkdir "$work/symbols"
	for source in target.c raising.c functions.S raising.S; do
		clang --target="$triple" -O1 -g -gcodeview -mgeneral-regs-only -ffreestanding -w \
			-I"/usr/$triple/include/ddk" -c "tests/nt/$source" -o "$work/$source.o" || return 1
	done
	ld.lld -m "$emulation" --subsystem native --shared -e "$entry" --exclude-all-symbols --kill-at \
		-L"/usr/$triple/lib" "$work"/*.o -lntoskrnl -lhal \
		--pdb="$work/symbols/kmntarget.pdb" -Xlink=-pdbaltpath:kmntarget.pdb -o "$work/pdb.sys"
}

cp "$build-nt-$arch/kernel/nt/driver/trace.sys" "$build-nt-$arch/src/windows/kapimon.exe" \
	"$build-nt-$arch/tests/nt/kmntarget.sys" "$build-nt-$arch/tests/nt/client.exe" "$work"
check "a target with a PDB is built" build_pdb
cd "$work" || exit 1
"$patch" kmntarget.sys discard INIT
check "Wine makes a prefix" timeout 120 wine wineboot -i
timeout 60 wineserver -w
WINEDEBUG=-all,err+seh,err+ntoskrnl
mkfifo stay
exec 9<>stay
timeout 600 wine cmd /c 'set /p x=' <&9 >"$work/log" 2>&1 &
keeper=$!
sleep 3
kill -0 $keeper 2>/dev/null
result $? "a program keeps Wine alive"

# The kept captures of both systems: the same text as the program's on Linux (tests/golden/run.sh).
for file in "$golden"/*.kmn; do
	name=$(basename "$file" .kmn)
	cp "$file" .
	case $name in
	*-calls) run ./kapimon.exe show --relative "$name.kmn" >text 2>out ;;
	*-memory) run ./kapimon.exe mem "$name.kmn" 2>out | sed -n '/^FAMILY/,$p' >text ;;
	*-pool) run ./kapimon.exe mem --log "$name.kmn" 2>out | sed -n '/^FAMILY/,$p' >text ;;
	esac
	check "$name is printed as on Linux" diff "$golden/$name.txt" text
done

lacks "without the driver nothing is hooked" run ./kapimon.exe hook -t 1s KeQueryTickCount
said "TRACE.SYS is not loaded"
check "the service is installed" run ./kapimon.exe install
check "the driver is loaded" run ./kapimon.exe start
check "the target is installed" run ./client.exe install kmntarget.sys

# Names by DBGHELP.DLL: of a PDB that is elsewhere, then of the DWARF in the image.
mv kmntarget.sys dwarf.sys
cp pdb.sys kmntarget.sys
path=Z:$(printf '%s/symbols' "$inside" | tr / '\134')
check "the target with a PDB is loaded" run ./client.exe start -
check "without its symbols" run ./kapimon.exe list 'kmntarget:*'
said "there are no symbols of kmntarget.sys" "set _NT_SYMBOL_PATH or -P to" kmntarget.sys:KmnMsvc
unsaid free_leaked "functions that are not exported have no name"
check "with -P" run ./kapimon.exe list -P "$path" 'kmntarget:*'
said kmntarget.sys:free_leaked kmntarget.sys:KmnMsvc
unsaid "no symbols" "nothing is missing"
unsaid n_leaked "and data is no function"
_NT_SYMBOL_PATH=$path check "with _NT_SYMBOL_PATH" run ./kapimon.exe list 'kmntarget:free_*'
said kmntarget.sys:free_leaked
lacks "another path than the variable's" env "_NT_SYMBOL_PATH=$path" \
	timeout 60 wine ./kapimon.exe list -P 'Z:\nowhere' 'kmntarget:free_*'
check "who is at a terminal is asked for the path" timeout 60 "$ask" "alone have names)" "$path" \
	wine ./kapimon.exe list 'kmntarget:free_*'
said "where are the kernel's symbols?" kmntarget.sys:free_leaked
lacks "what has the type of data is no function" run ./kapimon.exe hook -t 1s -P "$path" kmntarget:kmn_bytes
said "kmntarget:kmn_bytes is data by its type, in an executable section" "--any"
check "with -HF it is hooked" watch -HF kmntarget:kmn_bytes -P "$path"
run taskkill /F /IM kapimon.exe >/dev/null 2>&1
wait "$watcher" 2>/dev/null
lacks "data is not" run ./kapimon.exe /hf kmntarget:KmnVariable /p "$path"
said "kmntarget:KmnVariable is data: it can't be hooked"
check "a function that is not exported is hooked" watch hook -r -t 3s -P "$path" -o static.kmn kmntarget:dispatch
run ./client.exe free
check "and is told of" watched
check "with its name on Linux" "$build/kapimon" show --color=never static.kmn
said "dispatch(0x" "dispatch+0x0 [kmntarget.sys]" "IoCallDriver+0x"
check "the target with a PDB is unloaded" run ./client.exe stop -
mv dwarf.sys kmntarget.sys
check "the target is loaded" run ./client.exe start -
check "modules are listed" run ./kapimon.exe list
said ntoskrnl.exe trace.sys kmntarget.sys
check "exports and symbols are listed" run ./kapimon.exe list 'kmntarget:*'
said kmntarget.sys:KmnClassic kmntarget.sys:KmnShort kmntarget.sys:free_leaked
unsaid KmnVariable "data is no function"

# What can't be hooked is refused, with the reason.
lacks "a branch back is refused" run ./kapimon.exe hook -t 1s kmntarget:KmnLoopBack
said "a branch in it goes back into its first instructions"
lacks "what the monitor uses is refused" run ./kapimon.exe hook -t 1s IoGetStackLimits
said "the monitor itself uses it"
lacks "a name that nobody has is refused" run ./kapimon.exe hook -t 1s KmnNothing
said "no function is called KmnNothing"

# Entry and return of the target's exports: 2 threads, 50 rounds each.
hooked="kmntarget:KmnClassic kmntarget:KmnHotpatch kmntarget:KmnMsvc kmntarget:KmnGcc kmntarget:KmnData"
# shellcheck disable=SC2086 # a list of names
check "the target's exports are hooked" watch hook -r -t 4s -o calls.kmn $hooked
check "hooked functions return what they should" run ./client.exe call 50 2
check "every call is told of" watched
check "the capture is shown on Windows" run ./kapimon.exe show -S calls.kmn
grep -c 'Kmn[A-Za-z]*(0x.*) = 0x' "$work/out" >"$work/count"
cp "$work/out" "$work/windows"
check "it has all 500 calls" grep -qx 500 "$work/count"
cp windows out
said COMPLETE "KmnClassic(0x31, 0x0" " = 0x31 " "KmnGcc(0x31, 0x3" " = 0x34 "
check "the classic's -F shows it too" run ./kapimon.exe /f calls.kmn
said "KmnMsvc+0x0 [kmntarget.sys]" COMPLETE
lacks "and takes no other names" run ./kapimon.exe -F calls.kmn -P x
said "-P: what -F shows has the names that the capture has"
cp windows out
check "the same capture is shown on Linux" "$build/kapimon" show -S --color=never calls.kmn
cp out linux
check "with the same calls" sh -c "grep -o 'Kmn.*' linux >a; grep -o 'Kmn.*' windows >b; test -s a && diff a b"
check "stacks have names on Linux" "$build/kapimon" show --color=never calls.kmn
said "KmnMsvc+0x0 [kmntarget.sys]" "IoCallDriver+0x"
check "it is filtered on Linux" sh -c \
	"$build/kapimon show -S --color=never --filter 'api == \"KmnMsvc\"' calls.kmn | tee out2 |
		grep -c 'KmnMsvc(' | grep -qx 100 && ! grep -q 'KmnGcc(' out2"
check "it is exported on Linux" sh -c \
	"$build/kapimon export --to csv -o calls.csv calls.kmn && grep -c KmnHotpatch calls.csv"

# Packing: zlib there, zstd on Linux, which KAPIMON.EXE has not.
packed_well()
{
	"$build/kapimon" pack --force --with none "$1" plain.kmn &&
		[ "$(wc -c <"$1")" -lt $(($(wc -c <plain.kmn) / 2)) ]
}
check "the capture is packed" packed_well calls.kmn
check "on Linux it is packed with zstd" "$build/kapimon" pack --with zstd calls.kmn zstd.kmn
lacks "which Windows can't read" run ./kapimon.exe show -S zstd.kmn
said "zstd.kmn is packed with zstd, which this program is built without" "kapimon pack"
check "and with zlib" "$build/kapimon" pack --with zlib zstd.kmn zlib.kmn
check "which it can" run ./kapimon.exe show -S zlib.kmn
grep -o 'Kmn.*' out >a
check "with the same calls" diff a b

# A module that is in every stack, and one that is in none.
check "an excluded module" watch hook -t 3s -X kmntarget.sys kmntarget:KmnMsvc
run ./client.exe call 10 1 >/dev/null
watched >"$work/seen" 2>&1
check "keeps its calls out, as filtered" grep -Eq 'KmnMsvc +.*entry +patch +10 +0 +10 +0 +0 +0' "$work/seen"
check "a required module that is in no stack" watch hook -t 3s -M setupapi.dll kmntarget:KmnMsvc
run ./client.exe call 10 1 >/dev/null
watched >"$work/seen" 2>&1
check "keeps all calls out" grep -Eq 'KmnMsvc +.*entry +patch +10 +0 +10 +0 +0 +0' "$work/seen"
check "a rate limit" watch hook -S -t 4s --limit-rate 5 kmntarget:KmnGcc
run ./client.exe call 100 1 >/dev/null
watched >"$work/seen" 2>&1
check "suspends the hook, and says so" grep -q 'suspend' "$work/seen"

check "calls that fail alone" watch hook -e -t 3s -o failed.kmn kmntarget:dispatch
run ./client.exe free
check "five that do" run ./client.exe fail
run ./client.exe call 10 1
check "are told of" watched
check "and no others" sh -c "$build/kapimon show -S --color=never failed.kmn >seen 2>err &&
	grep -c 'dispatch(0x.* = 0xc0000010 ' seen | grep -qx 5 && ! grep -v ' = 0xc0000010 ' seen | grep 'dispatch('"
"$build/kapimon" show --color=never failed.kmn >out 2>seen
said "dispatch+0x0 [kmntarget.sys]" "IoCallDriver+0x"
check "the others are counted" grep -Eq 'dispatch \[kmntarget.sys\] +entry +patch +[0-9]{2} +5 +[0-9]+ +0 +0 +0' seen
check "with their returns" grep -Eq 'dispatch \[kmntarget.sys\] +return +patch +[0-9]{2} +5 +[0-9]+ +0 +0 +0' seen
check "and nothing is missing" grep -qx COMPLETE seen

# What is hooked is changed while it records: lines that other programs write to a pipe.
send()
{
	run ./client.exe send kmnchanges "$1"
}

lacks "a pipe of somebody else is not taken" run ./kapimon.exe hook --control svcctl -t 1s kmntarget:KmnMsvc
said "can't read changes from \\\\.\\pipe\\svcctl: Windows error" "that no program has made yet"
check "hooks are changed while recording" watch hook --control kmnchanges -t 12s -o changed.kmn \
	kmntarget:KmnMsvc kmntarget:KmnGcc
run ./client.exe call 10 1
check "one is taken out" send 'unhook kmntarget:KmnMsvc'
check "one is put in" send 'hook-return kmntarget:KmnData'
check "what can't be had is asked for" send 'hook kmntarget:KmnNothing'
send 'hook kmntarget:KmnLoopBack'
check "the buffers are replaced" send 'buffer 16M'
send 'pid 4'
send 'hook'
run ./client.exe call 10 1
check "one is replaced" send 'hook-return kmntarget:KmnGcc'
run ./client.exe call 10 1
check "and a module excluded" send 'exclude-module kmntarget.sys'
run ./client.exe call 10 1
check "the recording goes on" watched
unsaid "'buffer" "with other buffers"
said "'hook kmntarget:KmnNothing' is not done: no function is called kmntarget:KmnNothing" \
	"'hook kmntarget:KmnLoopBack' is not done: can't hook KmnLoopBack: a branch" \
	"'pid 4' is not done: pid can't be changed while recording on NT" \
	"'hook' is not done: 'hook' lacks its value"
check "the capture is shown" sh -c "$build/kapimon show --color=never changed.kmn >calls"
line "the one that was taken out has no more calls" 'KmnMsvc \[kmntarget.sys\] +entry +patch +10 +10 +0 +0 +0 +0'
line "the one that stayed has all until it was replaced" 'KmnGcc \[kmntarget.sys\] +entry +patch +20 +20 +0 +0 +0 +0'
line "and then under a new number" 'KmnGcc \[kmntarget.sys\] +entry +patch +20 +10 +10 +0 +0 +0'
line "with its returns" 'KmnGcc \[kmntarget.sys\] +return +patch +10 +10 +0 +0 +0 +0'
line "the new one has those that came after" 'KmnData \[kmntarget.sys\] +entry +patch +30 +20 +10 +0 +0 +0'
line "nothing is missing" '^COMPLETE$'
# each NAME:N: so many calls of it are in "calls"
each()
{
	for name in "$@"; do
		[ "$(grep -c "${name%:*}(0x" calls)" = "${name#*:}" ] || return 1
	done
}
check "all are among the records" each KmnMsvc:10 KmnGcc:30 KmnData:20
lacks "without stacks no module can be excluded" run ./kapimon.exe hook -S -X kmntarget.sys -t 1s kmntarget:KmnMsvc
said "without stacks it can't be told"

# A call that is inside when its hook goes is recorded when it returns; the next is not.
check "a call is inside" watch hook -r -S --control kmnchanges -t 7s -o inside.kmn kmntarget:linger
run ./client.exe linger 3000
check "when its hook is taken out" send 'unhook kmntarget:linger'
run ./client.exe linger 10
check "its function can be hooked again meanwhile" send 'hook kmntarget:linger'
run ./client.exe linger 11
check "and all goes well" watched
check "the capture of it is shown" "$build/kapimon" show -S --color=never inside.kmn
line "its return is told of" 'linger\(0xbb8, .*\) = 0x[0-9a-f]+ +[3-7]\.[0-9]+s'
line "so is the call after the second hook" 'linger\(0xb, '
unsaid "linger(0xa," "and the one between them is not"

# A driver that is unloaded takes its hooks with it; what was in it is not touched any more.
check "a function of a driver is hooked" watch hook -S --control kmnchanges -t 10s kmntarget:KmnMsvc kmntarget:KmnClassic
run ./client.exe call 10 1
check "which is unloaded" run ./client.exe stop -
check "a hook in it can be taken out" send 'unhook kmntarget:KmnClassic'
check "another can't be put in" send 'hook kmntarget:KmnGcc'
check "the driver comes back" run ./client.exe start -
check "there it can be hooked again" send 'hook kmntarget:KmnMsvc'
run ./client.exe call 4 1
check "the recording ends well" watched
said "'hook kmntarget:KmnGcc' is not done: no function is called kmntarget:KmnGcc: the module is not loaded" COMPLETE
line "with the calls that were" 'KmnMsvc \[kmntarget.sys\] +entry +patch +10 +10 +0 +0 +0 +0'
line "and those after it came back" 'KmnMsvc \[kmntarget.sys\] +entry +patch +4 +4 +0 +0 +0 +0'
check "and the driver is as it was" run ./client.exe call 10 1

# Exceptions go through hooked functions to a handler above them, more often than calls can be awaited.
check "an exception is handled without hooks" run ./client.exe raise 10
check "functions that exceptions go through are hooked" watch hook -r -S -t 6s -o raise.kmn kmntarget:KmnGuarded \
	kmntarget:KmnMiddle kmntarget:KmnRaise
check "they go on being handled" run ./client.exe raise 2000
run ./client.exe call 10 1
check "and all goes well" watched
said "4000 calls have no return: an exception went through them"
check "the capture of it is shown" sh -c "$build/kapimon show -S --color=never raise.kmn >/dev/null"
line "the handler's function returns" 'KmnGuarded \[kmntarget.sys\] +return +patch +2,000 +2,000 +0 +0 +0 +0'
line "all calls are recorded" 'KmnRaise \[kmntarget.sys\] +entry +patch +2,000 +2,000 +0 +0 +0 +0'
line "those that did not return have no return" 'KmnRaise \[kmntarget.sys\] +return +patch +0 +0 +0 +0 +0 +0'
line "nothing is missing" '^COMPLETE$'

# Drivers that are loaded later. When it starts, the target calls each of its functions three times, and
# KmnStart, which is gone then, once.
check "the target is unloaded again" run ./client.exe stop -
lacks "what is not loaded has no functions" run ./kapimon.exe hook -t 1s kmntarget:KmnMsvc
said "no function is called kmntarget:KmnMsvc: the module is not loaded" "--on-load kmntarget:KmnMsvc hooks it"
lacks "a driver that nobody knows can't be awaited" run ./kapimon.exe hook -t 1s --on-load kmnnothing:F
said "no service is called kmnnothing, and there is no file" "a path names it"
lacks "nor can a function that it lacks" run ./kapimon.exe hook -t 1s --on-load kmntarget:KmnNothing
said "the driver has no function for 'kmntarget:KmnNothing'"
lacks "nor one that can't be hooked, by its file" run ./kapimon.exe hook -t 1s --on-load kmntarget:KmnLoopBack
said "can't hook kmntarget:KmnLoopBack: a branch in it goes back into its first instructions"
check "what can be awaited is listed" run ./kapimon.exe list --on-load 'kmntarget:*'
said kmntarget.sys:DriverEntry kmntarget.sys:KmnStart "KmnShort  can't be hooked: it ends before"
check "without symbols too" run ./kapimon.exe list --on-load "Z:$(printf '%s/pdb.sys' "$inside" | tr / '\134'):D*"
said pdb.sys:DriverEntry
check "functions of a driver that is not there are hooked" watch hook -r -t 9s -o late.kmn \
	--on-load 'kmntarget:Kmn*' --on-load kmntarget:DriverEntry
check "it comes" run ./client.exe start -
check "its functions are called" run ./client.exe call 2 1
check "it goes" run ./client.exe stop -
check "and comes again" run ./client.exe start -
check "the recording ends well" watched
said "kmntarget.sys was loaded 2 times with 10 hooks awaiting it" "3 of the functions asked for on load can't be hooked"
check "it is shown on Windows" run ./kapimon.exe show late.kmn
cp out windows
check "and on Linux" "$build/kapimon" show --color=never late.kmn
said COMPLETE "module kmntarget.sys loaded at" "module kmntarget.sys unloaded" "DriverEntry+0x0 [kmntarget.sys]" \
	"KmnMsvc+0x0 [kmntarget.sys]" "IoCreateDriver+0x"
line "from its first instruction on" 'DriverEntry\(0x.*\) = 0x0 '
line "what was called when it started, at both times, and later" 'KmnMsvc \[kmntarget.sys\] +entry +patch +8 +8 +0 +0 +0 +0'
line "with what is discarded then" 'KmnStart \[kmntarget.sys\] +return +patch +2 +2 +0 +0 +0 +0'
grep -o 'Kmn.*' out >a
grep -o 'Kmn.*' windows >b
check "the same on both" sh -c 'test -s a && diff a b'
check "the driver is as it was" run ./client.exe call 10 1
lacks "what is discarded can't be hooked when it is loaded" run ./kapimon.exe hook -t 1s kmntarget:KmnStart
said "it does not lie in executable memory"
check "a hook on load of a driver that is there" watch hook -S -t 4s --on-load kmntarget:KmnMsvc
run ./client.exe call 5 1
check "is in at once" watched
line "with its calls" 'KmnMsvc \[kmntarget.sys\] +entry +patch +5 +5 +0 +0 +0 +0'
check "it goes once more" run ./client.exe stop -

# The kernel's calls by a driver that comes later: names in stacks, filters by its name.
check "a function of the kernel" watch hook -t 4s -o names.kmn IoCreateSymbolicLink
check "that a driver calls which comes later" run ./client.exe start -
check "is recorded" watched
check "with its names" "$build/kapimon" show --color=never names.kmn
said COMPLETE "IoCreateSymbolicLink(" "DriverEntry+0x" "[kmntarget.sys]"
check "its module can be asked for" sh -c "$build/kapimon show --count -M kmntarget.sys names.kmn | grep -qx 1"
run ./client.exe stop -
check "a driver that comes later is required" watch hook -t 5s -M kmntarget IoCreateSymbolicLink IoDeleteSymbolicLink
run ./client.exe start -
run ./client.exe stop -
check "by a filter" watched
line "its calls are recorded" '^IoCreateSymbolicLink +entry +patch +1 +1 +0 +0 +0 +0'
line "also when it goes" '^IoDeleteSymbolicLink +entry +patch +1 +1 +0 +0 +0 +0'
unsaid "no module" "and it was there"
check "or left out" watch hook -t 4s -X kmntarget.sys -X kmnnothing IoCreateSymbolicLink
run ./client.exe start -
check "by another" watched
line "its calls are filtered" '^IoCreateSymbolicLink +entry +patch +1 +0 +1 +0 +0 +0'
said "kapimon: no module kmnnothing.sys was loaded"
run ./client.exe stop -

# Another build of the same name is not hooked, and that is told.
mkdir other
cp kmntarget.sys other/
"$patch" other/kmntarget.sys stamp
other=Z:$(printf '%s/other/kmntarget.sys' "$inside" | tr / '\134')
check "a file with another time stamp" watch hook -t 4s --on-load "$other:KmnMsvc"
check "than the driver that comes" run ./client.exe start -
lacks "makes it incomplete" watched
said "another kmntarget.sys than the file that was read was loaded 1 time: 1 function was not hooked" INCOMPLETE
line "no call was hooked" 'KmnMsvc \[kmntarget.sys\] +entry +patch +0 +0 +0 +0 +0 +1'
run ./client.exe stop -

# Changes while it records; what never comes.
check "another function is hooked" watch hook -S --control kmnchanges -t 7s -r IoCreateSymbolicLink
check "before a driver comes, one of it" send 'on-load-return kmntarget:KmnGcc'
check "it comes to that" run ./client.exe start -
check "the hook is taken out" send 'unhook kmntarget:KmnGcc'
run ./client.exe call 10 1
check "and all is well" watched
line "it has the calls before that" 'KmnGcc \[kmntarget.sys\] +return +patch +3 +3 +0 +0 +0 +0'
said COMPLETE "kmntarget.sys was loaded 1 time with 1 hook awaiting it"
run ./client.exe stop -
check "a hook on load" watch hook -S -t 1s --on-load kmntarget:KmnMsvc
check "of what does not come" watched
said COMPLETE "kmntarget.sys was not loaded: 1 hook awaited it in vain"

# Killed while it waits, and when it has come: nobody waits any more.
check "a program that waits" watch hook -S -t 50s --on-load kmntarget:KmnMsvc
run taskkill /F /IM kapimon.exe >/dev/null 2>&1
sleep 1
check "and is killed leaves nothing for a driver that comes" run ./client.exe start -
check "its functions are its own" run ./client.exe call 10 1
run ./client.exe stop -
check "a program whose driver has come" watch hook -r -S -t 50s --on-load 'kmntarget:Kmn*'
run ./client.exe start -
run taskkill /F /IM kapimon.exe >/dev/null 2>&1
sleep 1
check "and that is killed leaves no hook" run ./client.exe call 10 1
check "each of its functions can be hooked" watch hook -S -t 3s kmntarget:KmnClassic kmntarget:KmnMsvc
run ./client.exe call 5 1
check "as before" watched
line "with all calls" 'KmnClassic \[kmntarget.sys\] +entry +patch +5 +5 +0 +0 +0 +0'

# Pool: 40 blocks of 100 bytes, every fourth leaked; then another tag, which is not asked for.
check "pool memory is followed" watch mem -t 5s -T 'K  k' -o pool.kmn
run ./client.exe leak Kmnk 40 100
run ./client.exe leak Othr 40 100
check "leaks are told of" watched
said "10 blocks of Kmnk, 1,000 bytes" "dispatch+0x" "10 blocks outstanding; 1,000 bytes in all" \
	"this system does not tell its own counts of pool memory"
line "with what was freed" '^pool +40 +30 +10 +1,000 +0 +0$'
unsaid Othr "a tag that is not asked for is not followed"
check "the capture has the report, on Windows" run ./kapimon.exe mem pool.kmn
said "10 blocks of Kmnk, 1,000 bytes" "10 blocks outstanding; 1,000 bytes in all" COMPLETE
cp out reported
check "by the classic's switches too" run ./kapimon.exe /m /F pool.kmn
cp out classic
check "the same" diff reported classic
cp reported out
sed -n '/^FAMILY/,/^10 blocks outstanding/p' out >windows
check "and on Linux" "$build/kapimon" mem pool.kmn
sed -n '/^FAMILY/,/^10 blocks outstanding/p' out >linux
check "it is the same" sh -c 'test -s linux && diff linux windows'
check "its blocks have owners on Linux" "$build/kapimon" mem --by module,family pool.kmn
line "the driver and the pool" '^ +10 +1,000 .* kmntarget.sys +pool$'
check "pool memory of all tags" watch mem -t 5s
run ./client.exe free
run ./client.exe leak Abcd 8 64
run ./client.exe leak Abcd 8 32 plain
check "is followed through routines that call each other" watched
said "2 blocks of Abcd, 128 bytes" "2 blocks of ...., 64 bytes"
unsaid doubtful "and no free was missed"
unsaid Kpmn "the monitor's own blocks are left out"

# Each allocation and free as a record: paired once more, here and there, it is what the driver's table held,
# but for the stacks, of which that has the first frames alone.
report_of()
{
	sed -n '/^FAMILY/,/^[0-9]* blocks* of/p; /^[0-9]* blocks* outstanding/p' "$1"
}
check "each allocation and free is recorded" watch mem --log -t 5s -o log.kmn
run ./client.exe leak Kmnk 40 100
run ./client.exe leak Abcd 8 32 plain
run ./client.exe leak Othr 3 32
check "with the driver's report" watched
said "10 blocks of Kmnk, 1,000 bytes"
report_of out >live
check "on Windows it is paired" run ./kapimon.exe mem --log log.kmn
said COMPLETE "10 blocks of Kmnk, 1,000 bytes"
report_of out >windows
check "to the same report" sh -c 'test -s live && diff live windows'
check "on Linux too" "$build/kapimon" mem --log -n 20 log.kmn
report_of out >linux
check "to the same report there" sh -c 'diff live linux'
check "allocations are shown as calls" "$build/kapimon" show -S --color=never --tag Kmn log.kmn
line "with what they asked for" 'ExAllocatePoolWithTag\(ptr=0x[0-9a-f]+, size=100, tag="Kmnk", caller='
line "and frees" 'ExFreePool.*\(ptr=0x[0-9a-f]+, size=0, tag="Kmnk", caller=.*fate=known\)'
check "all of this tag" sh -c "$build/kapimon show --count --tag Kmn log.kmn | grep -qx 70"
head -c $(($(wc -c <log.kmn) * 9 / 10)) log.kmn >cut.kmn
lacks "without its end a capture has no table" run ./kapimon.exe mem cut.kmn
said "its end is missing" "kapimon mem --log cut.kmn"
lacks "its calls are paired, and incomplete" run ./kapimon.exe mem --log cut.kmn
said INCOMPLETE FAMILY
lacks "what has no such records can't be paired" run ./kapimon.exe mem --log pool.kmn
said "pool.kmn has no record of each allocation and free"

check "100 rounds of hooks under 4 threads" run ./client.exe toggle 100 4
sed 's/^/# /' "$work/out"
check "800 hooks are taken out one by one, while one stays and 4 threads call" run ./client.exe change 400 4
sed 's/^/# /' "$work/out"
check "buffers are replaced 200 times while 4 threads call" run ./client.exe resize 200 4
sed 's/^/# /' "$work/out"
check "20000 hostile requests" run ./client.exe fuzz 20000 7
sed 's/^/# /' "$work/out"
check "no hook was left: a call is as before" run ./client.exe call 10 1

# Killed in the middle: the handle goes, the hooks with it, and the driver can be unloaded.
check "a program that is killed" watch hook -r -t 50s kmntarget:KmnMsvc
run taskkill /F /IM kapimon.exe >/dev/null 2>&1
sleep 1
check "takes its hooks with it" run ./client.exe call 10 1
check "its function can be hooked again" watch hook -S -t 1s kmntarget:KmnMsvc
watched >seen 2>&1
check "the driver is unloaded" run ./kapimon.exe stop
lacks "and gone" run ./kapimon.exe list
check "the target is unloaded" run ./client.exe stop -
check "the service is removed" run ./kapimon.exe remove
check "the target is removed" run ./client.exe remove -
lacks "and can't be started" run ./kapimon.exe start

lacks "no driver crashed" grep -a 'Unhandled' "$work/log"
echo "1..$n"
exit $failed
