# Two commands do all the set-up there is: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
BENCHMARKS := env_overhead examples core_suite suites feedback_places judge_speed judge_flaky judge_hostile judge_soak rltf_arms rltf_speed rltf_ablation codedpo_matrix codedpo_ranking codedpo_speed codedpo_study

.PHONY: setup demo test gpu check format lint types bench docs clean

setup: $(VENV)/.complete

$(VENV)/.complete: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/codegym demo

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)

gpu: setup  # skipped by name on a machine without a GPU
	$(BIN)/python -m pytest -m gpu -rs

check: setup
	$(BIN)/ruff format --check .
	$(MAKE) lint types test

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

bench: setup
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

docs: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache
