"""Repair at inference: public tests decide which programs are good enough, the others are written anew.

This is RLEF's way to answer: each program for itself, turn by turn. CodeRL's loop, which also goes on from a prefix of
the programs that pass, is ``agents/evaluation/refine.py``. Private tests are never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from agents.engines.sampling import Sampling
from agents.evaluation.samples import ProgramSample
from agents.policy.policy import LMPolicy
from agents.rollout.episodes import make_episodes
from agents.rollout.experience import Experience
from agents.rollout.rollout import Rollout
from codegym import Judge, Problem
from codegym.env import CodeSynthesisEnv

_AT_ONCE = 256  # episodes side by side


def repaired_samples(
    policy: LMPolicy,
    problems: Sequence[Problem],
    judge: Judge,
    *,
    n: int,
    turns: int,
    sampling: Sampling,
    generator: torch.Generator,
) -> list[ProgramSample]:
    """Writes n programs for each problem, each with up to so many turns to get the public tests right.

    Args:
        policy: Policy that writes the programs; a repair's prompt shows the last program and its public tests.
        problems: The problems. Without public tests there is nothing to repair by: the first program counts.
        judge: Runs the public tests.
        n: Programs for each problem.
        turns: Programs of an episode at most; 1 is plain sampling.
        sampling: How programs are drawn.
        generator: Random generator of the sampling.

    Returns:
        The programs of every episode, turn by turn, problem by problem; the last of an episode is its final one.
    """
    public = [replace(problem, tests=problem.public_tests) for problem in problems]
    written: dict[str, list[ProgramSample]] = {problem.task_id: [] for problem in problems}
    # Without public tests nothing says that a program should be repaired: those problems get one turn.
    for chosen, allowed in (([p for p in public if p.tests], turns), ([p for p in public if not p.tests], 1)):
        if not chosen:
            continue
        rollout = Rollout(make_episodes(CodeSynthesisEnv(chosen, max_turns=allowed, judge=judge)), policy, generator)
        tasks = [problem.task_id for problem in chosen for _ in range(n)]
        for start in range(0, len(tasks), _AT_ONCE):
            for sample in _episodes(rollout.collect(tasks[start : start + _AT_ONCE], sampling, version=0)):
                written[sample.task_id].append(sample)
    return [sample for samples in written.values() for sample in samples]


def _episodes(experiences: Sequence[Experience]) -> list[ProgramSample]:
    following = [*experiences[1:], None]
    return [
        ProgramSample(e.task_id, e.completion.text, turn=e.turn, is_final=after is None or after.turn == 0)
        for e, after in zip(experiences, following, strict=True)
    ]
