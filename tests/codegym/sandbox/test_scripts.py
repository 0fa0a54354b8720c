"""Script tests: literal ones are answered outside, the others run in a process of their own."""

from __future__ import annotations

import pytest
from conftest import Observe

from codegym.sandbox.execution import Status
from codegym.sandbox.limits import Limits
from codegym.sandbox.literal import literal_checks

OK, REFUSED = Status.OK, Status.REFUSED


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("assert f(1) == 2", 1),
        ("assert 2 == f(x=1), 'message'\nassert not f(2)\nassert f(3) is None", 3),
        (
            "METADATA = {}\n\ndef check(candidate):\n    assert candidate([-2]) == {'k': (1,)}\n    assert True\n",
            1,
        ),
        ("def check(c):\n    assert c(1)\n\ncheck(f)", 1),
        ("from solution import f\n\ndef test_a():\n    assert f(1) == 2\n\ndef test_b():\n    assert f(2) == 3\n", 2),
        ("import pytest\nfrom solution import f as g\ndef test_a():\n    'Why.'\n    assert g(1) == 2", 1),
        ("def test_a():\n    assert f(1) == 2\ntest_a()", None),
        ("def test_a(x):\n    assert f(1) == 2", None),
        ("def test_a(x=1):\n    assert f(1) == 2", None),
        ("@skip\ndef test_a():\n    assert f(1) == 2", None),
        ("def test_a():\n    assert f(1) == 2\ndef test_a():\n    assert f(1) == 2", None),
        ("def test_a():\n    return\n    assert f(1) == 2", None),
        ("from solution import g\ndef test_a():\n    assert f(1) == 2", None),
        ("from typing import f\ndef test_a():\n    assert f(1) == 2", None),
        ("async def test_a():\n    assert f(1) == 2", None),
        ("assert f(g(1)) == 2", None),
        ("x = 1\nassert f(x) == 2", None),
        ("assert f(1) == f(1)", None),
        ("assert f(*[1]) == 1", None),
        ("assert f(**{'a': 1}) == 1", None),
        ("assert abs(f(1) - 2.0 / 3.0) < 1e-6", 1),
        ("assert f(3 * 5) == [2**10, -1, 'a' + 'b'], 'got ' + str(f(15))", 1),
        ("assert f(10**10**10) == 1", None),
        ("assert f(9**99) == 1", None),
        ("assert f(1 / 0) == 1", None),
        ("assert f('a' * 10) == 1", None),
        ("assert abs(f(1) - g(2)) < 1e-6", None),
        ("for i in range(3):\n    assert f(i) == i", None),
        ("import math", None),
        ("assert f(1) == 2; import os", None),
        ("def check(candidate, x=1):\n    assert candidate(1) == 1", None),
        ("assert True", None),
        ("assert f(", None),
        ("(" * 10_000, None),
    ],
)
def test_literal_scripts_are_recognised(script: str, count: int | None) -> None:
    checks = literal_checks(script, "f")
    assert (None if checks is None else len(checks)) == count


@pytest.mark.parametrize("wrap", ["{}", "for once in [0]:\n    {}"], ids=["literal", "process"])
@pytest.mark.parametrize(
    ("body", "assertion", "status"),
    [
        ("return x + 1", "assert f(1) == 2", OK),
        ("return x", "assert f(1) == 2", REFUSED),
        ("return True", "assert f(1) == 1", OK),
        ("return [x]", "assert f(1) == (1,)", REFUSED),
        ("return x + 1e-9", "assert abs(f(1) - 2 / 2) < 1e-6", OK),
        ("return x + 1e-3", "assert abs(f(1) - 2 / 2) < 1e-6", REFUSED),
        ("return 'text'", "assert abs(f(1) - 2 / 2) < 1e-6", REFUSED),
        ("return float('nan')", "assert abs(f(1) - 2 / 2) < 1e-6", REFUSED),
        ("return __import__('re').match('a', x)", "assert f('ab')", OK),
        ("return __import__('re').match('a', x)", "assert not f('b')", OK),
        ("return type('T', (), {'__eq__': lambda s, o: True})()", "assert f(1) == 5", REFUSED),
        ("return type('T', (int,), {'__eq__': lambda s, o: True, '__hash__': None})(3)", "assert f(1) == 5", REFUSED),
        ("raise ValueError(x)", "assert f(1) == 5", Status.RAISED),
        ("import sys; sys.exit(0)", "assert f(1) == 5", Status.EXITED),
        ("import os; os._exit(0)", "assert f(1) == 5", Status.EXITED),
    ],
)
def test_both_ways_say_the_same(scripts: Observe, wrap: str, body: str, assertion: str, status: Status) -> None:
    (seen,) = scripts(f"def f(x):\n    {body}\n", wrap.format(assertion))
    assert seen.status is status, seen


