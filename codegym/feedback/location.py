"""Where a span of the program lies, in the program and in the completion."""

from __future__ import annotations

from dataclasses import dataclass

from codegym.program import Program
from codegym.sandbox.execution import Place


@dataclass(frozen=True, kw_only=True)
class Location:
    """A range of the program, always inside it.

    Lines (1-based) and columns (0-based, in characters, half-open) refer to the source, ``start`` and ``end`` to the
    completion; all as in ``Diagnostic``, whose fields of these names they fill.
    """

    start_line: int = 0
    start_col: int = 0
    end_line: int = 0
    end_col: int = 0
    start: int = -1
    end: int = -1

    @classmethod
    def of_span(cls, program: Program, span: Place | None) -> Location:
        """Locates a span that the sandbox reported.

        The numbers come from the program's own process, so they are held inside the source, whatever they are. A range
        without length is widened to the character it stands before, as CPython's caret is.

        Args:
            program: The program that ran.
            span: The reported range; None gives a location without span.
        """
        if span is None:
            return cls()
        # Lines and columns of any size are held inside the source by offset_of.
        start = program.offset_of(span.start_line, span.start_col)
        end = program.offset_of(span.end_line, span.end_col)
        if end <= start:
            end = min(start + 1, max(start, program.line_end(program.position_of(start)[0])))
        return cls.of_range(program, start, end)

    @classmethod
    def of_range(cls, program: Program, start: int, end: int) -> Location:
        """Locates a range of character offsets of the source, ``0 <= start <= end <= len(source)``."""
        start_line, start_col = program.position_of(start)
        end_line, end_col = program.position_of(end)
        first, last = program.completion_span(start, end)
        return cls(
            start_line=start_line, start_col=start_col, end_line=end_line, end_col=end_col, start=first, end=last
        )

    @property
    def in_completion(self) -> bool:
        """Whether the policy wrote any of it."""
        return self.start >= 0
