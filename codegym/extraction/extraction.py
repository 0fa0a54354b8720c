"""Which part of a completion is the program: reasoning, fences, prose, bare bodies.

Nearly everything here is lexical, so that it is fast and no text whatever is refused. Nothing is compiled or run.
"""

from __future__ import annotations

import re
from itertools import islice

from codegym.extraction.answer import answer
from codegym.extraction.bodies import DEFINITION, continued, is_body
from codegym.extraction.cut import Cut, Extract
from codegym.extraction.fences import FIRST_LINE, Block, blocks, is_fence
from codegym.extraction.lexemes import outside_strings
from codegym.extraction.names import defined_names, definition_anywhere, missing_names, parsed, root_name
from codegym.extraction.valid_part import top_lines, valid_part
from codegym.problem import Problem

_MARGIN = re.compile(r"(?:(?<=[\r\n])|\A)([ \t]*+)[^\r\n]")
# Possessive repeats: no text can make this try the same words again in another way.
_PROSE = re.compile(
    r"(?!(?:True|False|None)\b)[A-Z][\w'\u2019,-]*+(?:[ ][\w'\u2019`\"(,.;:/)-]++){2,}+[ ]*+(?=[\r\n]|\Z)"
)
_MOST_BLOCKS = 500  # this bounds the work on a text that was made to be slow


def extract(completion: str, problem: Problem, *, strict: bool = False) -> Extract:
    """Cuts the program out of what a policy wrote.

    In order:

    1. Reasoning (``<think>``) and what stands behind an end marker are dropped.
    2. Of fenced blocks the last that defines the entry point is taken; else the last Python block, else the last.
       Blocks before it that define a name which it needs come with it.
    3. Prose around bare code is dropped.
    4. A bare function body continues ``problem.starter_code``. In a fence its first line is given back an indent that
       it lost. It ends before its first top-level ``assert`` and, only where it does not parse otherwise, before the
       first of the stop sequences of the HumanEval paper. A whole function takes over the imports and helpers of the
       starter code.
    5. Where the text does not parse, the longest run of top-level statements that does, and that defines the entry
       point, is the program: so a completion that was cut off behind a whole program counts.

    Args:
        completion: Any text, also empty, broken, with NUL or lone surrogates.
        problem: Gives the entry point and the starter code.
        strict: Leave out step 5.
    """
    entry = root_name(problem.entry_point)
    main, before = _main_and_before(completion, entry, problem.starter_code)
    code = _without_prose(main, entry)
    if is_body(code, entry, problem.starter_code):
        return continued(problem.starter_code, code, entry, strict=strict)
    code = _dedented(code)
    if entry and not strict:
        code = valid_part(code, entry)
    return Extract(_preamble(problem.starter_code, entry, code), code, _helpers(before, code, entry))


def _main_and_before(completion: str, entry: str, starter_code: str) -> tuple[Cut, list[Block]]:
    """Returns the part that holds the program, and the blocks before it."""
    start, end = answer(completion)
    whole = Cut(completion, start, end)
    if "```" not in completion and "~~~" not in completion:
        return whole, []
    first = FIRST_LINE.match(completion, start)
    if starter_code and first and first.group(1) and not is_fence(completion, first.start(2)):
        return whole, []  # a bare body: a fence in it ends it
    found = list(islice(blocks(completion, start, end), _MOST_BLOCKS))
    if not found:
        return whole, []
    defines = definition_anywhere(entry) if entry else None

    def rank(index: int) -> tuple[bool, bool, bool, int]:
        block = found[index]
        defined = bool(defines and defines.search(block.cut.text))
        # Text between the fences counts only where it defines the entry point and no block does.
        return defined and block.language >= 0, defined, bool(block.cut.text.strip()), block.language

    # Reversed, because max takes the first of equals, and the last block is the one that is meant.
    best = max(reversed(range(len(found))), key=rank)
    return found[best].cut, found[:best]


def _helpers(before: list[Block], main: Cut, entry: str) -> tuple[Cut, ...]:
    """Returns the blocks that define what the main one needs; earlier attempts at the entry point are none."""
    tree = parsed(main.text) if before else None
    if tree is None:
        return ()
    missing, helpers = missing_names(tree), list[Cut]()
    for block in reversed(before):
        if not missing:
            break
        cut = _dedented(_without_prose(block.cut, entry))
        first = next((top for top in top_lines(cut.text) if DEFINITION.match(cut.text, top)), 0)
        # What stands before the first definition is dropped where the text is no Python with it.
        cut = cut.between(first, len(cut.text)) if first and parsed(cut.text) is None else cut
        helper = parsed(cut.text) if block.language else None
        defined = defined_names(helper)
        if helper is not None and missing & defined and entry not in defined:
            helpers.append(cut)
            missing = missing - defined | missing_names(helper)
    return tuple(reversed(helpers))


def _without_prose(code: Cut, entry: str) -> Cut:
    """Drops prose around bare code."""
    text, tops = code.text, top_lines(code.text)
    first = next((top for top in tops if DEFINITION.match(text, top)), None)
    if first is None:
        return code
    if entry:
        prose = (found for top in tops if top > first and (found := _PROSE.match(text, top)))
        if end := next(outside_strings(text, prose), None):
            code = code.shortened(end.start())
    if _PROSE.match(text, tops[0]) and not code.indent:
        code = Cut(code.completion, code.start + first, code.end)
    return code


def _dedented(code: Cut) -> Cut:
    """Takes off the indentation that all lines share."""
    if not code.text[:1].isspace():
        return code
    first = FIRST_LINE.match(code.text)
    if first is None or not first.group(1) or code.indent:
        return code
    margins = [len(m.group(1)) for m in _MARGIN.finditer(code.text)]
    return Cut(code.completion, code.start, code.end, min(margins, default=0))


def _preamble(starter_code: str, entry: str, code: Cut) -> str:
    """Returns the imports and helpers before the entry point in the starter code that the program does not repeat."""
    found = definition_anywhere(entry).search(starter_code) if entry and starter_code else None
    preamble = starter_code[: found.start()] if found else ""
    # Nothing may stand before an import from __future__.
    if not preamble.strip() or "from __future__" in code.text:
        return ""
    # A program that repeats the imports and helpers needs no second copy, whose lines would shift its own.
    if all(line.strip() in code.text for line in preamble.splitlines()):
        return ""
    return preamble
