"""What the attacks are after on the host: a secret file, open sockets, a process, a variable."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "codegym-lure-in-the-environment"
_PROJECT = Path(__file__).resolve().parents[4]


@contextlib.contextmanager
def lures() -> Iterator[dict[str, str]]:
    """Sets the lures out and yields what the marks in the sources stand for."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lure-", ignore_cleanup_errors=True)))
        folder.chmod(0o777)
        secret = folder / "secret"
        secret.write_text("a secret of the host")
        secret.chmod(0o644)
        os.environ["CODEGYM_LURE"] = VARIABLE
        stack.callback(os.environ.pop, "CODEGYM_LURE", None)
        hidden = folder / "roots"
        hidden.write_text("a secret of root's")
        hidden.chmod(0o600)
        decoy = stack.enter_context(_decoy())
        abstract = f"codegym-lure-{secrets.token_hex(8)}"
        yield {
            "LURE_FOLDER": str(folder),
            "LURE_FILE": str(secret),
            "ROOT_FILE": str(hidden),
            "LURE_VARIABLE": VARIABLE,
            "SYSTEM_V_KEY": str(_shared_memory(stack)),
            "DECOY": str(decoy),
            "DECOY_ADDRESS": "0x400000",
            "JUDGE": str(os.getpid()),
            "HOST": os.uname().nodename,
            "PROJECT": str(_PROJECT),
            "PORT": str(_listen(stack, socket.AF_INET, ("127.0.0.1", 0))),
            "PORT6": str(_listen(stack, socket.AF_INET6, ("::1", 0))),
            "UDP_PORT": str(_echo(stack)),
            "DATAGRAM": _datagrams(stack, folder / "datagrams"),
            "SOCKET": str(_listen(stack, socket.AF_UNIX, str(folder / "socket"))),
            "ABSTRACT": str(_listen(stack, socket.AF_UNIX, "\0" + abstract))[1:],
        }


def filled_in(source: str, marks: dict[str, str]) -> str:
    """The source with its marks replaced."""
    for name, text in marks.items():
        source = source.replace(f"@{name}@", text)
    return source


def _shared_memory(stack: contextlib.ExitStack) -> int:
    """A System V segment that everybody may read; returns its key."""
    libc = ctypes.CDLL(None, use_errno=True)
    key = secrets.randbelow(2**30) + 1
    number = libc.shmget(key, 4096, 0o1666)
    if number >= 0:
        stack.callback(libc.shmctl, number, 0, None)
    return key


@contextlib.contextmanager
def _decoy() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-I", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def _datagrams(stack: contextlib.ExitStack, path: Path) -> str:
    """A socket to which anybody may send, as a system's log has it; returns its path."""
    server = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    server.bind(str(path))
    path.chmod(0o777)
    return str(path)


def _listen(stack: contextlib.ExitStack, family: int, address: object) -> object:
    server = stack.enter_context(socket.socket(family))
    try:
        server.bind(address)  # type: ignore[arg-type]
    except OSError:
        return 9  # no such family on this machine
    server.listen()
    if isinstance(address, str) and not address.startswith("\0"):
        Path(address).chmod(0o777)
    threading.Thread(target=_greet, args=(server,), daemon=True).start()
    name = server.getsockname()
    return name[1] if family != socket.AF_UNIX else name.decode() if isinstance(name, bytes) else name


def _greet(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"hello")


def _echo(stack: contextlib.ExitStack) -> int:
    server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    server.bind(("127.0.0.1", 0))

    def answer() -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = server.recvfrom(100)
                server.sendto(data, peer)

    threading.Thread(target=answer, daemon=True).start()
    return int(server.getsockname()[1])
