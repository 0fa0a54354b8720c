# Two commands do all the set-up there is: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# Two test processes on two cores: more threads of torch only get in each other's way.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)
BENCHMARKS := env_overhead examples core_suite suites suites_strengthen feedback_locations cpython_report faulty_lines mutants judge_speed judge_flaky judge_differential judge_hostile judge_soak rltf_arms rltf_speed rltf_ablation rltf_norms codedpo_matrix codedpo_ranking codedpo_speed codedpo_study

.PHONY: setup demo test test-fast coverage mutants gpu check format lint types bench figures docs package clean

setup: $(VENV)/.complete

# The compat mode is one line in a .pth file, so that editors and other projects' type checkers find the packages.
$(VENV)/.complete: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --config-settings editable_mode=compat --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/codegym demo

test: setup
	$(PYTEST)

test-fast: setup  # what a daily change needs: everything but the tests marked slow
	$(PYTEST) -m "not slow"

coverage: setup  # processes that tests start themselves are not counted
	$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html

mutants: setup  # changes lines that matter, one at a time; a test must fail for each
	$(BIN)/python tools/mutants.py

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
	$(BIN)/codespell

types: setup
	$(BIN)/mypy

bench: setup
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

figures: setup  # docs/figures.md out of benchmarks/results
	$(BIN)/python benchmarks/figures.py

docs: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --config-settings editable_mode=compat --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

package: setup  # sdist and wheel; the wheel is installed into an empty environment and used
	rm -rf dist build/package
	$(BIN)/python -m pip install --quiet --constraint constraints.txt build
	$(BIN)/python -m build --outdir dist
	$(PYTHON) -m venv build/package
	build/package/bin/python -m pip install --quiet --constraint constraints.txt dist/*.whl
	cd build && package/bin/codegym --version && package/bin/codegym suites list

clean:
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov
