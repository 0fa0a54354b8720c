"""The matrix: right cells, bad tests kept away from the others, nothing judged twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.scoring.asserts import AssertRejectReason
from agents.scoring.matrix import Matrix, MatrixJudge
from agents.scoring.task_samples import TaskSamples
from codegym.judge import Judge
from codegym.sandbox.limits import Limits
from codegym.store import Store

QUICK = Limits(cpu_seconds=0.2, program_cpu_seconds=0.5, wall_seconds=3.0)


def task(completions: list[str], tests: list[str], **more: str) -> TaskSamples:
    return TaskSamples(
        **{
            "task_id": "t",
            "prompt": "Double it.",
            "completions": tuple(completions),
            "test_texts": ("\n".join(tests),),
            "entry_point": "f",
            **more,  # type: ignore[arg-type]
        }
    )


def fill(judge: Judge, samples: TaskSamples, store: Store | None = None, limits: Limits = QUICK) -> Matrix:
    (matrix,) = MatrixJudge(judge, store, limits).fill([samples])
    return matrix


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "cells") as store:
        yield store


def test_every_program_meets_every_test(judge: Judge) -> None:
    programs = [
        "def f(x):\n    return 2 * x\n",
        "def f(x):\n    return x + 1\n",
        "def f(x):\n    return 2 / 0\n",
        "def g(x):\n    return 2 * x\n",
        "def f(x:\n",
        "def f(x):\n    return 2 * x\n",
    ]
    tests = ["assert f(1) == 2", "assert f(2) == 4", "assert sorted([f(3), 1]) == [1, 6]", "assert not f(0)"]
    matrix = fill(judge, task(programs, tests))
    assert matrix.rows == ("PPPP", "PFFF", "EEEE", "EEEE", "EEEE", "PPPP")
    assert matrix.link.tolist()[:2] == [[1, 1, 1, 1], [1, 0, 0, 0]]
    assert matrix.is_complete


def test_a_bare_body_continues_the_starter_code(judge: Judge) -> None:
    matrix = fill(judge, task(["    return 2 * x\n"], ["assert f(1) == 2"], starter_code="def f(x):\n"))
    assert matrix.rows == ("P",)


def test_a_program_is_loaded_once_for_all_tests(judge: Judge) -> None:
    counting = "calls = 0\ndef f(x):\n    global calls\n    calls += 1\n    return calls\n"
    assert fill(judge, task([counting], [f"assert f({n}) == {n}" for n in range(1, 6)])).rows == ("PPPPP",)


def test_one_bad_test_does_not_spoil_the_others(judge: Judge) -> None:
    killer = "import os\ndef f(x):\n    if x == 7: os._exit(0)\n    if x == 8: os.abort()\n    return x\n"
    endless = "assert f(1) == sum(1 for _ in iter(int, 1))"
    tests = ["assert f(7) == 7", endless, "assert f(8) == 8", "assert max([f(1)]) == 1", "assert f(2) == 2"]
    matrix = fill(judge, task([killer], [*tests, "assert True or f(1)"]))
    assert endless not in matrix.tests
    assert matrix.refused == {AssertRejectReason.ENDLESS: 1, AssertRejectReason.VACUOUS: 1}
    assert matrix.rows == ("EEPP",)


def test_a_program_that_hangs_costs_its_own_budget(judge: Judge) -> None:
    programs = [
        "def f(x):\n    while True: pass\n",
        "import time\ndef f(x):\n    time.sleep(99)\n",
        "def f(x): return 1",
    ]
    limits = replace(QUICK, wall_seconds=0.4)
    matrix = fill(judge, task(programs, [f"assert f({n}) == 1" for n in range(50)]), limits=limits)
    assert matrix.rows == ("TT" + "B" * 48, "TT" + "B" * 48, "P" * 50)


def test_without_entry_point_or_tests_there_is_nothing_to_run(judge: Judge) -> None:
    store = MatrixJudge(judge)
    nameless = replace(task(["print(1)"], ["assert f(1) == 1"]), entry_point=None)
    matrices = list(store.fill([nameless, task(["def f(x): return x"], ["assert f(1) =="])]))
    assert [matrix.link.shape for matrix in matrices] == [(1, 0), (1, 0)]
    assert store.judged == 0


def test_known_cells_are_not_judged_again(judge: Judge, store: Store) -> None:
    samples = task(["def f(x):\n    return 2 * x\n", "def f(x):\n    return x\n"], ["assert f(1) == 2"])
    first = MatrixJudge(judge, store, QUICK)
    assert [matrix.rows for matrix in first.fill([samples])] == [("P", "F")]
    assert first.judged == 2
    more = task(
        ["def f(x):\n    return x\n", "def f(x):\n    return 3 * x\n"], ["assert f(0) == 0", "assert f(1) == 2"]
    )
    second = MatrixJudge(judge, store, QUICK)
    assert [matrix.rows for matrix in second.fill([more, samples])] == [("PF", "PF"), ("P", "F")]
    assert second.judged == 2
    third = MatrixJudge(judge, store, QUICK)
    assert [matrix.rows for matrix in third.fill([samples, more])] == [("P", "F"), ("PF", "PF")]
    assert third.judged == 0


def test_another_setting_has_its_own_cells(judge: Judge, store: Store) -> None:
    samples = task(["    return 2 * x\n"], ["assert f(1) == 2"], starter_code="def f(x):\n")
    assert fill(judge, samples, store).rows == ("P",)
    assert fill(judge, replace(samples, context="import math\n"), store).rows == ("P",)
    other = MatrixJudge(judge, store, replace(QUICK, cpu_seconds=0.3))
    assert len(list(other.fill([samples]))) == other.judged == 1


def test_cells_that_were_judged_without_a_package_are_not_those_with_it(judge: Judge, store: Store) -> None:
    samples = task(["import numpy\ndef f(x):\n    return int(numpy.int64(x))\n"], ["assert f(1) == 1"])
    assert fill(judge, samples, store).rows == ("E",)
    with Judge(workers=1, packages=("numpy",)) as with_numpy:
        assert fill(with_numpy, samples, store, replace(QUICK, cpu_seconds=5.0, program_cpu_seconds=9.0)).rows == ("P",)
        assert fill(judge, samples, store, replace(QUICK, cpu_seconds=5.0, program_cpu_seconds=9.0)).rows == ("E",)


def test_what_the_machine_failed_to_judge_is_tried_again(judge: Judge, store: Store) -> None:
    samples = task(["def f(x):\n    return x\n"], ["assert f(1) == 1", "assert f(2) == 1"])
    put = store.put
    store.put = lambda entries: put({key: {**cells, "assert f(1) == 1": "?"} for key, cells in entries.items()})  # type: ignore[method-assign]
    fill(judge, samples, store)
    store.put = put  # type: ignore[method-assign]
    again = MatrixJudge(judge, store, QUICK)
    assert [matrix.rows for matrix in again.fill([samples])] == [("PF",)]
    assert again.judged == 1


_KILLED = """
import os, signal, sys
from agents.scoring.matrix import MatrixJudge
from codegym.judge import Judge
from codegym.store import Store
from tests_of_matrix import SAMPLES
put, left = Store.put, [20]
def kill(store, entries):
    put(store, entries)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
