"""Meaning, programs and wordings of compositions, worked by hand."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tools.core_suite.composition import ARGUMENT, Composition, PartUse, split_of
from tools.core_suite.counting import COUNTING
from tools.core_suite.family import Family
from tools.core_suite.lists import LISTS, STRINGS
from tools.core_suite.part import Constant, Part
from tools.core_suite.state import STATE
from tools.core_suite.styles import STYLES, Frame, Style, write
from tools.core_suite.variation import answer, reductions, variations
from tools.core_suite.wording import wordings


def compose(family: Family, source: str, *steps: tuple[str, Constant], k: bool = False) -> Composition:
    parts: dict[str, Part] = {
        part.name: part for table in (family.middles, family.ends) for row in table.values() for part in row
    }
    entry = next(entry for entry in family.entries if entry.source.name == source)
    return Composition(
        (PartUse(entry.source), *(PartUse(parts[name], constant) for name, constant in steps)), takes_argument=k
    )


EVEN_SQUARES = compose(LISTS, "given", ("ints.even", None), ("ints.square", None), ("ints.sum", None))


@pytest.mark.parametrize(
    ("composition", "args", "expected"),
    [
        (EVEN_SQUARES, ([1, 2, -4],), 20),
        (EVEN_SQUARES, ([],), 0),
        (compose(LISTS, "given", ("ints.above", ARGUMENT), ("ints.count", None), k=True), ([3, 5, 6], 4), 2),
        (compose(STRINGS, "characters", ("chars.vowel", None), ("chars.text", None)), ("Onion e1",), "ioe"),
        (compose(STRINGS, "words", ("words.shorter", 4), ("words.longest", None)), ("a bcde ef",), "ef"),
        (compose(STATE, "given", ("ints.floor", None), ("ints.list", None)), ([3, -5, 2],), [3, 0, 2]),
        (
            compose(COUNTING, "words", ("words.count_each", None), ("table.above", 1), ("table.keys", None)),
            ("b a b c a",),
            ["a", "b"],
        ),
    ],
)
def test_meaning_and_every_style_agree_with_the_hand(
    composition: Composition, args: tuple[Any, ...], expected: Any
) -> None:
    assert composition(*args) == expected
    parameters = ("xs", "k") if composition.takes_argument else ("xs",)
    frame = Frame(head=f"def f({', '.join(parameters)}):", parameters=("xs",))
    for style in STYLES:
        space: dict[str, Any] = {}
        exec(write(composition, frame, style), space)
        assert space["f"](*args) == expected, style


def test_styles_differ_as_they_say() -> None:
    frame = Frame(head="def f(xs):", parameters=("xs",))
    assert write(EVEN_SQUARES, frame, Style()) == "def f(xs):\n    return sum(x * x for x in xs if x % 2 == 0)\n"
    assert write(EVEN_SQUARES, frame, Style(loop=True)) == (
        "def f(xs):\n    total = 0\n    for x in xs:\n"
        "        if x % 2 == 0:\n            total += x * x\n    return total\n"
    )
    assert write(EVEN_SQUARES, frame, Style(fused=False)) == (
        "def f(xs):\n    ys = [x for x in xs if x % 2 == 0]\n    ys = [x * x for x in ys]\n    return sum(ys)\n"
    )


def test_all_wordings_name_every_step() -> None:
    texts = wordings(EVEN_SQUARES, ("nums",), random.Random(0))
    assert len(set(texts)) == 3
    for text in texts:
        assert "nums" in text
        assert "even" in text
        assert "squar" in text
        assert "sum" in text


def test_a_reduction_loses_one_step_and_keeps_the_signature() -> None:
    composition = compose(LISTS, "given", ("ints.negative", None), ("ints.first", ARGUMENT), ("ints.max", 0), k=True)
    less = list(reductions(composition))
    assert [[step.part.name for step in short.steps[1:]] for short in less] == [
        ["ints.first", "ints.max"],
        ["ints.negative", "ints.max"],
    ]
    assert answer(less[1], ([-1, 2, -3], 1)) == answer(composition, ([-1, 2, -3], 1)) == -1


def test_variations_are_other_compositions_that_fit() -> None:
    found = list(variations(EVEN_SQUARES, LISTS, random.Random(0)))
    assert len(found) > 5
    assert all(wrong.fits and wrong != EVEN_SQUARES for wrong in found)


def test_the_split_knows_neither_constants_nor_the_order_of_conditions() -> None:
    one = compose(LISTS, "given", ("ints.above", 2), ("ints.even", None), ("ints.sum", None))
    two = compose(STATE, "given", ("ints.odd", None), ("ints.above", 8), ("ints.sum", None))
    assert split_of(one) == split_of(two)
    assert split_of(compose(LISTS, "given", ("ints.sum", None))) == "train"
