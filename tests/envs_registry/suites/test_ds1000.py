from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
ROW: dict[str, Any] = {
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


def write(folder: Path, *rows: dict[str, Any]) -> Path:
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
    }
    write(tmp_path, other, ROW)
    assert load_suite("ds1000", data_dir=tmp_path, library="Numpy").task_ids == ("ds1000/511",)
    assert load_suite("ds1000", data_dir=tmp_path, perturbation="Semantic").task_ids == ("ds1000/0",)
    assert len(load_suite("ds1000", data_dir=tmp_path)) == 2


FIGURE = '''
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

def skip_plt_cmds(line):
    return all(p not in line for p in ["plt.show()", "plt.clf()", "plt.close()", "savefig"])

def generate_test_case(test_case_id):
    plt.plot(np.arange(10.0), np.arange(10.0), label="x-y")
    plt.legend()
    plt.savefig("ans.png", bbox_inches="tight")
    plt.close()
    return None, None

def exec_test(result, ans):
    image, oracle = np.array(Image.open("output.png")), np.array(Image.open("ans.png"))
    if not (image.shape == oracle.shape and np.allclose(image, oracle)):
        assert plt.gca().get_legend() is not None
    return 1

exec_context = r"""
import matplotlib.pyplot as plt
import numpy as np
x = np.arange(10.0)
[insert]
plt.savefig('output.png', bbox_inches ='tight')
result = None
"""

def test_execution(solution: str):
    code = exec_context.replace("[insert]", "\\n".join(filter(skip_plt_cmds, solution.split("\\n"))))
    test_input, expected_result = generate_test_case(1)
    test_env = {"test_input": test_input}
    exec(code, test_env)
    assert exec_test(test_env["result"], expected_result)
'''
TENSOR = CONTEXT.replace("import copy\n", "import copy\nimport torch\n").replace(
    "sorted(data)", "torch.softmax(data, 0)"
)
TENSOR = TENSOR.replace("[[3, 1, 2], [5, 4]]", "torch.eye(2)").replace("result == ans", "torch.allclose(result, ans)")


@pytest.mark.parametrize(
    ("library", "code", "right", "wrong"),
    [
        ("Matplotlib", FIGURE, "plt.plot(x, x, label='x-y')\nplt.legend()\nplt.savefig('a.png')", "plt.plot(x, x)"),
        ("Pytorch", TENSOR, "import torch\nresult = torch.softmax(test_input, 0)", "result = test_input"),
    ],
)
def test_with_the_library_itself(tmp_path: Path, library: str, code: str, right: str, wrong: str) -> None:
    metadata = {**ROW["metadata"], "library": library}
    folder = write(tmp_path, {**ROW, "code_context": code, "metadata": metadata})
    suite = load_suite("ds1000", data_dir=folder, library=library)
    packages = [package for package in suite.packages if package != "seaborn"]
    for package in packages:
        pytest.importorskip(package)
    with Judge(workers=1, packages=packages) as judge:
        passed, failed = judge.judge_many([(suite[0], right), (suite[0], wrong)])
    assert passed.tests[0].status == "pass", passed.tests
    assert failed.tests[0].status == "fail", failed.tests


def test_one_library_does_not_ask_for_the_others(tmp_path: Path) -> None:
    write(tmp_path, ROW)
    assert load_suite("ds1000", data_dir=tmp_path, library="Pytorch").packages == ("numpy", "pandas", "torch")
    assert {"sklearn", "tensorflow"} < set(load_suite("ds1000", data_dir=tmp_path).packages)


@pytest.mark.parametrize("code", ["def test_execution(:", "x = 1"])
def test_bad_rows_are_named(tmp_path: Path, code: str) -> None:
    suite = load_suite("ds1000", data_dir=write(tmp_path, {**ROW, "code_context": code}))
    with pytest.raises(DataError, match=r"test\.jsonl:1.*field 'code_context'"):
        suite[0]
