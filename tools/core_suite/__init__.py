"""The maker of the embedded suite ``core``: small problems made of parts, with splits disjoint by composition.

The package ships the rows (``envs_registry/suites/data/core``). ``python -m tools.core_suite`` makes them anew.
"""

from envs_registry.suites.core import SPLITS, Exercise, exercises
from tools.core_suite.corruption import Corruption, corrupt
from tools.core_suite.draft import Draft
from tools.core_suite.generation import FAMILIES, generate
from tools.core_suite.rows import drafts

__all__ = ["FAMILIES", "SPLITS", "Corruption", "Draft", "Exercise", "corrupt", "drafts", "exercises", "generate"]
