"""What the environment itself costs, beside judging: the judge here answers at once.

Run: python benchmarks/env_overhead.py [--repeats 300] [--out FOLDER]

Aims: at most 0.3 ms a step of the single environment, at most 0.15 ms a completion in the batch environment.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import gymnasium as gym
from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from rich.console import Console

from codegym import CallTest, Diagnostic, Feedback, Kind, Problem, Program, Scope, TestResult, Verdict
from codegym.feedback.diagnostic import Source

TESTS = 12
SIZES = (1, 64, 512)
SINGLE_AIM, BATCH_AIM = 0.3, 0.15
SOURCE = "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total - 1\n"


class InstantJudge:
    """Hands out one feedback a verdict, made beforehand."""

    def __init__(self, problem: Problem) -> None:
        self.feedbacks = {verdict: feedback_of(problem, verdict) for verdict in (Verdict.PASS, Verdict.FAIL)}

    def judge(self, problem: Problem, completion: str) -> Feedback:
        """Says pass to the text ``pass``, fail to any other."""
        return self.feedbacks[Verdict.PASS if completion == "pass" else Verdict.FAIL]

    def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
        """Judges many."""
        return [self.judge(problem, completion) for problem, completion in pairs]


def feedback_of(problem: Problem, verdict: Verdict) -> Feedback:
    """Returns what a judge says of a program that passes, or that fails half of the tests."""
    program = Program.from_completion(SOURCE, problem)
    failed = range(0) if verdict is Verdict.PASS else range(0, TESTS, 2)
    place = {"start_line": 5, "start_col": 4, "end_line": 5, "end_col": 20, "start": 68, "end": 84}
    return Feedback(
        task_id=problem.task_id,
        program=program,
        verdict=verdict,
        kind=Kind.WRONG_ANSWER if failed else Kind.NONE,
        scope=Scope.LINE if failed else Scope.NONE,
        diagnostics=tuple(
            Diagnostic(
                source=Source.SPECTRUM,
                kind=Kind.WRONG_ANSWER,
                scope=Scope.LINE,
                message="failing tests ran this line",
                test_index=index,
                score=0.5,
                **place,
            )
            for index in tuple(failed)[:3]
        ),
        tests=tuple(
            TestResult(
                index=index,
                status=Verdict.FAIL if index in failed else Verdict.PASS,
                public=test.public,
                kind=Kind.WRONG_ANSWER if index in failed else Kind.NONE,
                call="f([1, 2, 3, 4])",
                expected="10",
                actual="9" if index in failed else "10",
            )
            for index, test in enumerate(problem.tests)
        ),
    )


def milliseconds(step: Callable[[], object], completions: int, repeats: int) -> float:
    """Returns the median CPU time of a step for each of its completions (a busy machine does not count)."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return 1000 * statistics.median(times) / completions


def environment_sheet(problems: Sequence[Problem], data: dict[str, float], repeats: int) -> Sheet:
    """Measures single and batch environment, with turns that end the episode and turns that do not."""
    judge, rows = InstantJudge(problems[0]), []
    for what, completion, max_turns in (
        ("ends in success", "pass", 1),
        ("fails, 1 turn", "", 1),
        ("fails, goes on", "", 10**6),
    ):
        env = gym.make("CodeSynthesis-v0", suite=problems, judge=judge, max_turns=max_turns)
        env.reset(seed=0)

        def turn(env: gym.Env[dict[str, object], str] = env, completion: str = completion) -> None:
            if env.step(completion)[2]:
                env.reset()

        rows.append((f"single, {what} (with reset)", milliseconds(turn, 1, repeats), SINGLE_AIM))
        for num_envs in SIZES:
            envs = gym.make_vec("CodeSynthesis-v0", num_envs=num_envs, suite=problems, judge=judge, max_turns=max_turns)
            envs.reset(seed=0)
            actions = [completion] * num_envs
            batch = milliseconds(
                lambda envs=envs, actions=actions: envs.step(actions), num_envs, max(1, 67 * repeats // (num_envs + 60))
            )
            rows.append((f"batch of {num_envs}, {what}", batch, BATCH_AIM))
    data.update({what: cost for what, cost, _ in rows})
    return Sheet(
        title="CPU time of a step for each of its completions, without judging",
        columns=("environment", "ms", "aim"),
        rows=tuple((what, f"{cost:.3f}", f"{aim:.2f}") for what, cost, aim in rows),
    )


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=300, help="steps whose median counts")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Measures and writes the report."""
    options, machine = parse(argv), Machine()
    tests = tuple(CallTest(args=([1, 2, 3, 4],), expected=10, public=index < 3) for index in range(TESTS))
    prompt = "Write f(xs): the sum of a list of numbers.\n" * 5
    problems = [
        Problem(task_id=f"bench/{number}", prompt=prompt, entry_point="f", tests=tests) for number in range(100)
    ]
    data: dict[str, float] = {}
    sheet = environment_sheet(problems, data, options.repeats)
    sheet.show(Console())
    command = ("python benchmarks/env_overhead.py " + " ".join(argv)).strip()
    report = Report(name="env_overhead", command=command, machine=machine, sheets=[sheet], data={"milliseconds": data})
    Console(stderr=True).print(f"written: {report.write(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
