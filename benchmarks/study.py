"""A study: configurations times seeds, each a run in a process of its own, summed up in tables.

What is compared stands in a JSON file: ``configurations`` (``name``, ``title``, and what the study makes of the rest)
and ``tables`` (``title``, ``reference``, and the names of its ``rows``). Every run starts from the same model, learns,
and is tested on the same held-out problems, with one thread, two at a time. What has a result file is not run again:
an interrupted study goes on where it stopped. Results: one JSON file for each run, ``summary.json``, and a page of
tables named as the study.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

HERE = Path(__file__).resolve().parent
START = "start"
"""The name of the model that all runs start from, and of the runs that only test it."""
Row = Mapping[str, Any]
Column = Callable[[Row], str]


@dataclass(frozen=True)
class Study:
    """What all studies have in common."""

    title: ClassVar[str]
    """Of the page."""
    work: ClassVar[str]
    """How much a run learns, for people; filled in with the settings."""

    configurations: Path
    """What is compared."""
    out: Path
    """Where results go."""
    model: str = "tiny"
    """What all runs start from."""
    suite: str = "core"
    """What they learn on (train) and are tested on (test)."""
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
    detach: bool = False
    """Go on in the background, also when this terminal is closed."""
    one: str | None = None
    """Run just this configuration with the first seed, in this process."""

    # ---- what a study says of itself

    def learn(self, configuration: Row, seed: int, policy: Any, train: Any, judge: Any) -> dict[str, Any]:
        """Trains the policy; returns how that went, as plain data."""
        raise NotImplementedError

    def prepare(self, seed: int, policy: Any, train: Any, judge: Any) -> dict[str, Any]:
        """Does what all runs of a seed share, once, with the model that they start from."""
        return {}

    def columns(self) -> dict[str, Column]:
        """What a table shows of a row beside pass@k."""
        return {}

    # ---- running

    def run(self) -> None:
        """Runs what has no result yet, and sums up."""
        self.out.mkdir(parents=True, exist_ok=True)
        if self.one is not None:
            self.run_one(self.one, self.seeds[0])
        elif self.detach:
            with (self.out / "log.txt").open("ab") as log:
                process = self.start(detach=False, output=log)
            print(f"process {process.pid} works; its log: {self.out / 'log.txt'}")
        else:
            for wave in self.waves():
                self.run_all([(name, seed) for name, seed in wave if not self.result_file(name, seed).exists()])
            self.write_summary()

    def waves(self) -> list[list[tuple[str, int]]]:
        """Names and seeds of all runs; a wave begins when the one before has ended."""
        return [[(START, seed) for seed in self.seeds], [(name, seed) for seed in self.seeds for name in self.names()]]

    def compared(self) -> dict[str, Any]:
        """The file of what is compared."""
        read: dict[str, Any] = json.loads(self.configurations.read_text("utf-8"))
        return read

    def names(self) -> list[str]:
        """The configurations that are asked for."""
        known = [configuration["name"] for configuration in self.compared()["configurations"]]
        unknown = set(self.only) - set(known)
        if unknown:
            raise SystemExit(f"no such configuration: {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
        return [name for name in known if not self.only or name in self.only]

    def result_file(self, name: str, seed: int) -> Path:
        """Where a run's result lies."""
        return self.out / f"{name}_{seed}.json"

    def start(self, output: Any = None, **changes: Any) -> subprocess.Popen[bytes]:
        """Starts the study's script with other settings, in a session of its own."""
        arguments = []
        for name, value in {**asdict(self), **changes}.items():
            option = name.replace("_", "-")
            if isinstance(value, bool):
                arguments += [f"--{option}" if value else f"--no-{option}"]
            elif value is not None and value != ():
                arguments += [f"--{option}", *map(str, value if isinstance(value, tuple) else (value,))]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        script = str(Path(sys.modules[type(self).__module__].__file__ or "").resolve())
        return subprocess.Popen(
            [sys.executable, script, *arguments], env=environment, stdout=output, stderr=output, start_new_session=True
        )

    def run_all(self, runs: Sequence[tuple[str, int]]) -> None:
        """Runs each in a process of its own, some side by side.

        Raises:
            RuntimeError: If one fails; the others' results are kept.
        """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended, too
        waiting, running, failed = list(runs), dict[subprocess.Popen[bytes], str](), []
        try:
            while waiting or running:
                while waiting and len(running) < self.at_once:
                    name, seed = waiting.pop(0)
                    print(f"{name}, seed {seed} ...", flush=True)
                    running[self.start(one=name, seeds=(seed,))] = f"{name}, seed {seed}"
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

    def run_one(self, name: str, seed: int) -> None:
        """Learns by one configuration, tests, and writes the result."""
        import torch

        from agents import LMPolicy, evaluate
        from codegym import Judge
        from envs_registry import load_suite

        torch.set_num_threads(1)
        train, test = (load_suite(self.suite, split=split) for split in ("train", "test"))
        places = np.linspace(0, len(test) - 1, min(self.problems, len(test))).round().astype(int)
        held_out = [test[place] for place in places.tolist()]
        policy = LMPolicy.load(self.model, device="cpu", max_new_tokens=self.max_new_tokens, seed=seed)
        passing: dict[str, list[str]] = {}
        with Judge(workers=1, packages=train.packages) as judge:
            if name == START:
                learned = self.prepare(seed, policy, train, judge)
            else:
                (chosen,) = (one for one in self.compared()["configurations"] if one["name"] == name)
                learned = self.learn(chosen, seed, policy, train, judge)
            result = evaluate(
                policy,
                held_out,
                k=(1, self.samples),
                n=self.samples,
                judge=judge,
                seed=1000 + seed,
                on_judged=lambda one: passing.setdefault(one.task_id, []).extend([one.completion] * one.is_success),
            )
        self.write_result(name, seed, {"torch": torch.__version__, **learned, **result.to_dict(), "passing": passing})

    def write_result(self, name: str, seed: int, record: Row) -> None:
        """Writes what a run found; a file that is there is whole."""
        target = self.result_file(name, seed)
        beside = target.with_suffix(".part")
        beside.write_text(json.dumps(record | {"name": name, "seed": seed}), "utf-8")
        beside.replace(target)

    # ---- summing up

    def write_summary(self) -> None:
        """Joins the runs: a mean over seeds with its 95 % interval for each configuration, and tables."""
        rows = {name: self.summed_up(name) for name in (START, *self.names())}
        shown = {**asdict(self), "configurations": self.configurations.name, "out": self.out.name}
        (self.out / "summary.json").write_text(
            json.dumps({"settings": shown, "rows": rows}, indent=2, default=str) + "\n", "utf-8"
        )
        text = "\n".join(self.tables(rows)) + "\n"
        (self.out / f"{self.configurations.stem}.md").write_text(text, "utf-8")
        print(text)

    def results(self, name: str) -> list[dict[str, Any]]:
        """What the runs of a configuration found, as far as there are any."""
        files = [self.result_file(name, seed) for seed in self.seeds]
        return [json.loads(file.read_text("utf-8")) for file in files if file.exists()]

    def summed_up(self, name: str) -> dict[str, Any]:
        """pass@1 and pass@k of each seed, their means, and their intervals over seeds (Student's t)."""
        runs = self.results(name)
        kinds = mean_shares([run["kinds"] for run in runs])
        row: dict[str, Any] = {"seeds": [run["seed"] for run in runs], "kinds": kinds}
        for k in (1, self.samples):
            row[f"pass@{k}"] = interval([run["pass_at"][str(k)]["estimate"] for run in runs])
        return row

    def tables(self, rows: Mapping[str, Row]) -> list[str]:
        """The study in Markdown."""
        compared, k = self.compared(), self.samples
        titles = {one["name"]: one["title"] for one in compared["configurations"]} | {START: "before"}
        amount = self.work.format(**asdict(self))
        measured = (
            f"Model `{Path(self.model).name}`, {amount} on `{self.suite}`, {len(self.seeds)} seeds; {self.problems} "
            f"held-out problems, {self.samples} programs each. Percent, 95 % intervals over seeds."
        )
        lines = [f"# {self.title}", "", measured]
        for table in compared["tables"]:
            reference = rows.get(table["reference"], {})
            heads = ["", "pass@1", f"pass@{k}", f"pass@1 against: {titles[table['reference']]}", *self.columns()]
            lines += ["", f"## {table['title']}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
            lines += [
                self.line(titles[name], rows[name], reference) for name in (START, *table["rows"]) if name in rows
            ]
        return lines

    def line(self, title: str, row: Row, reference: Row) -> str:
        """A row of a table; the difference to the reference is taken seed by seed."""
        numbers = [percent(row[f"pass@{n}"], floor=0.0) for n in (1, self.samples)]
        pairs = dict(zip(reference.get("seeds", ()), reference.get("pass@1", {}).get("values", ()), strict=True))
        ours = zip(row["seeds"], row["pass@1"]["values"], strict=True)
        differences = [value - pairs[seed] for seed, value in ours if seed in pairs]
        numbers.append(percent(interval(differences)) if differences and row is not reference else "")
        return f"| {' | '.join([title, *numbers, *(column(row) for column in self.columns().values())])} |"


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


def percent(value: Mapping[str, Any], floor: float = -1.0) -> str:
    """An interval for people, as far as it can reach."""
    if np.isnan(value["low"]):
        return f"{100 * value['mean']:.1f}"
    return f"{100 * value['mean']:.1f} [{100 * max(value['low'], floor):.1f}, {100 * min(value['high'], 1):.1f}]"
