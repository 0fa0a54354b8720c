"""Dates, times and numpy's values cross as data, as arguments and as results, to calls and to scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from codegym import CallTest, Comparison, Judge, Problem, ScriptTest
from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.refusal import CodecError

BERLIN = timezone(timedelta(hours=2))
MOMENTS = [
    date(2024, 2, 29),
    datetime(2024, 2, 29, 12, 30, 15, 250),
    datetime(2024, 7, 1, 12, tzinfo=BERLIN),
    datetime(2024, 10, 27, 2, 30, fold=1),
    time(23, 59, 59, 999_999),
    time(12, tzinfo=UTC),
    timedelta(days=-1, seconds=3, microseconds=7),
    BERLIN,
]
ARRAYS = [np.int64(3), np.float32(0.5), np.bool_(True), np.array([[1, 2], [3, 4]]), np.array([]), np.array(["a", "bc"])]
ARRAYS += [np.array(5.5), np.array(["2024-01-01"], dtype="datetime64[D]"), np.array([1 + 2j])]


@pytest.mark.parametrize("value", MOMENTS, ids=repr)
def test_moments_come_back_as_they_went(value: Any) -> None:
    back = Codec().decode(Codec().encode([value, {value: (value,)}]))
    assert back == [value, {value: (value,)}]
    assert type(back[0]) is type(value)
    assert getattr(back[0], "fold", 0) == getattr(value, "fold", 0)


@pytest.mark.parametrize("value", ARRAYS, ids=repr)
def test_numbers_and_arrays_come_back_as_they_went(value: Any) -> None:
    back = Codec().decode(Codec().encode([value]))[0]
    assert (type(back), back.dtype, back.shape) == (type(value), value.dtype, value.shape)
    assert np.array_equal(back, value)


@pytest.mark.parametrize(
    "data",
    [
        '{"numpy":["|O8",[1],"0000000000000000"]}',
        '{"numpy":["<i8",[2],"0000000000000000"]}',
        '{"numpy":["<i8",[-1,-1],"0000000000000000"]}',
        '{"numpy":["<i8",null,""]}',
        '{"numpy":["i4,i4",[1],"0000000000000000"]}',
        '{"numpy":["<i8",[1e3],"00"]}',
        '{"date":[2024,13,1]}',
        '{"datetime":[2024,1,1,0,0,0,0,1e9,0]}',
        '{"timedelta":[1e300,0,0]}',
        '{"time":[]}',
        '{"timezone":"x"}',
    ],
)
def test_what_is_no_such_value_is_refused(data: str) -> None:
    with pytest.raises(CodecError):
        Codec().decode(data.encode())


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1, packages=("numpy",)) as judge:
        yield judge


def _verdict(judge: Judge, source: str, *tests: Any, **rule: Any) -> str:
    problem = Problem(
        task_id="p", prompt="", tests=tests, entry_point="f", comparison=Comparison(**rule) if rule else Comparison()
    )
    feedback = judge.judge(problem, source)
    return feedback.verdict + "".join(test.actual for test in feedback.tests if test.status == "error")


def test_calls_take_and_return_moments(judge: Judge) -> None:
    later = CallTest(args=(datetime(2024, 2, 28), timedelta(days=1)), expected=date(2024, 2, 29))
    assert _verdict(judge, "def f(a, b):\n    return (a + b).date()\n", later) == "pass"
    assert _verdict(judge, "def f(a, b):\n    return a.date()\n", later) == "fail"


@pytest.mark.parametrize(
    ("body", "expected", "rule", "verdict"),
    [
        ("x * 2", np.array([2, 4]), {}, "pass"),
        ("x * 2", [2, 4], {}, "pass"),
        ("(x * 2).tolist()", np.array([2, 4]), {}, "pass"),
        ("x * 2", np.array([2, 5]), {}, "fail"),
        ("x * 2", np.array([2, 4, 6]), {}, "fail"),
        ("x * 2", [2, 4], {"strict_types": True}, "fail"),
        ("x.sum()", 3, {}, "pass"),
        ("{'a': [x.max()]}", {"a": [2]}, {}, "pass"),
        ("x / 3", np.array([1 / 3, 0.667]), {"abs_tolerance": 0.01}, "pass"),
        ("x / 0.0", np.array([np.inf, np.inf]), {}, "pass"),
        ("x * float('nan')", np.array([np.nan, np.nan]), {}, "pass"),
        ("x[::-1]", np.array([1, 2]), {"unordered": True}, "pass"),
        ("np.float64(x.mean())", 1.5, {"strict_types": False, "rel_tolerance": 1e-9}, "pass"),
    ],
)
def test_calls_take_and_return_arrays(
    judge: Judge, body: str, expected: Any, rule: dict[str, Any], verdict: str
) -> None:
    source = f"import numpy as np\ndef f(x):\n    return {body}\n"
    assert _verdict(judge, source, CallTest(args=(np.array([1, 2]),), expected=expected), **rule) == verdict


def test_scripts_take_and_return_arrays(judge: Judge) -> None:
    script = """
import numpy as np
from datetime import date
def check(candidate):
    xs = np.array([3, 1, 2])
    out = candidate(xs, date(2024, 1, 1))
    assert isinstance(out[0], np.ndarray) and out[0].dtype == np.float64
    np.testing.assert_allclose(out[0], [1.5, 1.0, 0.5])
    assert xs.tolist() == [1, 2, 3] and out[1] == date(2024, 1, 2) and out[2].dtype == np.int64
"""
    source = (
        "import datetime\ndef f(xs, day):\n    xs.sort()\n    return xs[::-1] / 2, day + datetime.timedelta(1), xs[0]\n"
    )
    assert _verdict(judge, source, ScriptTest(source=script)) == "pass"
    assert _verdict(judge, source.replace("xs.sort()", "pass"), ScriptTest(source=script)) == "fail"


ASYNC = "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1\n"


@pytest.mark.parametrize(
    "script",
    [
        "import asyncio\nassert asyncio.run(f(1)) == 2\n",
        "import asyncio\nasync def main():\n    assert await f(1) == 2\n"
        "    assert await asyncio.gather(f(2), f(3)) == [3, 4]\n"
        "asyncio.run(main())\n",
        "async def test_one():\n    assert await f(1) == 2\n",
        "import unittest\nclass A(unittest.IsolatedAsyncioTestCase):\n    async def test_one(self):\n"
        "        self.assertEqual(await f(1), 2)\n",
        "import asyncio\nloop = asyncio.new_event_loop()\nassert loop.run_until_complete(f(1)) == 2\n",
        "import asyncio\nasync def check(candidate):\n    assert await asyncio.wait_for(candidate(1), 5) == 2\n",
    ],
)
def test_asynchronous_functions_are_awaited_by_scripts(judge: Judge, script: str) -> None:
    assert _verdict(judge, ASYNC, ScriptTest(source=script)) == "pass"
    assert _verdict(judge, ASYNC.replace("x + 1", "x"), ScriptTest(source=script)) == "fail"
    assert _verdict(judge, ASYNC.replace("x + 1", "x.y"), ScriptTest(source=script)).startswith("error")


def test_asynchronous_generators_are_walked_by_scripts(judge: Judge) -> None:
    script = "async def test_one():\n    assert [x async for x in f(3)] == [0, 1, 2]\n"
    assert (
        _verdict(judge, "async def f(n):\n    for i in range(n):\n        yield i\n", ScriptTest(source=script))
        == "pass"
    )
