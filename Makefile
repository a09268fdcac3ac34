# make run, make check, make check-attack, make test, make bench, make worker: whatever these need is installed and built first, once.

SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
MADE := .venv/.made
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes
CATALOGUES := $(wildcard translations/*/LC_MESSAGES/*.po)

# What pip and npm keep for the next time stays inside the checkout, like everything else.
export PIP_CACHE_DIR := $(CURDIR)/.venv/.cache/pip
export npm_config_cache := $(CURDIR)/.venv/.cache/npm
export FLASK_APP := app

.DEFAULT_GOAL := help
.PHONY: help run worker check check-attack test bench setup setup-tests assets clean
.DELETE_ON_ERROR:

help:  ## Show what can be made.
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

run: setup  ## Run the CRM: web, workers, scheduler, Redis. Ctrl-C stops it.
	@exec $(BIN)/python -m crm

worker: setup  ## Run one more worker, here or on another machine.
	@exec $(BIN)/python -m crm worker

check: setup setup-tests  ## Run what answers soon: lint, and the tests on SQLite without browser. ARGS="-k word" chooses.
	@$(call run_tests,--database sqlite -m "not browser and not slow")

test: setup setup-tests  ## Run everything: lint, both databases, browser, then the attacks. ARGS="-k word" chooses.
	@$(call run_tests,-m "not attack",$(ATTACK) || [ $$? = 5 ] || failed=1;)

# Lint and tests; what fails first does not keep the rest from being seen.
define run_tests
failed=0; \
$(BIN)/ruff check . || failed=1; \
$(BIN)/ruff format --check . || failed=1; \
$(BIN)/python -m pytest -n $(or $(JOBS),2) --dist worksteal --durations 20 $(1) $(ARGS) || failed=1; \
$(2) exit $$failed
endef

# Alone, because what an attacked installation promises in seconds is promised of the whole machine.
ATTACK = $(BIN)/python -m pytest -m attack --durations 10 $(ARGS)

check-attack: setup setup-tests  ## Attack a started installation: slow and many clients, kills, bad days of Redis and databases.
	@exec $(ATTACK)

bench: setup setup-tests  ## Measure; prints a line of JSON per measurement. ARGS="list_page" chooses.
	@exec $(BIN)/python -m tests.bench $(ARGS)

clean:  ## Remove what was installed and built. Your data in instance/ stays.
	rm -rf .venv node_modules static/vendor

setup: $(MADE)/packages $(MADE)/commands $(MADE)/translations $(MADE)/assets

setup-tests: $(MADE)/test-packages

assets: $(MADE)/assets  ## Fetch and build the front-end files.

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed. Name it: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@mkdir -p $@

$(MADE)/packages: requirements.txt | $(MADE)
	$(PIP) -r requirements.txt
	@touch $@

# What `flask` would load for commands that are not ours.
$(MADE)/commands: crm/runtime/plugin_commands.py $(MADE)/packages
	$(BIN)/python -m crm.runtime.plugin_commands
	@touch $@

$(MADE)/test-packages: tests/requirements.txt $(MADE)/packages
	$(PIP) -r tests/requirements.txt
	@touch $@

$(MADE)/node: static/requirements-node.txt $(MADE)/packages
	command -v npm >/dev/null || $(PIP) -r static/requirements-node.txt
	@touch $@

$(MADE)/assets: package-lock.json static/icons.txt crm/web/assets.py $(wildcard schemas/entities/*.yaml) $(MADE)/node
	$(BIN)/python -m crm.web.assets
	@touch $@

$(MADE)/translations: $(CATALOGUES) $(MADE)/packages
	$(if $(CATALOGUES),$(BIN)/pybabel -q compile -d translations)
	@touch $@
