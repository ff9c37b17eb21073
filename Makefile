# Everything is set up on demand, and nothing is set up twice.
#
#   make cultural   the smoke tier of all suites, on the embedded default model
#   make test       the project's own tests, in ten minutes on two cores
#   make test-long  the rest of them: faults, several processes, whole suites, simulations
#   make check      lint, types, layers
#   make bench      measure, and write docs/benchmarks.md (half an hour)
#   make serve      keep the embedded default model running for later runs

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.set-up

# What one process has compiled, the hundreds that the tests start need not compile again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup system model cultural test test-long check bench serve clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) system

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "$(PYTHON) is missing; install it, or name another: make PYTHON=python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "venv failed; on Debian: apt-get install -y python3-venv"; exit 1; }
	@echo "Installing Comity and its tools into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# A browser and the fonts of the pages' scripts. Without root or apt, the command is printed.
system:
	@scripts/system-packages

# The environment of vLLM and the embedded model, under the cache directory.
model: setup
	@$(BIN)/comity serve --prepare-only

cultural: model
	$(BIN)/pytest suites -m "cultural and smoke" $(ARGS)

# While one test waits for a server or a browser, another has the cores.
test: model
	$(BIN)/pytest tests -n 4 -m "not long" $(ARGS)

test-long: model
	$(BIN)/pytest tests -n 2 -m long $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: model
	$(BIN)/python benchmarks/overhead.py --into docs/benchmarks.md
	$(BIN)/python benchmarks/saturation.py --into docs/benchmarks.md
	$(BIN)/python benchmarks/sandbox.py --into docs/benchmarks.md
	$(BIN)/python benchmarks/robustness.py --into docs/benchmarks.md
	$(BIN)/python benchmarks/report.py --into docs/benchmarks.md

serve: setup
	$(BIN)/comity serve

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
