"""Holding the judge up: what a program says, or does not say, after its time is over. None outlives its deadline."""

from __future__ import annotations

from typing import Any

from hostile.record import HostileProgram, Target, forgery

_ENDS = "a limit is a limit, whatever the program says or does not say meanwhile"
_ENDED = ("timeout", "error")


def _delay(name: str, source: str, **fields: Any) -> HostileProgram:
    return forgery(name, _ENDS, source, **{"targets": (Target.CALL,), "verdicts": _ENDED, **fields})


PROGRAMS = (
    _delay(
        "drips_while_it_is_looked_at",
        """
        import os, threading, time
        def drip():
            while True:
                time.sleep(0.005)
                os.write(3, b'.')
        def solve(kind, n):
            threading.Thread(target=drip).start()
            while True: pass
        """,
    ),
    _delay(
        "drips_an_answer",
        """
        import os, time
        def solve(kind, n):
            os.write(3, bytes([0, 0, 255, 255]))
            while True:
                time.sleep(0.001)
                os.write(3, b' ')
        """,
    ),
    _delay(
        "answers_byte_by_byte_at_full_speed",
        """
        import os
        def solve(kind, n):
            os.write(3, bytes([0, 0, 255, 255]))
            while True: os.write(3, b' ')
        """,
        verdicts=("error", "timeout", "fail"),
    ),
    _delay("closes_the_channel_and_sleeps", "import os, time\ndef solve(kind, n):\n    os.close(3)\n    time.sleep(10**6)"),
    _delay("shuts_the_channel_and_sleeps", """
        import _socket, time
        def solve(kind, n):
            _socket.socket(fileno=3).shutdown(2)
            time.sleep(10**6)
        """),
    _delay("closes_the_channel_and_loops", "import os\nos.close(3)\nwhile True: pass"),
    _delay(
        "sleeps_just_under_the_limit",
        "import time\ndef solve(kind, n):\n    time.sleep(0.9)\n    return 'wrong'",
        verdicts=("timeout",),
    ),
    _delay(
        "sleeps_while_loading",
        "import time\ntime.sleep(0.9)\ndef solve(kind, n):\n    time.sleep(0.9)\n    import os\n    os._exit(0)",
    ),
    _delay("does_not_exit", "import os, threading, time\nos._exit = time.sleep\ndef solve(kind, n):\n    threading.Thread(target=time.sleep, args=(10**6,)).start()\n    return 'wrong'",
           verdicts=("fail", "error", "timeout")),
    _delay("answers_before_it_is_asked", """
        import os, struct
        said = b'["ok","wrong",null,""]'
        loaded = b'["loaded"]'
        os.write(3, struct.pack('!I', len(loaded)) + loaded + (struct.pack('!I', len(said)) + said) * 100)
        def solve(kind, n):
            return 'wrong'
        """, many=False, looks_ahead=True, verdicts=("error", "fail", "timeout")),
)  # fmt: skip
