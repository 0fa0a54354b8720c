from __future__ import annotations

import pickle

import pytest

from codegym.errors import CodegymError, InvalidSettingError, MissingExtraError, UnknownNameError


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("trian", ["train", "test"], "Did you mean 'train'?"),
        ("x", ["train", "test"], "Known: train, test."),
        ("?", [f"task/{n}" for n in range(30)], "There are 30, from 'task/0' to 'task/29'."),
    ],
)
def test_an_unknown_name_comes_with_those_that_exist(name: str, known: list[str], hint: str) -> None:
    assert str(UnknownNameError("split", name, known)) == f"unknown split {name!r}. {hint}"
    error = UnknownNameError("split", name, known, "samples.jsonl:3")
    assert str(error) == f"samples.jsonl:3: unknown split {name!r}. {hint}"


def test_errors_with_parts_survive_the_way_to_another_process() -> None:
    for error in (UnknownNameError("task", "a", ["b"], "file:1"), MissingExtraError("vllm", "vllm")):
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), vars(again)) == (str(error), vars(error))


def test_a_bad_setting_is_caught_as_ours_or_as_pythons() -> None:
    assert issubclass(InvalidSettingError, CodegymError)
    assert issubclass(InvalidSettingError, ValueError)
    assert issubclass(UnknownNameError, LookupError)
