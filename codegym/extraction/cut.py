"""Parts of a completion, and what a program is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

LINE_BREAK = re.compile(r"\r\n|\n|\r")
"""Where Python's lines end."""


def offset_of_line(text: str, line: int) -> int:
    """Returns the offset at which a line begins, counted from 1; the last line's where there are fewer."""
    starts = [0, *(found.end() for found in LINE_BREAK.finditer(text))]
    return starts[min(line, len(starts)) - 1]


@dataclass(frozen=True)
class Cut:
    """A part of the completion, perhaps without some of the blanks at the beginnings of its lines.

    Attributes:
        completion: The whole text.
        start: Offset of the first character.
        end: Offset behind the last character.
        indent: Number of blanks that are taken off each line, where it has that many.
    """

    completion: str
    start: int
    end: int
    indent: int = 0

    @cached_property
    def pieces(self) -> list[tuple[int, int]]:
        """The ranges of the completion that make up the text."""
        if not self.indent:
            return [(self.start, self.end)]
        starts = [self.start, *(m.end() for m in LINE_BREAK.finditer(self.completion, self.start, self.end))]
        blanks = re.compile(rf"[ \t]{{0,{self.indent}}}")
        ends = [*starts[1:], self.end]
        return [
            (found.end(), end)
            for start, end in zip(starts, ends, strict=True)
            if (found := blanks.match(self.completion, start, end))
        ]

    @cached_property
    def text(self) -> str:
        """The part as it stands in the program."""
        return "".join([self.completion[start:end] for start, end in self.pieces])

    def between(self, first: int, last: int) -> Cut:
        """Returns the part from one character of the text up to another."""
        return Cut(self.completion, self._offset(first), self._offset(last, at_end=True), self.indent)

    def shortened(self, length: int) -> Cut:
        """Returns the first characters of the text."""
        return self.between(0, length)

    def _offset(self, position: int, *, at_end: bool = False) -> int:
        """Maps a position in the text into the completion."""
        for start, end in self.pieces:
            # A position between two lines belongs to the one that ends there only where it is an end itself.
            if position < end - start or (at_end and position == end - start):
                # Blanks that were taken off the line belong to it: a cut that begins there takes them off again.
                return start + position if position or at_end or not self.indent else self._line_start(start)
            position -= end - start
        return self.end

    def _line_start(self, offset: int) -> int:
        while offset > self.start and self.completion[offset - 1] in " \t":
            offset -= 1
        return offset


@dataclass(frozen=True)
class Extract:
    """What a program consists of, in this order.

    Attributes:
        given: Code that the problem gives.
        helpers: Other parts of the completion that the main part needs.
        cut: The main part of the completion.
    """

    given: str
    cut: Cut
    helpers: tuple[Cut, ...] = ()
