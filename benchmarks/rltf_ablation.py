"""The paper's two tables, and today's estimators, at the size of a small model: what each part of RLTF is worth.

    python benchmarks/rltf_ablation.py                  # 12 configurations, five seeds: about an hour on two cores
    python benchmarks/rltf_ablation.py --detach         # the same in the background; the log lies beside the results
    python benchmarks/rltf_ablation.py --steps 2 --seeds 0 1 --problems 4 --samples 2    # a look

What is compared stands in ``configs/rltf_ablation.json``. Every run starts from the same warm-started model and takes
the same number of optimizer steps (not seconds: so the numbers come out the same again), in a process of its own with
one thread, two at a time. What has a result file is not run again: an interrupted study goes on where it stopped.
Results: one JSON file for each run, ``summary.json``, and ``rltf_ablation.md``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
TITLES = {
    "feedback": "Which feedback (the paper's first table)",
    "framework": "Offline and online (the paper's second table)",
    "successors": "Since then",
}
START = "start"
"""The name of the model that all runs start from."""


@dataclass(frozen=True)
class RLTFAblation:
    """Switch the parts of RLTF on and off."""

    model: str = "tiny"
    """What all runs start from."""
    suite: str = "core"
    """What they learn on (train) and are tested on (test)."""
    steps: int = 100
    """Optimizer steps of a run."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One run of each configuration for each."""
    only: tuple[str, ...] = ()
    """Names of configurations; all without it."""
    problems: int = 200
    """Held-out problems."""
    samples: int = 8
    """Programs a held-out problem."""
    max_new_tokens: int = 128
    """Length limit of a program."""
    at_once: int = 2
    """Runs side by side, one thread each."""
    configurations: Path = HERE / "configs" / "rltf_ablation.json"
    """What is compared."""
    out: Path = HERE / "results" / "rltf_ablation"
    """Where results go."""
    detach: bool = False
    """Go on in the background, also when this terminal is closed."""
    one: str | None = None
    """Run just this configuration with the first seed, in this process."""

    def run(self) -> None:
        """Runs what has no result yet, and sums up."""
        self.out.mkdir(parents=True, exist_ok=True)
        if self.one is not None:
            run_one(self, self.one, self.seeds[0])
        elif self.detach:
            with (self.out / "log.txt").open("ab") as log:
                process = start(self, detach=False, output=log)
            print(f"process {process.pid} works; its log: {self.out / 'log.txt'}")
        else:
            waiting = [(START, self.seeds[0])] + [(name, seed) for seed in self.seeds for name in self.names()]
            run_all(self, [(name, seed) for name, seed in waiting if not self.result_file(name, seed).exists()])
            write_summary(self)

    def study(self) -> dict[str, Any]:
        """What is compared."""
        read: dict[str, Any] = json.loads(self.configurations.read_text("utf-8"))
        return read

    def names(self) -> list[str]:
        """The configurations that are asked for."""
        known = [configuration["name"] for configuration in self.study()["configurations"]]
        unknown = set(self.only) - set(known)
        if unknown:
            raise SystemExit(f"no such configuration: {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
        return [name for name in known if not self.only or name in self.only]

    def result_file(self, name: str, seed: int) -> Path:
        """Where a run's result lies."""
        return self.out / f"{name}_{seed}.json"


def start(settings: RLTFAblation, output: Any = None, **changes: Any) -> subprocess.Popen[bytes]:
    """Starts this script with other settings, in a session of its own."""
    arguments = []
    for name, value in {**asdict(settings), **changes}.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            arguments += [f"--{option}" if value else f"--no-{option}"]
        elif value is not None and value != ():
            arguments += [f"--{option}", *map(str, value if isinstance(value, tuple) else (value,))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, __file__, *arguments], env=environment, stdout=output, stderr=output, start_new_session=True
    )


