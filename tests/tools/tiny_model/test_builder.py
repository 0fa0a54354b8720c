from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agents.policy.builtin import BUILTIN_MODELS, FOLDER
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import PromptTemplate, Task
from envs_registry.suites.core import exercises
from tools.tiny_model import __main__ as command
from tools.tiny_model.builder import build
from tools.tiny_model.recipe import RECIPES, TEMPLATE, ModelRecipe

SMALL = ModelRecipe(name="small", hidden=32, feed_forward=64, layers=1, programs=60, tests=6, repairs=4, processes=1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "model"
    build(SMALL, folder)
    return folder


def test_a_built_model_is_an_ordinary_folder(small: Path) -> None:
    policy = LMPolicy.load(small, device="cpu", max_new_tokens=16)
    assert policy.template == TEMPLATE
    prompt = policy.task_text(Task.PROGRAM, exercises("test")[0].problem.prompt)
    (completion,) = policy.generate([prompt])
    assert len(completion) > 0


def test_the_same_recipe_gives_the_same_model(small: Path, tmp_path: Path) -> None:
    torch.rand(3)  # the state of the global generator does not matter
    build(SMALL, tmp_path / "again")
    build(replace(SMALL, seed=1), tmp_path / "other")
    first, again, other = (
        LMPolicy.load(folder, device="cpu").fingerprint() for folder in (small, tmp_path / "again", tmp_path / "other")
    )
    assert first == again != other


def test_building_leaves_threads_and_generator_as_they_were(tmp_path: Path) -> None:
    torch.manual_seed(3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        build(replace(SMALL, programs=10, tests=0, repairs=0), tmp_path / "model")
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_shipped_models_are_of_their_recipes() -> None:
    assert set(RECIPES) == set(BUILTIN_MODELS)
    for name, recipe in RECIPES.items():
        policy = LMPolicy.load(name, device="cpu")
        config = policy.model.config
        assert (config.hidden_size, config.intermediate_size) == (recipe.hidden, recipe.feed_forward)
        assert (config.num_hidden_layers, config.vocab_size) == (recipe.layers, recipe.vocabulary)
        assert config.max_position_embeddings == recipe.context
        assert PromptTemplate.load(FOLDER / name) == TEMPLATE


def test_the_command_writes_the_models_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "nano", SMALL)
    assert command.main(["nano", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "nano")
    assert LMPolicy.load(tmp_path / "nano", device="cpu").model.config.hidden_size == 32


def test_the_command_refuses_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["nanoo"])
    assert "'nanoo'; expected one of tiny, nano" in capsys.readouterr().err
