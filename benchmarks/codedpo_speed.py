"""How fast CodeDPO learns from pairs, beside TRL's DPOTrainer: the same model, pairs, batches and optimizer.

    python benchmarks/codedpo_speed.py --peer PYTHON          # an interpreter that has trl and what codegym needs
    python benchmarks/codedpo_speed.py --peer PYTHON --rounds 1 --pairs 64

Each round runs ours, then the peer as it is by default (the reference model runs beside the policy at every step), then
the peer with reference log-probabilities computed beforehand; each in a process of its own, with one thread. A run is
all that lies between texts and trained weights: tokenising, reference, training; loading libraries and model is not in
it. The figures are medians over the rounds. Results: ``codedpo_speed.json`` and ``codedpo_speed.md``.
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
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RATE, BETA = 1e-5, 0.1
TITLES = {
    "codegym": "codegym's CodeDPO",
    "trl": "TRL's DPOTrainer",
    "trl_precomputed": "the same, reference precomputed",
}


@dataclass(frozen=True)
class CodeDPOSpeed:
    """Time a run of CodeDPO and of TRL's DPOTrainer."""

    peer: Path | None = None
    """Python that has trl; without it only ours is timed."""
    model: str = "tiny"
    """What both train."""
    suite: str = "core"
    """Whose reference solutions are preferred to its known wrong programs."""
    pairs: int = 256
    """How many pairs."""
    epochs: int = 3
    """How often each is learned from."""
    batch_size: int = 32
    """Pairs of an optimizer step."""
    micro_batch_size: int = 8
    """Pairs in a forward pass."""
    rounds: int = 3
    """Runs of each."""
    out: Path = ROOT / "benchmarks" / "results"
    """Where results go."""
    side: str | None = None
    """Run just this one, in this process, and print its figures."""

    def run(self) -> None:
        """Times all sides in turn, and writes the tables."""
        if self.side is not None:
            print(json.dumps(SIDES[self.side](self)))
            return
        peers = {"trl": self.peer, "trl_precomputed": self.peer} if self.peer else {}
        pythons = {"codegym": sys.executable, **{name: str(python) for name, python in peers.items()}}
        with tempfile.TemporaryDirectory() as folder:
            model = prepared(self, Path(folder))
            rounds = [
                {name: timed(self, name, python, model) for name, python in pythons.items()} for _ in range(self.rounds)
            ]
        report(self, rounds)


