"""RLTF, continued supervised training and rejection-sampling fine-tuning (once, and online), at equal wall time.

    python benchmarks/rltf_arms.py                          # four arms, three seeds, 100 seconds each
    python benchmarks/rltf_arms.py --seconds 60 --seeds 0   # smaller

Every arm starts from the same warm-started model, learns on the train split for the same wall time, and is tested on
held-out problems. Two arms run side by side, one thread each. A run that was interrupted goes on where it stopped:
what has a result file is not run again. Results: a JSON file for each arm and seed, ``summary.json``, and a picture.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

ARMS = ("rltf", "supervised", "rejection", "online_rejection")
TITLES = {
    "rltf": "RLTF",
    "supervised": "continued supervised training",
    "rejection": "rejection-sampling fine-tuning",
    "online_rejection": "the same, online",
}


@dataclass(frozen=True)
class RLTFArms:
    """Compare four ways of spending the same time on the same model."""

    model: str = "tiny"
    """What all arms start from."""
    suite: str = "core"
    """What they learn on (train) and are tested on (test)."""
    seconds: float = 100.0
    """Wall time of learning, for each arm."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One run each."""
    arms: tuple[str, ...] = ARMS
    """Which of them."""
    problems: int = 200
    """Held-out problems."""
    samples: int = 8
    """Programs a held-out problem."""
    max_new_tokens: int = 128
    """Length limit of a program."""
    learning_rate: float = 1e-4
    """Online learning rate of matrices."""
    norm_lr_multiplier: float = 100.0
    """Online learning rate of norms and biases, as a multiple of that of matrices."""
    supervised_learning_rate: float = 5e-4
    """Where references or kept programs are learned."""
    supervised_batch: int = 16
    """Of them in a step."""
    first_reference: bool = False
    """Continued supervised training sees just the first reference of each problem: of core, the plainest manner."""
    at_once: int = 2
    """Runs side by side, one thread each."""
    out: Path = Path("benchmarks/results/rltf_arms")
    """Where results go."""
    one: str | None = None
    """Run just this arm with the first seed, in this process."""

    def run(self) -> None:
        """Runs what has no result yet, and sums up."""
        if self.one is not None:
            run_one(self, self.one, self.seeds[0])
            return
        self.out.mkdir(parents=True, exist_ok=True)
        wanted = [("before", 0), *((arm, seed) for seed in self.seeds for arm in self.arms)]
        run_all(self, [(arm, seed) for arm, seed in wanted if not self.result_file(arm, seed).exists()])
        summary = summarize(self)
        (self.out / "summary.json").write_text(json.dumps(summary, indent=2), "utf-8")
        draw(summary, self.out / "rltf_arms.png")
        for arm, row in summary["arms"].items():
            numbers = "   ".join(f"pass@{k} {text(interval)}" for k, interval in row["pass_at"].items())
            print(f"{TITLES.get(arm, arm):32} {numbers}")

    def result_file(self, arm: str, seed: int) -> Path:
        """Where a run's result lies."""
        return self.out / f"{arm}_{seed}.json"


def run_all(settings: RLTFArms, runs: Sequence[tuple[str, int]]) -> None:
    """Runs each in a process of its own, some side by side.

    Raises:
        RuntimeError: If one fails; the others' results are kept.
    """
    waiting, running = list(runs), dict[subprocess.Popen[bytes], tuple[str, int]]()
    failed = []
    while waiting or running:
        while waiting and len(running) < settings.at_once:
            arm, seed = waiting.pop(0)
            print(f"{arm}, seed {seed} ...", flush=True)
            running[start(settings, arm, seed)] = arm, seed
        for process in list(running):
            try:
                process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
            arm, seed = running.pop(process)
            if process.returncode:
                failed.append(f"{arm}, seed {seed}")
    if failed:
        raise RuntimeError(f"these runs failed: {'; '.join(failed)}. Run again to repeat just them.")


def start(settings: RLTFArms, arm: str, seed: int) -> subprocess.Popen[bytes]:
    """Starts one run with one thread."""
    options = {**asdict(settings), "one": arm, "seeds": (seed,)}
    arguments = []
    for name, value in options.items():
        if isinstance(value, bool):
            arguments.append(f"--{'' if value else 'no-'}{name.replace('_', '-')}")
            continue
        values = value if isinstance(value, tuple) else (value,)
        arguments += [f"--{name.replace('_', '-')}", *map(str, values)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, __file__, *arguments], env=environment)


