"""Call tests: data out, every test observed, limits held, also after a crash or a timeout in one of them."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from fractions import Fraction
from typing import Any

import pytest
from conftest import Observe

from codegym.sandbox.execution import Status
from codegym.sandbox.limits import Limits

VALUES: list[Any] = [
    None,
    True,
    -(10**3000),
    0.1,
    float("inf"),
    2 - 3j,
    "é\ud800\0",
    b"\xff\0",
    [1, [2, []]],
    (1, ("a",)),
    {1, "a"},
    frozenset({2}),
    {(1, 2): [None], "k": {}},
    range(3, 30, 4),
    deque([1], maxlen=3),
    Counter("aab"),
    OrderedDict(b=1, a=2),
    Fraction(1, 3),
    ...,
    int,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}")
def test_data_comes_back_as_it_went(calls: Observe, value: Any) -> None:
    (seen,) = calls("def f(x):\n    return x\n", (value,))
    assert seen.status is Status.OK
    assert seen.value == value
    assert type(seen.value) is type(value)


def test_not_a_number_comes_back(calls: Observe) -> None:
    (seen,) = calls("def f():\n    return [float('nan')]\n", ())
    assert seen.value[0] != seen.value[0]


def test_every_test_runs_after_crash_exit_and_timeout(calls: Observe) -> None:
    source = """
import os
def f(x):
    if x == 1: os._exit(3)
    if x == 2:
        while True: pass
    if x == 3: raise KeyError("k")
    if x == 4: return f
    if x == 5: os.kill(os.getpid(), 9); import ctypes; ctypes.string_at(0)
    return x
"""
    seen = calls(source, *[(x,) for x in range(7)], limits=Limits(cpu_seconds=0.3))
    assert [s.status for s in seen] == [
        Status.OK,
        Status.EXITED,
        Status.CPU_TIMEOUT,
        Status.RAISED,
        Status.OPAQUE,
        Status.CRASHED,
        Status.OK,
    ]
    assert seen[6].value == 6
    assert seen[1].detail == "exit code 3"
    assert seen[2].cpu_seconds >= 0.3


def test_sleeping_ends_at_the_wall_limit(calls: Observe) -> None:
    seen = calls("import time\ndef f(x):\n    time.sleep(x)\n", (60,), (0,), limits=Limits(wall_seconds=0.3))
    assert [s.status for s in seen] == [Status.WALL_TIMEOUT, Status.OK]
    assert seen[0].failure is not None
    assert seen[0].failure.place is not None
    assert seen[0].failure.place.start_line == 3


def test_budget_bounds_the_sum(calls: Observe) -> None:
    source = "def f():\n    while True: pass\n"
    seen = calls(source, *[()] * 8, limits=Limits(cpu_seconds=0.2, program_cpu_seconds=0.5))
    count = sum(s.status is Status.CPU_TIMEOUT for s in seen)
    assert [s.status for s in seen] == [Status.CPU_TIMEOUT] * count + [Status.BUDGET] * (8 - count)
    assert count in (1, 2)  # one where the judge itself was kept waiting, and looked late
    assert not any(s.cpu_seconds for s in seen[count + 1 :])


def test_budget_bounds_sleeping_too(calls: Observe) -> None:
    limits = Limits(cpu_seconds=0.2, wall_seconds=0.3, program_cpu_seconds=0.5)
    seen = calls("import time\ndef f():\n    time.sleep(60)\n", (), (), (), (), (), limits=limits)
    assert [s.status for s in seen] == [Status.WALL_TIMEOUT] * 2 + [Status.BUDGET] * 3


def test_memory_limit_is_a_status_with_a_place(calls: Observe) -> None:
    (seen,) = calls("def f():\n    return 'x' * 10**10\n", ())
    assert seen.status is Status.MEMORY
    assert seen.failure is not None
    assert seen.failure.place is not None
    assert (seen.failure.place.start_line, seen.failure.place.start_col) == (2, 11)


@pytest.mark.parametrize("source", ["def f():\n    return 'x' * 10**6\n", "def f():\n    print('x' * 10**6)\n"])
def test_too_much_output_is_a_status(calls: Observe, source: str) -> None:
    (seen,) = calls(source, (), limits=Limits(output_bytes=10_000))
    assert seen.status is Status.OUTPUT


@pytest.mark.parametrize(
    "value",
    ["1 << 500_000", "__import__('decimal').Decimal('9' * 30_000)", "__import__('fractions').Fraction(1, 3**60_000)"],
    ids=["int", "decimal", "fraction"],
)
def test_a_number_too_long_to_return_is_too_much_output(calls: Observe, value: str) -> None:
    assert calls(f"def f():\n    return {value}\n", ())[0].status is Status.OUTPUT


@pytest.mark.parametrize(
    "value",
    ["__import__('decimal').Decimal('9' * 6_000)", "'é' * 200_000", "{float('nan') for _ in range(300)}", "2**200_000"],
    ids=["digits", "not_ascii", "nan", "int"],
)
def test_long_values_are_values(calls: Observe, value: str) -> None:
    (seen,) = calls(f"def f():\n    print('é' * 200_000)\n    return {value}\n", ())
    assert seen.status is Status.OK
    assert seen.stdout == "é" * 200_000 + "\n"


def test_answers_in_advance_are_held_against_their_own_calls(scripts: Observe, calls: Observe) -> None:
    """The program writes the harness's own frames, more than there are calls, during the first of them."""
    source = (
        'import os, struct\nsaid = b\'["ok",1,null,""]\'\n'
        "def f(x):\n    os.write(3, (struct.pack('!I', len(said)) + said) * 5)\n    return 1\n"
    )
    seen = calls(source, (1,), (2,), (3,))
    assert [s.value for s in seen] == [1, 1, 1]
    seen = scripts(source, "assert f(1) == 1\nassert f(2) == 2", "assert f(3) == 1", "assert f(4) == 4")
    assert [s.status for s in seen] == [Status.REFUSED, Status.OK, Status.REFUSED]


