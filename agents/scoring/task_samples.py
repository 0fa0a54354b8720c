"""The programs and tests that were written for one task, and the files that hold them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agents.scoring.asserts import Assertions, cut_asserts, opening_of
from codegym import json_lines
from codegym.errors import DataError
from codegym.extraction import defined_names, parsed
from codegym.problem import Problem, ScriptTest
from codegym.sandbox.limits import Limits


@dataclass(frozen=True, kw_only=True)
class TaskSamples:
    """All that policies wrote for one task."""

    task_id: str
    prompt: str
    """The prompt of the programs; a pair's prompt."""
    completions: tuple[str, ...]
    """Programs, as they were written."""
    test_texts: tuple[str, ...] = ()
    """Tests, as they were written."""
    test_opening: str = ""
    """What each of the test texts continues: ``"assert "`` if the prompt for tests ended so."""
    entry_point: str | None = None
    starter_code: str = ""
    """Code that a bare function body continues, as in :class:`codegym.Problem`."""
    context: str = ""
    """Code that runs before the program, as in :class:`codegym.Problem`."""
    labels: tuple[bool, ...] = ()
    """Whether each program is right, where somebody has measured it; never used to rank."""
    source: str = ""
    """Writer of the programs: a policy and its version, or a file."""

    def asserts(self) -> Assertions:
        """Returns the tests as single asserts; none without an entry point."""
        if not self.entry_point:
            return Assertions(())
        trees = parsed(self.context), parsed(f"{self.starter_code}\n    pass\n")
        names = frozenset().union(*map(defined_names, trees))
        return cut_asserts(self.test_texts, self.entry_point, opening=self.test_opening, known_names=names)

    def problem(self, tests: tuple[str, ...], limits: Limits | None = None) -> Problem:
        """Returns the task as a problem with these asserts as its tests."""
        return Problem(
            task_id=self.task_id,
            prompt=self.prompt,
            tests=tuple(ScriptTest(source=test) for test in tests),
            entry_point=self.entry_point,
            starter_code=self.starter_code,
            context=self.context,
            limits=limits,
        )

    def to_row(self) -> dict[str, Any]:
        """Returns it as plain data, as :func:`task_samples_of` reads it."""
        return asdict(self)


@dataclass(frozen=True)
class SamplesFile:
    """What a samples file holds."""

    tasks: tuple[TaskSamples, ...]
    skipped: tuple[str, ...]
    """What was wrong with each line that was left out, with its location."""


def read_task_samples(path: str | Path, tests: str | Path | None = None) -> SamplesFile:
    """Reads a samples file: JSON lines (also gzipped) in this project's format or in CodeT's.

    A line of CodeT's has ``prompt``, ``solutions`` and ``generated_tests``, and perhaps ``test_prompt``, ``task_id``,
    ``entry_point`` and ``labels``. CodeT's own release has programs and tests in two files, each of lines with
    ``prompt`` and ``samples``. Lines with missing or malformed fields are left out and named.

    Lines of the same task are put together.

    Args:
        path: The samples file.
        tests: The second file, of tests, where there are two.

    Raises:
        DataError: If a file cannot be read, or no line of it can be used.
    """
    tasks: list[TaskSamples] = []
    skipped: list[str] = []
    written = {} if tests is None else _tests_by_prompt(tests, skipped)
    for location, row in _rows(path, skipped):
        try:
            tasks.append(task_samples_of(row if tests is None else _joined(row, written), str(path)))
        except DataError as error:
            skipped.append(f"{location}: {error}")
    if not tasks:
        raise DataError(f"{path} holds no samples that can be used; {skipped[0] if skipped else 'it is empty'}")
    return SamplesFile(tuple(_by_task(tasks)), tuple(skipped))


