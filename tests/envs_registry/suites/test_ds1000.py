from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym import Judge
from codegym.errors import DataError
from codegym.sandbox.execution import Trust
from envs_registry.loading import load_suite

CONTEXT = '''
import copy

def generate_test_case(test_case_id):
    def generate_ans(data):
        return sorted(data)
    test_input = [[3, 1, 2], [5, 4]][test_case_id - 1]
    return test_input, generate_ans(copy.deepcopy(test_input))

def exec_test(result, ans):
    return 1 if result == ans else 0

exec_context = r"""
xs = test_input
[insert]
"""

def test_execution(solution: str):
    code = exec_context.replace("[insert]", solution)
    for i in range(2):
        test_input, expected_result = generate_test_case(i + 1)
        test_env = {"test_input": test_input}
        exec(code, test_env)
        assert exec_test(test_env["result"], expected_result)

def test_string(solution: str):
    assert "for" not in solution
'''
ROW = {
    "prompt": "Problem:\nSort xs.\nA:\n<code>\nxs = ...\n</code>\nBEGIN SOLUTION\n<code>\n",
    "reference_code": "result = sorted(xs)",
    "metadata": {
        "problem_id": 511,
        "library_problem_id": 0,
        "library": "Numpy",
        "test_case_cnt": 2,
        "perturbation_type": "Origin",
        "perturbation_origin_id": 0,
    },
    "code_context": CONTEXT,
}


def write(folder: Path, *rows: dict[str, object]) -> Path:
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_snippet_is_pasted_into_the_template(tmp_path: Path) -> None:
    (problem,) = load_suite("ds1000", data_dir=write(tmp_path, ROW))
    assert (problem.task_id, len(problem.tests), problem.entry_point) == ("ds1000/511", 2, None)
    assert problem.tags == ("ds1000", "numpy", "Origin")
    with Judge(workers=1) as judge:
        right = judge.judge(problem, problem.solutions[0])
        assert right.is_success
        assert right.trust is Trust.IN_PROCESS
        for program, passed in (
            ("result = xs", 0.5),
            ("", 0.5),
            ("result = sorted([x for x in xs])", 0.5),
            ("result = [x for x in xs]", 0.0),
        ):
            assert judge.judge(problem, program).pass_rate == passed, program


def test_filters(tmp_path: Path) -> None:
    other = {
        **ROW,
        "metadata": {**ROW["metadata"], "problem_id": 0, "library": "Pandas", "perturbation_type": "Semantic"},
    }  # type: ignore[dict-item]
    write(tmp_path, other, ROW)
    assert load_suite("ds1000", data_dir=tmp_path, library="Numpy").task_ids == ("ds1000/511",)
    assert load_suite("ds1000", data_dir=tmp_path, perturbation="Semantic").task_ids == ("ds1000/0",)
    assert len(load_suite("ds1000", data_dir=tmp_path)) == 2


@pytest.mark.parametrize("code", ["def test_execution(:", "x = 1"])
def test_bad_rows_are_named(tmp_path: Path, code: str) -> None:
    suite = load_suite("ds1000", data_dir=write(tmp_path, {**ROW, "code_context": code}))
    with pytest.raises(DataError, match=r"test\.jsonl, line 1.*field 'code_context'"):
        suite[0]
