"""The code cut out of a completion, with a two-way map of offsets."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from codegym.extraction import LINE_BREAK, extract
from codegym.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A run of characters that stands both in the program and in the completion."""

    source_start: int
    completion_start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program's source and where each of its characters came from.

    Attributes:
        source: The program's text, as it is executed; every line and column in feedback refers to it.
        completion: The raw text that the policy wrote.
        segments: The parts they share, in order; what lies in no segment was given by the problem.
    """

    source: str
    completion: str
    segments: tuple[Segment, ...]

    @classmethod
    def from_completion(cls, completion: str, problem: Problem, *, strict: bool = False) -> Program:
        """Cuts the program out of what a policy wrote.

        See :func:`codegym.extraction.extract` for the rules.

        Args:
            completion: Any text, also empty, broken, with NUL or lone surrogates.
            problem: Gives the entry point and the starter code.
            strict: Take a text that parses only in part as it stands.

        Returns:
            The program; it need not be valid Python.
        """
        found = extract(completion, problem, strict=strict)
        segments: list[Segment] = []
        parts, offset = [found.given], len(found.given)
        for cut in (*found.helpers, found.cut):
            if segments and not parts[-1].endswith(("\n", "\r")):
                parts.append("\n")  # a block that a fence ended in its last line
                offset += 1
            for start, end in cut.pieces:
                if end > start:
                    segments.append(Segment(source_start=offset, completion_start=start, length=end - start))
                    offset += end - start
            parts.append(cut.text)
        return cls(source="".join(parts), completion=completion, segments=tuple(segments))

    def until(self, source_offset: int) -> Program:
        """Returns the program that ends there."""
        segments = (
            Segment(
                source_start=segment.source_start,
                completion_start=segment.completion_start,
                length=min(segment.length, source_offset - segment.source_start),
            )
            for segment in self.segments
            if segment.source_start < source_offset
        )
        return Program(source=self.source[:source_offset], completion=self.completion, segments=tuple(segments))

    def completion_offset(self, source_offset: int) -> int:
        """Maps a character offset of the source into the completion.

        Args:
            source_offset: 0 to ``len(source)``; the end of a run maps to its end.

        Returns:
            The offset in the completion, or -1 in code that the problem gave.
        """
        index = bisect_right(self._source_starts, source_offset) - 1
        if index < 0:
            return -1
        segment = self.segments[index]
        inside = source_offset - segment.source_start
        return segment.completion_start + inside if inside <= segment.length else -1

    def source_offset(self, completion_offset: int) -> int:
        """Maps a character offset of the completion into the source; -1 where it is not part of the program."""
        index = bisect_right(self._completion_starts, completion_offset) - 1
        if index < 0:
            return -1
        segment = self.segments[index]
        inside = completion_offset - segment.completion_start
        return segment.source_start + inside if inside <= segment.length else -1

    def completion_span(self, start: int, end: int) -> tuple[int, int]:
        """Maps a half-open range of the source to the smallest range of the completion that covers it.

        Args:
            start: First character in the source.
            end: One past the last.

        Returns:
            Start and end in the completion; ``(-1, -1)`` if the problem gave every character of it.
        """
        if start >= end:
            offset = self.completion_offset(start)
            return offset, offset
        index = max(bisect_right(self._source_starts, start) - 1, 0)
        first = last = -1
        for segment in self.segments[index:]:
            # Segments are in order: none behind this one can reach into the range.
            if segment.source_start >= end:
                break
            low = max(start - segment.source_start, 0)
            high = min(end - segment.source_start, segment.length)
            if low < high:
                first = segment.completion_start + low if first < 0 else first
                last = segment.completion_start + high
        return first, last

    def offset_of(self, line: int, col: int) -> int:
        """Turns a place into a character offset of the source.

        Args:
            line: 1-based; lines end at LF, CRLF or CR, as in Python.
            col: 0-based, in characters.

        Returns:
            The offset, held inside the line and the text, whatever the numbers are.
        """
        index = min(max(line, 1), len(self.line_starts)) - 1
        start, end = self.line_starts[index], self.line_end(index + 1)
        return min(start + max(col, 0), end)

    def line_end(self, line: int) -> int:
        """Returns the offset in the source of the end of a line, its line break not included."""
        if line >= len(self.line_starts):
            return len(self.source)
        end = self.line_starts[line] - 1
        # CRLF is one line break of two characters.
        return end - 1 if self.source[end] == "\n" and end > 0 and self.source[end - 1] == "\r" else end

    def position_of(self, offset: int) -> tuple[int, int]:
        """Turns a character offset of the source into a 1-based line and a 0-based column."""
        line = bisect_right(self.line_starts, min(max(offset, 0), len(self.source)))
        return line, min(max(offset, 0), len(self.source)) - self.line_starts[line - 1]

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offsets in the source where its lines begin; the first is 0."""
        return (0, *(match.end() for match in LINE_BREAK.finditer(self.source)))

    @cached_property
    def _source_starts(self) -> list[int]:
        return [segment.source_start for segment in self.segments]

    @cached_property
    def _completion_starts(self) -> list[int]:
        return [segment.completion_start for segment in self.segments]
