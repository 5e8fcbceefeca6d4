# Every target sets up what it needs; a fresh machine needs Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test attack smoke check bench bench-click bench-directory constraints clean

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@echo "Setting up .venv (about half a minute with a warm package index)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --constraint constraints.txt --group dev --editable .
	@touch $@

demo: setup
	@$(BIN)/python -m demo

test: setup
	@$(BIN)/python -m pytest $(ARGS)

attack: setup
	@$(BIN)/python -m tests.attacks

smoke: setup
	@$(BIN)/python -m demo.smoke

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/djlint --lint --quiet plugins/ops_dashboard/web/templates

bench: setup
	@for script in bench/bench_*.py; do echo "== $$script"; $(BIN)/python -m bench.$$(basename $$script .py) || exit 1; done

bench-click: setup
	@$(BIN)/python -m bench.bench_click

bench-directory: setup
	@$(BIN)/python -m bench.bench_directory

constraints: setup
	@$(BIN)/uv pip compile --universal --python-version 3.11 --group dev pyproject.toml --upgrade \
		--no-header --no-annotate --quiet --output-file constraints.txt

clean:
	rm -rf .venv .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
