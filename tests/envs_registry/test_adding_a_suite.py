"""The example of docs/suites.md is a working suite."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from codegym.errors import DataError
from envs_registry import catalogue
from envs_registry.loading import load_suite

DOCS = Path(__file__).parents[2] / "docs" / "suites.md"


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> None:
    text = DOCS.read_text("utf-8")
    code = re.search(r"```python\n(\"\"\"Double.*?)```", text, re.DOTALL)
    line = re.search(r"```python\n    \"double\": (SuiteEntry\(.*?\)),\n```", text, re.DOTALL)
    assert code
    assert line
    assert code[1].count("\n") <= 40
    module = types.ModuleType("envs_registry.suites.double")
    exec(compile(code[1], str(DOCS), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(catalogue.CATALOGUE, "double", eval(line[1], vars(catalogue)))


@pytest.mark.usefixtures("double")
def test_the_example_works(tmp_path: Path) -> None:
    row = '{"id": %d, "text": "Double.", "function": "f", "cases": [[1, 2]], "answers": ["def f(x): return 2 * x"]}\n'
    path = tmp_path / "double-train.jsonl"
    path.write_text(row % 1 + row % 2)
    suite = load_suite("double", data_dir=tmp_path, prompt="polite")
    assert suite.task_ids == ("double/1", "double/2")
    assert suite[0].prompt == "Double. Please."
    path.write_text(row % 1 + row % 1 + '{"id": 3, "text": "x"}\n')
    with pytest.raises(DataError, match=r"2 rows are at fault"):
        load_suite("double", data_dir=tmp_path)
