"""Checkpoints: what goes in comes out, a kill or a full disk leaves the old one, and third-party files are refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging as transformers_logging

from agents.policy.policy import LMPolicy
from agents.training.checkpoint import checkpoint_path, open_checkpoint, write_checkpoint
from codegym.errors import DataError

STATE: dict[str, Any] = {
    "tensor": torch.arange(3.0),
    "arrays": [np.arange(4, dtype=np.int64), {"flags": np.array([True, False])}],
    "pair": (1, "text"),
    "nothing": None,
}


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    return LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=8)


def test_what_goes_in_comes_out(policy: LMPolicy, tmp_path: Path) -> None:
    file = write_checkpoint(tmp_path / "deep" / "agent", record={"seed": 3}, state=STATE, policy=policy)
    assert file == tmp_path / "deep" / "agent.zip"
    with open_checkpoint(tmp_path / "deep" / "agent") as checkpoint:
        assert checkpoint.record["seed"] == 3
        assert torch.equal(checkpoint.state["tensor"], STATE["tensor"])
        assert checkpoint.state["arrays"][0].dtype == np.int64
        np.testing.assert_array_equal(checkpoint.state["arrays"][0], STATE["arrays"][0])
        assert checkpoint.state["arrays"][1]["flags"].tolist() == [True, False]
        assert (checkpoint.state["pair"], checkpoint.state["nothing"]) == ((1, "text"), None)
        weights = AutoModelForCausalLM.from_pretrained(checkpoint.policy).state_dict()
    for name, weight in policy.model.state_dict().items():
        assert torch.equal(weights[name], weight)
    assert [path.name for path in file.parent.iterdir()] == ["agent.zip"]


@pytest.mark.parametrize(("path", "file"), [("a", "a.zip"), ("a.zip", "a.zip"), ("a.ckpt", "a.ckpt")])
def test_a_name_without_suffix_gets_one(path: str, file: str) -> None:
    assert checkpoint_path(path) == Path(file)


@pytest.mark.parametrize("part", ["torch.save", "LMPolicy.save"])
def test_a_write_that_fails_keeps_the_old_checkpoint(
    policy: LMPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    file = write_checkpoint(tmp_path / "kept", record={}, state=STATE, policy=policy)
    before = file.read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"agents.training.checkpoint.{part}", full_disk)
    with pytest.raises(OSError, match=r"No space left on device: '.*kept\.zip'"):
        write_checkpoint(tmp_path / "kept", record={}, state=STATE, policy=policy)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept.zip"]


def test_progress_bars_of_transformers_come_back(policy: LMPolicy, tmp_path: Path) -> None:
    transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    write_checkpoint(tmp_path / "agent", record={}, state={}, policy=policy)
    assert transformers_logging.is_progress_bar_enabled()


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK no zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    for name in ("broken", "other"):
        with (
            pytest.raises(DataError, match=rf"{name}\.zip is no checkpoint of an agent"),
            open_checkpoint(tmp_path / name),
        ):
            pass
    with pytest.raises(FileNotFoundError, match=r"missing\.zip"), open_checkpoint(tmp_path / "missing"):
        pass


def test_another_format_is_refused_with_what_to_do(policy: LMPolicy, tmp_path: Path) -> None:
    file = write_checkpoint(tmp_path / "agent", record={}, state={}, policy=policy)
    rewrite(file, lambda record: {**record, "format": 99})
    with (
        pytest.raises(DataError, match="has format 99; this version reads format 1"),
        open_checkpoint(file),
    ):
        pass


def rewrite(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Changes the record of a checkpoint."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["agent.json"] = json.dumps(change(json.loads(parts["agent.json"]))).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
