"""tests/ mirrors the packages: each module has a test file of its name, or a reason in one list."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("codegym", "envs_registry", "agents")

REASONS = {
    "codegym/extraction/*": "Parts of one pure function, tested by test_extraction and test_program.",
    "codegym/feedback/ast_worker.py": "Runs in a process of its own, which test_static_analysis starts.",
    "codegym/feedback/tracer.py": "Runs inside the sandbox, where test_localization watches programs with it.",
    "codegym/feedback/tracing.py": "The trusted side of tracer.py, tested with it by test_localization.",
    "codegym/feedback/*": "Records and tables without behaviour of their own, tested by test_interpretation.",
    "codegym/output_rule.py": "The rule for printed texts, tested by test_comparison.",
    "codegym/sandbox/guest/*": "Runs inside the sandbox only: test_server, test_calls, test_scripts, hostile/.",
    "codegym/sandbox/*": "Records and parts of one run, tested by test_server, test_pool and test_hostile.",
    "envs_registry/catalogue.py": "A table, tested by test_loading.",
    "envs_registry/checkers.py": "A table of functions, tested by test_writing and suites/test_apps.",
    "envs_registry/evalplus.py": "Shared by two loaders, tested by suites/test_evalplus.",
    "envs_registry/suites/*plus.py": "Two loaders of one format, tested by suites/test_evalplus.",
    "envs_registry/lazy_rows.py": "Tested by test_building.",
    "envs_registry/options.py": "Tested by test_loading and test_factory.",
    "envs_registry/sources.py": "Tested by test_loading and test_hub.",
    "envs_registry/strengthen/given.py": "Tested by test_strengthening.",
    "agents/commands/*": "Thin commands, run as a user runs them by test_cli, test_suites, test_corpus_and_sample.",
    "agents/evaluation/*": "Parts of one evaluation, tested by test_evaluator and commands/test_evaluate.",
    "agents/report/sample.py": "The rows of the page, tested by test_run and test_page.",
    "agents/settings.py": "Tested by test_settings_record and by the tests of each record.",
    "agents/training/run_folder.py": "Tested by test_run_record and test_checkpoint.",
    "agents/codedpo/data/*": "Steps of the pipeline, tested by test_pipeline and commands/test_train_codedpo.",
}
"""Modules without a test file of their name: patterns, each with what tests them instead."""


def without_a_test() -> list[str]:
    modules = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(
        str(path)
        for path in modules
        if path.name not in ("__init__.py", "__main__.py")
        and not (ROOT / "tests" / path.parent / f"test_{path.name}").exists()
    )


def test_every_module_has_a_test_of_its_name_or_a_reason() -> None:
    missing = [path for path in without_a_test() if not any(fnmatch(path, pattern) for pattern in REASONS)]
    assert not missing, f"write a test file of the same name, or a reason into REASONS: {missing}"


def test_no_reason_is_left_over() -> None:
    paths = without_a_test()
    stale = [pattern for pattern in REASONS if not any(fnmatch(path, pattern) for path in paths)]
    assert not stale, f"these have tests of their names now: {stale}"
