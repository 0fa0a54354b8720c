"""An agent on disk: one zip file that is whole or not there.

It holds ``agent.json`` (the agent's settings and counters), ``state.pt`` (tensors and plain data only, so that loading
runs no code of the file) and ``policy/`` (the model in the hub's layout, which transformers loads after unzipping).
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.utils import logging as transformers_logging

from agents.policy.policy import LMPolicy
from codegym.atomic_file import atomic_file
from codegym.errors import DataError

FORMAT = 1
_RECORD, _STATE, _POLICY = "agent.json", "state.pt", "policy"
_ARRAY = "__array__"  # the key that marks an array which is stored as a tensor


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds: the record, the state, and the policy's folder, which exists while the file is open."""

    record: dict[str, Any]
    state: dict[str, Any]
    policy: Path


def checkpoint_path(path: str | Path) -> Path:
    """Returns the file of a name: ``.zip`` is added where there is no suffix, as in Stable-Baselines3."""
    return Path(path) if Path(path).suffix else Path(f"{path}.zip")


def write_checkpoint(
    path: str | Path, *, record: Mapping[str, Any], state: Mapping[str, Any], policy: LMPolicy
) -> Path:
    """Writes a checkpoint; a kill at any moment leaves the old one or the new one.

    Args:
        path: The file; folders on the way are made.
        record: Settings and counters, as JSON-safe data.
        state: Nested dicts and lists of tensors, arrays, numbers and texts.
        policy: Saved in the hub's layout.

    Returns:
        The file.
    """
    target = checkpoint_path(path).absolute()
    with atomic_file(target, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        # Stored and not compressed: weights hardly shrink, and a checkpoint is written every few steps.
        archive.writestr(_RECORD, json.dumps({"format": FORMAT, **record}, indent=2))
        with archive.open(_STATE, "w", force_zip64=True) as stream:
            torch.save(_tensors(state), stream)
        # Beside the target and not in the system's folder for temporary files, which may be too small for a model.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder, _without_bars():
            policy.save(folder)
            for saved in sorted(Path(folder).rglob("*")):
                archive.write(saved, Path(_POLICY) / saved.relative_to(folder))
    return target


@contextmanager
def open_checkpoint(path: str | Path) -> Iterator[Checkpoint]:
    """Opens a checkpoint for reading.

    Raises:
        FileNotFoundError: If there is none.
        DataError: If it is no checkpoint, or one of another format.
    """
    source = checkpoint_path(path)
    if not source.exists():
        raise FileNotFoundError(f"there is no checkpoint {source}; agent.save({str(path)!r}) writes one.")
    with tempfile.TemporaryDirectory() as folder, _without_bars():
        try:
            with zipfile.ZipFile(source) as archive:
                archive.extractall(folder)
            record = json.loads((Path(folder) / _RECORD).read_text("utf-8"))
            # weights_only: a pickle may run any code, and checkpoints are passed around.
            state = _arrays(torch.load(Path(folder) / _STATE, map_location="cpu", weights_only=True))
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
            raise DataError(f"{source} is no checkpoint of an agent: {error}") from error
        if record.get("format") != FORMAT:
            raise DataError(
                f"{source} has format {record.get('format')!r}; this version reads format {FORMAT}. Load it with the "
                "version that wrote it, or unzip it and give its folder policy/ as the model of a new agent."
            )
        yield Checkpoint(record, state, Path(folder) / _POLICY)


@contextmanager
def _without_bars() -> Iterator[None]:
    """Silences transformers' own progress bars: a checkpoint every few steps would fill the screen with them."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # no types there
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # no types there


def _tensors(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {_ARRAY: torch.from_numpy(value.copy())}
    if isinstance(value, Mapping):
        return {key: _tensors(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_tensors(item) for item in value)
    return value


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {_ARRAY}:
            return value[_ARRAY].numpy()
        return {key: _arrays(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_arrays(item) for item in value)
    return value
