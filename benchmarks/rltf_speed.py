"""How fast a step of RLTF is, beside TRL's GRPOTrainer: the same model, problems, rewards, group sizes and limits.

    python benchmarks/rltf_speed.py --peer PYTHON          # an interpreter with: pip install trl gymnasium rich tyro
    python benchmarks/rltf_speed.py --peer PYTHON --rounds 1 --steps 4

Each round runs ours and then the peer, each in a process of its own with one thread and the same judge: some steps to
warm up, then the steps that are timed. The learning rate is so small that both go on writing like the same model. CPU
seconds are those of the trainer's process alone; what the judge's processes use is the same for both. The figures are
medians over the rounds. Results: ``rltf_speed.json`` and ``rltf_speed.md``.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WARM_UP = 3
RATE = 1e-7
FIGURES = ("samples_per_second", "samples_per_cpu_second", "peak_megabytes")
SHARES = ("generation", "judging", "training")


@dataclass(frozen=True)
class RLTFSpeed:
    """Time a learning step of RLTF and of TRL's GRPOTrainer."""

    peer: Path | None = None
    """Python that has trl; without it only ours is timed."""
    model: str = "tiny"
    """What both train."""
    suite: str = "core"
    """Where the problems come from."""
    problems: int = 256
    """How many of them."""
    problems_per_step: int = 8
    """Prompts of a step."""
    samples_per_problem: int = 8
    """Completions of each."""
    micro_batch_size: int = 16
    """Completions in a forward pass."""
    max_new_tokens: int = 128
    """Length limit of a completion."""
    workers: int = os.cpu_count() or 1
    """Programs that are judged at a time."""
    steps: int = 12
    """Learning steps that are timed."""
    rounds: int = 3
    """Runs of each."""
    out: Path = ROOT / "benchmarks" / "results"
    """Where results go."""
    side: str | None = None
    """Run just this one, in this process, and print its figures."""

    @property
    def samples_per_step(self) -> int:
        """Completions of a step."""
        return self.problems_per_step * self.samples_per_problem

    def run(self) -> None:
        """Times both sides in turn, and writes the tables."""
        if self.side is not None:
            print(json.dumps(SIDES[self.side](self)))
            return
        sides = {"codegym": sys.executable, **({"trl": str(self.peer)} if self.peer else {})}
        with tempfile.TemporaryDirectory() as folder:
            model = prepared_model(self, Path(folder))
            rounds = [
                {name: timed(self, name, python, model) for name, python in sides.items()} for _ in range(self.rounds)
            ]
        report(self, rounds)


