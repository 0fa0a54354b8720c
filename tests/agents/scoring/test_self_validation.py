from __future__ import annotations

import numpy as np
import pytest

from agents.codedpo import self_validation

WORKED = np.array([[1, 1], [0, 1]])


@pytest.mark.parametrize(("iterations", "program", "test"), [(0, 1.0, 1.0), (1, 1.75, 1.5), (2, 2.6875, 2.25)])
def test_worked_example_of_the_article(iterations: int, program: float, test: float) -> None:
    programs, tests = self_validation(WORKED, damping=0.5, iterations=iterations, normalize=False)
    assert (programs[0], tests[1]) == (program, test)


def test_synchronous_update_reads_only_old_scores() -> None:
    programs, tests = self_validation(WORKED, damping=0.5, iterations=1, tests_first=False, normalize=False)
    np.testing.assert_array_equal(programs, [1.5, 1.0])
    np.testing.assert_array_equal(tests, [1.0, 1.5])


def test_known_weakness_the_larger_block_of_agreement_wins() -> None:
    link = np.zeros((12, 15))
    link[:7, :7] = 1  # seven wrong programs agree with seven wrong tests
    link[7:, 7:] = 1  # five right programs pass eight right tests
    programs, _ = self_validation(link)
    assert programs[:7].min() > programs[7:].max()
    assert link.sum(1)[7:].min() > link.sum(1)[:7].max(), "plain pass counts get this case right"


def test_ranking_converges_to_the_leading_singular_vector() -> None:
    link = (np.random.default_rng(0).random((9, 7)) < 0.5).astype(float)
    programs, tests = self_validation(link, damping=1.0, iterations=500)
    left, _, right = np.linalg.svd(link)
    np.testing.assert_allclose(programs, np.abs(left[:, 0]) / np.abs(left[:, 0]).max(), atol=1e-9)
    np.testing.assert_allclose(tests, np.abs(right[0]) / np.abs(right[0]).max(), atol=1e-9)


def test_all_pass_scores_grow_as_the_facts_say_and_normalise_to_one() -> None:
    raw, _ = self_validation(np.ones((15, 15)), normalize=False)
    assert 1e11 < raw.max() < 1e23
    np.testing.assert_allclose(self_validation(np.ones((15, 15)))[0], 1.0)


def test_many_iterations_neither_overflow_nor_lose_the_ranking() -> None:
    few, _ = self_validation(np.triu(np.ones((6, 6))), iterations=200)
    many, _ = self_validation(np.triu(np.ones((6, 6))), iterations=2000)
    np.testing.assert_allclose(few, many, atol=1e-9)
    with pytest.raises(OverflowError, match="normalize=True"):
        self_validation(np.ones((15, 15)), iterations=2000, normalize=False)


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 3)])
def test_empty_sides(shape: tuple[int, int]) -> None:
    programs, tests = self_validation(np.zeros(shape))
    assert (len(programs), len(tests)) == shape


def test_nothing_passes_gives_equal_scores() -> None:
    programs, tests = self_validation(np.zeros((3, 2)))
    assert set(programs) == set(tests) == {1.0}


@pytest.mark.parametrize("link", [[1, 0], [[np.nan]], [[-1.0]], [[[1]]]])
def test_bad_links_are_refused(link: object) -> None:
    with pytest.raises(ValueError, match="link must"):
        self_validation(link)  # type: ignore[arg-type]


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="damping"):
        self_validation(WORKED, damping=1.5)
    with pytest.raises(ValueError, match="iterations"):
        self_validation(WORKED, iterations=-1)
