"""Functions that can be tasks: which they are, each once, none of them a benchmark's, and resumable."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from agents.codedpo.data import corpus_tasks as module
from agents.codedpo.data.corpus_tasks import CorpusRules, CorpusTask, FunctionRejectReason, decontaminated, read_corpus
from codegym import CallTest, Problem
from codegym.store import Store
from envs_registry import load_suite
from envs_registry.suite import Suite
from envs_registry.writing import write_problems

GOOD = '''import math
from collections import Counter as Bag
import numpy as np

def root_of_most_common(xs: list[int], least=1) -> float:
    """Return the square root of the most common
    number of a list, or of the least one.
    """
    bag = Bag(xs)
    number, _ = bag.most_common(1)[0] if xs else (least, 0)
    return math.sqrt(max(number, least))
'''


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_a_documented_function_becomes_a_task_with_what_it_needs(tmp_path: Path) -> None:
    (task,) = read_corpus(write(tmp_path / "code", a=GOOD)).tasks
    assert (task.name, task.location) == ("root_of_most_common", f"{tmp_path / 'code' / 'a.py'}:5")
    assert task.imports == "from collections import Counter as Bag\nimport math"
    assert task.head == "def root_of_most_common(xs: list[int], least=1) -> float:"
    problem = task.problem()
    assert problem.prompt == (
        "from collections import Counter as Bag\nimport math\n\n\n"
        "def root_of_most_common(xs: list[int], least=1) -> float:\n"
        '    """Return the square root of the most common\n    number of a list, or of the least one.\n    """\n'
    )
    assert task.problem('Say \\ and """.').prompt.endswith('    """Say \\\\ and \'\'\'."""\n')
    compile(task.problem('Say \\ and """.').prompt, "prompt", "exec")
    assert problem.entry_point == "root_of_most_common"
    assert "bag" not in problem.prompt


HEAD = 'def f(x):\n    """Return what everybody needs to know about x."""\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(x:\n", FunctionRejectReason.UNREADABLE),
        ("@cache\n" + HEAD + "    x += 1\n    return x\n", FunctionRejectReason.NOT_PLAIN),
        ("async " + HEAD + "    x += 1\n    return x\n", FunctionRejectReason.NOT_PLAIN),
        (HEAD + "    x += 1\n    yield x\n", FunctionRejectReason.NOT_PLAIN),
        (HEAD + "    x += 1\n    y = x\n", FunctionRejectReason.NOT_PLAIN),
        (HEAD.replace("f(x)", "f()") + "    x = 1\n    return x\n", FunctionRejectReason.NOT_PLAIN),
        (HEAD.replace("f(x)", "test_f(x)") + "    x += 1\n    return x\n", FunctionRejectReason.NOT_PLAIN),
        ('def f(x):\n    """Short."""\n    x += 1\n    return x\n', FunctionRejectReason.UNDOCUMENTED),
        ("def f(x):\n    x += 1\n    return x\n", FunctionRejectReason.UNDOCUMENTED),
        (HEAD + "    return x\n", FunctionRejectReason.SIZE),
        (HEAD + "    x += 1\n" * 70 + "    return x\n", FunctionRejectReason.SIZE),
        ("import numpy\n" + HEAD + "    x += 1\n    return numpy.sum(x)\n", FunctionRejectReason.DEPENDENT),
        ("import os\n" + HEAD + "    x += 1\n    return os.getcwd()\n", FunctionRejectReason.DEPENDENT),
        ("from .own import helper\n" + HEAD + "    x += 1\n    return helper(x)\n", FunctionRejectReason.DEPENDENT),
        ("y = 1\n" + HEAD + "    x += 1\n    return x + y\n", FunctionRejectReason.DEPENDENT),
        (HEAD + "    print(x)\n    return x\n", FunctionRejectReason.EFFECTS),
        (HEAD + "    y = [open(z) for z in x]\n    return y\n", FunctionRejectReason.EFFECTS),
    ],
)
def test_every_other_function_has_a_reason(tmp_path: Path, text: str, reason: FunctionRejectReason) -> None:
    found = read_corpus(write(tmp_path / "code", a=text))
    assert found.tasks == []
    assert +found.skipped == {reason: 1}


