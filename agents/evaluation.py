"""How good a policy's programs are: pass@k with intervals over problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.bootstrap import Interval, bootstrap_mean
from agents.generation import Sampling
from agents.pass_at_k import pass_at_k
from agents.policy import LMPolicy
from agents.samples import ProgramSample, read_samples
from codegym import Judge, Problem
from codegym.errors import InvalidSettingError, UnknownNameError
from codegym.feedback.feedback import Feedback
from codegym.feedback.verdict import Verdict
from envs_registry import load_suite

_AT_ONCE = 256
"""Programs written and judged at a time: one portion is judged while the next is written."""


@dataclass(frozen=True, kw_only=True)
class ProblemResult:
    """What became of one problem's samples."""

    task_id: str
    difficulty: str
    judged: int
    """Samples with a verdict; a machine's failure gives none."""
    passed: int
    kinds: Mapping[str, int]
    """How often each kind of error came; ``"none"`` is a pass."""
    infra_errors: int = 0


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The result of :func:`evaluate`: numbers with 95 % bootstrap intervals over problems."""

    suite: str
    problems: tuple[ProblemResult, ...]
    """Those that have a judged sample; only these enter the estimates."""
    k: tuple[int, ...]
    missing: tuple[str, ...] = ()
    """Problems of the suite without a judged sample: not counted as failures, and not as anything."""
    notes: tuple[str, ...] = ()
    """What a reader must know: duplicates, machine failures, a k that could not be had."""
    seed: int = 0

    @cached_property
    def pass_at(self) -> dict[int, Interval]:
        """pass@k over all judged problems, for each k."""
        return self._estimates(self.problems)

    @cached_property
    def by_difficulty(self) -> dict[str, dict[int, Interval]]:
        """pass@k for each difficulty that the suite names."""
        names = dict.fromkeys(problem.difficulty for problem in self.problems if problem.difficulty)
        return {name: self._estimates([p for p in self.problems if p.difficulty == name]) for name in names}

    @cached_property
    def kinds(self) -> dict[str, int]:
        """How often each kind of error came, the most frequent first."""
        total: Counter[str] = Counter()
        for problem in self.problems:
            total.update(problem.kinds)
        return dict(total.most_common())

    def __str__(self) -> str:
        numbers = ", ".join(f"pass@{k} {interval}" for k, interval in self.pass_at.items())
        missing = f", {len(self.missing)} missing" if self.missing else ""
        return f"{self.suite}: {numbers} over {len(self.problems)} problems{missing}"

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain, JSON-safe data."""
        return {
            "suite": self.suite,
            "problems": [{**vars(problem), "kinds": dict(problem.kinds)} for problem in self.problems],
            "pass_at": _plain(self.pass_at),
            "by_difficulty": {name: _plain(estimates) for name, estimates in self.by_difficulty.items()},
            "kinds": self.kinds,
            "missing": list(self.missing),
            "notes": list(self.notes),
        }

    def _estimates(self, problems: Sequence[ProblemResult]) -> dict[int, Interval]:
        judged = np.array([problem.judged for problem in problems])
        passed = np.array([problem.passed for problem in problems])
        return {k: bootstrap_mean(pass_at_k(judged, passed, k), seed=self.seed) for k in self.k}


def evaluate(
    agent_or_samples: Any,
    suite: str | Sequence[Problem],
    k: Sequence[int] = (1, 10),
    n: int = 20,
    judge: Judge | None = None,
    seed: int = 0,
    sampling: Sampling | None = None,
    on_judged: Callable[[ProgramSample, Feedback], None] | None = None,
) -> Evaluation:
    """Judges programs on a suite and estimates pass@k.

    Args:
        agent_or_samples: An agent, an :class:`LMPolicy`, anything with ``predict(observation)``; or programs: a
            samples file in HumanEval's format, or an iterable of mappings with ``task_id`` and ``completion``.
        suite: A suite's name, or problems.
        k: Of pass@k. One that is larger than the samples of a problem cannot be had: it is left out, and a note says
            so.
        n: Completions to write for each problem; samples files bring their own number.
        judge: To judge with; None opens one.
        seed: Of sampling and of the bootstrap: the same seed gives the same result.
        sampling: How completions are drawn; at temperature 1 by default.
        on_judged: Called with each program and its feedback, in order, as the verdicts come.

    Returns:
        The evaluation.

    Raises:
        UnknownNameError: If a sample is for a task that the suite does not have.
        DataError: If a samples file is malformed.
        InvalidSettingError: If no k can be had.
    """
    suite = load_suite(suite) if isinstance(suite, str) else suite
    problems = list(suite)
    by_id = {problem.task_id: problem for problem in problems}
    given = _given_samples(agent_or_samples, by_id)
    samples = written_samples(agent_or_samples, problems, n, seed, sampling) if given is None else given
    judged: dict[str, list[Feedback]] = {task_id: [] for task_id in by_id}
    own = Judge(packages=getattr(suite, "packages", ())) if judge is None else None
    try:
        for sample, feedback in _judged(samples, by_id, judge or own):
            judged[sample.task_id].append(feedback)
            if on_judged is not None:
                on_judged(sample, feedback)
    finally:
        if own is not None:
            own.close()
    name = str(getattr(suite, "name", "problems"))
    notes = [] if given is None else _duplicates(given)
    return summarize(name, problems, judged, k, seed, notes)


