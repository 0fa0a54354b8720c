"""Using everything up: time, memory, processes, descriptors, space, output. Each ends at its own limit."""

from __future__ import annotations

from typing import Any

from hostile.record import FUNCTION, PATIENT, HostileProgram, Target, attack, forgery, stdio_forgery

from codegym import Limits

_FORKING = Limits(
    cpu_seconds=0.2,
    wall_seconds=0.7,
    memory_bytes=256 * 2**20,
    output_bytes=2**16,
    processes=32,
    program_cpu_seconds=0.6,
)
_ENDS = "every program ends at its limit"


def _hang(name: str, body: str, **fields: Any) -> HostileProgram:
    fields = {"verdicts": ("timeout",), "kinds": ("time_limit",), "targets": (Target.CALL,), **fields}
    return attack(name, _ENDS, body, **fields)


def _memory(name: str, body: str, **fields: Any) -> HostileProgram:
    fields = {"verdicts": ("error", "timeout"), "targets": (Target.CALL,), **fields}
    return attack(name, "memory is bounded", body, **fields)


PROGRAMS = (
    _hang("loops", "while True: pass", targets=(Target.CALL, Target.SCRIPT, Target.TEST)),
    _hang("loops_swallowing_everything", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
    _hang("loops_in_finally", "try:\n    raise ValueError\nfinally:\n    while True: pass"),
    _hang("hangs_in_c", "sum(range(10**12))"),
    _hang("hangs_in_a_regex", "import re\nre.match('(a+)+$', 'a' * 64 + 'b')"),
    _hang("hangs_in_a_power", "x = 7 ** (7 ** 10)"),
    _hang("hangs_in_a_sort", "x = sorted(range(10**6), key=lambda v: [0] * 10**4 and v)", verdicts=("timeout", "error"), kinds=()),
    _hang("prints_a_big_integer", "import sys\nsys.set_int_max_str_digits(0)\nprint(7 ** 10**6 * 7 ** 10**6)"),
    _hang("hangs_in_a_finaliser", "class Last:\n    def __del__(self):\n        while True: pass\ndel Last\nx = type('L', (), {'__del__': lambda self: [0 for _ in iter(int, 1)]})()\ndel x"),
    _hang("sleeps", "import time\ntime.sleep(10**6)", targets=(Target.CALL, Target.TEST)),
    _hang("pauses_with_signals_blocked", "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))\nsignal.pause()"),
    _hang("waits_for_a_lock", "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"),
    _hang("waits_for_a_pipe", "import os\nr, w = os.pipe()\nos.read(r, 1)"),
    _hang("joins_an_endless_thread", "import threading\nthread = threading.Thread(target=lambda: [0 for _ in iter(int, 1)])\nthread.start()\nthread.join()"),
    _hang(
        "ignores_the_limits_signal",
        "import signal\nfor s in (signal.SIGXCPU, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGTERM, signal.SIGUSR1): signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
    ),
    _hang("stops_the_alarm", "import signal\nwhile True:\n    signal.alarm(0)\n    signal.setitimer(signal.ITIMER_REAL, 0)\n    signal.setitimer(signal.ITIMER_PROF, 0)"),
    forgery(
        "loops_in_the_call",
        _ENDS,
        "def solve(kind, n):\n    while True: pass",
        verdicts=("timeout",),
        kinds=("time_limit",),
        many=False,
    ),
    forgery(
        "answers_with_a_thread_left_running",
        "a thread that goes on does not hold the judge up, and does not spoil the answer's verdict for others",
        """
        import threading
        def burn():
            while True: pass
        def solve(kind, n):
            threading.Thread(target=burn, daemon=False).start()
            return 'wrong'
        """,
        verdicts=("fail", "timeout", "error"),
        many=False,
    ),
    _memory("fills_the_heap", "x = []\nwhile True: x.append(bytes(2**20))", kinds=("memory_limit", "time_limit"), targets=(Target.CALL, Target.SCRIPT, Target.TEST)),
    attack(
        "allocates_at_once",
        "memory is bounded",
        "import mmap\nx = mmap.mmap(-1, 2**30)\nwon = len(x) == 2**30",
        layers=("rlimits",),
    ),
    _memory("maps_memory", "import mmap\nx = [mmap.mmap(-1, 2**24) for _ in range(64)]\nfor m in x:\n    for i in range(0, 2**24, 4096): m[i] = 1\nwon = True"),
    _memory("maps_shared_memory", "import mmap\nx = [mmap.mmap(-1, 2**24, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS) for _ in range(64)]\nwon = True"),
    _memory("doubles_a_text", "x = 'x'\nwhile True: x += x"),
    _memory("swallows_memory_errors", "x = []\nwhile True:\n    try: x.append(bytearray(2**22))\n    except MemoryError: pass", verdicts=("error", "timeout")),
    attack(
        "fills_pipes",
        "memory is bounded, pipe buffers too",
        """
        import fcntl, os
        total = 0
        while total < 2**28:
            r, w = os.pipe()
            size = fcntl.fcntl(w, 1031, 2**20)
            os.set_blocking(w, False)
            total += os.write(w, b'x' * size)
        won = True
        """,
        targets=(Target.CALL,),
    ),
    attack(
        "fills_the_disk",
        "space is bounded",
        """
        for place in ('.', '@LURE_FOLDER@'):
            try:
                with open(place + '/codegym-hostile', 'wb') as file:
                    for _ in range(80): file.write(bytes(2**20))
                won = True
            except OSError: pass
        """,
        layers=("rlimits", "mount", "landlock"),
        targets=(Target.CALL,),
        limits=PATIENT,
    ),
    attack(
        "fills_the_disk_with_many_files",
        "space is bounded over all files",
        """
        for place in ('.', '@LURE_FOLDER@'):
            try:
                for i in range(80):
                    with open(f'{place}/codegym-hostile-{i}', 'wb') as file: file.write(bytes(2**20))
                won = True
            except OSError: pass
        """,
        layers=("mount", "landlock"),
        limits=PATIENT,
        targets=(Target.CALL,),
    ),
    attack(
        "fills_shared_memory",
        "space is bounded in /dev/shm too",
        """
        for i in range(512):
            with open(f'/dev/shm/codegym-hostile-{i}', 'wb') as file: file.write(bytes(2**20))
        won = True
        """,
        targets=(Target.CALL,),
    ),
    attack(
        "makes_a_million_files",
        "the number of files is bounded",
        """
        for place in ('.', '@LURE_FOLDER@'):
            try:
                for i in range(2500): open(f'{place}/codegym-hostile-{i}', 'w').close()
                won = True
            except OSError: pass
        """,
        targets=(Target.CALL,),
        verdicts=("error", "timeout"),
        layers=("mount", "landlock"),
        limits=PATIENT,
    ),
    attack(
        "makes_a_sparse_giant",
        "the size of a file is bounded",
        """
        for place in ('.', '@LURE_FOLDER@'):
            try:
                open(place + '/codegym-hostile', 'wb').truncate(2**40)
                won = True
            except OSError: pass
        """,
        layers=("rlimits", "mount", "landlock"),
    ),
    attack(
        "makes_a_deep_tree",
        "a tree of folders deeper than any recursive cleaner is cleaned up",
        """
        import os
        for _ in range(3000):
            os.mkdir('d')
            os.chdir('d')
        raise RuntimeError('made it')
        """,
        targets=(Target.CALL,),
        verdicts=("error", "timeout"),
    ),
    attack(
        "opens_many_files",
        "descriptors are bounded",
        "files = [open('/dev/null') for _ in range(5000)]\nwon = True",
        layers=("rlimits",),
    ),
    attack(
        "forks",
        "a program may not fork",
        "import os\nchild = os.fork()\nif child == 0: os._exit(0)\nwon = True",
        layers=("seccomp", "rlimits"),
    ),
    attack(
        "forks_by_other_names",
        "vfork, clone and posix_spawn are fork by other names",
        """
        import ctypes, os
        libc = ctypes.CDLL(None)
        child = libc.syscall(56, 17, 0, 0, 0, 0)
        if child == 0: os._exit(0)
        won = child > 0
        """,
        layers=("seccomp", "rlimits"),
    ),
    attack(
        "spawns",
        "no subprocess",
        "import subprocess, sys\nwon = subprocess.run([sys.executable, '-I', '-c', ''], timeout=1).returncode == 0",
    ),
    attack(
        "multiprocesses",
        "no worker processes",
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool: won = pool.map(abs, [-1]) == [1]",
        targets=(Target.CALL,),
        verdicts=("error", "timeout"),
    ),
    _hang(
        "fork_bomb",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        verdicts=("timeout", "error"),
        kinds=(),
    ),
    _hang(
        "fork_bomb_where_forks_are_granted",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        verdicts=("timeout", "error"),
        kinds=(),
        limits=_FORKING,
        needs_namespaces="the judge refuses to grant forks where it could not end all of them",
    ),
    attack(
        "thread_bomb",
        "threads are bounded",
        "import threading\nfor _ in range(20000): threading.Thread(target=__import__('time').sleep, args=(60,), daemon=True).start()\nwon = True",
        targets=(Target.CALL,),
        verdicts=("error", "timeout"),
    ),
    attack(
        "recurses",
        "recursion ends in an error",
        "def f(): return f()\nf()",
        targets=FUNCTION,
        verdicts=("error",),
        kinds=("recursion_error", "recursion"),
    ),
    attack(
        "recurses_into_a_segfault",
        "a crash of the interpreter is an error of the program",
        "import sys\nsys.setrecursionlimit(2**31 - 1)\nx = None\nfor _ in range(10**6): x = (x,)\nclass C:\n    def __repr__(self): return repr(self)\nprint(repr(C()))",
        targets=(Target.CALL,),
        verdicts=("error", "timeout"),
    ),
    attack(
        "crashes_through_ctypes",
        "a segmentation fault is an error of the program",
        "import ctypes\nctypes.string_at(0)",
        verdicts=("error",),
    ),
    attack(
        "crashes_by_bytecode",
        "broken bytecode is an error of the program",
        "import types\ncode = (lambda: 0).__code__\n(types.FunctionType(code.replace(co_code=b'\\x53\\0' * 4, co_stacksize=0), {}))()",
        targets=(Target.CALL,),
        verdicts=("error", "timeout"),
    ),
    stdio_forgery(
        "prints_for_ever",
        "output is bounded",
        "while True: print('10')",
        verdicts=("error", "fail", "timeout"),
        kinds=("output_limit", "time_limit"),
    ),
    stdio_forgery(
        "prints_200_megabytes",
        "a flood of output never reaches the trainer (RLTF's defect 14)",
        "import sys\nsys.stdout.write('10\\n' + ' ' * (200 * 2**20))",
        verdicts=("error", "fail", "timeout"),
    ),
    stdio_forgery(
        "prints_errors_for_ever",
        "standard error is bounded too",
        "import sys\nwhile True: print('x' * 1000, file=sys.stderr)",
        verdicts=("error", "fail", "timeout"),
    ),
    attack(
        "prints_while_called",
        "what a function prints is bounded too",
        "while True: print('x' * 10**5)",
        verdicts=("error", "fail", "timeout"),
    ),
)  # fmt: skip
