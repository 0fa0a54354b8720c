"""The recipes of the small models: everything that their weights depend on, apart from the suite ``core``."""

from __future__ import annotations

from dataclasses import dataclass

from agents.policy.prompt_template import PromptTemplate

TEMPLATE = PromptTemplate(
    program="{prompt}\n# program\n", tests="{prompt}\n# tests\n", repair="{prompt}\n# wrong\n{feedback}\n# program\n"
)
"""The prompts of small models: the task comes last, so that the prompt before it is the same for all three."""


@dataclass(frozen=True, kw_only=True)
class ModelRecipe:
    """A small Llama with a byte-level BPE and its training. The lessons fix the number of steps, not the time."""

    name: str
    """Name of the model."""
    seed: int = 0
    difficulties: tuple[str, ...] = ("easy", "medium", "hard", "expert")
    """Difficulties of the problems that it learns from."""
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


RECIPES = {
    "tiny": ModelRecipe(name="tiny"),
    "nano": ModelRecipe(
        name="nano",
        difficulties=("easy", "medium"),
        vocabulary=1024,
        hidden=96,
        feed_forward=288,
        layers=3,
        programs=5_000,
        tests=100,
        repairs=100,
        corrupted=0.05,
        learning_rate=6e-3,
        processes=1,
    ),
}
"""``tiny`` is for the demo and the studies; ``nano``, smaller and much worse, is for tests and examples."""
