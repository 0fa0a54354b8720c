import re

import numpy as np
import pytest

from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.interpretation import interpret
from codegym.feedback.kind import Kind, Scope
from codegym.picture import BACKGROUND, COLUMNS
from codegym.problem import CallTest, Problem
from codegym.program import Program
from codegym.rendering import render_ansi, render_rgb, render_tokens
from codegym.sandbox.execution import Execution, Failure, Observation, Place, Status

REWARDS = {"coarse": -0.6, "fine": -0.3, "adaptive": 0.35}
TESTS = (CallTest(args=(1,), expected=1, public=True), CallTest(args=(2,), expected=2))


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def judged(source, line=0, start=0, end=0, message="why"):
    problem = Problem(task_id="t/7", prompt="Do \x1b[31m it.", tests=TESTS, entry_point="f")
    place = Place(start_line=line, start_col=start, end_line=line, end_col=end)
    failure = Failure(exception="IndexError", bases=("IndexError",), message=message, place=place, frames=(place,))
    observations = (Observation(status=Status.OK, value=1), Observation(status=Status.RAISED, failure=failure))
    program = Program.from_completion(source, problem)
    return problem, interpret(problem, program, Execution(observations=observations))


def test_the_failing_place_is_underlined_as_cpython_does():
    problem, feedback = judged("def f(xs):\n\tif é + xs[0]:\n\t\tpass\n", 2, 8, 13)
    text = plain(render_ansi(problem, feedback, REWARDS, 3))
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if "xs[0]" in line)
    start = lines[at].index("xs[0]")
    assert lines[at + 1][start:] == "~~^^^ IndexError: why (test 1)"
    assert lines[at + 1][:start].strip() == "\u2502"
    assert "t/7  turn 3  error \u00b7 index_error (line)  1 of 2 tests passed" in lines[0]
    assert "\u2713\u2717" in text
    assert "reward  coarse -0.60  fine -0.30  adaptive +0.35  = -0.55" in text
    assert "\x1b[1;31mxs[0]\x1b[0m" in render_ansi(problem, feedback, REWARDS, 3)


def test_wide_characters_keep_the_marks_in_place():
    problem, feedback = judged("def f(xs):\n    '漢字' + xs[0]\n", 2, 11, 16)
    marked = plain(render_ansi(problem, feedback, None, 1)).splitlines()[4]
    assert marked.index("~") == len("     | ") + 4 + 6 + len(" + ") + 0


def test_nothing_a_program_wrote_steers_the_terminal():
    problem, feedback = judged("x = '\x1b]0;evil\x07'\ud800\n", 1, 0, 3, message="\x1b[2J")
    text = render_ansi(problem, feedback, REWARDS, 1)
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    text.encode()
    assert "\x1b[31m it" not in render_ansi(problem, None, None, 0)


def test_before_the_first_turn_the_prompt_is_shown():
    problem, _ = judged("x")
    assert "Do \u241b[31m it." in plain(render_ansi(problem, None, None, 0))


@pytest.mark.parametrize("lines", [1, 30, 300])
def test_pictures_have_one_size_and_show_the_failing_line(lines):
    source = "def f(xs):\n" + "    x = 1\n" * (lines - 1) + "    return xs[0]  " + "#" * 300
    problem, feedback = judged(source, lines + 1, 11, 16)
    image = render_rgb(problem, feedback, REWARDS, 1)
    empty = render_rgb(problem, None, None, 0)
    assert image.shape == empty.shape == (720, 9 * COLUMNS, 3)
    assert image.dtype == np.uint8
    reddish = (image[..., 0] > 200) & (image[..., 1] < 110)
    rows = sorted(set(np.flatnonzero(reddish.any(1)) // 18))
    marks = [row for row in rows if reddish[row * 18 : row * 18 + 18, 18 * 9 : 23 * 9].any()]
    assert marks  # the five characters xs[0] stand in columns 18 to 22
    assert (image != BACKGROUND).any(2).sum() > 3 * (empty != BACKGROUND).any(2).sum()
    assert not np.array_equal(image, render_rgb(problem, feedback, {"coarse": 1.0}, 1))


def test_diagnostics_without_a_place_are_told_too():
    problem, feedback = judged("def f(): pass")
    from dataclasses import replace

    found = Diagnostic(source=Source.TIMEOUT, kind=Kind.TIME_LIMIT, scope=Scope.GLOBAL, message="too long")
    spectrum = replace(found, source=Source.SPECTRUM, start_line=1, end_line=1, end_col=7, score=0.5, message="seen")
    text = plain(render_ansi(problem, replace(feedback, diagnostics=(found, spectrum)), None, 1))
    assert "  too long\n" in text
    assert "^^^^^^^ seen (0.50)" in text


def test_tokens_are_coloured_by_their_value():
    text = render_tokens("a = b\n", [(0, 1), (1, 3), (3, 6), (6, 6)], [1.0, 0.0, -2.0, float("nan")])
    assert plain(text).startswith("a = b\n")
    assert "48;2;20;100;20ma" in text
    assert "48;2;200;20;20m" in text
