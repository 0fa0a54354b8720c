"""LiveCodeBench: contest problems with their dates, private tests packed so that nobody trains on them by accident."""

from __future__ import annotations

import base64
import binascii
import json
import pickletools
import zlib
from datetime import date
from functools import partial
from typing import Any

from codegym.comparison import Comparison, OutputRule
from codegym.errors import DataError
from codegym.problem import CallTest, Problem, StdioTest, TestCase
from codegym.sandbox.limits import Limits
from envs_registry.building import LazyProblems, build_lazily
from envs_registry.catalogue import ALL
from envs_registry.checkers import accepts_as_livecodebench
from envs_registry.examples import with_a_private_one
from envs_registry.options import choice
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource

# Bytes; a packed text that unpacks to more is a bomb.
_MAX_UNPACKED = 2**31
_LIMITS = Limits(cpu_seconds=6.0, wall_seconds=18.0, memory_bytes=4 * 2**30, program_cpu_seconds=60.0)
# The benchmark's grader puts these before every program.
_IMPORTS = """\
import bisect, collections, copy, datetime, functools, heapq, io, itertools, json, math, operator, random, re
import statistics, string, sys, time
from string import *
from re import *
from datetime import *
from collections import *
from heapq import *
from bisect import *
from copy import *
from math import *
from random import *
from statistics import *
from itertools import *
from functools import *
from operator import *
from io import *
from sys import *
from json import *
from builtins import *
from typing import *
"""
_QUESTION = "### Question:\n{question}\n\n### Format: "
_CALL = (
    f"{_QUESTION}You will use the following starter code to write the solution to the problem and enclose your code "
    "within delimiters.\n```python\n{starter}\n```\n\n"
)
_STDIN = (
    f"{_QUESTION}Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test on "
    "the sample inputs). Enclose your code within delimiters as follows.\n```python\n# YOUR CODE HERE\n```\n\n"
)
_ANSWER = "### Answer: (use the provided format with backticks)\n\n"


def load(
    source: SuiteSource,
    split: str,
    *,
    start: str = "",
    end: str = "",
    release: str = "",
    platform: str = ALL,
    difficulty: str = ALL,
    comparator: str = "strict",
) -> LazyProblems:
    """Loads LiveCodeBench's code generation from its published rows (``test.jsonl``, ``test2.jsonl``, ...).

    Args:
        source: Where the files are.
        split: ``"test"``, the only one.
        start: First contest date to keep, ``YYYY-MM-DD``; for models, the day after their training data ends.
        end: Last contest date to keep.
        release: ``"v1"`` to ``"v6"``: the files up to this release; empty takes all that are there.
        platform: ``"leetcode"``, ``"atcoder"``, ``"codeforces"`` or ``"all"``.
        difficulty: ``"easy"``, ``"medium"``, ``"hard"`` or ``"all"``.
        comparator: ``"strict"`` or ``"apps"``, as in ``apps``; ``"livecodebench"``: the benchmark's own rule (lines
            without the blanks around them, numbers as decimals), for numbers that can be compared with published ones.
    """
    choice("platform", platform, (ALL, "leetcode", "atcoder", "codeforces"))
    choice("difficulty", difficulty, (ALL, "easy", "medium", "hard"))
    choice("comparator", comparator, ("strict", "apps", "livecodebench"))
    choice("release", release, ("", "v1", "v2", "v3", "v4", "v5", "v6"))
    first, last = _day("start", start, date.min), _day("end", end, date.max)
    if release:
        # The first file has no number.
        numbers = ("", *map(str, range(2, int(release[1:]) + 1)))
        paths = [source.file(f"test{number}.jsonl", f"test{number}.jsonl.gz") for number in numbers]
    else:
        paths = source.files("test*.jsonl", "test*.jsonl.gz", "*.jsonl*", "*.parquet")
    rule = OutputRule(comparator)

    def keep(row: Row) -> bool:
        return (
            # Rows without a date are kept where no dates are asked for.
            (not (start or end) or first <= _contest_day(row) <= last)
            and platform in (ALL, row.get("platform", str, ""))
            and difficulty in (ALL, row.get("difficulty", str, ""))
        )

    return build_lazily(
        paths, lambda row: f"livecodebench/{row.label('question_id')}", partial(_problem, rule=rule), keep
    )


