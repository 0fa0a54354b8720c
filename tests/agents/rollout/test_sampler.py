from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy
from agents.rollout.sampler import Sampler
from codegym.store import Store

SAMPLING = Sampling(max_new_tokens=6)


@pytest.fixture
def policy(model_folder: Callable[[str], Path]) -> LMPolicy:
    return LMPolicy.load(model_folder("qwen2"), device="cpu")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as store:
        yield store


def test_each_prompt_gets_its_number_of_texts_and_the_requests_share_one_generator(policy: LMPolicy) -> None:
    sampler = Sampler(policy=policy, sampling=SAMPLING, seed=3)
    programs, tests = sampler.write((["a", "b"], 3), (["c"], 2), draw=(7,))
    generator = sampler.generator((7,))
    first = dict(policy.stream(["a"] * 3 + ["b"] * 3, SAMPLING, generator))
    second = dict(policy.stream(["c"] * 2, SAMPLING, generator))
    assert programs == [tuple(first[i].text for i in range(3)), tuple(first[i].text for i in range(3, 6))]
    assert tests == [(second[0].text, second[1].text)]


def test_what_was_written_is_not_written_again(policy: LMPolicy, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Sampler(policy=policy, sampling=SAMPLING, store=store)
    written = sampler.write((["a"], 2), draw=(0,))
    monkeypatch.setattr(policy, "engine", None)
    assert sampler.write((["a"], 2), draw=(0,)) == written


@pytest.mark.parametrize("change", ["weights", "sampling", "seed", "draw", "number", "prompts"])
def test_whatever_decides_the_texts_is_part_of_the_key(policy: LMPolicy, store: Store, change: str) -> None:
    sampler, prompts, n, draw = Sampler(policy=policy, sampling=SAMPLING, store=store), ["a"], 2, (0,)
    sampler.write((prompts, n), draw=draw)
    match change:
        case "weights":
            with torch.no_grad():
                next(policy.model.parameters()).add_(0.5)
        case "sampling":
            sampler = replace(sampler, sampling=replace(SAMPLING, temperature=0.5))
        case "seed":
            sampler = replace(sampler, seed=1)
        case "draw":
            draw = (1,)
        case "number":
            n = 3
        case "prompts":
            prompts = ["b"]
    sampler.write((prompts, n), draw=draw)
    assert len(store) == 2
