from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import CheckpointCallback
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.codedpo.codedpo import CodeDPO
from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairs import Preference, read_pairs
from agents.policy.policy import LMPolicy
from codegym.errors import DataError, InvalidSettingError, UnknownNameError

MakePolicy = Callable[..., LMPolicy]
SMALL: dict[str, Any] = {"batch_size": 4, "micro_batch_size": 4, "learning_rate": 1e-3}
GOOD, BAD = "def f(x):\n    return x + {}\n", "def f(x):\n    y = x - {}\n    return y\n"
PAIRS = [
    Preference(prompt=f"Add {i}.\n", chosen=GOOD.format(i), rejected=BAD.format(i) * (1 + i % 3)) for i in range(10)
]
VARIANTS = [
    {},
    {"method": "kto"},
    {"method": "sft"},
    {"focus": "focused"},
    {"focus": "target", "length_normalized": True, "beta": 2.0, "normalization": "token"},
]


@pytest.fixture
def make_policy(model_folder: Callable[[str], Path]) -> MakePolicy:
    def make(kind: str = "qwen2") -> LMPolicy:
        return LMPolicy.load(model_folder(kind), device="cpu", max_new_tokens=12)

    return make


def weights(agent: CodeDPO) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in agent.policy.model.parameters()])


def logprob(policy: LMPolicy, prompt: str, text: str) -> float:
    batch = policy.batch([policy.supervised_completion(prompt, text)])
    return float(policy.token_logprobs(batch).detach().sum())


@pytest.mark.parametrize("kind", ["qwen2", "codegen", "t5", "chat"])
def test_it_learns_to_prefer(make_policy: MakePolicy, logged: Any, kind: str) -> None:
    agent = CodeDPO(
        make_policy(kind), pairs=PAIRS, seed=0, nll_weight=0.0, epochs=8, **{**SMALL, "learning_rate": 5e-3}
    )
    rows = logged(agent)
    agent.learn()
    assert rows[0]["rewards/margins"] == pytest.approx(0, abs=1e-4)  # the reference is the policy at the start
    assert rows[0]["train/preference_loss"] == pytest.approx(np.log(2), abs=1e-4)
    assert rows[-1]["rewards/margins"] > 0.5
    assert rows[-1]["rewards/accuracies"] == 1
    assert agent.num_timesteps == 80
    assert agent.n_updates == 8 * 3  # 4 + 4 + 2 pairs an epoch


