"""Instances of the problem's classes, as the fields that they consist of."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Instance:
    """An instance of a class that the problem gives, where the class itself is not at hand.

    Two are equal where all is that can be reached from them. Nodes may be shared, and each pair is looked at once: by
    the number of ways to a node, a chain of forty would take for ever.
    """

    class_name: str
    fields: dict[str, Any] = field(default_factory=dict, repr=False)

    __hash__ = None  # type: ignore[assignment]  # its fields change

    def __eq__(self, other: object) -> bool:
        waiting: list[tuple[Any, Any]] = [(self, other)]
        seen: set[tuple[int, int]] = set()
        while waiting:
            one, another = waiting.pop()
            if type(one) is not Instance or type(another) is not Instance:
                if not _are_equal(one, another, waiting):
                    return False
            elif (pair := (id(one), id(another))) not in seen:
                seen.add(pair)
                if one.class_name != another.class_name or one.fields.keys() != another.fields.keys():
                    return False
                waiting += [(value, another.fields[name]) for name, value in one.fields.items()]
        return True


def _are_equal(one: Any, another: Any, waiting: list[tuple[Any, Any]]) -> bool:
    """Compares values that are no instances; what they hold is added to what waits."""
    kind = type(one)
    if kind is not type(another) or kind not in (list, tuple, dict):
        return bool(one == another)
    if len(one) != len(another):
        return False
    if kind is dict:
        if one.keys() != another.keys():
            return False
        waiting += [(value, another[key]) for key, value in one.items()]
    else:
        waiting += zip(one, another, strict=True)
    return True


def fields_of(instance: Any) -> dict[str, Any]:
    """Returns the fields of an instance, in its ``__dict__`` and in slots, that hide nothing of its class."""
    if type(instance) is Instance:
        return instance.fields
    own = type(instance)
    fields = {name: value for name, value in getattr(instance, "__dict__", {}).items() if is_plain_field(own, name)}
    # Slots of base classes are not in the class's own list.
    for kind in own.__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(instance, name) and is_plain_field(own, name):
                fields[name] = getattr(instance, name)
    return fields


def is_plain_field(kind: type, name: Any) -> bool:
    """Whether an instance's attribute of this name hides nothing that its class does: no method, no special name."""
    if type(name) is not str or (name.startswith("__") and name.endswith("__")):
        return False
    found = getattr(kind, name, None)
    is_slot = type(found) is types.MemberDescriptorType
    return is_slot or not (callable(found) or hasattr(type(found), "__get__"))
