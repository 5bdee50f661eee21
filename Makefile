# `make run` and `make test` are all that is needed; both set up what is missing first.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test check crash bench quality migration clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup: ## set up both Python environments
	@test -n "$(PYTHON)" || { echo "Guichet needs a Python 3.11 or newer; none was found on PATH. Name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m bot.setup_env

setup-test: setup
	@$(PYTHON) -m bot.setup_env --browser

run: setup ## serve everything on http://127.0.0.1:8080 (PORT, GUICHET_DATA_DIR); Ctrl-C ends it
	@exec $(VENV) -m bot run

check: setup ## lint and types
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy

test: setup-test check ## every test, on real parts
	$(VENV) -m pytest -q

crash: setup-test ## 50 random kill -9 in mid-turn, with a printed seed
	GUICHET_CRASHES=50 $(VENV) -m pytest -q -s tests/crash

quality: setup-test ## figures of docs/quality.md: answers and probabilities on outside sets, beside baselines
	$(VENV) -m tests.quality

bench: setup ## figures of docs/benchmarks.md
	$(VENV) -m tests.bench

migration: setup ## write the next revision of the database's tables (name=what_changes)
	@test -n "$(name)" || { echo "Name what changes: make migration name=what_changes"; exit 1; }
	@$(VENV) -m bot.migrations $(name)

clean: ## delete environments and data
	rm -rf .venv .venv-rasa var .mypy_cache .pytest_cache .ruff_cache .hypothesis
