"""An earlier evaluation that later ones are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agents.evaluation.evaluation import Evaluation
from agents.evaluation.folder import EvaluationFolder, part_name
from agents.evaluation.passing import Passing
from codegym.errors import InvalidSettingError


@dataclass(frozen=True)
class Baseline:
    """What ``codegym evaluate --out`` wrote at another time."""

    folder: EvaluationFolder
    evaluations: tuple[Evaluation, ...]

    @classmethod
    def read(cls, path: Path, suites: Sequence[str]) -> Self:
        """Reads it.

        Args:
            path: The folder.
            suites: What will be held against it.

        Raises:
            DataError: If the folder holds no finished evaluation.
            InvalidSettingError: If it has nothing of one of the suites.
        """
        folder = EvaluationFolder(path)
        baseline = cls(folder, tuple(folder.evaluations()))
        known = sorted({evaluation.suite for evaluation in baseline.evaluations})
        missing = [suite for suite in suites if suite not in known]
        if missing:
            raise InvalidSettingError(
                f"the baseline has no evaluation to hold {missing[0]!r} against: it has {', '.join(known)}."
            )
        return baseline

    def earlier(self, after: Evaluation) -> Evaluation:
        """Returns what to hold an evaluation against: of the same suite and, after a sweep, the same temperature.

        Raises:
            InvalidSettingError: If there is none of this temperature.
        """
        found = self._of_suite(after.suite)
        if len(found) > 1:
            temperature = after.setting.get("temperature")
            found = [evaluation for evaluation in found if evaluation.setting.get("temperature") == temperature]
        if not found:
            known = ", ".join(str(one.setting.get("temperature")) for one in self._of_suite(after.suite))
            raise InvalidSettingError(
                f"the baseline has no evaluation to hold {after.suite!r} (temperature {temperature}) against: it has "
                f"the temperatures {known}."
            )
        return found[0]

    def passing(self, evaluation: Evaluation) -> Passing:
        """Returns the programs of one of its evaluations that passed; none if their file is not there."""
        is_sweep = len(self._of_suite(evaluation.suite)) > 1
        return self.folder.passing(part_name(evaluation.suite, evaluation.setting, is_sweep))

    def _of_suite(self, suite: str) -> list[Evaluation]:
        return [evaluation for evaluation in self.evaluations if evaluation.suite == suite]
