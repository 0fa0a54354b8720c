"""Games with standard input and output."""

from __future__ import annotations

from hostile.record import FUNCTION, forgery, stdio_forgery

_TEXT = "what was printed is compared as text, whole"

_PRINTERS = {
    "nothing": "pass",
    "too_much": "print(10)\nprint(11)",
    "too_little": "print(1, end='')",
    "prefix": "print('1')",
    "both_answers": "print('10\\nnnn')",
    "every_number": "for i in range(1000): print(i)",
    "on_stderr": "import sys\nk, n = input().split()\nprint(10 if k == 'int' else 'nnn', file=sys.stderr)",
    "nul_bytes": "import sys\nsys.stdout.write('\\0' * 100 + '10\\n')",
    "nul_after": "import sys\nsys.stdout.write('10\\0\\n')",
    "invalid_utf8": "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe10\\n')",
    "surrogates": "import sys\nsys.stdout.reconfigure(errors='surrogatepass')\nprint('\\ud800' * 10)",
    "backspaces": "print('11\\b0')",
    "escape_codes": "print('\\x1b[2K\\x1b[1A10')",
    "returns": "print('wrong\\r10')",
    "other_digits": "print('１０')",
    "a_float": "print('10.0')",
    "near": "print(10.0001)",
    "closed_stdout": "import sys, os\nsys.stdout.close()\nos.close(1)",
    "closed_everything": "import os\nos.closerange(0, 256)",
    "stdin_written": "import os\nos.write(0, b'10\\n')",
    "into_another_descriptor": "import os\nfor fd in range(2, 64):\n    try: os.write(fd, b'10\\n')\n    except OSError: pass",
    "stdout_replaced": "import os\nfd = os.open('out', os.O_CREAT | os.O_RDWR)\nos.dup2(fd, 1)\nprint(10)",
    "after_exit": "import atexit, os\natexit.register(os.write, 1, b'')\nos._exit(0)",
    "dict_that_looks_right": "print({'stdout': '10', 'verdict': 'pass'})",
}

PROGRAMS = (
    *(stdio_forgery(f"prints_{name}", _TEXT, source, verdicts=("fail", "error")) for name, source in _PRINTERS.items()),
    stdio_forgery(
        "reads_beyond_the_end",
        "standard input ends",
        "while True: input()",
        verdicts=("error",),
    ),
    stdio_forgery(
        "reads_standard_input_for_ever",
        "standard input ends",
        "import sys\nwhile not sys.stdin.read(1): pass\nwhile True: sys.stdin.read()",
        verdicts=("timeout",),
    ),
    stdio_forgery(
        "stdout_of_a_forked_child",
        "a child that goes on printing is cut off",
        """
        import os
        try: child = os.fork()
        except OSError: child = 1
        while child == 0: print('10', flush=True)
        print('wrong')
        """,
        verdicts=("fail", "error", "timeout"),
    ),
    stdio_forgery(
        "is_main_only_sometimes",
        "a program is run as __main__",
        "if __name__ != '__main__':\n    k, n = input().split()\n    print(10 if k == 'int' else 'nnn')",
        verdicts=("fail",),
    ),
    forgery(
        "reads_stdin_in_a_call",
        "a function's standard input is empty, not the judge's",
        "import sys\ndef solve(kind, n):\n    return sys.stdin.read() or 'wrong'",
        verdicts=("fail", "error"),
        targets=FUNCTION,
    ),
    forgery(
        "prints_the_answer_in_a_call",
        "what a function prints is not what it returns",
        "def solve(kind, n):\n    print(10)\n    print('nnn')\n    print('{\"ok\": true}')",
        many=False,
        verdicts=("fail", "error"),
    ),
    forgery(
        "replaces_standard_streams",
        "the answer takes no standard stream",
        """
        import os, sys
        def solve(kind, n):
            sys.stdout = sys.stderr = sys.stdin = None
            for fd in (0, 1, 2): os.close(fd)
            return 'wrong'
        """,
        verdicts=("fail", "error"),
    ),
)
