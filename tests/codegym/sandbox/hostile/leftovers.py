"""What one program leaves for the next: nothing. The second program passes when it finds something."""

from __future__ import annotations

from textwrap import dedent

from hostile.record import Pair

_FILES = "a file is gone when its program is gone"
_STATE = "no change of the interpreter outlives its program"


def _pair(name: str, attacks: str, first: str, second: str, layers: tuple[str, ...] = ()) -> Pair:
    return Pair(name=name, attacks=attacks, first=dedent(first), second="won = False\n" + dedent(second), layers=layers)


def _file(name: str, path: str) -> Pair:
    return _pair(
        f"file_{name}",
        _FILES,
        f"open({path!r}, 'w').write('left')",
        f"import os\nwon = os.path.exists({path!r})",
    )


PAIRS = (
    _file("in_cwd", "codegym-hostile"),
    _file("in_tmp", "/tmp/codegym-hostile"),
    _file("in_shm", "/dev/shm/codegym-hostile"),
    _file("hidden", ".codegym-hostile"),
    _file("odd_name", "\n\t'\"$(x)\udcff"),
    _pair(
        "module_in_cwd",
        "a module that a program writes is not imported by the next",
        "for name in ('collections', 'json', 'typing', 'heapq', 'never_there'):\n    open(name + '.py', 'w').write('poisoned = True')",
        "import collections, json, typing, heapq\nwon = any(hasattr(m, 'poisoned') for m in (collections, json, typing, heapq))\n"
        "try: import never_there; won = True\nexcept ImportError: pass",
    ),
    _pair(
        "folder_that_cannot_be_entered",
        "a folder without rights is cleaned up",
        "import os\nos.makedirs('a/b/c')\nopen('a/b/c/x', 'w').close()\nos.chmod('a/b', 0)\nos.chmod('a', 0)",
        "import os\nwon = os.path.exists('a')",
    ),
    _pair(
        "deep_tree",
        "a tree deeper than any recursion is cleaned up",
        "import os\nfor _ in range(2000):\n    os.mkdir('d')\n    os.chdir('d')",
        "import os\nwon = os.path.exists('d')",
    ),
    _pair(
        "open_file",
        "a file that was deleted but held open gives its space back",
        "import os\nf = open('big', 'wb')\nos.unlink('big')\nf.write(bytes(2**20))\nf.flush()\nraise SystemExit(1)",
        "import os\nwon = any(name.startswith('big') for name in os.listdir('.'))",
    ),
    _pair("locked_folder", "the rights of the work folder are restored", "import os\nos.chmod('/tmp', 0)",
          "import os\nwon = os.stat('/tmp').st_mode & 0o777 == 0"),
    _pair("file_in_a_locked_folder", _FILES, "import os\nopen('left', 'w').close()\nos.chmod('/tmp', 0)",
          "import os\ntry: os.chmod('/tmp', 0o777)\nexcept OSError: pass\nwon = os.path.exists('/tmp/left')"),
    _pair("time_of_the_folder", "a time of the work folder is no message to the next program",
          "import os\nos.utime('/tmp', ns=(123456789, 987654321))",
          "import os\nwon = 987654321 in (os.stat('/tmp').st_mtime_ns, os.stat('/tmp').st_atime_ns)\n"
          "won = won or os.stat('/tmp').st_atime_ns == 123456789"),
    _pair("numbers_of_files", "how many files a program made does not show in the numbers of the next one's",
          "import os\nfor i in range(300):\n    open('x', 'w').close()\n    os.unlink('x')",
          "import os\nopen('x', 'w').close()\nwon = os.stat('x').st_ino > 20"),
    _pair("cwd", "the working folder is the same for everyone", "import os\nos.mkdir('sub')\nos.chdir('sub')",
          "import os\nwon = os.getcwd().endswith('sub')"),
    _pair("umask", "the umask is the same for everyone", "import os\nos.umask(0o777)", "import os\nwon = os.umask(0) == 0o777"),
    _pair("environment", _STATE, "import os\nos.environ['CODEGYM_HOSTILE'] = '1'\nos.putenv('CODEGYM_HOSTILE', '1')",
          "import os\nwon = 'CODEGYM_HOSTILE' in os.environ"),
    _pair("locale", _STATE, "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')\nlocale._override_localeconv['decimal_point'] = ','",
          "import locale\nwon = locale.localeconv()['decimal_point'] == ','"),
    _pair("builtins", _STATE, "import builtins\nbuiltins.len = lambda x: 0\nbuiltins.codegym_hostile = 1",
          "import builtins\nwon = hasattr(builtins, 'codegym_hostile') or len('abc') == 0"),
    _pair("modules", _STATE, "import math, sys, collections\nmath.pi = 3\nsys.modules['codegym_hostile'] = math\ncollections.OrderedDict = list",
          "import math, sys, collections\nwon = math.pi == 3 or 'codegym_hostile' in sys.modules or collections.OrderedDict is list"),
    _pair("recursion_limit", _STATE, "import sys\nsys.setrecursionlimit(50)", "import sys\nwon = sys.getrecursionlimit() == 50"),
    _pair("decimal_context", _STATE, "import decimal\ndecimal.getcontext().prec = 2\ndecimal.DefaultContext.prec = 2",
          "import decimal\nwon = decimal.getcontext().prec == 2"),
    _pair("random_state", _STATE, "import random\nrandom.seed(1)\nrandom.random = lambda: 7", "import random\nwon = random.random() == 7"),
    _pair("integer_digits", _STATE, "import sys\nsys.set_int_max_str_digits(640)", "import sys\nwon = sys.get_int_max_str_digits() == 640"),
    _pair("signal_handlers", _STATE, "import signal\nsignal.signal(signal.SIGUSR2, lambda *a: 0)\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})",
          "import signal\nwon = callable(signal.getsignal(signal.SIGUSR2)) or signal.SIGUSR2 in signal.pthread_sigmask(signal.SIG_BLOCK, set())"),
    _pair("limits", _STATE, "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (13, 13))",
          "import resource\nwon = resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 13"),
    _pair("priority", _STATE, "import os\nos.nice(19)\nos.sched_setaffinity(0, {0})", "import os\nwon = os.getpriority(0, 0) == 19"),
    _pair("alarm", _STATE, "import signal\nsignal.alarm(1000)", "import signal\nwon = signal.alarm(0) > 0"),
    _pair(
        "system_v_memory", "no System V object outlives its program",
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmget(0x5ca1ab1e, 4096, 0o1666)\nlibc.msgget(0x5ca1ab1e, 0o1666)\nlibc.semget(0x5ca1ab1e, 1, 0o1666)",
        "import ctypes\nlibc = ctypes.CDLL(None)\nwon = libc.shmget(0x5ca1ab1e, 4096, 0) >= 0 or libc.msgget(0x5ca1ab1e, 0) >= 0 or libc.semget(0x5ca1ab1e, 1, 0) >= 0",
        ("seccomp",),
    ),
    _pair(
        "keyring", "no key outlives its program",
        "import ctypes\nctypes.CDLL(None).syscall(248, b'user', b'codegym-hostile', b'x', 1, -4)",
        "import ctypes\nwon = ctypes.CDLL(None).syscall(249, b'user', b'codegym-hostile', None, 0) >= 0",
    ),
    _pair(
        "shared_memory_module", "no named shared memory outlives its program",
        "from multiprocessing import shared_memory, resource_tracker\nresource_tracker.register = lambda *a: None\nshared_memory.SharedMemory('codegym-hostile', True, 100)",
        "from multiprocessing import shared_memory\nwon = bool(shared_memory.SharedMemory('codegym-hostile'))",
    ),
    _pair(
        "daemon", "no process outlives its program",
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    for path in ('codegym-daemon', '/tmp/codegym-daemon', '/dev/shm/codegym-daemon'):
                        try: open(path, 'w').close()
                        except OSError: pass
                    time.sleep(0.005)
            os._exit(0)
        """,
        """
        import os, time
        for _ in range(10):
            time.sleep(0.01)
            won = won or any(os.path.exists(p) for p in ('codegym-daemon', '/tmp/codegym-daemon', '/dev/shm/codegym-daemon'))
        """,
    ),
    _pair(
        "abstract_socket", "no socket outlives its program",
        "import socket, time\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0codegym-hostile')\ns.listen()",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0codegym-hostile')\nwon = True",
    ),
    _pair(
        "linecache", "no source of another program is kept",
        "import linecache\nlinecache.cache['<codegym-hostile>'] = (1, None, ['x'], 'x')",
        "import linecache\nwon = '<codegym-hostile>' in linecache.cache",
    ),
    _pair(
        "source_in_memory", "the server does not hold the program before (its text stays in nobody's memory)",
        "MARK = 'codegym-' + 'left' + '-' + '7' * 9\ntext = ['codegym-left-777777777 %d' % i for i in range(1000)]",
        """
        import gc, re
        shape = re.compile('codegym-left' + '-[7]{9}')
        for thing in gc.get_objects():
            for other in [thing, *gc.get_referents(thing)]:
                if isinstance(other, str) and shape.search(other) and 'shape' not in other: won = True
        try:
            shape = re.compile(b'codegym-left' + b'-[7]{9} [0-9]')
            for line in open('/proc/self/maps'):
                if 'rw-p' not in line: continue
                start, end = (int(x, 16) for x in line.split()[0].split('-'))
                with open('/proc/self/mem', 'rb', 0) as memory:
                    memory.seek(start)
                    won = won or bool(shape.search(memory.read(end - start)))
        except OSError: pass
        """,
    ),
)  # fmt: skip

TOGETHER = (
    _pair(
        "lock",
        "no lock on a file that both can read tells another program something",
        """
        import fcntl, os, time
        file = open(os.__file__)
        for lock in (lambda: fcntl.flock(file, fcntl.LOCK_EX), lambda: fcntl.lockf(file, fcntl.LOCK_SH)):
            try: lock()
            except OSError: pass
        time.sleep(0.6)
        """,
        """
        import fcntl, os, struct, time
        file = open(os.__file__)
        for _ in range(20):
            try: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError: won = True
            except OSError: pass
            try:
                asked = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack('hhqqixxxx', fcntl.F_WRLCK, 0, 0, 0, 0))
                won = won or struct.unpack('hhqqixxxx', asked)[0] != fcntl.F_UNLCK
            except OSError: pass
            time.sleep(0.02)
        """,
    ),
    _pair(
        "neighbour",
        "two programs that run at the same time do not see each other",
        """
        import os, socket, time
        for folder in ('.', '/tmp', '/dev/shm'):
            try: open(folder + '/codegym-neighbour', 'w').close()
            except OSError: pass
        try:
            s = socket.socket(socket.AF_UNIX)
            s.bind('\\0codegym-neighbour')
            s.listen()
        except OSError: pass
        time.sleep(0.6)
        """,
        """
        import os, socket, time
        def look():
            if any(os.path.exists(folder + '/codegym-neighbour') for folder in ('.', '/tmp', '/dev/shm')): return True
            for pid in (p for p in (os.listdir('/proc') if os.path.isdir('/proc') else ()) if p.isdigit()):
                try:
                    # Somebody else's process that we could stop.
                    if int(pid) not in (os.getpid(), os.getppid(), 1): os.kill(int(pid), 0); return True
                except OSError: pass
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect('\\0codegym-neighbour')
                return True
            except OSError: return False
        for _ in range(20):
            won = won or look()
            time.sleep(0.02)
        """,
    ),
)