def summarize(
    suite: str,
    problems: Sequence[Problem],
    judged: Mapping[str, Sequence[Feedback]],
    k: Sequence[int],
    seed: int = 0,
    notes: Sequence[str] = (),
) -> Evaluation:
    """Makes an evaluation of verdicts, by task.

    Raises:
        InvalidSettingError: If no k can be had.
    """
    results = [_result(problem, judged.get(problem.task_id, ())) for problem in problems]
    counted = tuple(result for result in results if result.judged)
    failures = sum(result.infra_errors for result in results)
    notes = list(notes)
    if failures:
        notes.append(f"the machine failed on {failures} programs: they count as nothing, judge them again.")
    smallest = min((result.judged for result in counted), default=0)
    possible = tuple(sorted({size for size in k if 1 <= size <= smallest}))
    left_out = sorted(set(k) - set(possible))
    if counted and not possible:
        raise InvalidSettingError(
            f"pass@{left_out[0]} needs {left_out[0]} samples of every problem; the fewest are {smallest}."
        )
    if counted and left_out:
        names = ", ".join(f"pass@{size}" for size in left_out)
        notes.append(f"{names} left out: there are only {smallest} samples of some problems.")
    missing = tuple(result.task_id for result in results if not result.judged)
    return Evaluation(suite=suite, problems=counted, k=possible, missing=missing, notes=tuple(notes), seed=seed)


def written_samples(
    agent: Any, problems: Sequence[Problem], n: int, seed: int, sampling: Sampling | None = None
) -> Iterator[ProgramSample]:
    """Lets an agent write n completions for each problem, and yields them problem by problem.

    Raises:
        TypeError: If it is no agent.
    """
    policy = agent if isinstance(agent, LMPolicy) else getattr(agent, "policy", None)
    if not isinstance(policy, LMPolicy):
        if not callable(getattr(agent, "predict", None)):
            raise TypeError(
                "expected an agent, an LMPolicy, something with predict(observation), a samples file or samples, "
                f"got {type(agent).__name__}."
            )
        yield from _predicted(agent, problems, n)
        return
    how = sampling or Sampling(max_new_tokens=policy.max_new_tokens)
    generator = torch.Generator().manual_seed(seed)
    wanted = ((problem.task_id, policy.prompt_text(_observation(problem))) for problem in problems for _ in range(n))
    while portion := list(islice(wanted, _AT_ONCE)):
        completions = dict(policy.stream([prompt for _, prompt in portion], how, generator))
        for place, (task_id, _) in enumerate(portion):
            yield ProgramSample(task_id, completions[place].text)


def _predicted(agent: Any, problems: Sequence[Problem], n: int) -> Iterator[ProgramSample]:
    for problem in problems:
        for _ in range(n):
            action, _ = agent.predict(_observation(problem), deterministic=False)
            yield ProgramSample(problem.task_id, str(action))


def _observation(problem: Problem) -> dict[str, Any]:
    return {"prompt": problem.prompt, "feedback": "", "turn": 0}


def _given_samples(source: Any, by_id: Mapping[str, Problem]) -> list[ProgramSample] | None:
    """The programs that were handed in, None if there is an agent to write them."""
    if isinstance(source, str | Path):
        samples = read_samples(source)
    elif isinstance(source, Iterable) and not hasattr(source, "predict"):
        samples = [s if isinstance(s, ProgramSample) else ProgramSample(s["task_id"], s["completion"]) for s in source]
    else:
        return None
    for sample in samples:
        if sample.task_id not in by_id:
            what = f"{sample.place}: task" if sample.place else "task"
            raise UnknownNameError(what, sample.task_id, by_id)
    return samples


def _judged(
    samples: Iterable[ProgramSample], by_id: Mapping[str, Problem], judge: Judge | None
) -> Iterator[tuple[ProgramSample, Feedback]]:
    """Judges portion by portion, each while the next is being written."""
    assert judge is not None
    remaining = iter(samples)
    waiting: tuple[list[ProgramSample], Future[list[Feedback]]] | None = None
    with ThreadPoolExecutor(1) as beside:
        while portion := list(islice(remaining, _AT_ONCE)):
            pairs = [(by_id[sample.task_id], sample.completion) for sample in portion]
            if waiting is not None:
                yield from zip(waiting[0], waiting[1].result(), strict=True)
            waiting = portion, beside.submit(judge.judge_many, pairs)
        if waiting is not None:
            yield from zip(waiting[0], waiting[1].result(), strict=True)


def _result(problem: Problem, feedbacks: Sequence[Feedback]) -> ProblemResult:
    judged = [f for f in feedbacks if f.verdict not in (Verdict.INFRA_ERROR, Verdict.UNJUDGED)]
    return ProblemResult(
        task_id=problem.task_id,
        difficulty=problem.difficulty or "",
        judged=len(judged),
        passed=sum(feedback.is_success for feedback in judged),
        kinds=Counter(feedback.kind.value for feedback in judged),
        infra_errors=sum(feedback.verdict is Verdict.INFRA_ERROR for feedback in feedbacks),
    )


def _duplicates(samples: Sequence[ProgramSample]) -> list[str]:
    seen = Counter((sample.task_id, sample.completion) for sample in samples)
    twice = sum(count - 1 for count in seen.values())
    return [f"{twice} of {len(samples)} samples repeat another of the same task; all were counted."] if twice else []


def _plain(estimates: Mapping[int, Interval]) -> dict[str, dict[str, float]]:
    return {str(k): vars(interval) for k, interval in estimates.items()}
