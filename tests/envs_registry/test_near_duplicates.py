from __future__ import annotations

import random

import pytest

from envs_registry.near_duplicates import NearDuplicateIndex, hashes_of, jaccard, near_duplicates, runs_of


def test_runs_of_words() -> None:
    assert runs_of(["a", "b", "c", "d"], 3) == {"a b c", "b c d"}
    assert runs_of(["a", "b"], 3) == {"a b"}
    assert runs_of([], 3) == frozenset()
    assert runs_of(["a", "a", "a"], 1) == {"a"}


def test_jaccard_index_of_sets() -> None:
    assert jaccard({1, 2, 3}, {2, 3, 4, 5}) == 2 / 5
    assert jaccard({1}, {2}) == 0
    assert jaccard(set(), set()) == 1


def test_programs_that_share_most_runs_with_an_earlier_one_are_dropped() -> None:
    words = [f"w{n}" for n in range(60)]
    texts = [" ".join(words[:keep] + [f"x{keep}y{n}" for n in range(60 - keep)]) for keep in (60, 58, 56, 30, 10)]
    assert near_duplicates(texts, 0.7) == [1, 2]
    assert near_duplicates([*texts, texts[3]], 0.99) == [5]


def test_a_lone_surrogate_is_no_reason_to_fail() -> None:
    assert near_duplicates(["s = '\ud800'", "s = '\ud800'"]) == [1]


@pytest.mark.parametrize("similarity", [0.1, 0.5, 0.7, 0.9, 1.0])
def test_the_index_finds_what_comparing_all_pairs_finds(similarity: float) -> None:
    generator = random.Random(0)
    sets = [frozenset(generator.sample(range(30), generator.randint(1, 25))) for _ in range(120)]
    sets += [frozenset(sorted(own)[1:]) for own in sets[:40] if len(own) > 1]
    for order in (None, lambda run: -run):
        index: NearDuplicateIndex[int] = NearDuplicateIndex(similarity, order)
        for number, own in enumerate(sets):
            assert index.owners(own) == {other for other in range(number) if jaccard(own, sets[other]) >= similarity}
            index.add(number, own)


def test_an_owner_may_have_several_sets() -> None:
    index: NearDuplicateIndex[str] = NearDuplicateIndex(0.9)
    first, second = hashes_of(["a b c", "b c d"]), hashes_of(["x y z"])
    index.add("one", first)
    index.add("one", second)
    assert index.owners(first) == index.owners(second) == {"one"}
    assert index.owners(hashes_of(["b c d"])) == set()