def run_all(settings: RLTFAblation, runs: Sequence[tuple[str, int]]) -> None:
    """Runs each in a process of its own, some side by side.

    Raises:
        RuntimeError: If one fails; the others' results are kept.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended, too
    waiting, running, failed = list(runs), dict[subprocess.Popen[bytes], str](), []
    try:
        while waiting or running:
            while waiting and len(running) < settings.at_once:
                name, seed = waiting.pop(0)
                print(f"{name}, seed {seed} ...", flush=True)
                running[start(settings, one=name, seeds=(seed,))] = f"{name}, seed {seed}"
            for process in list(running):
                try:
                    process.wait(timeout=0.5)
                except subprocess.TimeoutExpired:
                    continue
                run = running.pop(process)
                failed += [run] if process.returncode else []
    finally:
        for process in running:
            process.terminate()
    if failed:
        raise RuntimeError(f"these runs failed: {'; '.join(failed)}. Run again to repeat just them.")


def run_one(settings: RLTFAblation, name: str, seed: int) -> None:
    """Learns by one configuration, tests, and writes the result."""
    import torch

    from agents import LMPolicy, evaluate
    from codegym import Judge
    from envs_registry import load_suite

    torch.set_num_threads(1)
    train, test = (load_suite(settings.suite, split=split) for split in ("train", "test"))
    places = np.linspace(0, len(test) - 1, min(settings.problems, len(test))).round().astype(int)
    policy = LMPolicy.load(settings.model, device="cpu", max_new_tokens=settings.max_new_tokens, seed=seed)
    with Judge(workers=1, packages=train.packages) as judge:
        learned = {} if name == START else learn(settings, name, seed, policy, train, judge)
        held_out = [test[place] for place in places.tolist()]
        result = evaluate(policy, held_out, k=(1, settings.samples), n=settings.samples, judge=judge, seed=1000 + seed)
    record = {"name": name, "seed": seed, "torch": torch.__version__, **learned, **result.to_dict()}
    target = settings.result_file(name, seed)
    beside = target.with_suffix(".part")
    beside.write_text(json.dumps(record), "utf-8")
    beside.replace(target)


def learn(settings: RLTFAblation, name: str, seed: int, policy: Any, train: Any, judge: Any) -> dict[str, Any]:
    """Trains the policy; returns how that went."""
    from stable_baselines3.common.callbacks import ConvertCallback

    from agents import RLTF, RLTFConfig
    from agents.callbacks import LearningCurve
    from codegym.diagnosis import DiagnosingJudge
    from codegym.env import CodeSynthesisEnv

    study = settings.study()
    (chosen,) = (configuration for configuration in study["configurations"] if configuration["name"] == name)
    config = RLTFConfig.of({**study["bases"][chosen["base"]], **chosen["settings"]})
    closer = {"suspects": chosen.get("suspects", False), "coverage": "unexecuted" in config.masked}
    looking = DiagnosingJudge(judge, static_analysis=False, **closer) if any(closer.values()) else judge
    agent, curve = RLTF(policy, CodeSynthesisEnv(train, judge=looking), config, seed=seed), LearningCurve()
    agent.learn(1 << 40, callback=[curve, ConvertCallback(lambda *_: agent.n_updates < settings.steps)])
    return {"config": asdict(config), "steps": agent.n_updates, "curve": [curve.timesteps, curve.passed]}


def write_summary(settings: RLTFAblation) -> None:
    """Joins the runs: a mean over seeds with its 95 % interval for each configuration, and tables."""
    rows = {name: summed_up(settings, name) for name in (START, *settings.names())}
    shown = {**asdict(settings), "configurations": settings.configurations.name, "out": settings.out.name}
    (settings.out / "summary.json").write_text(
        json.dumps({"settings": shown, "rows": rows}, indent=2, default=str) + "\n", "utf-8"
    )
    text = "\n".join(tables(settings, rows)) + "\n"
    (settings.out / "rltf_ablation.md").write_text(text, "utf-8")
    print(text)


def summed_up(settings: RLTFAblation, name: str) -> dict[str, Any]:
    """pass@1 and pass@k of each seed, their means, and their intervals over seeds (Student's t)."""
    files = [settings.result_file(name, seed) for seed in settings.seeds]
    runs = [json.loads(file.read_text("utf-8")) for file in files if file.exists()]
    row: dict[str, Any] = {"seeds": [run["seed"] for run in runs], "kinds": mean_shares([run["kinds"] for run in runs])}
    for k in (1, settings.samples):
        row[f"pass@{k}"] = interval([run["pass_at"][str(k)]["estimate"] for run in runs])
    return row


def interval(values: Sequence[float]) -> dict[str, Any]:
    """The mean and the 95 % interval of some runs' values."""
    from scipy import stats

    mean, number = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(0.975, number - 1) * np.std(values, ddof=1) / number**0.5) if number > 1 else float("nan")
    return {"mean": mean, "low": mean - half, "high": mean + half, "values": list(values)}


