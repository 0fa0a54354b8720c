"""Calls between the program's process and the test script's: data crosses by value, everything else as a handle.

Both sides speak the same requests; what the *program* may ask of the script's process is a short list (call a
function or class it was handed, iterate, read or set a plain attribute of an instance of the script's own classes), so
that no handle leads to the script's frames, globals or expected values. Comparison is never forwarded: an opaque object
equals only itself.
"""

from __future__ import annotations

import builtins
import sys
import types
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

from .channel import ChannelClosed, MessageTooLong, receive, send
from .codec import Codec
from .failure import describe
from .handles import Borrowed, Opaque, awaited, iterated
from .instance import is_plain_field
from .library_values import is_array
from .refusal import CannotCross, CodecError, TooLarge, checked
from .signature import describe_call

_FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)
_CALLABLES = frozenset({"functools", "unittest.mock"})
"""Modules of objects that a script hands out to be called."""
_FORWARDED: dict[str, Callable[..., Any]] = {
    "iter": iter,
    "next": next,
    "len": len,
    "bool": bool,
    "str": str,
    "repr": repr,
    "getitem": lambda value, key: value[key],
    "setitem": lambda value, key, item: value.__setitem__(key, item),
}
_AWAITED: dict[str, Callable[[Any], Any]] = {"await": lambda value: value, "anext": anext}
_AS_AWAITED: dict[str, Callable[[Opaque], Any]] = {"coroutine": awaited, "async_generator": iterated}
"""``asyncio.run`` takes nothing but true coroutines."""
_MAX_INT_BITS = 2**22
"""HumanEval+ has 3 million. Comparing such takes the time of the test's own process, which is limited."""
_HARMLESS = frozenset({"iter", "next", "len", "bool", "getitem"})


class PeerGone(BaseException):
    """The other process ended, or wrote what no peer writes. No Exception: a script must not swallow it by accident."""


