"""From an environment and a policy to a folder of pairs, step by step; a policy that says what it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents.codedpo.data.pairing import PairRejectReason, PairRules
from agents.codedpo.data.pairs import PairKind, read_pairs
from agents.codedpo.data.pipeline import PairPipeline, PipelineSettings
from agents.codedpo.data.sampling import TaskSampler, rollout_samples
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.engines.engine import Sample
from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy
from agents.rollout.episodes import Episodes, make_episodes
from agents.rollout.sampler import Sampler
from agents.scoring.asserts import AssertRejectReason
from agents.scoring.costs import CostSettings
from agents.scoring.matrix import MatrixJudge
from agents.scoring.task_samples import read_task_samples
from codegym import CallTest, Judge, Problem
from codegym.env import CodeSynthesisEnv
from codegym.errors import InvalidSettingError
from codegym.store import Store

PROGRAMS = (
    "def f(x):\n    return x + x\n",
    "def f(number):\n    return number * 2  # twice\n",
    "def f(x):\n    return x + 1\n",
    "def f(x):\n    return None if x else x\n",
)
TESTS = ("assert f(1) == 2\nassert f(3) == 6\n", "assert f(0) == 0\nassert f(2) == 5\nassert f(", "no test at all")


class Script:
    """An engine that writes the given texts, drawn with the call's own chance."""

    def __init__(self, policy: LMPolicy) -> None:
        self.policy, self.asked = policy, 0

    def stream(
        self, prompts: Sequence[Any], sampling: Sampling, generator: torch.Generator
    ) -> Iterator[tuple[int, Sample]]:
        for place, prompt in enumerate(prompts):
            self.asked += 1
            texts = TESTS if "Assert statements" in self.policy.tokenizer.decode(prompt) else PROGRAMS
            text = texts[int(torch.randint(len(texts), (1,), generator=generator))]
            ids = [*self.policy.tokenizer(text, add_special_tokens=False)["input_ids"], self.policy.end_ids[0]]
            yield place, Sample(token_ids=np.array(ids), logprobs=np.zeros(len(ids), np.float32), finished=True)


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    made = LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=64)
    made.engine = Script(made)
    return made


@pytest.fixture
def problems() -> list[Problem]:
    tests = (CallTest(args=(4,), expected=8), CallTest(args=(5,), expected=10))
    return [
        Problem(task_id=f"double/{n}", prompt=f"def f(x): # double, {n}", tests=tests, entry_point="f")
        for n in range(3)
    ]


@pytest.fixture
def episodes(problems: list[Problem], judge: Judge) -> Episodes:
    return make_episodes(CodeSynthesisEnv(problems, judge=judge))


SMALL = SamplingSettings(programs=6, test_texts=3)


def sampler(
    episodes: Episodes,
    policy: LMPolicy,
    judge: Judge,
    store: Store | None = None,
    *,
    seed: int = 1,
    source: str = "policy",
) -> TaskSampler:
    asked = Sampler(policy=policy, sampling=SMALL.sampling(policy), seed=seed, store=store)
    return TaskSampler(episodes=episodes, sampler=asked, judge=judge, settings=SMALL, source=source)


def test_every_problem_gets_programs_with_labels_and_tests(episodes: Episodes, policy: LMPolicy, judge: Judge) -> None:
    tasks = list(sampler(episodes, policy, judge, source="script@0").sample())
    assert [task.task_id for task in tasks] == ["double/0", "double/1", "double/2"]
    for task in tasks:
        assert set(task.completions) <= set(PROGRAMS)
        assert set(task.test_texts) <= set(TESTS)
        assert (len(task.completions), len(task.test_texts)) == (6, 3)
        assert task.labels == tuple(text in PROGRAMS[:2] for text in task.completions)
        assert task.prompt == policy.prompt_text({"prompt": f"def f(x): # double, {task.task_id[-1]}"})
        assert (task.source, task.entry_point) == ("script@0", "f")


