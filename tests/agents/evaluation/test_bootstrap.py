import numpy as np
import pytest

from agents.evaluation.bootstrap import bootstrap_mean


def test_a_constant_has_no_width() -> None:
    interval = bootstrap_mean([0.25] * 7)
    assert (interval.estimate, interval.low, interval.high) == (0.25, 0.25, 0.25)


def test_width_is_that_of_the_normal_theory() -> None:
    values = np.random.default_rng(0).random(400)
    interval = bootstrap_mean(values, seed=1)
    half = 1.96 * values.std() / np.sqrt(400)
    assert interval.estimate == pytest.approx(values.mean())
    assert interval.high - interval.estimate == pytest.approx(half, rel=0.1)
    assert interval.estimate - interval.low == pytest.approx(half, rel=0.1)


def test_same_seed_same_interval_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    whole = bootstrap_mean(values, seed=3)
    monkeypatch.setattr("agents.evaluation.bootstrap._AT_ONCE", 50)
    assert bootstrap_mean(values, seed=3) == whole
    assert bootstrap_mean(values, seed=4, level=0.5) != whole


def test_nothing_is_not_zero() -> None:
    assert np.isnan(bootstrap_mean([]).estimate)


def test_level_is_checked() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        bootstrap_mean([1.0], level=95)
