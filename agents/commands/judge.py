"""``codegym judge SUITE TASK_ID FILE``: judge one program and show where it is wrong."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from codegym import Judge
from codegym.diagnosis import judge_for
from codegym.errors import DataError
from codegym.rendering import print_ansi, render_ansi
from codegym.rewards import make_reward
from envs_registry import load_suite


@dataclass(frozen=True)
class JudgeFile:
    """Judge one program and print it with the failing place underlined."""

    suite: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SUITE")]
    """Name of the suite (see `codegym suites list`)."""
    task_id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TASK_ID")]
    """The problem's id within the suite, such as HumanEval/0."""
    file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
    """The completion to judge, a file; `-` reads standard input."""
    split: str | None = None
    """Split of the suite; the suite's default without it."""
    data_dir: Path | None = None
    """Folder with the benchmarks' files; CODEGYM_DATA without it."""
    reward: str = "paper"
    """The reward whose parts are shown."""
    isolation: str = "auto"
    """strict, auto or none."""
    json: bool = False
    """Print one JSON document instead."""

    def run(self) -> int:
        """Judges the file; returns 0 if it passes and 1 if not.

        Raises:
            DataError: If the file cannot be read.
            UnknownNameError: If the suite, the split, the problem or the reward does not exist.
        """
        problem = load_suite(self.suite, split=self.split, data_dir=self.data_dir).by_id(self.task_id)
        completion, reward = read_completion(self.file), make_reward(self.reward)
        with Judge(workers=1, isolation=self.isolation) as judge:
            feedback = judge_for(reward, judge).judge(problem, completion)
        components = reward(problem, feedback)
        if self.json:
            print(json.dumps({**feedback.to_dict(), "reward_components": components}))
        else:
            print_ansi(render_ansi(problem, feedback, components, turn=1))
        return 0 if feedback.is_success else 1


def read_completion(file: Path) -> str:
    """Returns the text of a file, or of standard input for ``-``; bytes that are no UTF-8 become lone surrogates.

    Raises:
        DataError: If the file cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}. Expected a file that holds one program.") from error
    return data.decode("utf-8", errors="surrogateescape")
