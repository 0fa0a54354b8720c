from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from agents.tiny.cache import built_once


def slow_build(folder: Path) -> None:
    (folder / f"by-{os.getpid()}").touch()
    time.sleep(0.3)
    (folder / "done").touch()


def build_slowly(folder: str, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    built_once(Path(folder), slow_build)


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    folder = built_once(tmp_path / "models" / "m", slow_build)
    assert sorted(p.name for p in folder.iterdir()) == [f"by-{os.getpid()}", "done"]

    def never(folder: Path) -> None:
        raise AssertionError

    assert built_once(folder, never) == folder


def test_a_build_that_fails_leaves_nothing_and_can_be_tried_again(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        built_once(tmp_path / "m", fails)
    assert [p.name for p in tmp_path.iterdir()] == [".m.lock"]
    assert (built_once(tmp_path / "m", slow_build) / "done").exists()


def test_two_builders_build_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    processes = [context.Process(target=build_slowly, args=(str(tmp_path / "m"), start)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len([p for p in (tmp_path / "m").iterdir() if p.name.startswith("by-")]) == 1
