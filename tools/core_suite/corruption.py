"""Spoiling a program, in the ways in which learners and models get programs wrong."""

from __future__ import annotations

import itertools
import keyword
import random
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeAlias

# Start, end and replacement in the source.
_Edit: TypeAlias = tuple[int, int, str]


class Corruption(StrEnum):
    """What can be spoilt; the names say what the program then suffers from."""

    MISSING_COLON = "missing_colon"
    UNCLOSED_BRACKET = "unclosed_bracket"
    EXTRA_BRACKET = "extra_bracket"
    BAD_INDENT = "bad_indent"
    ASSIGN_FOR_EQUAL = "assign_for_equal"
    TRUNCATED = "truncated"
    MISSPELT_NAME = "misspelt_name"
    OTHER_NAME = "other_name"
    MISSPELT_METHOD = "misspelt_method"
    OFF_BY_ONE = "off_by_one"
    COMPARISON = "comparison"
    ARITHMETIC = "arithmetic"
    NEGATED = "negated"
    AGGREGATE = "aggregate"
    MISSING_RETURN = "missing_return"
    EARLY_RETURN = "early_return"
    MISSING_LINE = "missing_line"
    SWAPPED_LINES = "swapped_lines"
    DROPPED_CONDITION = "dropped_condition"
    TYPE_ERROR = "type_error"
    DROPPED_DEFAULT = "dropped_default"
    DROPPED_KEYWORD = "dropped_keyword"
    SLICE = "slice"
    INFINITE_LOOP = "infinite_loop"


def corrupt(source: str, rng: random.Random, kinds: Iterable[Corruption] = tuple(Corruption)) -> str:
    """Returns the program with one thing spoilt; another text than ``source``, though it may still be right.

    Args:
        source: A program that is not empty.
        rng: The only source of chance.
        kinds: What may be spoilt.

    Raises:
        ValueError: If none of ``kinds`` can spoil this program.
    """
    order = list(kinds)
    rng.shuffle(order)
    for kind in order:
        spoilt = corruptions(source, kind)
        if spoilt:
            return rng.choice(spoilt)
    raise ValueError(f"none of {', '.join(kind.value for kind in order)} applies to this program:\n{source}")


def corruptions(source: str, kind: Corruption) -> list[str]:
    """Returns all ways to spoil a program by one kind of corruption, in order of place, without repeats."""
    found = (source[:start] + text + source[end:] for start, end, text in _EDITS[kind](source))
    return [spoilt for spoilt in dict.fromkeys(found) if spoilt.strip() and spoilt != source]


def _substitute(pattern: str, *replacements: str) -> Callable[[str], list[_Edit]]:
    """Returns edits that put each replacement in the place of each match outside of string literals."""

    def edits(source: str) -> list[_Edit]:
        strings = [match.span() for match in re.finditer(r'"[^"\n]*"', source)]
        return [
            (*match.span(), match.expand(replacement))
            for match in re.finditer(pattern, source, re.M)
            for replacement in replacements
            if not any(start <= match.start() < end for start, end in strings)
        ]

    return edits


def _table(pattern: str, table: dict[str, tuple[str, ...]]) -> Callable[[str], list[_Edit]]:
    """Returns edits that exchange each match for the texts that the table has for it."""

    def edits(source: str) -> list[_Edit]:
        return [
            (*match.span(), text)
            for match in re.finditer(pattern, source, re.M)
            for text in table.get(match.group(), ())
        ]

    return edits


_WORD = re.compile(r"(?<![\w.\"'])[a-z_]+\b")
_KEYWORDS = frozenset(keyword.kwlist) | {"print"}


def _misspelt(source: str) -> list[_Edit]:
    names = [match for match in _WORD.finditer(source) if match.group() not in _KEYWORDS]
    return [(match.end(), match.end(), letter) for match in names for letter in ("s", "1")] + [
        (match.start(), match.end(), match.group()[:-1]) for match in names if len(match.group()) > 2
    ]


def _other_name(source: str) -> list[_Edit]:
    head = source.split("\n")[0]
    variables = dict.fromkeys(re.findall(r"\b[a-z]{1,5}\b(?= =| in |,|\))", source))
    names = [name for name in variables if name not in _KEYWORDS]
    return [
        (*match.span(), other)
        for match in _WORD.finditer(source, len(head))
        if match.group() in names
        for other in names
        if other != match.group()
    ]


def _lines(source: str) -> list[tuple[int, int, str]]:
    spans, start = [], 0
    for line in source.split("\n"):
        spans.append((start, start + len(line), line))
        start += len(line) + 1
    return [span for span in spans if span[2].strip()]


def _missing_line(source: str) -> list[_Edit]:
    return [(start, end + 1, "") for start, end, line in _lines(source)[1:]]


