from __future__ import annotations

from pathlib import Path

import pytest

from codegym import CallTest, Judge, ScriptTest
from codegym.errors import DataError
from envs_registry.loading import load_suite, read_suite


def test_real_data(data: Path) -> None:
    suite = load_suite("quixbugs", data_dir=data)
    assert len(suite) == 31
    hanoi = suite.by_id("quixbugs/hanoi")
    assert hanoi.tests[1] == CallTest(args=(1, 1, 3), expected=[(1, 3)])
    assert isinstance(suite.by_id("quixbugs/flatten").tests[0], ScriptTest)
    assert all(len(p.solutions) == len(p.mutants) == 1 and p.solutions != p.mutants for p in suite)
    with_slow = load_suite("quixbugs", data_dir=data, slow=True)
    assert sum(len(p.tests) for p in with_slow) == sum(len(p.tests) for p in suite) + 2


def test_repair_shows_the_bug(data: Path) -> None:
    problem = load_suite("quixbugs", data_dir=data, task="repair").by_id("quixbugs/gcd")
    assert problem.mutants[0].strip() in problem.prompt
    assert problem.solutions[0].strip() not in problem.prompt


def test_square_roots_may_be_off_by_epsilon(data: Path) -> None:
    problem = load_suite("quixbugs", data_dir=data).by_id("quixbugs/sqrt")
    with Judge(workers=1) as judge:
        assert judge.judge(problem, "def sqrt(x, epsilon):\n    return x ** 0.5\n").is_success
        assert not judge.judge(problem, "def sqrt(x, epsilon):\n    return x ** 0.5 + 2 * epsilon\n").is_success


def test_a_malformed_case_is_named(tmp_path: Path) -> None:
    for folder in ("json_testcases", "python_programs", "correct_python_programs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "python_programs" / "gcd.py").write_text('def gcd(a, b):\n    return a\n\n"""\nGCD\n"""\n')
    (tmp_path / "correct_python_programs" / "gcd.py").write_text("def gcd(a, b):\n    return b\n")
    (tmp_path / "json_testcases" / "gcd.json").write_text("[[17, 0], 17]\n[[1, 2]\n")
    with pytest.raises(DataError, match=r"gcd\.json:2: expected \[arguments, result\]"):
        load_suite("quixbugs", data_dir=tmp_path)
    (tmp_path / "json_testcases" / "sieve.json").write_text("[[2], [2]]\n")
    (tmp_path / "json_testcases" / "gcd.json").write_text("[[17, 0], 17]\n")
    with pytest.raises(DataError, match=r"cannot read the suite file .*sieve\.py"):
        load_suite("quixbugs", data_dir=tmp_path)
    assert read_suite("quixbugs", data_dir=tmp_path).suite.task_ids == ("quixbugs/gcd",)
