import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.feedback.localization import DECAY, divergence, ranked, spectrum
from codegym.feedback.tracing import Step, Trace, traces_of
from codegym.sandbox.execution import Execution, Observation, Status


def lines(*numbers):
    return Trace(lines=frozenset(numbers))


def steps(*produced):
    flat = tuple(Step(line=line, values=values) for line, values in produced)
    return Trace(lines=frozenset(step.line for step in flat), steps=flat)


def test_ochiai_by_hand():
    """Line 3 runs in both failing and one of two passing tests: 2 / sqrt(2 * 3)."""
    traces = [lines(1, 2, 3), lines(1, 3), lines(1, 2), lines(1, 3, 4)]
    scores = spectrum(traces, [False, False, True, True])
    assert scores == pytest.approx({1: 2 / math.sqrt(2 * 4), 2: 1 / math.sqrt(2 * 2), 3: 2 / math.sqrt(2 * 3), 4: 0.0})
    assert [line for line, _ in ranked(scores)] == [3, 1, 2, 4]


def test_tests_without_a_trace_do_not_count():
    assert spectrum([lines(1), Trace()], [False, False]) == {1: 1.0}
    assert spectrum([Trace()], [False]) == {}
    assert spectrum([], []) == {}


def test_divergence_by_hand():
    """Line 3 is the first to produce a value (99) that the reference never has; 2 and 1 led there."""
    program = steps((1, (5,)), (2, ()), (3, (99,)), (4, (98,)))
    reference = steps((7, (5,)), (8, (6,)))
    assert divergence([program], [reference], [False]) == pytest.approx({3: 1.0, 2: DECAY, 1: DECAY**2})


def test_another_way_of_computing_is_no_divergence():
    """Line 1's values are foreign in the passing test too, line 3's only in the failing one."""
    passing = steps((1, (50,)), (3, (6,)))
    failing = steps((1, (51,)), (3, (97,)))
    reference = steps((9, (6,)))
    blame = divergence([passing, failing], [reference, reference], [True, False])
    assert blame == pytest.approx({3: 1.0, 1: DECAY})


def test_without_a_foreign_value_the_way_to_the_end_is_suspected():
    program = steps((1, (5,)), (2, (6,)))
    assert divergence([program], [program], [False]) == pytest.approx({2: 1.0, 1: DECAY})
    assert divergence([program], [Trace()], [False]) == {}


def test_what_a_program_forges_is_no_trace():
    odd = [None, 3, {"lines": "x", "steps": 1}, {"lines": [1.5], "steps": [True]}, {"lines": [2], "steps": [4, -7, 1]}]
    observations = [Observation(status=Status.OK, value=value) for value in odd]
    traces = traces_of(Execution(observations=(*observations, Observation(status=Status.CPU_TIMEOUT))))
    assert traces[:4] == (Trace(),) * 4
    assert traces[4].lines == {2}
    assert traces[5] == Trace()


SOME_STEPS = st.lists(st.tuples(st.integers(1, 5), st.lists(st.integers(0, 4), max_size=2).map(tuple)), max_size=8)


@given(st.lists(st.tuples(SOME_STEPS, SOME_STEPS, st.booleans()), max_size=5))
def test_scores_lie_between_zero_and_one(tests):
    traces, references = [steps(*a) for a, _, _ in tests], [steps(*b) for _, b, _ in tests]
    passed = [ok for *_, ok in tests]
    for scores in (spectrum(traces, passed), divergence(traces, references, passed)):
        assert all(0 <= score <= 1 + 1e-12 for score in scores.values())
