"""``codegym judge SUITE TASK_ID FILE``: judge one program and show where it is wrong."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from agents.commands.options import DataDir, Isolation, Json, Split, Strict, SuitePosition
from agents.commands.suite_name import load_named
from agents.commands.terminal import say_json
from codegym import Judge
from codegym.diagnosis import judge_for
from codegym.errors import DataError
from codegym.rendering import print_ansi, render_ansi
from codegym.rewards import make_reward


@dataclass(frozen=True)
class JudgeFile:
    """Judge one program and underline what is wrong; exit code 0 if it passes, 1 if not."""

    suite: SuitePosition
    task_id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TASK_ID")]
    """Id of the problem within the suite, such as HumanEval/0."""
    file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
    """File with the completion to judge; `-` reads standard input."""
    split: Split = None
    data_dir: DataDir = None
    reward: str = "paper"
    """Reward whose components are shown: paper, coarse, adaptive, pass_rate, success, static, ..."""
    isolation: Isolation = "auto"
    strict: Strict = False
    json: Json = False

    def run(self) -> int:
        """Judges the file; returns 0 if it passes and 1 if not.

        Raises:
            DataError: If the file cannot be read.
            UnknownNameError: If the suite, the split, the problem or the reward does not exist.
        """
        problem = load_named(self.suite, self.split, self.data_dir).by_id(self.task_id)
        completion, reward = read_completion(self.file), make_reward(self.reward)
        # One program needs one worker; a reward may want a closer look than the plain judge takes.
        with Judge(workers=1, isolation=self.isolation, strict_extraction=self.strict) as judge:
            feedback = judge_for(reward, judge).judge(problem, completion)
        components = reward(problem, feedback)
        if self.json:
            say_json({**feedback.to_dict(), "reward_components": components})
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
    # As a policy's bytes are: the sandbox sees the same program, and the compiler says what is wrong with it.
    return data.decode("utf-8", errors="surrogateescape")
