"""Programs in, judged programs out: as they come, in order, each distinct one judged once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from agents.evaluation.judged_program import JudgedProgram
from agents.evaluation.samples import ProgramSample
from agents.scoring.problem_key import problem_key
from codegym import Judge, Problem
from codegym.feedback.feedback import Feedback
from codegym.program import Program
from codegym.store import Store, content_key

_PORTION = 64  # programs handed to the judge at a time
_AHEAD = 4  # portions that are with the judge while the next is written: one that hangs keeps no worker idle

_Key = tuple[str, str]
_Pending = list[tuple[Problem, ProgramSample]]


class JudgingLine:
    """Judges samples portion by portion, each while others are being written.

    Args:
        problems: By task id.
        judge: Judge of the samples.
        store: Verdicts of earlier runs, looked up and added to by content; None for none.
    """

    def __init__(self, problems: Mapping[str, Problem], judge: Judge, store: Store | None) -> None:
        self._problems, self._judge = problems, judge
        # Only a plain judge says what its verdicts depend on; those of one around it are not kept.
        settings = getattr(judge, "settings", None)
        self._judge_key = "" if settings is None else settings.verdict_key()
        self._store = store if self._judge_key else None
        self._judged: dict[_Key, JudgedProgram] = {}
        self._seen: set[_Key] = set()
        self._problem_keys: dict[str, str] = {}
        self.reused = 0
        """Programs whose verdict was in the store."""

    def judged(self, samples: Iterable[ProgramSample]) -> Iterator[JudgedProgram]:
        """Yields every sample with its verdict, in order."""
        remaining = iter(samples)
        waiting: deque[tuple[list[ProgramSample], _Pending, Future[list[Feedback]]]] = deque()
        with ThreadPoolExecutor(_AHEAD) as beside:
            while portion := list(islice(remaining, _PORTION)):
                pending = self._new(portion)
                pairs = [(problem, sample.completion) for problem, sample in pending]
                waiting.append((portion, pending, beside.submit(self._judge.judge_many, pairs)))
                # Results leave in order; a bound on those that wait keeps memory flat while a model writes.
                while len(waiting) > _AHEAD or (waiting and waiting[0][2].done()):
                    yield from self._finished(*waiting.popleft())
            while waiting:
                yield from self._finished(*waiting.popleft())

    def _new(self, portion: Sequence[ProgramSample]) -> _Pending:
        """The first of each distinct program that was not judged yet."""
        new = []
        for sample in portion:
            key = (sample.task_id, sample.completion)
            if key in self._seen:
                continue
            # Before the verdict is there: a duplicate in the next portion must not be judged a second time.
            self._seen.add(key)
            known = self._known(sample)
            if known is None:
                new.append((self._problems[sample.task_id], sample))
            else:
                self._judged[key] = known
                self.reused += 1
        return new

    def _finished(
        self, portion: Sequence[ProgramSample], pending: _Pending, feedback: Future[list[Feedback]]
    ) -> Iterator[JudgedProgram]:
        new = [JudgedProgram.of(sample, found) for (_, sample), found in zip(pending, feedback.result(), strict=True)]
        self._judged |= {(program.task_id, program.completion): program for program in new}
        if self._store is not None:
            # A machine's failure is no verdict: it is judged again the next time.
            kept = [program for program in new if program.has_verdict]
            self._store.put({self._content_key(program.task_id, program.completion): _row(program) for program in kept})
        for sample in portion:
            program = self._judged[sample.task_id, sample.completion]
            # Equal programs share a verdict, but not their index in an episode.
            yield replace(program, turn=sample.turn, is_final=sample.is_final)

    def _known(self, sample: ProgramSample) -> JudgedProgram | None:
        if self._store is None:
            return None
        row = self._store.get(self._content_key(sample.task_id, sample.completion))
        if row is None:
            return None
        # The store keeps no texts: the program is extracted again, which costs far less than a verdict.
        program = Program.from_completion(sample.completion, self._problems[sample.task_id])
        return JudgedProgram.from_row({**row, "completion": sample.completion, "solution": program.source})

    def _content_key(self, task_id: str, completion: str) -> str:
        if task_id not in self._problem_keys:
            self._problem_keys[task_id] = problem_key(self._problems[task_id])
        return content_key("verdict", self._judge_key, self._problem_keys[task_id], completion)


def _row(program: JudgedProgram) -> dict[str, object]:
    """What the store keeps: whoever looks a verdict up has the texts."""
    return {name: value for name, value in program.to_row().items() if name not in ("completion", "solution")}