def _swapped_lines(source: str) -> list[_Edit]:
    lines = _lines(source)[1:]
    return [(a[0], b[1], f"{b[2]}\n{a[2]}") for a, b in itertools.pairwise(lines)]


def _truncated(source: str) -> list[_Edit]:
    size = len(source)
    return [(size * part // 8, size, "") for part in range(3, 8)]


def _bad_indent(source: str) -> list[_Edit]:
    spans = [(start, line) for start, _, line in _lines(source) if line.startswith("    ")]
    return [(start, start + 4, "") for start, _ in spans] + [(start, start, "    ") for start, _ in spans]


def _early_return(source: str) -> list[_Edit]:
    """Indents the last line as deep as the one before it."""
    lines = _lines(source)
    if len(lines) < 3 or "return" not in lines[-1][2]:
        return []
    indent = re.match(" *", lines[-2][2])
    depth = indent.end() if indent else 0
    start, end, line = lines[-1]
    return [(start, end, " " * depth + line.strip())] if depth > 4 else []


def _infinite_loop(source: str) -> list[_Edit]:
    found = _substitute(r"\bfor (\w+) in ([^:\n\[\]]+):$", r"while True:", r"while \2:")(source)
    body = re.search(r"^def .*\n", source, re.M)
    if body:
        found.append((body.end(), body.end(), "    while True:\n        pass\n"))
    else:
        found.append((0, 0, "while True:\n    pass\n"))
    return found


_COMPARISONS = {
    " > ": (" >= ", " < "),
    " < ": (" <= ", " > "),
    " >= ": (" > ", " <= "),
    " <= ": (" < ", " >= "),
    " == ": (" != ", " is "),
    " != ": (" == ",),
}
_ARITHMETIC = {
    " + ": (" - ", " * "),
    " - ": (" + ",),
    " * ": (" + ", " ** "),
    " ** ": (" * ",),
    " // ": (" / ", " % "),
    " % ": (" // ",),
    " += ": (" = ", " -= "),
    " *= ": (" += ", " = "),
}
_AGGREGATES = {
    "sum(": ("len(", "max("),
    "len(": ("sum(", "max("),
    "max(": ("min(", "sum("),
    "min(": ("max(",),
    "sorted(": ("list(", "reversed("),
    "list(": ("set(", "sorted("),
    "set(": ("list(",),
    "all(": ("any(",),
    "any(": ("all(",),
}

_EDITS: dict[Corruption, Callable[[str], list[_Edit]]] = {
    Corruption.MISSING_COLON: _substitute(r":$", ""),
    Corruption.UNCLOSED_BRACKET: _substitute(r"[)\]}]", ""),
    Corruption.EXTRA_BRACKET: _substitute(r"\)", "))"),
    Corruption.BAD_INDENT: _bad_indent,
    Corruption.ASSIGN_FOR_EQUAL: _substitute(r" == ", " = "),
    Corruption.TRUNCATED: _truncated,
    Corruption.MISSPELT_NAME: _misspelt,
    Corruption.OTHER_NAME: _other_name,
    Corruption.MISSPELT_METHOD: _substitute(r"\.([a-z_]+)\(", r".\1s(", r".to_\1("),
    Corruption.OFF_BY_ONE: lambda source: [
        (*match.span(), str(int(match.group()) + step))
        for match in re.finditer(r"(?<![\w.])\d+\b", source)
        for step in (1, -1)
    ],
    Corruption.COMPARISON: _table(r" (?:[<>=!]=|[<>]) ", _COMPARISONS),
    Corruption.ARITHMETIC: _table(r" (?:[+*]=|\*\*|//|[-+*%]) ", _ARITHMETIC),
    Corruption.NEGATED: _substitute(r"\bif (?!not )", "if not "),
    Corruption.AGGREGATE: _table(r"\b(?:sum|len|max|min|sorted|list|set|all|any)\(", _AGGREGATES),
    Corruption.MISSING_RETURN: _substitute(r"\breturn ", ""),
    Corruption.EARLY_RETURN: _early_return,
    Corruption.MISSING_LINE: _missing_line,
    Corruption.SWAPPED_LINES: _swapped_lines,
    Corruption.DROPPED_CONDITION: _substitute(r" if [^\[\]()\n:]+(?=[\])])", ""),
    Corruption.TYPE_ERROR: _substitute(r"\breturn (.+)$", r"return str(\1)", r"return [\1]", r"return int(\1)"),
    Corruption.DROPPED_DEFAULT: _substitute(r", default=[^)]*", ""),
    Corruption.DROPPED_KEYWORD: _substitute(r", (?:key|reverse)=[^)]*", ""),
    Corruption.SLICE: _substitute(r"\[[^\[\]\n]*:[^\[\]\n]*\]", "", "[1:]", "[:-1]", "[::-1]"),
    Corruption.INFINITE_LOOP: _infinite_loop,
}
