# Every target sets up what it needs first; `make help` lists them.
PYTHON ?= python3
CONFIG ?= recsys.toml
VENV := .venv
BIN := $(VENV)/bin
RECSYS := $(BIN)/recsys
INSTALLED := $(VENV)/.installed
EXTRAS := training,serving,minilm,parquet,pictures,excel,remote,postgresql,redis,dev
PORT ?= 8000
PARALLEL := --numprocesses 3 --dist worksteal

unexport PYTHONDONTWRITEBYTECODE # hundreds of processes of the tests would compile every module again

.DEFAULT_GOAL := help
.PHONY: help install train serve evaluate tune bench test soak check format clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

install: $(INSTALLED) ## .venv with everything, in the pinned versions

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

train: $(INSTALLED) ## train on the configured data and publish (CONFIG=recsys.toml)
	$(RECSYS) train --config $(CONFIG)

serve: $(INSTALLED) ## serve the current model, training one first if there is none (PORT=8000)
	@$(RECSYS) models list --json --config $(CONFIG) | grep -q '"current": true' || $(RECSYS) train --config $(CONFIG)
	$(RECSYS) serve --config $(CONFIG) --port $(PORT)

evaluate: $(INSTALLED) ## compare the model with its parts and with baselines on held-out interactions
	$(RECSYS) evaluate --config $(CONFIG)

tune: $(INSTALLED) ## search hyper-parameters and print the best as TOML
	$(RECSYS) tune --config $(CONFIG)

bench: $(INSTALLED) ## quality on the public data sets in ../shared/data beside published figures, and what the service costs (80 minutes)
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.search

test: $(INSTALLED) ## all tests, in three processes, as many of them wait; the slowest 40 are listed
	$(BIN)/python -m pytest $(PARALLEL) --durations=40

soak: $(INSTALLED) ## the tests that take minutes: faults and load over and over
	$(BIN)/python -m pytest --soak -m soak

check: $(INSTALLED) ## format, lint, types, architecture and the fast tests (TESTED=yes: they have just run)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	test -n "$(TESTED)" || $(BIN)/python -m pytest $(PARALLEL) -m "not slow"

format: $(INSTALLED) ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove models, caches and the environment
	rm -rf var $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
