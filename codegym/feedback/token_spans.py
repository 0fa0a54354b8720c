"""From places in a completion's text to its tokens: pure functions of offsets, linear in the length.

A token *touches* a character if its half-open range of characters holds it. That is exact for every tokenizer whose
offsets say where a token's characters are: tokens with leading blanks, characters whose bytes are split over several
tokens (all of them touch it), cleaned or stripped text. Tokens without characters (end of sequence) touch nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codegym.feedback.kind import Scope


def span_mask(offsets: ArrayLike, start: int, end: int) -> NDArray[np.bool_]:
    """Says which tokens touch a range of characters.

    Args:
        offsets: Half-open range of characters of each token, int [T, 2].
        start: First character; negative for a place that is not in the completion, which no token touches.
        end: One past the last. An empty range stands for the character at ``start``, at the end of the text for the
            last one there is.

    Returns:
        bool [T].
    """
    ranges = _ranges(offsets)
    first, last = ranges[:, 0], ranges[:, 1]
    if start < 0:
        return np.zeros(len(ranges), np.bool_)
    # The last condition: a token without characters touches nothing.
    mask = (first < max(end, start + 1)) & (last > start) & (last > first)
    if end <= start and not mask.any():  # behind the last character
        before = np.where((last <= start) & (last > first), last, -1)
        mask = (before == before.max(initial=-1)) & (before > 0)
    return mask


def span_weights(offsets: ArrayLike, spans: Iterable[tuple[int, int, float]]) -> NDArray[np.float32]:
    """Gives each token the largest score of the ranges that it touches.

    Args:
        offsets: Half-open range of characters of each token, int [T, 2].
        spans: Ranges of characters with a score of zero or more each.

    Returns:
        float32 [T], zero where no range is touched.
    """
    weights = np.zeros(len(_ranges(offsets)), np.float32)
    for start, end, score in spans:
        np.maximum(weights, np.where(span_mask(offsets, start, end), np.float32(score), 0), out=weights)
    return weights


def token_spans(
    diagnostics: Iterable[Mapping[str, Any]], offsets: ArrayLike, text: str | None = None
) -> NDArray[np.float32]:
    """Turns diagnostics into weights of a completion's tokens.

    Args:
        diagnostics: The entries of ``info["diagnostics"]``: dicts with ``start``, ``end``, ``scope`` and ``score``.
        offsets: Half-open range of characters of each token of the completion, int [T, 2].
        text: The completion; when given, places are widened to the lines they lie in, as in RLTF.

    Returns:
        float32 [T]: all ones once the scope is global; else the score inside the places of scope ``line``, and zero
        outside, for scope ``ignore`` and where there is no place.
    """
    placed = []
    for diagnostic in diagnostics:
        start, end, score = int(diagnostic["start"]), int(diagnostic["end"]), float(diagnostic.get("score", 1.0))
        if diagnostic["scope"] == Scope.GLOBAL:
            return np.ones(len(_ranges(offsets)), np.float32)
        if diagnostic["scope"] == Scope.LINE and start >= 0:
            placed.append((*(line_range(text, start, end) if text is not None else (start, end)), score))
    return span_weights(offsets, placed)


def line_range(text: str, start: int, end: int) -> tuple[int, int]:
    """Widens a range of characters to whole lines, their indentation and line breaks not included.

    Args:
        text: Lines end at LF, CRLF or CR.
        start: Index of the first character.
        end: One past the last.
    """
    begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    stop = max(end, start)
    ends = [at for at in (text.find("\n", stop), text.find("\r", stop)) if at >= 0]
    if stop > start and text[stop - 1] in "\r\n":
        ends = [stop - 1]
    stop = min(ends, default=len(text))
    while begin < min(start, stop) and text[begin] in " \t":
        begin += 1
    return begin, max(begin, stop)


def _ranges(offsets: ArrayLike) -> NDArray[np.int64]:
    ranges = np.asarray(offsets, np.int64)
    return ranges.reshape(-1, 2)
