"""Whether a call failed because the function does not take such arguments, and where it says which it takes."""

from __future__ import annotations

from typing import Any

from .failure import PROGRAM, characters, describe, source_lines


def describe_call(
    error: BaseException, source: str, entry: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Describes what a call raised, as :func:`failure.describe`; a call that does not fit is placed at the signature.

    Args:
        error: What the call raised.
        source: The program's text.
        entry: What was called.
        args: Positional arguments of the call.
        kwargs: Its keyword arguments.

    Returns:
        The failure, with ``signature_mismatch``: whether the function does not take such arguments.
    """
    failure = describe(error, source, loading=False)
    # With a frame of the program's the call itself went well: the error came later.
    if isinstance(error, TypeError) and not failure["frames"] and _is_mismatch(entry, args, kwargs):
        failure["signature_mismatch"], failure["place"] = True, _header(entry, source)
    return failure


def _is_mismatch(entry: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Asks the signature; where there is none (``max``), or one of the program's own making fails, it is not known."""
    import inspect  # only where a call has failed: the server stays small

    try:
        signature = inspect.signature(entry)
    except BaseException:
        return False
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return True
    except BaseException:
        return False
    return False


def _header(entry: Any, source: str) -> list[int] | None:
    """Returns ``def name(...)`` up to the closing bracket, the lambda, or ``class Name`` where that defines none."""
    import ast

    try:
        code = _code(entry)
        name = code.co_name if code is not None else entry.__name__
        nodes = [node for node in ast.walk(ast.parse(source)) if _is_header(node, name, code)]
    except BaseException:  # hints only: the program may have made anything of its function's attributes
        return None
    return _header_span(nodes[-1], source) if nodes else None


def _is_header(node: Any, name: str, code: Any) -> bool:
    if code is None:
        return type(node).__name__ == "ClassDef" and bool(node.name == name)
    if type(node).__name__ not in ("FunctionDef", "AsyncFunctionDef", "Lambda"):
        return False
    first = min(part.lineno for part in (node, *getattr(node, "decorator_list", ())))
    return bool(getattr(node, "name", "<lambda>") == name and first == code.co_firstlineno)


def _code(entry: Any) -> Any:
    """Returns the code that takes the arguments, None if it is not the program's."""
    import functools
    import inspect

    entry = inspect.unwrap(entry)
    while isinstance(entry, functools.partial):
        entry = entry.func
    if isinstance(entry, type):
        entry = entry.__init__  # type: ignore[misc]
    elif not inspect.isroutine(entry):
        entry = type(entry).__call__
    code = getattr(entry, "__code__", None)
    return code if code is not None and code.co_filename == PROGRAM else None


def _header_span(node: Any, source: str) -> list[int]:
    import ast

    lines = source_lines(source)
    end_line, end = node.lineno, node.col_offset
    if isinstance(node, ast.Lambda):
        end_line, end, closing = node.end_lineno, node.end_col_offset, ""
    elif isinstance(node, ast.ClassDef):
        closing = node.name
    else:
        parts: list[Any] = [part for part in ast.walk(node.args) if isinstance(part, (ast.arg, ast.expr))]
        end_line, end = max([(p.end_lineno, p.end_col_offset) for p in parts], default=(end_line, end))
        closing = ")"
    while closing not in (rest := lines[end_line - 1].encode()[end:].decode()):
        end_line, end = end_line + 1, 0
    end += len(rest[: rest.index(closing) + len(closing)].encode())
    return [
        node.lineno,
        characters(lines[node.lineno - 1], node.col_offset),
        end_line,
        characters(lines[end_line - 1], end),
    ]
