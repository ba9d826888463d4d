# each target is self-sufficient: it needs Python >= 3.11 with venv, and nothing else
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := izoologic_cdf filters tests tools benchmarks

# one more than there are cores, since some tests wait
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# what `make mutants` draws: the same places for the same seed
SEED := 1
SAMPLE := 150

# the tests start the program some hundred times, and each start would compile all of it again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick lint unit build docs pictures golden bench mutants clean

# the main job: both feeds over the built-in emulator, into a library in demo/
demo: $(VENV)/.installed
	$(BIN)/izoologic-cdf demo demo

# everything that CI checks
test:
	@echo "style, types and all tests: under four minutes on two free cores; make quick takes under one"
	@$(MAKE) --no-print-directory $(VENV)/.developed
	@$(MAKE) --no-print-directory --jobs=2 lint unit

# something about every layer, without the long proofs
quick: $(VENV)/.developed
	@echo "style and the quick tests: under a minute on two cores; make test runs all"
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow"

lint: $(VENV)/.developed
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

unit: $(VENV)/.developed
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# the zip that an administrator unpacks, in dist/
build: $(VENV)/.installed
	$(BIN)/izoologic-cdf build

# what a run costs, beside a bare client, airbyte-cdk and dlt; about 20 minutes
bench: $(VENV)/.developed build/benchmarks/airbyte build/benchmarks/dlt
	$(BIN)/python -m benchmarks --with-others --write

# the others, each in a virtual environment of its own
build/benchmarks/%: benchmarks/others/%.txt
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# would the tests notice a change? an hour or two, and it goes on where it was interrupted;
# SAMPLE=20 for a first look of some minutes; another SEED draws other places
mutants: $(VENV)/.developed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutants
	$(BIN)/python -m tests.proof.mutants --seed $(SEED) --sample $(SAMPLE)

# the generated parts of the documents, and the schema for editors
docs: $(VENV)/.developed
	$(BIN)/python -m tools.documents

# the pictures of the documents, by the machine's chromium: look at them before you commit them
pictures: $(VENV)/.developed
	$(BIN)/python -m tools.pictures

# the golden files, from what the tests see: read the difference before you commit it
golden: $(VENV)/.developed
	$(BIN)/pytest -q --update-golden tests/cli/test_screens.py tests/library tests/runtime
	$(BIN)/python -m tests.bundle.history

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

# in one step, not after .installed: each start of pip looks at every package anew
$(VENV)/.developed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e . --group dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --no-deps \
	  --target $(VENV)/jinja2-2.11 --group jinja2-2-11
	@touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .mutants
