import gzip
import json
from pathlib import Path

import pytest

from agents.evaluation.samples import read_samples
from codegym.errors import DataError


def test_completions_are_read_as_they_are(tmp_path: Path) -> None:
    texts = ["    return 1\n", 'é"\n\ud800']
    lines = [json.dumps({"task_id": f"a/{i}", "completion": text}) + "\n" for i, text in enumerate(texts)]
    (tmp_path / "s.jsonl").write_text("".join(lines))
    (tmp_path / "s.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode()))
    for name in ("s.jsonl", "s.jsonl.gz"):
        read = read_samples(tmp_path / name)
        assert [s.completion for s in read] == texts
        assert read[1].location.endswith(f"{name}:2")


def test_a_folder_for_each_problem(tmp_path: Path) -> None:
    for name in ("HumanEval_0/10.py", "HumanEval_0/2.py", "HumanEval_1/0.py", "unknown/0.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# {name}")
    read = read_samples(tmp_path, ["HumanEval/0", "HumanEval/1"])
    assert [(s.task_id, s.completion) for s in read] == [
        ("HumanEval/0", "# HumanEval_0/2.py"),
        ("HumanEval/0", "# HumanEval_0/10.py"),
        ("HumanEval/1", "# HumanEval_1/0.py"),
        ("unknown", "# unknown/0.py"),
    ]
    with pytest.raises(DataError, match=r"expected a folder for each problem"):
        read_samples(tmp_path / "unknown")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not JSON"),
        ("[1]", "got a list"),
        ('{"task_id": "a"}', "completion must be a text, got nothing"),
        ('{"task_id": 1, "completion": ""}', "task_id must be a text, got int"),
    ],
)
def test_bad_lines_are_named_by_file_and_line(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"task_id": "a", "completion": "b"}\n\n' + line + "\n")
    with pytest.raises(DataError, match=rf"bad\.jsonl:3: .*{complaint}"):
        read_samples(file)


def test_evalplus_calls_it_a_solution(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"task_id": "a", "solution": "def f(): pass"}')
    assert read_samples(tmp_path / "s.jsonl")[0].completion == "def f(): pass"


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the samples file"):
        read_samples(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match="holds no samples"):
        read_samples(tmp_path / "empty.jsonl")
