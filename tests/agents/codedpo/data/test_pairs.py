"""The pairs file: what is written is read again, what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.codedpo.data.pairs import PairKind, Preference, read_pairs, write_pairs
from codegym.errors import DataError

PAIR = Preference(
    prompt="def f(x):\n",
    chosen="    return x\n",
    rejected="    return '\ud800é'\n",
    score_chosen=0.75,
    score_rejected=0.25,
    kind=PairKind.EFFICIENCY,
    task_id="t/1",
    source="tiny@0",
    tests_chosen="assert f(1) == 1",
    seconds_rejected=0.5,
    error="NameError",
    error_start=3,
    error_end=4,
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert write_pairs(tmp_path / "deep" / "pairs.jsonl", [PAIR, PAIR]) == 2
    assert read_pairs(tmp_path / "deep" / "pairs.jsonl") == [PAIR, PAIR]


def test_the_hub_s_columns_are_there(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.jsonl", [PAIR])
    row = json.loads((tmp_path / "pairs.jsonl").read_text())
    assert (row["prompt"], row["chosen"], row["score_chosen"], row["kind"]) == (
        PAIR.prompt,
        PAIR.chosen,
        0.75,
        "efficiency",
    )


def test_a_third_party_file_needs_the_three_texts_only(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"prompt": "p", "chosen": "c", "rejected": "r", "other": 3}\n\n')
    assert read_pairs(file) == [Preference(prompt="p", chosen="c", rejected="r")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"prompt": "p", "chosen": "c"}', "pairs.jsonl:1: rejected is missing"),
        ('{"prompt": "p", "chosen": 3, "rejected": "r"}', "chosen must be a text, got a int"),
        ('{"prompt": "p", "chosen": "c", "rejected": "r", "score_chosen": "1"}', "score_chosen must be a number"),
        ('{"prompt": "p", "chosen": "c", "rejected": "r", "error_start": 1.5}', "error_start must be a whole number"),
        ('{"prompt": "p", "chosen": "c", "rejected": "r", "kind": "speed"}', "kind must be one of"),
        ("[1]", "expected a JSON object"),
        ("{", "not JSON"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "pairs.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=said.replace("[", r"\[")):
        read_pairs(tmp_path / "pairs.jsonl")


def test_a_failing_writer_leaves_the_old_file(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.jsonl", [PAIR])

    def broken() -> list[Preference]:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        write_pairs(tmp_path / "pairs.jsonl", (pair for pair in [PAIR] if broken()))
    assert read_pairs(tmp_path / "pairs.jsonl") == [PAIR]
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        read_pairs(tmp_path / "nothing.jsonl")
