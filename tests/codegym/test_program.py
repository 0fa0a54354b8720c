import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.problem import Problem
from codegym.program import Program

STARTER = 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """ Sum it. """\n'
BODY = "    return sum(xs)\n"
WHOLE = "def total(xs):\n    return sum(xs)\n"
DATA = Path(os.environ.get("CODEGYM_DATA", "CODEGYM_DATA is not set"))


def problem(starter: str = "", entry: str | None = "total") -> Problem:
    return Problem(task_id="t/0", prompt="Sum it.", tests=(), entry_point=entry, starter_code=starter)


def cut(completion: str, starter: str = "", entry: str | None = "total") -> str:
    program = Program.from_completion(completion, problem(starter, entry))
    check_map(program)
    return program.source


def check_map(program: Program) -> None:
    for segment in program.segments:
        source = program.source[segment.source_start : segment.source_start + segment.length]
        start = segment.completion_start
        assert segment.length > 0
        assert source == program.completion[start : start + segment.length]
    for before, after in zip(program.segments, program.segments[1:], strict=False):
        assert before.source_start + before.length <= after.source_start
        assert before.completion_start + before.length <= after.completion_start


def test_plain_code_is_the_program():
    assert cut(WHOLE) == WHOLE


@pytest.mark.parametrize(
    "completion",
    [
        f"```python\n{WHOLE}```",
        f"```\n{WHOLE}```\n",
        f"Here you go:\n\n```py\n{WHOLE}```\nIt's done: it isn't hard.",
        f"Sure: ```python\n{WHOLE}```",
        f"~~~python\n{WHOLE}~~~",
        f"````python\n{WHOLE}````",
        f"```python\n{WHOLE}",
        f"```bash\npip install x\n```\n```python\n{WHOLE}```\n```text\n3\n```",
        f"```python\n{WHOLE}```\nExample:\n```python\nprint(total([1]))\n```",
        f"First try:\n```python\ndef total(xs):\n    return 0\n```\nNo, better:\n```python\n{WHOLE}```",
        f"<think>```python\ndef total(xs): pass\n```</think>\n```python\n{WHOLE}```",
        f"{WHOLE}```\nThis closes the fence that the prompt opened.\n```python\ntotal([])\n```",
        f"Here is the function you need:\n\n{WHOLE}",
        f"{WHOLE}This function adds up all numbers.\n",
    ],
)
def test_the_function_is_cut_out_of_what_stands_around_it(completion):
    assert cut(completion) == WHOLE


def test_an_indented_fence_is_dedented_line_by_line():
    inner = "".join("   " + line for line in WHOLE.splitlines(keepends=True))
    completion = f"1. Do this:\n\n   ```python\n{inner}   ```\n"
    program = Program.from_completion(completion, problem())
    assert program.source == WHOLE
    check_map(program)
    at = program.source.index("return")
    assert completion[program.completion_offset(at) :].startswith("return sum(xs)")


def test_a_fence_inside_a_docstring_is_text():
    code = 'def total(xs):\n    """\n    ```\n    total([1])\n    ```\n    """\n    return sum(xs)\n'
    assert cut(code) == code
    assert cut(f"```python\n{code}```\nDone.") == code


def test_an_unclosed_docstring_does_not_swallow_the_prose_after_the_fence():
    assert cut('```python\ndef total(xs):\n    """ Sum\n    return 1\n```\nDone.') == (
        'def total(xs):\n    """ Sum\n    return 1\n'
    )


def test_a_fence_closed_at_the_end_of_a_line():
    assert cut("```python\ndef total(xs):\n    return 1```") == "def total(xs):\n    return 1"


def test_a_body_continues_the_starter_code():
    program = Program.from_completion(BODY, problem(STARTER))
    assert program.source == STARTER + BODY
    assert program.completion_offset(len(STARTER) - 1) == -1
    assert program.completion_offset(len(STARTER)) == 0
    assert program.completion_offset(len(program.source)) == len(BODY)
    assert program.source_offset(4) == len(STARTER) + 4
    assert program.completion_span(3, len(STARTER) + 10) == (0, 10)
    assert program.completion_span(0, 5) == (-1, -1)


@pytest.mark.parametrize(
    "rest",
    [
        "\nassert total([1]) == 1\ndef main(",
        "\n\ndef main():\n    print(total([1",
        "\n\nif __name__ == '__main__':\n    total([]\n",
        "\nprint(total([1, 2",
        "\n```\nand prose",
        "\n# and so\non it goes",
        "\nclass Emp:\n",
    ],
)
def test_a_body_ends_before_its_tests_and_before_what_does_not_parse(rest):
    source = cut(BODY + rest, STARTER)
    assert source.rstrip() == (STARTER + BODY).rstrip()


