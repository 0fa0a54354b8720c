"""The program's process: loads a program and calls it, or runs it as a script. Expected values never come here."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import io
import marshal
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

from .arguments import unpack_arguments, unpack_calls
from .channel import STARTED, ChannelClosed, receive_alone, send
from .codec import Codec
from .failure import PROGRAM, describe
from .refusal import CannotCross, TooLarge
from .signature import describe_call
from .standard_files import STANDARD_FILES, open_standard_files

CONTEXT = "<context>"
LONGEST_TEST = 2**30
_WITHOUT_REFERENCES = 2
"""The version of ``marshal``'s format whose bytes depend on nothing but the values."""


class OutputExceeded(BaseException):
    """The program printed, or returned, more than its limit."""


class _CappedBytes(io.BytesIO):
    """What lies under a call's standard output: bytes in memory, up to a limit."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.room = limit
        self.name = "<stdout>"

    def write(self, data: Any) -> int:  # any buffer: the name of that type is newer than 3.11
        """Writes, or raises when there is no room."""
        written = super().write(data)
        self.room -= written
        if self.room < 0:
            raise OutputExceeded
        return written

    def fileno(self) -> int:
        """Returns the descriptor that a program expects; what is written there nobody reads."""
        return 1


class CappedText(io.TextIOWrapper):
    """Standard output of a call: kept in memory up to a limit, with all that programs do to a true one."""

    def __init__(self, limit: int) -> None:
        self.kept, self._read, self._limit = _CappedBytes(limit), 0, limit
        super().__init__(self.kept, encoding="utf-8", errors="surrogateescape", newline="\n", write_through=True)

    def emptied(self) -> CappedText:
        """Returns a stream that holds nothing: this one, or another where the program has closed or detached it.

        A stream for each call would cost a short program a twentieth of its time.
        """
        try:
            if self.closed:
                return CappedText(self._limit)
            self.kept.seek(0)
            self.kept.truncate()
        except ValueError:
            return CappedText(self._limit)
        self.kept.room, self._read = self._limit, 0
        return self

    def news(self) -> str:
        """Returns what was printed since the last time."""
        with contextlib.suppress(ValueError):
            if (end := self.kept.tell()) > self._read:
                start, self._read = self._read, end
                return self.kept.getbuffer()[start:end].tobytes().decode("utf-8", "replace")
        return ""

    def getvalue(self) -> str:
        """Returns what was printed, also after the stream was closed or detached."""
        try:
            return self.kept.getvalue().decode("utf-8", "replace") if self.kept.tell() else ""
        except ValueError:
            return ""


class _NoBytes(io.BytesIO):
    """What lies under the standard input of a call: nothing."""

    name = "<stdin>"

    def fileno(self) -> int:
        """Returns the descriptor that a program expects; there is nothing to be read either."""
        return 0


def nothing_to_read() -> io.TextIOWrapper:
    """Returns the standard input of programs that are called."""
    return io.TextIOWrapper(_NoBytes(), encoding="utf-8", errors="surrogateescape")


class LoadedProgram:
    """A program's namespace and the way to its entry point.

    Attributes:
        namespace: The globals that context and program share.
        classes: The classes that the context defines, by name.
    """

    def __init__(self, source: str, context: str, entry_point: str | None, name: str) -> None:
        self.source, self.context, self.entry_point = source, context, entry_point
        module = ModuleType(name)
        sys.modules[name] = module
        self.namespace: dict[str, Any] = module.__dict__
        self.namespace["__builtins__"] = builtins if name == "__main__" else __builtins__
        self.classes: dict[str, type] = {}
        self.error: BaseException | None = None
        self._entry_code: CodeType | None = None

    def load(self, channel: int, code: CodeType | None = None) -> dict[str, Any] | None:
        """Runs the context and the program's top level.

        Args:
            channel: Descriptor on which the beginning of the program's own code is reported: what fails earlier is
                not its fault.
            code: The compiled program, if it is at hand.

        Returns:
            The failure as data, or None.
        """
        self._load_context(channel)
        send(channel, STARTED)
        try:
            self._as_a_file()
            _hide_own_frames()
            if code is None:
                code = compile(self.source, PROGRAM, "exec", dont_inherit=True)
            exec(code, self.namespace)
        except OutputExceeded:
            raise
        except BaseException as error:
            self.error = error
            return describe(error, self.source, loading=True)
        return None

    def _load_context(self, channel: int) -> None:
        """Runs the problem's own code; where that fails, says so instead of beginning."""
        if not self.context.strip():
            return
        try:
            exec(compile(self.context, CONTEXT, "exec", dont_inherit=True), self.namespace)
        except BaseException as error:
            failure = describe(error, self.context, loading=True, filename=CONTEXT)
            send(channel, Codec().encode([failure["exception"], failure["message"]]))
            os._exit(1)
        self.classes = own_classes(self.namespace)

    def _as_a_file(self) -> None:
        """Gives what a program that lies in a file has: its name, and lines for ``inspect`` and tracebacks."""
        self.namespace.setdefault("__file__", sys.argv[0])
        self.namespace.setdefault("__annotations__", {})
        if "inspect" in self.source or "traceback" in self.source:
            import linecache

            lines = self.source.splitlines(keepends=True)
            linecache.cache[PROGRAM] = (len(self.source), None, lines, PROGRAM)

    def entry(self) -> Any:
        """Returns the callable that tests mean.

        Raises:
            LookupError: If there is none.
        """
        name = self.entry_point or ""
        if name.isidentifier():
            found = self.namespace.get(name)
        elif name.partition("(")[0].partition(".")[0] not in self.namespace:
            found = None
        else:
            # Compiled once: a hundred calls ask for it.
            if self._entry_code is None:
                self._entry_code = compile(name, "<entry point>", "eval", dont_inherit=True)
            found = eval(self._entry_code, self.namespace)
        if not callable(found):
            raise LookupError(name)
        return found


