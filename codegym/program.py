"""The code cut out of a completion, with a two-way map of offsets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A run of characters that stands both in the program and in the completion."""

    source_start: int
    completion_start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program's source and where each of its characters came from.

    Attributes:
        source: The program's text, as it is executed; every line and column in feedback refers to it.
        completion: The raw text that the policy wrote.
        segments: The parts they share, in order; what lies in no segment was given by the problem.
    """

    source: str
    completion: str
    segments: tuple[Segment, ...]
