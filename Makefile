# Thin by intent: what depends on what, and one command each. Nothing is done twice: what is
# installed or built leaves a stamp, and a stamp is newer than what it was made from.

GRPCURL_VERSION := v1.9.4
PYANG_VERSION := 2.7.1

# Where `make install` puts things; DESTDIR is for those who make packages of it.
PREFIX := /usr/local

stamps := build/stamps
sources := $(shell find src tools/generate tools/service tools/btf tools/libyang -name '*.ts')
export PATH := $(CURDIR)/build/tools:$(CURDIR)/build/venv/bin:$(PATH)

.PHONY: build demo test check unit kernel e2e generate bench fuzz start install package deps bpf clean
.DEFAULT_GOAL := build

build: dist/.built bpf

deps: $(stamps)/apt $(stamps)/npm build/tools/grpcurl build/venv/bin/pyang

bpf: $(stamps)/apt
	@$(MAKE) --no-print-directory -C bpf

demo: build build/tools/grpcurl
	@examples/demo.sh

# Checks, then unit, kernel and e2e tests; the last line is `N passed, N failed`. Of the unit tests the
# coverage is measured, and may only rise (test/coverage.json).
test: build deps package
	@node --import tsx tools/run-tests.ts check unit kernel e2e

check: build deps
	@node --import tsx tools/run-tests.ts check

unit: $(stamps)/npm
	@node --import tsx tools/run-tests.ts unit

kernel: build
	@node --import tsx tools/run-tests.ts kernel

e2e: build deps package
	@node --import tsx tools/run-tests.ts e2e

# Checked in; only after a change of a model, of a program's maps or of a generator.
generate: $(stamps)/npm bpf
	@node --import tsx tools/generate/main.ts
	@node --import tsx tools/generate-bpf.ts
	@node --import tsx tools/core-descriptors.ts
	@node --import tsx tools/generate/main.ts -p examples/packetcounter -p yang -p yang/base \
		--lock examples/packetcounter/packetcounter.lock.json --out build/examples packetcounter

bench: build
	@npm run --silent bench

# Every property again with many more runs and a new seed; a failure prints the seed.
fuzz: build
	@FUZZ_RUNS=$${FUZZ_RUNS:-20000} npx mocha --timeout 0 --file test/support/fuzz.ts \
		$$(grep -rlE 'from "fast-check"' test --include='*.test.ts' | grep -v kernel)

start: build
	@exec bin/yangplaned

# The programs for everybody on this machine, and the systemd unit: `systemctl enable --now yangplaned`.
install: package
	npm install --global --prefix '$(DESTDIR)$(PREFIX)' --omit=dev --no-audit --no-fund build/package/yangplane-*.tgz
	install -d '$(DESTDIR)$(PREFIX)/lib/systemd/system'
	sed 's|/usr/local|$(PREFIX)|' packaging/yangplaned.service \
		>'$(DESTDIR)$(PREFIX)/lib/systemd/system/yangplaned.service'

# npm's tarball, with the compiled programs and BPF objects in it.
package: build
	@mkdir -p build/package && rm -f build/package/*.tgz
	npm pack --silent --pack-destination build/package

dist/.built: $(sources) tsconfig.json tsconfig.build.json $(stamps)/npm
	npx tsc -p tsconfig.build.json
	@touch $@

$(stamps)/apt: packaging/install-deps.sh
	@packaging/install-deps.sh
	@mkdir -p $(@D) && touch $@

$(stamps)/npm: package-lock.json
	npm ci --no-progress
	@mkdir -p $(@D) && touch $@

build/tools/grpcurl: Makefile
	@command -v go >/dev/null || { echo "make: grpcurl needs go (https://go.dev/dl), which is not in PATH" >&2; exit 1; }
	@mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) GOFLAGS=-mod=mod go install github.com/fullstorydev/grpcurl/cmd/grpcurl@$(GRPCURL_VERSION)
	@touch $@

build/venv/bin/pyang: Makefile $(stamps)/apt
	python3 -m venv build/venv
	build/venv/bin/pip install --quiet pyang==$(PYANG_VERSION)
	@touch $@

clean:
	rm -rf build dist
