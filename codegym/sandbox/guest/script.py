"""Test scripts: the process that runs the script, and the program's process that answers it."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import io
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import CodeType
from typing import Any

from . import pytest_stand_in
from .anything import wrong_functions
from .channel import STARTED, ChannelClosed, receive, send
from .codec import Codec
from .failure import PROGRAM, describe
from .own_fault import SCRIPT, is_deliberate, is_own_fault
from .peer import Peer
from .program import CONTEXT, CappedText, LoadedProgram, OutputExceeded, answerer, own_classes
from .solution import SolutionImports
from .test_functions import finish, is_collected, replace_mains, run_test_functions

_SCRIPT_LIMIT = 2**28


def serve_program(channel: int, socket: int, request: dict[str, Any]) -> None:
    """Loads the program and answers the script's process until that goes away.

    Writes ``["loaded"]``, ``["failed", failure]``, ``["missing"]`` or ``["exceeded"]`` to the channel, once.
    """
    program = LoadedProgram(request["source"], request["context"], request["entry_point"], "program")
    out = sys.stdout = CappedText(request["output_bytes"])
    try:
        failure = program.load(channel)
    except OutputExceeded as error:
        send(channel, Codec().encode(["exceeded", describe(error, program.source, loading=True)]))
        return
    send(channel, Codec().encode(_loaded(program, failure)))
    if failure is not None:
        return
    peer = Peer(
        socket,
        program.classes,
        request["output_bytes"] + 2**20,
        source=program.source,
        entry=program.entry,
        names=program.namespace,
        printed=out.news,
    )
    peer.serve_forever()


def _loaded(program: LoadedProgram, failure: dict[str, Any] | None) -> list[Any]:
    if failure is not None:
        return ["failed", failure]
    if program.entry_point is not None:
        try:
            program.entry()
        except LookupError:
            return ["missing"]
        except BaseException as error:
            return ["failed", describe(error, program.source, loading=True)]
    return ["loaded"]


class ScriptGlobals(dict[str, Any]):
    """A script's namespace: a class that neither it nor the context defines is the program's, to build objects with.

    Nothing else is taken from the program: a function, a module or a built-in name that it brought (``abs``,
    ``math``) would decide the script's assertions; see :class:`handles.Borrowed` for what may be done with its classes.
    """

    peer: Peer
    root: str
    """What the entry point begins with: ``Solution`` of ``Solution().solve``."""
    find: Callable[[str], Any]
    """Returns what is tested under a name of the program."""

    def __missing__(self, name: str) -> Any:
        # A program's own ``abs`` must not decide what the script asserts.
        if hasattr(builtins, name):
            raise KeyError(name)
        if name in sys.stdlib_module_names:
            # Published scripts forget imports that their authors' notebooks had.
            return importlib.import_module(name)
        if name == self.root:
            return self.find(name)
        try:
            return self.peer.borrow(name)
        except KeyError:
            raise KeyError(name) from None


class Unheard(io.StringIO):
    """What a script prints: nobody reads it, and no amount of it is the program's fault."""

    def write(self, text: str) -> int:
        """Forgets it."""
        return len(text)


class Candidate:
    """The entry point as the script sees it."""

    def __init__(self, peer: Peer, name: str) -> None:
        self.__peer, self.__name__ = peer, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls it, in the program's process."""
        return self.__peer.ask("entry", list(args), kwargs)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{name!r} of the function cannot be seen from another process: give the problem one_process=True",
            name=name,
            obj=self,
        )


def serve_scripts(channel: int, socket: int, request: dict[str, Any]) -> None:
    """Runs each script that comes over the channel and answers it.

    Takes a script, or ``["vet", script]``: whether it says no to functions that are surely wrong. Answers: ``["ok"]``,
    ``["refused", text]``, ``["raised", failure]``, ``["faulty", text, missing name]`` or ``["gone", why]``.
    """
    send(channel, STARTED)
    while True:
        try:
            order = Codec().decode(receive(channel, _SCRIPT_LIMIT))
        except ChannelClosed:
            return
        sys.stdout = Unheard()
        if type(order) is list:
            send(channel, Codec().encode(_vet(order[1], socket, request)))
        else:
            send(channel, Codec().encode(_run_script(order, socket, request)))


