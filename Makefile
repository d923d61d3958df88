# Everything a developer does, one line each; the work itself is in scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## Check what is missing, install what can be installed
	@scripts/setup.sh

test: setup ## Everything CI runs: formatting, lints, docs, unit, Git, cluster and browser tests
	@scripts/test.sh

quick: ## Formatting, lints and the tests that need no cluster and no browser
	@scripts/test.sh quick

fmt: ## Format the code
	cargo fmt --all

lint: ## Lints as CI sees them
	cargo clippy --release --workspace --all-targets -- -D warnings

snapshots: ## Review changed snapshots
	cargo insta review

bench: setup ## Measure: renders, and the whole agent on the local control plane
	@scripts/bench.sh

bench-helm: ## Measure charts beside Helm's own engine in process (needs Go)
	@scripts/bench-helm.sh

fuzz: ## Fuzz templates, YAML and chart archives, ten minutes each (needs cargo-fuzz and a nightly compiler)
	@scripts/fuzz.sh

conformance: ## Compare with the golden corpus beside the project
	@scripts/conformance.sh

doc: ## The libraries' documentation
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

deny: ## Licences and advisories of the dependencies
	cargo deny check licenses bans sources

manifests: ## Write the CRDs from the types
	@scripts/manifests.sh

image: ## Put the container image together, without a daemon
	@scripts/image.sh

demo: setup ## The whole story on a local control plane; Ctrl-C ends it
	@scripts/demo.sh

demo-release: ## Push a release into the demo's environment repository: make demo-release TAG=1.1.0
	@scripts/demo-release.sh "$(TAG)"

clean: ## Remove what was built (the control plane's cache stays)
	cargo clean

.PHONY: help setup test quick fmt lint snapshots bench bench-helm fuzz conformance doc deny manifests image demo demo-release clean
