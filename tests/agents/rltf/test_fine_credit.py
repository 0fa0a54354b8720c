"""Failing spans: where the diagnostics are, and not what the text says."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from agents.policy.completion import Completion
from agents.rltf.config import FineCredit
from agents.rltf.fine_credit import CREDIT_RULES, exact_span, line_span, no_span
from agents.rollout.experience import Experience

TEXT = "a\nb\nb\n"


def failed(*diagnostics: dict[str, Any], scope: str = "line") -> Experience:
    """Two equal lines, a token for each character."""
    ids = np.arange(len(TEXT), dtype=np.int64)
    completion = Completion(
        prompt="p",
        text=TEXT,
        prompt_ids=ids,
        token_ids=ids,
        offsets=np.stack([ids, ids + 1], axis=1),
        logprobs=np.zeros(len(TEXT), np.float32),
        finished=True,
    )
    return Experience(completion=completion, task_id="t", scope=scope, diagnostics=diagnostics)


def diagnostic(start: int, end: int, scope: str = "line", source: str = "runtime") -> dict[str, Any]:
    return {"source": source, "kind": "name_error", "scope": scope, "start": start, "end": end, "score": 1.0}


def test_every_kind_has_a_name() -> None:
    assert set(CREDIT_RULES) == set(get_args(FineCredit))


def test_spans_are_places_and_not_texts() -> None:
    # defect 1: two equal lines; the second one failed, and only its tokens are blamed
    second = failed(diagnostic(4, 5), diagnostic(0, 6, scope="global"))
    assert exact_span(second).tolist() == [0, 0, 0, 0, 1, 0]
    assert line_span(second)[:4].tolist() == [0, 0, 0, 0]
    assert line_span(second)[4] == 1
    assert no_span(second).tolist() == [0] * 6


def test_without_a_location_nothing_is_blamed() -> None:
    assert not exact_span(failed(scope="ignore")).any()


def test_a_global_failure_is_blamed_on_the_whole_program() -> None:
    # defect 4: timeouts and recursion
    assert exact_span(failed(scope="global")).all()
    assert line_span(failed(scope="global")).all()


def test_what_a_linter_finds_is_no_failure() -> None:
    assert not exact_span(failed(diagnostic(1, 2, source="lint"))).any()


def test_a_suspected_line_is_not_certain() -> None:
    # a judge that traces gives a wrong answer the scope of a line; its own diagnostic has no location
    suspected = failed(diagnostic(-1, -1, source="test"), diagnostic(0, 1, source="divergence"))
    assert exact_span(suspected).all()
    crash = failed(diagnostic(4, 5), diagnostic(0, 1, source="spectrum"))
    assert exact_span(crash).tolist() == [0, 0, 0, 0, 1, 0]
