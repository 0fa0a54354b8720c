"""Futures of a batch: all of them in order, each as it ends, or what a function makes of one."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

R = TypeVar("R")
S = TypeVar("S")


class MappedFuture(Future[R]):
    """The future of what a function makes of another future's result; cancelling it cancels the other.

    Args:
        source: The other future.
        function: Called in the thread that ends the other future; what it raises is what this future raises. Where it
            returns a future in its turn, that one's result is this one's.
    """

    def __init__(self, source: Future[S], function: Callable[[S], R | Future[R]]) -> None:
        super().__init__()
        self._source_cancel: Callable[[], bool] = source.cancel
        source.add_done_callback(lambda ended: self._settle(ended, function))

    def cancel(self) -> bool:
        """Cancels the other future, and this one with it; returns False where it has begun to run."""
        self._source_cancel()
        return self.cancelled()

    def _settle(self, source: Future[S], function: Callable[[S], R | Future[R]]) -> None:
        self._source_cancel = bool  # the other future and its result are no longer held here
        if source.cancelled():
            super().cancel()
            self.set_running_or_notify_cancel()  # wakes `concurrent.futures.wait`, which `cancel` alone does not
            return
        try:
            result = function(source.result())
        except BaseException as error:
            self.set_exception(error)
            return
        if isinstance(result, Future):
            self._source_cancel = result.cancel
            result.add_done_callback(lambda ended: self._settle(ended, lambda value: value))
        else:
            self.set_result(result)


def results(futures: Iterable[Future[R]]) -> list[R]:
    """Returns the futures' results in order; cancels what has not begun when one of them raises, or the caller stops.

    Args:
        futures: May be a generator that submits while it is read.
    """
    begun: list[Future[R]] = []
    try:
        begun.extend(futures)  # keeps those before an error, which are cancelled then
        return [future.result() for future in begun]
    finally:
        _cancel(begun)


def results_as_they_end(futures: Iterable[Future[R]]) -> Iterator[tuple[int, R]]:
    """Yields each future's index and result as it ends; cancels what has not begun when the caller stops."""
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    begun: dict[int, Future[R]] = {}
    try:
        for index, future in enumerate(futures):
            begun[index] = future
            future.add_done_callback(_putter(ended, index))
        while begun:
            index = ended.get()
            # Given away at once: a result is kept by nobody but the caller, however long the batch.
            yield index, begun.pop(index).result()
    finally:
        _cancel(begun.values())


def _putter(ended: queue.SimpleQueue[int], index: int) -> Callable[[Future[R]], None]:
    return lambda _: ended.put(index)


def _cancel(futures: Iterable[Future[R]]) -> None:
    for future in futures:
        future.cancel()