Store.put = kill
with Judge(workers=2) as judge:
    list(MatrixJudge(judge, Store(sys.argv[1])).fill(SAMPLES))
"""


def test_a_killed_run_goes_on_where_it_was(judge: Judge, tmp_path: Path) -> None:
    loop = "def f(x):\n    for _ in range({}): pass\n    return x\n"
    tests = [f"assert f({n}) == {n}" for n in range(3)]
    samples = task([loop.format(1000 + n) for n in range(60)], tests)
    (tmp_path / "tests_of_matrix.py").write_text(
        f"from agents.scoring.task_samples import TaskSamples\nSAMPLES = [{samples!r}]\n"
    )
    path = tmp_path / "cells"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(path)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    with Store(path) as store:
        assert len(store) == 20
        cells = MatrixJudge(judge, store)
        (matrix,) = cells.fill([samples])
    assert matrix.rows == ("PPP",) * 60
    assert cells.judged == 60 - (20 - 4)  # four are the stubs that try the tests


@pytest.mark.parametrize("written", ["assert f(...) == 1", "assert f(1j, b'x', {1}) == 1", "assert f(*[1]) == 1"])
def test_unusual_literals_are_tests_like_others(judge: Judge, written: str) -> None:
    assert fill(judge, task(["def f(*args): return len(args[:1])"], [written])).rows == ("P",)
