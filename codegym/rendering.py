"""Feedback as a picture for people: the program with its errors underlined, the tests, the reward's parts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from codegym.feedback.carets import carets
from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.verdict import Verdict
from codegym.picture import COLUMNS, ROWS, picture
from codegym.problem import Problem

MOST_LOCATIONS = 6
"""Diagnostics that are written under their lines; the rest is in the feedback."""
MOST_FAILED = 4
"""Failed tests whose values are shown."""
# Beside the program a picture has the headline, two rules, the tests with their values and the reward.
_PICTURE_LINES = ROWS - 14
_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.ERROR: "red",
    Verdict.TIMEOUT: "yellow",
    Verdict.INFRA_ERROR: "blue",
    Verdict.UNJUDGED: "blue",
    Verdict.NOT_RUN: "dim",
}
_RULE = Text("\u2500" * COLUMNS, style="bright_black")
_MARKS = {Verdict.PASS: "\u2713", Verdict.TIMEOUT: "\u2026", Verdict.NOT_RUN: "-"}


def render_ansi(
    problem: Problem, feedback: Feedback | None, reward_components: Mapping[str, float] | None, turn: int
) -> str:
    """Draws a turn for a terminal.

    Args:
        problem: The problem of the turn.
        feedback: The judge's feedback; None before the first turn, which shows the prompt.
        reward_components: The reward's parts by name.
        turn: Number of turns played.

    Returns:
        Text with ANSI colours. It holds private tests' values: it is for people, not for the agent.
    """
    return _ansi(_lines(problem, feedback, reward_components, turn, None))


def render_rgb(
    problem: Problem, feedback: Feedback | None, reward_components: Mapping[str, float] | None, turn: int
) -> NDArray[np.uint8]:
    """Draws a turn as an image of fixed size, uint8 [H, W, 3]; arguments as for :func:`render_ansi`."""
    return picture(list(_lines(problem, feedback, reward_components, turn, _PICTURE_LINES)))


def print_ansi(text: str) -> None:
    """Prints a drawn text to standard output, without its colours where that is no terminal."""
    Console().print(Text.from_ansi(text), soft_wrap=True)


def render_tokens(text: str, offsets: ArrayLike, values: ArrayLike) -> str:
    """Colours each token of a completion by a value, for a look at what is learned from where.

    Args:
        text: The completion's text.
        offsets: Half-open range of characters of each token, int [T, 2].
        values: A reward, an advantage or a weight for each token, [T]: green above zero, red below, by its share of the
            largest.

    Returns:
        Text with ANSI colours; neighbouring tokens are told apart by underlining every other one.
    """
    shades = np.asarray(values, np.float64).ravel()
    # Relative to the largest: advantages and weights have no common scale.
    largest = float(np.abs(shades[np.isfinite(shades)]).max(initial=0.0)) or 1.0
    drawn = Text(_printable(text))
    for index, ((start, end), value) in enumerate(zip(np.asarray(offsets).reshape(-1, 2), shades, strict=True)):
        depth = int(200 * min(abs(value) / largest, 1.0)) if np.isfinite(value) else 0
        ground = f"on #{20 if value > 0 else depth:02x}{depth if value > 0 else 20:02x}14" if depth else ""
        drawn.stylize(f"{ground} {'underline' if index % 2 else ''}".strip() or "none", int(start), int(end))
    legend = Text(f"\n-{largest:.3g} ", style="red") + Text(f"+{largest:.3g}", style="green")
    return _ansi([drawn, legend], "truecolor")


def _ansi(lines: Sequence[Text] | Iterator[Text], colors: Literal["standard", "truecolor"] = "standard") -> str:
    console = Console(
        file=(out := io.StringIO()), force_terminal=True, color_system=colors, width=10_000, legacy_windows=False,
        no_color=False, _environ={},
    )  # fmt: skip
    # Its own console with fixed colours: the text is the same whatever terminal the caller has.
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)
    return out.getvalue()


def _lines(
    problem: Problem,
    feedback: Feedback | None,
    rewards: Mapping[str, float] | None,
    turn: int,
    room: int | None,
) -> Iterator[Text]:
    if feedback is None:
        yield Text.assemble((_printable(problem.task_id), "bold"), f"  turn {turn}")
        yield _RULE
        yield from (Text(line) for line in _printable(problem.prompt).split("\n"))
        return
    yield _headline(problem, feedback, turn)
    yield _RULE
    yield from _program(feedback, room)
    yield _RULE
    yield from _tests(feedback)
    if rewards:
        yield _rewards(rewards)


def _headline(problem: Problem, feedback: Feedback, turn: int) -> Text:
    style = _STYLES[feedback.verdict]
    kind = "" if feedback.is_success else f" \u00b7 {feedback.kind} ({feedback.scope})"
    return Text.assemble(
        (_printable(problem.task_id), "bold"),
        f"  turn {turn}  ",
        (f"{feedback.verdict}{kind}", f"bold {style}"),
        f"  {feedback.tests_passed} of {feedback.tests_total} tests passed",
    )


def _program(feedback: Feedback, room: int | None) -> Iterator[Text]:
    """Yields the program with marks and messages under failing lines; those around the first if room is short."""
    program = feedback.program
    located = [d for d in feedback.diagnostics if d.start_line][:MOST_LOCATIONS]
    count = len(program.line_starts) - (len(program.line_starts) > 1 and not program.source[program.line_starts[-1] :])
    # A picture has a fixed size: of a long program the part around the first mark is shown.
    first = 1
    if room is not None and count > room:
        middle = located[0].start_line if located else 1
        first = max(1, min(middle - room // 2, count - room + 1))
    last = count if room is None else min(count, first + room - 1)
    if first > 1:
        yield Text("   \u22ee", style="bright_black")
    for number in range(first, last + 1):
        start = program.line_starts[number - 1]
        line = program.source[start : program.line_end(number)]
        here = [d for d in located if d.start_line <= number <= max(d.end_line, d.start_line)]
        yield _numbered(number, line, here)
        for found in here:
            yield from _marks(number, line, found)
    if last < count:
        yield Text("   \u22ee", style="bright_black")
    # Diagnostics without a location stand below the program, so that none is lost.
    for found in feedback.diagnostics:
        if not found.start_line:
            yield Text(f"  {_printable(found.message)}{_shown_by(found)}", style="red")


def _numbered(number: int, line: str, diagnostics: Sequence[Diagnostic]) -> Text:
    drawn = Text.assemble((f"{number:4d} \u2502 ", "bright_black"))
    offset = len(drawn)
    drawn.append(_printable(line))
    for found in diagnostics:
        start, end = _columns(number, line, found)
        drawn.stylize("bold red", offset + len(_printable(line[:start])), offset + len(_printable(line[:end])))
    return drawn


def _marks(number: int, line: str, found: Diagnostic) -> Iterator[Text]:
    start, end = _columns(number, line, found)
    marked = line[start:end]
    one_line = found.start_line == found.end_line
    marks = carets(marked) if one_line and found.source is Source.RUNTIME else "^" * len(marked)
    widths = [cell_len(_printable(character)) for character in marked]
    drawn = "".join(mark * width for mark, width in zip(marks, widths, strict=True)) or "^"
    text = Text.assemble(
        ("     \u2502 ", "bright_black"), " " * cell_len(_printable(line[:start])), (drawn, "bold red")
    )
    if number == max(found.start_line, found.end_line):
        text.append(f" {_printable(found.message)}{_shown_by(found)}", style="red")
    yield text


def _columns(number: int, line: str, found: Diagnostic) -> tuple[int, int]:
    """Returns the marked range of columns in one line of a location."""
    start = found.start_col if number == found.start_line else len(line) - len(line.lstrip())
    end = found.end_col if number == found.end_line else len(line.rstrip())
    return start, max(start, end)


def _shown_by(found: Diagnostic) -> str:
    score = "" if found.score >= 1.0 else f" ({found.score:.2f})"
    return f"{score} (test {found.test_index})" if found.test_index >= 0 else score


def _tests(feedback: Feedback) -> Iterator[Text]:
    if feedback.tests:
        row = Text("tests   ")
        for test in feedback.tests[: COLUMNS - 10]:
            row.append(_MARKS.get(test.status, "\u2717"), style=_STYLES[test.status])
        yield row
    failed = [test for test in feedback.tests if test.is_failure]
    for test in failed[:MOST_FAILED]:
        yield _test(test)
    if len(failed) > MOST_FAILED:
        yield Text(f"  \u2026 and {len(failed) - MOST_FAILED} more", style="bright_black")


def _test(test: TestResult) -> Text:
    visibility = "public" if test.public else "private"
    text = Text.assemble(("  \u2717 ", "red"), f"{test.index} {visibility} {test.kind}")
    if test.call:
        text.append(f"  {_one_line(test.call)}", style="cyan")
    if test.actual:
        text.append(" got ", style="bright_black").append(_one_line(test.actual), style="red")
    if test.expected:
        text.append(" expected ", style="bright_black").append(_one_line(test.expected), style="green")
    return text


def _one_line(text: str, limit: int = 60) -> str:
    shown = _printable(text.strip().replace("\n", " \u21b5 "))
    return shown if len(shown) <= limit else shown[: limit - 1] + "\u2026"


def _rewards(rewards: Mapping[str, float]) -> Text:
    row = Text("reward  ")
    for name, value in rewards.items():
        row.append(f"{_printable(name)} ").append(f"{value:+.2f}", style="green" if value > 0 else "red").append("  ")
    total = sum(rewards.values())
    return row.append("= ").append(f"{total:+.2f}", style=f"bold {'green' if total > 0 else 'red'}")


def _printable(text: str) -> str:
    """Returns the text with tabs as four blanks and nothing that steers a terminal or cannot be encoded."""
    # A program's text is untrusted: escape sequences could rewrite what the user's terminal shows.
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character == "\t":
        return "    "
    if character == "\n" or character.isprintable():
        return character
    # Unicode has a picture of each control character from U+2400 on.
    return chr(0x2400 + ord(character)) if ord(character) < 32 else "\ufffd"
