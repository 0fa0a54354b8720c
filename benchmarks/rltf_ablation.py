"""The paper's two tables, and today's estimators, at the size of a small model: what each part of RLTF is worth.

    python benchmarks/rltf_ablation.py                  # 10 configurations, five seeds: about an hour on two cores
    python benchmarks/rltf_ablation.py --detach         # the same in the background; the log lies beside the results
    python benchmarks/rltf_ablation.py --steps 2 --seeds 0 1 --problems 4 --samples 2    # a look

What is compared stands in ``configs/rltf_ablation.json``. All runs take the same number of optimizer steps (not
seconds: so the numbers come out the same again). See ``study.py`` for how they are run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from study import HERE, Column, Row, Study


@dataclass(frozen=True)
class RLTFAblation(Study):
    """Switch the parts of RLTF on and off."""

    title: ClassVar[str] = "What the parts of RLTF are worth"
    work: ClassVar[str] = "{steps} optimizer steps"

    configurations: Path = HERE / "configs" / "rltf_ablation.json"
    """What is compared."""
    out: Path = HERE / "results" / "rltf_ablation"
    """Where results go."""
    steps: int = 100
    """Optimizer steps of a run."""

    def learn(self, configuration: Row, seed: int, policy: Any, train: Any, judge: Any) -> dict[str, Any]:
        """Trains the policy; returns how that went."""
        from stable_baselines3.common.callbacks import ConvertCallback

        from agents import RLTF, RLTFConfig
        from agents.training.callbacks import LearningCurve
        from codegym.env import CodeSynthesisEnv

        config = RLTFConfig.of({**self.compared()["bases"][configuration["base"]], **configuration["settings"]})
        agent, curve = RLTF(policy, CodeSynthesisEnv(train, judge=judge), config, seed=seed), LearningCurve()
        agent.learn(1 << 40, callback=[curve, ConvertCallback(lambda *_: agent.n_updates < self.steps)])
        return {"config": asdict(config), "steps": agent.n_updates, "curve": [curve.timesteps, curve.passed]}

    def columns(self) -> dict[str, Column]:
        """Shares of what is no program, and of programs that raise."""
        return {"syntax errors": lambda row: f"{100 * _syntax(row):.1f}", "other errors": _other_errors}


def _syntax(row: Row) -> float:
    return sum(share for kind, share in row["kinds"].items() if kind in ("syntax_error", "indentation_error"))


def _other_errors(row: Row) -> str:
    errors = sum(share for kind, share in row["kinds"].items() if kind.endswith("_error"))
    return f"{100 * (errors - _syntax(row)):.1f}"


if __name__ == "__main__":
    import tyro

    tyro.cli(RLTFAblation).run()
