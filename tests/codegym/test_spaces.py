from __future__ import annotations

import json
import pickle
from copy import deepcopy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.error import CustomSpaceError
from gymnasium.vector.utils import (
    batch_differing_spaces,
    batch_space,
    concatenate,
    create_empty_array,
    create_shared_memory,
    iterate,
)
from hypothesis import given
from hypothesis import strategies as st

from codegym.spaces import UnicodeText

ANY_TEXT = st.text(st.characters(), max_size=30)  # surrogates included


@given(ANY_TEXT)
def test_contains_any_text(text: str) -> None:
    assert text in UnicodeText()


def test_contains_texts_that_gymnasiums_own_space_refuses() -> None:
    for text in ("", "é", "\0", "\ud800", "🎈" * 3, "x" * 10_000_000):
        assert text in UnicodeText()
        assert text not in spaces.Text(100)


@pytest.mark.parametrize("thing", [b"x", 3, None, ["x"], np.array("x", dtype=object)])
def test_contains_nothing_but_texts(thing: object) -> None:
    assert thing not in UnicodeText()


def test_shape_and_dtype_make_a_buffer_that_holds_texts() -> None:
    space = UnicodeText()
    buffer = np.zeros((2, *space.shape), dtype=space.dtype)
    buffer[1] = "né"
    assert buffer[1] == "né"
    assert space.shape == ()


def test_samples_follow_the_seed_and_reach_beyond_ascii() -> None:
    first, second, other = UnicodeText(seed=3), UnicodeText(), UnicodeText(seed=4)
    second.seed(3)
    samples = [first.sample() for _ in range(50)]
    assert samples == [second.sample() for _ in range(50)]
    assert samples != [other.sample() for _ in range(50)]
    joined = "".join(samples)
    assert any(ord(c) > 0xFFFF for c in joined)
    assert any(c.isascii() for c in joined)
    joined.encode("utf-8")  # no surrogates in samples
    assert all(len(sample) <= 64 for sample in samples)
    assert "" in {UnicodeText(sample_length=0, seed=seed).sample() for seed in range(2)}


def test_sampling_refuses_masks_and_lengths_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="mask"):
        UnicodeText().sample(mask=np.ones(3, dtype=np.int8))
    with pytest.raises(ValueError, match="sample_length"):
        UnicodeText(sample_length=-1)


@given(st.lists(st.text(), max_size=5))
def test_json_round_trip(texts: list[str]) -> None:
    space = UnicodeText()
    assert space.from_jsonable(json.loads(json.dumps(space.to_jsonable(texts)))) == texts


def test_json_keeps_a_lone_surrogate_and_refuses_what_is_no_text() -> None:
    space = UnicodeText()
    assert space.from_jsonable(json.loads(json.dumps(space.to_jsonable(["\ud800", "\0"])))) == ["\ud800", "\0"]
    with pytest.raises(ValueError, match="sample 1 must be a text, got int"):
        space.from_jsonable(["a", 3])


def test_equality_repr_copies() -> None:
    space = UnicodeText(sample_length=5, seed=1)
    assert space == UnicodeText()
    assert hash(space) == hash(UnicodeText())
    assert space != spaces.Text(5)
    assert repr(space) == "UnicodeText()"
    for copy in (deepcopy(space), pickle.loads(pickle.dumps(space))):
        assert copy == space
        assert copy.sample() == deepcopy(space).sample()


def test_batches_are_tuples() -> None:
    space = UnicodeText(seed=0)
    batch = batch_space(space, 3)
    assert isinstance(batch, spaces.Tuple)
    sample = batch.sample()
    assert len(sample) == 3
    assert len(set(sample)) > 1, "the sub-spaces must not share one generator state"
    assert sample in batch
    assert list(iterate(batch, ("ab", "", "é"))) == ["ab", "", "é"]
    assert create_empty_array(space, n=3) == ("", "", "")
    assert concatenate(space, ["a", "\ud800"], create_empty_array(space, n=2)) == ("a", "\ud800")
    assert batch_differing_spaces([UnicodeText(), UnicodeText(sample_length=2)]) == batch_space(space, 2)


def test_batches_inside_a_dict() -> None:
    space = spaces.Dict({"text": UnicodeText(), "turn": spaces.Discrete(3)})
    items = [{"text": "é", "turn": 1}, {"text": "", "turn": 2}]
    batch = concatenate(space, items, create_empty_array(space, n=2))
    assert batch["text"] == ("é", "")
    assert batch["turn"].tolist() == [1, 2]
    assert batch in batch_space(space, 2)
    assert [item["text"] for item in iterate(batch_space(space, 2), batch)] == ["é", ""]


def test_shared_memory_is_refused_as_gymnasium_does() -> None:
    with pytest.raises(CustomSpaceError):
        create_shared_memory(UnicodeText(), n=2)


def test_flattening_is_refused_in_words() -> None:
    space = UnicodeText()
    assert not space.is_np_flattenable
    for refused in (
        lambda: spaces.flatdim(space),
        lambda: spaces.flatten(space, "x"),
        lambda: spaces.unflatten(space, np.zeros(1)),
        lambda: spaces.flatten_space(space),
        lambda: spaces.flatten_space(gym.spaces.Dict({"text": space})),
    ):
        with pytest.raises(ValueError, match="without a maximum length"):
            refused()
