from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from agents import Engine, LMPolicy, Sample, Sampling


class Parrot:
    """Writes each prompt once more."""

    def stream(
        self,
        prompts: Sequence[NDArray[np.int64]],
        sampling: Sampling,
        generator: torch.Generator,
        prefixes: Sequence[NDArray[np.int64]] = (),
    ) -> Iterator[tuple[int, Sample]]:
        for index in reversed(range(len(prompts))):  # in any order
            ids = prompts[index][: sampling.max_new_tokens]
            yield index, Sample(token_ids=ids, logprobs=np.zeros(len(ids), np.float32), finished=False)


def test_a_policy_writes_with_any_engine_of_the_protocol(model_folder: Callable[[str], Path]) -> None:
    engine: Engine = Parrot()
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu", max_new_tokens=64)
    policy.engine = engine
    prompts = ["def add(a, b):", "sum"]
    assert [completion.text for completion in policy.generate(prompts)] == prompts
