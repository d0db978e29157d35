# Plain venv and pip underneath; every target sets up what it needs.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PYTEST := $(BIN)/pytest -n 2 --dist loadgroup
# Some tests hold limits of time: what fails beside other tests is run once more, by itself, and that counts.
AGAIN := $(BIN)/pytest --last-failed --last-failed-no-failures none
DEMO := .venv-demo

# Without compiled files, each of the many processes of a run would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all test-matrix fuzz lint bench redteam schemas messages clean

demo: $(DEMO)/ready  ## set up what a student needs and no more, and grade the shipped solution of assignment1
	$(DEMO)/bin/grade assignment1 solutions/assignment1.ipynb -v

test: $(READY)  ## set up, lint, type-check, and run the tests that are quick
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -m "not slow" || $(AGAIN) -m "not slow"

test-all: test  ## and those that take longer: a browser, databases, clusters, patched functions
	HYPOTHESIS_PROFILE=thorough $(PYTEST) -m hypothesis
	$(PYTEST) -m "slow and not hypothesis" || $(AGAIN) -m "slow and not hypothesis"

test-matrix:  ## the quick tests with each Python from 3.11 to 3.13 that is here, with the oldest and the newest torch
	bench/test_matrix.sh

fuzz: $(READY)  ## ten thousand new examples of what must hold for anything that comes in; test-all takes the same each time
	HYPOTHESIS_PROFILE=exploring $(PYTEST) -m hypothesis

lint: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

bench: $(READY)  ## how long grading takes, against `import torch`
	$(BIN)/python bench/bench_grade.py
	$(BIN)/python bench/bench_assignments.py
	$(BIN)/python bench/bench_warm.py

redteam: $(READY)  ## every attack through `grade`, `grade batch` and `pytest`: what got through
	$(BIN)/python bench/redteam.py

schemas: $(READY)  ## write the JSON Schemas that ship with the package
	$(BIN)/grade schema spec > grader/schemas/spec.schema.json
	$(BIN)/grade schema report > grader/schemas/report.schema.json

messages: $(READY)  ## collect what the report says, and update and compile its translations
	mkdir -p build
	$(BIN)/pybabel -q extract --no-default-keywords -k say --add-location=file --sort-by-file --no-wrap -o build/grader.pot grader
	$(BIN)/pybabel -q update -D grader -i build/grader.pot -d grader/locale -N --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(BIN)/pybabel -q compile -D grader -d grader/locale

$(READY): pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $(READY)

$(DEMO)/ready: pyproject.toml constraints.txt
	python3 -m venv $(DEMO)
	$(DEMO)/bin/pip install -q --no-compile -c constraints.txt -e .  # what is not imported needs no bytecode
	touch $(DEMO)/ready

clean:
	rm -rf $(VENV) $(DEMO) build .hypothesis *.egg-info
