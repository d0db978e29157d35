# Plain venv and pip underneath; every target sets up what it needs.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test lint bench schemas clean

demo: $(READY)  ## set up, and grade the shipped solution of assignment1
	$(BIN)/grade assignment1 solutions/assignment1.ipynb -v

test: $(READY)  ## set up, lint, type-check, and run the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

lint: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

bench: $(READY)  ## how long grading takes, against `import torch`
	$(BIN)/python bench/bench_grade.py

schemas: $(READY)  ## write the JSON Schemas that ship with the package
	$(BIN)/grade schema spec > grader/schemas/spec.schema.json
	$(BIN)/grade schema report > grader/schemas/report.schema.json

$(READY): pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $(READY)

clean:
	rm -rf $(VENV) build *.egg-info
