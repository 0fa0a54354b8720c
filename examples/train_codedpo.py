"""Learn preferences between programs with CodeDPO: reference solutions of the embedded suite against wrong programs.

Without ``pairs=`` the agent makes pairs from the problems of ``env``: it writes programs and tests, and prefers
programs that pass credible tests. ``codegym train codedpo`` does all of that, in a folder, with progress bars.

Run: python examples/train_codedpo.py [FOLDER]      (then: tensorboard --logdir FOLDER)
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence

from agents import CodeDPO, LMPolicy
from agents.codedpo.data.pairs import Preference
from codegym import Problem
from envs_registry import load_suite


def preferences(policy: LMPolicy, problems: Sequence[Problem]) -> list[Preference]:
    """Returns a pair for each problem that has a known wrong program."""
    return [
        Preference(
            prompt=policy.prompt_text({"prompt": problem.prompt}),
            chosen=problem.solutions[0],
            rejected=problem.mutants[0],
            task_id=problem.task_id,
        )
        for problem in problems
        if problem.solutions and problem.mutants
    ]


def share_preferred(policy: LMPolicy, pairs: Sequence[Preference]) -> float:
    """Returns the share of pairs whose chosen program is more probable than the rejected one."""
    completions = [policy.supervised_completion(p.prompt, text) for p in pairs for text in (p.chosen, p.rejected)]
    logprobs = policy.token_logprobs(policy.batch(completions)).detach().sum(dim=1).reshape(-1, 2)
    return float((logprobs[:, 0] > logprobs[:, 1]).float().mean())


def main(folder: str) -> None:
    """Learns from 96 pairs, four times each."""
    policy = LMPolicy.load("nano", device="auto")
    pairs = preferences(policy, load_suite("core", split="train")[:240])[:96]
    agent = CodeDPO(
        policy,
        pairs=pairs,
        tensorboard_log=folder,
        seed=0,
        learning_rate=1e-3,
        norm_lr_multiplier=10.0,
        batch_size=16,
        epochs=4,
    )
    print(f"the right program is the more probable one in {share_preferred(policy, pairs):.0%} of {len(pairs)} pairs")
    agent.learn(progress_bar=True)
    print(f"after {agent.n_updates} steps in {share_preferred(policy, pairs):.0%}")
    agent.save(f"{folder}/agent")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="codegym-"))
