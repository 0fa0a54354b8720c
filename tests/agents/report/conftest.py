"""Folders as runs leave them, written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.codedpo.data.pairs import Preference, write_pairs

HEADER = [
    "time/total_timesteps",
    "rollout/success_rate",
    "reward/coarse",
    "verdict/pass",
    "verdict/error",
    "kind/name_error",
]
TEXT = "def f(x):\n    return é + 1\n"


def sample(step: int = 8, task_id: str = "core/1", **changes: Any) -> dict[str, Any]:
    offsets = [[0, 3], [3, 9], [9, 21], [20, 21], [21, 26], [26, 26]]  # two tokens share the é; the last is the end
    return {
        "step": step,
        "version": 1,
        "task_id": task_id,
        "turn": 0,
        "completion": TEXT,
        "finished": True,
        "offsets": offsets,
        "credit": [-0.5, -0.5, -1.0, -1.0, 0.25, 0.0],
        "advantage": -0.5,
        "rewards": {"coarse": -0.6, "fine": -0.3},
        "verdict": "error",
        "kind": "name_error",
        "scope": "line",
        "infra_error": False,
        "tests": ["error", "pass"],
        "failed_tests": [
            {"index": 0, "status": "error", "public": True, "kind": "name_error", "call": "f(1)", "actual": "</script>"}
        ],
        "diagnostics": [
            {"source": "runtime", "kind": "name_error", "scope": "line", "message": "NameError: <b>é</b>",
             "start_line": 2,
             "start_col": 11, "end_line": 2, "end_col": 12, "start": 21, "end": 22, "test_index": 0, "score": 1.0}
        ],
        "prompt": "Add <i>one</i>.",
        **changes,
    }  # fmt: skip


MakeRun = Callable[..., Path]


@pytest.fixture
def make_sample() -> Callable[..., dict[str, Any]]:
    """Returns a function that makes a line of a run's samples, with changes."""
    return sample


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run's folder."""

    def make(
        name: str,
        curve: Sequence[tuple[int, float]] = ((8, 0.25), (16, 0.5)),
        samples: Sequence[dict[str, Any]] | None = None,
        pairs: Sequence[Preference] = (),
        status: str = "finished",
        suite: str = "core",
        **config: Any,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        rows = [[step, value, -0.3, value, 1 - value, (1 - value) if step > 8 else ""] for step, value in curve]
        lines = [HEADER, *rows]
        (folder / "progress.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in lines))
        record = {
            "status": status,
            "agent": "RLTF",
            "seed": config.pop("seed", 0),
            "suite": suite,
            "split": "train",
            "max_turns": 1,
            "reward": "Paper",
            "model": {"name": "tiny", "parameters": 1000, "max_new_tokens": 8},
            "config": {"learning_rate": 0.1, **config},
            "num_timesteps": curve[-1][0],
            "total_timesteps": 16,
            "versions": {"python": "3.11"},
            "machine": {},
            "command": [],
        }
        (folder / "run.json").write_text(json.dumps(record))
        written = [sample(8), sample(16, verdict="pass", kind="none", diagnostics=[])] if samples is None else samples
        (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written))
        if pairs:
            write_pairs(folder / "pairs.jsonl", pairs)
        return folder

    return make
