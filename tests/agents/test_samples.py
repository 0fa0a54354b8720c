from pathlib import Path

import pytest

from agents.samples import ProgramSample, read_samples, write_samples
from codegym.errors import DataError


def test_round_trip(tmp_path: Path) -> None:
    samples = [ProgramSample("a/1", "    return 1\n"), ProgramSample("a/2", 'é"\n\ud800')]
    write_samples(tmp_path / "deep" / "samples.jsonl", samples)
    read = read_samples(tmp_path / "deep" / "samples.jsonl")
    assert [(s.task_id, s.completion) for s in read] == [(s.task_id, s.completion) for s in samples]
    assert read[1].place.endswith("samples.jsonl:2")


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


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    write_samples(file, [ProgramSample("a", "b")])

    def breaking() -> object:
        yield ProgramSample("c", "d")
        raise RuntimeError("generation failed")

    with pytest.raises(RuntimeError, match="generation failed"):
        write_samples(file, breaking())  # type: ignore[arg-type]
    assert [s.task_id for s in read_samples(file)] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["s.jsonl"]