def test_failed_assertion_is_shown(scripts: Observe) -> None:
    seen = scripts("def f(x):\n    return x\n", "assert f(1) == 2", "for i in [1]:\n    assert f(i) == 2, 'why'")
    assert seen[0].detail.startswith("assert f(1) == 2")
    assert seen[1].detail == "assert f(i) == 2, 'why'  # AssertionError: why"


def test_exceptions_cross_with_their_type(scripts: Observe) -> None:
    source = "class Own(KeyError): pass\ndef f(x):\n    raise (Own('k', 1) if x else ZeroDivisionError('z'))\n"
    script = """
for x in (0, 1):
    try:
        f(x)
    except ZeroDivisionError as error:
        assert x == 0 and error.args == ('z',)
    except KeyError as error:
        assert x == 1 and error.args == ('k', 1)
    else:
        assert False
"""
    assert scripts(source, script)[0].status is OK


def test_uncaught_exception_of_the_program_has_its_place(scripts: Observe) -> None:
    (seen,) = scripts("def f(x):\n    return x.y\n", "for x in [1]:\n    f(x)")
    assert seen.status is Status.RAISED
    assert seen.failure is not None
    assert seen.failure.place is not None
    assert (seen.failure.place.start_line, seen.failure.place.start_col) == (2, 11)


def test_generators_callables_and_changes_in_place(scripts: Observe) -> None:
    source = """
def f(what, *args, key=None):
    if what == "count":
        return (i * i for i in range(*args))
    if what == "apply":
        return [key(x) for x in args[0]]
    if what == "sort":
        args[0].sort(); args[1]["n"] = 1; args[2].add(3)
    if what == "make":
        return lambda y: y + args[0]
"""
    script = """
for once in [0]:
    assert list(f("count", 4)) == [0, 1, 4, 9]
    seen = []
    assert f("apply", [1, 2], key=lambda x: seen.append(x) or -x) == [-1, -2]
    assert seen == [1, 2]
    xs, d, s = [2, 1], {}, {0}
    f("sort", xs, d, s)
    assert (xs, d, s) == ([1, 2], {"n": 1}, {0, 3})
    assert f("make", 5)(2) == 7
"""
    assert scripts(source, script, opaque_results=True)[0].status is OK
    assert scripts(source, script)[0].status is Status.REFUSED


def test_objects_of_the_programs_classes(scripts: Observe) -> None:
    source = """
class Node:
    def __init__(self, data):
        self.data, self.left = data, None
def f(node):
    return 0 if node is None else 1 + f(node.left)
"""
    script = "root = Node(1)\nroot.left = Node(2)\nroot.left.left = Node(3)\nassert f(root) == 3"
    assert scripts(source, script)[0].status is OK
    assert "build its objects" in scripts(source, script + "\nassert root.data == 1")[0].detail


def test_objects_of_the_problems_classes_cross_as_their_fields(scripts: Observe) -> None:
    context = """
class ListNode:
    def __init__(self, val=0, next=None):
        self.val, self.next = val, next
def build(values):
    head = None
    for value in reversed(values):
        head = ListNode(value, head)
    return head
def values(head):
    out = []
    while head:
        out.append(head.val)
        head = head.next
    return out
"""
    source = """
class Solution:
    def reverse(self, head):
        before = None
        while head:
            head.next, before, head = before, head, head.next
        return before
"""
    script = """
def check(candidate):
    many = list(range(3000))
    assert values(candidate(build(many))) == many[::-1]
    head = build([1, 2, 3])
    last = head.next.next
    assert candidate(head) is last and values(last) == [3, 2, 1] and head.next is None
"""
    assert scripts(source, script, context=context, entry_point="Solution().reverse")[0].status is OK


