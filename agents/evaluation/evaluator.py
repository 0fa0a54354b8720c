"""How good a policy's programs are: programs are written or read, judged, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.evaluation.evaluation import Evaluation, summarize
from agents.evaluation.judged_program import JudgedProgram
from agents.evaluation.judging import JudgingLine
from agents.evaluation.samples import ProgramSample, read_samples
from codegym import Judge, Problem
from codegym.errors import InvalidSettingError, UnknownNameError
from codegym.store import Store
from envs_registry import load_suite

if TYPE_CHECKING:  # torch takes seconds to load, and a samples file does not need it
    from agents.engines.sampling import Sampling
    from agents.evaluation.model_tests import ModelTests
    from agents.evaluation.writing import Writer
    from agents.policy.policy import LMPolicy

ONE_OF_BOTH = (
    "turns={turns} and rounds={rounds} are two ways to use public tests: set one of them. Rounds repair, too, and go "
    "on from the programs that pass."
)
OnJudged = Callable[[JudgedProgram], None]


def evaluate(
    agent_or_samples: Any,
    suite: str | Sequence[Problem],
    k: Sequence[int] = (1, 10),
    n: int = 20,
    judge: Judge | None = None,
    seed: int = 0,
    sampling: Sampling | None = None,
    on_judged: OnJudged | None = None,
) -> Evaluation:
    """Judges programs on a suite and estimates pass@k.

    Args:
        agent_or_samples: An agent, an :class:`LMPolicy`, anything with ``predict(observation)``; or programs: a
            file or a folder that :func:`agents.evaluation.samples.read_samples` reads, or an iterable of mappings with
            ``task_id`` and ``completion``.
        suite: A suite's name, or problems.
        k: Values of k for pass@k. One above the number of samples of a problem is left out, and a note says so.
        n: Completions to write for each problem; samples files bring their own number.
        judge: To judge with; None opens one that ends a program's tests with the first that it does not pass.
        seed: Seed of the sampling and of the bootstrap: the same seed gives the same result.
        sampling: How completions are drawn; at temperature 1 by default.
        on_judged: Called with each judged program, in order, as the verdicts come.

    Returns:
        The evaluation.

    Raises:
        UnknownNameError: If a sample is for a task that the suite does not have.
        DataError: If a samples file is malformed.
        InvalidSettingError: If no k can be had.
    """
    problems = load_suite(suite) if isinstance(suite, str) else suite
    # A suite may need packages, which a judge must be opened with: they cannot be added later.
    own = Judge(packages=getattr(problems, "packages", ()), stop_early=True) if judge is None else None
    try:
        evaluator = Evaluator(
            judge=judge or own, k=tuple(k), n=n, seed=seed, sampling=sampling, on_judged=on_judged or _nothing
        )
        return evaluator.evaluate(agent_or_samples, problems)
    finally:
        if own is not None:
            own.close()


def _nothing(program: JudgedProgram) -> None:
    """Default of on_judged: does nothing."""


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Everything about an evaluation but who is evaluated, and on what."""

    judge: Any
    """A :class:`codegym.Judge`, or whatever has its ``judge_many``."""
    k: tuple[int, ...] = (1, 10)
    n: int = 20
    seed: int = 0
    sampling: Sampling | None = None
    turns: int = 1
    """Programs of an episode at most: above 1, a policy repairs what public tests find wrong."""
    rounds: int = 1
    """Rounds of writing: above 1, a policy goes on from what public tests find right and repairs the rest."""
    store: Store | None = None
    """Generations and verdicts by content."""
    tests: Mapping[str, ModelTests] = field(default_factory=dict)
    """A model's tests by task, to choose one of many programs by."""
    n_tests: int = 0
    """Texts with tests that a policy writes for each problem, beside ``tests``."""
    on_judged: OnJudged = _nothing
    setting: Mapping[str, Any] = field(default_factory=dict)
    """Writer of the programs and settings of the sampling, for the record."""

    def evaluate(self, source: Any, suite: Sequence[Problem]) -> Evaluation:
        """Judges an agent's, a policy's or somebody's programs; see :func:`evaluate`."""
        self._check()
        problems = list(suite)
        by_id = {problem.task_id: problem for problem in problems}
        given = given_samples(source, by_id)
        if given is None and min(self.k) > self.n:  # better now than when everything is written and judged
            raise InvalidSettingError(
                f"pass@{min(self.k)} needs {min(self.k)} programs of every problem, and n is {self.n}."
            )
        if given:
            # The same check for given samples, where each problem brings a number of its own.
            fewest = min(Counter(sample.task_id for sample in given if sample.is_final).values(), default=0)
            if min(self.k) > fewest:
                raise InvalidSettingError(
                    f"pass@{min(self.k)} needs {min(self.k)} samples of every problem; the fewest are {fewest}."
                )
        samples = self._written(source, problems) if given is None else given
        judged: dict[str, list[JudgedProgram]] = {task_id: [] for task_id in by_id}
        line = JudgingLine(by_id, self.judge, self.store)
        for program in line.judged(samples):
            judged[program.task_id].append(program)
            self.on_judged(program)
        name = str(getattr(suite, "name", "problems"))
        notes = [] if given is None else _duplicates(given)
        if line.reused:
            notes.append(f"{line.reused} verdicts were in the cache.")
        chosen = self._chosen(source, problems, judged)
        return summarize(name, problems, judged, self.k, self.seed, notes, self.setting, chosen)

    def _check(self) -> None:
        for name in ("k", "n", "turns", "rounds"):
            value = getattr(self, name)
            # k is the only one of them with several values.
            if (min(value, default=0) if name == "k" else value) < 1:
                raise InvalidSettingError(f"{name} must be at least 1, got {value!r}.")
        if self.turns > 1 and self.rounds > 1:
            raise InvalidSettingError(ONE_OF_BOTH.format(turns=self.turns, rounds=self.rounds))

    def _chosen(
        self, source: Any, problems: Sequence[Problem], judged: Mapping[str, Sequence[JudgedProgram]]
    ) -> dict[str, dict[str, float]]:
        """How often the programs that a model's tests put first are right, by task."""
        policy = self._policy(source) if self.n_tests else None
        if not self.tests and policy is None:
            return {}
        # Imported where it is used: ranking is needed for a model's tests only.
        from agents.evaluation.model_tests import choices

        tests = dict(self.tests)
        if policy is not None:
            tests |= self._writer(policy).tests(problems, self.n_tests)
        return dict(choices(problems, judged, tests, self.judge, self.store))

    def _written(self, agent: Any, problems: Sequence[Problem]) -> Iterator[ProgramSample]:
        from agents.evaluation.writing import observation

        policy = self._policy(agent)
        if policy is not None:
            yield from self._writer(policy).programs(problems)
            return
        if not callable(getattr(agent, "predict", None)):
            raise TypeError(
                "expected an agent, an LMPolicy, something with predict(observation), a samples file or samples, "
                f"got {type(agent).__name__}."
            )
        for problem in problems:
            for _ in range(self.n):
                action, _ = agent.predict(observation(problem), deterministic=False)
                yield ProgramSample(problem.task_id, str(action))

    def _writer(self, policy: LMPolicy) -> Writer:
        from agents.engines.sampling import Sampling
        from agents.evaluation.writing import Writer
        from agents.rollout.sampler import Sampler

        sampling = self.sampling or Sampling(max_new_tokens=policy.max_new_tokens)
        return Writer(
            sampler=Sampler(policy=policy, sampling=sampling, seed=self.seed, store=self.store),
            n=self.n,
            turns=self.turns,
            rounds=self.rounds,
            judge=self.judge,
        )

    @staticmethod
    def _policy(agent: Any) -> LMPolicy | None:
        from agents.policy.policy import LMPolicy

        policy = agent if isinstance(agent, LMPolicy) else getattr(agent, "policy", None)
        return policy if isinstance(policy, LMPolicy) else None


def given_samples(source: Any, known: Iterable[str]) -> list[ProgramSample] | None:
    """Returns the programs that were handed in, None if there is an agent to write them.

    Args:
        source: A file, a folder, samples, or something else.
        known: The tasks that there are.

    Raises:
        UnknownNameError: If a program is for another task; the message says where it was read.
    """
    tasks = dict.fromkeys(known)
    if isinstance(source, str | Path):
        samples = read_samples(source, tasks)
    elif isinstance(source, Iterable) and not hasattr(source, "predict"):
        # Anything with predict is an agent, even if it can be iterated over.
        samples = [s if isinstance(s, ProgramSample) else ProgramSample(s["task_id"], s["completion"]) for s in source]
    else:
        return None
    for sample in samples:
        if sample.task_id not in tasks:
            raise UnknownNameError("task", sample.task_id, tasks, sample.location)
    return samples


def _duplicates(samples: Sequence[ProgramSample]) -> list[str]:
    # Duplicates are no error: greedy models and small temperatures write them. A reader should know of them.
    seen = Counter((sample.task_id, sample.completion) for sample in samples)
    twice = sum(count - 1 for count in seen.values())
    return [f"{twice} of {len(samples)} samples repeat another of the same task; all were counted."] if twice else []
