"""The code cut out of a completion, with a two-way map of offsets.

Nearly everything here is lexical, so that it is fast and no text whatever is refused; nothing is compiled or run.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import TypeVar

from codegym.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A run of characters that stands both in the program and in the completion."""

    source_start: int
    completion_start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program's source and where each of its characters came from.

    Attributes:
        source: The program's text, as it is executed; every line and column in feedback refers to it.
        completion: The raw text that the policy wrote.
        segments: The parts they share, in order; what lies in no segment was given by the problem.
    """

    source: str
    completion: str
    segments: tuple[Segment, ...]

    @classmethod
    def from_completion(cls, completion: str, problem: Problem) -> Program:
        """Cuts the program out of what a policy wrote.

        In order: reasoning before ``</think>`` is dropped; of fenced blocks the last that defines the entry point is
        taken (else the last Python block, else the last); prose around bare code is dropped; a bare function body
        continues ``problem.starter_code`` and ends before its first top-level ``assert`` and, only where it does not
        parse otherwise, before the first of the stop sequences of the HumanEval paper; a whole function takes over the
        imports and helpers of the starter code.

        Args:
            completion: Any text, also empty, broken, with NUL or lone surrogates.
            problem: Gives the entry point and the starter code.

        Returns:
            The program; it need not be valid Python.
        """
        entry = _root_name(problem.entry_point)
        code = _trimmed(_whole_or_block(completion, entry, problem.starter_code), entry)
        if _is_body(code, entry, problem.starter_code):
            prefix, code = _joined(problem.starter_code, _cut_body(code, problem.starter_code))
        else:
            code = _dedented(code)
            prefix = _preamble(problem.starter_code, entry, code)
        return cls(source=prefix + code.text, completion=completion, segments=tuple(code.segments(len(prefix))))

    def completion_offset(self, source_offset: int) -> int:
        """Maps a character offset of the source into the completion.

        Args:
            source_offset: 0 to ``len(source)``; the end of a run maps to its end.

        Returns:
            The offset in the completion, or -1 in code that the problem gave.
        """
        index = bisect_right(self._source_starts, source_offset) - 1
        if index < 0:
            return -1
        segment = self.segments[index]
        inside = source_offset - segment.source_start
        return segment.completion_start + inside if inside <= segment.length else -1

    def source_offset(self, completion_offset: int) -> int:
        """Maps a character offset of the completion into the source; -1 where it is not part of the program."""
        index = bisect_right(self._completion_starts, completion_offset) - 1
        if index < 0:
            return -1
        segment = self.segments[index]
        inside = completion_offset - segment.completion_start
        return segment.source_start + inside if inside <= segment.length else -1

    def completion_span(self, start: int, end: int) -> tuple[int, int]:
        """Maps a half-open range of the source to the smallest range of the completion that covers it.

        Args:
            start: First character in the source.
            end: One past the last.

        Returns:
            Start and end in the completion; ``(-1, -1)`` if the problem gave every character of it.
        """
        if start >= end:
            offset = self.completion_offset(start)
            return offset, offset
        index = max(bisect_right(self._source_starts, start) - 1, 0)
        first = last = -1
        for segment in self.segments[index:]:
            if segment.source_start >= end:
                break
            low = max(start - segment.source_start, 0)
            high = min(end - segment.source_start, segment.length)
            if low < high:
                first = segment.completion_start + low if first < 0 else first
                last = segment.completion_start + high
        return first, last

    def offset_of(self, line: int, col: int) -> int:
        """Turns a place into a character offset of the source.

        Args:
            line: 1-based; lines end at LF, CRLF or CR, as in Python.
            col: 0-based, in characters.

        Returns:
            The offset, held inside the line and the text, whatever the numbers are.
        """
        index = min(max(line, 1), len(self.line_starts)) - 1
        start, end = self.line_starts[index], self.line_end(index + 1)
        return min(start + max(col, 0), end)

    def line_end(self, line: int) -> int:
        """Returns the offset in the source of the end of a line, its line break not included."""
        if line >= len(self.line_starts):
            return len(self.source)
        end = self.line_starts[line] - 1
        return end - 1 if self.source[end] == "\n" and end > 0 and self.source[end - 1] == "\r" else end

    def position_of(self, offset: int) -> tuple[int, int]:
        """Turns a character offset of the source into a 1-based line and a 0-based column."""
        line = bisect_right(self.line_starts, min(max(offset, 0), len(self.source)))
        return line, min(max(offset, 0), len(self.source)) - self.line_starts[line - 1]

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offsets in the source where its lines begin; the first is 0."""
        return (0, *(match.end() for match in _LINE_BREAK.finditer(self.source)))

    @cached_property
    def _source_starts(self) -> list[int]:
        return [segment.source_start for segment in self.segments]

    @cached_property
    def _completion_starts(self) -> list[int]:
        return [segment.completion_start for segment in self.segments]