OF_THE_PROBLEM = """
from functools import cached_property
from typing import NamedTuple
class Point(NamedTuple):
    x: int
class Row(list):
    pass
class Node:
    notify = print
    def __init__(self, val): self.val = val
    def depth(self): return 1
    @cached_property
    def double(self): return 2 * self.val
"""


@pytest.mark.parametrize(
    ("made", "assertion"),
    [
        ("Point(x)", "f(1) == Point(1)"),
        ("Row([x])", "f(1) == Row([1])"),
        ("Node(x)", "f(1).depth() == 1 and f(1).double == 2"),
    ],
)
def test_objects_that_hide_what_their_class_does_lose_only_that(scripts: Observe, made: str, assertion: str) -> None:
    source = f"""
def f(x):
    made = {made}
    if type(made) is Node:
        made.depth, made.notify, made.__dict__["double"] = 7, len, 99
    return made
"""
    (seen,) = scripts(source, f"for once in [0]:\n    assert {assertion}", context=OF_THE_PROBLEM)
    assert seen.status is OK, seen


@pytest.mark.parametrize(
    "question",
    [
        "'call', type, ['X', (object,), {'__eq__': function}], {}",
        "'call', meta, ['X', (object,), {'__eq__': function}], {}",
        "'call', object, [], {}",
        "'call', peer.ask('getitem', list, int), [], {}",
        "'get', function, '__globals__'",
        "'get', function, 'func'",
        "'get', box, '__class__'",
        "'set', box, '__class__', object",
        "'set', box, 'area', function",
        "'set', box, 'double', 7",
        "'set', function, 'x', 1",
        "'set', meta, 'x', 1",
        "'setitem', [1], 0, 2",
        "'str', box",
        "'repr', box",
        "'eq', box, 1",
        "'hash', box",
        "'entry', [], {}",
        "'class', 'Box'",
    ],
)
def test_what_a_program_may_not_ask_of_the_scripts_process(scripts: Observe, question: str) -> None:
    """The program asks through the harness's own conversation, with what it was handed."""
    source = f"""
def f(box, function, meta):
    peer = object.__getattribute__(box, "_peer")
    try:
        return peer.ask({question})
    except TypeError as error:
        return str(error)
"""
    script = """
from functools import cached_property
class Meta(type): pass
class Box:
    def area(self): return 1
    @cached_property
    def double(self): return 2
assert "does not offer" in f(Box(), lambda *given: 1, Meta)
"""
    assert scripts(source, script)[0].status is OK


def test_what_a_script_hands_out_is_used(scripts: Observe) -> None:
    source = "def f(box, twice, make):\n    box.size = twice(box.size)\n    return make(box.size).size\n"
    script = """
class Box:
    def __init__(self, size): self._size = size
    @property
    def size(self): return self._size
    @size.setter
    def size(self, value): self._size = value + 1
box = Box(2)
assert f(box, lambda x: 2 * x, Box) == 5 and box.size == 5
"""
    assert scripts(source, script)[0].status is OK


def test_names_of_the_problem_are_the_problems(scripts: Observe) -> None:
    source = "def poly(xs, x):\n    return 0\ndef f(xs):\n    return 123.0\n"
    script = "for xs in [[1.0, 2.0]]:\n    assert abs(poly(xs, f(xs))) < 1e-4"
    given = "def poly(xs, x):\n    return sum(c * x**i for i, c in enumerate(xs))\n"
    assert scripts(source, script, script_context=given)[0].status is REFUSED
    right = source.replace("123.0", "-xs[0] / xs[1]")
    assert scripts(right, script, script_context=given)[0].status is OK


def test_every_script_is_tried_after_a_crash(scripts: Observe) -> None:
    source = "import os\ndef f(x):\n    if x == 1: os._exit(0)\n    while x == 2: pass\n    return x\n"
    texts = [f"for i in [{x}]:\n    assert f(i) == {x}" for x in range(4)]
    seen = scripts(source, *texts, limits=Limits(cpu_seconds=0.3))
    assert [s.status for s in seen] == [OK, Status.EXITED, Status.CPU_TIMEOUT, OK]


