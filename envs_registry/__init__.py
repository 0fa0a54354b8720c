"""Which problems exist: suites by name, and a Gymnasium id for each.

Importing it registers ``codegym/<suite>-v0`` for every suite of the catalogue: ``gym.make("codegym/humaneval-v0")`` is
``gym.make("CodeSynthesis-v0", suite="humaneval")``.
"""

from __future__ import annotations

import gymnasium as gym

from envs_registry.catalogue import CATALOGUE, list_suites
from envs_registry.loading import load_suite
from envs_registry.suite import Suite

__all__ = ["Suite", "list_suites", "load_suite"]

for _name, _entry in CATALOGUE.items():
    # A suite without splits of its own is a file of the user's: it has no problems that an id could name.
    if _entry.splits:
        gym.register(
            id=f"codegym/{_name}-v0",
            entry_point="envs_registry.factory:make_env",
            vector_entry_point="envs_registry.factory:make_vec_env",
            kwargs={"suite": _name},
        )