def test_a_function_may_call_itself_and_have_names_of_its_own(tmp_path: Path) -> None:
    text = (
        HEAD + "    def inner(y):\n        return f(y - 1) + x\n    return inner(x) if x else [i for i in range(x)]\n"
    )
    assert len(read_corpus(write(tmp_path / "code", a=text)).tasks) == 1


def test_near_duplicates_are_kept_once(tmp_path: Path) -> None:
    twin = GOOD.replace("sqrt(max(number, least))", "sqrt(max(number, 2))")
    other = HEAD + "    x += 1\n    return x * 7\n"
    found = read_corpus(write(tmp_path / "code", a=GOOD, b=twin, c=other))
    assert [Path(task.location).name[0] for task in found.tasks] == ["a", "c"]
    assert found.skipped[FunctionRejectReason.DUPLICATE] == 1


def test_what_a_protected_suite_holds_is_left_out(tmp_path: Path) -> None:
    other = HEAD + "    x += 1\n    return x * 7\n"
    found = read_corpus(write(tmp_path / "code", a=GOOD, b=other))
    assert len(found.tasks) == 2
    test = (CallTest(args=([4],), expected=2.0),)
    by_text = Problem(task_id="p/1", prompt=found.tasks[0].docstring, tests=test, entry_point="g")
    by_solution = Problem(
        task_id="p/2", prompt="Something else.", tests=test, entry_point="g", solutions=(found.tasks[0].source,)
    )
    for problem in (by_text, by_solution):
        clean = decontaminated(found, [Suite("protected", "test", [problem])])
        assert [task.name for task in clean.tasks] == ["f"]
        assert clean.skipped[FunctionRejectReason.CONTAMINATED] == 1
    unrelated = Problem(task_id="p/3", prompt="Nothing of the kind is asked for in here.", tests=())
    assert len(decontaminated(found, [Suite("protected", "test", [unrelated])]).tasks) == 2


def test_a_second_run_reads_no_file_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "code", a=GOOD, b="def f(x:\n")
    heard: list[tuple[int, int]] = []
    store = Store(tmp_path / "cache")
    first = read_corpus(folder, store=store, progress=lambda *news: heard.append(news))
    assert heard == [(1, 2), (2, 2)]
    read: list[Path] = []
    original = module._of_file
    monkeypatch.setattr(module, "_of_file", lambda file, rules: (read.append(file), original(file, rules))[1])
    again = read_corpus(folder, store=store)
    assert (again.tasks, again.skipped, read) == (first.tasks, first.skipped, [])
    write(folder, c=HEAD + "    x += 1\n    return x\n")
    assert len(read_corpus(folder, store=store).tasks) == 2
    assert [file.name for file in read] == ["c.py"]
    read_corpus(folder, CorpusRules(least_words=1), store=store)
    assert len(read) == 4, "other rules are another question"
    store.close()


def test_tasks_make_a_suite(tmp_path: Path) -> None:
    found = read_corpus(write(tmp_path / "code", a=GOOD))
    write_problems(tmp_path / "corpus_suite.jsonl", [task.problem() for task in found.tasks])
    (problem,) = load_suite(str(tmp_path / "corpus_suite.jsonl"))
    assert problem == found.tasks[0].problem()


def test_the_standard_library_gives_programs_that_run() -> None:
    """Real code: what is taken out of its file still works on its own."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    tasks: list[CorpusTask] = [task for name in ("textwrap", "bisect", "keyword", "statistics", "calendar", "colorsys")
             if (folder / f"{name}.py").exists() for task in read_corpus(folder / f"{name}.py").tasks]  # fmt: skip
    assert len(tasks) >= 5
    programs = [f"{task.imports}\n{task.source}\nassert callable({task.name})\n" for task in tasks]
    runs = f"for program in {programs!r}: exec(program, {{}})"
    subprocess.run([sys.executable, "-I", "-S", "-c", runs], check=True, timeout=60)
    for task in tasks:
        compile(task.problem().prompt, task.location, "exec")
