"""The names that others build on. A change here is a change of the contract."""

from __future__ import annotations

import importlib
import inspect

import gymnasium as gym
import pytest

NAMES = {
    "codegym": ["Problem", "CallTest", "StdioTest", "ScriptTest", "Limits", "Judge", "Feedback"],
    "codegym.env": ["CodeSynthesisEnv"],
    "codegym.vector": ["CodeSynthesisVectorEnv"],
    "envs_registry": ["load_suite", "list_suites"],
    "agents": ["RLTF", "CodeDPO", "LMPolicy", "evaluate", "pass_at_k"],
    "agents.rltf.losses": ["rltf_loss"],
    "agents.codedpo": ["self_validation"],
    "agents.codedpo.losses": ["dpo_loss", "kto_loss"],
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in NAMES.items() for name in names])
def test_name_is_there_and_documented(module: str, name: str) -> None:
    assert inspect.getdoc(getattr(importlib.import_module(module), name)), f"{module}.{name} has no docstring"


@pytest.mark.parametrize("module", ["codegym", "envs_registry", "agents"])
def test_all_lists_what_the_package_has(module: str) -> None:
    package = importlib.import_module(module)
    assert set(NAMES[module]) <= set(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None


@pytest.mark.parametrize("module", ["codegym", "envs_registry", "agents"])
def test_unknown_name_is_an_attribute_error(module: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        importlib.import_module(module).no_such_name  # noqa: B018


@pytest.mark.parametrize(
    ("target", "parameters"),
    [
        ("codegym:Judge", ["workers", "isolation", "packages", "python"]),
        (
            "codegym.env:CodeSynthesisEnv",
            ["problems", "max_turns", "reward", "judge", "limits", "isolation", "workers"],
        ),
        ("envs_registry:load_suite", ["name", "split", "data_dir"]),
        (
            "agents.rltf.losses:rltf_loss",
            ["logps", "coarse", "fine", "adaptive", "span_mask", "completion_mask", "baseline"],
        ),
        ("agents:pass_at_k", ["n", "c", "k"]),
        ("agents.codedpo:self_validation", ["link", "damping", "iterations", "tests_first", "normalize"]),
        (
            "agents.codedpo.losses:dpo_loss",
            ["policy_chosen", "policy_rejected", "ref_chosen", "ref_rejected", "beta"],
        ),
        ("agents.codedpo.losses:kto_loss", ["policy", "reference", "desirable", "kl", "beta"]),
    ],
)
def test_parameters(target: str, parameters: list[str]) -> None:
    module, _, name = target.partition(":")
    found = list(inspect.signature(getattr(importlib.import_module(module), name)).parameters)
    assert [parameter for parameter in parameters if parameter not in found] == []


def test_the_environment_is_registered() -> None:
    assert gym.spec("CodeSynthesis-v0").entry_point == "envs_registry.factory:make_env"
    assert gym.spec("CodeSynthesis-v0").vector_entry_point == "envs_registry.factory:make_vec_env"
