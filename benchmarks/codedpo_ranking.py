"""Which ranking finds the right programs? CodeGen-16B on 82 problems, 100 programs and test texts each, with labels.

python benchmarks/codedpo_ranking.py --matrix runs/codet      # judges what is not in that folder yet, then ranks
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from judging.machine import Machine
from judging.report import RESULTS, Report, Sheet
from rankings.alternatives import NAMES, scores_of
from rich.console import Console
from rich.progress import track

from agents.evaluation.bootstrap import bootstrap_mean
from agents.scoring.matrix import MATRIX_LIMITS, Matrix, MatrixJudge
from agents.scoring.ranking import FloatArray, Ranking, rank
from agents.scoring.ranking_quality import RankingQuality, ranking_quality
from agents.scoring.task_samples import read_task_samples
from codegym import Judge
from codegym.store import Store

FILE = Path("codet") / "humaneval_codegen16b.jsonl.gz"
MEASURES = ("spearman", "auc", "top", "pair", "reversed")
_console = Console(stderr=True)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("CODEGYM_DATA"), help="folder of benchmark data")
    parser.add_argument(
        "--matrix", type=Path, default=Path("runs/codet.sqlite"), help="the file that holds the matrix, or will hold it"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", type=int, default=15, help="programs and tests of a subset")
    parser.add_argument("--draws", type=int, default=40, help="subsets of each problem")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report")
    options = parser.parse_args(argv)
    if options.data is None or not (Path(options.data) / FILE).is_file():
        parser.error(f"no benchmark data: name a folder with {FILE} by --data or CODEGYM_DATA")
    return options


def matrices(options: argparse.Namespace) -> list[Matrix]:
    """Every program against every test, from the folder where it is known."""
    tasks = read_task_samples(Path(options.data) / FILE).tasks
    with Judge(workers=options.workers) as judge, Store(options.matrix) as store:
        cells = MatrixJudge(judge, store)
        return list(track(cells.fill(tasks), total=len(tasks), description="matrix", console=_console))


def subsets(matrix: Matrix, options: argparse.Namespace, place: int) -> Iterator[tuple[FloatArray, list[bool]]]:
    """Random programs and tests of one problem."""
    rng = np.random.default_rng([options.seed, place])
    link, labels = matrix.link, np.array(matrix.samples.labels)
    if link.shape[1] < options.size:
        return
    for _ in range(options.draws):
        programs = rng.choice(len(labels), options.size, replace=False)
        tests = rng.choice(link.shape[1], options.size, replace=False)
        yield link[np.ix_(programs, tests)], labels[programs].tolist()


def qualities(boards: Iterable[tuple[FloatArray, Sequence[bool]]], seed: int) -> dict[str, RankingQuality]:
    """The mean quality of every ranking over the boards of one problem that have right and wrong programs."""
    found: dict[str, list[RankingQuality]] = {name: [] for name in NAMES}
    for number, (link, labels) in enumerate(boards):
        for name in NAMES:
            quality = ranking_quality(scores_of(link, name, seed + number), labels)
            if quality is not None:
                found[name].append(quality)
    return {name: _mean(values) for name, values in found.items() if values}


def _mean(values: Sequence[RankingQuality]) -> RankingQuality:
    return RankingQuality(**{name: float(np.mean([getattr(value, name) for value in values])) for name in MEASURES})


def sheet(title: str, problems: Sequence[Mapping[str, RankingQuality]], remark: str) -> tuple[Sheet, dict[str, Any]]:
    """One row a ranking: means over problems with 95 % intervals, and the paired difference from self-validation."""
    rows, data = [], {}
    for ranking in NAMES:
        values = {name: np.array([getattr(p[ranking], name) for p in problems]) for name in MEASURES}
        own = np.array([p[str(Ranking.SELF_VALIDATION)].auc for p in problems])
        means = {name: bootstrap_mean(value) for name, value in values.items()}
        gain = bootstrap_mean(values["auc"] - own)
        cells = [f"{m.estimate:.3f} [{m.low:.3f}, {m.high:.3f}]" for m in means.values()]
        rows.append((ranking, *cells, f"{gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"))
        data[ranking] = {name: vars(m) for name, m in means.items()} | {"auc_gain": vars(gain)}
    columns = ("ranking", *MEASURES, "AUC against self-validation")
    return Sheet(title=title, columns=columns, rows=tuple(rows), remarks=(remark,)), data


def damping(judged: Sequence[Matrix]) -> tuple[Sheet, dict[str, Any]]:
    """Self-validation's two settings, on all programs and tests."""
    rows, data = [], {}
    for d, iterations in product((0.1, 0.5, 0.85, 1.0), (1, 3, 10)):
        scores = [
            ranking_quality(rank(m.link, Ranking.SELF_VALIDATION, damping=d, iterations=iterations), m.samples.labels)
            for m in judged
        ]
        found = [quality for quality in scores if quality is not None]
        auc, pair = bootstrap_mean([q.auc for q in found]), bootstrap_mean([q.pair for q in found])
        rows.append((f"{d}", f"{iterations}", *(f"{m.estimate:.3f} [{m.low:.3f}, {m.high:.3f}]" for m in (auc, pair))))
        data[f"d={d},T={iterations}"] = {"auc": vars(auc), "pair": vars(pair)}
    return Sheet(title="Self-validation's d and T", columns=("d", "T", "AUC", "pair"), rows=tuple(rows)), data


def main(argv: Sequence[str]) -> int:
    """Ranks and reports."""
    options, machine = parse(argv), Machine()
    judged = matrices(options)
    whole = {
        matrix.samples.task_id: found
        for matrix in track(judged, description="all", console=_console)
        if (found := qualities([(matrix.link, matrix.samples.labels)], 0))
    }
    small = [
        found
        for place, matrix in enumerate(track(judged, description="subsets", console=_console))
        if (found := qualities(subsets(matrix, options, place), options.seed))
    ]
    cells = sum(len(m.rows) * len(m.tests) for m in judged)
    explained = (
        "spearman, auc: of scores and truth over a problem's programs; top: the first program is right (drawn among "
        "ties); pair: of a best-against-worst pair the best is right and the worst is wrong; reversed: the other way "
        "round. Means over problems that have right and wrong programs, 95 % bootstrap intervals over problems. "
        f"{cells:,} cells; a program had {MATRIX_LIMITS.cpu_seconds} s of CPU "
        f"time a test and {MATRIX_LIMITS.program_cpu_seconds} s for all."
    )
    all_sheet, all_data = sheet(
        f"All: 100 programs, all tests, {len(whole)} of {len(judged)} problems", list(whole.values()), explained
    )
    size = options.size
    small_sheet, small_data = sheet(
        f"Random subsets: {size} programs x {size} tests, {options.draws} of each of {len(small)} problems",
        small,
        "Only subsets with right and wrong programs count; problems with fewer tests than that are left out.",
    )
    damping_sheet, damping_data = damping(judged)
    sheets = [all_sheet, small_sheet, damping_sheet]
    for one in sheets:
        one.show(Console())
    data = {
        "all": all_data,
        "subsets": small_data,
        "damping": damping_data,
        "problems": {task_id: {name: asdict(q) for name, q in found.items()} for task_id, found in whole.items()},
    }
    command = "python benchmarks/codedpo_ranking.py " + " ".join(argv)
    page = Report(name="codedpo_ranking", command=command.strip(), machine=machine, sheets=sheets, data=data).write(
        options.out
    )
    _console.print(f"written: {page}", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
