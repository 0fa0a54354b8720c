"""Refining and repairing at inference: public tests decide which programs are gone on from and which are mended.

This is CodeRL's loop without its critic. In each round a program that gets furthest on the public tests is a parent: a
new program is written that begins as it does, up to a line drawn by lot (where CodeRL asks its critic), and a program
that fails a public test is written anew from what was said about it. Of old and new programs those stay that pass the
most public tests. Private tests are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from agents.engines.sampling import Sampling
from agents.evaluation.samples import ProgramSample
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from codegym import Judge, Problem
from codegym.extraction import LINE_BREAK
from codegym.feedback.feedback import Feedback
from codegym.feedback.report import turn_text
from codegym.feedback.verdict import Verdict


@dataclass(frozen=True, eq=False)
class RatedProgram:
    """A program with what public tests said about it."""

    completion: Completion
    feedback: Feedback
    round: int = 0
    """Index of the round in which it was written."""

    @property
    def is_known(self) -> bool:
        """Whether there is a verdict; where the machine failed, or a test is at fault, there is none."""
        return not self.feedback.is_unknown

    @property
    def passed(self) -> int:
        """How many public tests it passes."""
        return sum(test.status is Verdict.PASS for test in self.feedback.tests)


@dataclass(frozen=True, eq=False)
class _Request:
    """A program that is to be written."""

    problem: Problem
    prompt: str
    prefix: NDArray[np.int64]


def refined_samples(
    policy: LMPolicy,
    problems: Sequence[Problem],
    judge: Judge,
    *,
    n: int,
    rounds: int,
    sampling: Sampling,
    generator: torch.Generator,
) -> list[ProgramSample]:
    """Writes n programs for each problem, and lets public tests choose and better them round by round.

    Args:
        policy: Policy that writes the programs.
        problems: The problems. Without public tests nothing can be chosen: the first programs count.
        judge: Runs the public tests.
        n: Programs for each problem.
        rounds: Rounds of writing; 1 is plain sampling.
        sampling: How programs are drawn. A greedy one goes on from no parent: it would only write it again.
        generator: Random generator, also of the lines to go on from.

    Returns:
        For each problem its n slots one after another, for each slot the programs that were in it, round by round; the
        last one is final.
    """
    public = [replace(problem, tests=problem.public_tests) for problem in problems]
    first = [_Request(p, policy.prompt_text(_seen(p, "", 0)), _NOTHING) for p in public for _ in range(n)]
    rated = _written(policy, judge, first, sampling, generator, 0)
    histories = [[rated[index * n : (index + 1) * n]] for index in range(len(public))]
    for number in range(1, rounds):
        requests = [
            list(_next(policy, problem, history[-1], sampling.greedy, generator))
            for problem, history in zip(public, histories, strict=True)
        ]
        new = iter(
            _written(policy, judge, [request for own in requests for request in own], sampling, generator, number)
        )
        for history, own in zip(histories, requests, strict=True):
            history.append(survivors(history[-1], [next(new) for _ in own]))
    return [
        sample
        for problem, history in zip(public, histories, strict=True)
        for sample in _samples(problem.task_id, history)
    ]


def survivors(population: Sequence[RatedProgram], new: Sequence[RatedProgram]) -> list[RatedProgram]:
    """Returns as many programs as the population has: those that pass the most public tests.

    Where they pass as many, new ones come before old ones, and those before copies of what is there already.

    Args:
        population: Programs so far; one that stays keeps its index, and one that has no verdict stays.
        new: New programs, which may replace others.
    """
    # Replacing a program without a verdict could throw away the best one.
    unknown = [old for old in population if not old.is_known]
    texts = {old.completion.text for old in population}
    known = [one for one in new if one.is_known]
    fresh = list({one.completion.text: one for one in known if one.completion.text not in texts}.values())
    copies = [one for one in known if one not in fresh]
    # sorted() is stable, so this order decides among programs that pass equally many tests.
    rated = [*fresh, *(old for old in population if old.is_known), *copies]
    chosen = [*unknown, *sorted(rated, key=lambda one: -one.passed)][: len(population)]
    newcomers = iter([one for one in chosen if one not in population])
    return [old if old in chosen else next(newcomers) for old in population]


def parents(population: Sequence[RatedProgram]) -> list[RatedProgram]:
    """Returns the programs to go on from: those that pass the most public tests, one at least."""
    furthest = max((one.passed for one in population), default=0)
    return [one for one in population if one.passed == furthest > 0]


def cuts(program: RatedProgram) -> list[int]:
    """Returns how many tokens of a completion may be kept: those before the ends of its program's lines but the last.

    A token that reaches into the next line is not kept, so that a prefix is always one of the tokens that were sampled.
    """
    segments, text = program.feedback.program.segments, program.completion.text
    if not segments:
        return []
    start, last = segments[0].completion_start, segments[-1].completion_start + segments[-1].length
    # The last line is not kept: a prefix with all of the program leaves nothing to write.
    end = len(text[:last].rstrip())
    lines = [found.end() for found in LINE_BREAK.finditer(text, start, end) if text[start : found.end()].strip()]
    numbers = {int(np.searchsorted(program.completion.offsets[:, 1], line, side="right")) for line in lines}
    return sorted(numbers - {0})


_NOTHING: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def _next(
    policy: LMPolicy, problem: Problem, population: Sequence[RatedProgram], greedy: bool, generator: torch.Generator
) -> Iterator[_Request]:
    """What is to be written in a problem's next round."""
    # A greedy policy would write the rest of its own parent again.
    for parent in () if greedy else parents(population):
        yield _Request(problem, parent.completion.prompt, _prefix(parent, generator))
    for program in population if problem.tests else ():
        if program.is_known and not program.feedback.is_success:
            message = turn_text(program.feedback, problem)
            yield _Request(problem, policy.prompt_text(_seen(problem, message, program.round + 1)), _NOTHING)


def _prefix(parent: RatedProgram, generator: torch.Generator) -> NDArray[np.int64]:
    """The parent's first tokens, up to a line that is drawn; none of a program of one line."""
    numbers = cuts(parent)
    if not numbers:
        return _NOTHING
    drawn = torch.randint(len(numbers), (1,), generator=generator, device=generator.device)
    return parent.completion.token_ids[: numbers[int(drawn)]]


def _written(
    policy: LMPolicy,
    judge: Judge,
    requests: Sequence[_Request],
    sampling: Sampling,
    generator: torch.Generator,
    number: int,
) -> list[RatedProgram]:
    """Writes the requested programs and runs the public tests."""
    prompts, prefixes = [request.prompt for request in requests], [request.prefix for request in requests]
    # Only some engines take prefixes: without any, plain sampling serves.
    begun = (prefixes,) if any(map(len, prefixes)) else ()
    written = dict(policy.stream(prompts, sampling, generator, *begun)) if requests else {}
    found = judge.judge_many([(request.problem, written[index].text) for index, request in enumerate(requests)])
    return [RatedProgram(written[index], feedback, number) for index, feedback in enumerate(found)]


def _samples(task_id: str, histories: Sequence[Sequence[RatedProgram]]) -> Iterator[ProgramSample]:
    """The programs of each slot, round by round, each of them once."""
    for slot in zip(*histories, strict=True):
        programs = list(dict.fromkeys(slot))
        for one in programs:
            yield ProgramSample(task_id, one.completion.text, turn=one.round, is_final=one is programs[-1])


def _seen(problem: Problem, feedback: str, turn: int) -> dict[str, object]:
    return {"prompt": problem.prompt, "feedback": feedback, "turn": turn}
