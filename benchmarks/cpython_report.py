"""What CPython itself reports of a broken program: type and place, from a plain process without codegym.

Standard library only; run it with any CPython from 3.11 on, as ``python -I -S cpython_report.py``. Reads JSON
lines from standard input, each with ``source`` and, to go on after loading, ``entry`` with ``calls`` (a list of
argument tuples as Python literals) or ``script`` (a text that defines ``check(candidate)``). Writes one JSON
line each: ``type`` (the nearest built-in type, ``"ok"``, ``"timeout"`` or ``"died"``), ``phase`` (``compile``
or ``run``) and ``place``: start line, start column, end line, end column; columns count characters from 0. A
syntax error's place is read off the carets that CPython prints, a run-time error's is the innermost frame of
the program in the traceback.

Programs are forked off one by one without a sandbox: run it on programs that you trust not to do harm.
"""

import ast
import json
import linecache
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import traceback

NAME = "<candidate>"
SECONDS = 5


def main():
    """Answers every request on standard input."""
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(in_a_fork(request)), flush=True)


def in_a_fork(request):
    """Returns the report on one program, made by a process of its own."""
    folder = tempfile.mkdtemp()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        prepare(folder)
        report = run(request)
        os.write(write, json.dumps(report).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    if data:
        return json.loads(data)
    timeout = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGALRM, signal.SIGXCPU)
    return {"type": "timeout" if timeout else "died"}


def prepare(folder):
    """Closes the forked process off from the terminal and bounds it."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin = open(os.devnull)  # noqa: SIM115 - the old one still holds what the parent has read ahead
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**24, 2**24))
    signal.alarm(SECONDS)


def run(request):
    """Returns what CPython says of loading the program and calling it."""
    source = request["source"]
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    linecache.cache[NAME] = (len(source), None, [line + "\n" for line in lines], NAME)
    try:
        code = compile(source, NAME, "exec")
    except BaseException as error:  # whatever it is, it is the report
        report = {"type": built_in(error), "phase": "compile", "place": printed_place(error, lines)}
        return {**report, "message": str(getattr(error, "msg", ""))}
    namespace = {"__name__": "candidate"}
    try:
        exec(code, namespace)
        if request.get("script"):
            tests = {}
            exec(compile(request["script"], "<script>", "exec"), tests)
            tests["check"](namespace[request["entry"]])
        for arguments in request.get("calls") or ():
            namespace[request["entry"]](*ast.literal_eval(arguments))
    except BaseException as error:
        return {"type": built_in(error), "phase": "run", "place": innermost_span(error, lines)}
    return {"type": "ok"}


def built_in(error):
    """Returns the name of the nearest built-in type."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def printed_place(error, lines):
    """Returns the place that CPython points at; only the lines where it prints no carets, None if it points nowhere.

    The compiler and the symbol table give no text along, so nothing is printed: there it is the four numbers, of which
    the columns count bytes.
    """
    if not isinstance(error, SyntaxError) or not error.lineno:
        return None
    if error.text is None and error.offset and error.end_offset and error.end_lineno:
        start = characters(lines[error.lineno - 1], error.offset - 1)
        return [error.lineno, start, error.end_lineno, characters(lines[error.end_lineno - 1], error.end_offset - 1)]
    printed = "".join(traceback.format_exception_only(type(error), error)).split("\n")
    at = next((i for i, text in enumerate(printed) if re.fullmatch(r" +\^+ *", text)), None)
    line = min(error.lineno, len(lines))
    text = lines[line - 1]
    if at is None:
        return [line, None, line, None]
    shift = len(text) - len(text.lstrip(" \n\f")) - 4
    start = printed[at].index("^") + shift
    return [line, start, line, len(printed[at].rstrip()) + shift]


def innermost_span(error, lines):
    """Returns the range of the innermost frame that belongs to the program."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == NAME]
    if not frames:
        return None
    frame = frames[-1]
    if frame.colno is None or frame.end_colno is None:
        return [frame.lineno, None, frame.end_lineno, None]
    start = characters(lines[frame.lineno - 1], frame.colno)
    return [frame.lineno, start, frame.end_lineno, characters(lines[frame.end_lineno - 1], frame.end_colno)]


def characters(line, byte_column):
    """Turns a column in UTF-8 bytes into one in characters."""
    return len(line.encode("utf-8", "replace")[:byte_column].decode("utf-8", "ignore"))


if __name__ == "__main__":
    main()
