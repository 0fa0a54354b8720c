"""A contestant's seat: a process of its own that reads what to judge and writes how long it took.

Run as ``python seat.py NAME WORKERS GIGABYTES DATA``; speaks one line of JSON a request on standard input and output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, kw_only=True)
class Heat:
    """One contestant's turn: some programs for one problem."""

    seconds: float
    """Wall-clock time from the first program to the last verdict."""
    cpu_seconds: float
    """CPU time of the contestant and of all its processes in that time."""
    passed: tuple[bool, ...]


class Seat:
    """The judge's side of a seat.

    Args:
        name: A name in ``contestants.CONTESTANTS``.
        workers: Programs at a time.
        gigabytes: Size of the process that calls the contestant, as a trainer would.
        python: The interpreter that has the contestant installed.
        data: The folder of the benchmark data.

    Raises:
        RuntimeError: If the contestant does not start; the message says why.
    """

    def __init__(self, name: str, workers: int, gigabytes: float, python: str, data: Path) -> None:
        self.name, self.workers, self.gigabytes = name, workers, gigabytes
        command = [python, str(_FOLDER / "seat.py"), name, str(workers), str(gigabytes), str(data)]
        path = os.pathsep.join([str(_FOLDER.parent), str(_FOLDER.parent.parent), os.environ.get("PYTHONPATH", "")])
        self.scratch = tempfile.TemporaryDirectory(prefix="seat-", ignore_cleanup_errors=True)  # peers leave folders
        environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": self.scratch.name, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        answer = self._read()
        if "error" in answer:
            self.close()
            raise RuntimeError(answer["error"])

    def run(self, kind: str, task_id: str, completions: list[str]) -> Heat:
        """Lets the contestant judge; ``kind`` is ``"all"`` (together) or ``"each"`` (one after the other)."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps([kind, task_id, completions]) + "\n")
        self.process.stdin.flush()
        answer = self._read()
        return Heat(seconds=answer["seconds"], cpu_seconds=answer["cpu_seconds"], passed=tuple(answer["passed"]))

    def close(self) -> None:
        """Ends the contestant."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.scratch.cleanup()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} died with exit code {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _cpu_seconds() -> float:
    """CPU seconds of this process, of all that it started, and of those of them that have been waited for."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has just ended
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
                ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(ticks[pid] for pid in ours if pid in ticks) / os.sysconf("SC_CLK_TCK")


def serve(name: str, workers: int, gigabytes: float, data: Path) -> None:
    """The contestant's side."""
    from judging.contestants import CONTESTANTS, MissingPeerError, become_heavy
    from judging.task import load_tasks

    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a contestant prints is not an answer

    def say(answer: dict[str, Any]) -> None:
        out.write(json.dumps(answer) + "\n")
        out.flush()

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:workers])  # else one worker gets help from two cores
    heap = become_heavy(gigabytes)
    try:
        contestant = CONTESTANTS[name](workers, data)
    except (MissingPeerError, ImportError) as error:
        say({"error": f"{name} is not to be had here: {error}"})
        return
    tasks = {task.task_id: task for task in load_tasks(data)}
    contestant.judge_all(next(iter(tasks.values())), [next(iter(tasks.values())).canonical] * 2 * workers)
    say({"ready": name})
    for line in sys.stdin:
        kind, task_id, completions = json.loads(line)
        start, cpu_before = time.perf_counter(), _cpu_seconds()
        if kind == "all":
            passed = contestant.judge_all(tasks[task_id], completions)
        else:
            passed = [contestant.judge_one(tasks[task_id], completion) for completion in completions]
        seconds, cpu = time.perf_counter() - start, _cpu_seconds() - cpu_before
        say({"seconds": seconds, "cpu_seconds": cpu, "passed": passed})
    contestant.close()
    del heap


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _FOLDER]
    serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