def mean_shares(counts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean share of each kind of outcome over runs."""
    shares = [{kind: value / max(sum(each.values()), 1e-9) for kind, value in each.items()} for each in counts]
    return {kind: float(np.mean([each.get(kind, 0.0) for each in shares])) for kind in sorted(set().union(*shares))}


def tables(settings: RLTFAblation, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The study in Markdown."""
    study, k = settings.study(), settings.samples
    titles = {configuration["name"]: configuration["title"] for configuration in study["configurations"]}
    groups = {table: [c["name"] for c in study["configurations"] if c["table"] == table] for table in TITLES}
    groups["framework"] = study["frameworks"]
    lines = ["# What the parts of RLTF are worth", "", setting(settings)]
    for table, names in groups.items():
        reference = rows.get(study["references"][table], {})
        against = f"pass@1 against: {titles[study['references'][table]]}"
        lines += ["", f"## {TITLES[table]}", "", f"| | pass@1 | pass@{k} | {against} | syntax errors | other errors |"]
        lines += ["|---|---|---|---|---|---|", line("before", rows[START], {}, k)]
        lines += [line(titles[name], rows[name], reference, k) for name in names if name in rows]
    return lines


def setting(settings: RLTFAblation) -> str:
    """One sentence about how it was measured."""
    name = Path(settings.model).name
    return (
        f"Model `{name}`, {settings.steps} optimizer steps on `{settings.suite}`, {len(settings.seeds)} seeds; "
        f"{settings.problems} held-out problems, {settings.samples} programs each. Percent, 95 % intervals over seeds."
    )


def line(title: str, row: Mapping[str, Any], reference: Mapping[str, Any], k: int) -> str:
    """A row of a table; the difference to the reference is taken seed by seed."""
    wrong = row["kinds"]
    syntax = sum(share for kind, share in wrong.items() if kind in ("syntax_error", "indentation_error"))
    errors = sum(share for kind, share in wrong.items() if kind.endswith("_error")) - syntax
    numbers = [percent(row[f"pass@{n}"], floor=0.0) for n in (1, k)]
    pairs = dict(zip(reference.get("seeds", ()), reference.get("pass@1", {}).get("values", ()), strict=True))
    ours = zip(row["seeds"], row["pass@1"]["values"], strict=True)
    differences = [value - pairs[seed] for seed, value in ours if seed in pairs]
    numbers.append(percent(interval(differences)) if differences and row is not reference else "")
    return f"| {' | '.join([title, *numbers, f'{100 * syntax:.1f}', f'{100 * errors:.1f}'])} |"


def percent(value: Mapping[str, Any], floor: float = -1.0) -> str:
    """An interval for people, as far as it can reach."""
    if np.isnan(value["low"]):
        return f"{100 * value['mean']:.1f}"
    return f"{100 * value['mean']:.1f} [{100 * max(value['low'], floor):.1f}, {100 * min(value['high'], 1):.1f}]"


if __name__ == "__main__":
    import tyro

    tyro.cli(RLTFAblation).run()
