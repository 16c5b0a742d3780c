# Every target works on a fresh Debian 12 with python3, no virtual environment needed beforehand.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast bench lint fix lock clean tools

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: $(STAMP) ## make .venv with tulle and everything that development needs

$(STAMP): pyproject.toml requirements/dev.lock
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -q -y python3-venv; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install -q uv
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@# Byte code now, or every start compiles anew what it imports wherever PYTHONDONTWRITEBYTECODE is set.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib src examples >/dev/null || true
	@touch $(STAMP)

demo: install ## bring up the bookshop: a mesh of real services behind a real gateway
	@$(BIN)/tulle demo

tools: # the load generators and servers that tests and benchmarks really talk to
	@scripts/tools $(SUDO)

test: install tools ## all checks and tests, real Envoys included
	@scripts/check
	@scripts/test

test-fast: install ## checks and the tests that start no servers
	@scripts/check
	@$(BIN)/python -m pytest -q -n 2 -m 'not e2e'

bench: install tools ## all benchmarks beside their peers; table on stdout and in bench/results/
	@$(BIN)/python -m bench

lint: install ## ruff, mypy, layers, tests mirror code
	@scripts/check

fix: install ## format and repair what ruff can repair
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: install ## resolve the newest allowed versions into requirements/
	@scripts/lock

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