class Peer:
    """One end of the conversation.

    Args:
        fd: The socket between the two processes.
        classes: The problem's classes by name.
        limit: Bytes that one message may have.
        source: The program's text where this is its process (failures name places in it), else empty.
        entry: Returns the candidate, where this is the program's process.
        names: Globals whose classes the other side may ask for, or None where it may ask for nothing.
        printed: Returns what was printed here and has not been sent yet: it appears where the other side called.
        own_module: ``__module__`` of the classes whose instances' attributes the other side may touch; None for all.
        opaque_results: Objects of the other side may be given values of this one.
    """

    def __init__(
        self,
        fd: int,
        classes: Mapping[str, type],
        limit: int,
        source: str = "",
        entry: Callable[[], Any] | None = None,
        names: Mapping[str, Any] | None = None,
        own_module: str | None = None,
        printed: Callable[[], str] = str,
        opaque_results: bool = True,
    ) -> None:
        self.fd, self.limit, self.source = fd, limit, source
        self.entry, self.names, self.own_module, self.printed = entry, names, own_module, printed
        self.rebuild_with(classes)
        self.opaque_results = opaque_results
        self.has_handed_over = False
        """Whether values of this side went to an object of the other, and not only to its entry point."""
        self.gone = ""
        self.remote_error: BaseException | None = None
        self.remote_failure: dict[str, Any] = {}
        self.opaque_compared = False
        """Whether a handle was compared with something else: that says no, whatever the program's class would say."""
        self.answers = 0
        """How often the other side has answered: until then nothing here can come of the program."""
        self.stopped: dict[str, Any] = {}
        """The failure of a call that raised StopIteration, which ``map`` and ``all`` would take for their own end."""
        self._mine: dict[int, Any] = {}
        self._theirs: dict[int, Any] = {}
        self._named: set[int] = set()
        self._loop: Any = None

    def rebuild_with(self, classes: Mapping[str, type]) -> None:
        """Takes these for the problem's classes from now on."""
        self.codec = Codec(classes, export=self._export, resolve=self._resolve, max_int_bits=_MAX_INT_BITS)

    def _export(self, value: Any) -> list[Any]:
        if type(value) is Borrowed:
            value = object.__getattribute__(value, "_thing")
        if type(value) is Opaque:
            return ["yours", object.__getattribute__(value, "_number")]
        # Kept for as long as the conversation: an ``id`` may not be used again while the other side knows it.
        self._mine[id(value)] = value
        return ["mine", id(value), type(value).__name__[:100]]

    def _resolve(self, content: Any) -> Any:
        if content[0] == "yours":
            return self._mine[content[1]]
        number = content[1]
        if type(number) is not int or type(content[2]) is not str:
            raise CodecError("a handle is a number and a name")
        # One handle for a thing, so that ``is`` holds for what comes back.
        if number not in self._theirs:
            handle = Opaque(self, number, content[2])
            self._theirs[number] = _AS_AWAITED.get(content[2], _as_it_is)(handle)
        return self._theirs[number]

    def ask(self, verb: str, *arguments: Any) -> Any:
        """Sends a request, serves what the other side asks meanwhile, and returns the answer's value.

        Raises:
            PeerGone: If the other side cannot answer any more.
            BaseException: What the request raised on the other side, as the same built-in type.
        """
        if self.gone:
            raise PeerGone(self.gone)
        # What the other side changes in place is changed here, as one process would see it.
        mutable = _mutable(arguments)
        known: list[Any] = []
        self._send(["ask", verb, list(arguments)], known)
        while True:
            message = self._receive(known)
            if message[0] == "ask":
                self._serve(message)
                continue
            self.answers += 1
            if message[3] and sys.stdout is not None:
                sys.stdout.write(checked(message[3], str))
            if message[0] == "raise":
                error = self._rebuilt(message[1], message[2])
                if isinstance(error, StopIteration) and verb in ("entry", "call"):
                    self.stopped = self.remote_failure
                raise error
            for index, content in message[2]:
                _replace(mutable[index], content)
            if verb == "global" and type(message[1]) is Opaque:
                self._named.add(object.__getattribute__(message[1], "_number"))
            return message[1]

    def hand_over(self, handle: Opaque) -> None:
        """Allows that values of this side go to an object of the other, or not; what tests name is as the entry point.

        Raises:
            TypeError: If the problem does not want that: a test's expected value may be among them.
        """
        if object.__getattribute__(handle, "_number") in self._named:
            return
        if not self.opaque_results:
            raise TypeError(
                "what the program returned is not data, and may be iterated and is_request, but not be given anything: "
                "a method of it would see what is expected (Problem(opaque_results=True) allows that)"
            )
        self.has_handed_over = True

    def borrow(self, name: str) -> Borrowed:
        """Returns a class of the program that the script names and nobody else defines.

        Raises:
            KeyError: If the program has no such class.
        """
        found = self.ask("class", name)
        if type(found) is not Opaque:
            raise KeyError(name)
        return Borrowed(found, name)

    def serve_forever(self) -> None:
        """Answers requests until the other side goes away."""
        try:
            while True:
                self._serve(self._receive([]))
        except PeerGone:
            return

    def _send(self, message: list[Any], known: list[Any]) -> None:
        payload = (b"?" if message[0] == "ask" else b"!") + self.codec.encode(message, known)
        try:
            send(self.fd, payload)
        except ChannelClosed as error:
            self._lost(str(error))

    def _receive(self, known: list[Any]) -> list[Any]:
        try:
            payload = receive(self.fd, self.limit)
            is_request = payload[:1] == b"?"
            known = [] if is_request else known
            message = self.codec.decode(payload[1:], known)
            if type(message) is not list or len(message) != 4 - is_request or (message[0] == "ask") is not is_request:
                raise CodecError("not a message of a peer")
            if is_request:
                message += known
        except ChannelClosed as error:
            self._lost(str(error))
        except MessageTooLong:
            self._lost("exceeded")
        except CodecError:
            self._lost("tampered")
        return list(message)

    def _lost(self, why: str) -> NoReturn:
        self.gone = why or "closed"
        raise PeerGone(self.gone)

    def _serve(self, message: list[Any]) -> None:
        _, verb, arguments, *known = message
        mutable = _mutable(arguments)
        before = [self._frozen(value) for value in mutable]
        try:
            value = self._do(verb, *arguments)
            changes = [
                [index, value_now]
                for index, value_now in enumerate(mutable)
                if before[index] is not None and self._frozen(value_now) != before[index]
            ]
            self._send(["ok", value, changes, self.printed()], known)
        # No answer can be sent any more.
        except (PeerGone, CannotCross):
            raise
        except BaseException as error:
            failure = self._described(error, verb, arguments)
            try:
                self._send(["raise", failure, list(error.args), self.printed()], known)
            except CannotCross:
                self._send(["raise", failure, [failure["message"]], self.printed()], known)

    def _described(self, error: BaseException, verb: str, arguments: list[Any]) -> dict[str, Any]:
        if verb == "entry" and self.entry is not None:
            return describe_call(error, self.source, self.entry(), tuple(arguments[0]), arguments[1])
        return describe(error, self.source, loading=False)

    def _frozen(self, value: Any) -> bytes | None:
        try:
            return self.codec.encode(value)
        except (CannotCross, TooLarge):
            return None

    def _do(self, verb: str, *arguments: Any) -> Any:
        if verb == "entry" and self.entry is not None:
            return self.entry()(*arguments[0], **arguments[1])
        if verb == "class" and self.names is not None:
            found = self.names[arguments[0]]
            if not isinstance(found, type):
                raise KeyError(arguments[0])
            return found
        if verb == "global" and self.names is not None:
            return self.names[arguments[0]]
        target, *rest = arguments
        if verb == "call" and self._may_call(target):
            return target(*rest[0], **rest[1])
        if verb == "get" and self._may_touch(target, rest[0]):
            return getattr(target, rest[0])
        if verb == "set" and self._may_set(target, rest[0]):
            return setattr(target, rest[0], rest[1])
        if verb in _AWAITED and self.own_module is None:
            return self._awaited(_AWAITED[verb](target))
        if verb in _FORWARDED and (self.own_module is None or verb in _HARMLESS):
            return _FORWARDED[verb](target, *rest)
        raise TypeError(f"this object does not offer {verb!r} across processes")

    def _awaited(self, awaitable: Awaitable[Any]) -> Any:
        """Runs it to its end; one event loop for all, as locks and queues belong to theirs."""
        import asyncio

        async def wait() -> Any:
            return await awaitable

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(wait())

    def _may_call(self, target: Any) -> bool:
        """Of the script's: only what it handed out itself. A class that the wire can name would build anything."""
        if self.own_module is None:
            return True
        is_handed_out = self._mine.get(id(target)) is target
        is_function = isinstance(target, _FUNCTIONS) or type(target).__module__ in _CALLABLES
        return is_handed_out and (is_function or self._is_own(target) or self._is_own_class(target))

    def _may_touch(self, target: Any, name: Any) -> bool:
        if type(name) is not str:
            return False
        return self.own_module is None or (not name.startswith("_") and self._is_own(target))

    def _may_set(self, target: Any, name: Any) -> bool:
        """Plain data, and what the class itself sets: a handle before a method would ask the program's process."""
        if not self._may_touch(target, name):
            return False
        is_given = isinstance(getattr(type(target), name, None), property)
        return self.own_module is None or is_given or is_plain_field(type(target), name)

    def _is_own(self, target: Any) -> bool:
        return type(target).__module__ == self.own_module

    def _is_own_class(self, target: Any) -> bool:
        """A metaclass is none: it builds classes."""
        return isinstance(target, type) and not issubclass(target, type) and target.__module__ == self.own_module

    def _rebuilt(self, failure: Any, arguments: Any) -> BaseException:
        # A class of the problem exists on both sides; any other is known by its nearest built-in base.
        kind = self.codec.classes.get(failure["exception"])
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            kind = next((k for k in map(_builtin_exception, failure["bases"]) if k is not None), Exception)
        try:
            error = kind(*arguments)
        # A constructor with parameters of its own: the arguments are still worth having.
        except Exception:
            error = kind.__new__(kind)
            error.args = tuple(arguments)
        self.remote_error, self.remote_failure = error, failure
        return error


