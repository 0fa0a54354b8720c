from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import TransformReward
from stable_baselines3.common.callbacks import CheckpointCallback, EvalCallback, StopTrainingOnRewardThreshold
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.monitor import Monitor

from agents.policy.policy import LMPolicy
from agents.policy.tuning import Tuning
from agents.rltf import RLTF
from agents.rltf.credit import sequence_reward
from codegym.env import CodeSynthesisEnv
from codegym.errors import InvalidSettingError
from codegym.vector import CodeSynthesisVectorEnv

SMALL = {"problems_per_step": 3, "samples_per_problem": 4}
MakePolicy = Callable[..., LMPolicy]


class Memory(KVWriter):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        self.rows.append(dict(key_values))


def logged(agent: RLTF) -> list[dict[str, Any]]:
    memory = Memory()
    agent.set_logger(Logger(folder=None, output_formats=[memory]))
    return memory.rows


def weights(agent: RLTF) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in agent.policy.model.parameters()])


def test_it_learns(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=0, learning_rate=2e-2, problems_per_step=4, samples_per_problem=8)
    rows = logged(agent)
    agent.learn(32 * 25)
    rates = [row["rollout/pass_rate"] for row in rows]
    assert np.mean(rates[-3:]) > np.mean(rates[:3]) + 0.25
    assert agent.num_timesteps == 32 * 25
    assert agent.n_updates == 25


def test_the_same_seed_gives_the_same_numbers(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    first, again, other = (RLTF(make_policy(), env, seed=seed, **SMALL).learn(36) for seed in (5, 5, 6))
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "buffer_size": 30,
            "batch_size": 8,
            "refresh_every": 3,
            "supervised_share": 0.5,
            "advantage": "historical_best",
        },
        {"advantage": "greedy", "kl_coefficient": 0.1, "fine_credit": "conserving", "normalization": "sequence"},
    ],
    ids=["default", "paper-like", "greedy and kl"],
)
def test_a_resumed_run_gives_the_numbers_of_an_uninterrupted_one(
    make_policy: MakePolicy, env: CodeSynthesisEnv, tmp_path: Path, settings: dict[str, Any]
) -> None:
    whole = RLTF(make_policy(), env, seed=1, **SMALL, **settings).learn(72)
    half = RLTF(make_policy(), env, seed=1, **SMALL, **settings).learn(36)
    half.save(tmp_path / "half")
    resumed = RLTF.load(tmp_path / "half", env=env).learn(36, reset_num_timesteps=False)
    assert resumed.num_timesteps == whole.num_timesteps == 72
    assert torch.equal(weights(resumed), weights(whole))
    for ours, theirs in zip(resumed.buffer, whole.buffer, strict=True):
        assert ours.completion.text == theirs.completion.text
        assert ours.advantage == theirs.advantage