def test_what_is_logged_is_so(make_policy: MakePolicy, logged: Any) -> None:
    policy = make_policy()
    before = deepcopy(policy)
    pair = PAIRS[3]
    agent = CodeDPO(policy, pairs=[pair], seed=0, warmup=0.0, **SMALL)
    rows = logged(agent)
    agent.learn(2)
    change = [logprob(model, pair.prompt, text) for model in (before, policy) for text in (pair.chosen, pair.rejected)]
    assert rows[0]["logps/chosen"] == pytest.approx(change[0], rel=1e-4)
    assert rows[0]["logps/rejected"] == pytest.approx(change[1], rel=1e-4)
    tokens = len(policy.text_ids(pair.chosen))
    assert rows[0]["train/nll_loss"] == pytest.approx(-change[0] / tokens, rel=1e-4)
    assert rows[0]["train/loss"] == pytest.approx(np.log(2) - change[0] / tokens, rel=1e-4)
    agent.learn(1, reset_num_timesteps=False)
    assert rows[-1]["rewards/margins"] == pytest.approx(
        0.1 * ((change[2] - change[0]) - (change[3] - change[1])), rel=1e-2
    )
    assert [row["train/epoch"] for row in rows] == [0, 1, 2]
    assert (rows[0]["pairs/trained"], rows[0]["pairs/skipped_identical"]) == (1, 0)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_micro_batches_change_nothing(make_policy: MakePolicy, settings: dict[str, Any]) -> None:
    agents = [
        CodeDPO(make_policy(), pairs=PAIRS, seed=1, **{**SMALL, **settings, "micro_batch_size": size}).learn(8)
        for size in (4, 3, 1)
    ]
    for other in agents[1:]:
        torch.testing.assert_close(weights(other), weights(agents[0]), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_a_resumed_run_gives_the_numbers_of_an_uninterrupted_one(
    make_policy: MakePolicy, tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Stopped in the middle of an epoch; the schedule, the order and the reference go on where they were."""
    whole = CodeDPO(make_policy(), pairs=PAIRS, seed=1, **SMALL, **settings)
    whole.learn(24, callback=CheckpointCallback(2, str(tmp_path), name_prefix="at"))
    saved = sorted(tmp_path.glob("at_*.zip"), key=lambda path: int(path.stem.split("_")[1]))
    resumed = CodeDPO.load(saved[0])
    assert resumed.num_timesteps in (6, 8)  # two batches of an epoch of ten pairs
    resumed.learn(24 - resumed.num_timesteps, reset_num_timesteps=False)
    assert resumed.num_timesteps == whole.num_timesteps
    assert resumed.n_updates == whole.n_updates
    assert torch.equal(weights(resumed), weights(whole))


@pytest.mark.parametrize(
    ("name", "value"),
    [("method", "kto"), ("focus", "focused"), ("emphasis", 3.0), ("length_normalized", True), ("max_length", 40)],
)
def test_what_the_reference_said_is_not_held_against_other_tokens(
    make_policy: MakePolicy, tmp_path: Path, name: str, value: object
) -> None:
    CodeDPO(make_policy(), pairs=PAIRS, seed=1, **SMALL).learn(4).save(tmp_path / "agent")
    with pytest.raises(InvalidSettingError, match=f"{name} .* cannot become .*CodeDPO"):
        CodeDPO.load(tmp_path / "agent", **{name: value})
    assert CodeDPO.load(tmp_path / "agent", beta=0.2, nll_weight=0.0).config.beta == 0.2


def test_the_same_seed_gives_the_same_numbers(make_policy: MakePolicy) -> None:
    first, again, other = (CodeDPO(make_policy(), pairs=PAIRS, seed=seed, **SMALL).learn(12) for seed in (5, 5, 6))
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_new_pairs_are_held_against_the_policy_as_it_is(make_policy: MakePolicy, logged: Any) -> None:
    agent = CodeDPO(make_policy(), pairs=PAIRS, seed=0, **SMALL)
    rows = logged(agent)
    agent.learn(20)
    agent.set_pairs(PAIRS[:4])
    agent.learn(4)
    assert abs(rows[-1]["rewards/margins"]) < 1e-4 < abs(rows[-2]["rewards/margins"])


def test_a_gradient_that_is_not_finite_is_not_stepped_on(make_policy: MakePolicy, logged: Any) -> None:
    agent = CodeDPO(make_policy(), pairs=PAIRS, seed=0, **SMALL)
    rows = logged(agent)
    with torch.no_grad():
        next(agent.policy.model.parameters())[:] = float("nan")
    before = [parameter.detach().clone() for parameter in agent.policy.model.parameters()][1:]
    agent.learn(4)
    assert rows[0]["train/skipped_steps"] == 1
    after = list(agent.policy.model.parameters())[1:]
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_weights_can_be_taken_over(make_policy: MakePolicy, tmp_path: Path) -> None:
    trained = CodeDPO(make_policy(), pairs=PAIRS, seed=0, **SMALL).learn(8)
    trained.save(tmp_path / "agent")
    fresh = CodeDPO(make_policy(), pairs=PAIRS, seed=1, **SMALL)
    fresh.set_parameters(tmp_path / "agent")
    assert torch.equal(weights(fresh), weights(trained))
    text, _ = fresh.predict({"prompt": "Add 1.", "feedback": "", "turn": 0}, deterministic=True)
    assert isinstance(text, str)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")  # peft asks transformers in the old way
def test_lora_s_reference_is_its_base(make_policy: MakePolicy, logged: Any) -> None:
    """A policy whose adapters have learned is held against the model without them, without a second copy of it."""
    peft = pytest.importorskip("peft")
    policy = make_policy()
    torch.manual_seed(0)
    lora = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    model = peft.get_peft_model(policy.model, lora)
    adapted = LMPolicy.load(model, tokenizer=policy.tokenizer, device="cpu", max_new_tokens=12)
    pair = PAIRS[2]
    with model.disable_adapter():
        base = [logprob(adapted, pair.prompt, text) for text in (pair.chosen, pair.rejected)]
    now = [logprob(adapted, pair.prompt, text) for text in (pair.chosen, pair.rejected)]
    agent = CodeDPO(adapted, pairs=[pair], reference="base", seed=0, **SMALL)
    rows = logged(agent)
    agent.learn(1)
    expected = 0.1 * ((now[0] - base[0]) - (now[1] - base[1]))
    assert abs(expected) > 1e-3
    assert rows[0]["rewards/margins"] == pytest.approx(expected, rel=1e-3)
    with pytest.raises(InvalidSettingError, match="adapters"):
        CodeDPO(make_policy(), pairs=PAIRS, reference="base").learn(1)


def test_complaints(make_policy: MakePolicy) -> None:
    policy = make_policy()
    same = [Preference(prompt="a", chosen="x", rejected="x")] * 3
    with pytest.raises(DataError, match="none of 3 pairs can be learned from: 3 identical"):
        CodeDPO(policy, pairs=same)
    with pytest.raises(ValueError, match="pairs or an environment"):
        CodeDPO(policy).learn()
    with pytest.raises(InvalidSettingError, match=r"total_timesteps must be a number of pairs.* got -1"):
        CodeDPO(policy, pairs=PAIRS).learn(-1)
    with pytest.raises(UnknownNameError, match="kto"):
        CodeDPO(policy, pairs=PAIRS, method="kot")
    with pytest.raises(UnknownNameError, match="focused"):
        CodeDPO(policy, pairs=PAIRS, focus="focussed")
    with pytest.raises(UnknownNameError, match="nll_weight"):
        CodeDPO(policy, pairs=PAIRS, nll_wight=1)
    with pytest.raises(InvalidSettingError, match="beta must be above 0"):
        CodeDPOConfig(beta=0.0)


def test_what_tensorboard_shows_of_the_pairs(make_policy: MakePolicy, tmp_path: Path) -> None:
    CodeDPO(make_policy(), pairs=PAIRS, seed=0, tensorboard_log=tmp_path, **SMALL).learn(4)
    assert read_pairs(tmp_path / "CodeDPO_1" / "pairs.jsonl") == PAIRS  # for a report
    events = EventAccumulator(str(tmp_path / "CodeDPO_1"), size_guidance={"tensors": 0})
    events.Reload()
    assert {"distribution/pair_margin", "distribution/chosen_tokens"} <= set(events.Tags()["histograms"])
    text = events.Tensors("samples/pairs/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "    -    y = x - 0\n" in text
    assert "    +    return x + 0\n" in text