def _by_task(tasks: list[TaskSamples]) -> Iterator[TaskSamples]:
    # Equal names are not enough: two samplings of one task with different prompts are two tasks.
    same: dict[Any, list[TaskSamples]] = {}
    for task in tasks:
        setting = (task.task_id, task.prompt, task.test_opening, task.entry_point, task.starter_code, task.context)
        same.setdefault(setting, []).append(task)
    for own in same.values():
        # Labels of a part would belong to the wrong programs.
        are_labelled = all(len(task.labels) == len(task.completions) for task in own)
        yield replace(
            own[0],
            completions=tuple(text for task in own for text in task.completions),
            test_texts=tuple(text for task in own for text in task.test_texts),
            labels=tuple(label for task in own for label in task.labels) if are_labelled else (),
            source=", ".join(dict.fromkeys(task.source for task in own)),
        )


def _tests_by_prompt(path: str | Path, skipped: list[str]) -> dict[str, tuple[str, ...]]:
    found = {}
    for location, row in _rows(path, skipped):
        try:
            found[_text(row, "prompt")] = _texts(row, "samples")
        except DataError as error:
            skipped.append(f"{location}: {error}")
    return found


def _rows(path: str | Path, skipped: list[str]) -> Iterator[tuple[str, json_lines.JSONObject]]:
    """Yields location and object of the sound lines; a bad line is data, but a file that cannot be read is an error."""
    for number, line in json_lines.lines(path, "samples"):
        location = json_lines.location(path, number)
        try:
            row = json_lines.parse(line, location)
        except DataError as error:
            skipped.append(str(error))
        else:
            yield location, row


def _joined(row: Any, tests: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A line of programs with the tests whose prompt goes on from its own."""
    prompt = _text(row, "prompt")
    # CodeT's prompts for tests go on from those for programs, which are their only common name.
    own = next((other for other in tests if other.startswith(prompt)), None)
    if own is None:
        raise DataError("the file of tests has no line whose prompt begins with this one's.")
    return {**row, "solutions": list(_texts(row, "samples")), "generated_tests": tests[own], "test_prompt": own}


def task_samples_of(row: Any, source: str = "") -> TaskSamples:
    """Makes the record from a row of a samples file.

    Raises:
        DataError: If a field is missing or of another type.
    """
    if not isinstance(row, Mapping):
        raise DataError(f"expected a JSON object, got a {type(row).__name__}.")
    if "solutions" in row or "generated_tests" in row:
        return _of_codet(row, source)
    values: dict[str, Any] = {name: _text(row, name) for name in ("task_id", "prompt")}
    for name in ("test_opening", "starter_code", "context", "source"):
        values[name] = _text(row, name, "")
    values["entry_point"] = _text(row, "entry_point") if row.get("entry_point") is not None else None
    values["source"] = values["source"] or source
    completions = _texts(row, "completions")
    labels = _labels(row, len(completions))
    return TaskSamples(**values, completions=completions, test_texts=_texts(row, "test_texts"), labels=labels)


def _of_codet(row: Mapping[str, Any], source: str) -> TaskSamples:
    prompt = _text(row, "prompt")
    entry_point = _text(row, "entry_point", _last_function(prompt))
    if not entry_point:
        raise DataError("entry_point is missing, and the prompt does not end in a function's head.")
    completions = _texts(row, "solutions")
    return TaskSamples(
        task_id=_text(row, "task_id", entry_point),
        prompt=prompt,
        completions=completions,
        test_texts=_texts(row, "generated_tests"),
        test_opening=opening_of(_text(row, "test_prompt", "assert ")),
        entry_point=entry_point,
        starter_code=prompt,
        labels=_labels(row, len(completions)),
        source=source,
    )


def _last_function(prompt: str) -> str:
    try:
        body = ast.parse(prompt + "\n    pass\n").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return next((node.name for node in reversed(body) if isinstance(node, ast.FunctionDef)), "")


def _text(row: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if not isinstance(value, str):
        got = "nothing" if value is None else type(value).__name__
        raise DataError(f"{name} must be a text, got {got}.")
    return value


def _texts(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise DataError(f"{name} must be a list of texts, got {'nothing' if value is None else type(value).__name__}.")
    return tuple(value)


def _labels(row: Mapping[str, Any], number: int) -> tuple[bool, ...]:
    value = row.get("labels") or []
    if not isinstance(value, list | tuple) or len(value) not in (0, number):
        raise DataError(f"labels must be a list with one label for each of the {number} programs.")
    return tuple(label is True or label == "pass" for label in value)