def test_micro_batches_change_nothing(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    whole = RLTF(make_policy(), env, seed=1, **SMALL).learn(12)
    parts = RLTF(make_policy(), env, seed=1, micro_batch_size=5, **SMALL).learn(12)
    torch.testing.assert_close(weights(parts), weights(whole), atol=2e-5, rtol=1e-4)


def test_the_trained_tokens_are_the_sampled_ones(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    # defect 6: on the policy that wrote them, the recomputed log-probabilities are the behaviour's
    agent = RLTF(make_policy(), env, seed=1, **SMALL)
    rows = logged(agent)
    agent.learn(24)
    assert [row["train/approx_kl"] for row in rows] == pytest.approx([0, 0], abs=1e-5)
    batch = agent.policy.batch([experience.completion for experience in agent.buffer])
    for row, experience in enumerate(agent.buffer):
        ids = experience.completion.token_ids
        np.testing.assert_array_equal(batch.completion_ids[row, : len(ids)].numpy(), ids)


def test_the_greedy_baseline_is_of_the_same_policy(make_policy: MakePolicy, env: CodeSynthesisEnv, judge: Any) -> None:
    # defect 7: the released baseline is the last greedy sample, of another version of the policy
    agent = RLTF(make_policy(), env, seed=1, advantage="greedy", learning_rate=1e-2, **SMALL)
    logged(agent)
    for _ in range(2):
        collected = agent.collect()
        assert len(collected) == 12  # greedy completions are baselines, not samples
        prompts = {experience.task_id: experience.completion.prompt for experience in collected}
        for experience in collected:
            (greedy,) = agent.policy.generate([prompts[experience.task_id]], greedy=True)
            problem = next(p for p in env.problems if p.task_id == experience.task_id)
            rewards = env.reward(problem, judge.judge(problem, greedy.text))
            baseline = rewards["coarse"] + rewards["adaptive"]
            reward = sequence_reward(experience, agent.config)
            if greedy.finished or rewards["coarse"] == 1:
                assert experience.advantage == pytest.approx(reward - baseline)
        agent.train()


def test_infrastructure_failures_teach_nothing(make_policy: MakePolicy, env: CodeSynthesisEnv, judge: Any) -> None:
    agent = RLTF(make_policy(), env, seed=1, **SMALL)
    rows = logged(agent)
    broken = judge.judge
    judge.judge = lambda problem, completion: broken(problem, "\0")
    before = weights(agent).clone()
    agent.learn(12)
    assert torch.equal(weights(agent), before)
    assert rows[0]["rollout/infra_errors"] == 12


def test_one_infrastructure_failure_costs_only_itself(
    make_policy: MakePolicy, env: CodeSynthesisEnv, judge: Any
) -> None:
    agent = RLTF(make_policy(), env, seed=1, **SMALL)
    logged(agent)
    judged, calls = judge.judge, []

    def once(problem: Any, completion: str) -> Any:
        calls.append(completion)
        return judged(problem, "\0" if len(calls) == 5 else completion)

    judge.judge = once
    collected = agent.collect()
    assert [experience.infra_error for experience in collected].count(True) == 1
    assert collected[4].advantage == 0
    assert all(np.isfinite(experience.advantage) for experience in collected)
    agent.train()
    assert torch.isfinite(weights(agent)).all()


def test_masked_truncations_teach_nothing(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    policy = make_policy(max_new_tokens=2)
    policy.engine.end_ids = ()  # nothing ever ends
    agent = RLTF(policy, env, seed=1, mask_truncated=True, **SMALL)
    rows = logged(agent)
    collected = agent.collect()
    assert not any(experience.completion.finished for experience in collected)
    agent.buffer.add([replace(experience, is_success=False) for experience in collected])
    before = weights(agent).clone()
    agent.train()
    assert torch.equal(weights(agent), before)
    assert rows == []


def test_supervised_steps_learn_the_reference_solutions(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=1, supervised_share=0.5, refresh_every=8, learning_rate=1e-2, **SMALL)
    rows = logged(agent)
    agent.learn(24)
    assert rows[1]["train/supervised_loss"] < rows[0]["train/supervised_loss"]
    assert agent.n_updates == 16


def test_supervision_without_solutions_says_so(make_policy: MakePolicy, problems: Any, judge: Any) -> None:
    unsolved = CodeSynthesisEnv([replace(problem, solutions=()) for problem in problems], judge=judge)
    agent = RLTF(make_policy(), unsolved, seed=1, supervised_share=0.9, **SMALL)
    with pytest.raises(InvalidSettingError, match="reference solutions"):
        agent.learn(48)


def test_offline_keeps_its_first_samples(make_policy: MakePolicy, env: CodeSynthesisEnv, judge: Any) -> None:
    agent = RLTF(make_policy(), env, seed=1, refresh_every=0, **SMALL)
    logged(agent)
    agent.learn(48)
    assert len(judge.seen) == 12
    assert agent.n_updates == 4
    assert {experience.version for experience in agent.buffer} == {0}


def test_staleness_bound_drops_old_experiences(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=1, buffer_size=60, batch_size=12, max_staleness=2, **SMALL)
    logged(agent)
    agent.learn(12 * 6)
    assert min(experience.version for experience in agent.buffer) == 3  # written at 3, 4, 5; step 5 allowed 3 and newer


def test_an_exploding_gradient_is_skipped_and_counted(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=1, advantage="none", **SMALL)
    rows = logged(agent)
    collected = agent.collect()
    agent.buffer.add([replace(experience, advantage=float("inf")) for experience in collected])
    before = weights(agent).clone()
    agent.train()
    agent.logger.dump()
    assert torch.equal(weights(agent), before)
    assert rows[0]["train/skipped_steps"] == 1


@pytest.mark.parametrize("on_gpu", [True, False])
def test_out_of_memory_halves_the_micro_batch(make_policy: MakePolicy, env: CodeSynthesisEnv, on_gpu: bool) -> None:
    whole, small = (RLTF(make_policy(), env, seed=1, micro_batch_size=8, **SMALL) for _ in range(2))
    score = small.policy.score

    def scored(batch: Any, **options: Any) -> Any:
        if len(batch) > 4 and on_gpu:
            raise torch.OutOfMemoryError("CUDA out of memory")
        if len(batch) > 4:
            torch.empty(2**50)
        return score(batch, **options)

    small.policy.score = scored  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match="micro_batch_size of 4"):
        small.learn(12)
    torch.testing.assert_close(weights(small), weights(whole.learn(12)), atol=2e-5, rtol=1e-4)


def test_what_has_no_credit_gets_no_forward_pass(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    agent = RLTF(make_policy(), env, seed=1, **SMALL)
    logged(agent)
    collected = agent.collect()
    without = [replace(e, advantage=0.0, rewards={**e.rewards, "fine": 0.0}, is_success=True) for e in collected]
    agent.buffer.add(without)
    agent.policy.score = None  # type: ignore[method-assign, assignment]  # would raise if it were asked
    before = weights(agent).clone()
    agent.train()
    assert torch.equal(weights(agent), before)


# ---- environments


def test_a_batch_environment_gives_the_numbers_of_a_single_one(
    make_policy: MakePolicy, env: CodeSynthesisEnv, problems: Any, judge: Any
) -> None:
    batch = CodeSynthesisVectorEnv(problems, 5, judge=judge)
    ours = RLTF(make_policy(), batch, seed=2, **SMALL).learn(24)
    assert torch.equal(weights(ours), weights(RLTF(make_policy(), env, seed=2, **SMALL).learn(24)))


def test_a_wrapped_environment_is_stepped_as_it_is(make_policy: MakePolicy, env: CodeSynthesisEnv) -> None:
    rewards: list[float] = []
    wrapped = TransformReward(env, lambda reward: rewards.append(reward) or reward)  # type: ignore[func-returns-value]
    agent = RLTF(make_policy(), wrapped, seed=2, **SMALL)
    logged(agent)
    collected = agent.collect()
    assert rewards == [experience.reward for experience in collected if not experience.infra_error]
    tasks = [experience.task_id for experience in collected]
    assert len(set(tasks)) == 3
    assert [tasks.count(task) for task in set(tasks)] == [4, 4, 4]


class Foreign(gym.Env[dict[str, Any], str]):
    """An environment of somebody else's: no tasks, no parts of the reward."""

    observation_space = gym.spaces.Dict({"prompt": gym.spaces.Text(50)})
    action_space = gym.spaces.Text(5000)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        assert not options
        return {"prompt": "Write an e."}, {}

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        return {"prompt": "Write an e."}, float("e" in action), True, False, {}


@pytest.mark.filterwarnings("ignore")  # Gymnasium's, about the third-party environment's actions
def test_third_party_environments_work(make_policy: MakePolicy) -> None:
    for env in (Foreign(), SyncVectorEnv([Foreign, Foreign])):
        agent = RLTF(make_policy(), env, seed=2, **SMALL)
        rows = logged(agent)
        agent.learn(12)
        assert {"reward/reward", "rollout/ep_rew_mean"} <= set(rows[0])
        rewards = [experience.reward for experience in agent.buffer]
        assert set(rewards) == {0.0, 1.0}
        assert np.corrcoef(rewards, [experience.advantage for experience in agent.buffer])[0, 1] > 0.99


def test_several_turns(make_policy: MakePolicy, problems: Any, judge: Any) -> None:
    env = CodeSynthesisEnv(problems, judge=judge, max_turns=3)
    agent = RLTF(make_policy(), env, seed=2, **SMALL)
    logged(agent)
    collected = agent.collect()
    by_turn = [[e for e in collected if e.turn == turn] for turn in range(3)]
    assert len(by_turn[0]) == 12
    assert len(by_turn[1]) == sum(not e.is_success and not e.infra_error for e in by_turn[0])
    later = by_turn[1][0]
    assert later.completion.prompt != by_turn[0][0].completion.prompt
    starts = [place for place, e in enumerate(collected) if e.turn == 0]
    for start, end in zip(starts, [*starts[1:], len(collected)], strict=True):
        episode = collected[start:end]
        assert [e.turn for e in episode] == list(range(len(episode)))
        for place, e in enumerate(episode):
            later_rewards = [later.reward for later in episode[place + 1 :]]
            assert e.future == pytest.approx(sum(later_rewards), nan_ok=True)
    assert all(e.group.split("/")[1] == str(e.turn) for e in collected)
    agent.train()


def test_a_machine_failure_at_a_later_turn_leaves_the_return_unknown(
    make_policy: MakePolicy, problems: Any, judge: Any
) -> None:
    """A failure is never a reward of zero, which would be better than any wrong program's."""
    env = CodeSynthesisEnv(problems, judge=judge, max_turns=2)
    agent = RLTF(make_policy(), env, seed=2, **{**SMALL, "fine_credit": "line"})
    rows = logged(agent)
    judged, prompts = judge.judge, []

    def failing(problem: Any, completion: str) -> Any:
        prompts.append(problem.task_id)
        return judged(problem, "\0" if len(prompts) > 12 else "!")  # 12 first turns, then second ones

    judge.judge = failing
    collected = agent.collect()
    first, second = ([e for e in collected if e.turn == turn] for turn in range(2))
    assert all(e.infra_error for e in second)
    assert all(np.isnan(e.future) and not e.infra_error and e.advantage == 0 for e in first)
    before = weights(agent).clone()
    agent.train()  # nor does the penalty of the failing place teach
    agent.logger.dump()
    assert torch.equal(weights(agent), before)
    assert (rows[0]["rollout/infra_errors"], rows[0]["rollout/unknown_returns"]) == (12, 12)
    assert "rollout/ep_rew_mean" not in rows[0]


# ---- Stable-Baselines3's shape


def test_sb3_callbacks_and_logs(
    make_policy: MakePolicy, env: CodeSynthesisEnv, problems: Any, judge: Any, tmp_path: Path
) -> None:
    agent = RLTF(make_policy(), env, tensorboard_log=tmp_path / "tb", seed=0, **SMALL)
    stop = StopTrainingOnRewardThreshold(reward_threshold=-9.0)
    callbacks = [
        CheckpointCallback(save_freq=2, save_path=str(tmp_path)),
        EvalCallback(
            Monitor(CodeSynthesisEnv(problems, judge=judge)),
            callback_on_new_best=stop,
            eval_freq=3,
            n_eval_episodes=4,
            best_model_save_path=str(tmp_path),
            verbose=0,
        ),
    ]
    agent.learn(12 * 10, callback=callbacks, tb_log_name="mine")
    assert agent.num_timesteps == 36  # the threshold is beaten at the first evaluation, after the third step
    assert RLTF.load(tmp_path / "rl_model_24_steps").num_timesteps == 24
    assert RLTF.load(tmp_path / "best_model").n_updates == 3
    header = (tmp_path / "tb" / "mine_1" / "progress.csv").read_text().splitlines()[0].split(",")
    assert {"rollout/ep_rew_mean", "reward/fine", "train/loss", "train/entropy_loss", "time/judging_share"} <= set(
        header
    )
    assert list((tmp_path / "tb" / "mine_1").glob("events.*"))
    resumed = RLTF.load(tmp_path / "best_model", env=env)
    resumed.learn(12, reset_num_timesteps=False, tb_log_name="mine")
    assert (tmp_path / "tb" / "mine_1" / "progress_36.csv").exists()
    assert not (tmp_path / "tb" / "mine_2").exists()


# ---- what goes wrong


def test_adapters_resume_to_the_same_numbers(
    model_folder: Callable[[str], Path], env: CodeSynthesisEnv, tmp_path: Path
) -> None:
    def new() -> RLTF:
        kwargs = {"model": model_folder("qwen2"), "max_new_tokens": 12, "tuning": Tuning(lora_rank=2)}
        return RLTF("LMPolicy", env, policy_kwargs=kwargs, device="cpu", seed=1, kl_coefficient=0.1, **SMALL)

    whole, half = new().learn(48), new().learn(24)
    half.save(tmp_path / "half")
    resumed = RLTF.load(tmp_path / "half", env=env, device="cpu").learn(24, reset_num_timesteps=False)
    assert torch.equal(weights(resumed), weights(whole))
    assert not torch.equal(weights(whole), weights(new()))
