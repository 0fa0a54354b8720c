"""Samples files: what is read, what is put together, and asserts of a task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.scoring.task_samples import TaskSamples, read_task_samples, task_samples_of
from codegym.errors import DataError

TASK = TaskSamples(
    task_id="t/1",
    prompt="p",
    completions=("a", "b"),
    test_texts=("assert f(1) == 2",),
    entry_point="f",
    labels=(True, False),
    source="tiny@0",
)


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert read_task_samples(write(tmp_path / "s.jsonl", TASK.to_row())).tasks == (TASK,)
    assert task_samples_of(TASK.to_row()) == TASK


def test_lines_of_one_task_are_put_together(tmp_path: Path) -> None:
    more = {**TASK.to_row(), "completions": ["c"], "test_texts": [], "labels": [True], "source": "tiny@5"}
    other = {**TASK.to_row(), "task_id": "t/2"}
    first, second = read_task_samples(write(tmp_path / "s.jsonl", TASK.to_row(), other, more)).tasks
    assert (first.completions, first.labels, first.source) == (("a", "b", "c"), (True, False, True), "tiny@0, tiny@5")
    assert first.test_texts == TASK.test_texts
    assert second.task_id == "t/2"
    unlabelled = {**more, "labels": []}
    assert read_task_samples(write(tmp_path / "s.jsonl", TASK.to_row(), unlabelled)).tasks[0].labels == ()


def test_names_of_the_task_may_stand_in_its_tests() -> None:
    samples = TaskSamples(
        task_id="t",
        prompt="p",
        completions=("    return decode(x)",),
        test_texts=("assert decode(f('a')) == 'a'\nassert helper(f(1)) == 1\nassert other(f(1)) == 1\n",),
        entry_point="f",
        starter_code="def decode(x):\n    return x\n\ndef f(x):\n",
        context="def helper(x):\n    return x\n",
    )
    assert samples.asserts().sources == ("assert decode(f('a')) == 'a'", "assert helper(f(1)) == 1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompt": None}, "prompt must be a text, got nothing"),
        ({"completions": "a"}, "completions must be a list of texts, got str"),
        ({"test_texts": [1]}, "test_texts must be a list of texts"),
        ({"labels": [True]}, "one label for each of the 2 programs"),
        ({"entry_point": 3}, "entry_point must be a text"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        task_samples_of({**TASK.to_row(), **change})
