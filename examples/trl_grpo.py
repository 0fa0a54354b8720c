"""TRL's GRPOTrainer with codegym's judge as its reward function. Any trainer that takes a function can use it.

Run: python examples/trl_grpo.py        (needs `pip install trl`)
"""

from __future__ import annotations

import tempfile
from typing import Any

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from agents import LMPolicy
from codegym import Judge
from codegym.rewards import make_reward
from envs_registry import load_suite


def main(folder: str) -> None:
    """Takes four GRPO steps on the embedded suite with the paper's reward."""
    suite = load_suite("core", split="train").filter(difficulties=["easy"])[:16]
    policy = LMPolicy.load("nano")
    paper = make_reward("paper")
    judge = Judge()

    def verdict(completions: list[str], task_id: list[str], **_: Any) -> list[float | None]:
        """Returns a reward for each completion; None, which TRL leaves out, where there is no verdict."""
        pairs = [(suite.by_id(name), text) for name, text in zip(task_id, completions, strict=True)]
        feedbacks = judge.judge_many(pairs)
        return [
            None if feedback.verdict in ("infra_error", "unjudged") else sum(paper(problem, feedback).values())
            for (problem, _), feedback in zip(pairs, feedbacks, strict=True)
        ]

    prompts = [policy.prompt_text({"prompt": problem.prompt, "feedback": "", "turn": 0}) for problem in suite]
    trainer = GRPOTrainer(
        model=policy.model,
        processing_class=policy.tokenizer,
        reward_funcs=verdict,
        train_dataset=Dataset.from_dict({"prompt": prompts, "task_id": list(suite.task_ids)}),
        args=GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=16,
            num_generations=8,
            max_completion_length=96,
            max_steps=4,
            learning_rate=1e-4,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
        ),
    )
    trainer.train()
    judge.close()
    for step, row in enumerate(row for row in trainer.state.log_history if "reward" in row):
        print(f"step {step + 1}: mean reward {row['reward']:+.2f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(folder)
