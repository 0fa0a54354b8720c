"""What agents have in common: construction, learning, predicting, saving, loading."""

from __future__ import annotations

import inspect
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor

from agents.codedpo.codedpo import CodeDPO
from agents.codedpo.data.pairs import Preference
from agents.policy.policy import LMPolicy
from agents.rltf.config import RLTFConfig
from agents.rltf.rltf import RLTF
from agents.training.agent import Agent
from codegym.env import CodeSynthesisEnv
from codegym.errors import DataError, InvalidSettingError, UnknownNameError

SMALL: dict[str, Any] = {"problems_per_step": 3, "samples_per_problem": 4}
PAIRS = [Preference(prompt=f"Add {i}.\n", chosen=f"x + {i}\n", rejected=f"x - {i}\n") for i in range(4)]
MakePolicy = Callable[..., LMPolicy]


def weights(agent: Agent[Any]) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in agent.policy.model.parameters()])


def rewrite_config(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Changes the settings in the record of a checkpoint, as an earlier version might have written them."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    record = json.loads(parts["agent.json"])
    parts["agent.json"] = json.dumps({**record, "config": change(record["config"])}).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_a_config_and_changes_of_it_by_name(make_policy: MakePolicy) -> None:
    agent = RLTF(make_policy(), config=RLTFConfig.paper(), buffer_size=999, learning_rate=1e-5)
    assert agent.config == RLTFConfig.paper(buffer_size=999, learning_rate=1e-5)
    assert agent.optimizer.param_groups[0]["lr"] == 1e-5


@pytest.mark.parametrize("kind", [RLTF, CodeDPO])
def test_constructors_have_few_parameters(kind: type[Agent[Any]]) -> None:
    named = [p for p in inspect.signature(kind).parameters.values() if p.kind is not p.VAR_KEYWORD]
    assert len(named) <= 8


def test_evaluate_policy(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=0, **SMALL)
    mean, _ = evaluate_policy(agent, agent.get_env(), n_eval_episodes=5, warn=False)
    again, _ = evaluate_policy(agent, Monitor(env), n_eval_episodes=5)
    assert -1.6 <= mean <= 2
    assert -1.6 <= again <= 2


def test_a_callback_can_be_a_function(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=0, **SMALL)
    agent.learn(1000, callback=lambda variables, _: variables["self"].num_timesteps < 24)
    assert agent.num_timesteps == 24


def test_predict_single_and_batch(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=0, **SMALL)
    observation, _ = env.reset(seed=0)
    text, state = agent.predict(observation, deterministic=True)
    assert isinstance(text, str)
    assert state is None
    batch = {name: np.array([value, value], dtype=object) for name, value in observation.items()}
    texts, _ = agent.predict(batch, deterministic=True)
    assert texts.dtype == object
    assert list(texts) == [text, text]


def test_parameters_move_between_agents(make_policy: MakePolicy, env: CodeSynthesisEnv, tmp_path: Path) -> None:
    trained, fresh = RLTF(make_policy(), env, seed=0, **SMALL).learn(12), RLTF(make_policy(), env, seed=0, **SMALL)
    fresh.set_parameters(trained.get_parameters())
    assert torch.equal(weights(fresh), weights(trained))
    trained.save(tmp_path / "trained")
    other = RLTF(make_policy(), env, seed=0, **SMALL)
    other.set_parameters(tmp_path / "trained")
    assert torch.equal(weights(other), weights(trained))
    with pytest.raises(InvalidSettingError, match="CUDA devices"):  # the argument is heard
        other.set_parameters(tmp_path / "trained", device="cuda:99")
    with pytest.raises(ValueError, match="optimizer"):
        other.set_parameters({"policy": trained.policy.model.state_dict()})
    other.set_parameters({"policy": trained.policy.model.state_dict()}, exact_match=False)


def test_unknown_names(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    with pytest.raises(UnknownNameError, match="'learning_rate'"):
        RLTF(make_policy(), env, learning_rat=1e-3)
    with pytest.raises(UnknownNameError, match="LMPolicy"):
        RLTF("MlpPolicy", env)
    with pytest.raises(TypeError, match=r"gymnasium\.Env"):
        RLTF(make_policy(), object())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs an environment"):
        RLTF(make_policy(), None).learn(10)
    with pytest.raises(UnknownNameError, match=r"'modle'\. Did you mean 'model'"):
        RLTF("LMPolicy", env, policy_kwargs={"modle": "tiny"})
    with pytest.raises(InvalidSettingError, match="must name a model"):
        RLTF("LMPolicy", env)
    with pytest.raises(InvalidSettingError, match=r"total_timesteps must be a number of programs .* got -5"):
        RLTF(make_policy(), env).learn(-5)


# ---- learning


def test_learning_needs_a_number_of_programs(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    with pytest.raises(InvalidSettingError, match="say how many programs"):
        RLTF(make_policy(), env, **SMALL).learn()


def test_the_run_is_named_after_the_agent(make_policy: MakePolicy, env: CodeSynthesisEnv, tmp_path: Path) -> None:
    RLTF(make_policy(), env, tensorboard_log=tmp_path, seed=0, **SMALL).learn(12)
    RLTF(make_policy(), env, tensorboard_log=tmp_path, seed=0, **SMALL).learn(12, tb_log_name="mine")
    CodeDPO(make_policy(), pairs=PAIRS, tensorboard_log=tmp_path, seed=0, batch_size=4).learn(4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["CodeDPO_1", "RLTF_1", "mine_1"]


def test_the_logger_is_there_while_it_learns(make_policy: MakePolicy) -> None:
    agent = CodeDPO(make_policy(), pairs=PAIRS, seed=0, batch_size=4)
    agent.learn(4, callback=lambda variables, _: variables["self"].logger is not None)
    with pytest.raises(AttributeError, match="no logger outside of learn"):
        _ = agent.logger


# ---- saving and loading


def test_an_agent_of_another_kind_is_refused(make_policy: MakePolicy, tmp_path: Path) -> None:
    CodeDPO(make_policy(), pairs=PAIRS, seed=0).save(tmp_path / "agent")
    with pytest.raises(DataError, match=r"holds a CodeDPO, not a RLTF: use CodeDPO\.load"):
        RLTF.load(tmp_path / "agent")


def test_arguments_of_the_constructor_may_change(make_policy: MakePolicy, tmp_path: Path) -> None:
    CodeDPO(make_policy(), pairs=PAIRS, seed=3, tensorboard_log="before").save(tmp_path / "agent")
    agent = CodeDPO.load(tmp_path / "agent", learning_rate=0.5, norm_lr_multiplier=4.0, tensorboard_log="after")
    assert (agent.seed, agent.tensorboard_log) == (3, "after")
    assert [group["lr"] for group in agent.optimizer.param_groups] == [0.5, 2.0]


def test_a_checkpoint_with_old_settings_is_read(make_policy: MakePolicy, env: CodeSynthesisEnv, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"advantage": "rloo", "fine_credit": "conserving", **SMALL}
    whole = RLTF(make_policy(), env, seed=1, **settings).learn(24)
    RLTF(make_policy(), env, seed=1, **settings).learn(12).save(tmp_path / "half")
    old = {"baseline": "leave_one_out", "feedback": ["coarse", "fine", "adaptive"], "fine_credit": "conserving"}
    rest = {"gain_factor": 1.0, "masked": [], "clip_range": 0.2, "curriculum": False, "buffer_size": 0}
    rewrite_config(tmp_path / "half.zip", lambda _: {**SMALL, **old, **rest})
    resumed = RLTF.load(tmp_path / "half", env=env)
    assert resumed.config == RLTFConfig.of(settings)
    assert torch.equal(weights(resumed.learn(12, reset_num_timesteps=False)), weights(whole))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"curriculum": True}, "no setting 'curriculum' any more"),
        ({"fine_credit": "soft"}, "take 'none', 'line'"),
        ({"from_the_future": 1}, "unknown setting of RLTFConfig 'from_the_future'"),
    ],
)
def test_a_checkpoint_with_removed_settings_is_refused_with_what_to_do(
    make_policy: MakePolicy, tmp_path: Path, values: dict[str, Any], words: str
) -> None:
    RLTF(make_policy(), seed=1, **SMALL).save(tmp_path / "agent")
    rewrite_config(tmp_path / "agent.zip", lambda config: {**config, **values})
    with pytest.raises(DataError) as caught:
        RLTF.load(tmp_path / "agent")
    assert words in str(caught.value)
    assert "give its folder policy/ as the model of a new agent" in str(caught.value)