def run_one(settings: RLTFArms, arm: str, seed: int) -> None:
    """Learns in one way, tests, and writes the result."""
    import torch

    from agents import LMPolicy, evaluate
    from codegym import Judge
    from codegym.env import CodeSynthesisEnv
    from envs_registry import load_suite

    torch.set_num_threads(1)
    train, test = (load_suite(settings.suite, split=split) for split in ("train", "test"))
    places = np.linspace(0, len(test) - 1, min(settings.problems, len(test))).round().astype(int)
    policy = LMPolicy.load(settings.model, device="cpu", max_new_tokens=settings.max_new_tokens, seed=seed)
    with Judge(workers=1, packages=train.packages) as judge:
        env = CodeSynthesisEnv(train, judge=judge)
        began = monotonic()
        learned = LEARN[arm](settings, policy, env, seed)
        seconds = monotonic() - began
        held_out = [test[place] for place in places.tolist()]
        k, number = (1, settings.samples), settings.samples
        result = evaluate(policy, held_out, k=k, n=number, judge=judge, seed=1000 + seed)
    record = {
        "arm": arm,
        "seed": seed,
        "seconds": seconds,
        "settings": {**asdict(settings), "out": str(settings.out)},
        "torch": torch.__version__,
        **learned,
        **result.to_dict(),
    }
    target = settings.result_file(arm, seed)
    beside = target.with_suffix(".part")
    beside.write_text(json.dumps(record), "utf-8")
    beside.replace(target)


def learn_nothing(settings: RLTFArms, policy: Any, env: Any, seed: int) -> dict[str, Any]:
    """The model as it is."""
    return {}


def learn_rltf(settings: RLTFArms, policy: Any, env: Any, seed: int) -> dict[str, Any]:
    """RLTF with its default settings but for the learning rates."""
    from agents import RLTF
    from agents.rltf.config import RLTFConfig
    from agents.training.callbacks import LearningCurve, StopAfter

    config = RLTFConfig(learning_rate=settings.learning_rate, norm_lr_multiplier=settings.norm_lr_multiplier)
    agent, curve = RLTF(policy, env, config, seed=seed), LearningCurve()
    agent.learn(1 << 40, callback=[StopAfter(settings.seconds), curve])
    return {"completions": agent.num_timesteps, "steps": agent.n_updates, "curve": [curve.timesteps, curve.passed]}


def learn_supervised(settings: RLTFArms, policy: Any, env: Any, seed: int) -> dict[str, Any]:
    """Cross-entropy on reference solutions of the train split, any of a problem's."""
    from agents.training.optimizer import make_optimizer

    rng = np.random.default_rng(seed)
    optimizer = make_optimizer(policy.model, settings.supervised_learning_rate)
    solved = [problem for problem in env.problems if problem.solutions]
    began, steps = monotonic(), 0
    while monotonic() - began < settings.seconds:
        chosen = [solved[place] for place in rng.choice(len(solved), settings.supervised_batch).tolist()]
        seen = slice(1) if settings.first_reference else slice(None)
        pairs = [(prompt(policy, problem), str(rng.choice(problem.solutions[seen]))) for problem in chosen]
        completions = [policy.supervised_completion(told, answer) for told, answer in pairs]
        step(policy, optimizer, completions)
        steps += 1
    return {"steps": steps}


def learn_rejection(settings: RLTFArms, policy: Any, env: Any, seed: int) -> dict[str, Any]:
    """Half the time the first model writes; the other half it learns the distinct programs that passed, in epochs."""
    from agents.training.optimizer import make_optimizer

    began, rng = monotonic(), np.random.default_rng(seed)
    kept, written = {}, 0
    for experiences in collections(policy, env, seed):
        written += len(experiences)
        passed = (experience.completion for experience in experiences if experience.is_success)
        kept.update({(completion.prompt, completion.text): completion for completion in passed})
        if monotonic() - began > settings.seconds / 2:
            break
    completions = list(kept.values())
    optimizer = make_optimizer(policy.model, settings.supervised_learning_rate)
    steps = 0
    while monotonic() - began < settings.seconds:
        chosen = rng.choice(len(completions), settings.supervised_batch).tolist()
        step(policy, optimizer, [completions[place] for place in chosen])
        steps += 1
    return {"completions": written, "kept": len(completions), "steps": steps}


