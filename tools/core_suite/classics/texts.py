"""Problems written by hand: texts."""

from __future__ import annotations

import random
import string
from collections import Counter
from itertools import groupby
from typing import Any

from tools.core_suite import samples
from tools.core_suite.handwritten import Handwritten
from tools.core_suite.samples import sentence


def _sentence(rng: random.Random, size: int) -> tuple[Any, ...]:
    return (sentence(rng, size),)


def _runs(rng: random.Random, size: int) -> tuple[Any, ...]:
    return ("".join(rng.choice("ab") * rng.randint(1, 4) for _ in range(size)),)


def _brackets(rng: random.Random, size: int) -> tuple[Any, ...]:
    made = "".join(rng.choice(("()", "(())", "()()", "(", ")", "[]", "([])", "[")) for _ in range((size + 2) // 3))
    return (made,)


def _words_pair(rng: random.Random, size: int) -> tuple[Any, ...]:
    a = "".join(rng.choice("abcd") for _ in range(size))
    b = "".join(rng.sample(a, len(a))) if rng.random() < 0.6 else "".join(rng.choice("abcd") for _ in range(size))
    return (a, b if rng.random() < 0.7 or not a else a[0] * size)


def _subsequence(rng: random.Random, size: int) -> tuple[Any, ...]:
    whole = "".join(rng.choice("abc") for _ in range(size))
    return ("".join(c for c in whole if rng.random() < 0.5) + rng.choice(("", "", "c")), whole)


def _balanced(s: str) -> bool:
    while any(pair in s for pair in ("()", "[]")):
        s = s.replace("()", "").replace("[]", "")
    return not s


def _shifted(s: str, k: int) -> str:
    lower = string.ascii_lowercase
    return s.translate(str.maketrans(lower, lower[k % 26 :] + lower[: k % 26]))


def _is_within(s: str, t: str) -> bool:
    place = 0
    for c in s:
        place = t.find(c, place) + 1
        if place == 0:
            return False
    return True


def _letters_k(rng: random.Random, size: int) -> tuple[Any, ...]:
    return (sentence(rng, size // 2), rng.randint(1, 30))


TEXTS: tuple[Handwritten, ...] = (
    Handwritten(
        name="anagram",
        split="train",
        difficulty="easy",
        head="def anagram(s, t):",
        wordings=(
            "Return whether s and t have the same letters, each equally often.",
            "True if t is s with its letters in another order.",
        ),
        sample=_words_pair,
        answer=lambda s, t: Counter(s) == Counter(t),
        solutions=(
            "return sorted(s) == sorted(t)",
            """
            for c in s + t:
                if s.count(c) != t.count(c):
                    return False
            return True
            """,
        ),
        mutants=(
            "return all(c in t for c in s)",
            "return len(s) == len(t)",
        ),
    ),
    Handwritten(
        name="run_length",
        split="train",
        difficulty="hard",
        head="def encode(s):",
        wordings=(
            "Write each run of equal letters in s as the letter and its length: 'aab' becomes 'a2b1'.",
            "Return the run-length code of s, such as 'a3b1' for 'aaab'.",
        ),
        sample=_runs,
        answer=lambda s: "".join(f"{c}{len(list(group))}" for c, group in groupby(s)),
        solutions=(
            """
            out, i = "", 0
            while i < len(s):
                j = i
                while j < len(s) and s[j] == s[i]:
                    j += 1
                out += s[i] + str(j - i)
                i = j
            return out
            """,
            """
            from itertools import groupby
            return "".join(c + str(len(list(g))) for c, g in groupby(s))
            """,
        ),
        mutants=('return "".join(c + str(s.count(c)) for c in dict.fromkeys(s))',),
    ),
    Handwritten(
        name="word_lengths",
        split="train",
        difficulty="easy",
        head="def lengths(s):",
        wordings=(
            "Return a dict from each word of s to its length.",
            "Map every word of s to the number of its letters.",
        ),
        sample=_sentence,
        answer=lambda s: {w: sum(1 for _ in w) for w in s.split()},
        solutions=(
            "return {w: len(w) for w in s.split()}",
            """
            d = {}
            for w in s.split():
                d[w] = len(w)
            return d
            """,
        ),
        mutants=(
            "return {len(w): w for w in s.split()}",
            "return {w: 1 for w in s.split()}",
        ),
    ),
    Handwritten(
        name="caesar",
        split="validation",
        difficulty="hard",
        head="def shift(s, k):",
        wordings=(
            "Move each small letter of s by k places in the alphabet, from z on to a again; leave the rest.",
            "Return s in Caesar's cipher with shift k (small letters only, cyclic).",
        ),
        sample=_letters_k,
        answer=_shifted,
        solutions=(
            """
            out = ""
            for c in s:
                out += chr((ord(c) - 97 + k) % 26 + 97) if c.islower() else c
            return out
            """,
            """
            abc = "abcdefghijklmnopqrstuvwxyz"
            return "".join(abc[(abc.index(c) + k) % 26] if c in abc else c for c in s)
            """,
        ),
        mutants=('return "".join(chr(ord(c) + k) for c in s)',),
    ),
    Handwritten(
        name="balanced",
        split="test",
        difficulty="hard",
        head="def balanced(s):",
        wordings=(
            "s is made of ( ) [ ]. Return whether all brackets are closed in the right order.",
            "True if the brackets () and [] in s match and nest.",
        ),
        sample=_brackets,
        answer=_balanced,
        solutions=(
            """
            stack = []
            for c in s:
                if c in "([":
                    stack.append(c)
                elif not stack or stack.pop() + c not in ("()", "[]"):
                    return False
            return not stack
            """,
            """
            while "()" in s or "[]" in s:
                s = s.replace("()", "").replace("[]", "")
            return s == ""
            """,
        ),
        mutants=(
            'return s.count("(") == s.count(")")',
            "return len(s) % 2 == 0",
        ),
    ),
    Handwritten(
        name="subsequence",
        split="test",
        difficulty="medium",
        head="def within(s, t):",
        wordings=(
            "Return whether s can be got from t by leaving letters out.",
            "True if the letters of s appear in t in this order, gaps allowed.",
        ),
        sample=_subsequence,
        answer=_is_within,
        solutions=(
            """
            it = iter(t)
            return all(c in it for c in s)
            """,
            """
            i = 0
            for c in t:
                if i < len(s) and c == s[i]:
                    i += 1
            return i == len(s)
            """,
        ),
        mutants=(
            "return s in t",
            "return all(c in t for c in s)",
        ),
    ),
    Handwritten(
        name="longest_line",
        split="test",
        difficulty="easy",
        head="",
        wordings=("Read all lines and print the length of the longest one, 0 if there are none.",),
        sample=lambda rng, size: ([" ".join(samples.words(rng, rng.randint(0, 4))) for _ in range(size)],),
        answer=lambda lines: max(map(len, lines), default=0),
        solutions=(
            """
            import sys
            print(max((len(s.rstrip("\\n")) for s in sys.stdin), default=0))
            """,
            """
            import sys
            best = 0
            for s in sys.stdin.read().splitlines():
                best = max(best, len(s))
            print(best)
            """,
        ),
        mutants=(
            """
            import sys
            print(max((len(s) for s in sys.stdin), default=0))
            """,
            "print(len(input()))",
        ),
        stdin=lambda args: "".join(f"{line}\n" for line in args[0]),
    ),
)
