from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym import Judge, ScriptTest
from codegym.errors import DataError
from envs_registry.evalplus import without_numpy
from envs_registry.loading import load_suite


def stand_in() -> type:
    namespace: dict[str, type] = {}
    exec(without_numpy("import numpy as np\n"), namespace)
    return namespace["np"]


@pytest.mark.parametrize(
    ("out", "exp"),
    [
        (1.0, 1.0 + 1e-9),
        (1.0, 1.1),
        ([1.0, 2.0], [1.0, 2.0 + 1e-8]),
        ([1.0, 2.0], (1.0, 2.0)),
        ([1.0, 2.0], [1.0, 3.0]),
        ([[1.0], [2.0]], [1.0, 2.0]),
        (1.0, [1.0, 1.0]),
        ([], []),
        ([], [1.0]),
        (float("inf"), float("inf")),
        (float("inf"), 1.0),
        (1.0, float("inf")),
        (float("-inf"), float("inf")),
        (float("nan"), float("nan")),
        ([[1.0], [2.0]], [[1.0, 1.0], [2.0, 2.0]]),
        ([1, True], [1, 1]),
        (1e9, 1e9 + 1),
        (1j, 1j),
    ],
)
def test_the_stand_in_agrees_with_numpy(out: object, exp: object) -> None:
    numpy = pytest.importorskip("numpy")
    assert stand_in().allclose(out, exp, rtol=1e-07, atol=1e-6) == bool(numpy.allclose(out, exp, rtol=1e-07, atol=1e-6))


@pytest.mark.parametrize(("out", "exp"), [([1.0, 2.0], [1.0, 2.0, 3.0]), ("a", 1.0), (None, 1.0), ([None], [1.0])])
def test_the_stand_in_refuses_what_numpy_refuses(out: object, exp: object) -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises((TypeError, ValueError)):
        numpy.allclose(out, exp)
    with pytest.raises(Exception, match=r"."):
        stand_in().allclose(out, exp)


def test_tests_that_do_not_parse_are_named(tmp_path: Path) -> None:
    row = {
        "task_id": "HumanEval/0",
        "prompt": "def f(x):\n",
        "entry_point": "f",
        "canonical_solution": "    return x\n",
    }
    (tmp_path / "HumanEvalPlus-OriginFmt.jsonl").write_text(json.dumps({**row, "test": "def check(:"}))
    with pytest.raises(DataError, match=r":1 \(HumanEval/0\): field 'test' is not Python that parses"):
        load_suite("humanevalplus", data_dir=tmp_path)[0]
    code = {"task_id": 2, "prompt": "f", "code": "def f(x): return x", "test_list": ["assert f(1) == 1"]}
    (tmp_path / "MbppPlus-OriginFmt.jsonl").write_text(json.dumps({**code, "test": "assert ("}))
    with pytest.raises(DataError, match=r":1 \(2\): field 'test' is not Python that parses"):
        load_suite("mbppplus", data_dir=tmp_path)[0]


def test_humanevalplus(data: Path) -> None:
    suite = load_suite("humanevalplus", data_dir=data)
    assert len(suite) == 164
    assert set(suite.known_bad) == {"HumanEval/32"}
    for problem in suite[:10]:
        assert isinstance(problem.tests[-1], ScriptTest)
        assert "import numpy" not in problem.tests[-1].source


def test_more_inputs_refuse_what_humaneval_lets_pass(data: Path) -> None:
    weak = load_suite("humaneval", data_dir=data).by_id("HumanEval/0")
    strong = load_suite("humanevalplus", data_dir=data).by_id("HumanEval/0")
    program = (
        "def has_close_elements(numbers, threshold):\n"
        "    if len(numbers) > 8 or not numbers or threshold > 1: return len(numbers) > 1\n"
        "    return any(abs(a - b) < threshold for i, a in enumerate(numbers) for b in numbers[:i])\n"
    )
    with Judge(workers=1) as judge:
        assert judge.judge(weak, program).is_success
        assert not judge.judge(strong, program).is_success
        assert judge.judge(strong, strong.solutions[0]).is_success


def test_mbppplus(data: Path) -> None:
    suite = load_suite("mbppplus", data_dir=data)
    assert len(suite) == 378
    problem = suite.by_id("Mbpp/2")
    assert problem.entry_point == "similar_elements"
    assert problem.prompt.count("assert") == 1
    assert [test.public for test in problem.tests] == [True, False]
