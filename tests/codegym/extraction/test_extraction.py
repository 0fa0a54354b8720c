"""Right programs, wrapped as models wrap them: what is cut out passes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from codegym import Problem, Program

PROBLEM = Problem(task_id="t/0", prompt="Add the numbers.", tests=(), entry_point="total")
DRAFT = "def total(xs):\n    return 'draft'\n"


@dataclass(frozen=True)
class Whole:
    """A right program, and what must stand before it in a block of its own."""

    code: str
    helper: str = ""


PROGRAMS = {
    "plain": Whole("def total(xs):\n    return sum(xs)\n"),
    "imports and a constant": Whole(
        "import math\n\nZERO = 0\n\n\ndef total(xs: list) -> int:\n    return math.floor(sum(xs, ZERO))\n"
    ),
    "a fence in its docstring": Whole(
        'def total(xs):\n    """Add.\n\n    ```\n    total([1])\n    ```\n    """\n    return sum(xs)\n'
    ),
    "tags in its strings": Whole(
        'TAGS = ["<think>", "</think>", "</s>", "[DONE]", \'<|im_end|>\']\n\n\ndef total(xs):\n    return sum(xs)\n'
    ),
    "decorated": Whole(
        "from functools import cache\ndef total(xs):\n    return add(*xs)\n@cache\ndef add(*xs):\n    return sum(xs)\n"
    ),
    "a helper in a block before": Whole(
        "def total(xs):\n    return add(*xs)\n", helper="import math\n\n\ndef add(*xs):\n    return math.fsum(xs)\n"
    ),
}

REASONING = {
    "none": "",
    "closed": f"<think>\nFirst, a draft:\n```python\n{DRAFT}```\nNo, that is wrong.\n</think>\n\n",
    "closed, in one line": "<think>add them</think>",
    "empty": "<think>\n\n</think>\n\n",
    "opened by the prompt": f"I could write\n\n{DRAFT}\nbut that is wrong.\n</think>\n\n",
    "two": f"<think>one</think>\n<think>\n{DRAFT}</think>\n",
    "it names its own tag": "<think>I close this with `</think>` later.\n</think>\n",
}

BEFORE = {
    "nothing": "",
    "a sentence": "Sure! Here is the function:\n\n",
    "a list": "1. Add the numbers.\n2. Return the sum.\n\n",
}

FENCES: dict[str, Callable[[str], str]] = {
    "python": lambda code: f"```python\n{code}```\n",
    "no language": lambda code: f"```\n{code}```\n",
    "tildes": lambda code: f"~~~python\n{code}~~~\n",
    "four": lambda code: f"````python\n{code}````\n",
    "unclosed": lambda code: f"```python\n{code}",
    "not opened": lambda code: f"{code}```\n",
    "nested": lambda code: f"````markdown\n```python\n{code}```\n````\n",
    "indented": lambda code: (
        "   ```python\n" + "".join(f"   {line}" for line in code.splitlines(keepends=True)) + "   ```\n"
    ),
    "closed in its last line": lambda code: f"```python\n{code.rstrip()}```\n",
}

AFTER = {
    "nothing": "",
    "a sentence": "\nThis function adds all numbers of the list.\n",
    "an example": "\nExample:\n\n```python\nprint(total([1, 2]))\n```\n",
    "an output": "\n```text\n3\n```\n",
    "a mention of a tag": "\nMy reasoning stands before the </think> tag, as you see.\n",
}

ENDS = (
    "",
    "<|im_end|>",
    "</s>",
    "\n[DONE]\n",
    "<|im_end|>\n<|im_start|>user\nAnother one, def total(xs): pass\n",
    "<|endoftext|>\ndef total(xs):\n    return 'next'\n",
)


def completions(fence: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Every combination for the plain program, and a sample for the others; each with the names of its parts."""
    parts = list(itertools.product(REASONING, BEFORE, AFTER, ENDS))
    for program, whole in PROGRAMS.items():
        helper = f"First, a helper:\n\n{fence(whole.helper)}\nThen the function:\n\n" if whole.helper else ""
        for chosen in parts if program == "plain" else Random(program).sample(parts, 150):
            reasoning, before, after, end = chosen
            text = REASONING[reasoning] + BEFORE[before] + helper + fence(whole.code) + AFTER[after] + end
            yield f"{program}, {chosen}", text


def total_of(source: str) -> Any:
    """Runs a program of ours, and returns what its function says."""
    names: dict[str, Any] = {}
    exec(compile(source, "program", "exec"), names)
    return names["total"]([1, 2, 3])


@pytest.mark.parametrize("style", FENCES)
def test_what_is_cut_out_of_any_wrapping_passes(style: str) -> None:
    known: dict[str, bool] = {}
    wrong = []
    for name, completion in completions(FENCES[style]):
        if style == "unclosed" and any(after in name for after in ("an example", "an output", "a mention")):
            continue  # a block that nothing closes holds all that follows
        source = Program.from_completion(completion, PROBLEM).source
        if source not in known:
            try:
                known[source] = total_of(source) == 6
            except Exception:
                known[source] = False
        if not known[source]:
            wrong.append((name, completion, source))
    assert not wrong, f"{len(wrong)} wrong, such as {wrong[0][0]}:\n{wrong[0][1]}\n---- cut out:\n{wrong[0][2]}"


@pytest.mark.parametrize("style", ["python", "no language", "unclosed"])
@pytest.mark.parametrize("opening", ["<think>\n", "Let me see.\n<think>\n", "<think>one</think>\n<think>"])
def test_a_draft_in_reasoning_that_nothing_closes_is_no_answer(style: str, opening: str) -> None:
    completion = opening + "First, I write\n" + FENCES[style](PROGRAMS["plain"].code)
    assert Program.from_completion(completion, PROBLEM).source.strip() == ""


def test_the_longest_part_that_defines_the_entry_point_is_taken() -> None:
    code = PROGRAMS["imports and a constant"].code
    for tail in (
        "def helper(",
        "\n\nif __name__ == '__main__':\n    print(total([1, 2",
        "x = '",
        "\nnow some text\nand more",
    ):
        completion = code + tail
        assert total_of(Program.from_completion(completion, PROBLEM).source) == 6, tail
        assert Program.from_completion(completion, PROBLEM, strict=True).source == completion
    assert total_of(Program.from_completion("here it goes:\n" + code, PROBLEM).source) == 6


def test_a_function_that_is_broken_itself_stays_as_it_is() -> None:
    broken = "import math\n\n\ndef total(xs):\n    return sum(xs\n"
    assert Program.from_completion(broken, PROBLEM).source == broken


def test_the_last_attempt_that_is_whole_counts_where_a_later_one_is_cut_off() -> None:
    completion = "def total(xs):\n    return sum(xs)\n\n\ndef total(xs):\n    return sum("
    assert total_of(Program.from_completion(completion, PROBLEM).source) == 6


def test_work_on_hostile_text_is_bounded() -> None:
    """Each of these took quadratic time; a run that hangs here is the failure."""
    for text in (
        '"\\' * 16_000, "\"\"\"" + '\\"""' * 8_000, "</think> " * 4_000, "[DONE]\n" * 5_000, "<think></think>" * 3_000,
        "```python\n" * 4_000, "def total(:\n" * 3_000, "x = (\n" * 5_000, "    " * 8_000 + "\n",
    ):  # fmt: skip
        Program.from_completion(text, PROBLEM)
