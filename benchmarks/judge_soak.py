"""A long run of the judge with hostile programs mixed in: nothing may grow, get lost, or be judged differently.

    python benchmarks/judge_soak.py                     # 200,000 programs, some minutes
    python benchmarks/judge_soak.py --programs 5000     # for a look
    python benchmarks/judge_soak.py --resume            # goes on where the last run was interrupted

The mix is fixed by the seed and the number of the program: canonical programs of HumanEval, programs that a model
wrote for it (each must get the same verdict each time), honest programs of odd styles and hostile programs (none may
pass a test). Memory, descriptors, processes, mounts and files are watched all along.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from judging.task import load_model_programs, load_tasks
from judging.watch import Watch
from rich.console import Console
from rich.progress import Progress

from codegym import Feedback, Judge, Limits, Problem
from envs_registry import load_suite

_ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(_ROOT / "tests" / "codegym" / "sandbox"))
_BATCH = 2500
_LIMITS = Limits(cpu_seconds=1.0, wall_seconds=10.0, program_cpu_seconds=1.0)
_console = Console(stderr=True)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One program of the mix and what its verdict must be."""

    name: str
    problem: Problem
    source: str
    verdicts: tuple[str, ...] = ()
    """Empty: the one that it got the first time."""
    hostile: bool = False


@dataclass(kw_only=True)
class Tally:
    """What has been seen so far; all that a resumed run needs."""

    judged: int = 0
    seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    """The verdict that each program got first."""
    wrong: list[str] = field(default_factory=list)
    """Programs whose verdict was not the expected one, or not the one before."""
    forged: list[str] = field(default_factory=list)
    infra: int = 0

    def note(self, entry: Entry, feedback: Feedback) -> None:
        """Counts one verdict."""
        verdict = str(feedback.verdict)
        self.judged += 1
        self.verdicts[verdict] += 1
        self.infra += verdict == "infra_error"
        expected = entry.verdicts or (self.first.setdefault(entry.name, verdict),)
        if entry.hostile and feedback.tests_passed:
            self.forged.append(entry.name)
        elif verdict not in expected:
            self.wrong.append(f"{entry.name}: {verdict} instead of {' or '.join(expected)}")

    def save(self, path: Path) -> None:
        """Writes the state beside and renames it."""
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(vars(self)))
        os.replace(beside, path)

    @classmethod
    def load(cls, path: Path) -> Tally:
        """Reads a state that was saved."""
        tally = cls(**json.loads(path.read_text()))
        tally.verdicts = Counter(tally.verdicts)
        return tally


@contextlib.contextmanager
def mix(data: Path) -> Iterator[tuple[list[list[Entry]], list[int]]]:
    """The entries by kind, and how many of a thousand programs come from each."""
    from hostile.catalogue import HONEST_PROGRAMS, PROGRAMS
    from hostile.lures import lures
    from hostile.victims import case_of

    problems = load_suite("humaneval", data_dir=data, examples="none")
    suite = {problem.task_id: replace(problem, limits=_LIMITS) for problem in problems}
    canonical = [
        Entry(
            name=task.task_id, problem=suite[task.task_id], source=task.statement + task.canonical, verdicts=("pass",)
        )
        for task in load_tasks(data)
    ]
    written = [
        Entry(name=f"{task.task_id}#{number}", problem=suite[task.task_id], source=task.statement + text)
        for task in load_model_programs(data, 100)
        for number, (text, label) in enumerate(zip(task.completions, task.labels, strict=True))
        if label != "timeout"
    ]
    honest = [Entry(name=h.name, problem=h.problem, source=h.source, verdicts=("pass",)) for h in HONEST_PROGRAMS]
    with lures() as marks:
        hostile = []
        for program in PROGRAMS.values():
            for target in program.targets:
                problem, source = case_of(program, target, marks)
                verdicts = (*program.verdicts, "fail", "error", "timeout")
                name = f"{program.name}/{target}"
                hostile.append(Entry(name=name, problem=problem, source=source, verdicts=verdicts, hostile=True))
        yield [canonical, written, honest, hostile], [180, 790, 25, 5]


def entry_of(number: int, seed: int, kinds: list[list[Entry]], weights: list[int]) -> Entry:
    """The program with this number; the same in every run with this seed."""
    dice = random.Random(f"{seed}/{number}")
    return dice.choice(dice.choices(kinds, weights)[0])


