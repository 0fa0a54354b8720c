"""``codegym rank``: which programs of a samples file are credible, judged by the tests in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from rich.table import Table

from agents.codedpo.data.pairing import PairRules, PairSet
from agents.codedpo.data.pipeline import PairPipeline, PipelineSettings
from agents.commands.options import Json, Workers
from agents.commands.output_paths import check_output_file, make_output_folder
from agents.commands.terminal import OUT, note_left_out, say, say_facts, say_json
from agents.evaluation.bootstrap import bootstrap_mean
from agents.progress import ProgressDisplay
from agents.scoring.matrix import MATRIX_LIMITS, Matrix
from agents.scoring.ranking import Ranking, Scores, rank
from agents.scoring.ranking_quality import ranking_quality
from agents.scoring.task_samples import SamplesFile, read_task_samples
from codegym import Judge, json_lines


@dataclass(frozen=True)
class Rank:
    """Run every program against every test of its task, and score both by each other."""

    file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
    """JSONL file (.gz too) with task_id, prompt, entry_point, completions and test_texts, or with CodeT's solutions and
    generated_tests."""
    tests: Path | None = None
    """JSONL file with the tests, where programs and tests are in two files of lines with prompt and samples (CodeT)."""
    out: Path | None = None
    """JSONL file to write the scores of each task to."""
    run_dir: Path | None = None
    """Folder that keeps the matrix and gets the pairs and their card; a run that was killed goes on from it."""
    compare: bool = False
    """Compare all rankings with the labels in the file, not only the chosen one."""
    workers: Workers = None
    rules: Annotated[PairRules, tyro.conf.OmitArgPrefixes, tyro.conf.EnumChoicesFromValues] = field(
        default_factory=PairRules
    )
    """Which ranking, and which pairs are made."""
    json: Json = False

    def run(self) -> int:
        """Ranks; returns 0 if programs were told apart in some task and 1 if in none.

        Raises:
            DataError: If the file is missing, or nothing in it can be used.
            InvalidSettingError: If the results cannot be written where they shall go.
        """
        # Both outputs are tried now: judging may take hours, and its result must have somewhere to go.
        samples = read_task_samples(self.file, self.tests)
        note_left_out(samples.skipped)
        if self.out is not None:
            check_output_file("--out", self.out)
        if self.run_dir is not None:
            make_output_folder("--run-dir", self.run_dir)
        with Judge(self.workers) as judge, ProgressDisplay(self.json) as display:
            settings = PipelineSettings(rules=self.rules, limits=MATRIX_LIMITS)
            pipeline = PairPipeline(self.run_dir, judge, settings, display.follow)
            matrices = pipeline.matrices(samples.tasks)
            made = None if self.run_dir is None else pipeline.from_matrices(matrices)
        scored = [(matrix, self._scores(matrix, self.rules.ranking)) for matrix in matrices]
        if self.out is not None:
            json_lines.write(self.out, (_row(matrix, scores) for matrix, scores in scored))
        self._report(samples, scored, made)
        return 0 if any(not scores.is_flat for _, scores in scored) else 1

    def _scores(self, matrix: Matrix, ranking: Ranking) -> Scores:
        rules = self.rules
        return rank(matrix.link, ranking, damping=rules.damping, iterations=rules.iterations, seed=rules.tie_seed)

    def _report(self, samples: SamplesFile, scored: Sequence[tuple[Matrix, Scores]], made: PairSet | None) -> None:
        matrices = [matrix for matrix, _ in scored]
        facts = {
            "tasks": len(scored),
            "programs": sum(len(matrix.rows) for matrix in matrices),
            "tests": sum(len(matrix.tests) for matrix in matrices),
            "cells": sum(len(matrix.rows) * len(matrix.tests) for matrix in matrices),
            "ranking": str(self.rules.ranking),
            "told_apart": sum(not scores.is_flat for _, scores in scored),
            "without_tests": sum(not matrix.tests for matrix in matrices),
            "lines_left_out": len(samples.skipped),
            "asserts_refused": dict(sum((Counter(matrix.refused) for matrix in matrices), Counter[str]())),
        }
        if made is not None:
            facts["pairs"] = len(made.pairs)
        qualities = dict(self._qualities(matrices))
        if self.json:
            say_json({**facts, "against_labels": qualities})
            return
        say_facts(facts)
        if qualities:
            OUT.print(_table(qualities))
        if made is not None:
            say(f"written: {self.run_dir}")

    def _qualities(self, matrices: Sequence[Matrix]) -> Iterator[tuple[str, dict[str, dict[str, float]]]]:
        for ranking in Ranking if self.compare else (self.rules.ranking,):
            found = [
                ranking_quality(self._scores(matrix, ranking), matrix.samples.labels)
                for matrix in matrices
                # Most samples have no labels: only those that have some can say how good a ranking is.
                if matrix.samples.labels
            ]
            # Tasks whose programs are all right, or all wrong, say nothing about a ranking.
            rows = [vars(quality) for quality in found if quality is not None]
            if rows:
                yield str(ranking), {name: vars(bootstrap_mean([row[name] for row in rows])) for name in rows[0]}


def _row(matrix: Matrix, scores: Scores) -> dict[str, Any]:
    return {
        "task_id": matrix.samples.task_id,
        # Nine digits: the last ones differ between machines, and would make equal scores look different.
        "scores": np.round(scores.programs, 9).tolist(),
        "tests": list(matrix.tests),
        "test_scores": np.round(scores.tests, 9).tolist(),
        "outcomes": list(matrix.rows),
        "refused": {str(refusal): number for refusal, number in matrix.refused.items()},
    }


def _table(qualities: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    names = list(next(iter(qualities.values())))
    table = Table("ranking", *names, title="against the labels: means over tasks with right and wrong programs, 95 %")
    for ranking, values in qualities.items():
        table.add_row(ranking, *(f"{v['estimate']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for v in values.values()))
    return table
