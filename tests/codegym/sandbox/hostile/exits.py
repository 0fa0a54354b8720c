"""Leaving before the judge has looked: an exit is not an answer."""

from __future__ import annotations

from hostile.record import FUNCTION, HostileProgram, Target, forgery, stdio_forgery

_EXITS = {
    "sys_exit_zero": "import sys\n{at}sys.exit(0)",
    "os_exit_zero": "import os\n{at}os._exit(0)",
    "raise_system_exit": "{at}raise SystemExit",
    "exit_true": "{at}raise SystemExit(True)",
    "abort": "import os\n{at}os.abort()",
    "kill_itself": "import os\n{at}os.kill(os.getpid(), 9)",
    "keyboard_interrupt": "{at}raise KeyboardInterrupt",
    "generator_exit": "{at}raise GeneratorExit",
    "stop_iteration": "{at}raise StopIteration(10)",
    "bare_base_exception": "{at}raise BaseException()",
}


def _everywhere() -> tuple[HostileProgram, ...]:
    """Each way out, once while the program loads and once inside the call."""
    programs = []
    for name, text in _EXITS.items():
        *head, last = text.split("\n")
        loading = "\n".join([*head, last.format(at="")]) + "\ndef solve(kind, n):\n    return 'wrong'\n"
        calling = "\n".join([*head, "def solve(kind, n):", last.format(at="    "), "    return 'wrong'"])
        attacks = "ending the process is never taken for an answer"
        naive = name in ("sys_exit_zero", "os_exit_zero", "raise_system_exit")
        programs.append(forgery(f"{name}_loading", attacks, loading, verdicts=("error", "fail"), fools_naive=naive))
        programs.append(forgery(f"{name}_calling", attacks, calling, verdicts=("error", "fail"), fools_naive=naive))
    return tuple(programs)


PROGRAMS = (
    *_everywhere(),
    forgery(
        "exit_with_a_message",
        "an exit code that is a text crashes no labeller (RLTF's defect 13)",
        "import sys\ndef solve(kind, n):\n    sys.exit('msg \\0 \\ud800')",
    ),
    forgery(
        "assertion_from_the_candidate",
        "an AssertionError of the program is the program's failure",
        "def solve(kind, n):\n    raise AssertionError",
    ),
    forgery(
        "exception_that_cannot_be_shown",
        "an exception whose str, repr and attributes all raise is still only an error",
        """
        class Evil(BaseException):
            def __str__(self): raise self
            __repr__ = __str__
            def __getattribute__(self, name): raise SystemExit(0)
        def solve(kind, n):
            raise Evil
        """,
    ),
    forgery(
        "exception_with_a_lying_class",
        "the type of an exception is read from its real class",
        """
        class Lie(type):
            __name__ = property(lambda cls: 1 / 0)
            __mro__ = property(lambda cls: 1 / 0)
            def __instancecheck__(cls, other): return True
        class Evil(Exception, metaclass=Lie):
            __class__ = property(lambda self: int)
        def solve(kind, n):
            raise Evil('x' * 10**6)
        """,
    ),
    forgery(
        "exit_in_a_thread",
        "a thread that ends the process ends it without an answer",
        """
        import os, threading, time
        def solve(kind, n):
            threading.Thread(target=os._exit, args=(0,)).start()
            time.sleep(10)
        """,
        verdicts=("error", "timeout"),
        many=False,
    ),
    forgery(
        "exit_at_exit",
        "an exit handler comes after the verdict",
        "import atexit, os\natexit.register(os._exit, 0)\ndef solve(kind, n):\n    raise SystemExit(0)",
        fools_naive=True,
    ),
    forgery(
        "exec_true",
        "becoming another program that exits with 0 is no answer",
        """
        import os
        def solve(kind, n):
            os.execv('/bin/true', ['true'])
        """,
    ),
    forgery(
        "answer_from_the_destructor",
        "code that runs while the interpreter shuts down changes nothing",
        """
        import os
        class Last:
            def __del__(self): os._exit(0)
        last = Last()
        def solve(kind, n):
            raise SystemExit(1)
        """,
    ),
    stdio_forgery(
        "stdio_exits_zero",
        "no output is no answer, whatever the exit code",
        "import os\nos._exit(0)",
        fools_naive=True,
    ),
    stdio_forgery(
        "stdio_right_then_crash",
        "a program that printed the right text and then died did not finish",
        "print(10, flush=True)\nimport os\nos.abort()",
    ),
    stdio_forgery(
        "stdio_right_then_raise",
        "a program that printed the right text and then raised did not finish",
        "k, n = input().split()\nprint(10 if k == 'int' else 'nnn', flush=True)\nraise ValueError",
        verdicts=("error",),
    ),
    HostileProgram(
        name="no_entry_point", attacks="a program without the function is an error, not a pass", source="del_solve = 1\n" "#def solve\n",
        targets=FUNCTION, verdicts=("error",),
    ),
    HostileProgram(name="empty", attacks="an empty program passes nothing", source="#def solve\n", targets=(*FUNCTION, Target.STDIO)),
)  # fmt: skip
