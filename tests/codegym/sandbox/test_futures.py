from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait

import pytest

from codegym.sandbox.futures import MappedFuture, results, results_as_they_end


def done(value: int) -> Future[int]:
    future: Future[int] = Future()
    future.set_result(value)
    return future


def test_a_mapped_future_gives_what_the_function_makes_of_the_result() -> None:
    source: Future[int] = Future()
    mapped = MappedFuture(source, str)
    assert not mapped.done()
    source.set_result(3)
    assert mapped.result() == "3"
    assert not mapped.cancel()


def test_errors_of_the_source_and_of_the_function_are_raised() -> None:
    source: Future[int] = Future()
    mapped = MappedFuture(source, str)
    source.set_exception(OSError("full"))
    with pytest.raises(OSError, match="full"):
        mapped.result()
    with pytest.raises(ZeroDivisionError):
        MappedFuture(done(0), lambda value: 1 / value).result()


def test_cancelling_a_mapped_future_cancels_the_source_and_wakes_those_who_wait() -> None:
    source: Future[int] = Future()
    mapped = MappedFuture(source, str)
    assert mapped.cancel()
    assert source.cancelled()
    assert wait([mapped], timeout=0).done == {mapped}
    with pytest.raises(CancelledError):
        mapped.result()


def test_what_runs_already_is_not_cancelled() -> None:
    source: Future[int] = Future()
    mapped = MappedFuture(source, str)
    source.set_running_or_notify_cancel()
    assert not mapped.cancel()
    source.set_result(1)
    assert mapped.result() == "1"


def test_results_come_in_order() -> None:
    assert results(done(number) for number in range(5)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("fails", ["while it is submitted", "while it is awaited"])
def test_an_error_cancels_what_has_not_begun(fails: str) -> None:
    waiting: list[Future[int]] = [Future(), Future()]

    def futures() -> Iterator[Future[int]]:
        broken: Future[int] = Future()
        broken.set_exception(ValueError("broken"))
        yield broken
        yield from waiting
        if fails == "while it is submitted":
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        results(futures())
    assert all(future.cancelled() for future in waiting)


def test_results_come_as_they_end() -> None:
    first, second = Future[int](), Future[int]()
    ended = results_as_they_end([first, second, done(2)])
    assert next(ended) == (2, 2)
    second.set_result(1)
    assert next(ended) == (1, 1)
    first.set_result(0)
    assert list(ended) == [(0, 0)]


def test_a_loop_that_is_left_cancels_what_has_not_begun() -> None:
    waiting: Future[int] = Future()
    ended = results_as_they_end([done(0), waiting])
    next(ended)
    ended.close()  # type: ignore[attr-defined]  # a generator
    assert waiting.cancelled()
