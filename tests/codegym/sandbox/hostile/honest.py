"""Right programs in unusual clothes: a judge that is safe by refusing everything is no judge."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

from hostile.record import Target
from hostile.victims import HONEST_FUNCTION, HONEST_PRINTER, problem

from codegym import CallTest, Problem, ScriptTest, StdioTest


@dataclass(frozen=True, kw_only=True)
class HonestProgram:
    """A program that must pass."""

    name: str
    problem: Problem
    source: str
    needs_namespaces: str = ""


_FUNCTION_STYLES = {
    "plain": "",
    "prints_a_lot": "print('x' * 30000)\n",
    "uses_threads": "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\n",
    "uses_files": "open('notes', 'w').write('x')\nassert open('notes').read() == 'x'\nimport os\nos.mkdir('d')\nos.chdir('d')\n",
    "uses_temporary_files": "import tempfile\nwith tempfile.TemporaryDirectory() as d, tempfile.NamedTemporaryFile() as f: f.write(b'x')\n",
    "uses_the_clock": "import time, datetime\ntime.sleep(0.01)\nassert datetime.datetime.now().year > 2000\n",
    "uses_many_modules": "import abc, array, ast, bisect, cmath, collections, copy, csv, dataclasses, decimal, enum, fractions, functools, hashlib, "
    "heapq, io, itertools, json, math, operator, random, re, statistics, string, struct, textwrap, types, typing, unicodedata, zlib, uuid, sqlite3\n",
    "uses_sockets_of_its_own": "import socket\ntry: a, b = socket.socketpair()\nexcept OSError: pass\n",
    "uses_signals": "import signal\nsignal.signal(signal.SIGUSR2, signal.SIG_IGN)\n",
    "recurses_deeply": "import sys\nsys.setrecursionlimit(5000)\ndef deep(n): return n and 1 + deep(n - 1)\nassert deep(4000) == 4000\n",
    "uses_classes": "class Number:\n    def __init__(self, n): self.n = n\n    def __eq__(self, other): return True\nassert Number(1) == 2\n",
    "catches_everything": "try: 1 / 0\nexcept BaseException: pass\n",
    "frees_memory": "x = bytearray(2**26)\ndel x\n",
    "uses_exec": "exec('y = 1')\nassert eval('y') == 1\n",
    "exit_handlers": "import atexit\natexit.register(print)\n",
    "reads_its_docstring": '"""Docs."""\nassert __doc__ == "Docs."\n',
    "unicode_names": "größe = 'ß' * 3\nassert len(größe) == 3\n",
    "says_print_and_inf": "text = 'print(inf) NaN in_outs'\nassert len(text) == 22\n",
    "random_is_seeded": "import random\nassert 0 <= random.random() < 1\n",
    "looks_at_its_name": "assert isinstance(__name__, str)\n",
}

_PRINTER_STYLES = {
    "reads_lines": HONEST_PRINTER,
    "reads_the_buffer": HONEST_FUNCTION + "import sys\nk, n = sys.stdin.buffer.read().decode().split()\nsys.stdout.buffer.write(f'{honest(k, int(n))}\\n'.encode())\n",
    "reads_the_descriptor": HONEST_FUNCTION + "import os\nk, n = os.read(0, 100).decode().split()\nos.write(1, str(honest(k, int(n))).encode())\n",
    "opens_zero": HONEST_FUNCTION + "k, n = open(0).read().split()\nprint(honest(k, int(n)))\n",
    "opens_dev_stdin": HONEST_FUNCTION + "k, n = input().split()\nprint(honest(k, int(n)), end='')\n",
    "is_main": HONEST_FUNCTION + "def main():\n    k, n = input().split()\n    print(honest(k, int(n)))\nif __name__ == '__main__':\n    main()\n",
    "exits_zero": HONEST_PRINTER + "import sys\nsys.exit(0)\n",
    "exits_none": HONEST_PRINTER + "exit()\n",
    "exits_at_once": HONEST_PRINTER + "import os, sys\nsys.stdout.flush()\nos._exit(0)\n",
    "warns": HONEST_PRINTER + "import sys\nprint('note', file=sys.stderr)\n",
    "blanks_at_the_end": HONEST_FUNCTION + "k, n = input().split()\nprint(honest(k, int(n)), '  \\n\\n')\n",
    "reads_until_the_end": HONEST_FUNCTION + "try:\n    while True:\n        k, n = input().split()\nexcept EOFError:\n    print(honest(k, int(n)))\n",
}  # fmt: skip


def _special() -> tuple[HonestProgram, ...]:
    infinite = Problem(
        task_id="honest/inf", prompt="", tests=(StdioTest(stdin="inf information NaN print(\n", expected_stdout="inf information NaN print(\n"),)
    )  # fmt: skip
    raises = ScriptTest(
        source="def check(candidate):\n    try:\n        candidate(-1)\n    except ValueError as error:\n        assert 'negative' in str(error)\n"
        "    else:\n        assert False\n    assert candidate(4) == 2\n"
    )
    large = Problem(
        task_id="honest/large", prompt="", entry_point="f", tests=(CallTest(args=(10**50, [0.1] * 500), expected={"n": 10**50 + 1, "x": [0.1] * 500}),)
    )  # fmt: skip
    return (
        HonestProgram(name="input_with_inf", problem=infinite, source="print(input())"),
        HonestProgram(
            name="raises_what_the_script_expects",
            problem=Problem(task_id="honest/raises", prompt="", entry_point="root", tests=(raises,)),
            source="def root(n):\n    if n < 0:\n        raise ValueError('negative number')\n    return int(n ** 0.5)\n",
        ),
        HonestProgram(name="large_values", problem=large, source="def f(n, x):\n    return {'n': n + 1, 'x': x}\n"),
    )


_FOLDER = "a folder to write in takes a mount namespace; without one programs cannot write files"

HONEST_PROGRAMS = (
    *(
        HonestProgram(
            name=f"{name}_{target}",
            problem=problem(target, many=True),
            source=dedent(head) + HONEST_FUNCTION,
            needs_namespaces=_FOLDER if name in ("uses_files", "uses_temporary_files") else "",
        )
        for name, head in _FUNCTION_STYLES.items()
        for target in (Target.CALL, Target.SCRIPT)
    ),
    *(
        HonestProgram(name=name, problem=problem(Target.STDIO), source=source)
        for name, source in _PRINTER_STYLES.items()
    ),
    *_special(),
)
