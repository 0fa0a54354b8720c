"""What can be said of programs without running them: every syntax error, mistakes that a linter sees, a few numbers.

One call of ruff serves a whole batch. Nothing here depends on how a program ran, so it also works where nothing is run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ruff.__main__ import find_ruff_bin  # where every version has it

from codegym.errors import InfrastructureError
from codegym.feedback.carets import character_column
from codegym.feedback.diagnostic import Diagnostic, Source
from codegym.feedback.feedback import Feedback
from codegym.feedback.kind import EXCEPTIONS, RULES, Kind, Meaning, Scope
from codegym.feedback.location import Location
from codegym.program import Program
from codegym.sandbox.execution import Failure, Place
from codegym.sandbox.exit_status import failure_of

MAX_COMPLEXITY = 15
"""McCabe's number from which a function counts as too complex."""
MOST_FOUND = 50
"""Diagnostics that one program gets at most."""
SECONDS = 60.0
"""A batch takes this long at most, for each of its two tools; what has not been looked at by then has no findings."""
LONGEST = 2**17
"""Characters of a program that is looked at: parsers take the square of some texts."""
_TOO_LONG = ""  # is looked at instead
_UNSEEN: dict[str, Any] = {"nodes": 0, "functions": 0, "depth": 0, "complexity": 0, "unreachable": []}
_NO_RULE = "E902"  # of files that cannot be read: never met here
# A file of its own: the interpreter that runs the programs runs it too, since it is that grammar which counts.
_WORKER = Path(__file__).with_name("ast_worker.py")
_SANDBOX = Path(__file__).parent.parent / "sandbox"
_SYNTAX = Meaning(Kind.SYNTAX_ERROR, Scope.LINE)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A program in numbers; all zero where it does not compile.

    Attributes:
        parses: Whether the compiler takes it.
        lines: Lines that are neither blank nor comments.
        nodes: Nodes of the syntax tree.
        functions: Functions, methods and lambdas.
        depth: How deeply statements are nested, 1 for a flat program.
        complexity: McCabe's number of its most complex function.
    """

    parses: bool
    lines: int
    nodes: int = 0
    functions: int = 0
    depth: int = 0
    complexity: int = 0


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What static analysis says of one program: all diagnostics in the order of their places, and the summary."""

    diagnostics: tuple[Diagnostic, ...]
    summary: Summary


def analyze(
    programs: Sequence[Program],
    contexts: Sequence[str] | None = None,
    rules: Mapping[str, Meaning] = RULES,
    python: str = sys.executable,
) -> list[Analysis]:
    """Analyses a batch of programs with one call of ruff.

    Whether a program compiles is for the interpreter's own compiler to say; ruff adds the errors behind the first.
    What lies in the problem's part of a program is not the policy's and is left out, but for syntax errors.

    Args:
        programs: The programs to look at.
        contexts: For each program the code that its problem gives (``Problem.context``): what that names is not
            undefined.
        rules: From ruff's rule codes, or their beginnings, to their meaning; none for syntax errors only.
        python: The interpreter that runs the programs (``Judge.python``).

    Returns:
        One analysis for each program, in order.

    Raises:
        InfrastructureError: If ruff or the interpreter cannot be run at all, or the folder for temporary files is full.
        ValueError: If there is not one context for each program.
    """
    contexts = [""] * len(programs) if contexts is None else contexts
    if len(contexts) != len(programs):
        raise ValueError(
            f"expected one context for each of the {len(programs)} programs, got {len(contexts)}. "
            'Give "" for a problem without context.'
        )
    sources = [program.source if len(program.source) <= LONGEST else _TOO_LONG for program in programs]
    found = _ruff(sources, rules, _version(python), time.monotonic() + SECONDS)
    parsed = _parse(sources, python, time.monotonic() + SECONDS)
    return [
        Analysis(
            diagnostics=tuple(_diagnostics(program, context, records, numbers, rules))[:MOST_FOUND],
            summary=_summary(program, numbers),
        )
        for program, context, records, numbers in zip(programs, contexts, found, parsed, strict=True)
    ]


