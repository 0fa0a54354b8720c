"""Looking for the expected value: in frames, in the heap, in bytecode, in raw memory. It is never there."""

from __future__ import annotations

from typing import Any

from hostile.record import FUNCTION, PATIENT, HostileProgram, Target, forgery, stdio_forgery

_PROPERTY = "expected values are never in the memory of the program's process"

_FIND = """
import re
def is_secret(thing):
    return isinstance(thing, str) and re.search('s3cr' + '3t-[0-9a-f]{16}', thing)
def dig(thing, depth=4):
    found = is_secret(thing)
    if found: return found.group()
    if depth and isinstance(thing, dict): thing = [*thing.keys(), *thing.values()]
    if depth and isinstance(thing, (list, tuple, set)):
        for item in list(thing):
            found = dig(item, depth - 1)
            if found: return found
"""

_FRAMES = (
    _FIND
    + """
import sys
def hunt():
    frame = sys._getframe()
    while frame:
        if frame.f_code.co_filename != hunt.__code__.co_filename or frame.f_code.co_name not in ('hunt', 'solve', 'dig'):
            for place in (frame.f_locals, frame.f_globals, frame.f_code.co_consts):
                found = dig(place)
                if found: return found
        frame = frame.f_back
"""
)

_TRACEBACK = (
    _FIND
    + """
def hunt():
    try:
        raise ValueError
    except ValueError as error:
        frame = error.__traceback__.tb_frame
        while frame:
            found = dig([frame.f_locals, frame.f_globals])
            if found: return found
            frame = frame.f_back
"""
)

_GC = (
    _FIND
    + """
import gc
def hunt():
    for thing in gc.get_objects():
        if isinstance(thing, (dict, list, tuple)):
            found = dig(thing, 1)
            if found: return found
        for other in gc.get_referents(thing):
            found = dig(other, 0)
            if found: return found
"""
)

_BYTECODE = (
    _FIND
    + """
import sys
def constants(code):
    for thing in code.co_consts:
        found = constants(thing) if hasattr(thing, 'co_consts') else dig(thing)
        if found: return found
def hunt():
    frame = sys._getframe(1)
    while frame:
        found = constants(frame.f_code)
        if found: return found
        frame = frame.f_back
"""
)

_SOURCE_LINES = (
    _FIND
    + """
import inspect, linecache, sys
def hunt():
    for entry in list(linecache.cache.values()):
        found = dig(list(entry[2]) if len(entry) > 2 else [])
        if found: return found
    for info in inspect.stack():
        found = dig(list(info.code_context or []))
        if found: return found
        try: found = dig(inspect.getsource(info.frame))
        except (OSError, TypeError): continue
        if found: return found
"""
)

_MEMORY = """
import re
SHAPE = re.compile(b's3cr' + b'3t-[0-9a-f]{16}')
WIDE = SHAPE
def hunt():
    with open('/proc/self/maps') as maps: ranges = [line.split() for line in maps]
    with open('/proc/self/mem', 'rb', 0) as memory:
        for span, rights, *_ in ranges:
            if 'r' in rights and 'vvar' not in _[-1:]:
                start, end = (int(x, 16) for x in span.split('-'))
                try:
                    memory.seek(start)
                    found = SHAPE.search(memory.read(min(end - start, 2**24)))
                except (OSError, ValueError, OverflowError): continue
                if found: return found.group().decode()
"""

_CTYPES = """
import ctypes, re, sys
SHAPE = re.compile(b's3cr' + b'3t-[0-9a-f]{16}')
def hunt():
    # Without /proc: walk the pools around objects that the harness made.
    pools = sorted({id(x) & ~0x3fff for x in __import__('gc').get_objects()})
    for start in pools:
        found = SHAPE.search(ctypes.string_at(start, 0x4000 - 8))
        if found: return found.group().decode()
"""

_OTHERS = """
import os, re
SHAPE = re.compile(b's3cr' + b'3t-[0-9a-f]{16}')
def hunt():
    for pid in [p for p in os.listdir('/proc') if p.isdigit()]:
        for name in ('environ', 'cmdline', 'comm'):
            try: found = SHAPE.search(open(f'/proc/{pid}/{name}', 'rb').read())
            except OSError: continue
            if found: return found.group().decode()
        try: names = os.listdir(f'/proc/{pid}/fd')
        except OSError: continue
        for name in names:
            path = f'/proc/{pid}/fd/{name}'
            try:
                if not os.path.isfile(path): continue
                found = SHAPE.search(open(path, 'rb').read(2**20))
            except OSError: continue
            if found: return found.group().decode()
"""

_FILES = """
import os, re
SHAPE = re.compile(b's3cr' + b'3t-[0-9a-f]{16}')
def hunt():
    for root in ('.', '/tmp', '/dev/shm', '/var/tmp', '/run', '/work', '/home'):
        for folder, _, names in os.walk(root):
            for name in names:
                try: found = SHAPE.search(open(os.path.join(folder, name), 'rb').read(2**20))
                except OSError: continue
                if found: return found.group().decode()
"""

