"""What a server goes through itself before it serves, until the interpreter has adapted to it.

What is written then, in code, caches and counts of references, is shared by all its children.
"""

from __future__ import annotations

import _socket
import contextlib
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .arguments import pack_arguments, pack_calls
from .channel import frame
from .codec import Codec

_TIMES = 20
_PROGRAMS = (
    "def f(x):\n    return [x]\nprint(f(1))\n",
    "import math\ndef f(x):\n    return x.y\n",
    "f = (",
    "from typing import Any, Dict, List, Optional, Set, Tuple, Union\n"
    "for kind in (int, float, str, bool, Any):\n"
    "    List[kind], List[List[kind]], Set[kind], Optional[kind], Tuple[kind, kind], List[Tuple[kind, kind]]\n"
    "    Optional[List[kind]], Dict[str, kind], Dict[int, kind]\n"
    "Union[int, float], Union[int, str], List[Any], Optional[str]\n",
    "def f(xs):\n"
    "    count = {}\n"
    "    for i, x in enumerate(sorted(set(xs), key=lambda y: -y)):\n"
    "        count[x] = count.get(x, 0) + max(0, min(i, len(xs))) % 7\n"
    "    text = ' '.join(str(x) for x in xs if x > 0).split()\n"
    "    return [int(word) for word in text if word.isdigit()] + list(range(3)) + [sum(count.values()), abs(-1.5)]\n",
)
_CALLED = "def f(xs):\n    return xs[1:]\n"
_SCRIPT = (
    "import random\n"
    "def check(candidate):\n"
    "    assert f([1]) == [], 'with a message'\n"
    "    for i in range(3):\n"
    "        xs = [random.randint(0, 9) * 0 + i, str(i)]\n"
    "        assert tuple(candidate(xs)) == tuple(xs[1:])\n"
    "    assert candidate([2, 3]) == [4]\n"
)
_QUESTIONS: tuple[list[Any], ...] = ([1], [0, "0"], [1, "1"], [2, "2"], [2, 3], [])
HIGH = 16
"""From here on lie descriptors that no process of a program is to have: theirs begin low."""


@dataclass(frozen=True)
class WarmUp:
    """What one process would be told.

    Attributes:
        role: Its role.
        request: What it is to do.
        channel: What it finds on its channel.
        peer: What it finds on the socket to the other process.
    """

    role: str
    request: dict[str, Any]
    channel: bytes = b""
    peer: bytes = b""


def warm_ups() -> Iterator[WarmUp]:
    """Yields one process after the other."""
    codec = Codec()
    request = {"context": "", "entry_point": "f", "output_bytes": 1000, "opaque_results": False}
    calls = [pack_arguments(([3, 1, 2],), {}), pack_arguments((1,), {})]
    asked = b"".join(frame(b"?" + codec.encode(["ask", "entry", [[xs], {}]])) for xs in _QUESTIONS)
    answers = b"".join(frame(b"!" + codec.encode(["ok", xs[1:], [], ""])) for xs in _QUESTIONS)
    for _ in range(_TIMES):
        for source in _PROGRAMS:
            yield WarmUp(
                "calls",
                {**request, "source": source, "calls": calls[:1], "more": 1},
                channel=frame(pack_calls(calls[1:])),
            )
        yield WarmUp("program", {**request, "source": _CALLED}, peer=asked)
        yield WarmUp("script", {**request, "source": _CALLED}, channel=frame(codec.encode(_SCRIPT)), peer=answers)


class Loopback:
    """A channel and a socket to another process, with nobody at their ends.

    What a process reads there has been put there before, and where nothing is left it finds that nobody is there any
    more.
    """

    def __init__(self) -> None:
        self._pairs = [tuple(map(_moved_up, _socket.socketpair())) for _ in range(2)]

    def run(self, warm_up: WarmUp, serve: Callable[[], object], lowest: int) -> list[bytes]:
        """Lets a process find what the warm-up says.

        Args:
            warm_up: What it finds.
            serve: What it does.
            lowest: Where its channel is to lie; the other socket lies above.

        Returns:
            What it said on its channel, and what to the other process.
        """
        for place, ((near, far), put) in enumerate(zip(self._pairs, (warm_up.channel, warm_up.peer), strict=True)):
            os.dup2(far.fileno(), lowest + place)
            near.send(put)
        serve()
        for place in range(len(self._pairs)):
            os.close(lowest + place)
        for _, far in self._pairs:
            _all_there_is(far)  # what it was told and has not read
        return [_all_there_is(near) for near, _ in self._pairs]

    def clear(self) -> None:
        """Closes everything and puts back what the warm-ups changed."""
        for pair in self._pairs:
            for end in pair:
                end.close()
        sys.modules.pop("program", None)
        sys.modules["random"].seed(0)


def _all_there_is(end: _socket.socket) -> bytes:
    said = b""
    with contextlib.suppress(BlockingIOError):
        while more := end.recv(65536):
            said += more
    return said


def _moved_up(end: _socket.socket) -> _socket.socket:
    high = _socket.socket(fileno=fcntl.fcntl(end.fileno(), fcntl.F_DUPFD_CLOEXEC, HIGH))
    end.close()
    high.setblocking(False)
    return high
