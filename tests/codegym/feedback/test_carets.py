"""Expected marks are what CPython 3.13 prints under these expressions when they fail."""

import pytest

from codegym.feedback.carets import carets


@pytest.mark.parametrize(
    ("expression", "marks"),
    [
        ("total / len(xs)", "~~~~~~^~~~~~~~~"),
        ("a ** b", "~~^^~~"),
        ("(a) // (b)", "~~~~^^~~~~"),
        ("xs[i]", "~~^^^"),
        ("xs[0][i + 1]", "~~~~~^^^^^^^"),
        ("f(1, 2)", "~^^^^^^"),
        ("a.b.c()", "~~~~~^^"),
        ("undefined", "^^^^^^^^^"),
        ("x.missing", "^^^^^^^^^"),
        ("é['ü'] + 1", "~~~~~~~^~~"),
        ("raise ValueError(3)", "^" * 19),
        ("(((", "^^^"),
        ("", ""),
    ],
)
def test_marks(expression, marks):
    assert carets(expression) == marks


def test_what_is_long_or_odd_gets_plain_marks():
    assert carets("a + " * 1000 + "b") == "^" * 4001
    assert carets("'\\d' + \0") == "^" * 8
