"""Refining and repairing at inference: public tests decide which programs are gone on from and which are mended.

This is CodeRL's loop without its critic. In each round a program that gets furthest on the public tests is a seed: a
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
class Tried:
    """A program with what public tests said about it."""

    completion: Completion
    feedback: Feedback
    round: int = 0
    """In which it was written."""

    @property
    def is_known(self) -> bool:
        """Whether there is a verdict; where the machine failed, or a test is at fault, there is none."""
        return not self.feedback.is_unknown

    @property
    def passed(self) -> int:
        """How many public tests it passes."""
        return sum(test.status is Verdict.PASS for test in self.feedback.tests)


@dataclass(frozen=True, eq=False)
class _Wish:
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
        policy: Who writes.
        problems: What is asked. Without public tests nothing can be chosen: the first programs count.
        judge: Runs the public tests.
        n: Programs for each problem.
        rounds: Of writing; 1 is plain sampling.
        sampling: How programs are drawn. A greedy one goes on from no seed: it would only write it again.
        generator: The source of chance, also of the lines to go on from.

    Returns:
        For each problem its n places one after another, for each place the programs that stood there, round by round;
        the last one is final.
    """
    public = [replace(problem, tests=problem.public_tests) for problem in problems]
    first = [_Wish(p, policy.prompt_text(_seen(p, "", 0)), _NOTHING) for p in public for _ in range(n)]
    tried = _tried(policy, judge, first, sampling, generator, 0)
    stood = [[tried[place * n : (place + 1) * n]] for place in range(len(public))]
    for number in range(1, rounds):
        going = [(problem, held[-1]) for problem, held in zip(public, stood, strict=True)]
        wishes = [list(_next(policy, problem, held, sampling.greedy, generator)) for problem, held in going]
        new = iter(_tried(policy, judge, [wish for own in wishes for wish in own], sampling, generator, number))
        for held, own in zip(stood, wishes, strict=True):
            held.append(survivors(held[-1], [next(new) for _ in own]))
    return [sample for problem, held in zip(public, stood, strict=True) for sample in _samples(problem.task_id, held)]


def survivors(held: Sequence[Tried], new: Sequence[Tried]) -> list[Tried]:
    """Returns as many programs as are held: those that pass the most public tests.

    Where they pass as many, new ones come before old ones, and those before copies of what is there already.

    Args:
        held: What is there; one that stays keeps its place, and one that has no verdict stays.
        new: What may take the place of others.
    """
    unknown = [old for old in held if not old.is_known]
    texts = {old.completion.text for old in held}
    known = [one for one in new if one.is_known]
    fresh = list({one.completion.text: one for one in known if one.completion.text not in texts}.values())
    copies = [one for one in known if one not in fresh]
    rated = [*fresh, *(old for old in held if old.is_known), *copies]
    chosen = [*unknown, *sorted(rated, key=lambda one: -one.passed)][: len(held)]
    newcomers = iter([one for one in chosen if one not in held])
    return [old if old in chosen else next(newcomers) for old in held]


def seeds(held: Sequence[Tried]) -> list[Tried]:
    """Returns the programs to go on from: those that pass the most public tests, one at least."""
    furthest = max((one.passed for one in held), default=0)
    return [one for one in held if one.passed == furthest > 0]


def cuts(tried: Tried) -> list[int]:
    """Returns how many tokens of a completion may be kept: those before the ends of its program's lines but the last.

    A token that reaches into the next line is not kept, so that a prefix is always one of the tokens that were sampled.
    """
    segments, text = tried.feedback.program.segments, tried.completion.text
    if not segments:
        return []
    start, last = segments[0].completion_start, segments[-1].completion_start + segments[-1].length
    end = len(text[:last].rstrip())
    lines = [found.end() for found in LINE_BREAK.finditer(text, start, end) if text[start : found.end()].strip()]
    numbers = {int(np.searchsorted(tried.completion.offsets[:, 1], line, side="right")) for line in lines}
    return sorted(numbers - {0})


_NOTHING: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def _next(
    policy: LMPolicy, problem: Problem, held: Sequence[Tried], greedy: bool, generator: torch.Generator
) -> Iterator[_Wish]:
    """What is to be written in a problem's next round."""
    for seed in () if greedy else seeds(held):
        yield _Wish(problem, seed.completion.prompt, _prefix(seed, generator))
    for tried in held if problem.tests else ():
        if tried.is_known and not tried.feedback.is_success:
            said = turn_text(tried.feedback, problem)
            yield _Wish(problem, policy.prompt_text(_seen(problem, said, tried.round + 1)), _NOTHING)


def _prefix(seed: Tried, generator: torch.Generator) -> NDArray[np.int64]:
    """The seed's first tokens, up to a line that is drawn; none of a program of one line."""
    numbers = cuts(seed)
    if not numbers:
        return _NOTHING
    place = torch.randint(len(numbers), (1,), generator=generator, device=generator.device)
    return seed.completion.token_ids[: numbers[int(place)]]


def _tried(
    policy: LMPolicy,
    judge: Judge,
    wishes: Sequence[_Wish],
    sampling: Sampling,
    generator: torch.Generator,
    number: int,
) -> list[Tried]:
    """Writes what is wished for and runs the public tests."""
    prompts, prefixes = [wish.prompt for wish in wishes], [wish.prefix for wish in wishes]
    begun = (prefixes,) if any(map(len, prefixes)) else ()
    written = dict(policy.stream(prompts, sampling, generator, *begun)) if wishes else {}
    found = judge.judge_many([(wish.problem, written[place].text) for place, wish in enumerate(wishes)])
    return [Tried(written[place], feedback, number) for place, feedback in enumerate(found)]


def _samples(task_id: str, stood: Sequence[Sequence[Tried]]) -> Iterator[ProgramSample]:
    """The programs of each place, round by round, each of them once."""
    for place in zip(*stood, strict=True):
        programs = list(dict.fromkeys(place))
        for one in programs:
            yield ProgramSample(task_id, one.completion.text, turn=one.round, is_final=one is programs[-1])


def _seen(problem: Problem, feedback: str, turn: int) -> dict[str, object]:
    return {"prompt": problem.prompt, "feedback": feedback, "turn": turn}
