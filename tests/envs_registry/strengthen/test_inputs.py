from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym import CallTest
from envs_registry.strengthen.inputs import InputMutator

LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.sets(st.integers(), max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(LITERALS, st.integers(0, 1000))
def test_a_changed_value_keeps_its_type(value: Any, seed: int) -> None:
    mutator = InputMutator([CallTest(args=(value,))], random.Random(seed))
    before = repr(value)
    for _ in range(5):
        assert type(mutator.mutated(value)) is type(value)
    assert repr(value) == before  # the seeds stay as they are


@pytest.mark.parametrize("value", [True, 3, 2.5, "abc", [1, 2], (1, 2), {1, 2}, {"a": 1}, ("x", 1)])
def test_inputs_are_new_and_different(value: Any) -> None:
    seed = CallTest(args=(value, 5), kwargs={"k": 1}, expected=0)
    found = InputMutator([seed], random.Random(0)).inputs(10)
    texts = [repr((test.args, test.kwargs)) for test in found]
    assert len(set(texts)) == len(texts) == 10
    assert repr((seed.args, seed.kwargs)) not in texts
    assert all(len(test.args) == 2 and set(test.kwargs) == {"k"} for test in found)


def test_the_same_seed_gives_the_same_inputs() -> None:
    seeds = [CallTest(args=([3, 1, 2], "ab")), CallTest(args=([], "x"))]
    first, second = (InputMutator(seeds, random.Random(7)).inputs(20) for _ in range(2))
    assert first == second


def test_records_keep_their_length() -> None:
    mutator = InputMutator([CallTest(args=(("x", 1),))], random.Random(0))
    assert all(len(mutator.mutated(("x", 1))) == 2 for _ in range(50))


def test_a_function_without_arguments_has_no_other_inputs() -> None:
    assert InputMutator([CallTest()], random.Random(0)).inputs(5) == []
