"""How a small model is made: everything that its weights depend on."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from agents.policy.prompt_template import PromptTemplate

TEMPLATE = PromptTemplate(
    program="{prompt}\n# program\n", tests="{prompt}\n# tests\n", repair="{prompt}\n# wrong\n{feedback}\n# program\n"
)
"""The words of small models: the task comes last, so that a prompt reads the same for all three."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A small Llama with a byte-level BPE and its warm start. The number of steps is fixed, not the time they take."""

    name: str
    """Of the folder it is kept in."""
    seed: int = 0
    difficulties: tuple[str, ...] = ("easy", "medium", "hard", "expert")
    """Of the problems that are learnt from."""
    vocabulary: int = 1536
    hidden: int = 128
    feed_forward: int = 384
    layers: int = 4
    heads: int = 4
    context: int = 1024
    """Most tokens of prompt and completion together."""
    programs: int = 40_000
    """Lessons that ask for a program."""
    tests: int = 800
    """Lessons that ask for tests."""
    repairs: int = 800
    """Lessons that show a wrong program with its feedback and ask for a right one."""
    corrupted: float = 0.2
    """Share of the programs in the answers that are wrong on purpose."""
    wrong_tests: float = 0.3
    """Share of the asserts in the answers that expect a wrong value."""
    batch_tokens: int = 256
    learning_rate: float = 5e-3
    warmup: float = 0.05
    """Share of the steps over which the learning rate rises; then it falls along a cosine."""
    weight_decay: float = 0.05
    processes: int = 2
    """Each computes the gradient of its own batch; a step takes the sum."""

    def key(self, made_by: Sequence[ModuleType]) -> str:
        """Returns the name under which the model is kept: its own, and a digest of what its weights depend on.

        Args:
            made_by: Packages whose source and data decide what is learnt; when they change, the model is made anew.
        """
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        for package in made_by:
            folder = Path(inspect.getfile(package)).parent
            for file in sorted(folder.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return f"{self.name}-{digest.hexdigest()[:16]}"
