# SPDX-License-Identifier: GPL-2.0-or-later
# Names for what one does here; the work itself is in meson.build, scripts/ and tests/.

BUILD ?= build
# The lab's kernels that samples, VM tests and benchmarks run on.
KERNELS ?= 6.1 6.12
PREFIX ?= /usr/local
# How long each fuzzer runs.
SECONDS ?= 600
export BUILD KERNELS

.PHONY: help deps build build-nt samples demo test test-nt fuzz bench check format install clean

help:
	@echo 'make demo      build, then watch kernel functions in the lab, on a stock kernel'
	@echo 'make test      unit tests, plain and sanitized, and the VM tests on: $(KERNELS)'
	@echo 'make test-nt   TRACE.SYS and KAPIMON.EXE, under Wine'
	@echo 'make fuzz      the fuzzers, $(SECONDS) seconds each'
	@echo 'make check     style, licences, man pages, shell scripts'
	@echo 'make bench     Kapimon beside other tools, written to docs/performance.md (hours)'
	@echo 'make build     the program: $(BUILD)/kapimon'
	@echo 'make build-nt  KAPIMON.EXE and TRACE.SYS: $(BUILD)-nt-x64, $(BUILD)-nt-i386'
	@echo 'make samples   the sample modules, for: $(KERNELS)'
	@echo 'make format    bring the C files into style'
	@echo 'make install   install to $$(PREFIX), now $(PREFIX)'
	@echo 'make clean     remove the build folders'

deps:
	@scripts/install-deps.sh

build: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD)

build-nt: deps
	@test -f $(BUILD)-nt-x64/build.ninja || \
		meson setup $(BUILD)-nt-x64 --cross-file cross/windows-x86_64.ini
	@test -f $(BUILD)-nt-i386/build.ninja || \
		meson setup $(BUILD)-nt-i386 --cross-file cross/windows-i686.ini
	@ninja -C $(BUILD)-nt-x64
	@ninja -C $(BUILD)-nt-i386

samples: build
	@for kernel in $(KERNELS); do \
		scripts/build-samples.sh $$kernel $(BUILD)/samples/$$kernel || exit 1; \
	done

demo: build
	@scripts/demo.sh

test: build
	@scripts/test.sh

test-nt: build build-nt
	@tests/nt/run.sh $(BUILD)

fuzz: deps
	@scripts/fuzz.sh $(SECONDS)

bench: build
	@bench/run.sh

check: deps
	@scripts/check.sh

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

install: build
	meson configure $(BUILD) --prefix=$(PREFIX)
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz $(BUILD)-nt-x64 $(BUILD)-nt-i386
