"""The ``codegym`` command: a table of commands, each a frozen dataclass whose fields are its options."""

from __future__ import annotations

import errno
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

from agents.commands.extras import missing_extra
from agents.commands.settings import HasPreset, base_settings, refuse_old_options
from agents.commands.terminal import BAD_INPUT, GOOD, INTERRUPTED, MACHINE_FAILED, note, say
from agents.engines.out_of_memory import is_out_of_memory
from agents.progress import without_third_party_bars
from codegym.errors import CodegymError, InfrastructureError, InvalidSettingError, IsolationError, UnknownNameError

RENAMED = {"seeds": "corpus"}
"""New names of commands by their old ones."""
_HELP = frozenset({"-h", "--help", "help"})
# What the operating system says when the machine, not the path, is to blame.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class Runnable(Protocol):
    """What a command's dataclass offers."""

    def run(self) -> int:
        """Does the work and returns the exit code."""


@dataclass(frozen=True)
class Command:
    """A row of the table: where a command lives (imported only when it is asked for) and what it does."""

    target: str
    summary: str


# Strings instead of classes: a command's module, and what it imports, loads only when that command is called.
COMMANDS: dict[str, Command] = {
    "demo": Command("agents.commands.demo:Demo", "warm up a tiny model, train it with RLTF, show what it learned"),
    "train rltf": Command("agents.commands.train_rltf:TrainRLTF", "learn online from unit-test feedback"),
    "train codedpo": Command(
        "agents.commands.train_codedpo:TrainCodeDPO", "learn offline from programs ranked by tests"
    ),
    "evaluate": Command("agents.commands.evaluate:Evaluate", "pass@k of a model or a samples file, with intervals"),
    "report": Command("agents.commands.report:WriteReport", "runs and evaluations as one HTML page to look at"),
    "corpus": Command("agents.commands.corpus:Corpus", "make tasks out of any folder of Python code"),
    "sample": Command("agents.commands.sample:SampleTasks", "let a model write programs and tests for a suite"),
    "rank": Command("agents.commands.rank:Rank", "score programs and generated tests by each other, make pairs"),
    "judge": Command("agents.commands.judge:JudgeFile", "judge one program and underline what is wrong"),
    "suites list": Command("agents.commands.suites:ListSuites", "the suites that exist"),
    "suites show": Command("agents.commands.suites:ShowSuite", "one suite, or one of its problems"),
    "suites check": Command("agents.commands.suite_check:CheckSuites", "judge reference solutions and empty programs"),
    "suites stats": Command("agents.commands.suites:SuiteStatistics", "sizes, tests, difficulties, contamination"),
    "suites strengthen": Command("agents.commands.suite_strengthening:StrengthenSuite", "add tests that kill mutants"),
    "doctor": Command("agents.commands.doctor:Doctor", "what this machine offers, what is missing, what to do"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs ``codegym`` with these arguments (the process's own without any) and returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        say(f"codegym {version('codegym')}")
        return GOOD
    if table := _table_to_print(arguments):
        say(usage(table))
        return GOOD if _HELP.intersection(arguments[:2]) else BAD_INPUT
    try:
        name, rest = find_command(arguments)
        # Before the command is imported: libraries read their switches once, when they are imported themselves.
        with without_third_party_bars() if "--json" in rest else nullcontext():
            return parse(name, rest).run()
    except KeyboardInterrupt:
        note("codegym: interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader went away (`codegym ... | head`): nobody is left to be told
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    except Exception as error:
        said: Exception = missing_extra(error) or error
        if is_out_of_memory(error):
            said = InfrastructureError(f"out of memory: take fewer programs or tokens, or a smaller model. {error}")
        if not isinstance(said, CodegymError | OSError):  # a defect of ours: its trace is what tells of it
            raise
        return complain(said, arguments, exit_code(said))


def exit_code(error: CodegymError | OSError) -> int:
    """Returns who is to blame: the machine, or the input (a path that cannot be used, wherever a command meets it)."""
    full = isinstance(error, OSError) and error.errno in _FULL
    return MACHINE_FAILED if full or isinstance(error, InfrastructureError | IsolationError) else BAD_INPUT


def family_of(word: str) -> dict[str, Command]:
    """Returns the commands that begin with a word and have a second one (``suites list``, ``suites show``, ...)."""
    return {name: command for name, command in COMMANDS.items() if name.startswith(f"{word} ")}


def usage(commands: Mapping[str, Command] | None = None) -> str:
    """Returns the table of all commands, or of some, as text."""
    commands = COMMANDS if commands is None else commands
    width = max(map(len, commands))
    rows = [f"  codegym {name:<{width}}  {command.summary}" for name, command in commands.items()]
    return "\n".join(
        [
            "usage: codegym COMMAND [OPTIONS]",
            "",
            *rows,
            "",
            "codegym COMMAND --help lists a command's options; codegym --version says which version this is.",
            "Exit codes: 0 all is well, 1 the answer is no, 2 bad input, 3 the machine failed, 130 interrupted.",
        ]
    )


def find_command(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Splits the arguments into a command's name and what is left for it.

    Raises:
        UnknownNameError: If no command begins the arguments.
        InvalidSettingError: If the command has another name now.
    """
    # Two words first: `train rltf` is a command, and `train` alone is none.
    for length in (2, 1):
        name = " ".join(arguments[:length])
        if name in COMMANDS:
            return name, list(arguments[length:])
    if arguments[0] in RENAMED:
        raise InvalidSettingError(f"the command {arguments[0]} was renamed to {RENAMED[arguments[0]]}.")
    if family := family_of(arguments[0]):
        rest = arguments[1] if len(arguments) > 1 and not arguments[1].startswith("-") else ""
        raise UnknownNameError("command", f"{arguments[0]} {rest}".strip(), family)
    raise UnknownNameError("command", arguments[0], COMMANDS)


def parse(name: str, arguments: Sequence[str]) -> Runnable:
    """Makes the command's record from its arguments.

    Raises:
        DataError, UnknownNameError, InvalidSettingError: If a file with settings to begin from is no good.
    """
    import tyro

    module, _, attribute = COMMANDS[name].target.partition(":")
    command: type[Runnable] = getattr(importlib.import_module(module), attribute)
    # tyro would only say that it does not know the option, and name others that look like it.
    refuse_old_options(command, arguments)
    if not issubclass(command, HasPreset):
        return tyro.cli(command, prog=f"codegym {name}", args=list(arguments))
    return tyro.cli(command, prog=f"codegym {name}", args=list(arguments), default=base_settings(command, arguments))


def complain(error: CodegymError | OSError, arguments: Sequence[str], code: int) -> int:
    """Says what went wrong on standard error, as JSON when that was asked for, and returns the exit code."""
    message = str(error)
    if isinstance(error, OSError) and error.filename is not None:
        message = f"{error.filename}: {error.strerror}. Name a path that can be used, or mend this one."
    if "--json" in arguments:
        note(json.dumps({"error": type(error).__name__, "message": message}))
    else:
        note(f"codegym: {message}")
    return code


def _table_to_print(arguments: Sequence[str]) -> Mapping[str, Command]:
    """The commands to print instead of running one: all, or a family that is named alone; none otherwise."""
    if not arguments or arguments[0] in _HELP:
        return COMMANDS
    return family_of(arguments[0]) if _HELP.issuperset(arguments[1:2]) else {}


if __name__ == "__main__":
    sys.exit(main())
