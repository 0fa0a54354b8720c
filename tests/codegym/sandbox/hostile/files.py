"""The host's files, devices and secrets: not to be read, not to be changed, not to be filled."""

from __future__ import annotations

from hostile.record import PATIENT, attack

_HOLDS = "the host's files are not in view"

PROGRAMS = (
    attack(
        "reads_installed_packages",
        "of the interpreter's library only the standard parts can be read: among the packages are answers",
        """
        import os
        for folder, _, names in os.walk(os.path.dirname(os.__file__) + '/site-packages'):
            for name in names:
                try: won = won or bool(open(os.path.join(folder, name), 'rb').read(1))
                except OSError: pass
        """,
        layers=("mount", "root", "landlock"),
        limits=PATIENT,
    ),
    attack(
        "reads_a_world_readable_file", _HOLDS, "won = bool(open('@LURE_FILE@').read())", layers=("mount", "landlock")
    ),
    attack(
        "lists_the_hosts_root",
        _HOLDS,
        "import os\nwon = bool({'boot', 'srv', 'sbin', 'sys', 'media', 'opt'} & set(os.listdir('/')))",
    ),
    attack(
        "reads_passwd",
        _HOLDS,
        "won = 'nobody' in open('/etc/passwd').read() and 'daemon' in open('/etc/passwd').read()",
    ),
    attack(
        "reads_a_file_of_roots",
        "not even a judge that is root lets its programs read what is root's",
        "won = bool(open('@ROOT_FILE@').read())",
        layers=("private_uid", "mount", "landlock"),
        opened_as_root=True,
    ),
    attack("reads_shadow", _HOLDS, "won = bool(open('/etc/shadow').read())"),
    attack(
        "reads_home_and_keys",
        _HOLDS,
        """
        import os
        homes = ['/root', '/home', os.path.expanduser('~'), os.path.expanduser('~root')]
        for home in homes:
            if home not in ('/', '/tmp', os.getcwd()) and os.path.isdir(home):
                # The way to the interpreter's own library may lead through a home.
                won = won or any(not os.__file__.startswith(os.path.join(home, name)) for name in os.listdir(home))
        """,
    ),
    attack(
        "reads_the_projects_files",
        "the judge's own code and the suites are not in view",
        "won = bool(open('@PROJECT@/codegym/judge.py').read())",
    ),
    attack(
        "sees_that_a_file_exists",
        "not even names and sizes of the host's files are in view",
        "import os\nwon = os.path.exists('@LURE_FILE@') or os.stat('@PROJECT@/pyproject.toml').st_size > 0",
        layers=("root",),
        needs_namespaces="Landlock refuses to open a file, not to ask for its size",
    ),
    attack(
        "imports_the_project",
        "the trainer's packages are not importable",
        """
        for name in ('codegym', 'codegym.judge', 'agents', 'envs_registry', 'gymnasium', 'torch'):
            try: __import__(name)
            except ImportError: continue
            won = True
        """,
    ),
    attack(
        "reads_the_environment",
        "the judge's environment is not inherited",
        "import os\nwon = any('@LURE_VARIABLE@' in value for value in os.environ.values())",
        layers=("environment",),
    ),
    attack(
        "reads_the_hosts_name",
        "the host's name is not shown",
        "import os, socket\nwon = '@HOST@' in (os.uname().nodename, socket.gethostname()) and bool('@HOST@')",
        layers=("uts",),
        needs_namespaces="the host's name can only be hidden by another one",
    ),
    attack(
        "reads_kernel_secrets",
        _HOLDS,
        "won = bool(open('/proc/kallsyms').read(10)) or bool(open('/proc/cmdline').read())",
    ),
    attack(
        "writes_outside",
        "nothing of the host can be written",
        """
        import os, sys
        places = ['@LURE_FOLDER@', '/', '/usr', '/etc', '/lib', sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), '/proc/sys/kernel']
        for place in places:
            try:
                with open(os.path.join(place, 'codegym-hostile'), 'w') as file: file.write('x')
            except OSError: continue
            won = place not in (os.getcwd(), '/tmp')
        """,
    ),
    attack(
        "writes_a_world_writable_folder",
        "nothing of the host can be written",
        "open('@LURE_FOLDER@/codegym-hostile', 'w').write('x')\nwon = True",
        layers=("mount", "landlock"),
    ),
    attack(
        "poisons_the_interpreter",
        "the interpreter's files cannot be changed for the next program",
        """
        import glob, os, sys
        for folder in [p for p in sys.path if os.path.isdir(p)] + [os.path.dirname(os.__file__)]:
            for path in [os.path.join(folder, 'sitecustomize.py'), *glob.glob(os.path.join(folder, '__pycache__', 'b*.pyc'))[:3]]:
                try:
                    with open(path, 'ab'): pass
                except OSError: continue
                won = folder not in (os.getcwd(), '/tmp')
        """,
    ),
    attack(
        "links_to_a_host_file",
        "symbolic and hard links lead nowhere outside",
        """
        import os
        for make in (os.symlink, os.link):
            try:
                for place in ('.', '@LURE_FOLDER@'):
                    try: make('@LURE_FILE@', place + '/codegym-hostile-link')
                    except OSError: continue
                    won = won or bool(open(place + '/codegym-hostile-link').read())
            except OSError: pass
        """,
        layers=("mount", "landlock"),
    ),
    attack(
        "climbs_out_of_the_root",
        "no way up",
        "import os\nfor _ in range(40): os.chdir('..')\nwon = bool(open('.' + '@LURE_FILE@').read())",
    ),
    attack(
        "changes_dev_null",
        "the null device is not the host's to change",
        "import os\nos.chmod('/dev/null', 0o600)\nwon = True",
    ),
    attack(
        "truncates_dev_null",
        "the null device is not the host's to change",
        "import os\nos.utime('/dev/null', (0, 0))\nwon = True",
    ),
    attack(
        "makes_a_device",
        "no device can be made",
        "import os, stat\nos.mknod('disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0))\nwon = bool(os.open('disk', os.O_RDONLY))",
    ),
    attack(
        "opens_a_device",
        "no device of the host is there",
        """
        import os
        for name in ('vda', 'sda', 'nvme0n1', 'mem', 'kmem', 'port', 'kmsg', 'fuse', 'kvm', 'tty', 'ptmx', 'console', 'net/tun', 'loop-control'):
            try: os.open('/dev/' + name, os.O_RDWR)
            except OSError: continue
            won = True
        """,
    ),
    attack(
        "turns_kernel_knobs",
        "/proc/sys, /proc/sysrq-trigger and /sys are closed",
        """
        import glob
        for path in ('/proc/sys/vm/drop_caches', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger', '/proc/self/oom_score_adj',
                     '/sys/kernel/mm/transparent_hugepage/enabled', '/proc/sys/kernel/core_pattern'):
            try:
                with open(path, 'r+') as file: file.write('-1000' if 'oom' in path else '0')
            except OSError: continue
            won = won or 'self' not in path
        """,
    ),
    attack(
        "runs_a_set_user_id_program",
        "no way to more rights through a program that has them",
        """
        import os, subprocess
        for tool in ('/usr/bin/su', '/usr/bin/mount', '/bin/mount'):
            try: won = won or subprocess.run([tool, '--version'], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
            except (OSError, ValueError): pass
        """,
    ),
    attack(
        "opens_by_handle",
        "file handles do not lead around the root",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        handle = ctypes.create_string_buffer(b'\\x08\\0\\0\\0\\x01\\0\\0\\0\\x02\\0\\0\\0\\0\\0\\0\\0', 32)
        mount = os.open('/', os.O_RDONLY)
        won = libc.open_by_handle_at(mount, handle, os.O_RDONLY) >= 0
        """,
    ),
    attack(
        "runs_a_shell",
        "there is no shell and no tool of the host",
        """
        import os, subprocess
        for tool in ('/bin/sh', '/bin/bash', '/usr/bin/env', '/usr/bin/id', '/bin/ls', '/bin/cat'):
            try: won = won or subprocess.run([tool], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
            except (OSError, ValueError): pass
        won = won or os.system('true') == 0
        """,
        layers=("seccomp", "mount", "landlock", "rlimits"),
    ),
)
