"""The family ``classics``: problems written by hand, which are no compositions of parts."""

from envs_registry.suites.core.classics.arithmetic import ARITHMETIC
from envs_registry.suites.core.classics.sequences import SEQUENCES
from envs_registry.suites.core.classics.texts import TEXTS

__all__ = ["CLASSICS"]

CLASSICS = (*ARITHMETIC, *SEQUENCES, *TEXTS)
