from __future__ import annotations

from codegym import CallTest, ScriptTest
from envs_registry.assertions import (
    cases_of_asserts,
    cases_of_check,
    defined_names,
    needs_one_process,
)

CHECK = """
METADATA = {'author': 'jt'}


def check(candidate):
    assert True, "a remark"
    assert candidate([1, -2], k=(3,)) == {4}
    assert None is candidate([])
    assert candidate(float('inf')) == 1
"""


def test_a_list_of_asserts_is_split() -> None:
    first, second, third = cases_of_check(CHECK)
    assert first == CallTest(args=([1, -2],), kwargs={"k": (3,)}, expected={4})
    assert isinstance(second, ScriptTest)
    assert isinstance(third, ScriptTest)
    for script, correct, wrong in ((second, None, 0), (third, 1, 2)):
        namespace: dict[str, object] = {}
        exec(script.source, namespace)
        check = namespace["check"]
        assert callable(check)
        check(lambda _, answer=correct: answer)
        try:
            check(lambda _, answer=wrong: answer)
        except AssertionError:
            continue
        raise AssertionError("the split test accepts a wrong answer")


def test_what_splitting_could_change_stays_whole() -> None:
    for body in (
        "    x = candidate(1)\n    assert x == 1",
        "    for i in range(3):\n        assert candidate(i) == i",
        "    pass",
    ):
        script = f"def check(candidate):\n{body}\n"
        assert cases_of_check(script) == (ScriptTest(source=script),)
    later = "def check(candidate):\n    assert candidate(1) == 1\n\nprint('later')\n"
    assert cases_of_check(later) == (ScriptTest(source=later),)


def test_only_plain_asserts_become_calls() -> None:
    assert cases_of_asserts("assert f((1, 2), 'x') == [3.5]", "f") == (CallTest(args=((1, 2), "x"), expected=[3.5]),)
    assert cases_of_asserts("assert 3 == f(1)", "f", public=True) == (CallTest(args=(1,), expected=3, public=True),)
    for text in (
        "assert f(1)",
        "assert not f(1)",
        "assert f(1) != 2",
        "assert f(1) == f(2)",
        "assert g(1) == 2",
        "assert f(*[1]) == 2",
        "assert f(**{'a': 1}) == 2",
        "assert f(1) == 2 == 2",
        "assert f(x) == 2",
        "x = 1\nassert f(1) == 2",
        "assert abs(f(1) - 2) < 1",
    ):
        assert cases_of_asserts(text, "f") == (ScriptTest(source=text + "\n"),)


def test_setup_code_goes_into_scripts() -> None:
    (test,) = cases_of_asserts("assert math.isclose(f(1), 2)", "f", setup="import math")
    assert test == ScriptTest(source="import math\nassert math.isclose(f(1), 2)\n")


def test_scripts_that_reach_for_more_than_the_entry_point() -> None:
    code = "class Node: pass\nLIMIT = 3\ndef f(x): pass\n"
    assert defined_names(code) == {"Node", "LIMIT", "f"}
    plain, reaching = ScriptTest(source="assert f(1)"), ScriptTest(source="assert f(Node())")
    assert not needs_one_process([plain], defined_names(code), "f")
    assert needs_one_process([plain, reaching], defined_names(code), "f")