def test_what_fails_to_load_fails_every_test_once(calls: Observe) -> None:
    seen = calls("import nothing_like_it\n", (1,), (2,))
    assert {s.status for s in seen} == {Status.RAISED}
    assert seen[0].failure is not None
    assert seen[0].failure.loading
    assert seen[0].failure.exception == "ModuleNotFoundError"
    assert seen[0].failure.bases[:2] == ("ModuleNotFoundError", "ImportError")


def test_entry_point_that_is_not_there(calls: Observe) -> None:
    assert calls("g = 1\n", ())[0].status is Status.MISSING
    assert calls("f = 1\n", ())[0].status is Status.MISSING


def test_entry_point_may_be_an_expression(calls: Observe) -> None:
    source = "class Solution:\n    n = 0\n    def go(self):\n        self.n += 1\n        return self.n\n"
    seen = calls(source, (), (), entry_point="Solution().go")
    assert [s.value for s in seen] == [1, 1], "each test gets an object of its own"


def test_changed_arguments_are_reported(calls: Observe) -> None:
    seen = calls("def f(xs, y):\n    xs.sort()\n    return None\n", ([3, 1], 2), ([1, 3], 2))
    assert seen[0].args == ([1, 3], 2)
    assert seen[1].args is None


def test_subclasses_are_rebuilt_as_what_they_are(calls: Observe) -> None:
    source = """
class Yes(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
class Long(list):
    def __iter__(self): return iter([1, 2, 3])
    def __len__(self): return 3
def f(): return Yes(5), Long(), type("S", (str,), {"__str__": lambda s: "lie"})("truth")
"""
    (seen,) = calls(source, ())
    assert seen.value == (5, [], "truth")
    assert [type(item) for item in seen.value] == [int, list, str]


def test_printed_text_belongs_to_its_test(calls: Observe) -> None:
    seen = calls("def f(x):\n    print(x)\n", ("a",), ("b",))
    assert [s.stdout for s in seen] == ["a\n", "b\n"]


def test_random_and_hashes_are_the_same_each_time(calls: Observe) -> None:
    source = "import random\ndef f():\n    return random.random(), hash('text'), list({'a', 'b', 'c'})\n"
    assert calls(source, ())[0].value == calls(source, ())[0].value


