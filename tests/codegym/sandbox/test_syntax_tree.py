"""One source parses like any other, however many threads parse."""

from __future__ import annotations

import ast
import inspect
import sys
import threading
from collections.abc import Iterator

import pytest

from codegym.sandbox import run
from codegym.sandbox.syntax_tree import syntax_tree

SOURCE = inspect.getsource(run)


class Cycle:
    """Collected only by the collector, which then runs Python code in the middle of whatever goes on."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


def errors_of_threads() -> list[str]:
    """Parses in threads of different depths, where `ast.parse` fails now and then on CPython 3.11."""
    errors: list[str] = []

    def work(depth: int) -> None:
        if depth:
            work(depth - 1)
            return
        for _ in range(60):
            for _ in range(20):
                Cycle()
            try:
                syntax_tree(SOURCE)
            except SystemError as error:
                errors.append(str(error))

    threads = [threading.Thread(target=work, args=(30 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.fixture(autouse=True)
def threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_that_parse_do_not_disturb_each_other() -> None:
    assert errors_of_threads() == []


def test_what_does_not_parse_says_so() -> None:
    assert ast.dump(syntax_tree("x = 1")) == ast.dump(ast.parse("x = 1"))
    with pytest.raises(SyntaxError):
        syntax_tree("x = (")
