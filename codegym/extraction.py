"""Which part of a completion is the program: fences, prose, bare bodies.

Nearly everything here is lexical, so that it is fast and no text whatever is refused; nothing is compiled or run.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import TypeVar

from codegym.problem import Problem

LINE_BREAK = re.compile(r"\r\n|\n|\r")
"""Where Python's lines end."""


@dataclass(frozen=True)
class Extract:
    """What a program consists of: code that the problem gives, then a part of the completion."""

    given: str
    cut: Cut


@dataclass(frozen=True)
class Cut:
    """A part of the completion, perhaps with blanks at the beginnings of its lines left out."""

    completion: str
    start: int
    end: int
    indent: int = 0
    """Blanks that are taken off each line, where it has that many."""

    @cached_property
    def pieces(self) -> list[tuple[int, int]]:
        """The ranges of the completion that make up the text."""
        if not self.indent:
            return [(self.start, self.end)]
        starts = [self.start, *(m.end() for m in LINE_BREAK.finditer(self.completion, self.start, self.end))]
        blanks = re.compile(rf"[ \t]{{0,{self.indent}}}")
        ends = [*starts[1:], self.end]
        return [
            (found.end(), end)
            for start, end in zip(starts, ends, strict=True)
            if (found := blanks.match(self.completion, start, end))
        ]

    @cached_property
    def text(self) -> str:
        """The part as it stands in the program."""
        return "".join([self.completion[start:end] for start, end in self.pieces])

    def shortened(self, length: int) -> Cut:
        """Returns the first characters of the text."""
        for start, end in self.pieces:
            if length <= end - start:
                return Cut(self.completion, self.start, start + length, self.indent)
            length -= end - start
        return self


_TOP_LINE = re.compile(r"[\r\n](?=[^\s#)\]}])")
_MARGIN = re.compile(r"(?:(?<=[\r\n])|\A)([ \t]*+)[^\r\n]")
_FIRST_LINE = re.compile(r"(?:[ \t\f]*(?:\r\n|\n|\r))*+([ \t]*)([^\r\n]*)")
_LEXEME = re.compile(r"(\"\"\"|''')|\#[^\r\n]*|\"(?:\\.|[^\"\\\r\n])*\"|'(?:\\.|[^'\\\r\n])*'", re.DOTALL)
_RUN = re.compile(r"`{3,}|~{3,}")
_TICKS = re.compile(r"(`{3,}+|~{3,}+)[ \t]*+([^\r\n`]*+)(?=[\r\n]|\Z)")
_PYTHON = re.compile(r"[{.]*(?:ipython|python|pycon|py)(?![a-z])", re.IGNORECASE)
_CODE_LINE = re.compile(
    r"(?:def|class|import|from|async|if|for|while|try|with|return|print)\b|[@#]|\"\"\"|'''|[A-Za-z_][\w.]*[ \t]*[=(\[]"
)
# These are matched where a top-level line begins.
_DEFINITION = re.compile(r"(?:def|class|import|from|async[ \t]+def)[ \t]|@")
_DEFINED = re.compile(r"(?:def|class|async[ \t]+def)[ \t]")
_PROSE = re.compile(
    r"(?!(?:True|False|None)\b)[A-Z][\w'\u2019,-]*+(?:[ ][\w'\u2019`\"(,.;:/)-]++){2,}+[ ]*+(?=[\r\n]|\Z)"
)
_ASSERT = re.compile(r"assert\b")
_RETURN = re.compile(r"return\b")
_LATER_INDENT = re.compile(r"[\r\n][ \t]+[^\s#]")
_STOP = re.compile(r"(?<=[\r\n])(?:class\b|def\b|#|if\b|print\b|```)")
_MOST_BLOCKS = 500  # these two bound the work on a text made to be slow
_MOST_PARSED = 50_000


def extract(completion: str, problem: Problem) -> Extract:
    """Cuts the program out of what a policy wrote.

    In order: reasoning before ``</think>`` is dropped; of fenced blocks the last that defines the entry point is taken
    (else the last Python block, else the last); prose around bare code is dropped; a bare function body continues
    ``problem.starter_code`` (in a fence its first line is given back an indent that it lost) and ends before its first
    top-level ``assert`` and, only where it does not parse otherwise, before the first of the stop sequences of the
    HumanEval paper; a whole function takes over the imports and helpers of the starter code.

    Args:
        completion: Any text, also empty, broken, with NUL or lone surrogates.
        problem: Gives the entry point and the starter code.
    """
    entry = _root_name(problem.entry_point)
    code = _trimmed(_whole_or_block(completion, entry, problem.starter_code), entry)
    if _is_body(code, entry, problem.starter_code):
        starter = _with_lost_indent(problem.starter_code, code)
        return _joined(starter, _cut_body(code, starter))
    code = _dedented(code)
    return Extract(_preamble(problem.starter_code, entry, code), code)