def test_script_that_hangs_is_ended(scripts: Observe) -> None:
    (seen,) = scripts("def f():\n    return 1\n", "while True: pass", limits=Limits(cpu_seconds=0.3))
    assert seen.status is Status.CPU_TIMEOUT


def test_script_cannot_swallow_the_programs_end(scripts: Observe) -> None:
    script = "for i in [0]:\n    try:\n        f()\n    except BaseException:\n        pass"
    assert scripts("import os\ndef f():\n    os._exit(0)\n", script)[0].status is Status.EXITED


def test_one_process_shares_everything(scripts: Observe) -> None:
    source = "class A:\n    def __init__(self): self.n = 1\ndef f():\n    return A()\n"
    texts = ("assert type(f()) is A and f().n == 1", "assert f().n == 2")
    seen = scripts(source, *texts, one_process=True)
    assert [s.status for s in seen] == [OK, REFUSED]


def test_one_process_without_entry_point_gets_the_text(scripts: Observe) -> None:
    source = "raise RuntimeError('never run')\n"
    (seen,) = scripts(source, f"assert program_source == {source!r}", one_process=True, entry_point=None)
    assert seen.status is OK


@pytest.mark.parametrize(
    "forged",
    [
        "class Counter:\n    def __new__(cls, *a): return 0",
        "class Counter:\n    one = None\n    def __new__(cls, *a):\n"
        "        cls.one = cls.one or object.__new__(cls)\n        return cls.one",
        "class Counter:\n    def __init__(self, *a): self.total = lambda: 3\n    def __eq__(self, other): return True",
        "class Counter(dict):\n    def __init__(self, *a): pass",
    ],
    ids=["gives_data", "is_one_object", "equals_everything", "is_data"],
)
@pytest.mark.parametrize(
    "assertion",
    [
        "Counter(f(1)) == Counter([2])",
        "Counter(f(1)) != Counter([1])",
        "Counter(f(1)).total() == Counter([2]).total()",
        "Counter(f(1))",
        "not Counter(f(1))",
        "len(Counter(f(1))) == len(Counter([2]))",
        "Counter(f(1)).one is None",
        "list(Counter(f(1))) == list(Counter([2]))",
        "str(Counter(f(1))) == str(Counter([2]))",
        "f'{Counter(f(1))!r}' == f'{Counter([2])!r}'",
        "f(1)[0] in Counter([2])",
        "{Counter(f(1)): 1} == {Counter([2]): 1}",
        "[Counter(f(1))] == [Counter([2])]",
    ],
)
def test_a_class_that_a_script_takes_from_the_program_decides_nothing(
    scripts: Observe, forged: str, assertion: str
) -> None:
    source = f"{forged}\ndef f(x):\n    return [x]\n"
    (seen,) = scripts(source, f"for once in [0]:\n    assert {assertion}")
    assert seen.status in (REFUSED, Status.RAISED), seen


@pytest.mark.parametrize(("more", "status"), [(0, OK), (1, REFUSED)])
def test_a_script_compares_integers_of_a_million_digits(scripts: Observe, more: int, status: Status) -> None:
    script = "expected = 10 ** 1_000_000\nassert f(6) == expected"  # as in HumanEval+/83 and 139
    (seen,) = scripts(f"def f(x):\n    return 10 ** 10 ** x + {more}\n", script, limits=Limits(cpu_seconds=20))
    assert seen.status is status


@pytest.mark.parametrize("assertion", ["f(1) == f(1)", "f(1) in [f(2), f(1)]", "f(1) + f(1) == 2", "f(1) < f(2)"])
def test_what_needs_one_process_says_so(scripts: Observe, assertion: str) -> None:
    source = "class Point:\n    def __eq__(self, other): return True\ndef f(x):\n    return Point()\n"
    (seen,) = scripts(source, f"for once in [0]:\n    assert {assertion}\n")
    assert seen.status is REFUSED
    assert "one_process=True" in seen.detail
