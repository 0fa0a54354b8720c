"""Your own problems: one JSON object a line, checked field by field (the schema is in ``docs/suites.md``)."""

from __future__ import annotations

import ast
import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from codegym.comparison import Comparison, OutputRule
from codegym.errors import CodegymError, UnknownNameError
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest, TestCase
from codegym.sandbox.assertions import asserts_something
from codegym.sandbox.limits import Limits
from envs_registry.assertions import cases_of_asserts, parsed
from envs_registry.building import FaultyRowsError, build_all
from envs_registry.catalogue import ALL
from envs_registry.checkers import checker_named
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource
from envs_registry.suite import Suite

_TEXTS = ("task_id", "prompt", "entry_point", "starter_code", "context", "difficulty", "split")
_LISTS = ("tests", "solutions", "mutants", "tags", "packages")
_FIELDS = (*_TEXTS, *_LISTS, "known_bad", "limits", "comparison", "one_process")
_COMPARISON = {field.name for field in fields(Comparison)}
_LIMITS = {field.name for field in fields(Limits)}


def load(source: SuiteSource, split: str) -> Suite:
    """Loads every ``.jsonl`` file (also ``.gz``) of the folder, or the one file that was named.

    Args:
        source: A file or a folder.
        split: ``"all"``, or a value of the rows' field ``split``.
    """
    splits: dict[str, None] = {}
    packages: dict[str, None] = {}
    known_bad: dict[str, str] = {}

    def of_this_split(row: Row) -> Problem | None:
        part = row.get("split", str, ALL)
        # Noted for rows of other splits too: the error about an unknown split offers them.
        splits[part] = None
        problem = problem_of_row(row)
        if split not in (ALL, part):
            return None
        packages.update(dict.fromkeys(row.texts("packages", ())))
        known_bad[problem.task_id] = row.get("known_bad", str, "")
        return problem

    def suite_of(problems: Sequence[Problem]) -> Suite:
        bad = {task_id: why for task_id, why in known_bad.items() if why}
        return Suite("jsonl", split, problems, known_bad=bad, packages=tuple(packages))

    try:
        suite = suite_of(build_all(source.files("*.jsonl", "*.jsonl.gz"), of_this_split))
    except FaultyRowsError as error:
        raise FaultyRowsError(error.faults, suite_of(error.problems)) from None
    if not suite and split != ALL:
        raise UnknownNameError("split of this file", split, (ALL, *splits))
    return suite


def problem_of_row(row: Row) -> Problem:
    """Returns the problem of one line.

    Raises:
        DataError: If a field is unknown, missing or malformed; the message names file, line and field.
    """
    _refuse_unknown(row, "field", row.fields, _FIELDS)
    entry_point = row.get("entry_point", str, "") or None
    tests: list[TestCase] = []
    for index, item in enumerate(row.get("tests", list)):
        tests.extend(_tests(row, f"tests[{index}]", item, entry_point))
    try:
        return Problem(
            task_id=row.get("task_id", str),
            prompt=row.get("prompt", str),
            tests=tuple(tests),
            entry_point=entry_point,
            starter_code=row.get("starter_code", str, ""),
            context=_code(row, "context", row.get("context", str, "")),
            solutions=tuple(
                _solution(row, f"solutions[{index}]", code) for index, code in enumerate(row.texts("solutions", ()))
            ),
            mutants=row.texts("mutants", ()),
            difficulty=row.get("difficulty", str, "") or None,
            tags=row.texts("tags", ()),
            comparison=_comparison(row),
            limits=_limits(row),
            one_process=row.get("one_process", bool, False),
        )
    except CodegymError as error:
        # What names its location already is raised as it is.
        if str(row.path) in str(error):
            raise
        row.fail(str(error))


def _tests(row: Row, where: str, item: Any, entry_point: str | None) -> tuple[TestCase, ...]:
    if not isinstance(item, dict):
        row.fail(f"field {where} must be an object, got {item!r}.")
    test = row.part(where, item)
    kind = test.get("type", str, "")
    if kind not in _TESTS:
        row.fail(f"field {where}.type must be one of {', '.join(map(repr, _TESTS))}, got {item.get('type')!r}.")
    names, build = _TESTS[kind]
    _refuse_unknown(row, f"field of a {kind!r} test in {where}:", item, ("type", "public", *names))
    for name in names:
        if name in _NEEDED[kind] and name not in item:
            row.fail(f"field {where}.{name} is missing: a {kind!r} test needs it.")
    if kind in ("call", "assert") and entry_point is None:
        row.fail(f"field 'entry_point' is missing: the {kind!r} test in {where} needs the name of a function.")
    return build(test, entry_point or "", test.get("public", bool, False))


