from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.evaluation.evaluator import Evaluator
from agents.evaluation.model_tests import ModelTests, read_model_tests
from codegym import CallTest, Judge, Problem
from codegym.errors import DataError
from codegym.store import Store

GOOD, WRONG, OTHER = "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n", "def f(x):\n    return 3\n"
PROBLEM = Problem(task_id="p", prompt="Add 1.", entry_point="f", tests=(CallTest(args=(7,), expected=8),))
RIGHT = ("assert f(1) == 2", "Of course:\n```python\nassert f(2) == 3\nassert f(0) == 1\n```", "assert f(")


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as judge:
        yield judge


def reranked(judge: Judge, programs: list[str], texts: tuple[str, ...]) -> dict[str, float]:
    evaluator = Evaluator(judge=judge, k=(1,), tests={"p": ModelTests(texts=texts)})
    result = evaluator.evaluate([{"task_id": "p", "completion": text} for text in programs], [PROBLEM])
    return {name: interval.estimate for name, interval in result.reranked.items()}


def test_right_tests_find_the_right_program(judge: Judge) -> None:
    found = reranked(judge, [WRONG, GOOD, OTHER], RIGHT)
    assert found == {f"model_tests_{name}": 1.0 for name in ("count", "dual_agreement", "self_validation")}


def test_wrong_programs_and_tests_that_agree_win_by_their_number(judge: Judge) -> None:
    seven = [f"{WRONG}# {number}\n" for number in range(7)]
    five = [f"{GOOD}# {number}\n" for number in range(5)]
    wrong = tuple(f"assert f({number}) == {number}" for number in range(10, 17))
    right = tuple(f"assert f({number}) == {number + 1}" for number in range(20, 28))
    found = reranked(judge, [*seven, *five], (*wrong, *right))  # 7 x 7 against 5 x 8: the known weakness
    assert found == {"model_tests_count": 1.0, "model_tests_dual_agreement": 0.0, "model_tests_self_validation": 0.0}


def test_problems_without_a_test_that_runs_have_no_say(judge: Judge) -> None:
    assert reranked(judge, [WRONG, GOOD], ("no assert here", "assert g(1) == 2")) == {}


def test_a_policy_writes_its_own_tests(judge: Judge, model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    from agents.engines.sampling import Sampling
    from agents.evaluation.writing import Writer
    from agents.policy.policy import LMPolicy
    from agents.rollout.sampler import Sampler

    policy = LMPolicy.load(model_folder("qwen2"), device="cpu")
    with Store(tmp_path / "s") as store:
        writer = Writer(sampler=Sampler(policy=policy, sampling=Sampling(max_new_tokens=6), store=store), n=2)
        first = writer.tests([PROBLEM], 3)
        entries = len(store)
        assert [len(tests.texts) for tests in first.values()] == [3]
        assert writer.tests([PROBLEM], 3) == first
        assert len(store) == entries == 1
        assert [sample.completion for sample in writer.programs([PROBLEM])] != list(first["p"].texts[:2])


def test_files_of_tests(tmp_path: Path) -> None:
    rows = [
        {"task_id": "a", "tests": ["assert f(1) == 2"]},
        {"task_id": "b", "generated_tests": [" f(2) == 3"], "test_prompt": "def f(x):\n    pass\n\nassert"},
        {"task_id": "a", "tests": ["assert f(2) == 3"]},
    ]
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    assert read_model_tests(tmp_path / "t.jsonl.gz") == {
        "a": ModelTests(texts=("assert f(1) == 2", "assert f(2) == 3")),
        "b": ModelTests(texts=(" f(2) == 3",), opening="assert "),
    }
    for text, complaint in (("{}", "expected a task_id and a list"), ("{", "not JSON"), ("\n", "holds no tests")):
        (tmp_path / "bad.jsonl").write_text(text)
        with pytest.raises(DataError, match=complaint):
            read_model_tests(tmp_path / "bad.jsonl")
    with pytest.raises(DataError, match="cannot read the tests file"):
        read_model_tests(tmp_path / "none.jsonl")
