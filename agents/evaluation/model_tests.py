"""Tests that a model wrote, and what they say about programs: CodeT's and CodeDPO's ways to choose one of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.evaluation.evaluation import expected_success
from agents.evaluation.judged_program import JudgedProgram
from agents.scoring.asserts import opening_of
from agents.scoring.matrix import Matrix, MatrixJudge
from agents.scoring.ranking import Ranking, rank
from agents.scoring.task_samples import TaskSamples
from codegym import Judge, Problem, json_lines
from codegym.errors import DataError
from codegym.store import Store

RERANKERS = (Ranking.COUNT, Ranking.DUAL_AGREEMENT, Ranking.SELF_VALIDATION)
_EXAMPLE = '{"task_id": "HumanEval/0", "tests": ["assert f(1) == 2"]}'


@dataclass(frozen=True, kw_only=True)
class ModelTests:
    """A model's tests of one problem."""

    texts: tuple[str, ...]
    """The model's texts: asserts, with or without prose and fences."""
    opening: str = ""
    """What each text continues: ``"assert "`` where the prompt ended so."""


def read_model_tests(path: Path) -> dict[str, ModelTests]:
    """Reads tests: a JSON object a line (the file may end in ``.gz``) with ``task_id`` and ``tests``, a list of texts.

    Lines of CodeT's samples (``generated_tests``, ``test_prompt``) are read as well.

    Raises:
        DataError: If the file is missing, or a line is not what it should be; the message names file and line.
    """
    found: dict[str, ModelTests] = {}
    for number, row in json_lines.read(path, "tests"):
        task_id, tests = _tests(row, json_lines.location(path, number))
        earlier = found.get(task_id, ModelTests(texts=()))
        # CodeT's files have several lines for one task.
        found[task_id] = ModelTests(texts=earlier.texts + tests.texts, opening=tests.opening)
    if not found:
        raise DataError(f"{path} holds no tests; expected lines like {_EXAMPLE}.")
    return found


def choices(
    problems: Iterable[Problem],
    programs: Mapping[str, Sequence[JudgedProgram]],
    tests: Mapping[str, ModelTests],
    judge: Judge,
    store: Store | None = None,
) -> Iterator[tuple[str, dict[str, float]]]:
    """Runs every program of a problem against the model's tests and says how often the best by each ranking is right.

    Args:
        problems: Problems that the programs answer.
        programs: The judged programs by task; nothing of their verdicts is used to choose.
        tests: The model's tests by task.
        judge: Judge that runs the tests.
        store: Keeps what was run; None keeps nothing.

    Yields:
        Task ids with the chance, for each ranking, that the program it puts first passes the problem's own tests;
        problems without programs or without a test that can be run are left out.
    """
    tasks = []
    for problem in problems:
        final = [p for p in programs.get(problem.task_id, ()) if p.is_final and p.has_verdict]
        # Asserts call an entry point: problems that read standard input have none.
        if final and problem.entry_point and problem.task_id in tests:
            tasks.append(_task(problem, final, tests[problem.task_id]))
    for matrix in MatrixJudge(judge, store).fill(tasks):
        # A cell that the machine failed on would count as a failed test and change the choice.
        if matrix.tests and matrix.is_complete:
            yield matrix.samples.task_id, _chances(matrix)


def _task(problem: Problem, programs: Sequence[JudgedProgram], tests: ModelTests) -> TaskSamples:
    return TaskSamples(
        task_id=problem.task_id,
        prompt=problem.prompt,
        completions=tuple(program.completion for program in programs),
        test_texts=tests.texts,
        test_opening=tests.opening,
        entry_point=problem.entry_point,
        starter_code=problem.starter_code,
        context=problem.context,
        labels=tuple(program.is_success for program in programs),
    )


def _chances(matrix: Matrix) -> dict[str, float]:
    scores = {ranking: rank(matrix.link, ranking).programs for ranking in RERANKERS}
    return {
        f"model_tests_{ranking}": expected_success(found, matrix.samples.labels) for ranking, found in scores.items()
    }


def _tests(row: json_lines.JSONObject, location: str) -> tuple[str, ModelTests]:
    task_id, texts = row.get("task_id"), row.get("tests", row.get("generated_tests"))
    if not isinstance(task_id, str) or not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{location}: expected a task_id and a list of texts named tests, as in {_EXAMPLE}.")
    return task_id, ModelTests(texts=tuple(texts), opening=opening_of(str(row.get("test_prompt", ""))))
