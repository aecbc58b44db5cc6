# Every target sets up what it needs by itself; `scripts/setup` says what is missing when it cannot.
#
#   make run          build and start malai: in the tray, or without a display as `malai serve --ui`
#   make test         unit, property and end-to-end tests, and the examples in the docs
#   make faults       real faults, one by one; writes docs/reliability.md
#   make soak         30 minutes of mixed load with faults; SOAK=60s makes it shorter
#   make check        format, spelling, lints, types, docs, dependencies
#   make fuzz         what strangers can send, thrown at what reads it
#   make bench        side-by-side measurements, as ratios; writes docs/performance.md
#   make bench-quick  this malai beside that of the last release; fails where it is slower
#   make package      the packages of this system, into target/release/bundle
#   make screenshots  the pictures of the README, from the real application

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# rustup and `cargo install` put their programs here, and a first set-up happens in this same shell.
export PATH := $(HOME)/.cargo/bin:$(PATH):/usr/sbin:/sbin

# A test that fails says why; where in the test's own code is in the message already.
export RUST_LIB_BACKTRACE ?= 0

# One target directory and one set of features (the whole workspace with its tests) for every
# target, so that nothing is compiled twice.
TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
WORKSPACE := --workspace --all-targets --locked
BUILT := $(TARGET_DIR)/debug
NEXTEST_PROFILE := $(if $(CI),ci,default)

# What the fault suite and the soak have seen, for docs/reliability.md.
RECORDS := $(TARGET_DIR)/faults
SOAK ?= 30m

FUZZ_SECONDS ?= 60

.PHONY: help run build test faults soak check fuzz bench bench-quick package screenshots fmt clean

help:
	@sed -n 's/^#   \(make .*\)/\1/p' Makefile

run: build
ifneq ($(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname -s))),)
	$(BUILT)/malai-desktop
else
	$(BUILT)/malai serve --ui
endif

build:
	scripts/setup build
	cargo build $(WORKSPACE)

test:
	scripts/setup build test
	$(MAKE) node_modules/.package-lock.json
	npm test
	cargo build $(WORKSPACE)
	cargo test --doc --workspace --locked
	cargo nextest run --workspace --locked --profile $(NEXTEST_PROFILE)

# The soak of `make soak` stays where there was one; else it is as short as that of `make test`.
faults:
	scripts/setup build test
	cargo build $(WORKSPACE)
	test -e $(RECORDS)/soak.md || $(MAKE) soak SOAK=60s
	rm -f $(RECORDS)/*.json
	FAULTS_RECORDS=$(RECORDS) cargo nextest run --workspace --locked --no-fail-fast \
		-E 'binary(faults) & !test(/soak|every_scenario/)'
	$(BUILT)/reliability $(RECORDS)

# By cargo and not by nextest, which ends what takes minutes.
soak:
	scripts/setup build test
	cargo build $(WORKSPACE)
	FAULTS_RECORDS=$(RECORDS) SOAK=$(SOAK) cargo test --workspace --locked --test faults -- \
		--nocapture --exact soak::soak_at_mixed_load_with_faults

check:
	scripts/setup build check
	cargo fmt --all --check
	scripts/typos
	$(MAKE) node_modules/.package-lock.json
	npm run check
	cargo clippy $(WORKSPACE) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked
	scripts/deny

fuzz:
	scripts/setup build
	scripts/fuzz $(FUZZ_SECONDS)

bench:
	scripts/setup build bench
	cargo build --release -p malai-cli --bin malai --locked
	cargo build --release -p malai-p2p --example raw --locked
	cargo build --release -p e2e --bin lab-relay --locked
	bench/run --page docs/performance.md $(BENCH_ARGS)

# Ten minutes at most, and once those of building the other malai; `scripts/baseline` finds it.
bench-quick:
	scripts/setup build bench
	cargo build --release -p malai-cli --bin malai --locked
	before=$$(scripts/baseline) && bench/quick --before "$$before" $(BENCH_ARGS)

package:
	scripts/setup build package
	scripts/package

screenshots: build
	scripts/setup screenshots
	scripts/screenshots

# What checks the web UI; `scripts/setup` has brought npm.
node_modules/.package-lock.json: package-lock.json
	npm ci
	touch $@

fmt:
	cargo fmt --all

clean:
	cargo clean
