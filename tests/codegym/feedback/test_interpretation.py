import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.errors import InfrastructureError, UnknownNameError
from codegym.feedback.diagnostic import Source
from codegym.feedback.interpretation import MOST_DIAGNOSTICS, VERDICTS, interpret
from codegym.feedback.kind import EXCEPTIONS, KINDS, STATUSES, Kind, Meaning, Scope
from codegym.feedback.report import LONGEST_PROGRAM, diagnostic_text, observation_text, public_diagnostics, turn_text
from codegym.feedback.verdict import Verdict
from codegym.problem import CallTest, Problem, ScriptTest, StdioTest
from codegym.program import Program
from codegym.sandbox.execution import Execution, Failure, Observation, Place, Status, Trust

SOURCE = "def f(xs):\n    y = xs[0]\n    return y + undefined\n"


def raised(*bases, place=None, frames=(), loading=False, message="why"):
    failure = Failure(exception=bases[0], bases=bases, message=message, place=place, frames=frames, loading=loading)
    return Observation(status=Status.RAISED, failure=failure)


def at(line, start, end, end_line=None):
    return Place(start_line=line, start_col=start, end_line=end_line or line, end_col=end)


def ok(value, **more):
    return Observation(status=Status.OK, value=value, **more)


def judged(*observations, tests=None, source=SOURCE, entry="f", starter="", kinds=KINDS):
    tests = tests or tuple(CallTest(args=(i,), expected=i) for i in range(len(observations)))
    problem = Problem(task_id="t/0", prompt="p", tests=tests, entry_point=entry, starter_code=starter)
    program = Program.from_completion(source, problem)
    return interpret(problem, program, Execution(observations=observations), kinds=kinds), problem


def test_all_passed():
    feedback, problem = judged(ok(0), ok(1))
    assert (feedback.verdict, feedback.kind, feedback.scope) == ("pass", "none", "none")
    assert feedback.diagnostics == ()
    assert feedback.is_success
    assert feedback.pass_rate == 1.0
    assert observation_text(feedback, problem) == "The program was run. There are no public tests to report on."


def test_a_run_time_error_has_its_place_in_the_completion():
    place = at(3, 15, 24)
    feedback, _ = judged(ok(0), raised("NameError", "Exception", place=place, frames=(place,)), source="\n" + SOURCE)
    (found,) = feedback.diagnostics
    assert (feedback.verdict, feedback.kind, feedback.scope) == ("error", "name_error", "line")
    assert feedback.pass_rate == 0.5
    assert (found.source, found.test_index, found.message) == (Source.RUNTIME, 1, "NameError: why")
    assert (found.start_line, found.start_col, found.end_line, found.end_col) == (3, 13, 3, 13)  # held inside the line


def test_the_span_points_at_the_text():
    completion = f"So:\n```python\n{SOURCE}```"
    feedback, _ = judged(raised("NameError", place=at(3, 15, 24), frames=(at(3, 15, 24),)), source=completion)
    (found,) = feedback.diagnostics
    assert completion[found.start : found.end] == "undefined"
    assert (found.start_line, found.start_col) == (3, 15)
    assert diagnostic_text(feedback, found) == (
        "Line 3: NameError: why\n        return y + undefined\n                   ^^^^^^^^^"
    )


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_kind_and_a_verdict(status):
    feedback, problem = judged(Observation(status=status, value="no"))
    assert feedback.verdict is VERDICTS[status]
    assert feedback.kind is STATUSES[status].kind
    assert (feedback.kind is Kind.NONE) == (status is Status.NOT_RUN)
    assert feedback.scope is (Scope.GLOBAL if STATUSES[status].scope is Scope.LINE else STATUSES[status].scope)
    observation_text(feedback, problem)


def test_every_built_in_exception_has_a_kind():
    import builtins

    for name, value in vars(builtins).items():
        if isinstance(value, type) and issubclass(value, BaseException):
            bases = [base.__name__ for base in value.__mro__]
            assert KINDS.of_exception(bases).kind is not Kind.NONE
            assert (KINDS.of_exception(bases).kind is Kind.EXCEPTION) == (
                name in {"BaseException", "Exception", "GeneratorExit", "BufferError", "ReferenceError",
                         "BaseExceptionGroup", "ExceptionGroup"} or issubclass(value, Warning)
            )  # fmt: skip
    assert all(hasattr(builtins, name) for name in EXCEPTIONS)