@pytest.mark.parametrize(
    "rest",
    [
        "\n\ndef add(xs):\n    return sum(xs)\n",
        "\nimport torch\n",
        "\nprint(total([1]))\n",
        "\n# comment\nx = '\\d'\n",
    ],
)
def test_what_parses_or_has_no_stop_runs_as_it_stands(rest):
    assert cut(BODY + rest, STARTER) == STARTER + BODY + rest


def test_a_body_ends_where_it_stops_to_be_python_unless_it_is_judged_strictly():
    completion = BODY + "\nprose that nobody stops"
    assert cut(completion, STARTER) == STARTER + BODY + "\n"
    strictly = Program.from_completion(completion, problem(STARTER), strict=True)
    assert strictly.source == STARTER + completion


def test_a_body_that_is_broken_itself_is_not_cut():
    text = "    return sum(xs\n\nprint(1)\n"
    assert cut(text, STARTER) == STARTER + text


def test_a_body_that_names_a_variable_like_the_function_is_a_body():
    assert cut("    total = 0\n    return total\n", STARTER) == STARTER + "    total = 0\n    return total\n"


@pytest.mark.parametrize(
    "body",
    [
        "    return sum(xs)\n",
        "    s = 0\n    for x in xs:\n        s += x\n    return s\n",
        "    for x in xs:\n        print(x)\n    return sum(xs)\n\nprint(total([1]))\n",
        "    if not xs: return 0\n    return sum(xs)\n\nassert total([]) == 0\nprose",
    ],
)
@pytest.mark.parametrize(
    "starter", [STARTER, STARTER.rstrip(), "def total(xs):\n", 'class A:\n  def total(self):\n    """Sum."""\n']
)
def test_a_body_in_a_fence_is_given_back_the_indent_of_its_first_line(body, starter):
    stripped = f"Sure:\n```python\n{body.lstrip()}```\n"
    program = Program.from_completion(stripped, problem(starter))
    assert program.source == cut(body, starter)
    check_map(program)
    first = body.split()[0]
    assert stripped[program.completion_offset(program.source.rindex("    " + first) + 4) :].startswith(first)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "parts = [\n    1]\n",
        "if True:\n    total = sum\n",
        "s = 0\nfor x in xs:\n    s += x\nreturn s\n",
        "add the numbers\n    and return them\n",
        "\n",
    ],
)
def test_no_indent_is_made_up_where_the_text_may_stand_as_it_is_or_is_broken_anyway(text):
    assert cut(f"```\n{text}```", STARTER) == STARTER + text


def test_without_a_fence_no_indent_is_made_up_as_the_harness_makes_up_none():
    assert cut(BODY.lstrip(), STARTER) == STARTER + BODY.lstrip()


def test_a_docstring_with_top_level_text_does_not_end_the_body():
    body = '    text = """\nassert this\ndef that\n"""\n    return text\n'
    assert cut(body, STARTER) == STARTER + body


def test_a_repeated_function_takes_over_imports_and_helpers_once():
    preamble = "from typing import List\n\n\n"
    assert cut(WHOLE, STARTER) == preamble + WHOLE
    assert cut(STARTER + BODY, STARTER) == STARTER + BODY
    future = "from __future__ import annotations\n" + WHOLE
    assert cut(future, STARTER) == future


def test_a_whole_function_of_another_name_is_not_put_into_the_starter():
    assert (
        cut("def other(xs):\n    return 1\n", STARTER) == "from typing import List\n\n\ndef other(xs):\n    return 1\n"
    )


def test_starter_code_that_ends_in_its_line():
    starter = "class Solution:\n    def total(self, xs):\n        "
    entry = "Solution().total"
    expected = starter + "return sum(xs)"
    assert cut("return sum(xs)", starter, entry) == expected
    assert cut("        return sum(xs)", starter, entry) == expected
    assert cut("    return 1", 'def total(xs):\n    """Doc."""') == 'def total(xs):\n    """Doc."""\n    return 1'
    helped = "return add(xs)\n\ndef add(xs):\n    return 1\n"
    assert cut(helped, starter, entry) == starter + helped
    whole = "class Solution:\n    def total(self, xs):\n        return 1\n"
    assert cut(whole, starter, entry) == whole


