# What a developer types. Each target needs nothing but Python 3.11 or later, make and the registries.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
CATALOGUES := $(wildcard src/parley/locale/*/LC_MESSAGES/django.po)
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Tests open their databases below var/; whatever the shell has set for an installation stays out of them.
QUIET := env -u DATABASE_URL -u PARLEY_CELLS -u PARLEY_DATA -u REDIS_URL -u PARLEY_SMTP_RELAY
TESTS ?= tests
WORKERS ?= auto
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadfile
CELLS = PARLEY_CELLS="eu1=$(1)eu1$(2) us1=$(1)us1$(2)"

.PHONY: help install run test test-cells test-postgres check bench soak clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

install: $(STAMP) $(CATALOGUES:.po=.mo) ## everything a developer needs, into .venv

$(STAMP): requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $(STAMP)

%.mo: %.po | $(STAMP)
	$(BIN)/python tools/translations.py compile $<

run: install ## pages, workers and mail on this machine
	$(BIN)/parley serve

test: install ## all tests on one SQLite file, browser flows included
	PARLEY_CHROMIUM="$$(tools/browser.sh)" $(QUIET) $(PYTEST) $(TESTS)

test-cells: install ## all tests but the browser's on a directory and two cells
	$(QUIET) DATABASE_URL=sqlite:///var/test/directory.sqlite3 \
		$(call CELLS,sqlite:///var/test/,.sqlite3) $(PYTEST) --ignore tests/browser $(TESTS)

test-postgres: install ## all tests but the browser's on PostgreSQL: one database, then directory and two cells
	url="$$(tools/postgres.sh)"; \
	$(QUIET) DATABASE_URL="$$url/parley" $(PYTEST) --ignore tests/browser $(TESTS); \
	$(QUIET) DATABASE_URL="$$url/parley" $(call CELLS,$$url/parley_,) \
		$(PYTEST) --ignore tests/browser $(TESTS)

check: install ## format, lint, types, layers, migrations, templates, translations, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(QUIET) PARLEY_DATA=var/check $(BIN)/parley makemigrations --check --dry-run
	$(BIN)/python tools/translations.py check
	$(QUIET) $(BIN)/pytest tests/architecture -q -p no:xdist

bench: install ## figures into docs/performance.md
	PARLEY_TEST_POSTGRES="$$(tools/postgres.sh)" $(QUIET) $(BIN)/python -m bench --write

soak: install ## long chaos runs; the seed is printed, the result goes into docs/reliability.md
	$(QUIET) $(BIN)/python -m soak --write

clean: ## caches and test databases; data in var/ stays
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .hypothesis var/test var/check
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
