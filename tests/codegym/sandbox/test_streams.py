"""Standard-input tests: text in, text out, exit codes, limits on output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Observe

from codegym.errors import InvalidProblemError
from codegym.sandbox.execution import Status
from codegym.sandbox.limits import Limits

_C_LOCALE = {"LC_ALL": "C.UTF-8"}


def test_each_input_gets_a_fresh_process(runs: Observe) -> None:
    source = "import sys\nprint(sum(map(int, sys.stdin.read().split())))\n"
    assert [(s.status, s.stdout) for s in runs(source, "1 2", "3\n4\n")] == [(Status.OK, "3\n"), (Status.OK, "7\n")]


@pytest.mark.parametrize(
    "reading",
    ["input()", "open(0).read().strip()", "__import__('sys').stdin.buffer.read().decode().strip()"],
)
def test_every_way_of_reading(runs: Observe, reading: str) -> None:
    assert runs(f"print({reading})\n", "é5\n")[0].stdout == "é5\n"


@pytest.mark.parametrize(
    ("source", "status", "detail"),
    [
        ("import sys\nprint(1)\nsys.exit()\n", Status.OK, ""),
        ("import sys\nprint(1)\nsys.exit(0)\n", Status.OK, ""),
        ("print(1, flush=True)\nimport os\nos._exit(0)\n", Status.OK, ""),
        ("print(1)\nexit()\n", Status.OK, ""),
        ("import sys\nprint(1)\nsys.exit(3)\n", Status.EXITED, "exit code 3"),
        ("import sys\nprint(1)\nsys.exit('msg')\n", Status.EXITED, "exit code 1"),
        ("print(1)\n1/0\n", Status.RAISED, ""),
        ("print(1)\nimport atexit\natexit.register(print, 2)\n", Status.OK, ""),
    ],
)
def test_ways_to_end(runs: Observe, source: str, status: Status, detail: str) -> None:
    (seen,) = runs(source, "")
    assert (seen.status, seen.detail) == (status, detail)
    assert seen.stdout.startswith("1\n")


def test_program_is_main_and_fails_in_its_own_line(runs: Observe) -> None:
    (seen,) = runs("def main():\n    int('x')\n\nif __name__ == '__main__':\n    main()\n", "")
    assert seen.failure is not None
    assert not seen.failure.loading
    assert [place.start_line for place in seen.failure.frames] == [5, 2]


def test_only_the_compiler_fails_while_loading(runs: Observe) -> None:
    (seen,) = runs("print(1\n", "")
    assert seen.failure is not None
    assert seen.failure.loading


def test_what_does_not_compile_is_tried_once_and_fails_on_every_input(runs: Observe) -> None:
    seen = runs("print(input()\n", "1", "2", "3")
    assert [one.status for one in seen] == [Status.RAISED] * 3
    assert len({one.failure for one in seen}) == 1
    assert seen[0].cpu_seconds > 0
    assert [one.cpu_seconds for one in seen[1:]] == [0, 0]


def test_what_fails_on_one_input_is_tried_on_the_others(runs: Observe) -> None:
    seen = runs("exec(input())\n", "x = (", "print(7)")
    assert [one.status for one in seen] == [Status.RAISED, Status.OK]
    assert "SyntaxError" in str(seen[0].failure)
    assert seen[1].stdout == "7\n"


def test_threads_and_exit_functions_end_before_the_program_does(runs: Observe) -> None:
    source = (
        "import atexit, threading, time\n"
        "atexit.register(print, 'exit')\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()\n"
        "print('main')\n"
    )
    assert runs(source, "")[0].stdout == "main\nthread\nexit\n"


def test_streams_are_those_of_a_program_between_a_file_and_a_pipe(runs: Observe, tmp_path: Path) -> None:
    source = (
        "import sys\n"
        "for stream in (sys.stdin, sys.stdout, sys.stderr):\n"
        "    print(stream.fileno(), stream.seekable(), stream.isatty(), stream.encoding, stream.errors)\n"
        "    print(stream.line_buffering, stream.write_through, stream.newlines, stream.closed, type(stream.buffer))\n"
        "sys.stdin.readline(), sys.stdin.seek(0)\n"
        "print(sys.stdin.read(), sys.stdin.tell(), sys.stdin.buffer.tell())\n"
    )
    given = tmp_path / "given.txt"
    given.write_text("12\n34\n")
    with given.open() as stdin:
        usual = subprocess.run([sys.executable, "-I", "-c", source], stdin=stdin, capture_output=True, env=_C_LOCALE)
    assert runs(source, given.read_text())[0].stdout == usual.stdout.decode()


def test_flood_is_cut_and_named(runs: Observe) -> None:
    (seen,) = runs("while True: print('x' * 1000)\n", "", limits=Limits(output_bytes=5000))
    assert seen.status is Status.OUTPUT
    assert len(seen.stdout) == 5000


def test_invalid_text_is_replaced(runs: Observe) -> None:
    (seen,) = runs("import os\nos.write(1, b'a\\xff\\0b')\n", "")
    assert (seen.status, seen.stdout) == (Status.OK, "a�\0b")


def test_standard_error_is_kept_apart(runs: Observe) -> None:
    (seen,) = runs("import sys\nprint('out')\nprint('err', file=sys.stderr)\n", "")
    assert (seen.stdout, seen.stderr) == ("out\n", "err\n")


def test_waiting_for_ever_ends(runs: Observe) -> None:
    (seen,) = runs("import time\nprint('x', flush=True)\ntime.sleep(100)\n", "", limits=Limits(wall_seconds=0.4))
    assert (seen.status, seen.stdout) == (Status.WALL_TIMEOUT, "x\n")


def test_large_input_and_output_pass(runs: Observe) -> None:
    text = "0123456789" * 300_000
    (seen,) = runs("import sys\nprint(len(sys.stdin.read()))\nprint('y' * 900_000)\n", text)
    assert seen.stdout == "3000000\n" + "y" * 900_000 + "\n"


def test_a_flood_of_errors_delays_nothing(runs: Observe) -> None:
    (seen,) = runs("import sys\nfor _ in range(400): print('e' * 10_000, file=sys.stderr)\nprint('ok')\n", "")
    assert (seen.status, seen.stdout) == (Status.OK, "ok\n")
    assert len(seen.stderr) == 65536


def test_a_flood_of_messages_is_not_collected(runs: Observe) -> None:
    flood = (
        "import os\nbody = b'[\"failed\",1]'\nwhile True: os.write(3, (bytes([0, 0, 0, len(body)]) + body) * 1000)\n"
    )
    (seen,) = runs(flood, "")
    assert (seen.status, seen.detail) == (Status.TAMPERED, "more messages than the harness writes")


def test_arguments_of_the_command_line_are_those_of_a_program(runs: Observe) -> None:
    (seen,) = runs("import sys\nprint(sys.argv, sys.orig_argv)\n", "")
    assert seen.stdout == "['program.py'] ['python3', 'program.py']\n"


def test_input_that_no_file_could_hold_is_the_callers_mistake(runs: Observe) -> None:
    with pytest.raises(InvalidProblemError, match="stdin of a StdioTest must be encodable"):
        runs("print(1)\n", "\ud800")


LIKE_CPYTHON = {
    "replaced": "import sys,io\nprint('a')\nsys.stdout=io.StringIO()\nprint('b')",
    "replaced with writer": (
        "import sys\nclass W:\n    def write(self,t): sys.__stdout__.write(t.upper())\n"
        "    def flush(self): pass\nprint('a')\nsys.stdout=W()\nprint('b')"
    ),
    "del stdout": "import sys\nprint('a')\ndel sys.stdout",
    "none": "import sys\nprint('a')\nsys.stdout=None\nprint('b')",
    "closed": "import sys\nprint('a')\nsys.stdout.close()",
    "detach": "import sys\nprint('a')\nb=sys.stdout.detach()\nb.write(b'hello\\n')\nb.flush()",
    "detach noflush": "import sys\nprint('a')\nb=sys.stdout.detach()\nb.write(b'hello\\n')",
    "wrap": "import sys,io\nprint('a')\nsys.stdout=io.TextIOWrapper(sys.stdout.buffer,encoding='utf-8')\nprint('b')",
    "wrap bytesio": (
        "import sys,io,os\nsys.stdout=io.BytesIO()\nsys.stdout.write(b'x')\nos.write(1,sys.stdout.getvalue())"
    ),
    "atexit region": (
        "import sys,os,io,atexit\nbuf=io.BytesIO()\nsys.stdout=io.TextIOWrapper(buf)\n"
        "atexit.register(lambda: (sys.stdout.flush(), os.write(1,buf.getvalue())))\nprint('hi')"
    ),
    "iobase fastio": (
        "import sys,os\nfrom io import BytesIO,IOBase\nclass F(IOBase):\n    newlines=0\n"
        "    def __init__(s,file):\n"
        "        s._fd=file.fileno(); s.buffer=BytesIO(); "
        "s.writable='x' in file.mode or 'r' not in file.mode; s.write=s.buffer.write if s.writable else None\n"
        "    def flush(s):\n        if s.writable:\n"
        "            os.write(s._fd,s.buffer.getvalue()); s.buffer.truncate(0), s.buffer.seek(0)\n"
        "class W(IOBase):\n    def __init__(s,file):\n"
        "        s.buffer=F(file); s.flush=s.buffer.flush; s.writable=s.buffer.writable; "
        "s.write=lambda t: s.buffer.write(t.encode('ascii'))\n"
        "sys.stdout=W(sys.stdout)\nprint('fast')\nsys.stdout.flush()\nprint('later')"
    ),
    "os.write": "import os,sys\nprint('a')\nos.write(1,b'b\\n')",
    "dup2": (
        "import os,sys\nprint('a');sys.stdout.flush()\nfd=os.dup(1)\nr,w=os.pipe()\nos.dup2(w,1)\n"
        "print('lost');sys.stdout.flush()\nos.dup2(fd,1)\nprint('back')"
    ),
    "fdopen": "import os\nf=os.fdopen(1,'w')\nf.write('x\\n')",
    "open1": "print('a')\nf=open(1,'w',closefd=False)\nf.write('x\\n')",
    "atexit": "import atexit\natexit.register(print,'bye')\nprint('hi')",
    "thread": (
        "import threading,time\ndef g():\n    time.sleep(.1)\n    print('t')\n"
        "threading.Thread(target=g).start()\nprint('m')"
    ),
    "daemon": (
        "import threading,time\nthreading.Thread(target=time.sleep,args=(100,),daemon=True).start()\nprint('m')"
    ),
    "exit in func": "import sys\ndef main():\n    print('x')\n    sys.exit()\nmain()",
    "exit text": "import sys\nprint('x')\nsys.exit('bad')",
    "os._exit": "import os,sys\nprint('x');sys.stdout.flush()\nos._exit(0)",
    "reconfigure": "import sys\nsys.stdout.reconfigure(encoding='latin-1')\nprint('é')",
    "surrogate": "print('\\udc80')",
    "devstdin": "print(open('/dev/stdin').read()[::-1])",
    "devstdout": "open('/dev/stdout','w').write('x\\n')",
    "procfd": "print(open('/proc/self/fd/0').read())",
    "reclim": "import sys\nprint(sys.getrecursionlimit())",
    "exact depth": "def f(n):\n    try: return f(n+1)\n    except RecursionError: return n\nprint(f(0))",
    "rec100k": "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n==0 else 1+f(n-1)\nprint(f(100000))",
    "thread stack": (
        "import sys,threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(2**26)\n"
        "def f(n): return 0 if n==0 else 1+f(n-1)\n"
        "t=threading.Thread(target=lambda: print(f(50000)));t.start();t.join()"
    ),
    "thread stack128": (
        "import sys,threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(2**27)\n"
        "def f(n): return 0 if n==0 else 1+f(n-1)\n"
        "t=threading.Thread(target=lambda: print(f(50000)));t.start();t.join()"
    ),
    "pool": "from multiprocessing.pool import ThreadPool\nwith ThreadPool(4) as p: print(p.map(abs,[-1,2]))",
    "mpdummy": "from multiprocessing.dummy import Pool\nprint(Pool(2).map(abs,[-1,2]))",
    "queue": "import multiprocessing as m\nq=m.SimpleQueue();q.put(1);print(q.get())",
    "value": "import multiprocessing as m\nv=m.Value('i',3);print(v.value)",
    "zoneinfo": (
        "from zoneinfo import ZoneInfo\nfrom datetime import datetime\n"
        "print(datetime(2024,7,1,tzinfo=ZoneInfo('Europe/Berlin')).utcoffset())"
    ),
    "inspect": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))",
    "excepthook": "import sys\nsys.excepthook=lambda *a: print('hook')\n1/0",
    "builtins": "print(__builtins__.__name__)",
    "help": "print(callable(help), callable(copyright), callable(exit))",
    "big out": "print('x'*900000)",
    "isatty": (
        "import sys\n"
        "print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stdout.encoding, sys.stdin.encoding, "
        "sys.stdout.errors, sys.stdin.errors, sys.stdout.line_buffering)"
    ),
    "names": "import sys\nprint(sys.stdin.name, sys.stdout.name, sys.stderr.name, sys.stdin.mode, sys.stdout.mode)",
    "dunder": (
        "import sys\nprint(sys.__stdin__ is sys.stdin, sys.__stdout__ is sys.stdout, sys.__stderr__ is sys.stderr)"
    ),
    "fileno": "import sys\nprint(sys.stdin.fileno(), sys.stdout.fileno())",
    "class stdout del": "import sys\nclass A:\n    def __del__(self): print('del')\na=A()\nprint('x')",
    "print flush closed": "import sys\nsys.stdout.close()\nprint('x')",
    "unclosed file": "f=open(1,'w',closefd=False)\nf.write('unflushed')",
    "devurandom": "print(len(open('/dev/urandom','rb').read(3)))",
}
"""Programs that do something to their streams, or need what a machine has; each prints what CPython lets it print."""


@pytest.mark.parametrize("name", LIKE_CPYTHON)
def test_all_that_cpython_would_have_written_arrives(runs: Observe, name: str, tmp_path: Path) -> None:
    program, stdin = tmp_path / "program.py", "ab\ncd\n"
    program.write_text(LIKE_CPYTHON[name])
    command = [sys.executable, "-E", "-s", str(program)]
    plain = subprocess.run(command, input=stdin.encode(), capture_output=True, check=False, cwd=tmp_path)
    (seen,) = runs(LIKE_CPYTHON[name], stdin)
    assert seen.stdout == plain.stdout.decode("utf-8", "replace"), seen
    assert (seen.status is Status.OK) is (plain.returncode == 0), (seen, plain)
