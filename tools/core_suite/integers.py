"""Parts that work on whole numbers: the vocabulary of lists, numbers, sequences with state and stdin programs."""

from __future__ import annotations

from functools import partial, reduce
from operator import add

from tools.core_suite.part import ItemKind, Loop, Part, Role, part

_keep = partial(part, Role.KEEP, ItemKind.INTS)
_each = partial(part, Role.EACH, ItemKind.INTS)
_end = partial(part, Role.END, ItemKind.INTS)

KEEP: tuple[Part, ...] = (
    _keep(
        "even",
        ("x % 2 == 0", "not x % 2"),
        lambda x, k: x % 2 == 0,
        ("keep the even numbers", "the even numbers among {}"),
        kin="divisible",
    ),
    _keep(
        "odd",
        ("x % 2 == 1", "x % 2 != 0"),
        lambda x, k: x % 2 == 1,
        ("keep the odd numbers", "the odd numbers among {}"),
        kin="divisible",
    ),
    _keep(
        "positive",
        "x > 0",
        lambda x, k: x > 0,
        ("keep the positive numbers", "the positive numbers among {}"),
        kin="above",
    ),
    _keep(
        "negative",
        "x < 0",
        lambda x, k: x < 0,
        ("keep the negative numbers", "the negative numbers among {}"),
        kin="below",
    ),
    _keep(
        "above",
        "x > {k}",
        lambda x, k: x > k,
        ("keep what is above {k}", "the numbers above {k} among {}"),
        (2, 3, 4, 5, 6, 8),
        kin="above",
    ),
)


EACH: tuple[Part, ...] = (
    _each(
        "square",
        ("x * x", "x ** 2"),
        lambda x, k: x * x,
        ("square each", "the squares of {}"),
        kin="power",
    ),
    _each("cube", "x ** 3", lambda x, k: x * x * x, ("cube each", "the cubes of {}")),
    _each(
        "double",
        ("2 * x", "x + x"),
        lambda x, k: x + x,
        ("double each", "the doubles of {}"),
        kin="times",
    ),
    _each(
        "plus",
        "x + {k}",
        lambda x, k: x + k,
        ("add {k} to each", "{k} more than each of {}"),
        (1, 2, 3, 4, 5, 7),
    ),
    _each(
        "minus",
        "x - {k}",
        lambda x, k: x - k,
        ("subtract {k} from each", "{k} less than each of {}"),
        (1, 2, 3, 4, 5, 7),
    ),
)


END: tuple[Part, ...] = (
    _end(
        "sum",
        "sum({s})",
        lambda s, k: reduce(add, s, 0),
        ("their sum", "the sum of {}"),
        loop=Loop("total = 0", "total += {x}", "total"),
        kin="sum",
    ),
    _end(
        "max",
        "max({s}, default={k})",
        lambda s, k: sorted(s)[-1] if s else k,
        ("the largest, or {k} if none", "the largest (else {k}) of {}"),
        (0, -1, None),
        loop=Loop("best = None", "if best is None or {x} > best:\n    best = {x}", "{k} if best is None else best"),
        slow=("sorted({s})[-1] if {s} else {k}",),
        kin="max",
    ),
)
