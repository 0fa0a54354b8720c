from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.policy.token_offsets import TokenText

KINDS = ["byte_level", "sentence_piece", "unigram"]
# one tokenizer for all examples, and the first example pays for building it
for_all = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def check(tokenizer: Any, ids: list[int]) -> tuple[str, np.ndarray]:
    """What must hold of any ids: the decoded text, and ranges that go through it in order and leave nothing out."""
    text, offsets = TokenText(tokenizer).spans(ids)
    assert text == tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert offsets.shape == (len(ids), 2)
    if len(ids):
        assert (offsets[:, 0] <= offsets[:, 1]).all()
        starts, ends = offsets[offsets[:, 0] < offsets[:, 1]].T
        assert (np.diff(starts) >= 0).all()
        assert (np.diff(ends) >= 0).all()
        covered = np.zeros(len(text), dtype=bool)
        for start, end in offsets:
            covered[start:end] = True
        assert covered.all()
    return text, offsets


@pytest.mark.parametrize("kind", KINDS)
@for_all
@given(data=st.data())
def test_any_ids(make_tokenizer: Callable[[str], Any], kind: str, data: st.DataObject) -> None:
    """Also ids that no text has: halves of characters, special tokens in the middle, ids beyond the vocabulary."""
    tokenizer = make_tokenizer(kind)
    check(tokenizer, data.draw(st.lists(st.integers(0, len(tokenizer) + 2), max_size=30)))


@pytest.mark.parametrize("kind", KINDS)
@for_all
@given(text=st.text(alphabet=st.sampled_from("abc def()\n:=+é日😀€ "), max_size=30))
def test_ids_of_texts(make_tokenizer: Callable[[str], Any], kind: str, text: str) -> None:
    """The ids of a text stand where the tokenizer itself says that they stand in it."""
    tokenizer = make_tokenizer(kind)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    decoded, offsets = check(tokenizer, encoded["input_ids"])
    if kind == "byte_level":
        assert decoded == text
        assert offsets.tolist() == [list(span) for span in encoded["offset_mapping"]]


@pytest.mark.parametrize("kind", ["byte_level", "sentence_piece"])
def test_bytes_of_one_character_share_it(make_tokenizer: Callable[[str], Any], kind: str) -> None:
    tokenizer = make_tokenizer(kind)
    spelled = [f"<0x{byte:02X}>" for byte in "é☃".encode()] if kind == "sentence_piece" else list("Ã©âĺĥ")
    ids = [tokenizer.convert_tokens_to_ids("a"), *tokenizer.convert_tokens_to_ids(spelled), tokenizer.eos_token_id]
    text, offsets = check(tokenizer, ids)
    assert text == "aé☃"
    assert offsets.tolist() == [[0, 1], [1, 2], [1, 2], [2, 3], [2, 3], [2, 3], [3, 3]]


def test_prefixes_agree_with_counting(make_tokenizer: Callable[[str], Any]) -> None:
    """The slow way, which needs no knowledge of the tokenizer, gives the same ranges on whole texts."""
    tokenizer = make_tokenizer("byte_level")
    token_text = TokenText(tokenizer)
    ids = tokenizer("def f(x):\n    return x + 1  # café 日本\n")["input_ids"]
    text, offsets = token_text.spans(ids)
    slow = token_text._from_prefixes(ids, text)
    whole = [i for i, span in enumerate(tokenizer.convert_ids_to_tokens(ids)) if span.isascii() or span[0] in "ĠĊ"]
    assert slow[whole].tolist() == offsets[whole].tolist()
