"""Problems written by hand: numbers."""

from __future__ import annotations

import math
import random
from functools import partial
from typing import Any

from tools.core_suite.handwritten import Handwritten


def _n(low: int, high: int, rng: random.Random, size: int) -> tuple[Any, ...]:
    return (rng.randint(low, high) if size else low,)


def _two(low: int, high: int, rng: random.Random, size: int) -> tuple[Any, ...]:
    return (rng.randint(low, high), rng.randint(low, high) if size else low)


def _bits(rng: random.Random, size: int) -> tuple[Any, ...]:
    return (f"{rng.randrange(2 ** max(1, size)):b}",)


def _roman(rng: random.Random, size: int) -> tuple[Any, ...]:
    number = rng.randint(1, 300) if size else 1
    pieces = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    made = ""
    for value, letters in pieces:
        while number >= value:
            made, number = made + letters, number - value
    return (made,)


def _roman_value(s: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}[c] for c in s]
    return sum(-v if any(w > v for w in values[i + 1 : i + 2]) else v for i, v in enumerate(values))


def _fibonacci(n: int) -> int:
    return round(((1 + math.sqrt(5)) / 2) ** n / math.sqrt(5))


def _collatz_steps(n: int) -> int:
    return 0 if n == 1 else 1 + _collatz_steps(n // 2 if n % 2 == 0 else 3 * n + 1)


def _row(n: int) -> list[int]:
    return [math.comb(n, i) for i in range(n + 1)]


ARITHMETIC: tuple[Handwritten, ...] = (
    Handwritten(
        name="gcd",
        split="train",
        difficulty="easy",
        head="def gcd(a, b):",
        wordings=(
            "Return the greatest common divisor of a and b.",
            "Find the largest number that divides both a and b.",
        ),
        sample=partial(_two, 1, 90),
        answer=math.gcd,
        solutions=(
            """
            while b:
                a, b = b, a % b
            return a
            """,
            "return max(d for d in range(1, a + 1) if a % d == 0 and b % d == 0)",
        ),
        mutants=(
            """
            while b:
                a, b = b, a // b
            return a
            """,
            "return min(a, b)",
        ),
    ),
    Handwritten(
        name="factorial",
        split="train",
        difficulty="easy",
        head="def fact(n):",
        wordings=(
            "Return the factorial of n.",
            "Multiply all whole numbers from 1 to n and return the result; 1 for n = 0.",
        ),
        sample=partial(_n, 0, 20),
        answer=math.factorial,
        solutions=(
            """
            out = 1
            for i in range(2, n + 1):
                out *= i
            return out
            """,
            "return 1 if n < 2 else n * fact(n - 1)",
        ),
        mutants=(
            """
            out = 1
            for i in range(2, n):
                out *= i
            return out
            """,
            "return n * n",
        ),
    ),
    Handwritten(
        name="fibonacci",
        split="train",
        difficulty="medium",
        head="def fib(n):",
        wordings=(
            "Return the n-th Fibonacci number: 0, 1, 1, 2, 3, ... for n = 0, 1, 2, 3, 4, ...",
            "Each number is the sum of the two before it, beginning with 0 and 1. Return the one at index n.",
        ),
        sample=partial(_n, 0, 15),
        answer=_fibonacci,
        solutions=(
            """
            a, b = 0, 1
            for _ in range(n):
                a, b = b, a + b
            return a
            """,
            "return n if n < 2 else fib(n - 1) + fib(n - 2)",
        ),
        mutants=(
            """
            a, b = 1, 1
            for _ in range(n):
                a, b = b, a + b
            return a
            """,
        ),
    ),
    Handwritten(
        name="is_prime",
        split="train",
        difficulty="easy",
        head="def is_prime(n):",
        wordings=(
            "Return whether n is a prime number.",
            "True if n is above 1 and only 1 and n divide it.",
        ),
        sample=partial(_n, 0, 60),
        answer=lambda n: n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1)),
        solutions=(
            """
            d = 2
            while d * d <= n:
                if n % d == 0:
                    return False
                d += 1
            return n > 1
            """,
            "return n > 1 and all(n % d for d in range(2, n))",
        ),
        mutants=(
            "return all(n % d for d in range(2, n))",
            "return n % 2 == 1",
        ),
    ),
    Handwritten(
        name="digital_root",
        split="train",
        difficulty="medium",
        head="def root(n):",
        wordings=(
            "Replace n by the sum of its digits until one digit is left; return it.",
            "Return the digital root of n.",
        ),
        sample=partial(_n, 0, 99999),
        answer=lambda n: 0 if n == 0 else 1 + (n - 1) % 9,
        solutions=(
            """
            while n > 9:
                n = sum(int(c) for c in str(n))
            return n
            """,
            "return 0 if n == 0 else 1 + (n - 1) % 9",
        ),
        mutants=(
            "return n % 9",
            "return sum(int(c) for c in str(n))",
        ),
    ),
    Handwritten(
        name="from_binary",
        split="train",
        difficulty="easy",
        head="def value(bits):",
        wordings=(
            "bits is a text of 0 and 1. Return the number that it writes in base 2.",
            "Read the binary text bits as a number.",
        ),
        sample=_bits,
        answer=lambda bits: sum(2**i for i, c in enumerate(reversed(bits)) if c == "1"),
        solutions=(
            "return int(bits, 2)",
            """
            n = 0
            for c in bits:
                n = 2 * n + (c == "1")
            return n
            """,
        ),
        mutants=(
            "return int(bits)",
            'return bits.count("1")',
        ),
    ),
    Handwritten(
        name="fizzbuzz",
        split="train",
        difficulty="medium",
        head="",
        wordings=(
            "Read n. Print a line for each of 1 to n: Fizz for multiples of 3, Buzz for those of 5, FizzBuzz for both, "
            "else the number.",
        ),
        sample=partial(_n, 0, 20),
        answer=lambda n: "".join(
            "\n" + ("Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0) or str(i)) for i in range(1, n + 1)
        )[1:],
        solutions=(
            """
            for i in range(1, int(input()) + 1):
                s = "Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0)
                print(s or i)
            """,
            """
            for i in range(1, int(input()) + 1):
                if i % 15 == 0:
                    print("FizzBuzz")
                elif i % 3 == 0:
                    print("Fizz")
                elif i % 5 == 0:
                    print("Buzz")
                else:
                    print(i)
            """,
        ),
        mutants=(
            """
            for i in range(1, int(input())):
                s = "Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0)
                print(s or i)
            """,
        ),
        stdin=lambda args: f"{args[0]}\n",
    ),
    Handwritten(
        name="collatz_steps",
        split="validation",
        difficulty="medium",
        head="def steps(n):",
        wordings=(
            "Halve n if it is even, else make it 3n + 1. Return how many such steps lead to 1.",
            "Count the Collatz steps from n down to 1.",
        ),
        sample=partial(_n, 1, 40),
        answer=_collatz_steps,
        solutions=(
            """
            count = 0
            while n != 1:
                n = n // 2 if n % 2 == 0 else 3 * n + 1
                count += 1
            return count
            """,
            "return 0 if n == 1 else 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1)",
        ),
        mutants=(
            """
            count = 1
            while n != 1:
                n = n // 2 if n % 2 == 0 else 3 * n + 1
                count += 1
            return count
            """,
        ),
    ),
    Handwritten(
        name="pascal_row",
        split="validation",
        difficulty="hard",
        head="def row(n):",
        wordings=(
            "Return row n of Pascal's triangle; row 0 is [1].",
            "Return the n + 1 binomial coefficients of n, in order.",
        ),
        sample=partial(_n, 0, 12),
        answer=_row,
        solutions=(
            """
            row = [1]
            for _ in range(n):
                row = [a + b for a, b in zip([0] + row, row + [0])]
            return row
            """,
            """
            import math
            return [math.comb(n, i) for i in range(n + 1)]
            """,
        ),
        mutants=(
            """
            row = [1]
            for _ in range(n - 1):
                row = [a + b for a, b in zip([0] + row, row + [0])]
            return row
            """,
        ),
    ),
    Handwritten(
        name="roman",
        split="test",
        difficulty="expert",
        head="def number(s):",
        wordings=(
            "s is a Roman number of I, V, X, L and C. Return its value.",
            "Read the Roman number s (letters I V X L C).",
        ),
        sample=_roman,
        answer=_roman_value,
        solutions=(
            """
            d = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
            n = 0
            for a, b in zip(s, s[1:] + "I"):
                n += d[a] if d[a] >= d[b] else -d[a]
            return n
            """,
            """
            d = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
            v = [d[c] for c in s]
            return sum(-a if a < b else a for a, b in zip(v, v[1:] + [0]))
            """,
        ),
        mutants=(
            """
            d = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
            return sum(d[c] for c in s)
            """,
        ),
    ),
)
