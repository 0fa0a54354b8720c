"""Fenced blocks of a completion, as Markdown has them and as models write them: stray, missing, unclosed, nested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codegym.extraction.cut import LINE_BREAK, Cut
from codegym.extraction.lexemes import has_triple_quotes, outside_strings

_RUN = re.compile(r"`{3,}|~{3,}")
_TICKS = re.compile(r"(`{3,}+|~{3,}+)[ \t]*+([^\r\n`]*+)(?=[\r\n]|\Z)")
_PYTHON = re.compile(r"[{.]*(?:ipython|python|pycon|py)(?![a-z])", re.IGNORECASE)
_CODE_LINE = re.compile(
    r"(?:def|class|import|from|async|if|for|while|try|with|return|print)\b|[@#]|\"\"\"|'''|[A-Za-z_][\w.]*[ \t]*[=(\[]"
)
FIRST_LINE = re.compile(r"(?:[ \t\f]*(?:\r\n|\n|\r))*+([ \t]*)([^\r\n]*)")


@dataclass(frozen=True)
class Block:
    """A part of a completion that may be the program.

    Attributes:
        cut: The part of the completion that it is.
        language: A rank: 2 Python, 1 none given, 0 another language, -1 outside of every block.
    """

    cut: Cut
    language: int


@dataclass(frozen=True)
class _Fence:
    """A line, or the end of one, that opens or closes a block."""

    begin: int
    end: int
    ticks: str
    info: str
    indent: int
    opens: bool

    def start(self) -> int:
        """Returns the offset of the first character, as a match of a regular expression does."""
        return self.begin

    @property
    def language(self) -> int:
        """The rank of the language that it names."""
        return 2 if _PYTHON.match(self.info) else 0 if self.info else 1

    def closes(self, opening: _Fence) -> bool:
        """Whether it ends the block; one that names a language begins the next."""
        return self.ticks.startswith(opening.ticks) or bool(self.info and self.ticks[0] == opening.ticks[0])


def blocks(text: str, start: int, end: int) -> Iterator[Block]:
    """Yields what stands in fences, and what stands between them, in the order of the text."""
    text = text[:end]
    fences = _fences(text, start)
    quoted = has_triple_quotes(text)
    opening = next(outside_strings(text, fences, start) if quoted else fences, None)
    first = FIRST_LINE.match(text, start)
    behind = start
    if opening and first and first.start(2) < opening.begin and _CODE_LINE.match(first.group(2)):
        yield Block(Cut(text, start, opening.begin), 2)  # bare code, or the prompt had opened this block
        behind = opening.end
        opening = opening if opening.info else next(_fences(text, opening.end), None)
    while opening:
        line_break = LINE_BREAK.match(text, opening.end)
        content = line_break.end() if line_break else opening.end
        if not opening.opens:
            opening = next(_fences(text, content), None)
            continue
        if text[behind : opening.begin].strip():
            yield Block(Cut(text, behind, opening.begin), -1)
        closing = _closing(text, content, opening, quoted)
        behind = closing.end if closing else len(text)
        yield Block(Cut(text, content, closing.begin if closing else len(text), opening.indent), opening.language)
        opening = closing if closing is None or closing.info else next(_fences(text, closing.end), None)
    if text[behind:].strip():
        yield Block(Cut(text, behind, len(text)), -1)


def is_fence(text: str, position: int) -> bool:
    """Whether a fence begins there."""
    return _TICKS.match(text, position) is not None


def _fences(text: str, start: int) -> Iterator[_Fence]:
    """Yields fences; after other text in its line a fence must be bare or name Python."""
    for run in _RUN.finditer(text, start):
        found = _TICKS.match(text, run.start())
        if found is None:
            continue
        begin = found.start()
        while begin > start and text[begin - 1] in " \t":
            begin -= 1
        ticks, info = found.group(1), found.group(2).strip()
        alone = begin == start or text[begin - 1] in "\r\n"
        if alone or not info or _PYTHON.match(info):
            indent = found.start() - begin if alone else 0
            yield _Fence(begin, found.end(), ticks, info, indent, alone or bool(info))


def _closing(text: str, content: int, opening: _Fence, quoted: bool) -> _Fence | None:
    """Returns the first fence outside of strings that ends a block; None if nothing closes it."""
    fences = (fence for fence in _fences(text, content) if fence.closes(opening))
    return next(outside_strings(text, fences, content) if quoted else fences, None)