def _run_script(script: str, socket: int, request: dict[str, Any]) -> list[Any]:
    peer = _peer(socket, request)
    error = _performed(script, request, peer, Candidate(peer, request["entry_point"] or "candidate"))
    if peer.gone:  # whatever the script made of it
        return ["gone", peer.gone]
    if error is None and peer.stopped and "StopIteration" not in script:
        return ["raised", peer.stopped]  # map, zip and the like take it for their own end
    if error is None:
        return ["ok", peer.has_handed_over]
    if error is peer.remote_error:
        return ["raised", peer.remote_failure]
    if not peer.answers or is_own_fault(error, script, request["context"]):
        missing = error.name if type(error) is NameError else None
        return ["faulty", _explanation(error, script), missing or ""]
    note = f" ({NEEDS_ONE_PROCESS})" if peer.opaque_compared else ""
    return ["refused", _explanation(error, script) + note]


def _vet(script: str, socket: int, request: dict[str, Any]) -> list[Any]:
    """Says ``["ok"]`` of a script that refuses one of the functions that are surely wrong."""
    for function in wrong_functions():
        peer = _peer(socket, request)
        error = _performed(script, request, peer, function)
        if peer.gone:
            return ["gone", peer.gone]
        is_last_resort = not hasattr(function, "_state")  # that returns None: most tests stumble over it by accident
        if error is not None and (not is_last_resort or is_deliberate(error)):
            return ["ok"]
    return ["faulty", "the test passes whatever the function does", ""]


def _peer(socket: int, request: dict[str, Any]) -> Peer:
    limit, opaque_results = request["output_bytes"] + 2**20, request["opaque_results"]
    return Peer(socket, {}, limit, own_module="test", opaque_results=opaque_results)


def _performed(script: str, request: dict[str, Any], peer: Peer, candidate: Callable[..., Any]) -> BaseException | None:
    """Runs a script in a fresh namespace; returns what it raised."""
    namespace = ScriptGlobals(__name__="test", __builtins__=builtins)
    entry_point = request["entry_point"] or ""
    namespace.peer, namespace.root = peer, entry_point.partition("(")[0].partition(".")[0]
    is_real = isinstance(candidate, Candidate)
    # A trial with a wrong function must not reach the right one by another name.
    namespace.find = partial(peer.ask, "global") if is_real else lambda name: candidate
    try:
        exec(compile(request["context"], CONTEXT, "exec", dont_inherit=True), namespace)
        peer.rebuild_with(own_classes(namespace))
        given = {name: candidate for name in ("candidate", entry_point) if name.isidentifier()}
        namespace.update(given)
        perform(script, namespace, candidate, SolutionImports(namespace.root, given, namespace.find))
    except BaseException as caught:
        return None if _is_good_end(caught) and caught is not peer.remote_error else caught
    return None


def _is_good_end(error: BaseException) -> bool:
    return isinstance(error, SystemExit) and error.code in (None, 0)


def perform(script: str, namespace: dict[str, Any], candidate: Any, imports: SolutionImports | None = None) -> None:
    """Runs a script: its top level, then its ``check``, then the test functions and classes that nobody has run.

    Args:
        script: The script's text.
        namespace: Where it runs.
        candidate: What ``check`` and test functions get.
        imports: What the script finds where it imports what it tests.
    """
    given = dict(namespace)
    code, used = _compiled(script, imports)

    def run_defined(used: frozenset[str] = frozenset()) -> None:
        defined = {name: value for name, value in dict.items(namespace) if given.get(name) is not value}
        if callable(check := defined.pop("check", None)):
            finish(check(candidate) if _takes_one(check) else check())
        if is_collected(defined):
            run_test_functions(defined, used, candidate)

    # Importing it takes milliseconds: only scripts that name it pay.
    if "unittest" in script:
        import unittest  # noqa: F401  # before the script does, so that its main() can be replaced

    if "pytest" in script:
        pytest_stand_in.install(replace_mains(run_defined))
    elif "unittest" in script:
        replace_mains(run_defined)
    exec(code, namespace)
    run_defined(used)


