"""A programming task with its tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from keyword import iskeyword
from types import NoneType
from typing import Any, TypeAlias

from codegym.answers import why_unanswerable
from codegym.comparison import Comparison
from codegym.errors import InvalidProblemError
from codegym.sandbox.limits import Limits

# What no source file can hold: the interpreter would refuse the test, and every program be blamed.
_NO_SOURCE = re.compile("[\0\ud800-\udfff]")


def _check(where: str, name: str, value: object, kinds: Any, expected: str) -> None:
    if not isinstance(value, kinds):
        raise InvalidProblemError(
            f"{where}: {name} must be {expected}, got a {type(value).__name__}: {repr(value)[:80]}."
        )


@dataclass(frozen=True, kw_only=True)
class CallTest:
    """Call the entry point and compare what it returns.

    Attributes:
        args: Positional arguments of the call.
        kwargs: Keyword arguments of the call.
        expected: The value that must come back.
        expected_args: For functions that work in place: the positional arguments as they must be after the call.
        public: May be shown to the agent; private tests only pay reward.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    expected: Any = None
    expected_args: tuple[Any, ...] | None = None
    public: bool = False

    def __post_init__(self) -> None:
        _check("CallTest", "args", self.args, (tuple, list), "a tuple")
        _check("CallTest", "kwargs", self.kwargs, Mapping, "a mapping")
        _check("CallTest", "expected_args", self.expected_args, (tuple, list, NoneType), "a tuple or None")
        if self.kwargs and not all(isinstance(name, str) for name in self.kwargs):
            raise InvalidProblemError(f"CallTest: kwargs must have texts as keys, got {list(self.kwargs)!r:.80}.")
        _check("CallTest", "public", self.public, bool, "True or False")
        if isinstance(self.expected, Iterator) or (callable(self.expected) and not isinstance(self.expected, type)):
            raise InvalidProblemError(
                f"CallTest.expected must be data, got a {type(self.expected).__name__}: nothing that a program returns "
                "equals it. For several right answers give the problem a Comparison with a checker."
            )


@dataclass(frozen=True, kw_only=True)
class StdioTest:
    """Run the program with a text on standard input and compare what it prints."""

    stdin: str
    expected_stdout: str
    public: bool = False

    def __post_init__(self) -> None:
        _check("StdioTest", "stdin", self.stdin, str, "a text")
        _check("StdioTest", "expected_stdout", self.expected_stdout, str, "a text")
        _check("StdioTest", "public", self.public, bool, "True or False")


@dataclass(frozen=True, kw_only=True)
class ScriptTest:
    """Assert code: defines ``check(candidate)``, or holds plain asserts that name the entry point.

    It runs in a process of its own, where the candidate is a proxy of the program's function.
    """

    source: str
    public: bool = False

    def __post_init__(self) -> None:
        _check("ScriptTest", "source", self.source, str, "a text")
        _check("ScriptTest", "public", self.public, bool, "True or False")
        if (found := _NO_SOURCE.search(self.source)) is not None:
            raise InvalidProblemError(
                f"ScriptTest: source holds {found[0]!r} at {found.start()}, which no Python source may: "
                "write it as an escape."
            )


TestCase: TypeAlias = CallTest | StdioTest | ScriptTest


