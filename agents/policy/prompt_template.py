"""The three tasks of a code model, and the prompt text of each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from codegym.atomic_file import atomic_file
from codegym.errors import DataError

FILE_NAME = "prompt_template.json"


class Task(StrEnum):
    """What the model shall write."""

    PROGRAM = "program"
    TESTS = "tests"
    REPAIR = "repair"


@dataclass(frozen=True, kw_only=True)
class PromptTemplate:
    """One text for each task, with the fields ``{prompt}`` and ``{feedback}``; any other brace is doubled.

    Raises:
        DataError: If a text has another field, or lacks ``{prompt}``.
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
                # With the zero byte a filled field differs from the same word in the text.
                shown = pattern.format(prompt="\0prompt", feedback="\0feedback")
            except (LookupError, ValueError) as error:
                raise DataError(
                    f"prompt template {task!s}: expected no fields but {{prompt}} and {{feedback}}, and all other "
                    f"braces doubled: {error}."
                ) from error
            if "\0prompt" not in shown:
                raise DataError(f"prompt template {task!s}: the field {{prompt}} is missing.")

    def text(self, task: Task, prompt: str, feedback: str = "") -> str:
        """Returns the text for a task.

        Args:
            task: What the model shall write.
            prompt: The problem's prompt.
            feedback: The last turn's feedback, for ``Task.REPAIR``.
        """
        pattern: str = getattr(self, task)
        return pattern.format(prompt=prompt, feedback=feedback)

    def save(self, folder: Path) -> None:
        """Writes the template into a model's folder, where ``load`` finds it."""
        with atomic_file(folder / FILE_NAME) as file:
            json.dump(asdict(self), file, indent=1)

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
"""Template for models without instruction tuning, which continue a text."""

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
"""Template for instruction-tuned models: the text becomes the user's turn in the tokenizer's chat template."""
