"""What a model wrote as tests, cut into single asserts."""

from __future__ import annotations

import pytest

from agents.scoring.asserts import AssertRejectReason, cut_asserts, opening_of
from codegym.extraction import defined_names, parsed


def test_bare_asserts_in_one_spelling_each_once() -> None:
    cut = cut_asserts(["assert f(1)==2\nassert (f( 1 ) == 2), 'why'\n", "assert f(2) == 3  # so\n"], "f")
    assert cut.sources == ("assert f(1) == 2", "assert f(2) == 3")
    assert cut.refused == {AssertRejectReason.DUPLICATE: 1}


def test_a_text_that_continues_a_prompt_that_ends_in_assert() -> None:
    prompt = "def f(x):\n    pass\n\n# check\nassert "
    assert opening_of(prompt) == "assert "
    assert opening_of("assert f(1) == 2\n") == "" == opening_of("reassert")
    cut = cut_asserts(["\tf(1) == \t[0]\nassert f(2) == [1]\nassert f(((("], "f", opening=opening_of(prompt))
    assert cut.sources == ("assert f(1) == [0]", "assert f(2) == [1]")
    assert cut.refused == {AssertRejectReason.SYNTAX: 1}


def test_prose_blocks_and_test_functions() -> None:
    text = """Here are tests:
```python
def check(candidate):
    assert candidate([
        1,
        2,
    ]) == 3
    assert candidate([]) == 0, (
        "empty")
```
Done; assert that they pass."""
    assert cut_asserts([text], "total").sources == ("assert total([1, 2]) == 3", "assert total([]) == 0")


def test_the_condition_may_stand_on_the_next_line() -> None:
    assert cut_asserts(["assert \n    f([1]) == (\n  2\n )\nassert\n\n"], "f").sources == ("assert f([1]) == 2",)


def test_asserts_in_reasoning_are_no_tests() -> None:
    closed = "<think>perhaps\nassert f(1) == 7\n</think>\nassert f(1) == 1\n"
    assert cut_asserts([closed], "f").sources == ("assert f(1) == 1",)
    assert cut_asserts(["<think>perhaps\nassert f(1) == 7\n"], "f").sources == ()
    assert cut_asserts(["perhaps\nassert f(1) == 7\n</think>\nassert f(2) == 2<|im_end|>"], "f").sources == (
        "assert f(2) == 2",
    )


def test_conjunctions_are_two_tests() -> None:
    assert cut_asserts(["assert f(1) == 2 and f(2) == 3"], "f").sources == ("assert f(1) == 2", "assert f(2) == 3")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("assert f(1) ==", AssertRejectReason.SYNTAX),
        ("assert await f(1)", AssertRejectReason.SYNTAX),
        ("assert f(1) == " + "1 + " * 800 + "1", AssertRejectReason.LENGTH),
        ("assert g(1) == 2", AssertRejectReason.UNRELATED),
        ("assert True", AssertRejectReason.UNRELATED),
        ("assert f", AssertRejectReason.UNRELATED),
        ("assert f(x) == 2", AssertRejectReason.UNKNOWN_NAME),
        ("assert f(open('/etc/passwd').read()) == 2", AssertRejectReason.UNSAFE),
        ("assert f(__import__('os').getcwd())", AssertRejectReason.UNSAFE),
        ("assert f(1).__class__ == int", AssertRejectReason.UNSAFE),
        ("assert f(exec('import builtins; builtins.len = None')) is None", AssertRejectReason.UNSAFE),
        ("assert f(1) == f(1)", AssertRejectReason.VACUOUS),
    ],
)
def test_what_is_no_test_is_named_and_counted(text: str, refusal: AssertRejectReason) -> None:
    cut = cut_asserts([text + "\nassert f(7) == 8\n"], "f")
    assert cut.sources == ("assert f(7) == 8",)
    assert cut.refused == {refusal: 1}


@pytest.mark.parametrize(
    "text",
    [
        "assert [f(x) for x in range(3)] == [0, 1, 2]",
        "assert all((lambda y: f(y) > y)(y) for y in (1, 2))",
        "assert math.isclose(f(1), 0.5)",
        "assert sorted(f([2, 1])) == [1, 2]",
        "assert poly(f(1), 2) == 0",
    ],
)
def test_what_python_and_the_task_define_may_be_named(text: str) -> None:
    helpers = defined_names(parsed("import os.path\ndef poly(a, b):\n    return 0\nclass K: pass\nx = y = 1\n"))
    assert helpers == {"os", "poly", "K", "x", "y"}
    assert len(cut_asserts([text], "f", known_names=helpers).sources) == 1


def test_methods_are_entry_points_too() -> None:
    assert cut_asserts(["assert Solution().solve(1) == 2"], "Solution().solve").sources


@pytest.mark.parametrize(
    "text", ["", "assert", "assert\nassert\n\n", "assert " + "(" * 500, "assert '\ud800'\0", "```"]
)
def test_rubbish_is_no_test(text: str) -> None:
    assert cut_asserts([text], "f").sources == ()


@pytest.mark.parametrize(
    "reaching",
    [
        "fractions.sys.modules['builtins'].eval('1') == f(1)",
        "re.enum.sys.exit(f(1)) is None",
        "'{0.__class__}'.format(f(1)) != ''",
        "string.Formatter().get_field('0.a', (f(1),), {}) is not None",
        "f(1).real.gi_frame is None or functools.reduce.__self__.eval('1')",
    ],
)
def test_attributes_are_those_of_data_and_of_modules_themselves(reaching: str) -> None:
    found = cut_asserts([f"assert {reaching}"], "f")
    assert (found.sources, dict(found.refused)) == ((), {AssertRejectReason.UNSAFE: 1})


@pytest.mark.parametrize(
    "plain", ["math.isclose(f(1), 2.0)", "f('a').upper() == 'A'", "Counter(f(1)).most_common(1) == 2"]
)
def test_what_plain_tests_ask_is_known(plain: str) -> None:
    assert cut_asserts([f"assert {plain}"], "f", known_names=["Counter"]).sources
