# SPDX-License-Identifier: Apache-2.0
# Everything a developer does here, by name. `make` alone prints the list.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON := $(shell command -v python3.11 || command -v python3)
UV     := uv==0.13.9
STAMP  := $(VENV)/.installed
TESTS  ?= tests
WORKERS ?= 2
# A file of tests stays with one worker: what it sets up (a service, a browser, a municipality) is set up once.
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Commands that tests start, and people: compiled once, whatever the machine's own setting.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(STAMP) ## make .venv with everything in it (needs Python 3.11 or newer)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Avlest needs Python 3.11 or newer; $(PYTHON) is older" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(UV)'

$(STAMP): requirements.lock pyproject.toml | $(BIN)/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes --requirement requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

.PHONY: lock
lock: | $(BIN)/uv ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --quiet --upgrade \
	  --custom-compile-command 'make lock' --output-file requirements.lock

.PHONY: demo
demo: install ## a make-believe municipality, from telegram to screen: prints the address and the log-ins
	@$(BIN)/avlest demo

# Where PostgreSQL is installed (with CI=true it must be), quick tests that touch a database run on it too; pages are walked on
# SQLite alone, because the SQL below them is tested in the rooms it belongs to.
.PHONY: test
test: install ## run the whole test suite (quick database tests twice where PostgreSQL is installed)
	AVLEST_TEST_DATABASE=sqlite $(BIN)/pytest $(TESTS) $(SPREAD)
	@if [ "$$CI" = true ] || $(BIN)/python -m tests.support.services postgres; then \
	  AVLEST_TEST_DATABASE=postgres $(BIN)/pytest $(TESTS) $(SPREAD) -q -m "database and not slow" --ignore tests/portal \
	  || [ $$? -eq 5 ]; fi

.PHONY: lint
lint: install ## style, types, room order, and whether the generated pages are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.generate_docs --check
	$(BIN)/python -m scripts.messages --check

.PHONY: assets
assets: install ## repeat the copy of the portal's style sheets and scripts from npm, and compare
	$(BIN)/python -m scripts.vendor_assets --check

.PHONY: bench
bench: install ## measure the hot paths, one after the other
	@for bench in decode vee alarms leaks settle settle_run invoices simulate web web_map; do \
	  echo "== $$bench"; PYTHONPATH=. $(BIN)/python bench/$$bench.py || exit 1; done

.PHONY: fuzz
fuzz: install ## throw a million damaged telegrams at the decoder, and compare both decoders on 100,000
	$(BIN)/python -m fuzz.decode --count 1000000
	AVLEST_TEST_TELEGRAMS=100000 $(BIN)/pytest tests/catalogue/test_columnar_equals_scalar.py -n $(WORKERS) -q

.PHONY: conformance
conformance: install ## score `avlest decode` against the shared vectors, per meter family
	$(BIN)/python -m scripts.conformance

.PHONY: services
services: install ## start a mosquitto and a PostgreSQL for development in .run/
	$(BIN)/python -m scripts.services start

.PHONY: services-stop
services-stop: install ## stop what `make services` started
	$(BIN)/python -m scripts.services stop

.PHONY: docs
docs: install ## write the generated pages of docs/reference anew
	$(BIN)/python -m scripts.generate_docs

.PHONY: clean
clean: ## remove .venv and everything that was built or cached
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
