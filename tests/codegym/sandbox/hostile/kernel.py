"""System calls that a sandbox must not leave open."""

from __future__ import annotations

from hostile.record import attack

_LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def _call(name: str, attacks: str, expression: str, layers: tuple[str, ...] = ("seccomp",)) -> object:
    return attack(name, attacks, _LIBC + f"won = {expression}", layers=layers)


_MACHINE_CODE = """
import ctypes, mmap
# A few bytes of machine code: the kernel's other doors (32-bit and x32 numbering) lead to the same rooms.
def run(code):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()
"""

PROGRAMS = (
    attack("asks_for_a_descriptor_of_the_judge", "a socket does not hand out a descriptor of the process at its other end",
           "import _socket, os\nwon = _socket.socket(fileno=os.dup(3)).getsockopt(1, 77) > 0", layers=("seccomp",)),
    attack("asks_who_the_judge_is", "nor its number", "import _socket, os, struct\n"
           "won = struct.unpack('iii', _socket.socket(fileno=os.dup(3)).getsockopt(1, 17, 12))[0] >= 0", layers=("seccomp",)),
    attack("takes_a_lease", "no lease on a file: it would stop whoever opens that",
           "import fcntl, os\nwon = fcntl.fcntl(os.open('.', os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_CREATE) == 0", layers=("seccomp",)),
    attack("names_an_owner_of_signals", "no signals for whoever one names",
           "import fcntl\nwon = fcntl.fcntl(3, fcntl.F_SETOWN, @JUDGE@) == 0"),
    attack("makes_a_file_without_a_name", "no file that leaves nothing but a number", "import os\nwon = os.open('/tmp', os.O_TMPFILE | os.O_RDWR) > 0"),
    _call("unshares_a_user_namespace", "no new user namespace", "libc.unshare(0x10000000) == 0"),
    _call("unshares_mounts", "no new mount namespace", "libc.unshare(0x00020000) == 0", ()),
    _call("clones_a_user_namespace", "no new user namespace by clone", "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) > 0", ()),
    _call("clones_by_clone3", "clone3 is closed (its flags cannot be filtered)",
          "(ctypes.get_errno() or 1) and libc.syscall(435, (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17), 88) > 0", ()),
    _call("enters_a_namespace", "setns is closed", "libc.setns(os.open('/proc/self/ns/user', os.O_RDONLY), 0) == 0", ()),
    _call("mounts", "nothing can be mounted", "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0", ()),
    _call("unmounts", "nothing can be unmounted", "libc.umount2(b'/proc', 2) == 0 or libc.umount2(b'/tmp', 2) == 0", ()),
    _call("mounts_the_new_way", "nor by fsopen, open_tree, move_mount", "libc.syscall(430, b'tmpfs', 0) >= 0 or libc.syscall(428, -100, b'/', 1) >= 0", ()),
    _call("changes_root", "chroot and pivot_root are closed", "libc.chroot(b'/') == 0 or libc.syscall(155, b'/', b'/tmp') == 0", ()),
    _call("uses_io_uring", "io_uring is closed (it goes around the filter)", "libc.syscall(425, 1, bytes(128)) >= 0", ("seccomp", "rlimits")),
    _call("uses_bpf", "bpf is closed", "libc.syscall(321, 0, (ctypes.c_uint32 * 32)(2, 4, 4, 1), 128) >= 0", ()),
    _call("uses_perf_events", "perf events are closed", "libc.syscall(298, (ctypes.c_uint32 * 32)(1, 128), 0, -1, -1, 0) >= 0", ()),
    _call("uses_userfaultfd", "userfaultfd is closed", "libc.syscall(323, 1) >= 0"),
    _call("uses_keyrings", "keyrings (which outlive a program) are closed",
          "libc.syscall(248, b'user', b'codegym-hostile', b'x', 1, -4) >= 0 or libc.syscall(250, 0, -4, 1) >= 0"),
    _call("uses_memfd", "memory outside the limits cannot be had by memfd", "libc.syscall(319, b'x', 0) >= 0"),
    _call("uses_secret_memory", "nor by memfd_secret", "libc.syscall(447, 0) >= 0", ()),
    _call("uses_system_v", "System V objects (which outlive a program) are closed",
          "libc.shmget(0x5ca1ab1e, 4096, 0o1666) >= 0 or libc.msgget(0x5ca1ab1e, 0o1666) >= 0 or libc.semget(0x5ca1ab1e, 1, 0o1666) >= 0"),
    attack(
        "finds_shared_memory_of_the_host",
        "System V objects of the host are not there",
        _LIBC + "won = libc.shmget(@SYSTEM_V_KEY@, 0, 0) >= 0",
        layers=("ipc", "seccomp"),
    ),
    _call("uses_posix_queues", "POSIX message queues are closed", "libc.syscall(240, b'codegym-hostile', os.O_CREAT | os.O_RDWR, 0o666, None) >= 0", ("seccomp", "rlimits", "landlock", "ipc")),
    _call("turns_off_its_filter", "the filter stays", "libc.prctl(22, 0) == 0 or libc.prctl(22, 1) == 0 and False", ()),
    _call("listens_to_its_own_filter", "no filter with a listener can be put on top", "libc.syscall(317, 1, 8, None) >= 0", ()),
    _call("sets_the_clock", "the clock cannot be set", "libc.settimeofday((ctypes.c_long * 2)(0, 0), None) == 0 or libc.clock_settime(0, (ctypes.c_long * 2)(0, 0)) == 0", ()),
    _call("renames_the_host", "the host's name cannot be set", "libc.sethostname(b'codegym-hostile', 15) == 0", ()),
    _call("loads_a_module", "no kernel module", "libc.syscall(313, 0, b'', 0) == 0 or libc.syscall(175, b'', 0, b'') == 0", ()),
    _call("reaches_hardware", "no port", "libc.iopl(3) == 0 or libc.ioperm(0x80, 1, 1) == 0", ()),
    _call("accounts_swaps_quotas", "acct, swapon, quotactl, kexec are closed",
          "libc.acct(None) == 0 or libc.swapoff(b'/x') == 0 or libc.syscall(246, 0, 0, None, 0) == 0", ()),
    _call("watches_files", "fanotify is closed", "libc.syscall(300, 0x10, 0) >= 0", ()),
    _call("injects_into_the_terminal", "TIOCSTI reaches no terminal", "libc.ioctl(0, 0x5412, b'x') == 0 or libc.ioctl(1, 0x5412, b'x') == 0", ()),
    _call("takes_another_personality", "no other personality", "libc.personality(0x0400000) >= 0 and libc.personality(-1) & 0x0400000 != 0"),
    _call("locks_memory", "memory cannot be locked without bound", "libc.mlockall(7) == 0 and libc.mlockall(4) == 0", ()),
    _call("reads_the_kernels_log", "the kernel's log is closed", "libc.klogctl(3, ctypes.create_string_buffer(4096), 4096) > 0", ()),
    _call("swaps_names_with_the_kernel", "the hostname stays under setdomainname too", "libc.setdomainname(b'codegym', 7) == 0", ()),
    attack(
        "calls_by_the_32_bit_door",
        "int 0x80 cannot be used to go around the filter",
        # mov eax, 20 (32-bit getpid); int 0x80; ret: an answer above zero means that the door is open.
        _MACHINE_CODE + "won = run(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3') > 0",
        layers=("seccomp",),
    ),
    attack(
        "calls_by_the_x32_door",
        "x32 numbers cannot be used to go around the filter",
        # mov eax, 0x40000000 + 39 (getpid); syscall; ret
        _MACHINE_CODE + "won = run(b'\\xb8\\x27\\0\\0\\x40\\x0f\\x05\\xc3') > 0",
    ),
    attack(
        "becomes_dumpable",
        "a core dump is never written",
        """
        import ctypes, os, resource
        libc = ctypes.CDLL(None)
        libc.prctl(4, 1, 0, 0, 0)
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
            won = True
        except (OSError, ValueError): pass
        """,
        layers=("rlimits",),
    ),
)  # fmt: skip
