"""What needs no model runs after a plain ``pip install``: every library of the extra ``agents`` is kept out here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agents.commands.extras import extra_of_library

pytestmark = pytest.mark.slow

KEPT_OUT = ("torch", "transformers", "stable_baselines3", "accelerate", "jinja2", "matplotlib", "tensorboard", "peft")
HEAVY = {"torch", "transformers", "stable_baselines3", "scipy", "matplotlib", "tensorboard"}
START = f"""
import sys
from importlib.machinery import PathFinder

class PlainInstall(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {KEPT_OUT!r} else super().find_spec(name, path, target)

sys.meta_path = [PlainInstall if finder is PathFinder else finder for finder in sys.meta_path]
from agents.cli import main
sys.exit(main())
"""

PROBLEM = {"task_id": "mine/1", "prompt": "Add one.", "entry_point": "f"}
TEST = {"type": "call", "args": [1], "expected": 2}
GOOD = "def f(x):\n    return x + 1\n"
SAMPLES = {"task_id": "t", "prompt": "def g(x):\n", "solutions": ["    return 2 * x\n", "    return x\n"]}
ASSERTS = ["assert g(1) == 2\nassert g(3) == 6", "assert g(2) == 4", "assert g(0) == 0"]
CODE = '''def clamp(number, low, high):
    """Return the number, or the bound that it lies beyond: low or high."""
    if number < low:
        return low
    return min(number, high)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a suite, a program, samples and some code, for commands that run in it."""
    (tmp_path / "suite.jsonl").write_text(json.dumps({**PROBLEM, "tests": [TEST], "solutions": [GOOD]}) + "\n")
    (tmp_path / "program.py").write_text(GOOD)
    (tmp_path / "programs.jsonl").write_text(json.dumps({"task_id": "mine/1", "completion": GOOD}) + "\n")
    (tmp_path / "samples.jsonl").write_text(json.dumps({**SAMPLES, "generated_tests": ASSERTS}) + "\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text(CODE)
    return tmp_path


def codegym(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START, *command.split()], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "commands",
    [
        ["doctor --json"],
        ["judge suite.jsonl mine/1 program.py --json"],
        ["suites list --json"],
        ["suites show suite.jsonl --json"],
        ["suites check suite.jsonl --workers 1 --json"],
        ["suites stats suite.jsonl --json"],
        ["suites strengthen suite.jsonl --out strong.jsonl --mutants 2 --inputs 2 --workers 1 --json"],
        ["corpus code --json"],
        ["rank samples.jsonl --run-dir ranked --workers 1 --json"],
        [
            "evaluate --suite suite.jsonl --samples programs.jsonl --k 1 --out first --cache None --workers 1 --json",
            "evaluate --suite suite.jsonl --samples programs.jsonl --k 1 --out second --baseline first --cache None "
            "--workers 1 --json",
            "report first second --json",
        ],
    ],
    ids=lambda commands: " ".join(commands[-1].split()[:2]),
)
def test_it_runs_without_torch(folder: Path, commands: list[str]) -> None:
    for command in commands:
        ran = codegym(folder, command)
        assert ran.returncode == 0, ran.stderr
        json.loads(ran.stdout)


@pytest.mark.parametrize(
    "command", ["sample --suite suite.jsonl", "evaluate --suite suite.jsonl --model tiny", "train rltf", "demo"]
)
def test_what_needs_a_model_says_which_extra_to_install(folder: Path, command: str) -> None:
    ran = codegym(folder, command)
    assert ran.returncode == 2
    assert ran.stderr.endswith("is not installed. Run: pip install 'codegym[agents]'\n")
    assert ran.stderr.count("\n") == 1


def test_the_help_of_no_command_waits_for_a_heavy_library() -> None:
    script = f"""
import sys
from agents.cli import COMMANDS, main
for name in COMMANDS:
    try:
        main([*name.split(), "--help"])
    except SystemExit:
        pass
print(sorted({HEAVY!r} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_what_is_kept_out_here_is_optional() -> None:
    assert all(extra_of_library()[name] in ("agents", "lora") for name in KEPT_OUT)
