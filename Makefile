# Plain venv and pip underneath; every target sets up what it needs.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test test-all fuzz lint bench redteam schemas messages clean

demo: $(READY)  ## set up, and grade the shipped solution of assignment1
	$(BIN)/grade assignment1 solutions/assignment1.ipynb -v

test: $(READY)  ## set up, lint, type-check, and run the tests that are quick
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

test-all: test fuzz  ## and those that take longer: a browser, databases, clusters, patched functions
	$(BIN)/pytest -n 2 --dist loadgroup -m "slow and not hypothesis"

fuzz: $(READY)  ## ten thousand examples of what must hold for anything that comes in
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -n 2 --dist loadgroup -m hypothesis

lint: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

bench: $(READY)  ## how long grading takes, against `import torch`
	$(BIN)/python bench/bench_grade.py
	$(BIN)/python bench/bench_assignments.py

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

clean:
	rm -rf $(VENV) build .hypothesis *.egg-info