def _hide_own_frames() -> None:
    """Lets a program go as deep as if it began at the bottom of the stack: the harness's frames lie below it."""
    global _depth
    depth, frame = 1, sys._getframe(1).f_back
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    _depth = depth
    _SET_LIMIT(_USUAL_LIMIT + depth)


def offer_recursion_limits() -> None:
    """Gives programs functions that count from their own bottom; once, before any fork, as writing costs each child."""
    sys.setrecursionlimit, sys.getrecursionlimit = _set_limit, lambda: _GET_LIMIT() - _depth


def _set_limit(limit: int, /) -> None:
    _SET_LIMIT(limit if limit > _DEEPEST or limit < 1 else min(limit + _depth, _DEEPEST))


_SET_LIMIT, _GET_LIMIT = sys.setrecursionlimit, sys.getrecursionlimit
_USUAL_LIMIT = sys.getrecursionlimit()
_DEEPEST = 2**31 - 1
_depth = 0


def own_classes(namespace: dict[str, Any]) -> dict[str, type]:
    """Returns the classes that were defined in a namespace (not imported into it), by name."""
    name = namespace.get("__name__")
    return {
        key: value
        for key, value in namespace.items()
        if type(value) is type and value.__module__ == name and value.__name__ == key
    }


def serve_calls(channel: int, request: dict[str, Any]) -> None:
    """Loads the program and answers the calls of the request's test, then those of each that comes over the channel.

    Answers are lists: ``["loaded"]`` or ``["failed", failure]`` or ``["exceeded"]`` once, then for each call ``["ok",
    value, args, stdout]``, ``["raised", failure, stdout]``, ``["opaque", type name, is it true]``, ``["missing"]`` or
    ``["exceeded"]``; with the failure where the limit was met while the program ran.
    """
    pid = os.getpid()
    answer = answerer(channel, pid, request["output_bytes"])
    program = LoadedProgram(request["source"], request["context"], request["entry_point"], "program")
    out = sys.stdout = CappedText(request["output_bytes"])
    try:
        failure = program.load(channel)
    except OutputExceeded as error:
        answer(["exceeded", describe(error, program.source, loading=True)])
        return
    answer(["loaded"] if failure is None else ["failed", failure])
    if failure is not None:
        return
    codec = Codec(program.classes, max_parts=request["output_bytes"])
    calls, more = request["calls"], request["more"]
    while True:
        for packed in calls:
            args, kwargs = unpack_arguments(packed, codec)
            sys.stdout = out  # what a program put in its place goes first: it may close what lies under both
            out = sys.stdout = out.emptied()
            answer(_call(program, codec, args, kwargs, out), codec)
        if not more:
            return
        calls, more = unpack_calls(receive_alone(channel, LONGEST_TEST)), more - 1


def answerer(channel: int, pid: int, limit: int) -> Callable[..., None]:
    """Returns a function that sends one answer; answers that cannot cross, or are too long, become words of that.

    Args:
        channel: Descriptor of the channel to the judge.
        pid: The process that may answer: a fork of it that comes back here may not.
        limit: Bytes that an answer may have, with some room for the harness's own.
    """
    plain = Codec(max_parts=limit)

    def answer(message: list[Any], codec: Codec = plain) -> None:
        if os.getpid() != pid:  # a forked child of the program that came back here
            os._exit(1)
        try:
            payload = codec.encode(message)
        except CannotCross as error:
            payload = plain.encode(["opaque", error.type_name, _truth(message)])
        except (TooLarge, MemoryError):
            payload = plain.encode(["exceeded"])
        if len(payload) > limit + 65536:
            payload = plain.encode(["exceeded"])
        send(channel, payload)

    return answer


def _truth(message: list[Any]) -> bool:
    try:
        return bool(message[1])
    except Exception:
        return True


def _call(
    program: LoadedProgram, codec: Codec, args: tuple[Any, ...], kwargs: dict[str, Any], out: CappedText
) -> list[Any]:
    # Numbers and texts cannot be changed: most calls need no copy.
    before = None if all(type(arg) in _UNCHANGEABLE for arg in args) else _frozen(args, codec)
    try:
        entry = program.entry()
    except LookupError:
        return ["missing"]
    except BaseException as error:
        return ["raised", describe(error, program.source, loading=False), out.getvalue()]
    try:
        value = entry(*args, **kwargs)
    except OutputExceeded as error:
        return ["exceeded", describe(error, program.source, loading=False)]
    except BaseException as error:
        return ["raised", describe_call(error, program.source, entry, args, kwargs), out.getvalue()]
    # Sending arguments back costs more than comparing them.
    changed = None if before is None or _frozen(args, codec) == before else args
    return ["ok", value, changed, out.getvalue()]


