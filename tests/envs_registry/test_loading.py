from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from codegym.errors import DataError, UnknownNameError
from envs_registry.catalogue import CATALOGUE, list_suites
from envs_registry.loading import load_suite, options_of


def test_unknown_names_are_answered() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'humaneval'"):
        load_suite("humanevel")
    with pytest.raises(UnknownNameError, match="Did you mean 'validation'"):
        load_suite("mbpp", "valid")
    with pytest.raises(UnknownNameError, match=r"option of suite 'mbpp' 'shoots'. Did you mean 'shots'"):
        load_suite("mbpp", shoots=3)


@pytest.mark.usefixtures("no_data")
def test_missing_data_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"no file HumanEval\.jsonl\.gz .*neither data_dir.*CODEGYM_DATA"):
        load_suite("humaneval")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent does not exist"):
        load_suite("humaneval", data_dir=tmp_path / "absent")


def test_another_suites_files_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mbpp").mkdir()
    (tmp_path / "HumanEval.jsonl").write_text('{"task_id": "x"}')
    monkeypatch.setenv("CODEGYM_DATA", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="no file HumanEval"):
        load_suite("humaneval")


def test_data_dir_may_be_the_parent_the_folder_or_the_file(data: Path) -> None:
    for place in (data, data / "humaneval", data / "humaneval" / "HumanEval.jsonl.gz"):
        assert len(load_suite("humaneval", data_dir=place)) == 164


@pytest.mark.parametrize("name", list_suites())
def test_every_line_of_the_catalogue_leads_somewhere(name: str) -> None:
    entry = CATALOGUE[name]
    assert not entry.splits or entry.default_split in entry.splits
    assert entry.title
    options_of(entry)


@pytest.mark.parametrize(
    "name", ["humaneval", "humanevalplus", "mbppplus", "apps", "leetcode", "codecontests", "quixbugs"]
)
def test_suites_may_be_sent_to_other_processes(data: Path, name: str) -> None:
    suite = load_suite(name, data_dir=data)
    copied = pickle.loads(pickle.dumps(suite[:2]))
    assert [problem.task_id for problem in copied] == list(suite.task_ids[:2])