@dataclass(frozen=True)
class _Cut:
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
        starts = [self.start, *(m.end() for m in _LINE_BREAK.finditer(self.completion, self.start, self.end))]
        blanks = re.compile(rf"[ \t]{{0,{self.indent}}}")
        ends = [*starts[1:], self.end]
        return [
            (found.end(), end)
            for start, end in zip(starts, ends, strict=True)
            if (found := blanks.match(self.completion, start, end))
        ]

    @cached_property
    def text(self) -> str:
        return "".join([self.completion[start:end] for start, end in self.pieces])

    def segments(self, offset: int) -> Iterator[Segment]:
        """Yields the parts with their places, from this offset of the source on; neighbours are merged."""
        for start, end in self.pieces:
            if end > start:
                yield Segment(source_start=offset, completion_start=start, length=end - start)
                offset += end - start

    def shortened(self, length: int) -> _Cut:
        """Returns the first characters of the text."""
        for start, end in self.pieces:
            if length <= end - start:
                return _Cut(self.completion, self.start, start + length, self.indent)
            length -= end - start
        return self


_LINE_BREAK = re.compile(r"\r\n|\n|\r")
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
_STOP = re.compile(r"(?<=[\r\n])(?:class\b|def\b|#|if\b|print\b|```)")
_MOST_BLOCKS = 500  # these two bound the work on a text made to be slow
_MOST_PARSED = 50_000


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


def _whole_or_block(completion: str, entry: str, starter_code: str) -> _Cut:
    """Returns the fenced block that holds the program, or the whole text where there is none."""
    start = completion.rfind("</think>")
    start = start + len("</think>") if start >= 0 else 0
    whole = _Cut(completion, start, len(completion))
    if "```" not in completion and "~~~" not in completion:
        return whole
    first = _FIRST_LINE.match(completion, start)
    if starter_code and first and first.group(1) and not _TICKS.match(completion, first.start(2)):
        return whole  # a bare body: a fence in it ends it
    blocks = list(islice(_blocks(completion, start), _MOST_BLOCKS))
    if not blocks:
        return whole
    defines = _defines_anywhere(entry) if entry else None

    def rank(block: tuple[_Cut, int]) -> tuple[bool, bool, int]:
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


def _blocks(text: str, start: int) -> Iterator[tuple[_Cut, int]]:
    """Yields fenced blocks, each with the rank of its language."""
    fences = _fences(text, start)
    quoted = _has_triple_quotes(text)
    opening = next(_outside_strings(text, fences, start) if quoted else fences, None)
    first = _FIRST_LINE.match(text, start)
    if opening and first and first.start(2) < opening.start and _CODE_LINE.match(first.group(2)):
        yield _Cut(text, start, opening.start), 2  # bare code, or the prompt had opened this block
        opening = opening if opening.info else next(_fences(text, opening.end), None)
    while opening:
        line_break = _LINE_BREAK.match(text, opening.end)
        content = line_break.end() if line_break else opening.end
        if not opening.opens:
            opening = next(_fences(text, content), None)
            continue
        closing = _closing(text, content, opening, quoted)
        end = closing.start if closing else len(text)
        yield _Cut(text, content, end, opening.indent), opening.language
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


def _trimmed(code: _Cut, entry: str) -> _Cut:
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
        code = _Cut(code.completion, code.start + first, code.end)
    return code


def _is_body(code: _Cut, entry: str, starter_code: str) -> bool:
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


def _cut_body(code: _Cut, starter_code: str) -> _Cut:
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


def _parses(starter_code: str, code: _Cut) -> bool:
    """Whether starter code and body are Python together."""
    prefix, code = _joined(starter_code, code)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(prefix + code.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _joined(starter_code: str, code: _Cut) -> tuple[str, _Cut]:
    """Puts a line break between starter code and body where neither has one, and indents the first line once."""
    last_line = starter_code[max(starter_code.rfind("\n"), starter_code.rfind("\r")) + 1 :]
    if not last_line:
        return starter_code, code
    if last_line.isspace():
        again = code.text[:1] in (" ", "\t", "\n", "\r")
        return (starter_code[: -len(last_line)] if again else starter_code), code
    return (starter_code if code.text[:1] in ("", "\n", "\r") else starter_code + "\n"), code


def _dedented(code: _Cut) -> _Cut:
    """Takes off the indentation that all lines share."""
    if not code.text[:1].isspace():
        return code
    first = _FIRST_LINE.match(code.text)
    if first is None or not first.group(1) or code.indent:
        return code
    margins = [len(m.group(1)) for m in _MARGIN.finditer(code.text)]
    return _Cut(code.completion, code.start, code.end, min(margins, default=0))


def _preamble(starter_code: str, entry: str, code: _Cut) -> str:
    """Returns the imports and helpers before the entry point in the starter code that the program does not repeat."""
    found = _defines_anywhere(entry).search(starter_code) if entry and starter_code else None
    preamble = starter_code[: found.start()] if found else ""
    if not preamble.strip() or "from __future__" in code.text:
        return ""
    if all(line.strip() in code.text for line in preamble.splitlines()):
        return ""
    return preamble
