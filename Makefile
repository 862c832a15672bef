# A thin front for Meson: every target sets the machine up, configures and builds what it needs.
# `make demo` and `make check` work in a fresh clone. See `make help`.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SUITE ?=
V ?=
export V
FUZZ_SECONDS ?= 30
RUNS ?= 100000
# More for bench/peers/run, such as --only NAME,… or --original FOLDER.
PEERS ?=
# -O3 makes the library a tenth larger, and calls no faster.
RELEASE := --buildtype=release -Doptimization=2
# The same code, and the names of files for profiles.
PROFILED := -Ddebug=true

.DEFAULT_GOAL := all
.PHONY: all demo check faults churn torture install wheel deb dist sbom slim docs-output site man3 bench bench-gate bench-peers performance coverage asan tsan fuzz fuzz-merge msan cross format clean help

all: ## build the library, the command and the examples
	@scripts/setup build
	@scripts/build $(BUILD)

demo: all ## run the custom provider example: no key, no network
	@$(BUILD)/examples/custom_provider/custom_provider

check: ## run all test suites, or one of them: make check SUITE=streaming; V=1 names each test
	@scripts/setup build check
	@scripts/build --configure $(BUILD)
	@scripts/test-summary --known $(BUILD) $(SUITE)
	@scripts/build $(BUILD)
	@scripts/fetch-real $(SUITE)
	@scripts/test-summary $(BUILD) $(SUITE)

faults: ## meet the sixteen faults at full length (a minute and a half) and print the card
	@scripts/setup build
	@scripts/build $(BUILD)
	@$(BUILD)/tests/faults/faults

churn: ## a million calls on mock, a hundred thousand over loopback: nothing may be left behind
	@scripts/setup build
	@scripts/build $(BUILD)
	@$(BUILD)/tests/churn/churn

torture: ## run the command RUNS (100,000) times while its allocations fail: no crash, no hang, no wrong answer
	@scripts/setup build
	@scripts/build $(BUILD)
	@scripts/memory-torture --runs $(RUNS) $(BUILD)

install: ## install to PREFIX (/usr/local), below DESTDIR if given
	@scripts/setup build
	@scripts/install build-install "$(PREFIX)" "$(DESTDIR)" $(RELEASE)

wheel: ## build the Python package's wheel into dist/, for any Linux with glibc 2.28 or newer
	@scripts/setup build
	@scripts/wheel

deb: ## build Debian packages of what is committed in build-deb/, for this machine's Debian
	@scripts/setup build deb
	@scripts/deb

dist: ## make the archives of a release of what is committed, and their sums, in build-dist/
	@scripts/dist

sbom: all ## print what the build is made of, with versions and licences (CycloneDX)
	@scripts/sbom $(BUILD)

slim: ## build the least that is useful in build-slim: a library that needs libcurl and yyjson
	@scripts/setup core
	@scripts/build build-slim --native-file scripts/slim.ini

docs-output: ## put what commands print today into README, guides and docs/reference/
	@scripts/setup build check
	@scripts/build $(BUILD)
	@for page in reference/errors reference/options reference/telemetry providers; do \
	    $(BUILD)/tests/print_tables $${page##*/} >docs/$$page.md || exit 1; done
	@tests/docs/run_pages --write . $(BUILD) | grep -v '^ok'

site: ## make the guides, the reference and pictures as static HTML in build-site/
	@scripts/setup build site
	@scripts/build $(BUILD)
	@scripts/site $(BUILD) build-site

man3: ## write the pages of section 3 into build-man3/, for a package or a tarball
	@scripts/man3 build-man3

bench: ## print the benchmarks beside their budgets, bare libcurl and bare yyjson
	@scripts/setup build bench
	@scripts/build build-bench $(RELEASE) $(PROFILED)
	@bench/run build-bench

bench-peers: ## measure other clients beside this library, from their registries; what is missing is skipped
	@scripts/setup build bench peers
	@scripts/build build-bench $(RELEASE) $(PROFILED)
	@bench/peers/run build-bench --json build-peers/peers.json $(PEERS)

performance: ## measure this library and the other clients, and write the tables of docs/performance.md
	@scripts/setup build bench peers
	@scripts/build build-bench $(RELEASE) $(PROFILED)
	@bench/run --json bench/results/library.json build-bench
	@bench/peers/run build-bench --json bench/results/peers.json $(PEERS)
	@bench/document.py

bench-gate: ## judge instructions, bytes, allocations and ratios by bench/budgets
	@scripts/setup build bench
	@scripts/build build-bench $(RELEASE) $(PROFILED)
	@bench/run --gate build-bench

coverage: ## measure which lines and branches the tests reach (HTML in build-coverage/)
	@scripts/setup build check coverage
	@scripts/coverage build-coverage

asan: ## run the tests with the address and undefined-behaviour sanitizers
	@scripts/setup build check
	@scripts/sanitize asan build-asan $(SUITE)

tsan: ## run the tests with the thread sanitizer
	@scripts/setup build check
	@scripts/sanitize tsan build-tsan $(SUITE)

fuzz: ## run every fuzz target for FUZZ_SECONDS (30) each, two at a time
	@scripts/setup build fuzz
	@scripts/fuzz build-fuzz $(FUZZ_SECONDS)

fuzz-merge: ## keep in fuzz/corpus/ what make fuzz found that reaches more code
	@scripts/setup build fuzz
	@scripts/fuzz --merge build-fuzz

msan: ## run inputs of the fuzz targets that need no other library with the memory sanitizer
	@scripts/setup build fuzz
	@scripts/fuzz --memory build-msan 0

cross: ## compile for musl on x86-64 and aarch64, and run test suites there (SUITES names others)
	@scripts/setup build check cross
	@scripts/check-cross

format: ## format the C source in place
	@scripts/setup format
	@scripts/check-format --fix

clean: ## remove what was built; downloaded test parts in .deps/ stay
	@rm -rf $(BUILD) dist build-wheel-* build-deb build-dist build-install build-bench build-coverage build-asan build-tsan build-fuzz build-msan build-warnings-* build-slim* build-parts build-sizes* build-peers build-embed build-site build-man3 build-cross-*

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | \
	    while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