def _root_name(entry_point: str | None) -> str:
    """Returns the name that must be defined: ``Solution`` of ``Solution().solve``; empty without an entry point."""
    found = re.match(r"\w+", entry_point or "")
    return found.group() if found else ""


@lru_cache(maxsize=4096)
def _defines(name: str) -> re.Pattern[str]:
    """Matches a definition of the name (a function, a class, an assignment) where its line begins."""
    named = re.escape(name)
    return re.compile(rf"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{named}\b|{named}[ \t]*(?::[^=\r\n]*)?=(?!=)")


@lru_cache(maxsize=4096)
def _defines_anywhere(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?<=[\r\n])|\A)(?:{_defines(name).pattern})")


def _top_lines(text: str) -> list[int]:
    """Returns where lines begin that are not indented (blank lines, comments and closing brackets left out)."""
    starts = [match.end() for match in _TOP_LINE.finditer(text)]
    return [0, *starts] if text[:1].strip() else starts


def _whole_or_block(completion: str, entry: str, starter_code: str) -> Cut:
    """Returns the fenced block that holds the program, or the whole text where there is none."""
    start = completion.rfind("</think>")
    start = start + len("</think>") if start >= 0 else int(completion.startswith("\ufeff"))  # Python skips that mark
    whole = Cut(completion, start, len(completion))
    if "```" not in completion and "~~~" not in completion:
        return whole
    first = _FIRST_LINE.match(completion, start)
    if starter_code and first and first.group(1) and not _TICKS.match(completion, first.start(2)):
        return whole  # a bare body: a fence in it ends it
    blocks = list(islice(_blocks(completion, start), _MOST_BLOCKS))
    if not blocks:
        return whole
    defines = _defines_anywhere(entry) if entry else None

    def rank(block: tuple[Cut, int]) -> tuple[bool, bool, int]:
        cut, language = block
        return bool(defines and defines.search(cut.text)), bool(cut.text.strip()), language

    return max(reversed(blocks), key=rank)[0]


@dataclass(frozen=True)
class _Fence:
    """A line, or the end of one, that opens or closes a block."""

    start: int
    end: int
    ticks: str
    info: str
    indent: int
    opens: bool

    @property
    def language(self) -> int:
        """A rank: 2 Python, 1 none given, 0 another."""
        return 2 if _PYTHON.match(self.info) else 0 if self.info else 1

    def closes(self, opening: _Fence) -> bool:
        """Whether it ends the block; one that names a language begins the next."""
        return self.ticks.startswith(opening.ticks) or bool(self.info and self.ticks[0] == opening.ticks[0])


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


def _blocks(text: str, start: int) -> Iterator[tuple[Cut, int]]:
    """Yields fenced blocks, each with the rank of its language."""
    fences = _fences(text, start)
    quoted = _has_triple_quotes(text)
    opening = next(_outside_strings(text, fences, start) if quoted else fences, None)
    first = _FIRST_LINE.match(text, start)
    if opening and first and first.start(2) < opening.start and _CODE_LINE.match(first.group(2)):
        yield Cut(text, start, opening.start), 2  # bare code, or the prompt had opened this block
        opening = opening if opening.info else next(_fences(text, opening.end), None)
    while opening:
        line_break = LINE_BREAK.match(text, opening.end)
        content = line_break.end() if line_break else opening.end
        if not opening.opens:
            opening = next(_fences(text, content), None)
            continue
        closing = _closing(text, content, opening, quoted)
        end = closing.start if closing else len(text)
        yield Cut(text, content, end, opening.indent), opening.language
        opening = closing if closing is None or closing.info else next(_fences(text, closing.end), None)


def _closing(text: str, content: int, opening: _Fence, quoted: bool) -> _Fence | None:
    """Returns the fence that ends a block, first one outside of strings; without such the first of all."""

    def fences() -> Iterator[_Fence]:
        return (fence for fence in _fences(text, content) if fence.closes(opening))

    outside = next(_outside_strings(text, fences(), content), None) if quoted else None
    return outside or next(fences(), None)


def _has_triple_quotes(text: str) -> bool:
    return '"""' in text or "'''" in text


_Lying = TypeVar("_Lying", "_Fence", "re.Match[str]")


