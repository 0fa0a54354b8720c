from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.codedpo.focus import Focus, difference, per_token, token_weights

IDS = st.lists(st.integers(0, 3), min_size=1, max_size=12).map(lambda ids: np.array(ids, dtype=np.int64))


def ids(text: str) -> np.ndarray:
    return np.array([ord(letter) for letter in text], dtype=np.int64)


@pytest.mark.parametrize(
    ("chosen", "rejected", "prefix", "suffix"),
    [
        ("abXYcd", "abZcd", 2, 2),
        ("aaaa", "aa", 2, 0),  # a common end never overlaps the common beginning
        ("abcd", "abXcd", 2, 2),  # only the rejected has a middle
        ("xyz", "abz", 0, 1),
        ("xyz", "abc", 0, 0),
    ],
)
def test_the_difference_lies_between_prefix_and_suffix(chosen: str, rejected: str, prefix: int, suffix: int) -> None:
    found = difference(ids(chosen), ids(rejected))
    assert (found.prefix, found.suffix) == (prefix, suffix)


@given(IDS, IDS)
def test_prefix_and_suffix_are_common_and_longest(chosen: np.ndarray, rejected: np.ndarray) -> None:
    found = difference(chosen, rejected)
    shorter = min(len(chosen), len(rejected))
    assert found.prefix + found.suffix <= shorter
    np.testing.assert_array_equal(chosen[: found.prefix], rejected[: found.prefix])
    np.testing.assert_array_equal(chosen[len(chosen) - found.suffix :], rejected[len(rejected) - found.suffix :])
    if found.prefix < shorter:
        assert chosen[found.prefix] != rejected[found.prefix]
    if found.prefix + found.suffix < shorter:
        assert chosen[len(chosen) - found.suffix - 1] != rejected[len(rejected) - found.suffix - 1]


def test_whole_counts_every_token_once() -> None:
    ours, theirs = token_weights(ids("abXYcd"), ids("abZcd"), Focus.WHOLE)
    assert (ours.tolist(), theirs.tolist()) == ([1] * 6, [1] * 5)


def test_focused_doubles_the_middle_and_drops_the_rejected_suffix() -> None:
    ours, theirs = token_weights(ids("abXYcd"), ids("abZcd"), Focus.FOCUSED, emphasis=2)
    assert ours.tolist() == [1, 1, 2, 2, 1, 1]
    assert theirs.tolist() == [1, 1, 2, 0, 0]


def test_target_keeps_what_an_edit_removes_from_the_rejected() -> None:
    ours, theirs = token_weights(ids("a1b2c"), ids("aXb2Yc"), Focus.TARGET)
    assert ours.tolist() == [1] * 5
    assert theirs.tolist() == [0, 1, 0, 0, 1, 0]  # two places, where focused would take all between them


def test_target_of_a_pure_insertion_blames_nothing() -> None:
    _, theirs = token_weights(ids("a1b"), ids("ab"), Focus.TARGET)
    assert theirs.tolist() == [0, 0]
    assert per_token(theirs).tolist() == [0, 0]


def test_per_token_makes_a_mean_of_a_sum() -> None:
    np.testing.assert_allclose(per_token(np.array([1, 2, 0, 1], np.float32)), [0.25, 0.5, 0, 0.25])