def test_a_uniformly_indented_program_is_dedented():
    assert cut("  def total(xs):\n    return 1\n") == "def total(xs):\n  return 1\n"


def test_a_stdin_program_takes_the_last_python_block():
    text = "```python\nprint(1)\n```\nInput:\n```\n3\n```\n"
    assert cut(text, entry=None) == "print(1)\n"


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_other_line_ends(newline):
    text = f"Sure:\n```python\n{WHOLE}```\nDone.".replace("\n", newline)
    assert cut(text) == WHOLE.replace("\n", newline)
    body = (BODY + "\nassert total([1])\n").replace("\n", newline)
    assert cut(body, STARTER).rstrip() == (STARTER + BODY.replace("\n", newline)).rstrip()


def test_lines_end_where_python_ends_them():
    program = Program(source="a\r\nb\rc\x0b\x0cd\u2028e\n", completion="", segments=())
    assert program.line_starts == (0, 3, 5, 12)
    assert program.offset_of(1, 99) == 1
    assert program.offset_of(2, 0) == 3
    assert program.offset_of(3, 99) == 11
    assert program.offset_of(99, 99) == 12
    assert program.offset_of(-5, -5) == 0
    assert program.position_of(4) == (2, 1)
    assert program.position_of(12) == (4, 0)


ODD = st.sampled_from(
    ["```", "```python\n", "~~~",
     "\n", "\r", "\r\n", '"""', "'''", "'", '"', "\\", "#", "\0", "\ud800", "\U0001d518", " ", "    ",
     "\t", "def total(xs):", "def", "return 1", "class A", "@x", "total = 1", "<think>", "</think>", "Here is it",
     "print", "if __name__", "from __future__ import x", "(", "]"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(ODD | st.text(max_size=5), max_size=30).map("".join),
    st.sampled_from(["", STARTER, "class total:\n    def f(self):\n        ", "def total(x):", "\0```"]),
    st.sampled_from(["total", None, "total().f", "été"]),
)
def test_no_text_is_refused_and_offsets_agree_both_ways(text, starter, entry):
    program = Program.from_completion(text, problem(starter, entry))
    check_map(program)
    for offset in range(len(program.source) + 1):
        there = program.completion_offset(offset)
        assert -1 <= there <= len(text)
        if there >= 0 and offset < len(program.source) and there < len(text) and program.source_offset(there) == offset:
            assert program.source[offset] == text[there]
        line, col = program.position_of(offset)
        assert program.line_starts[line - 1] + col == offset
    covered = sum(segment.length for segment in program.segments)
    given_by_problem = sum(program.completion_span(i, i + 1) == (-1, -1) for i in range(len(program.source)))
    assert covered + given_by_problem == len(program.source)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n" * 100_000,
        "```\n" * 200_000,
        "'''\n```\n" * 200_000,
        "`" * 500_000 + "x`",
        "```" + " " * 500_000 + "`",
        "a\0\ud800" * 500_000,
        '\\"""' * 500_000,
        "A b c\n" * 100_000,
        "    return\n" + "\ndef a(): b\n" * 150_000,
        "def total" + "(" * 500_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_large_texts_are_cut_too(text):
    check_map(Program.from_completion(text, problem(STARTER)))  # anything quadratic would hang here


@pytest.mark.skipif(not (DATA / "humaneval").is_dir(), reason="needs CODEGYM_DATA with humaneval/")
def test_humaneval_solutions_come_out_whole_from_every_way_of_writing_them():
    with gzip.open(DATA / "humaneval" / "HumanEval.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        prompt, body = row["prompt"], row["canonical_solution"]
        task = Problem(
            task_id=row["task_id"], prompt=prompt, tests=(), entry_point=row["entry_point"], starter_code=prompt
        )
        indented = "".join("  " + line for line in (prompt + body).splitlines(keepends=True))
        for text in (
            body,
            prompt + body,
            f"Sure:\n```python\n{prompt}{body}```\nDone.",
            f"```python\n{body}\n```",
            f"{body}\n\nprint(1",
            f"{body}\n```\n\nThis works because of that.\n",
            f"- So:\n  ```py\n{indented}  ```\n",
        ):
            program = Program.from_completion(text, task)
            assert program.source.strip() == (prompt + body).strip()
            check_map(program)


def test_a_byte_order_mark_is_no_part_of_the_program() -> None:
    text = "\ufeffdef f(x):\n    return x\n"
    program = Program.from_completion(text, Problem(task_id="p", prompt="", tests=(), entry_point="f"))
    assert program.source == text[1:]