_FIELDS: dict[str, tuple[Any, str]] = {
    "prompt": (str, "a text"),
    "starter_code": (str, "a text"),
    "context": (str, "a text"),
    "entry_point": ((str, NoneType), "a text or None"),
    "difficulty": ((str, NoneType), "a text or None"),
    **dict.fromkeys(("one_process", "opaque_results"), (bool, "True or False")),
    "comparison": (Comparison, "a Comparison"),
    "limits": ((Limits, NoneType), "Limits(...) or None"),
    **dict.fromkeys(("tests", "solutions", "mutants", "tags"), ((tuple, list), "a tuple")),
}
"""What a problem's fields must be, and how people say it."""
_WHO_USES = (
    "A CallTest uses strict_types, any_of, unordered and tolerances; a StdioTest uses output, and with output='strict' "
    "also unordered and tolerances; both use a checker; a ScriptTest compares by itself. Leave the setting out, or "
    "write it into the script."
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A task for the agent.

    Raises:
        InvalidProblemError: If there are call or script tests but no entry point (scripts that run in the program's own
            process need none), it is no expression, or a field has the wrong type; if a setting of
            ``comparison`` would be ignored.
    """

    task_id: str
    """Unique within its suite: ``"core/12"``, ``"HumanEval/0"``."""
    prompt: str
    """What the agent is shown, in the benchmark's own format."""
    tests: tuple[TestCase, ...]
    """All tests, in order; their index is their name in feedback."""
    entry_point: str | None = None
    """The function (or expression such as ``Solution().solve``) that tests call; None for stdin programs."""
    starter_code: str = ""
    """Code that a bare function body continues, usually up to and including signature and docstring."""
    context: str = ""
    """Code that the problem gives (imports, helpers, classes); runs before the program in the same namespace."""
    solutions: tuple[str, ...] = ()
    """Reference programs, each a whole program."""
    mutants: tuple[str, ...] = ()
    """Programs known to be wrong in a small way."""
    difficulty: str | None = None
    tags: tuple[str, ...] = ()
    comparison: Comparison = Comparison()
    limits: Limits | None = None
    """Limits of this problem; None takes the environment's."""
    one_process: bool = False
    """Its tests inspect what cannot cross between processes: judged with ``trust = "in_process"``."""

    opaque_results: bool = False
    """Its scripts may give values to what a program returns where that is no data: call it, index it, set its fields.
    A method of the program's may then see an expected value, and the feedback says ``trust = "handles"``."""

    def __post_init__(self) -> None:
        if not isinstance(self.task_id, str) or not self.task_id:
            raise InvalidProblemError(f"Problem.task_id must be a text that is not empty, got {self.task_id!r}.")
        for name, (kinds, expected) in _FIELDS.items():
            _check(self.task_id, name, getattr(self, name), kinds, expected)
        if self.entry_point is not None and not _is_expression(self.entry_point):
            raise InvalidProblemError(
                f"{self.task_id}: entry_point must be the name of a function or an expression such as "
                f"Solution().solve, got {self.entry_point!r}."
            )
        # A list would let a problem change under a judge that keeps what it knows of it.
        for name in ("tests", "solutions", "mutants", "tags"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
            for value in () if name == "tests" else getattr(self, name):
                _check(self.task_id, f"each of {name}", value, str, "a text")
        for index, test in enumerate(self.tests):
            self._check_test(f"test {index}", test)
        if self.tests:
            self._check_comparison()

    def _check_comparison(self) -> None:
        """A setting that no test would use is a mistake of whoever made the problem."""
        rule, used = self.comparison, set[str]()
        if any(isinstance(test, CallTest) for test in self.tests):
            used |= rule.used_for_calls
        if any(isinstance(test, StdioTest) for test in self.tests):
            used |= rule.used_for_output
        if unused := rule.changed - used:
            kinds = ", ".join(sorted({type(test).__name__ for test in self.tests}))
            raise InvalidProblemError(
                f"{self.task_id}: comparison.{', comparison.'.join(sorted(unused))} would be ignored, as the tests are "
                f"of the kinds {kinds}. {_WHO_USES}"
            )

    def _check_test(self, name: str, test: TestCase) -> None:
        _check(self.task_id, name, test, (CallTest, StdioTest, ScriptTest), "a CallTest, StdioTest or ScriptTest")
        # A script in the program's own process may use the program's text instead.
        needs_entry = isinstance(test, CallTest) or (isinstance(test, ScriptTest) and not self.one_process)
        if self.entry_point is None and needs_entry:
            raise InvalidProblemError(
                f"{self.task_id}: {name} is a {type(test).__name__}, so the problem needs entry_point=<function name>."
            )
        if isinstance(test, CallTest) and self.comparison.checker is None and not self.comparison.any_of:
            self._check_answers(name, test)
        if self.comparison.any_of and self.comparison.checker is None and isinstance(test, CallTest):
            what = f"expected of {name}, with Comparison(any_of=True),"
            _check(self.task_id, what, test.expected, Collection, "a collection of right answers")

    def _check_answers(self, name: str, test: CallTest) -> None:
        fields = {"expected": [test.expected], "expected_args": test.expected_args or ()}
        for field_name, answers in fields.items():
            why = next(filter(None, map(why_unanswerable, answers)), "")
            if why:
                raise InvalidProblemError(
                    f"{self.task_id}: no program can give {field_name} of {name}, {why}. Use a ScriptTest, which "
                    "compares in a process of its own, or a Comparison with a checker."
                )

    @property
    def public_tests(self) -> tuple[TestCase, ...]:
        """The tests that may be shown to the agent."""
        return tuple(test for test in self.tests if test.public)


@lru_cache(maxsize=1024)  # a suite's problems often have the same one, and have it parsed at each change of a field
def _is_expression(text: str) -> bool:
    if text.isidentifier():
        return not iskeyword(text)
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
