"""``codegym demo``: a tiny model learns to write better programs within four minutes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from rich.console import Console
from rich.table import Table

from agents.commands.options import Json, MaxNewTokens, Model, Seed
from agents.commands.output_paths import make_output_folder
from agents.commands.settings import check_at_least
from agents.commands.terminal import say_json
from agents.evaluation import Evaluation, evaluate
from agents.rltf.config import RLTFConfig
from codegym import CodeSynthesisEnv, Problem
from codegym.errors import InvalidSettingError
from envs_registry import load_suite

if TYPE_CHECKING:
    from agents.rltf.rltf import RLTF
    from agents.training.callbacks import LearningCurve


@dataclass(frozen=True)
class Demo:
    """Let a tiny model learn with RLTF, and show what it learned on problems that it has never seen."""

    RENAMED: ClassVar[Mapping[str, str]] = {"samples": "programs", "gain_factor": "norm_lr_multiplier"}

    model: Model = "tiny"
    suite: str = "core"
    """Suite to learn on."""
    split: str = "train"
    """Split of the suite to learn on."""
    test_split: str = "test"
    """Split of the suite to test on, before and after."""
    seconds: float = 100.0
    """Seconds of learning."""
    learning_rate: float = 1e-4
    """Learning rate of RLTF."""
    norm_lr_multiplier: float = 100.0
    """Learning rate of norms and biases, as a multiple of the others'; a small model learns faster by it."""
    problems: int = 200
    """Number of held-out problems to test on."""
    programs: int = 8
    """Number of programs for each held-out problem."""
    max_new_tokens: MaxNewTokens = 128
    run_dir: Path = Path("runs/demo")
    """Folder for the picture, the curves and the model."""
    seed: Seed = 0
    json: Json = False

    def run(self) -> int:
        """Runs the demo; returns 0.

        Raises:
            InvalidSettingError: If a number makes no sense, or ``run_dir`` cannot be written into.
            UnknownNameError: If the suite or a split does not exist.
        """
        check_at_least(self, 1, "problems", "programs", "max_new_tokens")
        if not self.seconds > 0:
            raise InvalidSettingError(f"--seconds must be above 0, got {self.seconds}.")
        held_out = spread(load_suite(self.suite, split=self.test_split), self.problems)
        training = load_suite(self.suite, split=self.split)
        make_output_folder("--run-dir", self.run_dir)
        # These load torch, which takes seconds: bad input has been refused by now.
        from agents.policy.policy import LMPolicy
        from agents.rltf.rltf import RLTF
        from agents.training.callbacks import LearningCurve, ProgressBar, StopAfter

        console = Console(quiet=self.json)
        began = perf_counter()
        console.print(f"[bold]1[/] Loading the model {self.model!r}.")
        policy = LMPolicy.load(self.model, max_new_tokens=self.max_new_tokens, seed=self.seed)
        env = CodeSynthesisEnv(training, workers=os.cpu_count())
        config = RLTFConfig(learning_rate=self.learning_rate, norm_lr_multiplier=self.norm_lr_multiplier)
        agent = RLTF(policy, env, config, tensorboard_log=self.run_dir, seed=self.seed)
        console.print(f"[bold]2[/] Before: {self.programs} programs for each of {len(held_out)} held-out problems.")
        before = self._test(agent, held_out)
        console.print(f"[bold]3[/] RLTF on the split {self.split!r} for {self.seconds:.0f} seconds.")
        curve = LearningCurve()
        agent.learn(
            1 << 40, callback=[StopAfter(self.seconds), curve, *([] if self.json else [ProgressBar(self.seconds)])]
        )
        console.print("[bold]4[/] After: the same held-out problems.")
        after = self._test(agent, held_out)
        env.close()
        agent.policy.save(self.run_dir / "model")
        picture = self.run_dir / "learning_curve.png"
        draw(curve, before, after, picture)
        self._report(console, before, after, agent, perf_counter() - began)
        return 0

    def _test(self, agent: RLTF, problems: list[Problem]) -> Evaluation:
        return evaluate(agent, problems, k=(1, self.programs), n=self.programs, seed=self.seed)

    def _report(self, console: Console, before: Evaluation, after: Evaluation, agent: RLTF, seconds: float) -> None:
        if self.json:
            estimates = {"before": before.to_dict()["pass_at"], "after": after.to_dict()["pass_at"]}
            say_json({**estimates, "completions": agent.num_timesteps, "seconds": seconds})
            return
        table = Table("", *(f"pass@{k}  [95 %]" for k in before.k))
        for name, result in (("before", before), ("after", after)):
            table.add_row(name, *(str(interval) for interval in result.pass_at.values()))
        console.print(table)
        console.print(f"{agent.num_timesteps} programs written and judged; {seconds:.0f} seconds in all.")
        console.print(f"picture: {self.run_dir / 'learning_curve.png'}")
        console.print(f"curves:  tensorboard --logdir {self.run_dir}")
        console.print(f"report:  codegym report {self.run_dir}")
        console.print(f"model:   {self.run_dir / 'model'}")


def spread(problems: Any, number: int) -> list[Problem]:
    """Returns at most ``number`` problems, evenly spread over the suite."""
    indices = np.linspace(0, len(problems) - 1, min(number, len(problems))).round().astype(int)
    return [problems[index] for index in indices.tolist()]


def draw(curve: LearningCurve, before: Evaluation, after: Evaluation, file: Path) -> None:
    """Draws the share of programs that passed while learning, between the two tests on held-out problems."""
    # Imported late, because other commands need no matplotlib. Without pyplot there is no window and no global state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.timesteps, smoothed(curve.passed), color="#1f77b4", label="training problems, as it learns")
    last = max(curve.timesteps, default=1)
    for when, x, result, color in (("before", 0, before, "#7f7f7f"), ("after", last, after, "#2ca02c")):
        interval = result.pass_at[1]
        bars = [[interval.estimate - interval.low], [interval.high - interval.estimate]]
        label = f"held-out problems, {when}: {100 * interval.estimate:.1f} %"
        axes.errorbar([x], [interval.estimate], yerr=bars, fmt="o", color=color, capsize=5, label=label)
    axes.set(xlabel="programs written and judged", ylabel="share that passes every test", ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)


def smoothed(values: list[float], window: int = 8) -> list[float]:
    """Returns the mean of each value and those before it, ``window`` values at most."""
    return [float(np.mean(values[max(0, i - window + 1) : i + 1])) for i in range(len(values))]
