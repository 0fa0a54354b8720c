"""Runs a program under observation. This file is itself run inside the sandbox, as a program like any other.

Its entry point is ``trace``; the observed program comes as an argument. Standard library only. What it reports is a
hint about where to look, never part of a verdict: the observed program shares its process and could write anything.
"""

from __future__ import annotations

import io
import sys
import zlib
from types import CodeType, FrameType
from typing import Any

NAME = "<traced>"
MOST_LINES = 200_000  # lines that are run under observation for coverage, where every one of them costs
MOST_STEPS = 4_000  # lines whose changes of variables are recorded; of a test that runs more, none are
MOST_TEXT = 400
DATA = (int, float, str, bool, list, tuple, dict, set, frozenset, complex, bytes, type(None))


class Stop(BaseException):
    """Enough has been seen."""


def trace(source: str, context: str, entry: str | None, values: bool, how: str, payload: Any) -> dict[str, Any]:
    """Runs one test of a program.

    Args:
        source: The program's text.
        context: Code that the problem gives.
        entry: The entry point, or None.
        values: Whether to record values too.
        how: "call", "run" or "script".
        payload: Arguments and keyword arguments, standard input, or the script.

    Returns:
        ``lines``: those that were run; ``whole``: whether these are all of them; ``steps``: with values, a flat list
        of line, count and that many digests of values that the line produced, in the order of execution.
    """
    observer: Lines = Values() if values else Lines()
    namespace: dict[str, Any] = {"__name__": "__main__" if how == "run" else "program", "__builtins__": __builtins__}
    if context:
        exec(compile(context, "<context>", "exec"), namespace)
    streams = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = text_stream(payload if how == "run" else "")
    sys.stdout, sys.stderr = text_stream(), text_stream()
    observer.start()
    try:
        exec(compile(source, NAME, "exec"), namespace)
        if how == "call":
            eval(entry or "None", namespace)(*payload[0], **payload[1])
        elif how == "script":
            exec(compile(payload, "<script>", "exec"), namespace)
            if "check" in namespace and "def check(" in payload:
                namespace["check"](eval(entry or "None", namespace))
    except BaseException:
        pass  # the judge has already said what went wrong
    finally:
        observer.stop()
        sys.stdin, sys.stdout, sys.stderr = streams
    return {"lines": sorted(observer.lines), "whole": observer.whole, "steps": observer.steps}


def text_stream(text: str = "") -> io.TextIOWrapper:
    """Returns a stream in memory that has a ``buffer`` below it, as the real ones have."""
    return io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogateescape")), "utf-8", "surrogateescape")


class Lines:
    """Notes which lines run: through ``sys.monitoring`` where it exists, which costs next to nothing."""

    def __init__(self) -> None:
        self.lines: set[int] = set()
        self.steps: list[int] = []
        self.room, self.whole = MOST_LINES, True
        self.monitoring: Any = getattr(sys, "monitoring", None)

    def start(self) -> None:
        """Begins to look."""
        if self.monitoring is None:
            sys.settrace(self.enter)
            return
        monitoring, tool = self.monitoring, self.monitoring.COVERAGE_ID
        if monitoring.get_tool(tool) is None:
            monitoring.use_tool_id(tool, "codegym")
        monitoring.register_callback(tool, monitoring.events.LINE, self.monitored)
        monitoring.set_events(tool, monitoring.events.LINE)
        monitoring.restart_events()

    def stop(self) -> None:
        """Looks away."""
        # Whoever has taken the watch away (the program, or a stack that ran over) has hidden lines.
        if self.monitoring is None:
            self.whole = self.whole and sys.gettrace() == self.enter
            sys.settrace(None)
        else:
            tool, events = self.monitoring.COVERAGE_ID, self.monitoring.events
            self.whole = self.monitoring.get_events(tool) == events.LINE
            self.monitoring.set_events(tool, 0)

    def monitored(self, code: CodeType, line: int) -> Any:
        """Takes one line's event, and no more of that line."""
        if code.co_filename == NAME:
            self.lines.add(line)
        return self.monitoring.DISABLE

    def enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Takes a call."""
        return self.step if frame.f_code.co_filename == NAME else None

    def step(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Takes an event within a function."""
        if event == "line":
            self.lines.add(frame.f_lineno)
            self.room -= 1
            if self.room < 0:
                self.whole = False
                sys.settrace(None)
                raise Stop
        return self.step


class Values(Lines):
    """Notes which values each line produces: the variables that it changes, and what it returns.

    That needs frames, which only ``sys.settrace`` gives, on every CPython.
    """

    def __init__(self) -> None:
        super().__init__()
        self.monitoring, self.steps_left = None, MOST_STEPS
        self.frames: dict[int, tuple[int, dict[str, int]]] = {}

    def enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Takes a call."""
        if frame.f_code.co_filename != NAME:
            return None
        # A function's arguments are produced by its caller; a program's names begin empty.
        known = {} if frame.f_code.co_name == "<module>" else digests(frame.f_locals)
        self.frames[id(frame)] = frame.f_lineno, known
        return self.step

    def step(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Takes an event within a function."""
        if self.steps_left and event in ("line", "return"):
            self.note(frame, [digest(argument)] if event == "return" and argument is not None else [])
        if event == "return":
            self.frames.pop(id(frame), None)
        return super().step(frame, event, argument)

    def note(self, frame: FrameType, more: list[int]) -> None:
        """Writes down what the line before this event produced."""
        line, known = self.frames.get(id(frame), (frame.f_lineno, {}))
        now = digests(frame.f_locals)
        produced = [value for name, value in now.items() if known.get(name) != value] + more
        self.steps += [line, len(produced), *produced]
        self.frames[id(frame)] = frame.f_lineno, now
        self.steps_left -= 1
        if not self.steps_left:  # half of the values would say that the other half was never seen
            self.steps = []


def digests(variables: dict[str, Any]) -> dict[str, int]:
    """Returns a digest of every variable that holds data."""
    return {
        name: digest(value)
        for name, value in list(variables.items())  # a copy: another thread may change them meanwhile
        if type(value) in DATA and not name.startswith("__")
    }


def digest(value: Any) -> int:
    """Equal values of the types that answers have get equal numbers; ``1``, ``1.0`` and ``True`` are equal."""
    if type(value) is bool or (type(value) is float and value.is_integer() and abs(value) < 1e15):
        value = int(value)
    try:
        if isinstance(value, (set, frozenset)):
            value = sorted(value, key=repr)
        text = repr(value if not isinstance(value, tuple) else list(value))
    except BaseException:
        text = type(value).__name__
    return zlib.crc32(text[:MOST_TEXT].encode("utf-8", "replace")) + len(text)
