# `make demo` and `make test` work in a fresh clone; everything they need they install into .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-all bench fault-bench mutation lint format types clean help need-tools
.DEFAULT_GOAL := help

help:  ## what this Makefile can do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

need-tools:
	@command -v git >/dev/null || { echo "firstbad needs git, which is not on this machine: install the package 'git' and run make again" >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "firstbad needs Python 3.11 or newer as '$(PYTHON)': install it, or say make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "firstbad needs Python 3.11 or newer and '$(PYTHON)' is older: say make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python cannot make a virtual environment: install its venv package (on Debian: python3-venv)" >&2; exit 1; }
	@command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || { echo "firstbad builds its C reference on this machine and finds no C compiler: install gcc or clang" >&2; exit 1; }

$(STAMP): pyproject.toml constraints.txt | need-tools
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing firstbad and its pinned development environment into $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)  ## the two stories, from real runs of real programs
	@$(BIN)/firstbad demo

test: export OMP_NUM_THREADS ?= 1  # two workers share the cores already
test: $(STAMP) lint types  ## lint, types and the fast tests
	@$(BIN)/python -m pytest -q -n 2

test-all: export OMP_NUM_THREADS ?= 1
test-all: $(STAMP) lint types  ## the same with the long tests
	@$(BIN)/python -m pytest -q -n 2 -m "not bench"

bench: $(STAMP)  ## the measurements behind the tables in docs/
	@$(BIN)/python -m pytest -q -m bench

fault-bench: $(STAMP)  ## planted faults against the diff and four plain tools (docs/fault-bench.md)
	@OMP_NUM_THREADS=1 $(BIN)/python tests/fault_bench.py

mutation: $(STAMP)  ## small wrong edits of the code that decides: which do the tests not notice? (docs/mutation.md)
	@OMP_NUM_THREADS=1 $(BIN)/python tests/mutate.py

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(STAMP)  ## let ruff format everything
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: $(STAMP)
	@$(BIN)/pyright

clean:  ## remove what make made
	rm -rf $(VENV) build demo-out tests/actual *.egg-info
