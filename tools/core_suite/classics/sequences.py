"""Problems written by hand: lists."""

from __future__ import annotations

import random
from typing import Any

from tools.core_suite.handwritten import Handwritten
from tools.core_suite.samples import integers


def _xs(rng: random.Random, size: int) -> tuple[Any, ...]:
    return (integers(rng, size),)


def _xs_sum(rng: random.Random, size: int) -> tuple[Any, ...]:
    xs = integers(rng, size)
    return (xs, 2 * rng.choice(xs) if xs and rng.random() < 0.4 else rng.randint(0, 30))


def _xs_k(rng: random.Random, size: int) -> tuple[Any, ...]:
    return (integers(rng, size), rng.randint(1, 5))


def _xs_ys(rng: random.Random, size: int) -> tuple[Any, ...]:
    return (integers(rng, size), integers(rng, max(0, size + rng.randint(-2, 2))))


def _sorted_pair(rng: random.Random, size: int) -> tuple[Any, ...]:
    return (sorted(integers(rng, size)), sorted(integers(rng, max(0, size - 2))))


def _grid(rng: random.Random, size: int) -> tuple[Any, ...]:
    width = rng.randint(1, 4)
    return ([[rng.randint(-9, 9) for _ in range(width)] for _ in range(max(1, size // 2))],)


def _nested(rng: random.Random, size: int) -> tuple[Any, ...]:
    return ([integers(rng, rng.randint(0, 3)) for _ in range(size)],)


def _missing(rng: random.Random, size: int) -> tuple[Any, ...]:
    numbers = list(range(size + 1))
    numbers.remove(rng.choice(numbers))
    return (rng.sample(numbers, len(numbers)),)


def _prices(rng: random.Random, size: int) -> tuple[Any, ...]:
    return ([rng.randint(1, 30) for _ in range(size)],)


def _best_sum(xs: list[int]) -> int:
    return max((sum(xs[i:j]) for i in range(len(xs)) for j in range(i + 1, len(xs) + 1)), default=0)


SEQUENCES: tuple[Handwritten, ...] = (
    Handwritten(
        name="every_second",
        split="train",
        difficulty="easy",
        head="def every_second(xs):",
        wordings=(
            "Add up the 1st, 3rd, 5th, ... number of xs.",
            "Return the sum of every second item of xs, beginning with the first.",
        ),
        sample=_xs,
        answer=lambda xs: sum(x for i, x in enumerate(xs) if i % 2 == 0),
        solutions=(
            "return sum(xs[::2])",
            """
            total = 0
            for i in range(0, len(xs), 2):
                total += xs[i]
            return total
            """,
        ),
        mutants=(
            "return sum(xs[1::2])",
            "return sum(xs)",
        ),
    ),
    Handwritten(
        name="has_pair",
        split="train",
        difficulty="medium",
        head="def has_pair(xs, k):",
        wordings=(
            "Return whether two numbers at different places in xs add up to k.",
            "True if xs has a pair (two different indices) with sum k.",
        ),
        sample=_xs_sum,
        answer=lambda xs, k: any(xs[i] + xs[j] == k for i in range(len(xs)) for j in range(i)),
        solutions=(
            """
            seen = set()
            for x in xs:
                if k - x in seen:
                    return True
                seen.add(x)
            return False
            """,
            "return any(x + y == k for i, x in enumerate(xs) for y in xs[:i])",
        ),
        mutants=(
            "return any(k - x in xs for x in xs)",
            "return k in xs",
        ),
    ),
    Handwritten(
        name="merge_sorted",
        split="train",
        difficulty="medium",
        head="def merge(xs, ys):",
        wordings=(
            "xs and ys are sorted. Return all their numbers in one sorted list.",
            "Merge the two ascending lists xs and ys into an ascending list.",
        ),
        sample=_sorted_pair,
        answer=lambda xs, ys: sorted(xs + ys),
        solutions=(
            "return sorted(xs + ys)",
            """
            out = xs[:]
            for y in ys:
                i = 0
                while i < len(out) and out[i] < y:
                    i += 1
                out.insert(i, y)
            return out
            """,
        ),
        mutants=(
            "return xs + ys",
            "return sorted(set(xs + ys))",
        ),
    ),
    Handwritten(
        name="transpose",
        split="train",
        difficulty="medium",
        head="def transpose(rows):",
        wordings=(
            "Return the transpose of the matrix rows, as a list of lists.",
            "Turn rows into columns: the result's i-th list is the i-th column of rows.",
        ),
        sample=_grid,
        answer=lambda rows: [[row[i] for row in rows] for i in range(len(rows[0]))],
        solutions=(
            "return [list(col) for col in zip(*rows)]",
            "return [[row[i] for row in rows] for i in range(len(rows[0]))]",
        ),
        mutants=(
            "return [row[::-1] for row in rows]",
            "return list(zip(*rows))[::-1]",
        ),
    ),
    Handwritten(
        name="flatten",
        split="train",
        difficulty="easy",
        head="def flatten(rows):",
        wordings=(
            "Join the lists in rows to one list.",
            "Return all numbers of the lists in rows, in order, as one list.",
        ),
        sample=_nested,
        answer=lambda rows: [x for row in rows for x in row],
        solutions=(
            "return [x for row in rows for x in row]",
            """
            out = []
            for row in rows:
                out = out + row
            return out
            """,
        ),
        mutants=(
            "return [row[0] for row in rows if row]",
            "return [x for row in rows[1:] for x in row]",
        ),
    ),
    Handwritten(
        name="missing_number",
        split="train",
        difficulty="medium",
        head="def missing(xs):",
        wordings=(
            "xs holds the numbers from 0 to len(xs) in any order, but one is missing. Return it.",
            "Find the one number in 0..len(xs) that is not in xs.",
        ),
        sample=_missing,
        answer=lambda xs: (set(range(len(xs) + 1)) - set(xs)).pop(),
        solutions=(
            """
            n = len(xs)
            return n * (n + 1) // 2 - sum(xs)
            """,
            """
            for i in range(len(xs) + 1):
                if i not in xs:
                    return i
            """,
        ),
        mutants=(
            """
            n = len(xs)
            return n * (n - 1) // 2 - sum(xs)
            """,
            "return len(xs)",
        ),
    ),
    Handwritten(
        name="dot",
        split="train",
        difficulty="easy",
        head="def dot(xs, ys):",
        wordings=(
            "Multiply the numbers of xs and ys place by place and add up the products; leave out what has no partner.",
            "Return the dot product of xs and ys, as far as the shorter one goes.",
        ),
        sample=_xs_ys,
        answer=lambda xs, ys: sum(xs[i] * ys[i] for i in range(min(len(xs), len(ys)))),
        solutions=(
            "return sum(x * y for x, y in zip(xs, ys))",
            """
            total = 0
            for i in range(min(len(xs), len(ys))):
                total += xs[i] * ys[i]
            return total
            """,
        ),
        mutants=(
            "return sum(x + y for x, y in zip(xs, ys))",
            "return sum(xs) * sum(ys)",
        ),
    ),
    Handwritten(
        name="chunks",
        split="train",
        difficulty="medium",
        head="def chunks(xs, k):",
        wordings=(
            "Cut xs into lists of k numbers; the last one may be shorter.",
            "Return the pieces of xs of length k, in order, with the rest as the last piece.",
        ),
        sample=_xs_k,
        answer=lambda xs, k: [xs[i : i + k] for i in range(len(xs)) if i % k == 0],
        solutions=(
            "return [xs[i:i + k] for i in range(0, len(xs), k)]",
            """
            out = []
            while xs:
                out.append(xs[:k])
                xs = xs[k:]
            return out
            """,
        ),
        mutants=(
            "return [xs[i:i + k] for i in range(len(xs))]",
            "return [xs[:k], xs[k:]]",
        ),
    ),
    Handwritten(
        name="max_drop",
        split="train",
        difficulty="hard",
        head="def profit(xs):",
        wordings=(
            "Buy at one price of xs and sell at a later one. Return the best profit, 0 if there is none.",
            "Return the largest xs[j] - xs[i] with i < j, or 0 if none is positive.",
        ),
        sample=_prices,
        answer=lambda xs: max((y - x for i, x in enumerate(xs) for y in xs[i:]), default=0),
        solutions=(
            """
            best, low = 0, None
            for x in xs:
                low = x if low is None else min(low, x)
                best = max(best, x - low)
            return best
            """,
            """
            best = 0
            for i in range(len(xs)):
                for y in xs[i + 1:]:
                    best = max(best, y - xs[i])
            return best
            """,
        ),
        mutants=(
            "return max(xs) - min(xs) if xs else 0",
            "return max([b - a for a, b in zip(xs, xs[1:])], default=0)",
        ),
    ),
    Handwritten(
        name="common_items",
        split="validation",
        difficulty="medium",
        head="def common(xs, ys):",
        wordings=(
            "Return the numbers that are in both xs and ys, ascending, each once.",
            "Intersect xs and ys; give a sorted list without repeats.",
        ),
        sample=_xs_ys,
        answer=lambda xs, ys: sorted({x for x in xs if ys.count(x)}),
        solutions=(
            "return sorted(set(xs) & set(ys))",
            """
            out = []
            for x in sorted(xs):
                if x in ys and x not in out:
                    out.append(x)
            return out
            """,
        ),
        mutants=(
            "return sorted(set(xs) | set(ys))",
            "return [x for x in xs if x in ys]",
        ),
    ),
    Handwritten(
        name="best_sum",
        split="test",
        difficulty="expert",
        head="def best(xs):",
        wordings=(
            "Return the largest sum of neighbouring numbers (one or more) in xs, 0 if xs is empty.",
            "Find the maximum sum of a non-empty slice of xs; 0 for no numbers.",
        ),
        sample=_xs,
        answer=_best_sum,
        solutions=(
            """
            best = t = xs[0] if xs else 0
            for x in xs[1:]:
                t = max(x, t + x)
                best = max(best, t)
            return best
            """,
            """
            n = len(xs)
            return max((sum(xs[i:j]) for i in range(n) for j in range(i + 1, n + 1)), default=0)
            """,
        ),
        mutants=(
            "return sum(x for x in xs if x > 0)",
            "return max((sum(xs[:i]) for i in range(1, len(xs) + 1)), default=0)",
        ),
    ),
    Handwritten(
        name="inversions",
        split="test",
        difficulty="medium",
        head="def inversions(xs):",
        wordings=(
            "Count the pairs of places i < j with xs[i] > xs[j].",
            "Return how many pairs in xs stand in the wrong order.",
        ),
        sample=_xs,
        answer=lambda xs: sum(sum(y < x for y in xs[i:]) for i, x in enumerate(xs)),
        solutions=(
            "return sum(a > b for i, a in enumerate(xs) for b in xs[i + 1:])",
            """
            import bisect
            seen, n = [], 0
            for x in xs:
                n += len(seen) - bisect.bisect_right(seen, x)
                bisect.insort(seen, x)
            return n
            """,
        ),
        mutants=(
            "return sum(a > b for a, b in zip(xs, xs[1:]))",
            "return sum(a >= b for i, a in enumerate(xs) for b in xs[i + 1:])",
        ),
    ),
)
