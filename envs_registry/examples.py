"""Examples in a statement: ``>>> f(1)`` with its result, and the looser forms that people write."""

from __future__ import annotations

import ast
import doctest
import json
import re
from dataclasses import replace

from codegym.problem import CallTest, TestCase
from envs_registry.assertions import call_of, parsed

_OUTPUT = re.compile(r"[\s\-`*:#]*(?:sample |example )?output\b", re.IGNORECASE)
_SIGNS = re.compile(r"(?:[\s:`*#]|-{2,})*")
_NUMBER = re.compile(rf"\s*\d+{_SIGNS.pattern}")
# Characters between the word and the output itself: a number, dashes, a fence.
_BETWEEN = 40
# LeetCode writes "Input: xs = [1,2], k = 3 Output: true".
_IN_AND_OUT = re.compile(r"input\s*:\s*(.+?)\s*\boutput\s*:\s*(\S[^\n]*)", re.IGNORECASE | re.DOTALL)
_NAMED = re.compile(r'("(?:[^"\\]|\\.)*")|\b[A-Za-z_]\w*\s*=(?!=)|\s+')
_ARROW = re.compile(r"\s*(?:==|=>|->|→|➞|=|#\s*=>|#\s*returns?|should return|returns?)\s*(.+)$")


def docstring_of(source: str, function: str) -> str:
    """Returns the docstring of a function in a text, empty where there is none (or where the text does not parse)."""
    tree = parsed(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return ast.get_docstring(node, clean=True) or ""
    return ""


def examples_in(statement: str, function: str) -> tuple[CallTest, ...]:
    """Returns the examples of a statement as public call tests, in order doctests first, and without repetition.

    Only what is certain counts: a call of ``function`` with literal arguments, and a literal result behind it.

    Args:
        statement: Text of a docstring, with examples in it.
        function: The function that the examples call.
    """
    found: dict[str, CallTest] = {}
    for test in (*_doctests(statement, function), *_loose(statement, function)):
        # By their text: arguments may be lists, and 1, 1.0 and True would be one key.
        found.setdefault(repr((test.args, test.kwargs)), test)
    return tuple(found.values())


def _doctests(statement: str, function: str) -> list[CallTest]:
    try:
        # One line with a wrong indent makes doctest refuse the whole text.
        examples = doctest.DocTestParser().get_examples(statement)
    except ValueError:
        return []
    tests = [_example(example.source.strip(), example.want.strip(), function) for example in examples]
    return [test for test in tests if test is not None]


def _loose(statement: str, function: str) -> list[CallTest]:
    """``f(1) == 2``, ``f(1) => 2``, ``f(1) ➞ 2``, ``f(1) # => 2``, ``f(1) should return 2``."""
    tests: list[CallTest] = []
    for match in re.finditer(rf"(?<![\w.])(?:>>>\s*)?({re.escape(function)}\(.*)$", statement, re.MULTILINE):
        text = match[1]
        # Which bracket ends the call shows only when what stands before it parses: the first that does is taken.
        for end in (index + 1 for index, character in enumerate(text) if character == ")"):
            arrow = _ARROW.match(text, end)
            test = _example(text[:end], arrow[1].strip().rstrip(".;,"), function) if arrow else None
            if test is not None:
                tests.append(test)
                break
    return tests


def _example(call: str, want: str, function: str) -> CallTest | None:
    tree = parsed(call)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    test = call_of(tree.body[0].value, function)
    try:
        expected = ast.literal_eval(want)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return None if test is None else CallTest(args=test.args, kwargs=test.kwargs, expected=expected, public=True)


def shows(statement: str, stdin: str, stdout: str) -> bool:
    """Says whether an input and its output stand in a statement one after the other, whatever the white space.

    So the examples of contest problems are found ("Input ... Output ...", "Sample Input 1 ... Sample Output 1 ...").
    """
    given, wanted = " ".join(stdin.split()), " ".join(stdout.split())
    if not given or not wanted:
        return False
    text = " ".join(statement.split())
    at = text.find(given)
    while at >= 0:
        rest = _OUTPUT.match(text, at + len(given))
        if rest:
            after = text[rest.end() : rest.end() + len(wanted) + _BETWEEN]
            if any(label.sub("", after, count=1).startswith(wanted) for label in (_SIGNS, _NUMBER)):
                return True
        at = text.find(given, at + 1)
    return False


def shows_call(statement: str, function: str, test: CallTest) -> bool:
    """Says whether a call and its result stand in a statement.

    So the examples of call problems are found: ``f(1) == 2`` and ``Input: xs = [1,2], k = 3 Output: true``.
    """
    if any(test.args == shown.args and test.expected == shown.expected for shown in examples_in(statement, function)):
        return True
    given = ",".join(map(_as_json, test.args))
    wanted = {_as_json(test.expected)}
    if isinstance(test.expected, list) and len(test.expected) == 1:  # some files wrap each answer in a list
        wanted.add(_as_json(test.expected[0]))
    return any(
        _without_names(match[1]) == given and _without_names(match[2]) in wanted
        for match in _IN_AND_OUT.finditer(statement)
    )


def _as_json(value: object) -> str:
    """A value as statements have it; some files hold texts with their quotes."""
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value
    try:
        return _without_names(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _without_names(text: str) -> str:
    """``xs = [1, 2], k = 3`` without the names and blanks."""
    # Statements write "true" as well as "True"; JSON knows only the first.
    bare = _NAMED.sub(lambda match: match[1] or "", text.rstrip(" ."))
    return bare.lower() if bare in ("True", "False") else bare


def with_a_private_one(tests: tuple[TestCase, ...]) -> tuple[TestCase, ...]:
    """Returns the tests with the last one private where all are public: else a program that knows them by heart passes.

    One test alone stays as it is.
    """
    if len(tests) < 2 or not all(test.public for test in tests):
        return tests
    return (*tests[:-1], replace(tests[-1], public=False))