def _as_it_is(handle: Opaque) -> Opaque:
    return handle


def _builtin_exception(name: str) -> type[BaseException] | None:
    found = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _mutable(arguments: Any) -> list[Any]:
    """Lists, dicts, sets, deques and arrays among the arguments of a call, in a fixed order."""
    found: list[Any] = []
    for argument in arguments:
        if type(argument) is list:
            found.extend(item for item in argument if _is_mutable(item))
        elif type(argument) is dict:
            found.extend(item for item in argument.values() if _is_mutable(item))
    return found


def _is_mutable(value: Any) -> bool:
    return type(value) in _REPLACERS or is_array(value)


def _replace(target: Any, content: Any) -> None:
    # The harness never changes a type: somebody else wrote this.
    if type(target) is not type(content):
        raise PeerGone("tampered")
    if not is_array(target):
        _REPLACERS[type(target)](target, content)
    elif target.shape == content.shape:
        target[...] = content
    else:
        raise PeerGone("tampered")


def _replace_list(target: Any, content: Any) -> None:
    target[:] = content


def _replace_collection(target: Any, content: Any) -> None:
    target.clear()
    target.update(content)


def _replace_deque(target: Any, content: Any) -> None:
    target.clear()
    target.extend(content)


_REPLACERS: dict[type, Callable[[Any, Any], None]] = {
    list: _replace_list,
    bytearray: _replace_list,
    dict: _replace_collection,
    set: _replace_collection,
    deque: _replace_deque,
}