def with_analysis(feedback: Feedback, analysis: Analysis) -> Feedback:
    """Adds what static analysis found to a feedback, behind what execution found.

    A syntax error that the compiler has reported already, at the same line, is not repeated.
    """
    lines = {found.start_line for found in feedback.diagnostics if found.kind.is_syntax}
    more = [d for d in analysis.diagnostics if not (d.kind.is_syntax and d.start_line in lines)]
    return replace(feedback, diagnostics=(*feedback.diagnostics, *more))


def _diagnostics(
    program: Program,
    context: str,
    records: Sequence[dict[str, Any]],
    numbers: Mapping[str, Any] | None,
    rules: Mapping[str, Meaning],
) -> Iterator[Diagnostic]:
    found = [_diagnostic(program, record, rules) for record in records]
    if numbers is not None and "error" not in numbers:
        found = [diagnostic for diagnostic in found if not diagnostic.kind.is_syntax]
        found += [_unreachable(program, span) for span in numbers["unreachable"]]
    elif not any(diagnostic.kind.is_syntax for diagnostic in found):
        found.append(_unparsable(program) if numbers is None else _uncompiled(program, failure_of(numbers["error"])))
    for diagnostic in sorted(found, key=lambda d: (d.start_line, d.start_col)):
        if diagnostic.kind is Kind.UNDEFINED_NAME and _names(context, program, diagnostic):
            continue
        if diagnostic.start >= 0 or diagnostic.scope is not Scope.LINE:
            yield diagnostic
        elif diagnostic.kind.is_syntax:
            yield replace(diagnostic, scope=Scope.GLOBAL)


def _diagnostic(program: Program, record: dict[str, Any], rules: Mapping[str, Meaning]) -> Diagnostic:
    start, end = record["location"], record["end_location"]
    span = Place(start_line=start["row"], start_col=start["column"] - 1, end_line=end["row"], end_col=end["column"] - 1)
    code = record["code"] or ""
    meaning = next((rules[code[:size]] for size in range(len(code), 0, -1) if code[:size] in rules), _SYNTAX)
    location = Location.of_span(program, span)
    if meaning is _SYNTAX:
        return _found(Source.COMPILER, meaning, f"SyntaxError: {record['message']}", location)
    return _found(Source.LINT, meaning, record["message"], location)


def _unreachable(program: Program, span: Sequence[int]) -> Diagnostic:
    starts = program.offset_of(span[0], 0), program.offset_of(span[2], 0)
    # A column in bytes is at least as large as the one in characters, so that so much of the text is enough.
    start, end = (
        start + character_column(program.source[start : start + column], column)
        for start, column in zip(starts, (span[1], span[3]), strict=True)
    )
    meaning = Meaning(Kind.UNREACHABLE_CODE, Scope.LINE)
    return _found(Source.LINT, meaning, "This code is never reached", Location.of_range(program, start, end))


def _uncompiled(program: Program, failure: Failure) -> Diagnostic:
    """Returns what only the compiler finds: a ``return`` outside of functions, say."""
    message, location = f"{failure.exception}: {failure.message}", Location.of_span(program, failure.place)
    return _found(Source.COMPILER, EXCEPTIONS[failure.exception], message, location)


def _unparsable(program: Program) -> Diagnostic:
    """Returns the error of a program that no parser takes: a lone surrogate, or too complex."""
    odd = re.search("[\0\ud800-\udfff]", program.source)
    location = Location.of_range(program, *odd.span()) if odd else Location()
    meaning = Meaning(Kind.SYNTAX_ERROR, Scope.LINE if location.in_completion else Scope.GLOBAL)
    what = "not a text that can be encoded" if odd else "too complex to be parsed"
    return _found(Source.COMPILER, meaning, f"SyntaxError: {what}", location)


def _found(source: Source, meaning: Meaning, message: str, location: Location) -> Diagnostic:
    return Diagnostic(source=source, kind=meaning.kind, scope=meaning.scope, message=message, **vars(location))


def _names(context: str, program: Program, diagnostic: Diagnostic) -> bool:
    start = program.offset_of(diagnostic.start_line, diagnostic.start_col)
    name = program.source[start : program.offset_of(diagnostic.end_line, diagnostic.end_col)]
    return bool(context and re.search(rf"\b{re.escape(name)}\b", context))


