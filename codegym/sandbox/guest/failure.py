"""Exceptions as data: type, message and spans in the program's own lines, columns in characters."""

from __future__ import annotations

import sys
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any

PROGRAM = "<program>"
"""File name of the program's code; only its frames are reported."""
_MAX_FRAMES = 20
_MAX_WALK = 2000
_MAX_MESSAGE = 500


def describe(error: BaseException, source: str, loading: bool, filename: str = PROGRAM) -> dict[str, Any]:
    """Returns an exception as JSON-safe data.

    Args:
        error: The exception that was caught.
        source: The program's text.
        loading: Whether the program failed before its entry point could be called.
        filename: The file name whose frames count.

    Returns:
        ``exception``, ``bases``, ``message``, ``span``, ``frames``, ``loading`` and, for SystemExit, ``exit_code``;
        a span is four numbers or None.
    """
    lines = source_lines(source)
    frames = _frames(error.__traceback__, lines, filename)
    span = frames[-1] if frames else None
    if isinstance(error, SyntaxError) and error.filename == filename:
        span = _syntax_span(error, source, lines)
    described: dict[str, Any] = {
        "exception": type(error).__name__,
        "bases": [
            kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins" and kind is not object
        ],
        "message": _message(error),
        "place": span,
        "frames": frames,
        "loading": loading,
    }
    if isinstance(error, SystemExit):
        described["exit_code"] = _exit_code(error)
    return described


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    return error.code & 255 if type(error.code) is int else 1


def source_lines(source: str) -> list[str]:
    r"""Returns the lines as the compiler counts them: ends are \\n, \\r\\n and \\r only."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)[:_MAX_MESSAGE]
    builtin = next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")
    try:
        return str(builtin.__str__(error))[:_MAX_MESSAGE]  # type: ignore[call-arg]
    except BaseException:  # the arguments may be objects of the program with a __str__ of their own
        return ""


def _frames(traceback: TracebackType | None, lines: list[str], filename: str) -> list[list[int]]:
    spans: list[tuple[CodeType, int, int]] = []
    walked = 0
    # A thousand frames take a millisecond to describe.
    while traceback is not None and walked < _MAX_WALK:
        code = traceback.tb_frame.f_code
        if code.co_filename == filename:
            spans.append((code, traceback.tb_lasti, traceback.tb_lineno))
        traceback = traceback.tb_next
        walked += 1
    # An endless recursion has a thousand frames: its beginning and its end say all.
    if len(spans) > _MAX_FRAMES:
        spans = spans[: _MAX_FRAMES // 2] + spans[-_MAX_FRAMES // 2 :]
    return [span_at(code, offset, line, lines) for code, offset, line in spans]


def frame_span(frame: FrameType | None, source: str) -> list[int] | None:
    """Returns the innermost span of the program on a running stack."""
    for _ in range(_MAX_WALK):
        if frame is None:
            return None
        if frame.f_code.co_filename == PROGRAM:
            return span_at(frame.f_code, frame.f_lasti, frame.f_lineno, source_lines(source))
        frame = frame.f_back
    return None


def span_at(code: CodeType, offset: int, line: int | None, lines: list[str]) -> list[int]:
    """Returns the range of the instruction at a byte offset of some code, in characters."""
    start_line = end_line = line or 1
    start = end = None
    position = next(islice(code.co_positions(), offset // 2, None), None)
    if position is not None:
        first, last, start, end = position
        start_line, end_line = first or start_line, last or first or end_line
    if start is None or end is None:
        text = _line(lines, start_line)
        return [start_line, len(text) - len(text.lstrip()), start_line, len(text.rstrip())]
    return [
        start_line,
        characters(_line(lines, start_line), start),
        end_line,
        characters(_line(lines, end_line), end),
    ]


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1] if 1 <= number <= len(lines) else ""


def characters(line: str, byte_column: int) -> int:
    """Returns a column in characters, from one in bytes."""
    # Byte and character columns are the same in most lines.
    if line.isascii():
        return byte_column
    return len(line.encode("utf-8", "replace")[:byte_column].decode("utf-8", "ignore"))


def _syntax_span(error: SyntaxError, source: str, lines: list[str]) -> list[int] | None:
    start_line, start = error.lineno, error.offset
    if not start_line or start_line < 1:
        return None
    # The parser may name a line behind the last one.
    start_line = min(start_line, len(lines))
    text = _line(lines, start_line)
    if not start or start < 1:
        return [start_line, len(text) - len(text.lstrip()), start_line, len(text)]
    end_line, end = error.end_lineno or start_line, error.end_offset or 0
    start -= 1
    end = end - 1 if end > 0 else start + 1
    end_line = max(start_line, min(end_line, len(lines)))
    if _counts_bytes(source):
        start, end = characters(text, start), characters(_line(lines, end_line), end)
    start = min(start, len(text))
    end = min(end, len(_line(lines, end_line)))
    if (end_line, end) <= (start_line, start):
        end_line, end = start_line, min(start + 1, max(len(text), start))
    return [start_line, start, end_line, end]


def _counts_bytes(source: str) -> bool:
    """The parser counts characters, the symbol table and the compiler count bytes: who complained?"""
    if source.isascii():
        return False
    import ast

    try:
        ast.parse(source)
    except BaseException:
        return False
    return True


def innermost_span(source: str) -> list[int] | None:
    """Returns where the program is right now, for a signal handler."""
    return frame_span(sys._getframe(1), source)