def test_the_same_seed_gives_the_same_and_a_kill_changes_nothing(
    episodes: Episodes, policy: LMPolicy, judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.codedpo.data.sampling.MOST_AT_ONCE", 6)  # a task is a portion
    whole = list(sampler(episodes, policy, judge).sample())
    script = policy.engine
    assert isinstance(script, Script)
    with Store(tmp_path / "cache") as store:
        begun = sampler(episodes, policy, judge, store).sample()
        assert [next(begun), next(begun)] == whole[:2]  # killed before the third
        script.asked = 0
        assert list(sampler(episodes, policy, judge, store).sample()) == whole
        assert script.asked == 6 + 3
        assert list(sampler(episodes, policy, judge, store, seed=2).sample()) != whole


def test_the_policy_is_shown_what_a_wrapper_shows(problems: list[Problem], policy: LMPolicy, judge: Judge) -> None:
    class Polite(gym.ObservationWrapper[Any, Any, Any]):
        def observation(self, observation: Any) -> Any:
            return {**observation, "prompt": f"Please: {observation['prompt']}"}

    episodes = make_episodes(Polite(CodeSynthesisEnv(problems, judge=judge)))
    assert all("Please: def f" in task.prompt for task in sampler(episodes, policy, judge).sample())


def test_an_environment_without_problems_is_refused(episodes: Episodes, policy: LMPolicy, judge: Judge) -> None:
    episodes.problems = ()
    with pytest.raises(InvalidSettingError, match="names its problems"):
        sampler(episodes, policy, judge)


SETTINGS = PipelineSettings(
    sampling=SamplingSettings(programs=10, test_texts=4),
    rules=PairRules(min_distance=0.0),
    costs=CostSettings(repetitions=5, target_seconds=0.001),
)


def test_all_steps_leave_their_files_and_the_second_run_asks_nobody(
    episodes: Episodes, policy: LMPolicy, judge: Judge, tmp_path: Path
) -> None:
    heard: list[tuple[str, int, int]] = []
    run = PairPipeline(tmp_path, judge, SETTINGS, lambda *news: heard.append(news))
    made = run.from_samples(run.samples(episodes, policy, seed=3))
    assert {kind for kind, _, _ in heard} == {"sampling", "matrix", "costs"}
    assert heard[-1] == ("costs", 3, 3)
    correctness = [pair for pair in made.pairs if pair.kind is PairKind.CORRECTNESS]
    assert len(correctness) == 3
    for pair in correctness:
        assert pair.chosen in PROGRAMS[:2]
        assert pair.rejected in PROGRAMS[2:]
    assert read_pairs(tmp_path / "pairs.jsonl") == list(made.pairs)
    assert (tmp_path / "pairs.png").read_bytes()[:4] == b"\x89PNG"
    card = (tmp_path / "README.md").read_text()
    assert f"{len(made.pairs)} pairs from 3 tasks: 30 programs" in card
    assert "| syntax |" in card

    files = {path: path.read_bytes() for path in tmp_path.rglob("*.jsonl")}
    script = policy.engine
    assert isinstance(script, Script)
    script.asked = 0
    with Store(tmp_path / "cache.sqlite") as store:
        cells = MatrixJudge(judge, store, SETTINGS.limits)
        assert len(list(cells.fill(read_task_samples(tmp_path / "samples.jsonl").tasks))) == 3
        assert cells.judged == 0
    second = PairPipeline(tmp_path, judge, SETTINGS)
    again = second.from_samples(second.samples(episodes, policy, seed=3))
    assert again.pairs == made.pairs
    assert script.asked == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.jsonl")} == files


def test_caches_of_an_earlier_version_are_named(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "costs.jsonl").touch()
    with pytest.warns(UserWarning, match=r"holds costs\.jsonl of an earlier version"):
        PairPipeline(tmp_path, judge, SETTINGS).matrices([])
    PairPipeline(tmp_path, judge, SETTINGS).matrices([])


def test_tasks_that_teach_nothing_are_counted(judge: Judge, tmp_path: Path) -> None:
    rows = [
        {"task_id": "no/test", "prompt": "p", "completions": list(PROGRAMS), "test_texts": ["assert f(x) == 1"]},
        {"task_id": "one/program", "prompt": "p", "completions": [PROGRAMS[0]] * 3, "test_texts": [TESTS[0]]},
        {"task_id": "all/equal", "prompt": "p", "completions": list(PROGRAMS[:2]), "test_texts": [TESTS[0]]},
        {"task_id": "endless", "prompt": "p", "completions": list(PROGRAMS), "test_texts": [_ENDLESS]},
        {"task_id": "good", "prompt": "p", "completions": list(PROGRAMS), "test_texts": list(TESTS)},
        {"task_id": "no/completions", "prompt": "p", "test_texts": []},
        {"task_id": 7, "prompt": "p", "completions": [], "test_texts": []},
    ]
    file = tmp_path / "samples.jsonl"
    file.write_text("".join(json.dumps({**row, "entry_point": "f"}) + "\n" for row in rows) + "[]\n{\n")
    read = read_task_samples(file)
    assert [line.split(":")[1] for line in read.skipped] == ["6", "7", "8", "9"]
    assert "completions must be a list of texts, got nothing" in read.skipped[0]
    rules = PairRules(kinds=(PairKind.CORRECTNESS,))
    run = PairPipeline(tmp_path / "run", judge, replace(SETTINGS, rules=rules))
    made = run.from_samples(read.tasks)
    assert [pair.task_id for pair in made.pairs] == ["good"]
    assert made.skipped[PairKind.CORRECTNESS] == {
        PairRejectReason.NO_TEST: 2,
        PairRejectReason.ONE_PROGRAM: 1,
        PairRejectReason.TIED: 1,
    }
    assert "| endless | 1 |" in (tmp_path / "run" / "README.md").read_text()
    assert AssertRejectReason.ENDLESS == "endless"


_ENDLESS = "assert f(1) in iter(int, 1)"
"""Compares for ever."""


def test_programs_of_an_rltf_run(
    episodes: Episodes, policy: LMPolicy, judge: Judge, problems: list[Problem], tmp_path: Path
) -> None:
    from agents.rltf.config import RLTFConfig
    from agents.rltf.rltf import RLTF

    config = RLTFConfig(problems_per_step=3, samples_per_problem=4)
    env = CodeSynthesisEnv(problems, judge=judge)
    agent = RLTF(policy, env, config, seed=0)
    agent.learn(12)
    agent.save(tmp_path / "agent")
    tasks = rollout_samples(tmp_path / "agent", problems)
    assert sum(len(task.completions) for task in tasks) == 12
    assert all(set(task.completions) <= set(PROGRAMS) and not task.test_texts for task in tasks)
    for task in tasks:
        assert task.labels == tuple(text in PROGRAMS[:2] for text in task.completions)

    tested = sampler(episodes, policy, judge).with_tests(tasks, problems)
    assert all(len(task.test_texts) == 3 for task in tested)
    assert [task.completions for task in tested] == [task.completions for task in tasks]