@pytest.mark.parametrize(
    ("bases", "kind", "scope"),
    [
        (("ModuleNotFoundError", "ImportError", "Exception"), "module_not_found_error", "line"),
        (("UnboundLocalError", "NameError"), "unbound_local_error", "line"),
        (("ConnectionError", "OSError"), "os_error", "line"),
        (("UnicodeDecodeError", "UnicodeError", "ValueError"), "unicode_error", "line"),
        (("RecursionError", "RuntimeError"), "recursion_error", "global"),
        (("RuntimeError", "Exception"), "runtime_error", "ignore"),
        (("NotImplementedError", "RuntimeError"), "not_implemented_error", "line"),
        (("MemoryError", "Exception"), "memory_limit", "global"),
        (("Exception", "BaseException"), "exception", "line"),
        (("NotInAnyTable",), "exception", "line"),
    ],
)
def test_kinds_come_from_the_nearest_known_type(bases, kind, scope):
    feedback, _ = judged(raised(*bases, place=at(2, 4, 5), frames=(at(2, 4, 5),)))
    assert (feedback.kind, feedback.scope, feedback.verdict) == (kind, scope, "error")


def test_users_may_override_the_tables():
    mine = KINDS.with_entries({"IndentationError": Meaning(Kind.SYNTAX_ERROR, Scope.LINE)})
    error = raised("IndentationError", "SyntaxError", place=at(2, 0, 1), loading=True)
    feedback, _ = judged(error, kinds=pickle.loads(pickle.dumps(mine)))
    assert (feedback.kind, feedback.scope) == ("syntax_error", "line")
    feedback, _ = judged(error)
    assert (feedback.kind, feedback.scope) == ("indentation_error", "ignore")


def test_a_syntax_error_needs_no_test_and_appears_once():
    error = raised("SyntaxError", place=at(2, 4, 5), loading=True)
    feedback, problem = judged(error, error, error)
    (found,) = feedback.diagnostics
    assert (found.source, found.test_index, found.kind) == (Source.COMPILER, -1, "syntax_error")
    assert "SyntaxError" in observation_text(feedback, problem)


def test_what_eval_could_not_parse_is_no_syntax_error_of_the_program():
    place = at(2, 4, 9)
    feedback, _ = judged(raised("SyntaxError", place=place, frames=(place,)))
    assert feedback.kind == "dynamic_syntax_error"
    assert not feedback.kind.is_syntax


@pytest.mark.parametrize("text", ["x = '\0'", "x = '\ud800'"])
@pytest.mark.parametrize("bases", [("SyntaxError",), ("UnicodeEncodeError", "UnicodeError", "ValueError")])
def test_nul_and_surrogates_are_syntax_errors_on_every_python(text, bases):
    feedback, _ = judged(raised(*bases, loading=True), source=text)
    assert (feedback.kind, feedback.scope) == ("syntax_error", "line")
    assert (feedback.diagnostics[0].start, feedback.diagnostics[0].end) == (5, 6)


def test_an_unterminated_triple_quote_is_ignored_and_a_terminated_one_is_not():
    source = 'def f():\n    """ Doc.\n    return 1\n'
    feedback, _ = judged(raised("SyntaxError", place=at(2, 4, 5), loading=True), source=source)
    assert (feedback.kind, feedback.scope) == ("syntax_error", "ignore")
    source = 'def f():\n    x = 1 """ Doc. """\n'
    feedback, _ = judged(raised("SyntaxError", place=at(2, 10, 22), loading=True), source=source)
    assert feedback.scope == "line"


def test_a_wrong_signature_is_placed_at_the_definition():
    signature_mismatch = Failure(
        exception="TypeError", bases=("TypeError",), place=at(1, 0, 9), signature_mismatch=True
    )
    feedback, _ = judged(Observation(status=Status.RAISED, failure=signature_mismatch))
    (found,) = feedback.diagnostics
    assert feedback.kind == "wrong_signature"
    assert feedback.program.completion[found.start : found.end] == "def f(xs)"


def test_a_line_that_the_problem_gave_is_not_the_policys_to_blame():
    starter = "def f(xs):\n    y = xs[0]\n"
    error = raised("IndexError", place=at(2, 8, 13), frames=(at(2, 8, 13),))
    feedback, _ = judged(error, source="    return y\n", starter=starter)
    (found,) = feedback.diagnostics
    assert (feedback.scope, found.start, found.start_line) == ("global", -1, 2)