def prepared_model(settings: RLTFSpeed, folder: Path) -> Path:
    """Writes the model and the problems' prompts where both sides find them."""
    policy, suite = load(settings)
    policy.save(folder / "model")
    tasks = [suite[place * len(suite) // settings.problems].task_id for place in range(settings.problems)]
    prompts = [policy.prompt_text({"prompt": suite.by_id(task).prompt, "feedback": "", "turn": 0}) for task in tasks]
    rows = [{"task_id": task, "prompt": prompt} for task, prompt in zip(tasks, prompts, strict=True)]
    (folder / "model" / "prompts.json").write_text(json.dumps(rows), "utf-8")
    return folder / "model"


def load(settings: RLTFSpeed) -> tuple[Any, Any]:
    """Returns the policy and the train split."""
    import torch

    from agents.policy.policy import LMPolicy
    from envs_registry import load_suite

    torch.set_num_threads(1)
    policy = LMPolicy.load(settings.model, device="cpu", max_new_tokens=settings.max_new_tokens)
    return policy, load_suite(settings.suite, split="train")


def timed(settings: RLTFSpeed, side: str, python: str, model: Path) -> dict[str, float]:
    """Runs one side in a process of its own."""
    options = {**asdict(settings), "side": side, "model": str(model), "out": str(settings.out)}
    arguments = [
        part
        for name, value in options.items()
        if value is not None
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TRL_EXPERIMENTAL_SILENCE": "1"}
    done = subprocess.run(
        [python, __file__, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    rates = f"{figures['samples_per_second']:6.1f} samples/s, {figures['samples_per_cpu_second']:6.1f} a CPU second"
    print(f"{side:8} {rates}", flush=True)
    return figures


class Clock:
    """Wall and CPU seconds of parts of a step."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.samples = self.tokens = 0
        self.begin()

    def begin(self) -> None:
        """Starts anew: what came before was to warm up."""
        self.wall = dict.fromkeys(SHARES, 0.0)
        self.samples = self.tokens = 0
        self._began, self._cpu = perf_counter(), process_time()

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns the function with its time added to a part's."""

        @wraps(function)
        def measured(*arguments: Any, **named: Any) -> Any:
            began = perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.wall[part] += perf_counter() - began

        return measured

    def figures(self) -> dict[str, float]:
        """What was measured since ``begin``; whatever is neither generation nor judging is training."""
        seconds, cpu = perf_counter() - self._began, process_time() - self._cpu
        self.wall["training"] = seconds - self.wall["generation"] - self.wall["judging"]
        return {
            "samples_per_second": self.samples / seconds,
            "samples_per_cpu_second": self.samples / cpu,
            "tokens_per_sample": self.tokens / self.samples,
            "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            **{part: self.wall[part] / seconds for part in SHARES},
        }


def ours(settings: RLTFSpeed) -> dict[str, float]:
    """RLTF with the advantages of TRL's trainer as it is set up here: the group's mean, no division."""
    from stable_baselines3.common.logger import KVWriter, Logger

    from agents import RLTF
    from codegym import Judge
    from codegym.env import CodeSynthesisEnv

    policy, suite = load(settings)
    rows = json.loads((Path(settings.model) / "prompts.json").read_text("utf-8"))
    clock = Clock()
    with Judge(workers=settings.workers, packages=suite.packages) as judge:
        env = CodeSynthesisEnv([suite.by_id(row["task_id"]) for row in rows], judge=judge)
        agent = RLTF(
            policy,
            env,
            seed=0,
            advantage="group_mean",
            learning_rate=RATE,
            problems_per_step=settings.problems_per_step,
            samples_per_problem=settings.samples_per_problem,
            micro_batch_size=settings.micro_batch_size,
        )

        class Meter(KVWriter):
            """Takes a step's times out of the log."""

            def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
                if agent.n_updates <= WARM_UP:
                    clock.begin()
                    return
                clock.samples += settings.samples_per_step
                clock.tokens += round(key_values["rollout/completion_tokens"] * settings.samples_per_step)
                clock.wall["generation"] += key_values["time/generation_seconds"]
                clock.wall["judging"] += key_values["time/judging_seconds"]

        agent.set_logger(Logger(folder=None, output_formats=[Meter()]))
        agent.learn(settings.samples_per_step * (WARM_UP + settings.steps))
        return clock.figures()


def peers(settings: RLTFSpeed) -> dict[str, float]:
    """TRL's GRPOTrainer; its reward function is our judge with the same rewards."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    from codegym import Judge
    from codegym.rewards import make_reward
    from envs_registry import load_suite

    torch.set_num_threads(1)
    suite = load_suite(settings.suite, split="train")
    rows = json.loads((Path(settings.model) / "prompts.json").read_text("utf-8"))
    pay, clock = make_reward("paper"), Clock()

    class Watch(TrainerCallback):  # type: ignore[misc]
        """Starts the clock after the steps to warm up."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == WARM_UP:
                clock.begin()

    with Judge(workers=settings.workers, packages=suite.packages) as judge, tempfile.TemporaryDirectory() as folder:

        def reward(
            prompts: list[str], completions: list[str], completion_ids: list[Any], task_id: list[str], **_: Any
        ) -> list[float]:
            clock.samples += len(completions)
            clock.tokens += sum(len(ids) for ids in completion_ids)
            problems = [suite.by_id(task) for task in task_id]
            judged = judge.judge_many(list(zip(problems, completions, strict=True)))
            paid = [pay(problem, feedback) for problem, feedback in zip(problems, judged, strict=True)]
            return [parts["coarse"] + parts["adaptive"] for parts in paid]

        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(settings.model),
            processing_class=AutoTokenizer.from_pretrained(settings.model),
            reward_funcs=clock.around("judging", reward),
            train_dataset=Dataset.from_list(rows),
            callbacks=[Watch()],
            args=GRPOConfig(
                output_dir=folder,
                per_device_train_batch_size=settings.micro_batch_size,
                gradient_accumulation_steps=settings.samples_per_step // settings.micro_batch_size,
                num_generations=settings.samples_per_problem,
                max_completion_length=settings.max_new_tokens,
                max_steps=WARM_UP + settings.steps,
                learning_rate=RATE,
                lr_scheduler_type="constant",
                temperature=1.0,
                top_p=1.0,
                top_k=0,
                beta=0.0,
                scale_rewards="none",
                bf16=False,
                gradient_checkpointing=False,
                use_cpu=True,
                save_strategy="no",
                logging_strategy="no",
                report_to=[],
                disable_tqdm=True,
                seed=0,
            ),
        )
        trainer._generate = clock.around("generation", trainer._generate)
        trainer.train()
        return clock.figures()


SIDES: dict[str, Callable[[RLTFSpeed], dict[str, float]]] = {"codegym": ours, "trl": peers}


def report(settings: RLTFSpeed, rounds: list[dict[str, dict[str, float]]]) -> None:
    """Writes the rounds and a table of medians."""
    middle = {
        side: {name: statistics.median(r[side][name] for r in rounds) for name in rounds[0][side]} for side in rounds[0]
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    of_this_machine = ("peer", "out", "side")
    said = {name: value for name, value in asdict(settings).items() if name not in of_this_machine}
    record = {"machine": machine, "settings": said, "medians": middle, "rounds": rounds}
    settings.out.mkdir(parents=True, exist_ok=True)
    (settings.out / "rltf_speed.json").write_text(json.dumps(record, indent=2, default=str) + "\n", "utf-8")
    title = {"codegym": "codegym's RLTF", "trl": "TRL's GRPOTrainer"}
    setting = (
        f"Medians of {settings.rounds} rounds of {settings.steps} steps of {settings.problems_per_step} x "
        f"{settings.samples_per_problem} completions; model `{Path(settings.model).name}`, suite `{settings.suite}`, "
        f"one thread, {settings.workers} judging workers; {machine}."
    )
    columns = ("", "samples/s", "samples a CPU second", "tokens a sample", "peak memory, MB", *SHARES)
    lines = ["# A learning step, beside TRL", "", setting, "", table_row(columns), table_row(["---"] * len(columns))]
    for side, row in middle.items():
        numbers = [f"{row[name]:.1f}" for name in FIGURES[:2]]
        numbers += [f"{row['tokens_per_sample']:.1f}", f"{row['peak_megabytes']:.0f}"]
        lines.append(table_row([title[side], *numbers, *(f"{100 * row[part]:.0f} %" for part in SHARES)]))
    if "trl" in middle:
        ratios = {name: middle["codegym"][name] / middle["trl"][name] for name in FIGURES}
        words = (
            f"{ratios['samples_per_second']:.2f} x by the clock, {ratios['samples_per_cpu_second']:.2f} x by CPU time"
        )
        lines += ["", f"Ours is faster {words}, and its peak memory is {ratios['peak_megabytes']:.2f} x."]
    (settings.out / "rltf_speed.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))


def table_row(cells: Sequence[str]) -> str:
    """A row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    import tyro

    tyro.cli(RLTFSpeed).run()
