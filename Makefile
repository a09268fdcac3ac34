# make run, make test, make bench, make worker: everything else these need happens by itself, once.

SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
STAMPS := .venv/.made
CATALOGUES := $(wildcard translations/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.PHONY: help run test bench worker setup setup-tests assets clean
.DELETE_ON_ERROR:

help:  ## Show what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: setup  ## Install what is missing, then run the whole app; Ctrl-C stops it.
	@exec $(BIN)/python -m crm.processes

worker: setup  ## Run one more worker, here or on another machine.
	@exec $(BIN)/python -m crm.processes worker

test: setup setup-tests  ## Run everything: lint, both databases, browser.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n $(or $(JOBS),2) --dist worksteal $(ARGS)

bench: setup setup-tests  ## Measure; prints one line of JSON per measurement.
	@$(BIN)/python -m tests.bench $(ARGS)

setup: $(STAMPS)/packages $(STAMPS)/translations $(STAMPS)/assets

setup-tests: $(STAMPS)/test-packages

clean:  ## Remove what was installed and built; your data in instance/ stays.
	rm -rf .venv node_modules static/vendor

$(BIN)/python:
	$(PYTHON) -m venv .venv

$(STAMPS): | $(BIN)/python
	mkdir -p $@

$(STAMPS)/packages: requirements.txt | $(STAMPS)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(STAMPS)/test-packages: tests/requirements.txt $(STAMPS)/packages | $(STAMPS)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r tests/requirements.txt
	touch $@

$(STAMPS)/translations: $(CATALOGUES) $(STAMPS)/packages | $(STAMPS)
	$(if $(CATALOGUES),$(BIN)/pybabel -q compile -d translations)
	touch $@

$(STAMPS)/assets: package-lock.json crm/web/assets.py $(STAMPS)/packages | $(STAMPS)
	$(BIN)/python -m crm.web.assets
	touch $@
