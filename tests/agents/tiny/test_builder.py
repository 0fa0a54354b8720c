from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agents.policy.builtin import BUILTIN_MODELS, builtin_model
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import Task
from agents.tiny import builder
from agents.tiny.recipe import TEMPLATE, Recipe
from codegym.errors import UnknownNameError
from envs_registry.suites.core import exercises

SMALL = Recipe(name="small", hidden=32, feed_forward=64, layers=1, programs=60, tests=6, repairs=4, processes=1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    builder.build(SMALL, folder)
    return folder


def weights(folder: Path) -> torch.Tensor:
    policy = LMPolicy.load(folder, device="cpu")
    return torch.cat([p.detach().flatten() for p in policy.model.parameters()])


def test_a_built_model_is_an_ordinary_folder(small: Path) -> None:
    policy = LMPolicy.load(small, device="cpu", max_new_tokens=16)
    assert policy.template == TEMPLATE
    told = policy.task_text(Task.PROGRAM, exercises("test")[0].problem.prompt)
    (completion,) = policy.generate([told])
    assert len(completion) > 0


def test_the_same_recipe_gives_the_same_weights(small: Path, tmp_path: Path) -> None:
    torch.rand(3)  # the state of the global generator does not matter
    builder.build(SMALL, tmp_path)
    assert torch.equal(weights(small), weights(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    builder.build(replace(SMALL, seed=1), other)
    assert weights(small).shape != weights(other).shape or not torch.equal(weights(small), weights(other))


def test_building_leaves_threads_and_generator_as_they_were(tmp_path: Path) -> None:
    torch.manual_seed(3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        builder.build(replace(SMALL, programs=10, tests=0, repairs=0), tmp_path)
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), state)


def test_models_are_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGYM_CACHE", str(tmp_path))
    folder = builder.folder_of(SMALL)
    assert folder.parent == tmp_path / "models"
    monkeypatch.setattr(builder, "build", None)  # it would fail if it were built again
    assert builder.folder_of(SMALL) == folder


def test_the_table_of_built_in_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "folder_of", lambda recipe: Path(recipe.name))
    assert {name: builtin_model(name) for name in BUILTIN_MODELS} == {name: Path(name) for name in BUILTIN_MODELS}
    assert builtin_model("Qwen/Qwen2.5-Coder-0.5B") is None
    with pytest.raises(UnknownNameError, match="Did you mean 'tiny'"):
        builtin_model("tinny")
