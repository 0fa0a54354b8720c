"""A researcher's own agent, on the plain Gymnasium API: REINFORCE over nine tokens learns one function.

Run: python examples/custom_agent.py
"""

from __future__ import annotations

from functools import reduce

import gymnasium as gym
import torch

TOKENS = ["len({})", "set({})", "sum({})", "max({})", "sorted({})", "{}[::2]", "{}[1::2]", "{} + 1", "{}"]
LENGTH, BATCH, UPDATES = 4, 64, 30


class Writer(torch.nn.Module):
    """A recurrent policy over TOKENS, each of which wraps the expression so far; the last is also the start."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(len(TOKENS), 32)
        self.cell = torch.nn.GRUCell(32, 64)
        self.head = torch.nn.Linear(64, len(TOKENS))

    def write(self, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns token ids [B, LENGTH], and log-probabilities and entropies summed over the tokens [B]."""
        token, state = torch.full((batch,), len(TOKENS) - 1), torch.zeros(batch, 64)
        ids, logps, entropy = [], torch.zeros(batch), torch.zeros(batch)
        for _ in range(LENGTH):
            state = self.cell(self.embed(token), state)
            choice = torch.distributions.Categorical(logits=self.head(state))
            token = choice.sample()
            ids, logps, entropy = [*ids, token], logps + choice.log_prob(token), entropy + choice.entropy()
        return torch.stack(ids, 1), logps, entropy


def main() -> None:
    """Learns to add up every second item of a list."""
    torch.manual_seed(0)
    envs = gym.make_vec("codegym:CodeSynthesis-v0", num_envs=BATCH, suite="core", split="train")
    problem = next(p for p in envs.unwrapped.problems if "every_second" in p.tags)
    name, argument = problem.entry_point, problem.starter_code.split("(")[1].split(")")[0]
    writer = Writer()
    optimizer = torch.optim.Adam(writer.parameters(), lr=0.01)
    for update in range(UPDATES):
        envs.reset(seed=update, options={"task_id": [problem.task_id] * BATCH})
        ids, logps, entropy = writer.write(BATCH)
        bodies = [reduce(lambda text, i: TOKENS[i].format(text), row, argument) for row in ids.tolist()]
        rewards = torch.tensor(envs.step([f"def {name}({argument}):\n    return {body}\n" for body in bodies])[1])
        optimizer.zero_grad()
        (-((rewards - rewards.mean()) * logps).mean() - 0.02 * entropy.mean()).backward()
        optimizer.step()
        if update % 10 == 9 or update == 0:
            print(f"update {update + 1:3}: mean reward {rewards.mean():+.2f}, best: return {bodies[rewards.argmax()]}")
    envs.close()


if __name__ == "__main__":
    main()
