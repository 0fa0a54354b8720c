"""The family ``classics``: problems written by hand, which are no compositions of parts."""

from tools.core_suite.classics.arithmetic import ARITHMETIC
from tools.core_suite.classics.sequences import SEQUENCES
from tools.core_suite.classics.texts import TEXTS

__all__ = ["CLASSICS"]

CLASSICS = (*ARITHMETIC, *SEQUENCES, *TEXTS)
