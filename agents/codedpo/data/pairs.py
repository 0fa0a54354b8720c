"""Preferences between two completions of a prompt, and their file in the hub's preference format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from codegym import json_lines
from codegym.errors import DataError


class PairKind(StrEnum):
    """Why one completion is preferred."""

    CORRECTNESS = "correctness"
    """Its program is more credible."""
    EFFICIENCY = "efficiency"
    """Both programs pass the credible tests; its program is cheaper."""


@dataclass(frozen=True, kw_only=True)
class Preference:
    """One pair. The texts are completions as a policy wrote them; the prompt is what the policy was told."""

    prompt: str
    """The policy's own prompt text (``LMPolicy.prompt_text``), a chat template's tokens included."""
    chosen: str
    rejected: str
    score_chosen: float = 1.0
    """A credibility in [0, 1] for correctness; the inverse relative cost in (0, 1], the cheapest 1, for efficiency."""
    score_rejected: float = 0.0
    kind: PairKind = PairKind.CORRECTNESS
    task_id: str = ""
    source: str = ""
    """Writer of the completions: a policy and its version, or a file."""
    tests_chosen: str = ""
    """Asserts, a line each, that only the chosen program passes: those of the most credible tests."""
    tests_rejected: str = ""
    """The same that only the rejected program passes."""
    seconds_chosen: float = 0.0
    """CPU time of its calls, where it was measured; 0 otherwise."""
    seconds_rejected: float = 0.0
    error: str = ""
    """What the rejected program raised, or that it took too long, where it did on one of ``tests_chosen``."""
    error_start: int = -1
    """Where, as an offset into ``rejected``; -1 where that is not known."""
    error_end: int = -1

    @property
    def margin(self) -> float:
        """By how much the chosen one is better."""
        return self.score_chosen - self.score_rejected


def read_pairs(path: str | Path) -> list[Preference]:
    """Reads a pairs file: JSON lines with ``prompt``, ``chosen``, ``rejected``; all else is optional.

    Raises:
        DataError: If the file or a line is not what it should be; the message names file and line.
    """
    rows = json_lines.read(path, "pairs")
    return [_preference(row, json_lines.location(path, number)) for number, row in rows]


def write_pairs(path: str | Path, pairs: Iterable[Preference]) -> int:
    """Writes a pairs file, whole or not at all, and returns how many pairs it holds.

    The hub's ``datasets.load_dataset("json", data_files=path)`` and TRL's ``DPOTrainer`` read it unchanged.
    """
    return json_lines.write(path, map(asdict, pairs))


_EXPECTED: dict[Any, tuple[Any, str]] = {"float": ((int, float), "number"), "int": (int, "whole number")}
# Annotations are texts here (from __future__ import annotations).
_TYPES = {field.name: _EXPECTED.get(field.type, (str, "text")) for field in fields(Preference)}


def _preference(row: dict[str, Any], location: str) -> Preference:
    for name in ("prompt", "chosen", "rejected"):
        if name not in row:
            raise DataError(f"{location}: {name} is missing; a pair has the texts prompt, chosen and rejected.")
    values: dict[str, Any] = {name: row[name] for name in _TYPES if name in row}
    for name, value in values.items():
        expected, kind = _TYPES[name]
        # In Python, true is a number; in a file it is a mistake.
        if not isinstance(value, expected) or isinstance(value, bool):
            raise DataError(f"{location}: {name} must be a {kind}, got a {type(value).__name__}.")
    kind = values.get("kind", PairKind.CORRECTNESS)
    if kind not in tuple(PairKind):
        raise DataError(f"{location}: kind must be one of {', '.join(PairKind)}, got {kind!r}.")
    return Preference(**{**values, "kind": PairKind(kind)})