def _summary(program: Program, numbers: Mapping[str, Any] | None) -> Summary:
    lines = sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in program.source.splitlines())
    if numbers is None or "error" in numbers:
        return Summary(parses=False, lines=lines)
    return Summary(parses=True, lines=lines, **{key: numbers[key] for key in numbers if key != "unreachable"})


@cache
def _version(python: str) -> str:
    """Returns an interpreter's version as ruff spells it."""
    command = [python, "-I", "-c", "import sys; print('py%d%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise InfrastructureError(
            f"cannot run the interpreter {python!r}: {error}. Give the path of a Python."
        ) from error


def _ruff(
    sources: Sequence[str], rules: Mapping[str, Meaning], version: str, deadline: float
) -> list[list[dict[str, Any]]]:
    """Returns ruff's records for each source; a source that breaks ruff is found by halving and has none."""
    if not sources or time.monotonic() > deadline:
        return [[] for _ in sources]
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with _written(sources) as folder:
        # Half of what is left: where a text takes for ever, the others are still looked at in smaller batches.
        answer = _run_ruff(folder, rules, version, (deadline - time.monotonic()) / 2)
    if answer is not None:
        for line in filter(None, answer.split("\n")):  # a message may hold any other end of line
            record = json.loads(line)
            found[int(Path(record["filename"]).stem)].append(record)
        return [found[index] for index in range(len(sources))]
    if len(sources) == 1:
        return [[]]
    half = len(sources) // 2
    return _ruff(sources[:half], rules, version, deadline) + _ruff(sources[half:], rules, version, deadline)


@contextmanager
def _written(sources: Sequence[str]) -> Iterator[str]:
    """Writes the sources, each under its number, into a folder that goes away again."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="codegym-ruff-"))
            for index, source in enumerate(sources):
                Path(folder, f"{index}.py").write_bytes(source.encode("utf-8", "replace"))
        except OSError as error:
            raise InfrastructureError(
                f"static analysis cannot write into {tempfile.tempdir or 'a folder for temporary files'}: "
                f"{error.strerror or error}. Free space there, or set TMPDIR to a folder with room."
            ) from error
        yield folder


def _run_ruff(folder: str, rules: Mapping[str, Meaning], version: str, seconds: float) -> str | None:
    """Returns ruff's answer, None if it broke down over one of the files."""
    command = [find_ruff_bin(), "check", "--isolated", "--no-cache", "--ignore-noqa", "--exit-zero", "--quiet",
               "--target-version", version, "--select", ",".join(rules) or _NO_RULE, "--output-format", "json-lines",
               "--config", f"lint.mccabe.max-complexity={MAX_COMPLEXITY}", folder]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=max(seconds, 0.1), check=False)
    except OSError as error:
        raise InfrastructureError(f"cannot run {command[0]}: {error}. Reinstall with: pip install ruff") from error
    except subprocess.TimeoutExpired:
        return None
    if b"unknown rule selector" in done.stderr.lower() or b"invalid value" in done.stderr:
        raise InfrastructureError(f"ruff refuses its options: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _parse(sources: Sequence[str], python: str, deadline: float) -> list[dict[str, Any] | None]:
    """Returns the syntax trees' numbers; the worker is started again behind a source that kills it."""
    answers: list[dict[str, Any] | None] = []
    while len(answers) < len(sources):
        left = deadline - time.monotonic()
        if left <= 0:
            return answers + [_UNSEEN] * (len(sources) - len(answers))
        requested = json.dumps(list(sources[len(answers) :]))
        worker = subprocess.Popen([python, "-I", str(_WORKER), str(_SANDBOX)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="ascii")  # fmt: skip
        try:
            out, _ = worker.communicate(requested, timeout=left / 2)
        except subprocess.TimeoutExpired:
            worker.kill()
            out, _ = worker.communicate()
        lines = out.splitlines() if out.endswith("\n") or not out else out.splitlines()[:-1]
        answers.extend(json.loads(line) for line in lines)
        if len(answers) < len(sources):
            answers.append(None)
    return answers
