import errno
import os
import tempfile
from pathlib import Path

import pytest

from codegym.errors import InfrastructureError
from codegym.feedback.feedback import Feedback
from codegym.feedback.kind import RULES, Kind, Scope
from codegym.feedback.static_analysis import Summary, analyze, with_analysis
from codegym.feedback.verdict import Verdict
from codegym.problem import Problem
from codegym.program import Program

PROBLEM = Problem(task_id="t/0", prompt="p", tests=(), entry_point="f")


def program(completion):
    return Program.from_completion(completion, PROBLEM)


def marked(source):
    """Returns the source without its marks and the text between each pair of them, with its offset."""
    parts = source.replace("\u00ab", "\0").replace("\u00bb", "\0").split("\0")
    spans, offset = [], 0
    for index, part in enumerate(parts):
        if index % 2:
            spans.append((offset, offset + len(part)))
        offset += len(part)
    return "".join(parts), spans


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("def f(x):\n    return «y»\n", ["undefined_name"]),
        ("def f(x):\n    '漢é'; return «y»  # noqa\n", ["undefined_name"]),
        ("# ruff: noqa\ndef f(x):\n    «y» = 1\n    return x\n", ["unused_name"]),
        ("import «os»\ndef f(x):\n    return x\n", ["unused_name"]),
        ("def f(x):\n    return x\n    «x = 1\n    x = 2»\n", ["unreachable_code"]),
        ("def f(x):\n    while x:\n        break\n        «x = 'é'»\n", ["unreachable_code"]),
        ("def f(«list»):\n    return list\n", ["shadowed_builtin"]),
        ("def f(x=«[]»):\n    return x\n", ["mutable_default"]),
        ("def f(x):\n    «x == 1»\n    return x\n", ["suspicious_code"]),
        ("def f(x):\n    return «x is 'a'»\n", ["suspicious_code"]),
        ("def «f»(x):\n" + "    if x:\n        x += 1\n" * 16 + "    return x\n", ["complexity"]),
        ("def f(x):\n    return sum(\n        v for v in x)\n", []),
    ],
)
def test_rules(source, kinds):
    source, spans = marked(source)
    (analysis,) = analyze([program(source)])
    assert [d.kind.value for d in analysis.diagnostics] == kinds
    assert [(d.start, d.end) for d in analysis.diagnostics] == spans
    assert all(d.scope is Scope.LINE for d in analysis.diagnostics)


def test_all_syntax_errors_of_a_program():
    source = "def f(x)\n    return x\n\ndef g(x):\n    if x = 3:\n        pass\n\ny = 'abc\nz = (1,\n"
    (analysis,) = analyze([program(source)])
    assert {d.start_line for d in analysis.diagnostics} >= {1, 5, 8}
    assert all(d.kind is Kind.SYNTAX_ERROR for d in analysis.diagnostics)
    assert analysis.summary == Summary(parses=False, lines=7)


@pytest.mark.parametrize(
    "source",
    [
        "x = '\ud800'\n",
        "x = '\0'\n",
        "x = " + "(" * 50_000,
        "x = " + "-" * 100_000 + "1",
        "\r\r\0",
        "é\ud800",
        "\x85",
        "\u2028",
    ],
)
def test_odd_texts_break_nothing(source):
    good = program("def f(x):\n    return y\n")
    before, analysis, after = analyze([good, program(source), good])
    assert before == after
    assert before.diagnostics[0].kind is Kind.UNDEFINED_NAME
    assert any(d.kind is Kind.SYNTAX_ERROR for d in analysis.diagnostics)
    assert all(-1 <= d.start <= d.end <= len(source) for d in analysis.diagnostics)


UNCOMPILABLE = {
    "return outside a function": "x = 1\n«return x»\n",
    "yield outside a function": "x = 1\n«yield x»\n",
    "break outside a loop": "def f(x):\n    «break»\n",
    "continue outside a loop": "def f(x):\n    «continue»\n",
    "await outside async": "def f(x):\n    return «await x»\n",
    "unbound nonlocal": "def f(x):\n    «nonlocal y»\n    return x\n",
    "global after use": "def f(x):\n    y = x\n    «global y»\n    return y\n",
    "except without a type not last": "try:\n    x = 1\n«except:»\n    pass\nexcept ValueError:\n    pass\n",
    "late __future__": "x = 'é'\n«from __future__ import annotations»\n",
    "duplicate argument": "def f(x, «x»):\n    return x\n",
}
"""Marks as CPython sets its caret, or the statement that it names by its line only."""


@pytest.mark.parametrize("name", UNCOMPILABLE)
def test_what_only_the_compiler_refuses(name):
    source, ((start, _),) = marked(UNCOMPILABLE[name])
    (analysis,) = analyze([program(source)])
    found = next(d for d in analysis.diagnostics if d.kind is Kind.SYNTAX_ERROR)
    assert not analysis.summary.parses
    assert (found.scope, found.start_line) == (Scope.LINE, source[:start].count("\n") + 1)


