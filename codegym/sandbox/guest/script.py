"""Test scripts: the process that runs the script, and the program's process that answers it."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
from typing import Any

from .channel import ChannelClosed, receive, send
from .codec import Codec
from .failure import PROGRAM, describe
from .peer import Peer
from .program import CONTEXT, CappedText, OutputExceeded, Program, answerer, own_classes

SCRIPT = "<test>"
_SCRIPT_LIMIT = 2**28


def serve_program(channel: int, socket: int, request: dict[str, Any]) -> None:
    """Loads the program and answers the script's process until that goes away.

    Writes ``["loaded"]``, ``["failed", failure]``, ``["missing"]`` or ``["exceeded"]`` to the channel, once.
    """
    program = Program(request["source"], request["context"], request["entry_point"], "program")
    sys.stdout = CappedText(request["output_bytes"])
    try:
        failure = program.load()
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
    )
    peer.serve_forever()


def _loaded(program: Program, failure: dict[str, Any] | None) -> list[Any]:
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
    ``math``) would decide the script's assertions; see :class:`peer.Borrowed` for what may be done with its classes.
    """

    peer: Peer

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)
        if name in sys.stdlib_module_names:
            return importlib.import_module(name)
        try:
            return self.peer.borrow(name)
        except KeyError:
            raise KeyError(name) from None


class Candidate:
    """The entry point as the script sees it."""

    def __init__(self, peer: Peer, name: str) -> None:
        self.__peer, self.__name__ = peer, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls it, in the program's process."""
        return self.__peer.ask("entry", list(args), kwargs)


def serve_scripts(channel: int, socket: int, request: dict[str, Any]) -> None:
    """Runs each script that comes over the channel and answers it.

    Answers: ``["ok"]``, ``["refused", text]``, ``["raised", failure]`` or ``["gone", why]``.
    """
    while True:
        try:
            script = Codec().decode(receive(channel, _SCRIPT_LIMIT))
        except ChannelClosed:
            return
        sys.stdout = CappedText(2**20)
        answer = _run_script(script, socket, request)
        send(channel, Codec().encode(answer))


def _run_script(script: str, socket: int, request: dict[str, Any]) -> list[Any]:
    namespace = ScriptGlobals(__name__="test", __builtins__=builtins)
    peer = namespace.peer = Peer(socket, {}, request["output_bytes"] + 2**20, own_module="test")
    error: BaseException | None = None
    try:
        exec(compile(request["context"], CONTEXT, "exec", dont_inherit=True), namespace)
        peer.rebuild_with(own_classes(namespace))
        code = compile(script, SCRIPT, "exec", dont_inherit=True)
        entry_point = request["entry_point"]
        candidate = Candidate(peer, entry_point or "candidate")
        namespace["candidate"] = candidate
        if entry_point and entry_point.isidentifier():
            namespace[entry_point] = candidate
        given_check = dict.get(namespace, "check")
        exec(code, namespace)
        check = dict.get(namespace, "check")
        if callable(check) and check is not given_check:
            check(candidate)
    except BaseException as caught:
        error = caught
    if peer.gone:  # whatever the script made of it
        return ["gone", peer.gone]
    if error is None:
        return ["ok"]
    if error is peer.remote_error:
        return ["raised", peer.remote_failure]
    return ["refused", _explanation(error, script)]


def run_together(channel: int, request: dict[str, Any]) -> None:
    """Runs the program and then the script in its own namespace: for scripts that inspect what cannot cross.

    Without an entry point the program is not run; the script finds its text as ``program_source`` and does with it
    what it likes (DS-1000 pastes it into a template). Answers as :func:`serve_scripts`, or as :func:`serve_program`
    if loading fails.
    """
    answer = answerer(channel, os.getpid(), request["output_bytes"])
    sys.stdout = CappedText(request["output_bytes"])
    program = Program(request["source"], request["context"], request["entry_point"], "program")
    script = request["script"]
    try:
        failure = program.load(compile("", PROGRAM, "exec")) if program.entry_point is None else program.load()
        told = _loaded(program, failure)
        if told == ["loaded"]:
            told = _try_script(script, program)
    except OutputExceeded as error:
        told = ["exceeded", describe(error, program.source, loading=False)]
    answer(told)


def _try_script(script: str, program: Program) -> list[Any]:
    namespace = program.namespace
    try:
        if program.entry_point is None:
            namespace["program_source"] = program.source
            candidate = None
        else:
            candidate = namespace["candidate"] = program.entry()
        own_check = namespace.get("check")
        exec(compile(script, SCRIPT, "exec", dont_inherit=True), namespace)
        check = namespace.get("check")
        if callable(check) and check is not own_check:
            check(candidate)
    except OutputExceeded:
        raise
    except BaseException as error:
        failure = describe(error, program.source, loading=False)
        if failure["frames"] or "exit_code" in failure:
            return ["raised", failure]
        return ["refused", _explanation(error, script)]
    return ["ok"]


def _explanation(error: BaseException, script: str) -> str:
    failure = describe(error, script, loading=False, filename=SCRIPT)
    text: str = failure["exception"] + (": " + failure["message"] if failure["message"] else "")
    if failure["place"] is not None:
        lines = script.splitlines()
        number = failure["place"][0]
        if 1 <= number <= len(lines):
            text = lines[number - 1].strip()[:500] + "  # " + text
    return text
