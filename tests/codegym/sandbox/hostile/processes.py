"""Reaching other processes: signals, ptrace, /proc, shared kernels of the same user."""

from __future__ import annotations

from hostile.record import attack, forgery

_LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"

PROGRAMS = (
    attack(
        "signals_a_host_process",
        "a program cannot signal processes outside",
        "import os\nos.kill(@DECOY@, 0)\nwon = True",
        layers=("pid", "landlock", "seccomp"),
    ),
    attack(
        "signals_a_process_of_its_user",
        "a user namespace keeps the programs of an ordinary user away from that user's processes",
        "import os\nos.kill(@DECOY@, 0)\nopen('@LURE_FILE@').read()\nwon = True",
        layers=("user", "landlock", "seccomp"),
    ),
    attack(
        "signals_its_parent",
        "a program cannot end the process that started it",
        """
        import os, signal
        parent = os.getppid()
        if parent > 1:
            os.kill(parent, 0)
            won = True
        """,
    ),
    attack(
        "kills_everyone",
        "kill(-1) reaches nobody outside",
        """
        import os
        os.kill(-1, 9)
        """,
    ),
    attack(
        "kills_its_group_and_session",
        "killing the process group reaches nobody outside",
        "import os\nos.killpg(0, 9)\nos.kill(0, 9)",
    ),
    attack(
        "kills_every_number",
        "no process number means somebody outside",
        """
        import os
        for pid in range(2, 70000):
            if pid != os.getpid():
                try: os.kill(pid, 9)
                except OSError: continue
                won = won or pid == @DECOY@
        """,
        verdicts=("error", "fail", "timeout"),
    ),
    attack(
        "queues_a_signal",
        "sigqueue, tgkill and pidfd_send_signal are kill by another name",
        _LIBC
        + """
for number, arguments in ((62, (@DECOY@, 9)), (200, (@DECOY@, 9)), (234, (@DECOY@, @DECOY@, 9)), (129, (@DECOY@, 9, bytes(128)))):
    won = won or libc.syscall(number, *arguments) == 0
fd = libc.syscall(434, @DECOY@, 0)
won = won or (fd >= 0 and libc.syscall(424, fd, 9, None, 0) == 0)
""",
    ),
    attack(
        "traces_a_host_process",
        "ptrace reaches nobody",
        _LIBC + "won = libc.ptrace(16, @DECOY@, None, None) == 0 or libc.ptrace(0x4206, @DECOY@, None, None) == 0",
        layers=("user", "pid", "seccomp", "landlock"),
    ),
    attack(
        "traces_its_parent",
        "ptrace does not reach the server",
        _LIBC + "won = libc.ptrace(0x4206, os.getppid() or 1, None, None) == 0",
    ),
    attack(
        "reads_another_memory",
        "process_vm_readv reaches nobody",
        _LIBC
        + """
class Part(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
room = ctypes.create_string_buffer(8)
here = Part(ctypes.cast(room, ctypes.c_void_p), 8)
for pid in (@DECOY@, @JUDGE@, os.getppid(), 1):
    if pid in (0, os.getpid()): continue
    for address in (id(None) & ~0xfff, @DECOY_ADDRESS@):
        there = Part(address, 8)
        won = won or libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0
""",
    ),
    attack(
        "reads_another_memory_by_file",
        "/proc/PID/mem of another process is closed",
        """
        import os
        for pid in (@DECOY@, @JUDGE@, os.getppid(), 1):
            if pid in (0, os.getpid()): continue
            try: won = won or bool(open(f'/proc/{pid}/mem', 'r+b', 0))
            except OSError: pass
        """,
    ),
    attack(
        "sees_host_processes",
        "/proc shows no process of the host",
        "import os\nwon = os.path.exists('/proc/@DECOY@/cmdline')",
        needs_namespaces="Landlock refuses to open a file of /proc, not to ask whether it is there",
    ),
    attack(
        "reads_another_environment",
        "nobody's environment is shown",
        """
        import glob
        for path in glob.glob('/proc/[0-9]*/environ') + ['/proc/self/environ', '/proc/thread-self/environ']:
            try: won = won or b'@LURE_VARIABLE@' in open(path, 'rb').read()
            except OSError: pass
        """,
    ),
    attack(
        "borrows_a_descriptor",
        "pidfd_getfd and /proc/PID/fd lend nothing",
        _LIBC
        + """
for pid in (@DECOY@, @JUDGE@, os.getppid(), 1):
    if pid in (0, os.getpid()): continue
    handle = libc.syscall(434, pid, 0)
    if handle >= 0:
        for fd in range(8):
            won = won or libc.syscall(438, handle, fd, 0) >= 0
    try: won = won or any(os.open(f'/proc/{pid}/fd/{fd}', os.O_RDWR) >= 0 for fd in range(3, 8))
    except OSError: pass
""",
    ),
    attack(
        "walks_through_anothers_root",
        "/proc/PID/root and cwd lead nowhere outside",
        """
        import os
        for pid in ('@DECOY@', '@JUDGE@', '1', 'self', 'thread-self', str(os.getppid())):
            for name in ('root', 'cwd'):
                try: won = won or bool(open(f'/proc/{pid}/{name}@LURE_FILE@').read())
                except OSError: pass
        """,
    ),
    attack(
        "finds_inherited_descriptors",
        "no descriptor of the judge or the server is inherited",
        """
        import os
        for fd in range(5, 4096):
            try: os.fstat(fd)
            except OSError: continue
            won = True
        """,
        layers=("descriptors",),
    ),
    attack(
        "raises_its_limits",
        "limits cannot be raised again",
        """
        import resource
        for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
            soft, hard = resource.getrlimit(what)
            try: resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except (OSError, ValueError): continue
            won = True
        """,
        layers=("rlimits",),
    ),
    attack(
        "raises_anothers_limits",
        "prlimit reaches nobody",
        """
        import os, resource
        for pid in (@DECOY@, @JUDGE@, os.getppid(), 1):
            if pid in (0, os.getpid()): continue
            try: resource.prlimit(pid, resource.RLIMIT_NOFILE, (10, 10))
            except OSError: continue
            won = True
        """,
    ),
    attack(
        "raises_its_priority",
        "scheduling cannot be turned in its favour",
        """
        import os
        for change in (
            lambda: os.nice(-5),
            lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
            lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
            lambda: os.setpriority(os.PRIO_USER, 0, -5),
        ):
            try: change()
            except OSError: continue
            won = True
        """,
    ),
    attack(
        "becomes_root_again",
        "identity and capabilities are gone for good",
        _LIBC
        + """
for change in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0])):
    try: change()
    except OSError: continue
    won = won or os.geteuid() == 0
status = open('/proc/self/status').read() if os.path.exists('/proc/self/status') else ''
import re
won = bool(re.search('Cap(Eff|Prm|Amb):\\t0*[1-9a-f]', status)) or False
class Head(ctypes.Structure):
    _fields_ = [('version', ctypes.c_uint32), ('pid', ctypes.c_int)]
class Data(ctypes.Structure):
    _fields_ = [('effective', ctypes.c_uint32), ('permitted', ctypes.c_uint32), ('inheritable', ctypes.c_uint32)]
have = (Data * 2)()
if libc.capget(ctypes.byref(Head(0x20080522, 0)), have) == 0:
    won = won or any(part.effective or part.permitted for part in have)
""",
        layers=("capabilities",),
    ),
    attack(
        "lacks_no_new_privs",
        "no_new_privs is set",
        _LIBC + "won = libc.prctl(39, 0, 0, 0, 0) == 0",
        layers=("no_new_privs", "seccomp", "landlock"),
    ),
    forgery(
        "writes_its_own_memory",
        "patching the interpreter through /proc/self/mem forges nothing",
        """
        def solve(kind, n):
            with open('/proc/self/mem', 'r+b', 0) as memory:
                memory.seek(id(True) + 16)
                memory.write(bytes(8))
                memory.seek(id(10) + 24)
                memory.write(bytes([11]))
            return 'wrong'
        """,
        verdicts=("error", "fail"),
    ),
    attack(
        "stops_itself",
        "a stopped program is ended at its limit",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        verdicts=("timeout", "error"),
    ),
)
