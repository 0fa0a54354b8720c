"""Rewriting the interpreter that the program runs in: nothing in it is believed."""

from __future__ import annotations

from hostile.record import FUNCTION, Target, forgery, stdio_forgery

_WRONG = "\ndef solve(kind, n):\n    return 'wrong'\n"

_PATCHES = {
    "assertion_error": "import builtins\nclass Quiet(Exception): pass\nbuiltins.AssertionError = Quiet",
    "isinstance_type_len": """
import builtins
real = type
builtins.isinstance = lambda *a: True
builtins.issubclass = lambda *a: True
builtins.len = lambda x: 3
builtins.repr = builtins.str = lambda x='': '10'
""",
    "every_builtin": """
import builtins
class Quiet(BaseException): pass
for name in dir(builtins):
    if name not in ('__build_class__', '__import__', 'setattr', 'dir'):
        try: setattr(builtins, name, lambda *a, **k: True)
        except Quiet: pass
""",
    "operators": "import operator\noperator.eq = operator.ne = operator.is_ = lambda a, b: True",
    "serialisers": """
import json, marshal, pickle, struct, copy, codecs
for module in (json, marshal, pickle, struct, copy, codecs):
    for name in dir(module):
        if callable(getattr(module, name)) and not name.startswith('__'):
            setattr(module, name, lambda *a, **k: 10)
""",
    "os_and_io": """
import os, io, sys
for name in ('write', 'read', 'pipe', 'dup2', 'close', '_exit', 'fork', 'waitpid', 'getpid'):
    setattr(os, name, lambda *a, **k: 0)
io.open = open = lambda *a, **k: None
""",
    "posix_write": "import posix\nposix.write = posix.writev = lambda fd, data: len(data)",
    "every_module": """
import sys
for module in list(sys.modules.values()):
    for name, value in list(vars(module).items()):
        if callable(value) and getattr(value, '__module__', None) not in ('builtins',) and not name.startswith('__'):
            try: setattr(module, name, lambda *a, **k: True)
            except Exception: pass
""",
    "modules_gone": "import sys\nsys.modules.clear()",
    "own_main": "import sys, types\nsys.modules['__main__'] = types.SimpleNamespace(solve=lambda *a: True)",
    "hooks": """
import sys, threading, gc, os
sys.excepthook = sys.displayhook = sys.unraisablehook = threading.excepthook = lambda *a: os._exit(0)
gc.callbacks.append(lambda *a: None)
gc.set_threshold(1)
sys.addaudithook(lambda *a: None)
""",
    "audit_hook_that_raises": """
import sys
def hook(event, args):
    if on: raise SystemExit(0)
on = False
sys.addaudithook(hook)
on = True
""",
    "import_system": "import builtins, sys\nbuiltins.__import__ = lambda *a, **k: None\nsys.meta_path.clear()\nsys.path.clear()",
    "pytest_forgets": "import sys, types\nsys.modules['unittest'] = sys.modules['pytest'] = types.ModuleType('quiet')",
    "numbers_through_ctypes": """
import ctypes
# The small integer 10 becomes 11, and 0 becomes 1, in this process only.
for n in (10, 0):
    ctypes.memset(id(n) + 24, n + 1, 1)
""",
    "signal_handlers": """
import os, signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, lambda *a: os._exit(0))
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
""",
    "recursion_limit": "import sys\nsys.setrecursionlimit(30)",
    "stack_of_a_thread": "import threading\nthreading.stack_size(2**25)",
}

_JUMPING = """
import sys
def jump(frame, event, arg):
    if event == 'line' and frame.f_code.co_name in ('check', 'test', 'grade'):
        last = max(line for *_, line in frame.f_code.co_lines() if line)
        try: frame.f_lineno = last
        except ValueError: pass
    return jump
frame = sys._getframe()
while frame:
    frame.f_trace = jump
    frame = frame.f_back
sys.settrace(jump)
def solve(kind, n):
    return 'wrong'
"""

PROGRAMS = (
    *(
        forgery(
            f"patched_{name}",
            "what the program rewrites is its own process, not the judge",
            patch + _WRONG,
            verdicts=("error", "fail", "timeout"),
        )
        for name, patch in _PATCHES.items()
    ),
    forgery("jumps_over_asserts", "a trace function cannot reach the asserts", _JUMPING, fools_naive=True),
    forgery(
        "answer_by_profile",
        "a profile function that swaps results finds no result to swap",
        """
        import sys
        def swap(frame, event, arg):
            for name in list(frame.f_locals):
                if name in ('passed', 'ok', 'result', 'status'):
                    frame.f_locals[name] = True
        def solve(kind, n):
            sys.setprofile(swap)
            return 'wrong'
        """,
    ),
    forgery(
        "verdict_written_through_the_frames",
        "there is no verdict in the program's process to be written",
        """
        import sys
        def solve(kind, n):
            frame = sys._getframe(1)
            while frame:
                for thing in [*frame.f_locals.values(), *frame.f_globals.values()]:
                    try:
                        if isinstance(thing, list): thing.insert(0, 'passed')
                        elif isinstance(thing, dict) and ('status' in thing or 'verdict' in thing):
                            thing.update(status='passed', verdict='pass', passed=True)
                        elif hasattr(thing, 'value'): thing.value = 0
                    except Exception: pass
                frame = frame.f_back
            return 'wrong'
        """,
        fools_naive=True,
    ),
    forgery(
        "decorated_away",
        "changing the harness's functions in place changes no verdict",
        """
        import gc, types
        def solve(kind, n):
            def yes(*a, **k): return True
            for thing in gc.get_objects():
                if isinstance(thing, types.FunctionType) and thing.__code__.co_name in ('check', 'compare', 'accepts', 'equal'):
                    thing.__code__ = yes.__code__
            return 'wrong'
        """,
        targets=FUNCTION,
        fools_naive=True,
    ),
    forgery(
        "shadows_what_the_script_uses",
        "a test script's own words (built-ins, modules) are not taken from the program",
        """
        def abs(x): return 0
        def all(x): return True
        any = len = sorted = set = isinstance = round = sum = lambda *a: True
        class math:
            isclose = staticmethod(lambda *a, **k: True)
        def helper(*a): return True
        def solve(kind, n): return 10**6
        """,
    ),
    stdio_forgery(
        "stdout_object_that_lies",
        "output is what was written to the descriptor",
        """
        import sys
        class Liar(str):
            def __eq__(self, other): return True
        class Out:
            def write(self, text): return 10
            def getvalue(self): return Liar('10')
            def flush(self): pass
        sys.stdout = sys.__stdout__ = Out()
        print('wrong')
        """,
        targets=(Target.STDIO,),
    ),
)
