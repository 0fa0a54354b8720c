"""Which parts of a text lie outside of Python's strings and comments, found without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

# A quote that nothing closes makes the scan begin anew one character later, so the length of a string in one line is
# bounded: without a bound a line of 32,000 escaped quotes takes quadratic time.
_LEXEME = re.compile(
    r"""(\"{3}|'{3})|\#[^\r\n]*|\"(?:\\.|[^\"\\\r\n]){0,1000}+\"|'(?:\\.|[^'\\\r\n]){0,1000}+'""", re.DOTALL
)


class Located(Protocol):
    """Anything that begins somewhere in a text; a match of a regular expression does."""

    def start(self) -> int:
        """Returns the offset of the first character."""


AnyLocated = TypeVar("AnyLocated", bound=Located)


def has_triple_quotes(text: str) -> bool:
    """Whether the text may hold a string of several lines."""
    return '"""' in text or "'''" in text


def outside_strings(text: str, things: Iterable[AnyLocated], start: int = 0) -> Iterator[AnyLocated]:
    """Yields the things that lie in no string and no comment, in one pass over the text.

    Args:
        text: The text that is scanned, whether it is Python or not.
        things: What is looked at, in the order of the text.
        start: Offset at which the scan begins.
    """
    position, unclosed = start, set[str]()
    for thing in things:
        begin = thing.start()
        while position < begin:
            lexeme = _LEXEME.search(text, position, begin)
            if lexeme is None:
                position = begin
                break
            quotes = lexeme.group(1)
            position = lexeme.end()
            if quotes and quotes not in unclosed:
                end = _end_of_string(text, quotes, position)
                # Quotes that nothing closes are no string. That is remembered: each search reads the rest of the text.
                unclosed |= {quotes} if end is None else set()
                position = end or position
        if position == begin:
            yield thing


def _end_of_string(text: str, quotes: str, position: int) -> int | None:
    while (found := text.find(quotes, position)) >= 0:
        unescaped = found
        while text[unescaped - 1] == "\\" and unescaped > position:
            unescaped -= 1
        if (found - unescaped) % 2 == 0:
            return found + 3
        position = found + 1
    return None