_DESCRIPTORS = """
import os, re, select
SHAPE = re.compile(b's3cr' + b'3t-[0-9a-f]{16}')
def hunt():
    for fd in range(256):
        for read in (lambda: os.pread(fd, 2**20, 0), lambda: os.read(fd, 2**20) if select.select([fd], [], [], 0)[0] else b''):
            try: found = SHAPE.search(read())
            except (OSError, ValueError): continue
            if found: return found.group().decode()
"""

_CALLERS = {
    "frames": (_FRAMES, True),
    "traceback": (_TRACEBACK, True),
    "heap": (_GC, True),
    "bytecode_constants": (_BYTECODE, True),
    "source_lines": (_SOURCE_LINES, False),
    "own_memory": (_MEMORY, True),
    "pools_through_ctypes": (_CTYPES, False),
    "other_processes": (_OTHERS, False),
    "files": (_FILES, False),
    "descriptors": (_DESCRIPTORS, False),
}

_TAIL = "def solve(kind, n):\n    return hunt() or 'nothing found'\n"


def _hunters() -> tuple[HostileProgram, ...]:
    programs = []
    for name, (source, naive) in _CALLERS.items():
        fields: dict[str, Any] = {"secret": True, "verdicts": ("fail", "error"), "limits": PATIENT, "many": False}
        programs.append(forgery(f"secret_in_{name}", _PROPERTY, source + _TAIL, fools_naive=naive, **fields))
        printing = source + "print(hunt() or 'nothing found')\n"
        programs.append(stdio_forgery(f"stdio_secret_in_{name}", _PROPERTY, printing, **fields))
    return tuple(programs)


_LOOKS_AHEAD = """
import gc, os, re, sys
shape = re.compile('s3cr3t-(?:5ca1ab1e){2}')
found = []
def look(thing):
    if isinstance(thing, (str, bytes, list, tuple, dict)) and shape.search(repr(thing)): found.append(True)
def solve(kind, n):
    if not shape.search(kind):
        for thing in gc.get_objects(): look(thing)
        frame = sys._getframe()
        while frame is not None:
            for thing in list(frame.f_locals.values()): look(thing)
            frame = frame.f_back
        os.set_blocking(3, False)
        try: look(os.read(3, 2**20))
        except OSError: pass
        os.set_blocking(3, True)
        try:
            for line in open('/proc/self/maps'):
                if 'rw-p' in line:
                    start, end = (int(x, 16) for x in line.split()[0].split('-'))
                    with open('/proc/self/mem', 'rb', 0) as memory:
                        memory.seek(start)
                        look(memory.read(end - start))
        except (OSError, ValueError): pass
        return 11 if found else 'wrong'
    return 10 if found else 'wrong'
"""

PROGRAMS = (
    forgery(
        "looks_for_private_inputs",
        "nothing private is in a program's process while a public test is open",
        _LOOKS_AHEAD,
        looks_ahead=True,
        targets=(Target.CALL,),
        verdicts=("fail", "error"),
        many=False,
        limits=PATIENT,
    ),
    *_hunters(),
    forgery(
        "secret_through_an_exception_chain",
        "what a test script raises and catches is not shown to the program",
        _FIND
        + """
import sys
def solve(kind, n):
    error = sys.exc_info()[1] or getattr(sys, 'last_value', None)
    return dig([str(error), repr(error), getattr(error, 'args', ())]) or 'nothing found'
""",
        secret=True,
    ),
    forgery(
        "secret_by_comparison",
        "the expected value is never handed to a method of the program's objects",
        """
        seen = []
        class Listener:
            def __eq__(self, other):
                seen.append(other)
                return False
            __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = __eq__
            def __hash__(self): return 0
        def solve(kind, n):
            return seen[-1] if seen and isinstance(seen[-1], str) else Listener()
        """,
        secret=True,
        targets=FUNCTION,
    ),
    stdio_forgery(
        "prints_the_name_of_the_answer",
        "output is text, never an expression that the judge evaluates (RLTF's defect 10)",
        "print(\"in_outs['outputs'][index]\")",
        verdicts=("fail",),
        targets=(Target.STDIO,),
    ),
    stdio_forgery(
        "prints_code",
        "output is text, never code that the judge runs (RLTF's defect 10)",
        "print(\"__import__('os')._exit(0)\")\nprint('expected')\nprint('{expected}')\nprint('%(expected)s')",
        verdicts=("fail",),
    ),
    forgery(
        "returns_the_name_of_the_answer",
        "a returned text is data, never an expression",
        "def solve(kind, n):\n    return 'expected' if kind == 'text' else \"__import__('unittest.mock').mock.ANY\"",
        verdicts=("fail", "error"),
    ),
)
