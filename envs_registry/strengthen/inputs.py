"""New inputs from old ones: each value is changed by the rules of its own type, so that a signature's types stay."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from codegym.problem import CallTest

_MOST_ITEMS = 40  # changed inputs are changed again, and would grow without end
_LARGEST = 10**6  # programs loop over numbers: a larger one costs seconds, and shows no more


class InputMutator:
    """Makes arguments that look like those of a problem's tests, in the manner of EvalPlus.

    Args:
        tests: Tests with the arguments to start from.
        generator: The source of randomness.
    """

    def __init__(self, tests: Sequence[CallTest], generator: random.Random) -> None:
        self._tests = list(tests)
        self._random = generator
        self._pool: dict[type, list[Any]] = {}
        for test in tests:
            for value in (*test.args, *test.kwargs.values()):
                self._collect(value)

    def inputs(self, count: int) -> list[CallTest]:
        """Returns up to so many inputs without expectations, different from the given ones and from each other."""
        seen = {_key(test) for test in self._tests}
        population = list(self._tests)
        found: list[CallTest] = []
        # Bounded, because small domains run out of new inputs: a function of one bool has two.
        for _ in range(20 * count):
            if len(found) == count or not population:
                break
            child = self._child(self._random.choice(population))
            if _key(child) not in seen:
                seen.add(_key(child))
                population.append(child)
                found.append(child)
        return found

    def _child(self, parent: CallTest) -> CallTest:
        args, kwargs = list(parent.args), dict(parent.kwargs)
        names: list[int | str] = [*range(len(args)), *kwargs]
        if not names:
            return parent
        for index in self._random.sample(names, self._random.randint(1, min(2, len(names)))):
            if isinstance(index, int):
                args[index] = self.mutated(args[index])
            else:
                kwargs[index] = self.mutated(kwargs[index])
        return CallTest(args=tuple(args), kwargs=kwargs)

    def mutated(self, value: Any) -> Any:
        """Returns a value of the same type, changed at one point."""
        rule = _RULES.get(type(value))
        return value if rule is None else rule(self, value)

    def _collect(self, value: Any) -> None:
        # By exact type: True is an int, and would be put where numbers belong.
        self._pool.setdefault(type(value), []).append(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            for item in value:
                self._collect(item)
        elif isinstance(value, dict):
            for item in (*value, *value.values()):
                self._collect(item)

    def _another(self, value: Any) -> Any:
        """A value of the same type that occurs anywhere in the given tests."""
        return self._random.choice(self._pool.get(type(value), [value]))

    def _bool(self, value: bool) -> bool:
        return not value

    def _int(self, value: int) -> int:
        choices = (
            value + 1,
            value - 1,
            -value,
            0,
            value * 2,
            value // 2,
            self._another(value),
            self._random.randint(0, 9),
        )
        return int(max(-_LARGEST, min(_LARGEST, self._random.choice(choices)))) if abs(value) <= _LARGEST else value - 1

    def _float(self, value: float) -> float:
        choices = (value + 1.0, value - 1.0, -value, 0.0, value / 2, value * 1.5, float(self._another(value)))
        return self._random.choice(choices)

    def _str(self, value: str) -> str:
        index = self._random.randint(0, len(value))
        end = min(len(value), index + self._random.randint(1, 3))
        choices = (
            value[:index] + value[end:],
            value[:end] + value[index:],
            value[::-1],
            value.swapcase(),
            value[:index] + self._another(value) + value[index:],
            value[:index] + self._random.choice("ab AZ019.,-()") + value[end:],
            "",
        )
        return self._random.choice(choices)[:200]

    def _items(self, items: list[Any]) -> list[Any]:
        """One item removed, repeated, changed, moved or taken from elsewhere."""
        if not items:
            return items
        index = self._random.randrange(len(items))
        head, item, tail = items[:index], items[index], items[index + 1 :]
        # Functions, so that only the chosen change is computed; changing an item is listed twice, to be likelier.
        choices: tuple[Callable[[], list[Any]], ...] = (
            lambda: head + tail,
            lambda: [*head, item, item, *tail],
            lambda: [*head, self.mutated(item), *tail],
            lambda: [*head, self.mutated(item), *tail],
            lambda: [*head, self._another(item), item, *tail],
            lambda: self._random.sample(items, len(items)),
            lambda: items[::-1],
            list,
        )
        return self._random.choice(choices)()[:_MOST_ITEMS]

    def _list(self, value: list[Any]) -> list[Any]:
        return self._items(value) if value else list(self._another(value))

    def _tuple(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        """Short tuples of several types are records: their length stays."""
        if len({type(item) for item in value}) > 1:
            index = self._random.randrange(len(value))
            return (*value[:index], self.mutated(value[index]), *value[index + 1 :])
        return tuple(self._items(list(value))) if value else tuple(self._another(value))

    def _set(self, value: set[Any]) -> set[Any]:
        # The order of a set of texts differs between processes; the seed alone shall decide.
        return set(self._items(sorted(value, key=repr)))

    def _dict(self, value: dict[Any, Any]) -> dict[Any, Any]:
        if not value:
            return dict(self._another(value))
        key = self._random.choice(list(value))
        rest = {name: item for name, item in value.items() if name != key}
        choices = (
            rest,
            {**value, key: self.mutated(value[key])},
            {**value, self.mutated(key): self._another(value[key])},
            {self._another(key): value[key], **rest},
        )
        return self._random.choice(choices)


_RULES: dict[type, Callable[[InputMutator, Any], Any]] = {
    bool: InputMutator._bool,
    int: InputMutator._int,
    float: InputMutator._float,
    str: InputMutator._str,
    list: InputMutator._list,
    tuple: InputMutator._tuple,
    set: InputMutator._set,
    dict: InputMutator._dict,
}


def _key(test: CallTest) -> str:
    return repr((test.args, sorted(test.kwargs.items())))
