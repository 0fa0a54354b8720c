"""Why something does not cross between processes that do not trust each other."""

from __future__ import annotations

from typing import Any


class CodecError(Exception):
    """Bytes that no encoder of ours wrote."""


class CannotCross(Exception):  # noqa: N818
    """A value that is not data, and nobody offered to export it as a handle.

    Attributes:
        type_name: Name of its type.
    """

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        super().__init__(type_name)


class TooLarge(Exception):  # noqa: N818
    """A value with more parts, or a number with more digits, than may cross."""


def checked(value: Any, kind: type) -> Any:
    """Returns a value of exactly this type.

    Raises:
        CodecError: If it is of another.
    """
    if type(value) is not kind:
        raise CodecError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
