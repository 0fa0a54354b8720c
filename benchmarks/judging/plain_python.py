"""The same tests under plain CPython, as a grader without any protection would run them."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

from codegym import CallTest, Limits, Problem, ScriptTest, StdioTest

PASS, FAIL, ERROR, TIMEOUT = "pass", "fail", "error", "timeout"
_GRACE = 10.0


def outcomes(problem: Problem, source: str, limits: Limits) -> list[str]:
    """Returns how each test of a problem ends: ``pass``, ``fail``, ``error`` or ``timeout``, then what was raised."""
    if any(isinstance(test, StdioTest) for test in problem.tests):
        return [_run(problem, test, source, limits) for test in problem.tests if isinstance(test, StdioTest)]
    return _forked(problem, source, limits)


def _run(problem: Problem, test: StdioTest, source: str, limits: Limits) -> str:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "program.py")
        program.write_bytes((problem.context + "\n" + source).encode("utf-8", "surrogatepass"))
        command = [sys.executable, "-E", "-s", str(program)]
        try:
            with Path(folder, "stdin").open("wb+") as stdin:
                stdin.write(test.stdin.encode("utf-8", "surrogateescape"))
                stdin.seek(0)
                done = subprocess.run(
                    command, stdin=stdin, capture_output=True, timeout=limits.wall_seconds + _GRACE, cwd=folder,
                    env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}, check=False,
                    preexec_fn=lambda: _limit(limits, forks=True),
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            return TIMEOUT
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return TIMEOUT
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return f"{ERROR}: {last[:80]}"
    accepted = problem.comparison.accepts_output(
        test.expected_stdout, done.stdout.decode("utf-8", "replace"), test.stdin
    )
    return PASS if accepted else FAIL


def _limit(limits: Limits, forks: bool) -> None:
    seconds = int(limits.cpu_seconds) + 1 if forks else int(limits.program_cpu_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _forked(problem: Problem, source: str, limits: Limits) -> list[str]:
    """Runs calls and scripts in a fork of this process, and begins again behind a test that ended it."""
    found: list[str] = []
    while len(found) < len(problem.tests):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _child(problem, source, limits, len(found), writer)
        os.close(writer)
        deadline = time.monotonic() + limits.program_cpu_seconds + _GRACE
        said = b""
        while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not (data := os.read(reader, 65536)):
                break
            said += data
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        found += [json.loads(line) for line in said.decode().splitlines()]
        if len(found) < len(problem.tests):
            over = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            found.append(TIMEOUT if over else f"{ERROR}: ended with {status}")
    return found[: len(problem.tests)]


def _child(problem: Problem, source: str, limits: Limits, first: int, writer: int) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    _limit(limits, forks=False)
    try:
        for outcome in _tried(problem, source, limits, first):
            os.write(writer, json.dumps(outcome).encode() + b"\n")
    finally:
        os._exit(0)


def _tried(problem: Problem, source: str, limits: Limits, first: int) -> Iterator[str]:
    for index in range(first, len(problem.tests)):
        test = problem.tests[index]
        signal.setitimer(signal.ITIMER_PROF, limits.cpu_seconds)
        signal.signal(signal.SIGPROF, _too_long)
        try:
            yield _try(problem, test, source)
        except _TooLong:
            yield TIMEOUT
        except BaseException as error:
            yield f"{ERROR}: {type(error).__name__}: {error!s:.60}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


class _TooLong(BaseException):
    pass


def _too_long(*_: object) -> None:
    raise _TooLong


def _try(problem: Problem, test: Any, source: str) -> str:
    module = ModuleType("program")
    sys.modules["program"] = module
    namespace = module.__dict__
    namespace["__file__"] = "program.py"
    exec(compile(problem.context, "<context>", "exec", dont_inherit=True), namespace)
    exec(compile(source, "<program>", "exec", dont_inherit=True), namespace)
    entry = eval(problem.entry_point or "None", namespace)
    if isinstance(test, ScriptTest):
        namespace["candidate"] = entry
        own_check = namespace.get("check")  # Mbpp/56's function is called so
        try:
            exec(compile(test.source, "<test>", "exec", dont_inherit=True), namespace)
            if callable(check := namespace.get("check")) and check is not own_check:
                check(entry)
        except (Exception, SystemExit) as error:
            if "<program>" in _filenames(error):
                raise
            return FAIL  # the test stumbles over the program's answer
        return PASS
    assert isinstance(test, CallTest)
    # The arguments may be changed by the call, and the problem is used again.
    args, kwargs = deepcopy(test.args), deepcopy(dict(test.kwargs))
    value = entry(*args, **kwargs)
    accepts = problem.comparison.accepts
    if test.expected_args is None:
        return PASS if accepts(test.args, test.expected, value) else FAIL
    same = len(args) == len(test.expected_args)
    same = same and all(accepts(test.args, *pair) for pair in zip(test.expected_args, args, strict=True))
    return PASS if same and (test.expected is None or accepts(test.args, test.expected, value)) else FAIL


def _filenames(error: BaseException) -> set[str]:
    """Returns the file names of the code that an error came through."""
    names, trace = set[str](), error.__traceback__
    while trace is not None:
        names.add(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return names
