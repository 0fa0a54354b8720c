"""Parts that work on whole numbers: the vocabulary of lists, numbers, sequences with state and stdin programs."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from functools import partial, reduce
from operator import add

from envs_registry.suites.core.part import Kind, Loop, Part, Role, part

_keep = partial(part, Role.KEEP, Kind.INTS)
_each = partial(part, Role.EACH, Kind.INTS)
_whole = partial(part, Role.WHOLE, Kind.INTS)
_end = partial(part, Role.END, Kind.INTS)

KEEP: tuple[Part, ...] = (
    _keep(
        "even",
        ("x % 2 == 0", "not x % 2"),
        lambda x, k: x % 2 == 0,
        ("keep the even numbers", "drop the odd numbers", "the even numbers among {}"),
        kin="divisible",
    ),
    _keep(
        "odd",
        ("x % 2 == 1", "x % 2 != 0"),
        lambda x, k: x % 2 == 1,
        ("keep the odd numbers", "drop the even numbers", "the odd numbers among {}"),
        kin="divisible",
    ),
    _keep(
        "positive",
        "x > 0",
        lambda x, k: x > 0,
        ("keep the positive numbers", "drop all below 1", "the positive numbers among {}"),
        kin="above",
    ),
    _keep(
        "negative",
        "x < 0",
        lambda x, k: x < 0,
        ("keep the negative numbers", "drop zero and above", "the negative numbers among {}"),
        kin="below",
    ),
    _keep(
        "above",
        "x > {k}",
        lambda x, k: x > k,
        ("keep what is above {k}", "drop all up to and including {k}", "the numbers above {k} among {}"),
        (2, 3, 4, 5, 6, 8),
        kin="above",
    ),
    _keep(
        "below",
        "x < {k}",
        lambda x, k: x < k,
        ("keep what is below {k}", "drop {k} and above", "the numbers below {k} among {}"),
        (4, 5, 6, 7, 8, 10),
        kin="below",
    ),
    _keep(
        "at_least",
        "x >= {k}",
        lambda x, k: x >= k,
        ("keep {k} and above", "drop what is below {k}", "the numbers of at least {k} among {}"),
        (2, 3, 4, 5, 7, 9),
    ),
    _keep(
        "at_most",
        "x <= {k}",
        lambda x, k: x <= k,
        ("keep the numbers up to {k}", "drop what is above {k}", "the numbers of at most {k} among {}"),
        (3, 4, 5, 7, 9, 10),
    ),
    _keep(
        "multiple",
        ("x % {k} == 0", "not x % {k}"),
        lambda x, k: x % k == 0,
        ("keep the multiples of {k}", "keep what {k} divides", "the multiples of {k} among {}"),
        (3, 4, 5, 6),
        kin="divisible",
    ),
    _keep(
        "no_multiple",
        "x % {k} != 0",
        lambda x, k: x % k != 0,
        ("drop the multiples of {k}", "drop what {k} divides", "the numbers not divisible by {k} among {}"),
        (3, 4, 5, 6),
        kin="divisible",
    ),
    _keep(
        "ends_in",
        "abs(x) % 10 == {k}",
        lambda x, k: str(x).endswith(str(k)),
        ("keep those whose last digit is {k}", "keep those ending in {k}", "the numbers ending in {k} among {}"),
        (1, 2, 3, 5, 6),
    ),
    _keep(
        "near_zero",
        ("abs(x) <= {k}", "-{k} <= x <= {k}"),
        lambda x, k: -k <= x <= k,
        ("keep those from -{k} to {k}", "drop those further than {k} from 0", "the numbers within {k} of 0 among {}"),
        (3, 4, 5, 6, 9),
    ),
    _keep(
        "two_digits",
        ("len(str(abs(x))) == 2", "9 < abs(x) < 100"),
        lambda x, k: 10 <= abs(x) <= 99,
        ("keep the two-digit numbers", "drop all that do not have two digits", "the two-digit numbers among {}"),
    ),
    _keep(
        "other_than",
        "x != {k}",
        lambda x, k: x != k,
        ("drop every {k}", "leave out {k}", "the numbers other than {k} among {}"),
        (0, 1, 2, 3, 5),
    ),
)

NUMBER_KEEP: tuple[Part, ...] = (
    _keep(
        "prime",
        ("x > 1 and all(x % d for d in range(2, x))", "x > 1 and 0 not in [x % d for d in range(2, x)]"),
        lambda x, k: x > 1 and all(x % d for d in range(2, math.isqrt(x) + 1)),
        ("keep the primes", "drop what is not prime", "the primes among {}"),
    ),
    _keep(
        "mirror",
        "str(x) == str(x)[::-1]",
        lambda x, k: list(str(x)) == list(reversed(str(x))),
        ("keep those that read the same backwards", "keep palindromes", "the palindromes among {}"),
    ),
    _keep(
        "has_digit",
        '"{k}" in str(x)',
        lambda x, k: k in [int(c) for c in str(abs(x))],
        ("keep those with a digit {k}", "drop those without the digit {k}", "those with a digit {k} among {}"),
        (1, 2, 3, 5),
    ),
)

EACH: tuple[Part, ...] = (
    _each(
        "square",
        ("x * x", "x ** 2"),
        lambda x, k: x * x,
        ("square each", "multiply each by itself", "the squares of {}"),
        kin="power",
    ),
    _each("cube", "x ** 3", lambda x, k: x * x * x, ("cube each", "raise each to the power 3", "the cubes of {}")),
    _each(
        "double",
        ("2 * x", "x + x"),
        lambda x, k: x + x,
        ("double each", "take each twice as large", "the doubles of {}"),
        kin="times",
    ),
    _each(
        "plus",
        "x + {k}",
        lambda x, k: x + k,
        ("add {k} to each", "make each {k} larger", "{k} more than each of {}"),
        (1, 2, 3, 4, 5, 7),
    ),
    _each(
        "minus",
        "x - {k}",
        lambda x, k: x - k,
        ("subtract {k} from each", "make each {k} smaller", "{k} less than each of {}"),
        (1, 2, 3, 4, 5, 7),
    ),
    _each(
        "from",
        "{k} - x",
        lambda x, k: k - x,
        ("subtract each from {k}", "take {k} minus each", "{k} minus each of {}"),
        (5, 9, 10, 12),
    ),
    _each(
        "times",
        ("{k} * x", "x * {k}"),
        lambda x, k: x * k,
        ("multiply each by {k}", "make each {k} times as large", "{k} times each of {}"),
        (3, 4, 5, 6),
        kin="times",
    ),
    _each("negate", "-x", lambda x, k: 0 - x, ("negate each", "flip every sign", "the negatives of {}")),
    _each(
        "abs",
        "abs(x)",
        lambda x, k: -x if x < 0 else x,
        ("take absolute values", "drop the signs", "the absolute values of {}"),
    ),
    _each(
        "floor_div",
        "x // {k}",
        lambda x, k: divmod(x, k)[0],
        ("divide each by {k}, rounding down", "floor-divide each by {k}", "the quotients by {k}, rounded down, of {}"),
        (2, 3, 4),
    ),
    _each(
        "remainder",
        "x % {k}",
        lambda x, k: divmod(x, k)[1],
        ("take each modulo {k}", "take remainders by {k}", "the remainders by {k} of {}"),
        (3, 4, 5, 7),
    ),
    _each(
        "last_digit",
        "abs(x) % 10",
        lambda x, k: int(str(x)[-1]),
        ("take the last digit of each", "replace each by its last digit", "the last digits of {}"),
        kin="last_digit",
    ),
    _each(
        "digit_sum",
        ("sum(int(c) for c in str(abs(x)))", "sum(map(int, str(abs(x))))"),
        lambda x, k: sum(int(c) for c in str(x) if c != "-"),
        ("take the digit sum of each", "replace each by the sum of its digits", "the digit sums of {}"),
    ),
    _each(
        "digit_count",
        "len(str(abs(x)))",
        lambda x, k: len(str(x).lstrip("-")),
        ("take the number of digits of each", "count the digits of each", "the digit counts of {}"),
    ),
    _each(
        "cap",
        ("min(x, {k})", "x if x < {k} else {k}"),
        lambda x, k: k if x > k else x,
        ("cap each at {k}", "lower all above {k} to {k}", "the values, capped at {k}, of {}"),
        (4, 5, 6, 8, 9),
        kin="cap",
    ),
    _each(
        "raise",
        ("max(x, {k})", "x if x > {k} else {k}"),
        lambda x, k: k if x < k else x,
        ("raise all below {k} to {k}", "lift each to at least {k}", "the values, raised to at least {k}, of {}"),
        (0, 1, 2, 3, 4),
        kin="raised",
    ),
    _each(
        "distance",
        "abs(x - {k})",
        lambda x, k: max(x - k, k - x),
        ("take the distance of each to {k}", "replace each by how far it is from {k}", "the distances to {k} of {}"),
        (3, 4, 5, 6, 10),
    ),
    _each(
        "collatz",
        "x // 2 if x % 2 == 0 else 3 * x + 1",
        lambda x, k: 3 * x + 1 if x % 2 else x // 2,
        ("halve the even ones, turn odd x into 3x+1", "apply one Collatz step to each", "the Collatz successors of {}"),
    ),
    _each(
        "double_odd",
        "2 * x if x % 2 else x",
        lambda x, k: x + x * (x % 2),
        ("double the odd ones", "double each odd number only", "the values, odd ones doubled, of {}"),
    ),
    _each(
        "zero_negative",
        "x if x > 0 else 0",
        lambda x, k: max(0, x),
        ("replace negative numbers by 0", "set all below 0 to 0", "the values, negative ones set to 0, of {}"),
        kin="raised",
    ),
)

WHOLE: tuple[Part, ...] = (
    _whole(
        "differences",
        ("[b - a for a, b in zip({s}, {s}[1:])]", "[{s}[i + 1] - {s}[i] for i in range(len({s}) - 1)]"),
        lambda s, k: [s[i] - s[i - 1] for i in range(1, len(s))],
        (
            "take the difference of each number to the next",
            "replace them by next minus current",
            "the differences (next minus current) of {}",
        ),
    ),
    _whole(
        "neighbour_sums",
        ("[a + b for a, b in zip({s}, {s}[1:])]", "[{s}[i] + {s}[i + 1] for i in range(len({s}) - 1)]"),
        lambda s, k: [s[i] + s[i - 1] for i in range(1, len(s))],
        ("add each number to the next", "take sums of neighbours", "the sums of neighbours in {}"),
    ),
    _whole(
        "times_index",
        "[i * x for i, x in enumerate({s})]",
        lambda s, k: [s[i] * i for i in range(len(s))],
        (
            "multiply each by its index (from 0)",
            "take each times its position from 0",
            "the products with the index (from 0) of {}",
        ),
    ),
    _whole(
        "plus_index",
        "[i + x for i, x in enumerate({s})]",
        lambda s, k: [s[i] + i for i in range(len(s))],
        ("add its index (from 0) to each", "add to each its position from 0", "the sums with the index (from 0) of {}"),
    ),
    _whole(
        "prefix_sums",
        "[sum({s}[:i + 1]) for i in range(len({s}))]",
        lambda s, k: list(itertools.accumulate(s)),
        ("take running totals", "replace each by the sum up to it", "the running totals of {}"),
    ),
    _whole(
        "prefix_max",
        "[max({s}[:i + 1]) for i in range(len({s}))]",
        lambda s, k: list(itertools.accumulate(s, max)),
        ("take running maxima", "replace each by the largest up to it", "the running maxima of {}"),
    ),
    _whole(
        "trim_extremes",
        "sorted({s})[1:-1]",
        lambda s, k: sorted(s)[1 : len(s) - 1] if len(s) > 2 else [],
        (
            "sort them and drop first and last",
            "sort them, then drop the smallest and the largest",
            "the sorted order without both ends of {}",
        ),
    ),
)


def _alternating(s: list[int]) -> int:
    return sum(x if i % 2 == 0 else -x for i, x in enumerate(s))


END: tuple[Part, ...] = (
    _end(
        "sum",
        "sum({s})",
        lambda s, k: reduce(add, s, 0),
        ("their sum", "the total", "the sum of {}"),
        loop=Loop("total = 0", "total += {x}", "total"),
        kin="sum",
    ),
    _end(
        "product",
        "math.prod({s})",
        lambda s, k: math.prod(s),
        ("their product", "all multiplied together", "the product of {}"),
        loop=Loop("total = 1", "total *= {x}", "total"),
        kin="product",
    ),
    _end(
        "max",
        "max({s}, default={k})",
        lambda s, k: sorted(s)[-1] if s else k,
        ("the largest, or {k} if none", "the maximum ({k} if there is none)", "the largest (else {k}) of {}"),
        (0, -1, None),
        loop=Loop("best = None", "if best is None or {x} > best:\n    best = {x}", "{k} if best is None else best"),
        slow=("sorted({s})[-1] if {s} else {k}",),
        kin="max",
    ),
    _end(
        "min",
        "min({s}, default={k})",
        lambda s, k: sorted(s)[0] if s else k,
        ("the smallest, or {k} if none", "the minimum ({k} if there is none)", "the smallest (else {k}) of {}"),
        (0, -1, None),
        loop=Loop("best = None", "if best is None or {x} < best:\n    best = {x}", "{k} if best is None else best"),
        slow=("sorted({s})[0] if {s} else {k}",),
        kin="min",
    ),
    _end(
        "spread",
        ("max({s}) - min({s}) if {s} else 0", "max({s}, default=0) - min({s}, default=0)"),
        lambda s, k: sorted(s)[-1] - sorted(s)[0] if s else 0,
        ("largest minus smallest (0 if none)", "their range, 0 if none", "the range (0 if empty) of {}"),
    ),
    _end(
        "mean",
        "sum({s}) // len({s}) if {s} else {k}",
        lambda s, k: divmod(sum(s), len(s))[0] if s else k,
        (
            "the mean rounded down, or {k} if none",
            "their average, floored ({k} if none)",
            "the floored mean (else {k}) of {}",
        ),
        (0, -1),
    ),
    _end(
        "alternating",
        "sum({s}[::2]) - sum({s}[1::2])",
        lambda s, k: _alternating(s),
        (
            "the alternating sum (+ - + ...)",
            "first minus second plus third and so on",
            "the alternating sum (+ - + ...) of {}",
        ),
    ),
    _end(
        "is_rising",
        ("{s} == sorted({s})", "all(a <= b for a, b in zip({s}, {s}[1:]))"),
        lambda s, k: all(s[i] <= s[i + 1] for i in range(len(s) - 1)),
        ("whether they never fall", "True if they are in ascending order", "whether ascending order holds for {}"),
    ),
    _end(
        "middle",
        "sorted({s})[len({s}) // 2] if {s} else {k}",
        lambda s, k: sorted(s)[len(s) // 2] if s else k,
        (
            "the upper median, or {k} if none",
            "the item at half the length once sorted ({k} if none)",
            "the upper median (else {k}) of {}",
        ),
        (0, -1),
    ),
    _end(
        "repeated",
        ("len({s}) - len(set({s}))",),
        lambda s, k: sum(n - 1 for n in Counter(s).values()),
        (
            "how many repeat an earlier one",
            "the count minus the count of distinct ones",
            "the number of repeats in {}",
        ),
    ),
)