def _outside_strings(text: str, things: Iterable[_Lying], start: int = 0) -> Iterator[_Lying]:
    """Yields the things that do not lie in a triple-quoted string, in one pass over the text."""
    position = start
    for thing in things:
        begin = thing.start if isinstance(thing, _Fence) else thing.start()
        while position < begin:
            lexeme = _LEXEME.search(text, position, begin)
            if lexeme is None:
                position = begin
            elif lexeme.group(1):
                position = _end_of_string(text, lexeme.group(1), lexeme.end())
            else:
                position = lexeme.end()
        if position == begin:
            yield thing


def _end_of_string(text: str, quotes: str, position: int) -> int:
    while (found := text.find(quotes, position)) >= 0:
        unescaped = found
        while text[unescaped - 1] == "\\" and unescaped > position:
            unescaped -= 1
        if (found - unescaped) % 2 == 0:
            return found + 3
        position = found + 1
    return len(text) + 1


def _trimmed(code: Cut, entry: str) -> Cut:
    """Drops prose around bare code."""
    text, tops = code.text, _top_lines(code.text)
    first = next((top for top in tops if _DEFINITION.match(text, top)), None)
    if first is None:
        return code
    if entry:
        prose = (found for top in tops if top > first and (found := _PROSE.match(text, top)))
        if end := next(_outside_strings(text, prose), None):
            code = code.shortened(end.start())
    if _PROSE.match(text, tops[0]) and not code.indent:
        code = Cut(code.completion, code.start + first, code.end)
    return code


def _is_body(code: Cut, entry: str, starter_code: str) -> bool:
    """Whether the text continues the starter code instead of repeating it."""
    if not starter_code:
        return False
    text = code.text
    first = _FIRST_LINE.match(text)
    if first and first.group(1):
        return not (entry and _defines(entry).match(text, first.start(1)))
    if not entry:
        return False
    defined, defines = _DEFINED.match, _defines(entry).match
    if first and starter_code[-1] not in "\r\n" and not _DEFINITION.match(text, first.start(2)):
        defined = defines  # the text goes on in the line where the starter code stops; helpers may follow
    return not any(defined(text, top) or defines(text, top) for top in _top_lines(text))


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
    if len(code.text) > _MOST_PARSED or not _LATER_INDENT.search(code.text):
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

    That is no kinder than HumanEval's own harness: what parses runs as it stands, helpers and all.
    """
    text = code.text
    tops = _top_lines(text)
    asserts = (found for top in tops if top and (found := _ASSERT.match(text, top)))
    if end := next(_outside_strings(text, asserts), None):
        code = code.shortened(end.start())
        text = code.text
    stops = (found for found in _STOP.finditer(text) if found.start())
    stop = next(_outside_strings(text, stops), None)
    if stop is None or len(text) > _MOST_PARSED or _parses(starter_code, code):
        return code
    shorter = code.shortened(stop.start())
    return shorter if _parses(starter_code, shorter) else code


def _parses(starter_code: str, code: Cut) -> bool:
    """Whether starter code and body are Python together."""
    whole = _joined(starter_code, code)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(whole.given + whole.cut.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _joined(starter_code: str, code: Cut) -> Extract:
    """Puts a line break between starter code and body where neither has one, and indents the first line once."""
    last_line = _last_line(starter_code)
    if not last_line:
        return Extract(starter_code, code)
    if last_line.isspace():
        again = code.text[:1] in (" ", "\t", "\n", "\r")
        return Extract(starter_code[: -len(last_line)] if again else starter_code, code)
    return Extract(starter_code if code.text[:1] in ("", "\n", "\r") else starter_code + "\n", code)


def _dedented(code: Cut) -> Cut:
    """Takes off the indentation that all lines share."""
    if not code.text[:1].isspace():
        return code
    first = _FIRST_LINE.match(code.text)
    if first is None or not first.group(1) or code.indent:
        return code
    margins = [len(m.group(1)) for m in _MARGIN.finditer(code.text)]
    return Cut(code.completion, code.start, code.end, min(margins, default=0))


def _preamble(starter_code: str, entry: str, code: Cut) -> str:
    """Returns the imports and helpers before the entry point in the starter code that the program does not repeat."""
    found = _defines_anywhere(entry).search(starter_code) if entry and starter_code else None
    preamble = starter_code[: found.start()] if found else ""
    if not preamble.strip() or "from __future__" in code.text:
        return ""
    if all(line.strip() in code.text for line in preamble.splitlines()):
        return ""
    return preamble
