"""The key of a problem in a store: a digest of all of it that a verdict depends on."""

from __future__ import annotations

from dataclasses import is_dataclass

from codegym.problem import Problem
from codegym.store import content_key


def problem_key(problem: Problem) -> str:
    """Returns the digest of all of a problem that its verdicts depend on."""
    tests = [(type(test).__name__, *map(ordered, vars(test).values())) for test in problem.tests]
    task = (problem.task_id, problem.entry_point, problem.starter_code, problem.context, tests)
    return content_key("problem", task, _rule(problem), problem.limits, problem.one_process, problem.solutions[:1])


def ordered(value: object) -> object:
    """Returns the value with its sets in an order that is the same in every process."""
    if isinstance(value, set | frozenset):
        return ("set", sorted(repr(ordered(item)) for item in value))
    if isinstance(value, list | tuple):
        return (type(value).__name__, [ordered(item) for item in value])
    if isinstance(value, dict):
        return ("dict", [(ordered(key), ordered(item)) for key, item in value.items()])
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value).__name__, ordered(vars(value)))
    return value


def _rule(problem: Problem) -> str:
    rule = problem.comparison
    # The code of a checker names it: two lambdas of a file share their name.
    code = getattr(rule.checker, "__code__", None)
    checker = repr(rule.checker) if code is None else repr((code.co_code, code.co_consts, code.co_names))
    plain = (rule.strict_types, rule.rel_tolerance, rule.abs_tolerance, rule.any_of, rule.unordered, rule.output)
    return f"{plain}{checker}"