def _call(test: Row, entry_point: str, public: bool) -> tuple[TestCase, ...]:
    after = test.get("expected_args", list, [])
    return (
        CallTest(
            args=tuple(test.get("args", list, [])),
            kwargs=test.get("kwargs", dict, {}),
            # Not by get, which takes null for missing: None is an answer like others.
            expected=test.fields["expected"],
            expected_args=tuple(after) if test.fields.get("expected_args") is not None else None,
            public=public,
        ),
    )


def _stdio(test: Row, entry_point: str, public: bool) -> tuple[TestCase, ...]:
    return (StdioTest(stdin=test.get("stdin", str), expected_stdout=test.get("expected_stdout", str), public=public),)


def _script(test: Row, entry_point: str, public: bool) -> tuple[TestCase, ...]:
    source = test.code("source")
    if not asserts_something(source):
        test.fail(f"field '{test.within}source' asserts nothing: any program would pass. Add an assert that runs.")
    return (ScriptTest(source=source, public=public),)


def _assert(test: Row, entry_point: str, public: bool) -> tuple[TestCase, ...]:
    return cases_of_asserts(test.code("source"), entry_point, public=public)


_TESTS: dict[str, tuple[tuple[str, ...], Callable[[Row, str, bool], tuple[TestCase, ...]]]] = {
    "call": (("args", "kwargs", "expected", "expected_args"), _call),
    "stdio": (("stdin", "expected_stdout"), _stdio),
    "assert": (("source",), _assert),
    "script": (("source",), _script),
}
_NEEDED = {"call": {"expected"}, "stdio": {"stdin", "expected_stdout"}, "assert": {"source"}, "script": {"source"}}


def _comparison(row: Row) -> Comparison:
    given = dict(row.get("comparison", dict, {}))
    _refuse_unknown(row, "field of comparison", given, _COMPARISON)
    if "output" in given:
        rules = {rule.value: rule for rule in OutputRule}
        if given["output"] not in rules:
            row.fail(f"field 'comparison.output' must be one of {', '.join(rules)}, got {given['output']!r}.")
        given["output"] = rules[given["output"]]
    if given.get("checker") is not None:
        try:
            given["checker"] = checker_named(str(given["checker"]))
        except UnknownNameError as error:
            row.fail(f"field 'comparison.checker': {error}")
    numbers = {name: _tolerance(row, given, name) for name in ("rel_tolerance", "abs_tolerance") if name in given}
    inside = row.part("comparison", given)
    flags = {name: inside.get(name, bool) for name in ("strict_types", "any_of", "unordered") if name in given}
    return Comparison(**given | numbers | flags)


def _tolerance(row: Row, comparison: Mapping[str, Any], name: str) -> float:
    value = row.part("comparison", comparison).get(name, float)
    if not 0 <= value < math.inf:
        row.fail(f"field 'comparison.{name}' must be a finite number of at least zero, got {value!r}.")
    return value


def _limits(row: Row) -> Limits | None:
    given = row.get("limits", dict, {})
    _refuse_unknown(row, "field of limits", given, _LIMITS)
    return Limits(**given) if given else None


def _solution(row: Row, field: str, code: str) -> str:
    """A whole program; the body of a function is put below the starter code, which it continues."""
    starter = row.get("starter_code", str, "")
    body = _indented_body(code)
    if body is None:
        return _code(row, field, code)
    whole = f"{starter.rstrip()}\n{body}"
    if starter and parsed(whole) is not None:
        return whole
    name = row.get("entry_point", str, "")
    if not starter and name.isidentifier():
        head = re.search(rf"^(async )?def {name}\(.*:[ \t]*$", row.get("prompt", str, ""), re.MULTILINE)
        example = (head.group().rstrip() if head else f"def {name}(...):") + "\n"
        row.fail(
            f"field {field!r} is the body of a function without its head: add a field 'starter_code' that it "
            f"continues, such as {example!r}, or write the whole function."
        )
    return _code(row, field, code)


def _indented_body(code: str) -> str | None:
    """The code as it stands inside a function, if it is only there that it means something."""
    # A bare "return" parses at the top level: only the compiler refuses it there.
    tree = parsed(code)
    if tree is not None and not any(isinstance(node, ast.Return) for node in tree.body):
        return None
    body = code if code[:1].isspace() else textwrap.indent(code, "    ")
    return body if parsed(f"def f():\n{body}") is not None else None


def _code(row: Row, field: str, code: str) -> str:
    if parsed(code) is None:
        row.fail(f"field {field!r} is not Python that parses.")
    return code


def _refuse_unknown(row: Row, what: str, given: Mapping[str, Any], known: Any) -> None:
    # An unknown field is a misspelt one, and leaving it out would change what is judged.
    for name in given:
        if name not in known:
            row.fail(str(UnknownNameError(what, name, sorted(known))))