def learn_online_rejection(settings: RLTFArms, policy: Any, env: Any, seed: int) -> dict[str, Any]:
    """RLTF's sampling and rates, but only cross-entropy on what just passed: REINFORCE without baseline or feedback."""
    from agents.training.optimizer import make_optimizer

    optimizer = make_optimizer(policy.model, settings.learning_rate, settings.norm_lr_multiplier)
    began, steps, written = monotonic(), 0, 0
    for experiences in collections(policy, env, seed):
        written += len(experiences)
        passed = [experience.completion for experience in experiences if experience.is_success]
        if passed:
            step(policy, optimizer, passed)
            steps += 1
        if monotonic() - began > settings.seconds:
            break
    return {"completions": written, "steps": steps}


def collections(policy: Any, env: Any, seed: int) -> Iterator[Any]:
    """Judged completions of random problems, as many at a time as RLTF asks for by default; for ever."""
    import torch

    from agents.engines.sampling import Sampling
    from agents.rltf.config import RLTFConfig
    from agents.rollout.episodes import make_episodes
    from agents.rollout.rollout import Rollout

    config, rng = RLTFConfig(), np.random.default_rng(seed)
    rollout = Rollout(make_episodes(env), policy, torch.Generator().manual_seed(seed))
    sampling = Sampling(max_new_tokens=policy.max_new_tokens)
    while True:
        chosen = rng.choice(len(env.problems), config.problems_per_step, replace=False).tolist()
        tasks = [env.problems[place].task_id for place in chosen for _ in range(config.samples_per_problem)]
        yield rollout.collect(tasks, sampling, version=0)


LEARN: dict[str, Callable[[RLTFArms, Any, Any, int], dict[str, Any]]] = {
    "before": learn_nothing,
    "rltf": learn_rltf,
    "supervised": learn_supervised,
    "rejection": learn_rejection,
    "online_rejection": learn_online_rejection,
}


def prompt(policy: Any, problem: Any) -> str:
    """The prompt of a problem."""
    return str(policy.prompt_text({"prompt": problem.prompt, "feedback": "", "turn": 0}))


def step(policy: Any, optimizer: Any, completions: Sequence[Any]) -> None:
    """One step of cross-entropy, the mean over tokens."""
    import torch

    from agents.rltf.losses import supervised_loss

    batch = policy.batch(completions)
    optimizer.zero_grad()
    loss = supervised_loss(policy.token_logprobs(batch), batch.completion_mask).sum() / batch.completion_mask.sum()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.model.parameters(), 1.0)
    optimizer.step()


def summarize(settings: RLTFArms) -> dict[str, Any]:
    """Joins the seeds of each arm: means over seeds for every problem, intervals over problems."""
    from agents import bootstrap_mean, pass_at_k

    arms: dict[str, Any] = {}
    for arm in ("before", *settings.arms):
        files = sorted(settings.out.glob(f"{arm}_*.json"))
        runs = [json.loads(file.read_text("utf-8")) for file in files]
        pass_at = {}
        for k in (1, settings.samples):
            table = [
                pass_at_k([p["judged"] for p in run["problems"]], [p["passed"] for p in run["problems"]], k)
                for run in runs
            ]
            pass_at[k] = vars(bootstrap_mean(np.mean(table, axis=0)))
        by_seed = [{"seed": run["seed"], **run["pass_at"]["1"]} for run in runs]
        arms[arm] = {"pass_at": pass_at, "by_seed": by_seed, "steps": [run.get("steps") for run in runs]}
    return {"arms": arms, "settings": {**asdict(settings), "out": str(settings.out)}}


def draw(summary: dict[str, Any], file: Path) -> None:
    """Bars with intervals, pass@1 and pass@k side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    arms = list(summary["arms"])
    ks = list(summary["arms"][arms[0]]["pass_at"])
    for offset, k in enumerate(ks):
        rows = [summary["arms"][arm]["pass_at"][k] for arm in arms]
        heights = [row["estimate"] for row in rows]
        errors = [[row["estimate"] - row["low"] for row in rows], [row["high"] - row["estimate"] for row in rows]]
        axes.bar(np.arange(len(arms)) + 0.4 * offset - 0.2, heights, 0.38, yerr=errors, capsize=4, label=f"pass@{k}")
    axes.set_xticks(range(len(arms)), [TITLES.get(arm, arm) for arm in arms])
    axes.set(ylim=(0, 1), ylabel="held-out problems, 95 % intervals")
    axes.set_title(f"{summary['settings']['seconds']:.0f} s of learning, {len(summary['settings']['seeds'])} seeds")
    axes.legend()
    axes.grid(axis="y", alpha=0.3)
    figure.savefig(file, dpi=120)


def text(interval: dict[str, float]) -> str:
    """An interval for people."""
    return f"{100 * interval['estimate']:5.1f} % [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]"


if __name__ == "__main__":
    import tyro

    tyro.cli(RLTFArms).run()
