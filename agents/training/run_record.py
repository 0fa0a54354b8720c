"""What a run leaves beside its curves: which agent learned what, how far it came, and programs to look at."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from agents.policy.policy import LMPolicy
from agents.rollout.episodes import Episodes
from agents.rollout.experience import Experience
from agents.training.run_folder import FINISHED, RUN, RUNNING, SAMPLES, STOPPED
from agents.training.settings import LearnerConfig
from codegym.atomic_file import atomic_file

MOST_DIAGNOSTICS, MOST_FAILED, LONGEST_TEXT = 4, 3, 300
_NO_PROBLEMS = {"suite": "", "split": "", "problems": 0, "max_turns": 1, "reward": ""}
_LIBRARIES = ("codegym", "gymnasium", "numpy", "stable-baselines3", "torch", "transformers")


class Recorded(Protocol):
    """What is recorded of an agent; the module of agents cannot be imported here, since it imports this one."""

    policy: LMPolicy
    env: object
    episodes: Episodes | None
    seed: int
    config: LearnerConfig
    timestep_unit: str
    num_timesteps: int
    _total_timesteps: int

    def credit_of(self, experiences: Sequence[Experience]) -> list[NDArray[np.float32]]:
        """The credit of each token of some completions; float [T] each."""
        ...


class RunRecord(BaseCallback):
    """Writes ``run.json`` and ``samples.jsonl`` into the folder of the run's log.

    ``run.json`` says what runs, with which settings and versions, and whether it ended: a run that a signal or a
    callback ended says ``stopped``, a run that was killed still says ``running``. ``samples.jsonl`` has a line for each
    of some programs of every collection, with its diagnostics, tests, rewards, and the credit of every token.

    Args:
        per_collection: Programs kept of each collection, spread over its problems.
    """

    def __init__(self, per_collection: int = 32) -> None:
        super().__init__()
        self.per_collection = per_collection
        self._known: set[str] = set()

    def _on_training_start(self) -> None:
        self._folder = Path(str(self.logger.dir))
        # SB3 types its callbacks' model as its own agents, which ours only look like.
        self._agent = cast(Recorded, self.model)
        self._before = self._read_run() if self._agent.num_timesteps else {}
        self._write_run(RUNNING)

    def _on_step(self) -> bool:
        collected: Sequence[Experience] = self.locals.get("collected", ())
        if collected:
            count = min(self.per_collection, len(collected))
            # Evenly spread: completions of one problem stand side by side.
            chosen = np.linspace(0, len(collected) - 1, count).round().astype(int)
            self._write_samples([collected[index] for index in chosen.tolist()])
        return True

    def _on_training_end(self) -> None:
        self._write_run(FINISHED if self._agent.num_timesteps >= self._agent._total_timesteps else STOPPED)

    def _write_run(self, status: str) -> None:
        document = json.dumps({"status": status, **self._description()}, indent=1, default=str)
        with atomic_file(self._folder / RUN) as file:
            file.write(document)

    def _read_run(self) -> dict[str, Any]:
        """What an earlier part of the run wrote here."""
        try:
            found = json.loads((self._folder / RUN).read_text("utf-8"))
        # A damaged record of an earlier part must not stop a training that could go on.
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _problems(self) -> dict[str, Any]:
        """Which problems it learns from; a run that is resumed without an environment had them before."""
        agent = self._agent
        if agent.episodes is None:
            return {name: self._before.get(name, nothing) for name, nothing in _NO_PROBLEMS.items()}
        problems, core = agent.episodes.problems, getattr(agent.env, "unwrapped", None)
        return {
            "suite": getattr(problems, "name", "") or "problems",
            "split": getattr(problems, "split", ""),
            "problems": len(problems),
            "max_turns": getattr(core, "max_turns", 1),
            "reward": ", ".join(getattr(getattr(core, "reward", None), "components", ())),
        }

    def _description(self) -> dict[str, Any]:
        agent = self._agent
        return {
            "agent": type(agent).__name__,
            "seed": agent.seed,
            **self._problems(),
            "model": {
                "name": str(getattr(agent.policy.model.config, "_name_or_path", "")),
                "kind": type(agent.policy.model).__name__,
                "parameters": sum(parameter.numel() for parameter in agent.policy.model.parameters()),
                "dtype": str(agent.policy.model.dtype).removeprefix("torch."),
                "device": str(agent.policy.device),
                "max_new_tokens": agent.policy.max_new_tokens,
            },
            "config": asdict(agent.config),
            "timestep_unit": agent.timestep_unit,
            "num_timesteps": agent.num_timesteps,
            "total_timesteps": agent._total_timesteps,
            "versions": {"python": platform.python_version(), **_versions()},
            "machine": {"system": platform.platform(), "processors": os.cpu_count()},
            "command": [os.path.basename(sys.argv[0]), *sys.argv[1:]],
        }

    def _write_samples(self, chosen: Sequence[Experience]) -> None:
        agent = self._agent
        with (self._folder / SAMPLES).open("a", encoding="utf-8") as file:
            for experience, credit in zip(chosen, agent.credit_of(chosen), strict=True):
                row = sample_row(experience, credit, agent.num_timesteps)
                if experience.task_id not in self._known:  # a prompt is longer than most programs: written once
                    self._known.add(experience.task_id)
                    row["prompt"] = experience.completion.prompt
                file.write(json.dumps(row) + "\n")


def sample_row(experience: Experience, credit: NDArray[np.float32], step: int) -> dict[str, Any]:
    """Returns a program as plain data for people to look at.

    Args:
        experience: The program, with its verdict.
        credit: Credit of each token, float [T].
        step: Completions learned from when its collection was complete.
    """
    failed = [test for test in experience.tests if test["status"] != "pass"]
    return {
        "step": step,
        "version": experience.version,
        "task_id": experience.task_id,
        "turn": experience.turn,
        "completion": experience.completion.text,
        "finished": experience.completion.finished,
        "offsets": experience.completion.offsets.tolist(),
        "credit": [round(float(value), 4) for value in credit],
        "advantage": round(experience.advantage, 4),
        "rewards": {name: round(float(value), 4) for name, value in experience.rewards.items()},
        "verdict": str(experience.verdict),
        "kind": str(experience.kind),
        "scope": str(experience.scope),
        "infra_error": experience.infra_error,
        "tests": [str(test["status"]) for test in experience.tests],
        "failed_tests": [_cut(test) for test in failed[:MOST_FAILED]],
        "diagnostics": [_cut(found) for found in experience.diagnostics[:MOST_DIAGNOSTICS]],
    }


def _cut(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value[:LONGEST_TEXT] if isinstance(value, str) else value for name, value in record.items()}


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
