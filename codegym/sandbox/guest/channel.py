"""Messages over a stream socket: four bytes of length, then that many bytes."""

from __future__ import annotations

import os
import struct

STARTED = b"started"
"""A process's first message, before any of the program's code: whatever goes wrong earlier is the machine's fault."""
REPORT = struct.Struct("!IidQQ")
"""How a process ended: number, status, CPU seconds, peak memory in KiB; server's size."""
_HEADER = struct.Struct("!I")
_SHORT = 2**13


class ChannelClosed(Exception):  # noqa: N818
    """The other side is gone."""


class MessageTooLong(Exception):  # noqa: N818
    """A message longer than the receiver, or the limit, allows."""


def frame(payload: bytes) -> bytes:
    """Returns a payload with its length before it."""
    return _HEADER.pack(len(payload)) + payload


def send(fd: int, payload: bytes) -> None:
    """Writes one message.

    Raises:
        ChannelClosed: If nobody reads any more.
    """
    data = _HEADER.pack(len(payload)) + payload
    try:
        written = os.write(fd, data)
        while written < len(data):
            written += os.write(fd, memoryview(data)[written:])
    except OSError as error:
        raise ChannelClosed(str(error)) from None


def receive(fd: int, limit: int) -> bytes:
    """Reads one message.

    Raises:
        ChannelClosed: If the other side is gone.
        MessageTooLong: If it announces more than ``limit`` bytes.
    """
    (length,) = _HEADER.unpack(_exactly(fd, _HEADER.size))
    if length > limit:
        raise MessageTooLong(f"{length} bytes, at most {limit} are allowed")
    return _exactly(fd, length)


def receive_alone(fd: int, limit: int) -> bytes:
    """Reads one message that nothing follows before it is answered: short ones in one system call.

    Raises:
        ChannelClosed: If the other side is gone.
        MessageTooLong: If it announces more than ``limit`` bytes.
    """
    data = os.read(fd, _SHORT)
    if len(data) < _HEADER.size:
        data += _exactly(fd, _HEADER.size - len(data))
    (length,) = _HEADER.unpack_from(data)
    if length > limit:
        raise MessageTooLong(f"{length} bytes, at most {limit} are allowed")
    rest = _HEADER.size + length - len(data)
    return data[_HEADER.size :] + _exactly(fd, rest) if rest else data[_HEADER.size :]


def _exactly(fd: int, count: int) -> bytes:
    parts = []
    while count:
        try:
            part = os.read(fd, min(count, 2**20))
        except OSError as error:
            raise ChannelClosed(str(error)) from None
        if not part:
            raise ChannelClosed("end of stream")
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class Mailbox:
    """Cuts messages out of bytes as they arrive; for a reader that may not block."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Adds bytes and returns the messages that are complete now.

        Raises:
            MessageTooLong: If a message announces more than the limit.
        """
        self.rest += data
        messages: list[bytes] = []
        start = 0
        while len(self.rest) - start >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self.rest, start)
            if length > self.limit and messages:
                break  # first what is well; the next call raises
            if length > self.limit:
                raise MessageTooLong(f"{length} bytes, at most {self.limit} are allowed")
            end = start + _HEADER.size + length
            if len(self.rest) < end:
                break
            messages.append(bytes(self.rest[start + _HEADER.size : end]))
            start = end
        del self.rest[:start]
        return messages
