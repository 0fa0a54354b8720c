"""CodeDPO's tables at the size of a small model: rankings, losses, and one method after the other.

    python benchmarks/codedpo_study.py                  # 12 configurations, five seeds: about an hour on two cores
    python benchmarks/codedpo_study.py --detach         # the same in the background; the log lies beside the results
    python benchmarks/codedpo_study.py --tasks 16 --steps 2 --seeds 0 1 --problems 4 --samples 2    # a look

What is compared stands in ``configs/codedpo_study.json``. For each seed the first model writes programs and tests once,
and every program meets every test once; the configurations learn from what their ranking makes of that. In the end
the programs that pass are measured, those of all configurations beside each other. See ``study.py`` for how it is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from study import HERE, START, Column, Row, Study, interval, percent

COSTS = "costs"
"""The name of the runs that measure programs."""
_CHEAPER = 0.9
_PROGRAMS = 2
"""Different programs of a configuration that are measured for a problem."""


@dataclass(frozen=True)
class CodeDPOStudy(Study):
    """Hold rankings, losses and orders against each other."""

    title: ClassVar[str] = "What the parts of CodeDPO are worth"
    work: ClassVar[str] = (
        "{learned} pairs learned from, made of {tasks} problems ({steps} steps of RLTF where it takes part),"
    )

    configurations: Path = HERE / "configs" / "codedpo_study.json"
    """What is compared."""
    out: Path = HERE / "results" / "codedpo_study"
    """Where results go."""
    tasks: int = 600
    """Problems that programs and tests are written for."""
    learned: int = 1920
    """Pairs that a run learns from, again and again where a ranking gives fewer: all take the same number of steps."""
    steps: int = 60
    """Optimizer steps of RLTF."""

    def waves(self) -> list[list[tuple[str, int]]]:
        """First what all share, last what compares them all."""
        return [*super().waves(), [(COSTS, seed) for seed in self.seeds]]

    def run_one(self, name: str, seed: int) -> None:
        """Learns and tests, or measures what came of the others."""
        if name == COSTS:
            self.write_result(name, seed, {"costs": self.measured(seed)})
        else:
            super().run_one(name, seed)

    # ---- learning

    def prepare(self, seed: int, policy: Any, train: Any, judge: Any) -> dict[str, Any]:
        """Writes programs and tests, and runs them against each other."""
        import gymnasium as gym

        import codegym  # noqa: F401  registers the environment
        from agents.codedpo.data.pipeline import draw_problems
        from agents.rollout.episodes import make_episodes

        pipeline = self._pipeline(seed, judge)
        chosen = draw_problems(train, self.tasks, seed)
        episodes = make_episodes(gym.make("CodeSynthesis-v0", suite=train, judge=judge))
        samples = pipeline.samples(episodes, policy, chosen, seed=seed, source=self.model)
        matrices = pipeline.matrices(samples)
        made = pipeline.from_matrices(matrices)
        cells = sum(len(matrix.rows) * len(matrix.tests) for matrix in matrices)
        return {
            "cells": cells,
            "pairs": len(made.pairs),
            "right": float(np.mean([np.mean(m.samples.labels) for m in matrices])),
        }

    def _pipeline(self, seed: int, judge: Any, ranking: str = "self_validation", kinds: Sequence[str] = ()) -> Any:
        from agents.codedpo.data.pairing import PairRules
        from agents.codedpo.data.pairs import PairKind
        from agents.codedpo.data.pipeline import PairPipeline, PipelineSettings
        from agents.codedpo.data.sampling_settings import SamplingSettings
        from agents.scoring.ranking import Ranking

        rules = PairRules(
            ranking=Ranking(ranking),
            kinds=tuple(map(PairKind, kinds or PairKind)),
            seed=seed,
            **self.compared()["rules"],
        )
        settings = PipelineSettings(sampling=SamplingSettings(**self.compared()["sampling"]), rules=rules)
        return PairPipeline(self.out / f"pairs_{seed}", judge, settings)

    def learn(self, configuration: Row, seed: int, policy: Any, train: Any, judge: Any) -> dict[str, Any]:
        """Trains the policy by one method, or by one after the other; returns how that went."""
        facts: dict[str, Any] = {}
        for method in configuration.get("chain", ["codedpo"]):
            if method == "rltf":
                facts |= self._rltf(seed, policy, train, judge)
            else:
                facts |= self._codedpo(configuration, seed, policy, judge)
        return facts

    def _rltf(self, seed: int, policy: Any, train: Any, judge: Any) -> dict[str, Any]:
        from stable_baselines3.common.callbacks import ConvertCallback

        from agents import RLTF, RLTFConfig
        from codegym.env import CodeSynthesisEnv

        agent = RLTF(policy, CodeSynthesisEnv(train, judge=judge), RLTFConfig.of(self.compared()["rltf"]), seed=seed)
        agent.learn(1 << 40, callback=ConvertCallback(lambda *_: agent.n_updates < self.steps))
        return {"rltf_programs": agent.num_timesteps}

    def _codedpo(self, configuration: Row, seed: int, policy: Any, judge: Any) -> dict[str, Any]:
        from agents import CodeDPO
        from agents.codedpo.config import CodeDPOConfig
        from agents.codedpo.data.pairing import make_pairs
        from agents.codedpo.data.pairs import PairKind
        from agents.scoring.task_samples import read_task_samples

        name = configuration["name"]
        ranking = name if name in ("random", "filter", "count") else "self_validation"
        kinds = configuration.get("rules", {}).get("kinds", ["correctness"])
        pipeline = self._pipeline(seed, judge, ranking, kinds)
        matrices = pipeline.matrices(read_task_samples(pipeline.folder / "samples.jsonl").tasks)
        costs = pipeline.costs(matrices) if "efficiency" in kinds else ()
        made = make_pairs(matrices, pipeline.settings.rules, costs)
        labels = {m.samples.task_id: dict(zip(m.samples.completions, m.samples.labels, strict=True)) for m in matrices}
        judged = [pair for pair in made.pairs if pair.kind is PairKind.CORRECTNESS]
        truth = [[labels[pair.task_id][text] for text in (pair.chosen, pair.rejected)] for pair in judged]
        if not made.pairs:  # a ranking that separates nothing teaches nothing
            return {"pairs": 0, "updates": 0}
        config = CodeDPOConfig.of({**self.compared()["base"], **configuration.get("settings", {})})
        agent = CodeDPO(policy, config=config, pairs=made.pairs, seed=seed)
        agent.learn(self.learned)
        return {
            "pairs": len(made.pairs),
            "pairs_right": float(np.mean([chosen and not rejected for chosen, rejected in truth])),
            "pairs_wrong": float(np.mean([rejected and not chosen for chosen, rejected in truth])),
            "updates": agent.n_updates,
        }

    # ---- what the programs cost

    def measured(self, seed: int) -> dict[str, dict[str, float]]:
        """What the passing programs of each configuration cost, by problem: the median of some, in seconds."""
        from agents.scoring.costs import CostMeter, Costs, CostSettings, inputs_of
        from codegym import Judge
        from codegym.program import Program
        from envs_registry import load_suite

        by_id = {problem.task_id: problem for problem in load_suite(self.suite, split="test")}
        runs = [run for name in (START, *self.names()) for run in self.results(name) if run["seed"] == seed]
        found: dict[str, dict[str, float]] = {}
        with Judge(workers=1) as judge:
            for task_id, problem in by_id.items():
                own = {run["name"]: _some(run["passing"].get(task_id, [])) for run in runs}
                texts = list(dict.fromkeys(text for some in own.values() for text in some))
                if len(texts) < 2:
                    continue
                programs = [Program.from_completion(text, problem) for text in texts]
                costs = CostMeter(problem, programs, judge, CostSettings(repetitions=5)).measure(inputs_of(problem))
                if isinstance(costs, Costs):
                    seconds = dict(zip(texts, costs.typical.tolist(), strict=True))
                    found[task_id] = {
                        name: float(np.median([seconds[text] for text in some])) for name, some in own.items() if some
                    }
        return found

    def summed_up(self, name: str) -> dict[str, Any]:
        """Adds the cost of what passes, compared with the start's of the same seed, and how good the pairs were."""
        row = super().summed_up(name)
        speed_ups, shares = [], []
        for run in self.results(COSTS):
            both = [(task[START], task[name]) for task in run["costs"].values() if START in task and name in task]
            if both:
                before, after = np.array(both).T
                speed_ups.append(float(np.exp(np.mean(np.log(before / after)))))
                shares.append(float(np.mean(after <= _CHEAPER * before)))
        if name != START and speed_ups:
            row |= {"speed_up": interval(speed_ups), "share_cheaper": interval(shares)}
        for fact in ("pairs", "pairs_right", "pairs_wrong"):
            values = [run[fact] for run in self.results(name) if fact in run and name != START]
            row |= {fact: interval(values)} if values else {}
        return row

    def columns(self) -> dict[str, Column]:
        """The pairs, and what the programs cost."""
        return {
            "pairs": lambda row: f"{row['pairs']['mean']:.0f}" if "pairs" in row else "",
            "right / reversed": _truth,
            "speed-up": _speed_up,
            "10 % cheaper": lambda row: percent(row["share_cheaper"], floor=0.0) if "share_cheaper" in row else "",
        }


def _some(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))[:_PROGRAMS]


def _truth(row: Row) -> str:
    shares: list[Mapping[str, Any]] = [row[name] for name in ("pairs_right", "pairs_wrong") if name in row]
    return " / ".join(f"{100 * share['mean']:.0f}" for share in shares)


def _speed_up(row: Row) -> str:
    if "speed_up" not in row:
        return ""
    value = row["speed_up"]
    return f"{value['mean']:.2f} [{value['low']:.2f}, {value['high']:.2f}]"


if __name__ == "__main__":
    import tyro

    tyro.cli(CodeDPOStudy).run()
