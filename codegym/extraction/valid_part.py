"""The longest part of a text that is Python and defines the entry point, as the field's sanitisers take it."""

from __future__ import annotations

import re
import warnings

from codegym.extraction.cut import Cut, offset_of_line
from codegym.extraction.names import MOST_PARSED, defined_names, definition_anywhere, missing_names
from codegym.sandbox.syntax_tree import syntax_tree

_TOP_LINE = re.compile(r"[\r\n](?=[^\s#)\]}])")
# A statement that cannot stand alone has lost its indent: it belongs to what is before it, and no tail begins there.
_LOST_INDENT = re.compile(r"(?:else|elif|except|finally|return|yield|break|continue)\b")
_BEGINNING = re.compile(r"(?:def|class|import|from|async[ \t]+def)[ \t]|@|[A-Za-z_]\w*[ \t]*(?::[^=\r\n]*)?=(?!=)")
# These two bound the work: each attempt is one parse of at most MOST_PARSED characters.
_MOST_BEGINNINGS = 8
_MOST_ENDS = 24


def top_lines(text: str) -> list[int]:
    """Returns where lines begin that are not indented (blank lines, comments and closing brackets left out)."""
    starts = [match.end() for match in _TOP_LINE.finditer(text)]
    return [0, *starts] if text[:1].strip() else starts


def valid_part(code: Cut, entry: str, given: str = "") -> Cut:
    """Returns the longest run of whole top-level statements that parses and defines the entry point.

    Args:
        code: Text of the completion. It is returned as it is where it parses, or where no part of it will do.
        entry: The name that must be defined.
        given: Code of the problem that the text continues; then the part begins where the text begins.
    """
    text = code.text
    if len(given) + len(text) > MOST_PARSED or _error_line(given + text) is None:
        return code
    tops = top_lines(text)
    if given:
        end = _end_of_valid(given, text, tops, entry)
        return code.shortened(end) if end else code
    found = definition_anywhere(entry).search(text)
    beginnings = [top for top in tops if found and top <= found.start() and _BEGINNING.match(text, top)]
    # The first one is tried, and then those nearest to the definition.
    for start in dict.fromkeys([*beginnings[:1], *beginnings[-_MOST_BEGINNINGS:]]):
        end = _end_of_valid("", text[start:], [top - start for top in tops if top > start], entry)
        if end and not _needs(text[start : start + end], text[:start]):
            return code.between(start, start + end)
    return code


def _needs(part: str, dropped: str) -> bool:
    """Whether a part needs what the text before it defines: then the error there is the one to be told."""
    return any(definition_anywhere(name).search(dropped) for name in missing_names(syntax_tree(part)))


def _end_of_valid(given: str, text: str, tops: list[int], entry: str) -> int:
    """Returns where the longest beginning of the text ends that will do; 0 if there is none."""
    end = len(text)
    for _ in range(_MOST_ENDS):
        line = _error_line(given + text[:end])
        if line is None:
            whole = given + text[:end]
            return end if entry in defined_names(syntax_tree(whole)) else 0
        # The statement that holds the error begins at the last top-level line up to it.
        limit = offset_of_line(given + text, line) - len(given)
        end = max((top for top in tops if top <= min(limit, end - 1)), default=0)
        if end <= 0 or _LOST_INDENT.match(text, end):
            return 0
    return 0


def _error_line(source: str) -> int | None:
    """Returns the line of a syntax error; None where the text parses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            syntax_tree(source)
    except SyntaxError as error:
        return error.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return 1
    return None
