"""Corpus tasks described by a model: kept, cleaned, and never worse than the docstring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.codedpo.data.corpus_tasks import CorpusTask
from agents.codedpo.data.descriptions import cleaned, describe
from agents.engines.engine import Sample
from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy
from codegym.store import Store

TASKS = [
    CorpusTask(
        name=f"f{n}", head=f"def f{n}(x):", docstring="Doc.", source=f"def f{n}(x): ...", imports="", location="a:1"
    )
    for n in range(3)
]
SAID = "Given a number, return the number that comes after it, also when it is negative."


class Script:
    def __init__(self, policy: LMPolicy) -> None:
        self.policy = policy
        self.asked: list[str] = []

    def stream(
        self, prompts: Sequence[Any], sampling: Sampling, generator: torch.Generator
    ) -> Iterator[tuple[int, Sample]]:
        for place, prompt in enumerate(prompts):
            self.asked.append(self.policy.tokenizer.decode(prompt))
            text = "No." if "def f1" in self.asked[-1] else SAID
            ids = [*self.policy.tokenizer(text, add_special_tokens=False)["input_ids"], self.policy.end_ids[0]]
            yield place, Sample(token_ids=np.array(ids), logprobs=np.zeros(len(ids), np.float32), finished=True)


def test_descriptions_are_kept_and_the_docstring_stays_where_there_is_none(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    policy = LMPolicy.load(model_folder("chat"), device="cpu", max_new_tokens=40)
    policy.model.config.max_position_embeddings = 2048
    script = policy.engine = Script(policy)
    store = Store(tmp_path / "cache")
    done = describe(TASKS, policy, store=store, max_new_tokens=64)
    assert done.described == 2
    assert done.problems[0].prompt == f'def f0(x):\n    """{SAID}"""\n'
    assert done.problems[1].prompt == 'def f1(x):\n    """Doc."""\n'
    assert all("def f" in prompt and "the task" in prompt for prompt in script.asked)
    assert len(script.asked) == 3
    assert describe(TASKS, policy, store=store, max_new_tokens=64) == done
    assert len(script.asked) == 3
    store.close()


@pytest.mark.parametrize(
    "text", ["", "Too short.", "word " * 300, f"{SAID}\n```python\nx\n```", f"{SAID}\ndef f(x):", f"{SAID} >>> f(1)"]
)
def test_what_is_no_description_is_dropped(text: str) -> None:
    assert cleaned(text) == ""


def test_a_description_is_cleaned() -> None:
    assert cleaned(f'<think>Hm.</think>\n"{SAID}"\n') == SAID
