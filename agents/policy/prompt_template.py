"""The three things a code model is asked for, and the words in which it is asked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from codegym.errors import DataError

FILE_NAME = "prompt_template.json"


class Task(StrEnum):
    """What the model is asked to write."""

    PROGRAM = "program"
    TESTS = "tests"
    REPAIR = "repair"


@dataclass(frozen=True, kw_only=True)
class PromptTemplate:
    """One text for each task, with the places ``{prompt}`` and ``{feedback}`` in it (braces doubled elsewhere).

    Raises:
        DataError: If a text has another place in it, or lacks ``{prompt}``.
    """

    program: str
    """Asks for a program that solves ``{prompt}``."""
    tests: str
    """Asks for tests of a program that would solve ``{prompt}``."""
    repair: str
    """Asks for a better program; ``{feedback}`` holds the last program and what was wrong with it."""

    def __post_init__(self) -> None:
        for task in Task:
            pattern = getattr(self, task)
            try:
                shown = pattern.format(prompt="\0prompt", feedback="\0feedback")
            except (LookupError, ValueError) as error:
                raise DataError(
                    f"prompt template {task!s}: only {{prompt}} and {{feedback}} may stand in it: {error}."
                ) from error
            if "\0prompt" not in shown:
                raise DataError(f"prompt template {task!s}: {{prompt}} is missing.")

    def text(self, task: Task, prompt: str, feedback: str = "") -> str:
        """Returns what the model is told.

        Args:
            task: What to write.
            prompt: The problem's prompt.
            feedback: The last turn's feedback, for ``Task.REPAIR``.
        """
        pattern: str = getattr(self, task)
        return pattern.format(prompt=prompt, feedback=feedback)

    def save(self, folder: Path) -> None:
        """Writes it beside a model's files, where ``load`` finds it."""
        (folder / FILE_NAME).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PromptTemplate | None:
        """Returns the template that was saved in this folder, None if there is none.

        Raises:
            DataError: If the file is not a template.
        """
        file = folder / FILE_NAME
        if not file.is_file():
            return None
        names = sorted(f.name for f in fields(cls))
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{file}: not JSON: {error}.") from error
        if not isinstance(data, dict) or sorted(data) != names or not all(isinstance(v, str) for v in data.values()):
            raise DataError(f"{file}: expected an object with the texts {', '.join(names)}.")
        return cls(**data)


PLAIN = PromptTemplate(
    program="{prompt}",
    tests="{prompt}\n\n# Assert statements that test the function above:\n",
    repair="{prompt}\n\n{feedback}\n\n# The corrected program:\n",
)
"""For models without instruction tuning: they continue a text."""

CHAT = PromptTemplate(
    program="Solve this task in Python. Answer with one code block that holds the whole program.\n\n{prompt}",
    tests=(
        "Write Python assert statements that test a solution of this task, one a line. Answer with one code block that "
        "holds only the assert statements.\n\n{prompt}"
    ),
    repair=(
        "Solve this task in Python.\n\n{prompt}\n\nYour last answer was wrong.\n\n{feedback}\n\n"
        "Answer with one code block that holds the whole corrected program."
    ),
)
"""For instruction-tuned models: the text becomes the user's turn in the tokenizer's chat template."""
