# OpenLedger: `make demo` and `make test` set up all they need. Python >= 3.11 with venv, make and git are assumed; nothing else is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint types unit contracts-test brownie-test content-test e2e bench clean
.PHONY: anchors integrations-test forge-test differential-test fuzz gas coverage
.PHONY: peers peers-test bench-attribution bench-provenance attribution-bank

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAGE := bash scripts/stage.sh
PYTEST := $(BIN)/python -m pytest -p no:pytest-brownie -q
PEERS := benchmarks/attribution/peers/site

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

setup: $(VENV)/.ready node_modules/.ready build/.ready  ## install everything into .venv and node_modules, compile the contracts

# torch goes first and alone: resolved together with the rest, pip may choose a build with several GB of CUDA
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(STAGE) "python: virtual environment" $(PYTHON) -m venv $(VENV)
	@$(STAGE) "python: torch" $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0 numpy
	@$(STAGE) "python: packages" $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	@touch $@

node_modules/.ready: package-lock.json $(VENV)/.ready
	@$(STAGE) "node: anvil, from the committed lock" $(BIN)/python scripts/npm.py ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

build/.ready: $(VENV)/.ready $(wildcard contracts/*.vy contracts/modules/*.vy contracts/interfaces/*.vyi)
	@$(STAGE) "contracts: compile" $(BIN)/python -c "from pathlib import Path; from chain.artifacts import ensure_all; ensure_all(Path.cwd())"
	@touch $@

demo: setup  ## the whole loop on real input, about five minutes; ends with reports/demo/report.html
	@$(BIN)/openledger demo

up: setup  ## all services on this machine, until Ctrl-C
	@$(BIN)/openledger up

test: setup  ## everything that continuous integration runs
	@$(MAKE) --no-print-directory lint types unit contracts-test brownie-test integrations-test forge-test differential-test content-test peers-test e2e
	@echo "── all stages passed"

lint: setup
	@$(STAGE) "ruff" $(BIN)/ruff check .
	@$(STAGE) "ruff format" $(BIN)/ruff format --check --quiet .
	@$(STAGE) "pip check" $(BIN)/python -m pip check

types: setup
	@$(STAGE) "mypy --strict" $(BIN)/mypy

unit: setup
	@$(STAGE) "unit and integration tests" $(PYTEST) tests --ignore=tests/contracts --ignore=tests/brownie --ignore=tests/content --ignore=tests/e2e --ignore=tests/integrations --ignore=tests/benchmarks/attribution/peers

contracts-test: setup
	@$(STAGE) "contract tests" $(PYTEST) -n 2 tests/contracts

brownie-test: setup
	@$(STAGE) "brownie test" $(BIN)/brownie test

benchmarks/anchors/node_modules/.ready: benchmarks/anchors/package-lock.json $(VENV)/.ready
	@$(STAGE) "node: forge, solc, anchors" $(BIN)/python scripts/npm.py --prefix benchmarks/anchors ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

anchors: setup benchmarks/anchors/node_modules/.ready  ## forge, solc and the contracts that ours are compared with

integrations-test: anchors
	@$(STAGE) "integrations: Solidity and JavaScript" $(PYTEST) tests/integrations

forge-test: anchors
	@$(STAGE) "forge: invariants" $(BIN)/python -m tests.forge.run --profile ci --at-least 200000

differential-test: anchors
	@$(STAGE) "forge: beside OpenZeppelin" $(BIN)/python -m tests.forge.run --profile ci --path 'suites/differential/*' --at-least 20000

tests/content/daemon/node_modules/.ready: tests/content/daemon/package-lock.json $(VENV)/.ready
	@$(STAGE) "node: an IPFS daemon to test against" $(BIN)/python scripts/npm.py --prefix tests/content/daemon ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

content-test: setup tests/content/daemon/node_modules/.ready  ## content IDs against a real Kubo, the RPC client against a real daemon
	@$(STAGE) "content tests" env OPENLEDGER_IPFS_DAEMON=required $(PYTEST) tests/content

# their dependencies never enter the project's environment
$(PEERS)/.ready: benchmarks/attribution/peers/requirements.txt $(VENV)/.ready
	@$(STAGE) "peers: bergson, kronfluence, dattri" $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --upgrade --target $(PEERS) -r $<
	@touch $@

peers: setup $(PEERS)/.ready  ## the attribution libraries that ours is compared with

peers-test: peers
	@$(STAGE) "peers: equal scores" $(PYTEST) tests/benchmarks/attribution/peers

e2e: setup  ## the loop on a tiny random model
	@$(STAGE) "end-to-end tests" $(PYTEST) tests/e2e

bench: demo  ## the demo, and its figures into benchmarks/results/
	@$(BIN)/python benchmarks/demo.py

bench-attribution: peers  ## methods of influence beside bergson, kronfluence and dattri; into benchmarks/results/
	@$(BIN)/python -m benchmarks.attribution --keep

bench-provenance: setup  ## what pays, against retraining of the demo's model, about 25 CPU-minutes; into benchmarks/results/
	@$(BIN)/python -m benchmarks.provenance --keep

attribution-bank: setup  ## retrain the bank of adapters anew, about 15 CPU-minutes
	@$(BIN)/python -m benchmarks.attribution.build_bank

gas: anchors  ## what each operation costs, beside the anchors; into benchmarks/results/
	@$(BIN)/python -m benchmarks.gas --keep

coverage: setup  ## lines and branches of the contracts that their tests reach; into benchmarks/results/
	@$(BIN)/python -m tests.vyper_coverage --workers 2 --keep benchmarks/results

fuzz: anchors  ## long random runs, and seeded faults that they must find; into benchmarks/results/
	@$(BIN)/python -m tests.forge.run --profile fuzz --at-least 2000000 | tee benchmarks/results/fuzz-invariants.txt
	@$(BIN)/python -m tests.forge.run --profile fuzz --path 'suites/differential/*' --at-least 100000 | tee benchmarks/results/fuzz-differential.txt
	@$(BIN)/python -m tests.forge.faults | tee benchmarks/results/fuzz-faults.txt

clean:  ## remove what make made
	rm -rf $(VENV) node_modules build reports .openledger tests/content/daemon/node_modules benchmarks/anchors/node_modules $(PEERS)
