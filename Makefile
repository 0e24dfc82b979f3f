# Each target sets up what it needs: a .venv in this directory, from Python and the package index alone.

PYTHON ?= python3
BIN := .venv/bin
PROGRAMS := $(filter-out command, $(basename $(notdir $(wildcard examples/programs/*.py))))

.PHONY: mnist test prove hosted gpu docs programs tutorials check lint format clean

mnist: .venv/examples  ## train the CNN of the tutorials on MNIST, to 99 %
	$(BIN)/minigrad train models/deep_mnist.py --preset quick

test: .venv/dev  ## run the tests, with the doctests
	$(BIN)/pytest -q -n 2 --dist worksteal

prove: .venv/dev  ## hold every function against its contract on six times as many examples
	$(BIN)/pytest -q -n 2 --dist worksteal --grad-profile ci tests/functions/test_every_function.py

hosted: .venv-hosted/made  ## run the tests with CuPy, on a device made of this computer's memory
	.venv-hosted/bin/pytest -q -n 2 --dist worksteal --grad-profile ci tests/gpu

gpu: .venv-gpu/made  ## on a machine with a GPU: is minigrad right there, and how fast, beside PyTorch and JAX
	.venv-gpu/bin/python tests/gpu/measures.py

docs: .venv/dev  ## write the table of the functions, the output in docs/, and the gallery anew
	$(BIN)/python -m minigrad.testing tests/contracts --table > docs/functions.md
	$(BIN)/python tests/testing/pages.py
	$(BIN)/python examples/gallery.py

programs: .venv/dev  ## draw the figures of docs/programs.md anew: some ten minutes
	mkdir -p docs/programs
	for name in $(PROGRAMS); do $(BIN)/python examples/programs/$$name.py --out docs/programs/$$name.png || exit 1; done

tutorials: .venv/dev  ## run the notebooks of docs/tutorials/ anew, with their trainings: some ten minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[notebooks]'
	$(BIN)/python examples/tutorials.py

check: lint test hosted  ## all that CI runs

lint: .venv/dev  ## format, lint, types, arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev  ## mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "minigrad needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/examples: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[examples,fast]'
	touch $@

.venv/dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

.venv-hosted/made: pyproject.toml
	$(PYTHON) -m venv .venv-hosted
	.venv-hosted/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[hosted]'
	touch $@

.venv-gpu/made: pyproject.toml
	$(PYTHON) -m venv .venv-gpu
	.venv-gpu/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[cuda,tests]'
	touch $@

clean:
	rm -rf .venv .venv-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
