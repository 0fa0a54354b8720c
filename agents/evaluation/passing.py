"""The programs of a run that passed."""

from __future__ import annotations

from agents.evaluation.judged_program import JudgedProgram


class Passing(dict[str, list[str]]):
    """Completions that passed every test, by task, in the order in which they were written."""

    def note(self, program: JudgedProgram) -> None:
        """Adds a program if it passed and nothing came after it in its episode."""
        if program.is_success and program.is_final:
            self.setdefault(program.task_id, []).append(program.completion)