def test_the_worst_verdict_speaks_first():
    place = at(2, 8, 10)
    feedback, _ = judged(
        ok(99), Observation(status=Status.CPU_TIMEOUT), raised("IndexError", place=place, frames=(place,)), ok(3)
    )
    assert (feedback.verdict, feedback.kind) == ("error", "index_error")
    assert [d.kind.value for d in feedback.diagnostics] == ["index_error", "wrong_answer", "time_limit"]
    assert [test.status.value for test in feedback.tests] == ["fail", "timeout", "error", "pass"]
    assert feedback.pass_rate == 0.25


def test_machines_that_fail_blame_nobody():
    feedback, _ = judged(ok(0), Observation(status=Status.INFRA))
    assert (feedback.verdict, feedback.kind, feedback.scope) == ("infra_error", "infra_error", "none")
    assert feedback.diagnostics == ()
    with pytest.raises(InfrastructureError, match="expected 2 observations"):
        judged(ok(0), tests=(CallTest(args=(0,)), CallTest(args=(0,))))


def test_without_tests_nothing_is_judged_but_errors_are_seen():
    problem = Problem(task_id="t/0", prompt="p", tests=())
    program = Program.from_completion("x = ", problem)
    feedback = interpret(problem, program, Execution(observations=()))
    assert (feedback.verdict, feedback.kind, feedback.is_success) == ("unjudged", "none", False)
    error = raised("SyntaxError", place=at(1, 4, 4), loading=True)
    feedback = interpret(problem, program, Execution(observations=(error,)))
    assert (feedback.verdict, feedback.kind, len(feedback.diagnostics)) == ("unjudged", "syntax_error", 1)


def test_changes_in_place_are_compared():
    tests = (CallTest(args=([2, 1],), expected_args=([1, 2],)),)
    assert judged(ok(None, args=([1, 2],)), tests=tests)[0].is_success
    feedback, _ = judged(ok(None), tests=tests)
    assert feedback.kind == "wrong_answer"
    assert feedback.tests[0].actual == "arguments after the call: ([2, 1],)"


def test_output_and_scripts():
    tests = (StdioTest(stdin="1\n", expected_stdout="2\n", public=True), ScriptTest(source="assert f(1)"))
    feedback, problem = judged(ok(None, stdout="3\n"), Observation(status=Status.REFUSED, detail="f(1)"), tests=tests)
    assert [test.status.value for test in feedback.tests] == ["fail", "fail"]
    text = observation_text(feedback, problem)
    assert "input: 1" in text
    assert "expected: 2" in text
    assert "got: 3" in text
    assert judged(ok(None, stdout="2\n"), ok(None), tests=tests)[0].is_success


def test_private_values_never_reach_the_agent():
    tests = (
        CallTest(args=(1,), expected=1, public=True),
        CallTest(args=("secret",), expected="hidden"),
        CallTest(args=(3,), expected=3, public=True),
    )
    place = at(2, 8, 13)
    crash = raised("KeyError", "LookupError", place=place, frames=(place,), message="'secret'")
    timeout = Observation(status=Status.WALL_TIMEOUT)
    texts = set()
    for private in (ok("hidden"), ok("secret"), crash, timeout, Observation(status=Status.TAMPERED)):
        feedback, problem = judged(ok(7), private, ok(3), tests=tests)
        texts.add(observation_text(feedback, problem))
    (text,) = texts
    assert "secret" not in text
    assert "Public tests: 1 of 2 passed." in text
    assert "call: f(1)" in text


def test_a_fault_that_public_and_private_tests_share_is_the_public_ones():
    tests = (CallTest(args=("secret",)), CallTest(args=(1,), public=True))
    place = at(2, 8, 13)
    feedback, _ = judged(
        raised("KeyError", place=place, frames=(place,), message="'secret'"),
        raised("KeyError", place=place, frames=(place,), message="1"),
        tests=tests,
    )
    (found,) = public_diagnostics(feedback)
    assert (found.test_index, found.message) == (1, "KeyError: 1")


def test_texts_are_bounded_and_free_of_addresses():
    tests = tuple(CallTest(args=(10**5000, "x" * 10_000), expected=list(range(10_000))) for _ in range(40))
    observations = tuple(
        raised("ValueError", place=at(i % 3, i, i), message="<object at 0x7f12ab34cd56>" * 100) for i in range(40)
    )
    feedback, _ = judged(*observations, tests=tests)
    assert len(feedback.diagnostics) <= 2 * MOST_DIAGNOSTICS
    assert len(repr(feedback.to_dict())) < 40_000
    assert "0x7f12ab34cd56" not in repr(feedback.to_dict())
    assert "an int of 16610 bits" in feedback.tests[0].call


