"""Instances of the problem's classes, as the fields that they consist of."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Instance:
    """An instance of a class that the problem gives, where the class itself is not at hand."""

    class_name: str
    fields: dict[str, Any] = field(default_factory=dict, repr=False)


def fields_of(instance: Any) -> dict[str, Any]:
    """Returns the fields of an instance, in its ``__dict__`` and in slots, that hide nothing of its class."""
    if type(instance) is Instance:
        return instance.fields
    own = type(instance)
    fields = {name: value for name, value in getattr(instance, "__dict__", {}).items() if is_plain_field(own, name)}
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
