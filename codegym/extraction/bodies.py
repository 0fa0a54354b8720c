"""Bare function bodies: completions that go on where the problem's starter code stops."""

from __future__ import annotations

import re

from codegym.extraction.cut import Cut, Extract
from codegym.extraction.fences import FIRST_LINE
from codegym.extraction.lexemes import outside_strings
from codegym.extraction.names import definition, parsed
from codegym.extraction.valid_part import top_lines, valid_part

DEFINITION = re.compile(r"(?:def|class|import|from|async[ \t]+def)[ \t]|@")
"""Matches what begins a definition or an import, where a top-level line begins."""

_DEFINED = re.compile(r"(?:def|class|async[ \t]+def)[ \t]")
_ASSERT = re.compile(r"assert\b")
_RETURN = re.compile(r"return\b")
_LATER_INDENT = re.compile(r"[\r\n][ \t]+[^\s#]")
_STOP = re.compile(r"(?<=[\r\n])(?:class\b|def\b|#|if\b|print\b|```)")


def is_body(code: Cut, entry: str, starter_code: str) -> bool:
    """Whether the text continues the starter code instead of repeating it."""
    if not starter_code:
        return False
    text = code.text
    first = FIRST_LINE.match(text)
    if first and first.group(1):
        return not (entry and definition(entry).match(text, first.start(1)))
    if not entry:
        return False
    defined, defines = _DEFINED.match, definition(entry).match
    if first and starter_code[-1] not in "\r\n" and not DEFINITION.match(text, first.start(2)):
        defined = defines  # the text goes on in the line where the starter code stops; helpers may follow
    return not any(defined(text, top) or defines(text, top) for top in top_lines(text))


def continued(starter_code: str, code: Cut, entry: str, *, strict: bool) -> Extract:
    """Returns the starter code and, behind it, the body.

    Args:
        starter_code: Code of the problem.
        code: The part of the completion that holds the body.
        entry: The name that both together must define; may be empty.
        strict: Run a text that parses only in part as it stands.
    """
    starter = _with_lost_indent(starter_code, code)
    body = _cut_body(code, starter)
    if strict or not entry:
        return _joined(starter, body)
    joined = _joined(starter, body)
    return Extract(joined.given, valid_part(joined.cut, entry, joined.given))


def _with_lost_indent(starter_code: str, code: Cut) -> str:
    """Returns the starter code, with the indent of the body's first line at its end where the body has lost it.

    Chat models strip what they write. Only where nothing else can be meant: the body begins with ``return``, or it does
    not parse as it stands and does with the indent. And only in a fence: to a completion that is given as it is, no
    benchmark's own harness is so kind.
    """
    last_line, before = _last_line(starter_code), code.completion[: code.start]
    fenced = "```" in before or "~~~" in before
    if not fenced or last_line.isspace() or not code.text[:1].strip():
        return starter_code
    indented = starter_code + ("\n" if last_line else "") + _body_indent(starter_code)
    if _RETURN.match(code.text):
        return indented
    if not _LATER_INDENT.search(code.text):
        return starter_code
    if _parses(starter_code, _cut_body(code, starter_code)) or not _parses(indented, _cut_body(code, indented)):
        return starter_code
    return indented


def _body_indent(starter_code: str) -> str:
    """Returns the indent of what follows the starter code's last line: a docstring's own, one more after a colon."""
    line = _last_line(starter_code.rstrip())
    margin = line[: len(line) - len(line.lstrip())]
    return margin + "    " if line.endswith(":") or not margin else margin


def _last_line(text: str) -> str:
    return text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]


def _cut_body(code: Cut, starter_code: str) -> Cut:
    """Ends a bare body before its own tests, and before what keeps the whole from parsing.

    These are the stop sequences of the HumanEval paper: what parses runs as it stands, helpers and all.
    """
    text = code.text
    tops = top_lines(text)
    asserts = (found for top in tops if top and (found := _ASSERT.match(text, top)))
    if end := next(outside_strings(text, asserts), None):
        code = code.shortened(end.start())
        text = code.text
    stops = (found for found in _STOP.finditer(text) if found.start())
    # A docstring in the body may well hold a line that begins with "if" or "print".
    stop = next(outside_strings(text, stops), None)
    if stop is None or _parses(starter_code, code):
        return code
    shorter = code.shortened(stop.start())
    return shorter if _parses(starter_code, shorter) else code


def _parses(starter_code: str, code: Cut) -> bool:
    """Whether starter code and body are Python together."""
    whole = _joined(starter_code, code)
    return parsed(whole.given + whole.cut.text) is not None


def _joined(starter_code: str, code: Cut) -> Extract:
    """Puts a line break between starter code and body where neither has one, and indents the first line once."""
    last_line = _last_line(starter_code)
    if not last_line:
        return Extract(starter_code, code)
    if last_line.isspace():
        again = code.text[:1] in (" ", "\t", "\n", "\r")
        return Extract(starter_code[: -len(last_line)] if again else starter_code, code)
    return Extract(starter_code if code.text[:1] in ("", "\n", "\r") else starter_code + "\n", code)
