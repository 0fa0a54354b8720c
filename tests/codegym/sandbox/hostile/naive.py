"""A grader as it is usually written, to see that a forgery is one: it must be fooled here.

Run as ``python naive.py MODE`` with the problem as JSON on standard input: the program is executed beside its expected
values and the verdict is taken from the way the process ends (``asserts``), from a list in a frame (``frames``) or from a
pickled answer (``pickle``). Prints nothing; the exit code is 0 for a pass.
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import subprocess
import sys
from pathlib import Path

MODES = ("asserts", "frames", "pickle")


def main(mode: str) -> None:
    task = json.load(sys.stdin)
    sys.stdin = io.StringIO(task["stdin"])
    namespace: dict[str, object] = {"__name__": "__main__"}
    if mode == "asserts":
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(task["source"] + "\n" + task["script"], "<program>", "exec"), namespace)
        if task["output"] is not None:
            assert out.getvalue().strip() == task["output"]
        return
    result: list[str] = []
    exec(compile(task["source"], "<program>", "exec"), namespace)
    answers = []
    for arguments, written in task["cases"]:
        expected = eval(written)
        try:
            actual = namespace["solve"](*arguments)  # type: ignore[operator]
            if mode == "pickle":
                actual = pickle.loads(pickle.dumps(actual))
            answers.append(equal(actual, expected))
        except Exception:
            answers.append(False)
    result.append("passed" if all(answers) else "failed")
    sys.exit(0 if result[0] == "passed" else 1)


def equal(actual: object, expected: object) -> bool:
    return bool(actual == expected)


def is_fooled(task: dict[str, object], mode: str) -> bool:
    """Whether the naive grader takes the program for right."""
    command = [sys.executable, "-I", str(Path(__file__).resolve()), mode]
    done = subprocess.run(command, input=json.dumps(task), text=True, capture_output=True, timeout=30)
    return done.returncode == 0


if __name__ == "__main__":
    main(sys.argv[1])