def _takes_one(function: Any) -> bool:
    """Whether ``check`` wants the candidate."""
    code = getattr(function, "__code__", None)
    return code is None or code.co_argcount > 0 or bool(code.co_flags & inspect.CO_VARARGS)


def _compiled(script: str, imports: SolutionImports | None) -> tuple[CodeType, frozenset[str]]:
    """Returns a script's code, and the names that its top level uses; there ``__name__ == "__main__"`` holds.

    A script without anything of that kind is not parsed in Python: that of a large one takes long.
    """
    is_for_program = imports is not None and imports.are_likely_in(script)
    if not is_for_program and not any(word in script for word in _WORTH_PARSING):
        return compile(script, SCRIPT, "exec", dont_inherit=True), frozenset()
    tree = ast.parse(script, SCRIPT)
    for node in tree.body:
        # The file would be run as a program; here its name is that of the script's own classes' module.
        if isinstance(node, ast.If) and ast.unparse(node.test) in _GUARDS:
            node.test = ast.copy_location(ast.Constant(True), node.test)
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and imports is not None:
            imports.provide(node)
    return compile(tree, SCRIPT, "exec", dont_inherit=True), frozenset(_used_names(tree.body))


_WORTH_PARSING = ("__main__", "def test", "unittest", "pytest")
_GUARDS = ("__name__ == '__main__'", "'__main__' == __name__")


def _used_names(body: Sequence[ast.stmt]) -> set[str]:
    """Names that the top level uses, outside functions and classes."""
    skipped = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    parts = [part for statement in body if not isinstance(statement, skipped) for part in ast.walk(statement)]
    return {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


def run_together(channel: int, request: dict[str, Any]) -> None:
    """Runs the program and then the script in its own namespace: for scripts that inspect what cannot cross.

    Without an entry point the program is not run; the script finds its text as ``program_source`` and does with it
    what it likes (DS-1000 pastes it into a template). Answers as :func:`serve_scripts`, or as :func:`serve_program`
    if loading fails.
    """
    answer = answerer(channel, os.getpid(), request["output_bytes"])
    sys.stdout = CappedText(request["output_bytes"])
    program = LoadedProgram(request["source"], request["context"], request["entry_point"], "program")
    script = request["script"]
    try:
        failure = program.load(channel, compile("", PROGRAM, "exec") if program.entry_point is None else None)
        answer_to_judge = _loaded(program, failure)
        if answer_to_judge == ["loaded"]:
            answer_to_judge = _try_script(script, program)
    except OutputExceeded as error:
        answer_to_judge = ["exceeded", describe(error, program.source, loading=False)]
    answer(answer_to_judge)


def _try_script(script: str, program: LoadedProgram) -> list[Any]:
    namespace = program.namespace
    try:
        if program.entry_point is None:
            namespace["program_source"] = program.source
            candidate = None
        else:
            candidate = namespace["candidate"] = program.entry()
        perform(script, namespace, candidate)
    except OutputExceeded:
        raise
    except BaseException as error:
        failure = describe(error, program.source, loading=False)
        if failure["frames"] or "exit_code" in failure:
            return ["raised", failure]
        if is_own_fault(error, script, program.context):
            return ["faulty", _explanation(error, script), ""]
        return ["refused", _explanation(error, script)]
    return ["ok"]


NEEDS_ONE_PROCESS = "an object of the program's own class: a test that needs it whole needs one_process=True"


def _explanation(error: BaseException, script: str) -> str:
    failure = describe(error, script, loading=False, filename=SCRIPT)
    text: str = failure["exception"] + (": " + failure["message"] if failure["message"] else "")
    if "'Opaque'" in text:
        text += f" ({NEEDS_ONE_PROCESS})"
    if failure["place"] is not None:
        lines = script.splitlines()
        number = failure["place"][0]
        if 1 <= number <= len(lines):
            text = lines[number - 1].strip()[:500] + "  # " + text
    return text
