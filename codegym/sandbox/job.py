"""What the sandbox is asked to run: a program and the actions to try on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from codegym.errors import InvalidProblemError
from codegym.sandbox.execution import Observation
from codegym.sandbox.guest.arguments import pack_arguments
from codegym.sandbox.guest.refusal import CannotCross, TooLarge
from codegym.sandbox.limits import Limits


@dataclass(frozen=True, kw_only=True)
class CallAction:
    """Call the entry point with these arguments; the observation carries the value and the changed arguments."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] | None = None

    @cached_property
    def payload(self) -> bytes:
        """The arguments, packed.

        Raises:
            InvalidProblemError: If they are not data.
        """
        try:
            return pack_arguments(self.args, self.kwargs or {})
        except (CannotCross, TooLarge, RecursionError, ValueError) as error:
            # The caller made the test: the message is for them, not for the program's author.
            other = str(error) if isinstance(error, TooLarge) else "something nested deeper"
            got = f"a {error.type_name}" if isinstance(error, CannotCross) else other
            raise InvalidProblemError(
                f"The arguments of a CallTest must be data (numbers, texts, collections, at most a hundred deep), "
                f"got {got}. Use a ScriptTest, whose code builds the object."
            ) from None


@dataclass(frozen=True, kw_only=True)
class RunAction:
    """Run the program as ``__main__`` in a fresh process with this text on its standard input."""

    stdin: str = ""

    @cached_property
    def payload(self) -> bytes:
        """The text as bytes.

        Raises:
            InvalidProblemError: If it is no text that a file could hold.
        """
        try:
            return self.stdin.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise InvalidProblemError(f"The stdin of a StdioTest must be encodable as UTF-8: {error}.") from None


@dataclass(frozen=True, kw_only=True)
class ScriptAction:
    """Run a test script in a *second* process, where the entry point is a proxy that calls the program's process."""

    source: str


Action: TypeAlias = CallAction | RunAction | ScriptAction


@dataclass(frozen=True, kw_only=True)
class Job:
    """One program and all that is to be tried on it. Expected values are not in here: they never enter the sandbox.

    Args:
        source: The program's text; lines and columns in the execution refer to it.
        actions: What to try, in order; all are tried, also after a crash or a timeout. Without any, the program is
            loaded, and the execution has one observation of that.
        entry_point: The name (or expression, ``Solution().solve``) that calls and scripts mean, if any.
        context: Code that the *problem* gives (imports, helpers). It runs before the program in the same namespace and
            in the script's process, under a file name of its own, so that it shifts no line.
        script_context: More code of the problem, for the script's process only: there the names that a script takes
            from the problem are the problem's, whatever the program made of them.
        limits: What the program may use up.
        shown_actions: How many actions, from the first, have outcomes that the agent may see: each is handed over
            alone, and the others only when all these are decided.
        settle: Makes of each observation, named by its action's index, what is kept of it, as soon as it is made:
            answers are compared and dropped as they arrive, or those of a whole batch would lie in memory. None keeps
            all.
        stop_early: Try no more actions after the first whose observation ``settle`` does not accept.
        one_process: Run scripts inside the program's own process, for tests that inspect what cannot cross. Forgeable
            in principle; the execution says so.
        opaque_results: Scripts may call, index and set what the program returns where that is not data. Their arguments
            then reach the program; the execution says so.
    """

    source: str
    actions: tuple[Action, ...]
    entry_point: str | None = None
    context: str = ""
    script_context: str = ""
    limits: Limits = Limits()
    one_process: bool = False
    opaque_results: bool = False
    shown_actions: int = 0
    stop_early: bool = False
    settle: Callable[[int, Observation], Observation] | None = None