def _contest_day(row: Row) -> date:
    try:
        # The field holds the time of day too.
        return _day("field 'contest_date'", row.get("contest_date", str, "")[:10], date.min)
    except DataError as error:
        row.fail(str(error))


def _day(option: str, text: str, default: date) -> date:
    try:
        return date.fromisoformat(text) if text else default
    except ValueError as error:
        raise DataError(f"{option} must be a day as YYYY-MM-DD, got {text!r}.") from error


def _problem(row: Row, rule: OutputRule) -> Problem:
    starter, question = row.get("starter_code", str, ""), row.get("question_content", str)
    metadata = row.json("metadata", {})
    function = metadata.get("func_name") if isinstance(metadata, dict) else None
    tests = [
        *(_test(row, item, True) for item in _cases(row, "public_test_cases")),
        *(_test(row, item, False) for item in _cases(row, "private_test_cases")),
    ]
    form = (_CALL if starter else _STDIN).format(question=question, starter=starter) + _ANSWER
    return Problem(
        task_id=f"livecodebench/{row.get('question_id', str)}",
        prompt=form,
        tests=with_a_private_one(tuple(tests)),
        entry_point=f"Solution().{function}" if function else None,
        starter_code=starter,
        context=_IMPORTS,
        difficulty=row.get("difficulty", str, "") or None,
        tags=("livecodebench", row.get("platform", str, "unknown"), row.get("contest_date", str, "")[:10] or "undated"),
        comparison=Comparison(checker=accepts_as_livecodebench) if function else Comparison(output=rule),
        limits=_LIMITS,
    )


def _cases(row: Row, field: str) -> list[Any]:
    """The cases as JSON, or as base64 of zlib of a pickled JSON text."""
    text = row.get(field, str)
    try:
        cases = json.loads(text)
    except ValueError:
        cases = _unpacked(row, field, text)
    if not isinstance(cases, list) or not all(isinstance(item, dict) for item in cases):
        row.fail(f"field {field!r} must hold a JSON array of objects.")
    return list(cases)


def _unpacked(row: Row, field: str, text: str) -> Any:
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(text, validate=True), _MAX_UNPACKED)
        if not unpacker.eof:
            raise ValueError("the packed text is cut off, or larger than 2 GiB")
        return json.loads(text_of_pickle(content))
    except (binascii.Error, zlib.error, ValueError) as error:
        row.fail(f"field {field!r} is neither JSON nor base64 of zlib of a pickled JSON text: {error}")


def text_of_pickle(content: bytes) -> str:
    """Returns the text in a pickle that holds one text, without executing it.

    A pickle is a program; loading one from a data set runs it. This reads its instructions and accepts only those that
    a single text needs.

    Raises:
        ValueError: If there is any other instruction.
    """
    texts: list[str] = []
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"):
            texts.append(str(argument))
        elif opcode.name not in ("PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT", "STOP"):
            raise ValueError(f"the pickle holds more than a text (instruction {opcode.name})")
    if len(texts) != 1:
        raise ValueError(f"the pickle holds {len(texts)} texts, expected one")
    return texts[0]


def _test(row: Row, item: dict[str, Any], public: bool) -> TestCase:
    case = row.part("public_test_cases" if public else "private_test_cases", item)
    given, wanted = case.get("input", str), case.get("output", str)
    if case.get("testtype", str) == "stdin":
        return StdioTest(stdin=given, expected_stdout=wanted, public=public)
    try:
        args = tuple(json.loads(line) for line in given.split("\n") if line.strip())
        return CallTest(args=args, expected=json.loads(wanted), public=public)
    except ValueError as error:
        case.fail(f"a functional test must have one JSON value a line: {error}")