def test_texts_steer_no_terminal_and_can_be_encoded():
    tests = (CallTest(args=("\x1b[2J",), expected="\ud800", public=True),)
    source = "def f(x):\n    return '\x1b[2J\ud800' + x[0]\n"
    error = raised("ValueError", place=at(2, 21, 25), frames=(at(2, 21, 25),), message="\ud800\x1b[2J\r\x9b")
    feedback, problem = judged(error, tests=tests, source=source)
    text = observation_text(feedback, problem)
    for shown in (feedback.diagnostics[0].message, feedback.tests[0].actual, text):
        shown.encode()
        assert "\x1b" not in shown
        assert "\x9b" not in shown
    assert feedback.diagnostics[0].message == r"ValueError: \ud800\x1b[2J\r\x9b"
    line, carets = text.splitlines()[1:3]
    assert line[carets.index("^") :][: carets.count("^")] == "x[0]"


PLACES = st.builds(
    Place, start_line=st.integers(-3, 99), start_col=st.integers(-3, 99), end_line=st.integers(-3, 99),
    end_col=st.integers(-3, 99),
)  # fmt: skip
FAILURES = st.none() | st.builds(
    Failure, exception=st.text(max_size=4), bases=st.lists(st.sampled_from([*EXCEPTIONS, "x"])).map(tuple),
    message=st.text(max_size=5), place=st.none() | PLACES, frames=st.lists(PLACES, max_size=2).map(tuple),
    loading=st.booleans(),
)  # fmt: skip
OBSERVATIONS = st.builds(Observation, status=st.sampled_from(Status), value=st.integers(0, 1), failure=FAILURES)


@settings(max_examples=300, deadline=None)
@given(st.lists(OBSERVATIONS, min_size=1, max_size=4), st.text(max_size=40), st.sampled_from(["", "def f(x):\n"]))
def test_whatever_the_sandbox_reports_spans_lie_inside(observations, completion, starter):
    feedback, problem = judged(*observations, source=completion, starter=starter)
    assert feedback.trust is Trust.ISOLATED
    for found in feedback.diagnostics:
        assert -1 <= found.start <= found.end <= len(completion)
        assert (found.start < 0) == (found.end < 0)
        assert 0 <= found.start_line <= found.end_line <= len(feedback.program.line_starts)
        diagnostic_text(feedback, found)
        if found.start >= 0 and found.start < found.end:
            start = feedback.program.offset_of(found.start_line, found.start_col)
            assert feedback.program.completion_span(start, max(start + 1, start))[0] in (-1, found.start)
    assert feedback.verdict is Verdict.worst(test.status for test in feedback.tests)
    assert (feedback.kind is Kind.NONE) == (feedback.verdict in (Verdict.PASS, Verdict.NOT_RUN))
    assert not feedback.is_success or all(test.status is Verdict.PASS for test in feedback.tests)
    observation_text(feedback, problem)


def test_a_turn_shows_the_program_and_what_is_wrong_with_it():
    feedback, problem = judged(ok(1), tests=(CallTest(args=(0,), expected=0, public=True),))
    assert turn_text(feedback, problem) == f"Your program:\n{SOURCE}\n{observation_text(feedback, problem)}"
    long = "x = 1\n" * LONGEST_PROGRAM
    feedback, problem = judged(ok(1), source=long)
    assert len(turn_text(feedback, problem)) < LONGEST_PROGRAM + 1_000


@pytest.mark.parametrize(
    ("entries", "error", "words"),
    [
        ({"exceptions": {"IndentError": Meaning(Kind.SYNTAX_ERROR, Scope.LINE)}}, UnknownNameError, "IndentationError"),
        ({"exceptions": {"print": Meaning(Kind.SYNTAX_ERROR, Scope.LINE)}}, UnknownNameError, "exception type"),
        ({"statuses": {"okay": Meaning(Kind.CRASH, Scope.LINE)}}, UnknownNameError, "status"),
        ({"exceptions": {"KeyError": "key_error"}}, TypeError, "an entry is a Meaning"),
        ({"statuses": {Status.OK: Meaning("wrong", Scope.LINE)}}, TypeError, "an entry is a Meaning"),
    ],
)
def test_entries_of_the_tables_are_checked(entries, error, words):
    with pytest.raises(error, match=words):
        KINDS.with_entries(**entries)
