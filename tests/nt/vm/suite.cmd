@echo off
rem SPDX-License-Identifier: GPL-2.0-or-later
rem What runs inside an NT machine, from the folder with the programs, which it writes its results to:
rem results.tap, log.txt and the captures. tests/nt/vm/run.sh makes the folder and reads them.
rem Plain enough for the shell of NT 5.0 and for Wine's.
cd /d %~dp0
echo # begun>results.tap
ver >log.txt
rem the service manager may still be starting
call :sleep 6
call :check "the service is installed" kapimon install
call :check "the driver is loaded" kapimon start
call :check "modules are listed" kapimon list
call :check "the target is installed" client install kmntarget.sys
call :check "the target is loaded" client start -
start /b kapimon hook -r -t 10s -o calls.kmn --force kmntarget:KmnClassic kmntarget:KmnMsvc kmntarget:KmnData >>hook.txt 2>&1
call :sleep 5
call :check "hooked functions return what they should" client call 50 2
call :sleep 8
start /b kapimon mem --log -t 10s -T Kmnk -o pool.kmn --force >>mem.txt 2>&1
call :sleep 5
call :check "pool memory is leaked" client leak Kmnk 40 100
call :sleep 8
call :check "it is freed" client free
call :check "100 rounds of hooks under 4 threads" client toggle 100 4
call :check "20000 hostile requests" client fuzz 20000 7
call :check "no hook was left" client call 10 1
call :check "the driver is unloaded" kapimon stop
call :check "the target is unloaded" client stop -
call :check "the service is removed" kapimon remove
call :check "the target is removed" client remove -
echo # ended>>results.tap
goto :eof

:check
echo == %~1 >>log.txt
%2 %3 %4 %5 %6 %7 %8 %9 >>log.txt 2>&1
if errorlevel 1 (echo not ok - %~1>>results.tap) else (echo ok - %~1>>results.tap)
goto :eof

:sleep
ping -n %1 127.0.0.1 >nul 2>&1
goto :eof
