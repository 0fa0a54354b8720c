"""The span of characters of each token of a completion: computed from the ids alone, for any tokenizer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")


class TokenText:
    """Decodes ids into text and the span of characters that each id touches.

    Each id has a piece, the bytes it adds to a text. When the pieces joined are the decoded text (which is checked
    every time), offsets follow by counting. Otherwise every prefix is decoded, which is slow but right for any decoder.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        added = getattr(tokenizer, "added_tokens_decoder", {})
        self._special = {int(i) for i in tokenizer.all_special_ids} | {i for i, t in added.items() if t.special}
        self._alphabet = _byte_alphabet() if _is_byte_level(tokenizer) else {}
        self._pieces: dict[int, bytes] = {}
        # A token of one character, behind which others are decoded: at the start of a text decoders drop spaces.
        self._context = next(
            (i for i in range(len(tokenizer)) if i not in self._special and len(self.decode([i])) == 1), None
        )

    def decode(self, ids: Sequence[int]) -> str:
        """Returns the text of these ids without special tokens; its spaces stay as they are."""
        text = self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return cast(str, text)  # a list of texts only for a batch of ids

    def spans(self, ids: Sequence[int]) -> tuple[str, NDArray[np.int64]]:
        """Returns the text and, for each id, the half-open span of its characters.

        Args:
            ids: Token ids, T of them; an id that the tokenizer does not know adds nothing to the text.

        Returns:
            The decoded text, and offsets int64 [T, 2]. From token to token, starts and ends never decrease; together
            the spans cover the text. The span of a token that adds nothing is empty.
        """
        ids = [int(i) for i in ids]
        text = self.decode(ids)
        pieces = [self._piece(i) for i in ids]
        # Joined before it is decoded: a character may be spread over several tokens.
        data = b"".join(pieces)
        joined = data.decode("utf-8", "replace")
        # Checked for every completion, because decoders may add or drop spaces, or normalize characters.
        if joined == text:
            return text, _counted(pieces, data, 0)
        if joined == " " + text:  # SentencePiece decoders drop the space before the first word
            return text, _counted(pieces, data, 1)
        return text, self._from_prefixes(ids, text)

    def _piece(self, token_id: int) -> bytes:
        piece = self._pieces.get(token_id)
        if piece is None:
            piece = self._pieces[token_id] = self._find_piece(token_id)
        return piece

    def _find_piece(self, token_id: int) -> bytes:
        # A model's vocabulary is often padded beyond its tokenizer's.
        if token_id in self._special or token_id >= len(self._tokenizer):
            return b""
        token = cast("str | None", self._tokenizer.convert_ids_to_tokens(token_id))
        if token is None:
            return b""
        if self._alphabet:
            # Added tokens are plain text, not spelled in the alphabet.
            if all(character in self._alphabet for character in token):
                return bytes(self._alphabet[character] for character in token)
            return str(token).encode()
        if match := _BYTE_TOKEN.fullmatch(token):
            return bytes([int(match[1], 16)])
        # Many decoders strip a space at the start of a text, so that a token is decoded after another one.
        if self._context is None:
            return self.decode([token_id]).encode()
        before = len(self.decode([self._context]))
        return self.decode([self._context, token_id])[before:].encode()

    def _from_prefixes(self, ids: list[int], text: str) -> NDArray[np.int64]:
        """Offsets for any decoder: each token has the characters by which the decoded prefix grows."""
        offsets = np.zeros((len(ids), 2), dtype=np.int64)
        settled, last = 0, 0
        for i, token_id in enumerate(ids):
            if token_id in self._special:
                offsets[i] = settled
                continue
            prefix = self.decode(ids[: i + 1])
            start, settled = settled, max(settled, _common_prefix(prefix, text))
            # What the prefix decodes beyond that are the first bytes of the next character.
            offsets[i] = start, min(settled + (len(prefix) > settled or settled == start), len(text))
            last = i
        if len(ids):
            offsets[last, 1] = len(text)
        return offsets


def _counted(pieces: list[bytes], data: bytes, dropped: int) -> NDArray[np.int64]:
    """Offsets [T, 2] from the pieces' lengths in bytes; ``dropped`` characters at the front are not in the text."""
    lengths = np.fromiter((len(piece) for piece in pieces), dtype=np.int64, count=len(pieces))
    ends = np.cumsum(lengths)
    starts = ends - lengths
    if not data.isascii():
        character = _character_of_byte(data)
        empty = lengths == 0
        starts, ends = character[starts], character[np.maximum(ends - 1, 0)] + 1
        ends[empty] = starts[empty]
    offsets: NDArray[np.int64] = np.maximum(np.stack([starts, ends], axis=1) - dropped, 0)
    return offsets


def _character_of_byte(data: bytes) -> NDArray[np.int64]:
    """The index of each byte's character, with one more entry for the end; an invalid run of bytes is one character."""
    is_first = np.zeros(len(data) + 1, dtype=np.int64)
    position = 0
    while position < len(data):
        rest = data[position:]
        try:
            rest.decode("utf-8")
            good, bad = len(rest), len(rest)
        except UnicodeDecodeError as error:
            good, bad = error.start, error.end
        is_first[position : position + good] = [byte & 0xC0 != 0x80 for byte in rest[:good]]
        if bad > good:
            is_first[position + good] = 1
        position += bad
    is_first[-1] = 1
    index: NDArray[np.int64] = np.cumsum(is_first) - 1
    return index


def _common_prefix(a: str, b: str) -> int:
    # By halves: comparing slices is fast, a loop over characters is not.
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle)
    return low


def _is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether tokens are spelled in the byte alphabet of GPT-2, where a space is Ġ; a wrong guess costs only speed."""
    spelled = tokenizer.get_vocab()
    return any("\u0120" in token for token in spelled) and not any("\u2581" in token for token in spelled)


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's spelling of bytes: a printable one is its own character, the others are characters from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(others)}
