"""Bombs that go off while the source is read."""

from __future__ import annotations

from hostile.record import FUNCTION, HostileProgram, Target

_SOURCES = {
    "nested_brackets": "x = " + "(" * 50000 + ")" * 50000,
    "unclosed_brackets": "x = " + "[" * 5000,
    "nested_lists": "x = " + "[" * 190 + "]" * 190 + " + 1",
    "long_sum": "x = " + " + ".join(["1"] * 60000) + "\nraise ValueError",
    "unary_chain": "x = " + "-" * 100000 + "1",
    "not_chain": "x = " + "not " * 50000 + "1",
    "attribute_chain": "x = ''" + ".join" * 50000,
    "call_chain": "x = int" + "()" * 50000,
    "lambda_chain": "x = " + "lambda: " * 20000 + "1",
    "deep_indentation": "".join("\t" * i + "if True:\n" for i in range(150)) + "\t" * 150 + "pass\n",
    "deep_blocks": "".join(" " * i + "for a in b:\n" for i in range(30)) + " " * 30 + "pass\n",
    "deep_f_strings": 'x = f"' + "{" * 5000 + "1" + "}" * 5000 + '"',
    "constant_folding": "x = ((1 << 10**9) * 'x') * 9 ** 9 ** 9\n",
    "folded_tuple": "x = ((0,) * 10**9,) * 10**9\n",
    "folded_text": "x = 'x' * 10**10\ny = 'x' * 4096 * 4096 * 4096\n",
    "huge_literal": "x = " + "9" * 200000,
    "huge_source": "x = 0\n" * 300000 + "raise ValueError\n",
    "many_names": "\n".join(f"name_{i} = {i}" for i in range(30000)) + "\nraise ValueError\n",
    "many_arguments": "def f(" + ", ".join(f"a{i}" for i in range(30000)) + "): pass\nraise ValueError\n",
    "many_branches": "if x == 0: pass\n" + "".join(f"elif x == {i}: pass\n" for i in range(5000)),
    "many_decorators": "@print\n" * 20000 + "def f(): pass\nraise ValueError\n",
    "nul_byte": "def solve(kind, n):\n    return 10\0\n",
    "lone_surrogate": "x = '\ud800'\nraise ValueError\n",
    "byte_order_mark": "\ufeff\ufeffx = 1",
    "other_encoding": "# -*- coding: utf-7 -*-\n+AHIAYQBpAHMAZQ-\n",
    "unknown_encoding": "# -*- coding: no_such_codec -*-\nraise ValueError\n",
    "rot13": "# coding: rot13\nenvfr FlfgrzRkvg\n",
    "form_feeds": "\x0c\x0b\x1c\x85\u2028x = 1\nraise ValueError\n",
    "only_returns": "x = 1\rraise ValueError\r",
    "braces": "from __future__ import braces",
    "barry": "from __future__ import barry_as_FLUFL\nx = 1 <> 2\nraise ValueError\n",
    "unterminated": '"""' + "x\n" * 1000,
    "backslashes": "x = 1 " + "\\\n" * 50000 + "\nraise ValueError\n",
    "greek_question_marks": "x = 1\u037e y = 2",
    "return_outside": "return 10",
    "await_outside": "await solve",
    "invalid_escapes": "x = '\\d' * 10\nraise ValueError\n",
}

PROGRAMS = tuple(
    HostileProgram(
        name=f"compiles_{name}",
        attacks="a source that cannot be read is an error of the program, in bounded time and memory",
        source=source,
        targets=FUNCTION if name == "nul_byte" else (Target.CALL,),
        verdicts=("error", "timeout"),
    )
    for name, source in _SOURCES.items()
)
