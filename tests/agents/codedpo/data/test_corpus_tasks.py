"""Functions that can be tasks: which they are, each once, none of them a benchmark's, and resumable."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from agents.codedpo.data import corpus_tasks as module
from agents.codedpo.data.corpus_tasks import Seed, SeedRules, SeedSkip, decontaminated, harvest
from codegym import CallTest, Problem
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
    (seed,) = harvest(write(tmp_path / "code", a=GOOD)).seeds
    assert (seed.name, seed.place) == ("root_of_most_common", f"{tmp_path / 'code' / 'a.py'}:5")
    assert seed.imports == "from collections import Counter as Bag\nimport math"
    assert seed.head == "def root_of_most_common(xs: list[int], least=1) -> float:"
    problem = seed.problem()
    assert problem.prompt == (
        "from collections import Counter as Bag\nimport math\n\n\n"
        "def root_of_most_common(xs: list[int], least=1) -> float:\n"
        '    """Return the square root of the most common\n    number of a list, or of the least one.\n    """\n'
    )
    assert seed.problem('Say \\ and """.').prompt.endswith('    """Say \\\\ and \'\'\'."""\n')
    compile(seed.problem('Say \\ and """.').prompt, "prompt", "exec")
    assert problem.entry_point == "root_of_most_common"
    assert "bag" not in problem.prompt


HEAD = 'def f(x):\n    """Return what everybody needs to know about x."""\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(x:\n", SeedSkip.UNREADABLE),
        ("@cache\n" + HEAD + "    x += 1\n    return x\n", SeedSkip.NOT_PLAIN),
        ("async " + HEAD + "    x += 1\n    return x\n", SeedSkip.NOT_PLAIN),
        (HEAD + "    x += 1\n    yield x\n", SeedSkip.NOT_PLAIN),
        (HEAD + "    x += 1\n    y = x\n", SeedSkip.NOT_PLAIN),
        (HEAD.replace("f(x)", "f()") + "    x = 1\n    return x\n", SeedSkip.NOT_PLAIN),
        (HEAD.replace("f(x)", "test_f(x)") + "    x += 1\n    return x\n", SeedSkip.NOT_PLAIN),
        ('def f(x):\n    """Short."""\n    x += 1\n    return x\n', SeedSkip.UNDOCUMENTED),
        ("def f(x):\n    x += 1\n    return x\n", SeedSkip.UNDOCUMENTED),
        (HEAD + "    return x\n", SeedSkip.SIZE),
        (HEAD + "    x += 1\n" * 70 + "    return x\n", SeedSkip.SIZE),
        ("import numpy\n" + HEAD + "    x += 1\n    return numpy.sum(x)\n", SeedSkip.DEPENDENT),
        ("import os\n" + HEAD + "    x += 1\n    return os.getcwd()\n", SeedSkip.DEPENDENT),
        ("from .own import helper\n" + HEAD + "    x += 1\n    return helper(x)\n", SeedSkip.DEPENDENT),
        ("y = 1\n" + HEAD + "    x += 1\n    return x + y\n", SeedSkip.DEPENDENT),
        (HEAD + "    print(x)\n    return x\n", SeedSkip.EFFECTS),
        (HEAD + "    y = [open(z) for z in x]\n    return y\n", SeedSkip.EFFECTS),
    ],
)
def test_every_other_function_has_a_reason(tmp_path: Path, text: str, reason: SeedSkip) -> None:
    found = harvest(write(tmp_path / "code", a=text))
    assert found.seeds == []
    assert +found.skipped == {reason: 1}


def test_a_function_may_call_itself_and_have_names_of_its_own(tmp_path: Path) -> None:
    text = (
        HEAD + "    def inner(y):\n        return f(y - 1) + x\n    return inner(x) if x else [i for i in range(x)]\n"
    )
    assert len(harvest(write(tmp_path / "code", a=text)).seeds) == 1


def test_near_duplicates_are_kept_once(tmp_path: Path) -> None:
    twin = GOOD.replace("sqrt(max(number, least))", "sqrt(max(number, 2))")
    other = HEAD + "    x += 1\n    return x * 7\n"
    found = harvest(write(tmp_path / "code", a=GOOD, b=twin, c=other))
    assert [Path(seed.place).name[0] for seed in found.seeds] == ["a", "c"]
    assert found.skipped[SeedSkip.DUPLICATE] == 1


def test_what_a_protected_suite_holds_is_left_out(tmp_path: Path) -> None:
    other = HEAD + "    x += 1\n    return x * 7\n"
    found = harvest(write(tmp_path / "code", a=GOOD, b=other))
    assert len(found.seeds) == 2
    test = (CallTest(args=([4],), expected=2.0),)
    by_text = Problem(task_id="p/1", prompt=found.seeds[0].docstring, tests=test, entry_point="g")
    by_solution = Problem(
        task_id="p/2", prompt="Something else.", tests=test, entry_point="g", solutions=(found.seeds[0].source,)
    )
    for problem in (by_text, by_solution):
        clean = decontaminated(found, [Suite("protected", "test", [problem])])
        assert [seed.name for seed in clean.seeds] == ["f"]
        assert clean.skipped[SeedSkip.CONTAMINATED] == 1
    unrelated = Problem(task_id="p/3", prompt="Nothing of the kind is asked for in here.", tests=())
    assert len(decontaminated(found, [Suite("protected", "test", [unrelated])]).seeds) == 2


def test_a_second_run_reads_no_file_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "code", a=GOOD, b="def f(x:\n")
    heard: list[tuple[int, int]] = []
    first = harvest(folder, journal=tmp_path / "seeds.jsonl", progress=lambda *news: heard.append(news))
    assert heard == [(1, 2), (2, 2)]
    read: list[Path] = []
    original = module._of_file
    monkeypatch.setattr(module, "_of_file", lambda file, rules: (read.append(file), original(file, rules))[1])
    again = harvest(folder, journal=tmp_path / "seeds.jsonl")
    assert (again.seeds, again.skipped, read) == (first.seeds, first.skipped, [])
    write(folder, c=HEAD + "    x += 1\n    return x\n")
    assert len(harvest(folder, journal=tmp_path / "seeds.jsonl").seeds) == 2
    assert [file.name for file in read] == ["c.py"]
    harvest(folder, SeedRules(least_words=1), journal=tmp_path / "seeds.jsonl")
    assert len(read) == 4, "other rules are another question"


def test_seeds_make_a_suite(tmp_path: Path) -> None:
    found = harvest(write(tmp_path / "code", a=GOOD))
    write_problems(tmp_path / "seeds_suite.jsonl", [seed.problem() for seed in found.seeds])
    (problem,) = load_suite(str(tmp_path / "seeds_suite.jsonl"))
    assert problem == found.seeds[0].problem()


def test_the_standard_library_gives_programs_that_run() -> None:
    """Real code: what is taken out of its file still works on its own."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    seeds: list[Seed] = [seed for name in ("textwrap", "bisect", "keyword", "statistics", "calendar", "colorsys")
             if (folder / f"{name}.py").exists() for seed in harvest(folder / f"{name}.py").seeds]  # fmt: skip
    assert len(seeds) >= 5
    programs = [f"{seed.imports}\n{seed.source}\nassert callable({seed.name})\n" for seed in seeds]
    runs = f"for program in {programs!r}: exec(program, {{}})"
    subprocess.run([sys.executable, "-I", "-S", "-c", runs], check=True, timeout=60)
    for seed in seeds:
        compile(seed.problem().prompt, seed.place, "exec")
