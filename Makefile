# Every target sets up what it needs by itself; `scripts/setup` says what is missing when it cannot.
#
#   make run     build, show `malai demo`, then leave the engine serving until Ctrl-C
#   make test    unit, property and end-to-end tests, and the examples in the docs
#   make check   format, spelling, lints, docs, dependencies
#   make bench   side-by-side measurements, as ratios

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
MALAI := $(TARGET_DIR)/debug/malai
NEXTEST_PROFILE := $(if $(CI),ci,default)

.PHONY: help run build test check bench fmt clean

help:
	@sed -n 's/^#   \(make .*\)/\1/p' Makefile

run: build
	$(MALAI) demo
	$(MALAI) serve

build:
	scripts/setup build
	cargo build $(WORKSPACE)

test:
	scripts/setup build test
	cargo build $(WORKSPACE)
	cargo test --doc --workspace --locked
	cargo nextest run --workspace --locked --profile $(NEXTEST_PROFILE)

check:
	scripts/setup build check
	cargo fmt --all --check
	scripts/typos
	cargo clippy $(WORKSPACE) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked
	scripts/deny

bench:
	scripts/setup build bench
	cargo build --release --workspace --bins --locked
	bench/run $(BENCH_ARGS)

fmt:
	cargo fmt --all

clean:
	cargo clean
