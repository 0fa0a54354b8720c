"""Fine credit: which tokens a failure is blamed on, and how. A new kind is a function for each, a literal and a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from agents.rltf.config import FineCredit
from agents.rltf.losses import conserving_credit, span_credit, uniform_credit
from agents.rollout.experience import Experience
from codegym.feedback.diagnostic import Source
from codegym.feedback.kind import Scope
from codegym.feedback.token_spans import token_spans

Span = NDArray[np.float32]


def no_span(experience: Experience) -> Span:
    """Blames no token more than another: float32[T] of zeros."""
    return np.zeros(experience.length, np.float32)


def line_span(experience: Experience) -> Span:
    """The failing lines, as in the paper: float32[T], 1 on their tokens."""
    return _failing_span(experience, whole_lines=True)


def exact_span(experience: Experience) -> Span:
    """The failing characters: float32[T], 1 on their tokens."""
    return _failing_span(experience, whole_lines=False)


def _failing_span(experience: Experience, *, whole_lines: bool) -> Span:
    """Ones where the whole program failed, zeros where no usable location is known."""
    # A linter's finding is no failure of the program: it says nothing about why the tests failed.
    found = [d for d in experience.diagnostics if d["scope"] == Scope.LINE and d["source"] != Source.LINT]
    suspected = [d for d in found if d["source"] in (Source.SPECTRUM, Source.DIVERGENCE)]
    certain = [d for d in found if d not in suspected and d["start"] >= 0]
    # A judge that traces gives a wrong answer the scope of a line, although no line is certainly wrong.
    if experience.scope == Scope.GLOBAL or (suspected and not certain):
        return np.ones(experience.length, np.float32)
    completion = experience.completion
    return token_spans(certain, completion.offsets, completion.text if whole_lines else None)


@dataclass(frozen=True)
class CreditRule:
    """How the failure of a completion becomes the credit of its tokens."""

    span: Callable[[Experience], Span]
    """How much each token belongs to the failing location, float32[T] from 0 to 1."""
    credit: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    """From advantage [B], fine reward [B], span [B, T] and completion mask [B, T] to the credit [B, T]."""
    pays_fine_reward: bool = False
    """Whether the fine reward of the environment is paid, on top of the advantage."""


CREDIT_RULES: dict[FineCredit, CreditRule] = {
    "none": CreditRule(no_span, lambda advantage, fine, span, mask: uniform_credit(advantage, mask)),
    "line": CreditRule(line_span, span_credit, pays_fine_reward=True),
    "conserving": CreditRule(exact_span, lambda advantage, fine, span, mask: conserving_credit(advantage, span, mask)),
}
