# Setu. `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The version stamp is left out: a build must not need git.
export GOFLAGS := -buildvcs=false $(filter-out -buildvcs=%,$(GOFLAGS))
# go-sqlite3 is C.
export CGO_ENABLED := 1

GO        ?= go
# Options for the gateway: make run ARGS="--data /tmp/setu".
ARGS      ?=
PKG       ?= ./...
FUZZTIME  ?= 10s
BENCH     ?= .
BENCHTIME ?= 1s
TOOL      := $(GO) tool -modfile=test/tools.mod
# Not in test/tools.mod: its dependencies would mix with those of the other tools.
GOLANGCI  := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help
help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what a build and the tests need (Debian packages, node modules)
	@scripts/setup test

.PHONY: build
build: ## build bin/setu and bin/setu-verify
	@scripts/setup build
	$(GO) build -trimpath -o bin/setu ./cmd/setu
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/setu-verify ./cmd/setu-verify

.PHONY: run
run: build ## start the gateway in its sandbox on loopback; Ctrl-C ends it
	@scripts/setup run
	bin/setu serve $(ARGS)

.PHONY: fabric
fabric: build ## run a Hyperledger Fabric network on loopback with the contract on it (ARGS="--bft --orgs 2")
	$(GO) run ./test/fabricnet/run $(ARGS)

# Before the tests, whose time is limited: the first build takes minutes.
.PHONY: fabric-commands
fabric-commands:
	@for command in cryptogen configtxgen orderer peer; do \
		(cd test/fabricnet/tools && $(GO) tool -n github.com/hyperledger/fabric/cmd/$$command >/dev/null) || \
		{ echo "Fabric's commands cannot be built here: the tests that need them are skipped" >&2; break; }; done

# The packages below test start gateways, many at a time: one package after another.
.PHONY: test
test: setup fabric-commands ## all tests with the race detector (PKG=./channels/... for some)
ifeq ($(PKG),./...)
	$(GO) test -race -shuffle=on -timeout 600s $$($(GO) list ./... | grep -v '^setu/test/')
	$(GO) test -race -shuffle=on -timeout 1200s -p 1 ./test/...
else
	$(GO) test -race -shuffle=on -timeout 1200s $(PKG)
endif

.PHONY: lint
lint: ## formatting, vet, staticcheck, the rules of the house
	@scripts/setup build
	@unformatted="$$($(TOOL) gofumpt -l .)"; if [ -n "$$unformatted" ]; then \
		printf 'not gofumpt-clean (make fmt mends it):\n%s\n' "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GO) test -count=1 ./test/arch

.PHONY: lint-all
lint-all: lint ## lint, and golangci-lint (its first build takes minutes)
	$(GOLANGCI) run ./...

.PHONY: fmt
fmt: ## format all Go files
	$(TOOL) gofumpt -w .

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (10s)
	@scripts/fuzz $(FUZZTIME) $(PKG)

.PHONY: nightly
nightly: ## 200 seeds of kills and power cuts, three virtual days of outage, a minute for each fuzz target: hours
	@.ci/nightly

.PHONY: bench
bench: ## Go benchmarks (BENCH=regexp, BENCHTIME=1s); `bin/setu bench sms` drives a gateway
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime=$(BENCHTIME) $(PKG)

.PHONY: soak
soak: build ## 30 minutes of calls of all kinds against a running gateway (make run), and what is left of them (ARGS="--soak 5m --calls 100")
	bin/setu bench ivr --soak 30m --calls 500 --rate 50 $(ARGS)

.PHONY: clean
clean: ## remove bin; data stays
	rm -rf bin