def test_tabs_and_blanks_mixed():
    (analysis,) = analyze([program("def f(x):\n\tif x:\n    \tx = 1\n\treturn x\n")])
    (found,) = analysis.diagnostics
    assert (found.kind, found.scope, found.start_line) == (Kind.INDENTATION_ERROR, Scope.IGNORE, 3)
    assert found.message.startswith("TabError: ")


def test_the_interpreter_that_runs_the_programs_decides(other_python):
    """Quotes may be used again inside an f-string from 3.12 on; type parameters are new there, too."""
    python = other_python("3.12")
    new = [program("def f(x):\n    return f'{x['k']}'\n"), program("def f[T](x: T) -> T:\n    return x\n")]
    assert [(a.summary.parses, a.diagnostics) for a in analyze(new, python=python)] == [(True, ())] * 2
    old = analyze(new, python=other_python("3.11"))
    assert [(a.summary.parses, a.diagnostics[0].kind) for a in old] == [(False, Kind.SYNTAX_ERROR)] * 2


def test_the_prompts_code_costs_nothing():
    """The problem's import and default are not the policy's; a syntax error that lies there has no line of its own."""
    problem = Problem(task_id="t/0", prompt="p", tests=(), entry_point="f", starter_code="import os\ndef f(list=[]):\n")
    (analysis,) = analyze([Program.from_completion("    y = 1\n    return list\n", problem)])
    (found,) = analysis.diagnostics
    assert (found.kind, found.start_line) == (Kind.UNUSED_NAME, 3)
    broken = Problem(task_id="t/0", prompt="p", tests=(), entry_point="f", starter_code="def f(x)\n")
    (analysis,) = analyze([Program.from_completion("    return x\n", broken)])
    assert all(d.scope is Scope.GLOBAL for d in analysis.diagnostics if d.start < 0)


def test_rules_may_be_few_or_beginnings():
    source = program("import os\ndef f(x):\n    return y\n")
    assert analyze([source], rules={})[0].diagnostics == ()
    (analysis,) = analyze([source], rules={"F8": RULES["F821"]})
    assert [d.kind for d in analysis.diagnostics] == [Kind.UNDEFINED_NAME]


def test_each_program_needs_its_context():
    with pytest.raises(ValueError, match="one context for each of the 2 programs, got 1"):
        analyze([program("x = 1\n")] * 2, [""])
    with pytest.raises(InfrastructureError, match="cannot run the interpreter"):
        analyze([program("x = 1\n")], python="/no/such/python")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_folder_for_temporary_files_is_the_machines_failure(tmp_path, monkeypatch, number):
    def write(path, data):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(InfrastructureError, match=rf"{tmp_path}.*{os.strerror(number)}.*[Ff]ree space.*TMPDIR"):
        analyze([program("def f(x):\n    return x\n")])
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_for_temporary_files_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(InfrastructureError, match=rf"{tmp_path / 'gone'}.*TMPDIR"):
        analyze([program("def f(x):\n    return x\n")])


def test_no_folder_for_temporary_files_at_all(monkeypatch):
    def nowhere():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(InfrastructureError, match=r"'/tmp'.*TMPDIR"):
        analyze([program("def f(x):\n    return x\n")])


def test_places_refer_to_the_completion_and_names_of_the_context_exist():
    completion = "Sure:\n```python\ndef f(x):\n    return helper(x) + other(x)\n```\n"
    (analysis,) = analyze([program(completion)], ["def helper(x):\n    return x\n"])
    (found,) = analysis.diagnostics
    assert completion[found.start : found.end] == "other"
    assert found.start_line == 2


def test_summary():
    source = "# c\n\ndef f(x):\n    if x and x > 1:\n        return 1\n    return [v for v in x]\n\ng = lambda: 0\n"
    (analysis,) = analyze([program(source)])
    summary = analysis.summary
    assert (summary.parses, summary.lines, summary.functions, summary.depth) == (True, 5, 2, 3)
    assert summary.complexity == 4  # one, the if, the and, the comprehension
    # module, assignment, name, its context, constant
    assert analyze([program("x = 1")])[0].summary == Summary(parses=True, lines=1, nodes=5, depth=1, complexity=1)
    assert analyze([]) == []
    assert analyze([program("")])[0].summary == Summary(parses=True, lines=0, nodes=1, complexity=1)


def test_analysis_joins_feedback_behind_what_ran():
    unjudged = Feedback(
        task_id="t/0", program=program("def f(:\n  x = y\n"), verdict=Verdict.UNJUDGED, kind=Kind.NONE, scope=Scope.NONE
    )
    (analysis,) = analyze([unjudged.program])
    first = with_analysis(unjudged, analysis)
    assert first.diagnostics == analysis.diagnostics
    again = with_analysis(first, analysis)
    assert [d for d in again.diagnostics if d.start_line == 1] == [d for d in first.diagnostics if d.start_line == 1]


def test_every_rule_exists_in_the_ruff_that_is_installed():
    assert analyze([program("x = 1\n")], rules=RULES)[0].diagnostics == ()
