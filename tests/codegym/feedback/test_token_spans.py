import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.feedback.token_spans import line_range, span_mask, span_weights, token_spans


def diagnostic(start, end, scope="line", score=1.0):
    return {"start": start, "end": end, "scope": scope, "score": score, "kind": "name_error"}


def test_leading_blanks_bytes_and_specials():
    # "a é =1<eos>": " é" is a blank with the first byte, the second byte alone, both touch the é
    offsets = [(0, 1), (1, 3), (2, 3), (3, 5), (5, 6), (6, 6)]
    assert span_mask(offsets, 2, 3).tolist() == [False, True, True, False, False, False]
    assert span_mask(offsets, 0, 6).tolist() == [True] * 5 + [False]
    assert span_mask(offsets, 4, 4).tolist() == [False, False, False, True, False, False]
    assert span_mask(offsets, 6, 6).tolist() == [False, False, False, False, True, False]
    assert not span_mask(offsets, -1, -1).any()
    assert span_mask([], 0, 1).shape == (0,)


@settings(deadline=None)  # a busy machine is no failure
@given(st.data())
def test_masks_are_what_counting_character_by_character_says(data):
    """Any tokens whatever: with gaps (stripped text), overlaps (split characters), empty ones, in any order."""
    length = data.draw(st.integers(0, 30))
    token = st.tuples(st.integers(0, length), st.integers(0, length)).map(lambda pair: tuple(sorted(pair)))
    offsets = data.draw(st.lists(token, max_size=20))
    start = data.draw(st.integers(0, length))
    end = data.draw(st.integers(start + 1, length + 1))
    touched = [any(start <= character < end for character in range(first, last)) for first, last in offsets]
    assert span_mask(np.array(offsets).reshape(-1, 2), start, end).tolist() == touched
    spans = data.draw(st.lists(st.tuples(st.integers(0, length), st.integers(1, 9), st.floats(0, 1, width=32))))
    weights = span_weights(offsets, [(first, first + size, score) for first, size, score in spans])
    for (first, last), weight in zip(offsets, weights, strict=True):
        scores = [score for a, size, score in spans if any(a <= c < a + size for c in range(first, last))]
        assert weight == pytest.approx(max(scores, default=0.0))


@given(st.text(st.sampled_from("ab \n\ré\U0001d518"), max_size=40), st.integers(1, 5), st.data())
def test_any_byte_level_tokenizer(text, size, data):
    """Cuts the UTF-8 bytes anywhere, as byte-level BPE does: a token touches every character it has a byte of."""
    owner = [index for index, character in enumerate(text) for _ in character.encode()]
    pieces = [owner[i : i + size] for i in range(0, len(owner), size)]
    offsets = [(piece[0], piece[-1] + 1) for piece in pieces]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    mask = span_mask(offsets, start, end)
    if end > start:
        assert mask.tolist() == [bool(set(piece) & set(range(start, end))) for piece in pieces]
    else:
        assert mask.any() == bool(text)


def test_scopes():
    offsets = [(0, 2), (2, 4), (4, 6)]
    assert token_spans([diagnostic(2, 4)], offsets).tolist() == [0, 1, 0]
    assert token_spans([diagnostic(2, 4, score=0.25), diagnostic(3, 5, score=0.5)], offsets).tolist() == [0, 0.5, 0.5]
    assert token_spans([diagnostic(2, 4, "ignore")], offsets).tolist() == [0, 0, 0]
    assert token_spans([diagnostic(-1, -1)], offsets).tolist() == [0, 0, 0]
    assert token_spans([diagnostic(2, 4), diagnostic(-1, -1, "global")], offsets).tolist() == [1, 1, 1]
    assert token_spans([], offsets).dtype == np.float32


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_papers_span_is_the_line(newline):
    text = newline.join(["def f():", "    i += 1", "    i += 1", "    return i"])
    second = text.rindex("i += 1")
    start, end = line_range(text, second + 2, second + 4)
    assert (text[start:end], start) == ("i += 1", second)
    offsets = [(i, i + 1) for i in range(len(text))]
    mask = token_spans([diagnostic(second + 2, second + 4)], offsets, text)
    assert np.flatnonzero(mask).tolist() == list(range(second, second + 6))
    assert line_range(text, len(text), len(text)) == (text.rindex("return"), len(text))
    assert line_range(text, 0, len(text)) == (0, len(text))
    assert line_range("", 0, 0) == (0, 0)
