"""Where the answer of a completion lies: behind the reasoning, before the end of the model's turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from codegym.extraction.lexemes import outside_strings

_OPENING = re.compile(r"(?:(?<=[\r\n])|\A)[ \t]*<think(?:ing)?>")
_CLOSING = re.compile(r"</think(?:ing)?>")
_CODE = re.compile(
    r"^[ \t]*(?:`{3,}|~{3,}|(?:def|class|import|from|async|return|for|while|if|print|assert)\b|@|\w+[ \t]*[=(])", re.M
)
_BEGINNING = re.compile(r"\ufeff?\s*(?:\[BEGIN\]|<s>|<\|begin_of_text\|>|<\|im_start\|>[ ]*assistant\b)[ \t]*[\r\n]*")
# Each family of models ends its turns with a marker of its own.
_END = re.compile(
    r"\[DONE\]|</s>|<\|(?:im_end|endoftext|eot_id|end_of_text|end|EOT|file_separator|eom_id)\|>"
    r"|<\uff5c(?:end\u2581of\u2581sentence|EOT)\uff5c>|<end_of_turn>|<(?:eos|EOS)>"
)
# Most completions hold none of these, and finding that out takes a tenth of the time that the patterns take.
_MARKS = (
    "<think",
    "</think",
    "<|",
    "<\uff5c",
    "<s>",
    "</s>",
    "<end_of_turn>",
    "<eos>",
    "<EOS>",
    "[DONE]",
    "[BEGIN]",
    "\ufeff",
)
_QUOTES = frozenset("\"'`")
_MOST_TAGS = 50  # each of them is looked at in the light of the whole text


def answer(completion: str) -> tuple[int, int]:
    """Returns where the answer begins and ends.

    Reasoning is what stands between ``<think>`` and ``</think>``, or before a ``</think>`` whose beginning the prompt
    gave. Reasoning that nothing closes leaves no answer: a draft in it is not what the model says. A tag in quotes, in
    a string of the program, or in a sentence behind it is text. The first end marker outside of strings ends the
    answer (``<|im_end|>``, ``</s>``, ``[DONE]``, ...): a base model goes on with a text of its own behind it.

    Args:
        completion: The raw text that a policy wrote.
    """
    if not any(mark in completion for mark in _MARKS):
        return 0, len(completion)
    start = _behind_reasoning(completion)
    beginning = _BEGINNING.match(completion, start)
    if beginning:
        start = beginning.end()
    elif completion.startswith("\ufeff", start):
        start += 1  # Python skips that mark
    ends = (found for found in _END.finditer(completion, start) if _is_end(completion, found))
    end = next(outside_strings(completion, ends, start), None)
    return start, end.start() if end else len(completion)


def _behind_reasoning(completion: str) -> int:
    """Returns where the text behind all blocks of reasoning begins; its end if a block is not closed."""
    start = 0
    while opening := _OPENING.search(completion, start):
        if _CODE.search(completion, start, opening.start()):
            return start  # the answer has begun: it only writes about the tag
        closing = next(_unquoted(completion, _CLOSING.finditer(completion, opening.end())), None)
        if closing is None:
            return len(completion)
        start = closing.end()
    if start:
        return start
    closings = islice(_CLOSING.finditer(completion), _MOST_TAGS)
    closing = next((found for found in closings if _closes(completion, found)), None)
    return closing.end() if closing else 0


def _closes(text: str, tag: re.Match[str]) -> bool:
    """Whether a tag without a beginning ends reasoning; otherwise the answer only writes about it."""
    before, behind = _around(text, tag)
    if before in _QUOTES or behind in _QUOTES:
        return False
    if before in (" ", "\t") and behind not in ("", "\r", "\n") and _line_before(text, tag).strip():
        return False  # in the middle of a sentence
    if _CODE.search(text, tag.end()):
        return next(outside_strings(text, [tag]), None) is not None
    return not _CODE.search(text, 0, tag.start())


def _unquoted(text: str, tags: Iterable[re.Match[str]]) -> Iterator[re.Match[str]]:
    return (tag for tag in tags if not _QUOTES.issuperset(_around(text, tag)))


def _around(text: str, tag: re.Match[str]) -> tuple[str, str]:
    """The characters before and behind a tag; empty where the text begins or ends."""
    return text[max(tag.start() - 1, 0) : tag.start()], text[tag.end() : tag.end() + 1]


def _line_before(text: str, tag: re.Match[str]) -> str:
    return text[text.rfind("\n", 0, tag.start()) + 1 : tag.start()]


def _is_end(text: str, marker: re.Match[str]) -> bool:
    """Whether a marker ends the answer: not in quotes; ``[DONE]``, which is also Python, only alone in its line."""
    if marker.group() != "[DONE]":
        return not _QUOTES.issuperset(_around(text, marker))
    return not _line_before(text, marker).strip() and _around(text, marker)[1] in ("", "\r", "\n")
