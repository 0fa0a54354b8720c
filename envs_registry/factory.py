"""From the arguments of ``gym.make`` to an environment: resolves a suite's name, and hands the rest on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from codegym.env import CodeSynthesisEnv
from codegym.errors import UnknownNameError
from codegym.problem import Problem
from codegym.sandbox.limits import Limits
from codegym.vector import CodeSynthesisVectorEnv
from envs_registry.catalogue import entry_of
from envs_registry.loading import load_suite, names_a_file, options_of

F = TypeVar("F", bound=Callable[..., Any])

_ENV_ARGUMENTS = ("max_turns", "reward", "judge", "limits", "isolation", "workers", "render_mode")
_VECTOR_ARGUMENTS = (*_ENV_ARGUMENTS, "num_envs", "autoreset_mode", "max_episode_steps")
_SUITE_ARGUMENTS = ("suite", "split", "data_dir")


def _with_metadata(function: F) -> F:
    """Gives an entry point the environment's metadata: without it ``gym.make`` does not check the render mode."""
    function.metadata = CodeSynthesisEnv.metadata  # type: ignore[attr-defined]  # Gymnasium reads it from functions too
    return function


# gym.make reads the metadata of an entry point before it calls it.
@_with_metadata
def make_env(
    suite: str | Sequence[Problem] = "core",
    split: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    **arguments: Any,
) -> CodeSynthesisEnv:
    """Makes the environment of a suite; the entry point of ``CodeSynthesis-v0``.

    Args:
        suite: A name of ``envs_registry.list_suites()``, the path of a JSONL file, or a sequence of ``Problem``.
        split: One of the suite's splits; None takes its default.
        data_dir: Folder with the suite's files, see ``envs_registry.load_suite``.
        **arguments: Those of ``CodeSynthesisEnv`` (``max_turns``, ``reward``, ``judge``, ``limits``, ``isolation``,
            ``workers``, ``render_mode``), and options of the suite's loader.

    Raises:
        UnknownNameError: If there is no such suite, split, argument or option.
        DataError: If the suite's data is missing or malformed.
    """
    options, arguments = _sorted_out(suite, arguments, _ENV_ARGUMENTS)
    return CodeSynthesisEnv(_problems(suite, split, data_dir, options), **arguments)


@_with_metadata
def make_vec_env(
    num_envs: int = 1,
    suite: str | Sequence[Problem] = "core",
    split: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    **arguments: Any,
) -> CodeSynthesisVectorEnv:
    """Makes the batch environment of a suite; the vector entry point of ``CodeSynthesis-v0``.

    Args:
        num_envs: How many episodes run side by side.
        suite: Name, path or problems, see ``make_env`` (also for what is raised).
        split: Name of a split, see ``make_env``.
        data_dir: Folder with the suite's files, see ``make_env``.
        **arguments: Those of ``CodeSynthesisVectorEnv``, and options of the suite's loader.
    """
    options, arguments = _sorted_out(suite, arguments, _VECTOR_ARGUMENTS)
    return CodeSynthesisVectorEnv(_problems(suite, split, data_dir, options), num_envs, **arguments)


def _sorted_out(
    suite: str | Sequence[Problem], arguments: dict[str, Any], known: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits arguments into options of the suite's loader and arguments of the environment."""
    offered = (*options_of(entry_of("jsonl" if names_a_file(suite) else suite)),) if isinstance(suite, str) else ()
    # Checked here, where both tables are known, so that a misspelt name is compared with all that exist.
    for name in arguments:
        if name not in known and name not in offered:
            raise UnknownNameError("argument", name, (*_SUITE_ARGUMENTS, *known, *offered))
    options = {name: value for name, value in arguments.items() if name in offered}
    ours = {name: value for name, value in arguments.items() if name in known}
    if isinstance(ours.get("limits"), Mapping):  # what the JSON of an EnvSpec makes of a Limits
        ours["limits"] = Limits(**ours["limits"])
    return options, ours


def _problems(
    suite: str | Sequence[Problem], split: str | None, data_dir: str | os.PathLike[str] | None, options: dict[str, Any]
) -> Sequence[Problem]:
    if isinstance(suite, str):
        return load_suite(suite, split, data_dir, **options)
    if split is not None or data_dir is not None:
        raise ValueError(
            "split and data_dir choose among the data of a suite that has a name; problems that are handed in "
            "are used as they are. Leave both out, or load that split first: load_suite(name, split=...)."
        )
    return suite