def prepared(settings: CodeDPOSpeed, folder: Path) -> Path:
    """Writes the model and the pairs where all sides find them: solutions against mutants, all over the suite."""
    from agents.codedpo.data.pairs import Preference, write_pairs
    from agents.policy.policy import LMPolicy
    from envs_registry import load_suite

    policy = LMPolicy.load(settings.model, device="cpu")
    policy.save(folder / "model")
    problems = [p for p in load_suite(settings.suite, split="train") if p.solutions and p.mutants]
    chosen = [problems[place * len(problems) // settings.pairs] for place in range(settings.pairs)]
    write_pairs(
        folder / "model" / "pairs.jsonl",
        (
            Preference(
                prompt=policy.prompt_text({"prompt": problem.prompt}),
                chosen=problem.solutions[0],
                rejected=problem.mutants[0],
            )
            for problem in chosen
        ),
    )
    return folder / "model"


def timed(settings: CodeDPOSpeed, side: str, python: str, model: Path) -> dict[str, float]:
    """Runs one side in a process of its own."""
    options = {**asdict(settings), "side": side, "model": str(model)}
    arguments = [
        part
        for name, value in options.items()
        if value is not None
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, __file__, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{side:16} {figures['pairs_per_second']:7.1f} pairs/s, {figures['pairs_per_cpu_second']:7.1f} a CPU second")
    return figures


class Clock:
    """Wall and CPU seconds since it was made, and the memory that was in use then."""

    def __init__(self) -> None:
        self._began, self._cpu, self._before = perf_counter(), process_time(), peak_megabytes()

    def figures(self, pairs: int, loss: float) -> dict[str, float]:
        """What was measured.

        Args:
            pairs: That were learned from.
            loss: Of the last step, to see that all sides did the same.
        """
        return {
            "pairs_per_second": pairs / (perf_counter() - self._began),
            "pairs_per_cpu_second": pairs / (process_time() - self._cpu),
            "peak_megabytes": peak_megabytes(),
            "megabytes_beyond_start": peak_megabytes() - self._before,
            "last_loss": loss,
        }


def peak_megabytes() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(settings: CodeDPOSpeed) -> dict[str, float]:
    """CodeDPO, plain DPO."""
    import torch
    from stable_baselines3.common.logger import KVWriter, Logger

    from agents import CodeDPO, LMPolicy
    from agents.codedpo.data.pairs import read_pairs

    torch.set_num_threads(1)
    policy = LMPolicy.load(settings.model, device="cpu", dtype="float32")
    losses: list[float] = []

    class Losses(KVWriter):
        """Keeps the loss of each step."""

        def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
            losses.append(key_values["train/loss"])

    clock = Clock()
    agent = CodeDPO(
        policy,
        pairs=read_pairs(Path(settings.model) / "pairs.jsonl"),
        seed=0,
        beta=BETA,
        nll_weight=0.0,
        learning_rate=RATE,
        schedule="constant",
        warmup=0.0,
        batch_size=settings.batch_size,
        micro_batch_size=settings.micro_batch_size,
    )
    agent.set_logger(Logger(folder=None, output_formats=[Losses()]))
    agent.learn(settings.pairs * settings.epochs)
    return clock.figures(agent.num_timesteps, losses[-1])


def peers(settings: CodeDPOSpeed, precompute: bool) -> dict[str, float]:
    """TRL's DPOTrainer, plain DPO."""
    import torch
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    torch.set_num_threads(1)
    disable_progress_bars()
    model = AutoModelForCausalLM.from_pretrained(settings.model, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(settings.model)
    lines = (Path(settings.model) / "pairs.jsonl").read_text("utf-8").splitlines()
    rows = [{name: json.loads(line)[name] for name in ("prompt", "chosen", "rejected")} for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        trainer = DPOTrainer(
            model=model,
            processing_class=tokenizer,
            train_dataset=Dataset.from_list(rows),
            args=DPOConfig(
                output_dir=folder,
                num_train_epochs=settings.epochs,
                per_device_train_batch_size=settings.micro_batch_size,
                gradient_accumulation_steps=settings.batch_size // settings.micro_batch_size,
                precompute_ref_log_probs=precompute,
                beta=BETA,
                learning_rate=RATE,
                lr_scheduler_type="constant",
                max_length=None,
                bf16=False,
                gradient_checkpointing=False,
                use_cpu=True,
                save_strategy="no",
                logging_steps=1,
                report_to=[],
                disable_tqdm=True,
                seed=0,
            ),
        )
        trainer.train()
        losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
        return clock.figures(settings.pairs * settings.epochs, losses[-1])


SIDES: dict[str, Callable[[CodeDPOSpeed], dict[str, float]]] = {
    "codegym": ours,
    "trl": partial(peers, precompute=False),
    "trl_precomputed": partial(peers, precompute=True),
}


def report(settings: CodeDPOSpeed, rounds: list[dict[str, dict[str, float]]]) -> None:
    """Writes the rounds and a table of medians."""
    middle = {
        side: {name: statistics.median(r[side][name] for r in rounds) for name in rounds[0][side]} for side in rounds[0]
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    asked = {name: value for name, value in asdict(settings).items() if name not in ("peer", "out", "side")}
    record = {"machine": machine, "settings": asked, "medians": middle, "rounds": rounds}
    settings.out.mkdir(parents=True, exist_ok=True)
    (settings.out / "codedpo_speed.json").write_text(json.dumps(record, indent=2, default=str) + "\n", "utf-8")
    setting = (
        f"Medians of {settings.rounds} round(s): {settings.pairs} pairs (solutions of `{settings.suite}` against known "
        f"wrong programs), {settings.epochs} epochs, {settings.batch_size} pairs a step, {settings.micro_batch_size} "
        f"in a forward pass; model `{settings.model}`, float32, one thread; {machine}."
    )
    columns = ("", "pairs/s", "pairs a CPU second", "ours / it, by CPU time", "peak memory, MB", "above the start, MB")
    lines = [
        "# Learning from pairs, beside TRL",
        "",
        setting,
        "",
        table_row(columns),
        table_row(["---"] * len(columns)),
    ]
    for side, row in middle.items():
        ratio = middle["codegym"]["pairs_per_cpu_second"] / row["pairs_per_cpu_second"]
        numbers = [f"{row[name]:.1f}" for name in ("pairs_per_second", "pairs_per_cpu_second")]
        memory = [f"{row[name]:.0f}" for name in ("peak_megabytes", "megabytes_beyond_start")]
        lines.append(table_row([TITLES[side], *numbers, f"{ratio:.2f}", *memory]))
    lines += ["", "Where the machine has other work, the figures by CPU time are the ones to compare."]
    (settings.out / "codedpo_speed.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))


def table_row(cells: Sequence[str]) -> str:
    """A row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    import tyro

    tyro.cli(CodeDPOSpeed).run()
