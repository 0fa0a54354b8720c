"""An earlier evaluation that later ones are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from agents.evaluation.evaluation import Evaluation
from agents.evaluation.folder import EvaluationFolder, part_name
from agents.evaluation.judged_program import Passing
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
            path: The folder of the earlier evaluation.
            suites: Names of the suites that will be compared.

        Raises:
            DataError: If the folder holds no finished evaluation.
            InvalidSettingError: If it has nothing of one of the suites.
        """
        folder = EvaluationFolder(path)
        baseline = cls(folder, tuple(folder.evaluations()))
        # Checked before anything is judged: a suite without a counterpart would be found out hours later.
        known = sorted({evaluation.suite for evaluation in baseline.evaluations})
        missing = [suite for suite in suites if suite not in known]
        if missing:
            raise InvalidSettingError(
                f"the baseline has no evaluation of {missing[0]!r} to compare with: it has {', '.join(known)}."
            )
        return baseline

    def earlier(self, suite: str, setting: Mapping[str, Any]) -> Evaluation:
        """Returns the evaluation to compare with: of the same suite and, after a sweep, the same temperature.

        Args:
            suite: One of those that it was read for.
            setting: How the later programs are written.

        Raises:
            InvalidSettingError: If there is none of this temperature.
        """
        of_suite, temperature = self._of_suite(suite), setting.get("temperature")
        # A single evaluation is compared whatever its temperature; after a sweep only equal temperatures compare.
        found = [one for one in of_suite if len(of_suite) == 1 or one.setting.get("temperature") == temperature]
        if not found:
            known = ", ".join(str(one.setting.get("temperature")) for one in of_suite)
            raise InvalidSettingError(
                f"the baseline has no evaluation of {suite!r} (temperature {temperature}) to compare with: it has the "
                f"temperatures {known}."
            )
        return found[0]

    def passing(self, evaluation: Evaluation) -> Passing:
        """Returns the programs of one of its evaluations that passed; none if their file is not there.

        Raises:
            DataError: If the file is malformed.
        """
        is_sweep = len(self._of_suite(evaluation.suite)) > 1
        return self.folder.passing(part_name(evaluation.suite, evaluation.setting, is_sweep))

    def _of_suite(self, suite: str) -> list[Evaluation]:
        return [evaluation for evaluation in self.evaluations if evaluation.suite == suite]