def soak(options: argparse.Namespace, tally: Tally, watch: Watch) -> str:
    """Judges until the number is reached or somebody interrupts; returns the layers in force."""
    state = options.out / "judge_soak.state.json"
    with (
        mix(options.data) as (kinds, weights),
        Judge(workers=options.workers, limits=_LIMITS, strict_extraction=True) as judge,
    ):
        if os.getuid() == 0 and not all(judge.isolation[name].active for name in ("pid", "capabilities", "seccomp")):
            sys.exit("hostile programs are not run as root with less than all layers: see `codegym doctor`")
        layers = ", ".join(layer.name for layer in judge.isolation if layer.active)
        with Progress(console=_console) as progress, contextlib.suppress(KeyboardInterrupt):
            bar = progress.add_task("soak", total=options.programs, completed=tally.judged)
            while tally.judged < options.programs:
                numbers = range(tally.judged, min(tally.judged + _BATCH, options.programs))
                entries = [entry_of(number, options.seed, kinds, weights) for number in numbers]
                start = time.monotonic()
                feedbacks = judge.judge_many([(entry.problem, entry.source) for entry in entries])
                tally.seconds += time.monotonic() - start
                for entry, feedback in zip(entries, feedbacks, strict=True):
                    tally.note(entry, feedback)
                tally.save(state)
                sample = watch.look(tally.judged)
                text = f"{len(tally.forged)} forged, {len(tally.wrong)} wrong, {sample.own_mib} MiB"
                progress.update(bar, completed=tally.judged, description=text)
    return layers


def sheets(tally: Tally, watch: Watch, last: dict[str, float], known: tuple[list[str], int]) -> list[Sheet]:
    """The result as tables."""
    amiss, labelled = known
    result = Sheet(
        title="Verdicts",
        columns=("what", "how many"),
        rows=(
            ("programs judged", f"{tally.judged:,}"),
            ("programs a second", f"{tally.judged / max(tally.seconds, 1e-9):,.0f}"),
            *((f"verdict {name}", f"{count:,}") for name, count in sorted(tally.verdicts.items())),
            ("forged verdicts", f"{len(tally.forged):,}"),
            ("verdicts that were wrong or changed", f"{len(tally.wrong):,}"),
            ("infrastructure failures", f"{tally.infra:,}"),
            ("model programs whose verdict differs from the label", f"{len(amiss):,} of {labelled:,}"),
        ),
        remarks=(
            "Labels were measured on completions cut at the end of the function. Here the whole text runs, so that "
            "asserts of the model's own that fail, and imports of packages that are not granted, are errors.",
            "",
            *(f"- {line}" for line in (tally.forged + tally.wrong + amiss)[:40]),
        ),
    )
    rows = [(name, f"{early:g}", f"{late:g}", f"{last[name]:g}") for name, (early, late) in watch.growth().items()]
    held = Sheet(
        title="What the process held",
        columns=("what", "second quarter", "last quarter", "after close()"),
        rows=tuple(rows),
    )
    return [result, held]


def differing_labels(data: Path, tally: Tally) -> tuple[list[str], int]:
    """The model's programs that got another verdict than the published label says, and how many have a label."""
    seen = {
        f"{task.task_id}#{number}": label
        for task in load_model_programs(data, 100)
        for number, label in enumerate(task.labels)
    }
    labelled = [(name, verdict, seen[name]) for name, verdict in sorted(tally.first.items()) if name in seen]
    return [
        f"{name}: {verdict}, label {label}"
        for name, verdict, label in labelled
        if (verdict == "pass") != (label == "pass")
    ], len(labelled)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("CODEGYM_DATA"), help="folder of the benchmark data"
    )
    parser.add_argument("--programs", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on where the last run was interrupted")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report and the state")
    options = parser.parse_args(argv)
    if options.data is None or not (Path(options.data) / "codet").is_dir():
        parser.error("name a folder with humaneval/, humanevalplus/ and codet/ by --data or CODEGYM_DATA")
    options.data = Path(options.data).resolve()
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def main(argv: Sequence[str]) -> int:
    """Runs the soak and writes the report; 1 if a verdict was forged, wrong or lost."""
    options = parse(argv)
    state = options.out / "judge_soak.state.json"
    tally = Tally.load(state) if options.resume and state.exists() else Tally()
    machine = Machine()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        tempfile.tempdir = scratch
        watch = Watch(Path(scratch))
        layers = soak(options, tally, watch)
        time.sleep(0.5)
        last = {name: float(value) for name, value in asdict(watch.look(tally.judged)).items()}
        watch.samples.pop()
        tempfile.tempdir = None
    differing = differing_labels(options.data, tally)
    tables = sheets(tally, watch, last, differing)
    for table in tables:
        table.show(Console())
    data: dict[str, Any] = {
        "layers": layers, **vars(tally), "first": {}, "differing": differing[0],
        "samples": [asdict(sample) for sample in watch.samples],
    }  # fmt: skip
    command = ("python benchmarks/judge_soak.py " + " ".join(argv)).strip()
    page = Report(name="judge_soak", command=command, machine=machine, sheets=tables, data=data).write(options.out)
    _console.print(f"written: {page}")
    if tally.judged >= options.programs:
        state.unlink(missing_ok=True)
    return 1 if tally.forged or tally.wrong or tally.infra else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