_UNCHANGEABLE = frozenset({int, str, float, bool, type(None)})


def _frozen(args: tuple[Any, ...], codec: Codec) -> bytes | None:
    """Returns arguments as bytes, to see whether a call changes them; None if they have become something else."""
    try:
        return marshal.dumps(args, _WITHOUT_REFERENCES)
    except (ValueError, MemoryError):
        pass
    try:
        return Codec(codec.classes).encode(args)
    except (CannotCross, TooLarge, MemoryError):
        return None


@dataclass(frozen=True)
class Streams:
    """Python's side of standard input, output and error: whatever lies at descriptors 0, 1 and 2 when they are used."""

    stdin: io.TextIOWrapper
    stdout: io.TextIOWrapper
    stderr: io.TextIOWrapper

    @classmethod
    def opened(cls) -> Streams:
        """Opens them before there is a program: in each child this would take as long as many a program does.

        They look at what they are opened on: input that can be sought in, as a file; output that cannot, a pipe.
        """
        kept = os.dup(1), os.dup(2)
        reader, writer = os.pipe()
        for number in (1, 2):
            os.dup2(writer, number)
        streams = cls(
            stdin=open(0, encoding="utf-8", errors="surrogateescape"),  # noqa: SIM115
            stdout=open(1, "w", encoding="utf-8", errors="surrogateescape"),  # noqa: SIM115
            stderr=open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1),  # noqa: SIM115
        )
        for name in ("stdin", "stdout", "stderr"):
            stream = getattr(streams, name)
            stream.buffer.raw.name = f"<{name}>"
        for number, descriptor in zip((1, 2), kept, strict=True):
            os.dup2(descriptor, number)
        for descriptor in (*kept, reader, writer):
            os.close(descriptor)
        return streams


def run_main(channel: int, request: dict[str, Any], streams: Streams) -> int:
    """Runs the program as ``__main__`` on the process's own standard streams.

    Returns:
        The exit code; a failure is sent over the channel before.
    """
    pid = os.getpid()
    sys.stdin, sys.stdout, sys.stderr = streams.stdin, streams.stdout, streams.stderr
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = streams.stdin, streams.stdout, streams.stderr  # type: ignore[misc]
    if any(name in request["source"] for name in STANDARD_FILES):
        open_standard_files()
    program = LoadedProgram(request["source"], request["context"], None, "__main__")
    failure = program.load(channel)
    if failure is not None and failure["frames"]:
        failure["loading"] = False  # here, running its top level is what the program is for
    code = 0 if failure is None else int(failure.get("exit_code", 1))
    code = _finish(code, program, streams)
    if os.getpid() == pid and failure is not None and "exit_code" not in failure:
        with contextlib.suppress(ChannelClosed):
            send(channel, Codec().encode(["failed", failure]))
    return code


def _finish(code: int, program: LoadedProgram, streams: Streams) -> int:
    """Ends the program as the interpreter ends itself; returns the exit code.

    In this order: threads, exit functions, what now stands for standard output, the program's own objects, and the
    streams that it began with, whatever it has put in their place.
    """
    threading = sys.modules.get("threading")
    with contextlib.suppress(BaseException):
        if program.error is not None and sys.excepthook is not sys.__excepthook__:
            sys.excepthook(type(program.error), program.error, program.error.__traceback__)
    try:
        if threading is not None and threading.active_count() > 1:
            threading._shutdown()
        atexit._run_exitfuncs()
        for name in ("stdout", "stderr"):
            if (stream := getattr(sys, name, None)) is not None and not getattr(stream, "closed", False):
                stream.flush()
    except BaseException:
        code = code or 120
    sys.stdout, sys.stderr = streams.stdout, streams.stderr
    if _HOLDS_STREAMS.search(program.source) is not None:
        with contextlib.suppress(BaseException):
            _let_go(program.namespace)
    for stream in (streams.stdout, streams.stderr):
        with contextlib.suppress(BaseException):  # closed or detached: then there is nothing left in it
            stream.flush()
    return code


_HOLDS_STREAMS = re.compile(r"\b(open|fdopen|__del__|weakref|detach|buffer|TextIOWrapper|Buffered\w+)\b")
"""Programs whose objects may have something to write when they are given up; for others that would be time lost."""


def _let_go(namespace: dict[str, Any]) -> None:
    """Gives up the program's objects, and flushes files that something else still holds."""
    for name in [name for name in namespace if name != "__builtins__"]:
        namespace[name] = None
    gc.collect()
    for thing in gc.get_objects():
        if isinstance(thing, (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)) and not thing.closed:
            with contextlib.suppress(OSError, ValueError):
                thing.flush()