def test_context_is_given_and_shifts_no_line(calls: Observe) -> None:
    source = "def f(n):\n    return List.__name__, helper(n).missing\n"
    (seen,) = calls(source, (1,), context="from typing import List\n\n\ndef helper(n):\n    return n\n")
    assert seen.failure is not None
    assert seen.failure.place is not None
    assert (seen.failure.place.start_line, seen.failure.place.start_col) == (2, 26)


def test_no_standard_input_for_calls(calls: Observe) -> None:
    (seen,) = calls("def f():\n    return input()\n", ())
    assert seen.failure is not None
    assert seen.failure.exception == "EOFError"


def test_without_actions_loading_is_observed(calls: Observe) -> None:
    assert [s.status for s in calls("x = 1\n")] == [Status.OK]
    (seen,) = calls("x = (\n")
    assert seen.failure is not None
    assert seen.failure.exception == "SyntaxError"


def test_no_fork_unless_allowed(calls: Observe) -> None:
    source = (
        "import os\ndef f():\n    pid = os.fork()\n    if not pid: os._exit(7)\n    return os.waitpid(pid, 0)[1] >> 8\n"
    )
    (refused,) = calls(source, ())
    assert refused.failure is not None
    assert refused.failure.exception == "PermissionError"


def test_threads_are_allowed(calls: Observe) -> None:
    source = """
import threading
def f():
    found = []
    thread = threading.Thread(target=found.append, args=(1,)); thread.start(); thread.join()
    return found
"""
    assert calls(source, ())[0].value == [1]


@pytest.mark.parametrize(
    ("above", "body"),
    [
        ("import sys\nread = sys.stdin.buffer.readline", "return x + len(read())"),
        ("import sys\ndata = sys.stdin.buffer.read().split()", "return x + len(data)"),
        ("import sys\nsys.stdout.buffer.write(b'hello')", "return x"),
        ("import sys\nsys.stdout.reconfigure(line_buffering=True, encoding='utf-8')", "print(x)\n    return x"),
        ("import sys\nsys.stdin.reconfigure(encoding='utf-8')", "return x"),
        ("import sys\nassert (sys.stdin.fileno(), sys.stdout.fileno()) == (0, 1)", "return x"),
        ("import io, os, sys\nsys.stdin = io.BytesIO(os.read(0, 1))", "return x"),
        ("import sys\nsys.stdout = open(1, 'w')", "print(x)\n    return x"),
        (
            "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')",
            "print(x)\n    return x",
        ),
        ("import sys", "sys.stdout.close()\n    return x"),
        ("import sys", "sys.stdout.detach()\n    return x"),
        ("import sys\nsys.stdout = None", "print(x)\n    return x"),
        ("import sys\ntry:\n    input()\nexcept EOFError:\n    pass", "return x"),
        ("import sys\nassert sys.stdin.isatty() is False and sys.stdout.encoding == 'utf-8'", "return x"),
    ],
)
def test_streams_of_a_call_are_streams(calls: Observe, above: str, body: str) -> None:
    for seen in calls(f"{above}\ndef f(x):\n    {body}\n", (1,), (1,)):
        assert (seen.status, seen.value) == (Status.OK, 1), seen


def test_what_a_call_writes_as_bytes_is_kept(calls: Observe) -> None:
    (seen,) = calls("import sys\ndef f(x):\n    print(x)\n    sys.stdout.buffer.write(b'bytes')\n", (1,))
    assert seen.stdout == "1\nbytes"


def test_a_call_may_go_as_deep_as_under_the_interpreter(calls: Observe) -> None:
    source = "def down(n):\n    return 0 if n == 0 else 1 + down(n - 1)\ndef f(n):\n    return down(n)\n"
    assert calls(source, (990,))[0].value == 990
    deep = "import sys\nsys.setrecursionlimit(10**6)\n" + source
    assert calls(deep, (100_000,))[0].value == 100_000
    assert calls("import sys\ndef f(x):\n    return sys.getrecursionlimit()\n", (1,))[0].value == 1000
