"""What gradients of different programs agree on: why norms may learn faster than matrices.

    python benchmarks/rltf_norms.py                                  # 4 gradients of 512 programs each: some minutes
    python benchmarks/rltf_norms.py --gradients 2 --collections 1    # a look

One model writes all programs and is never changed. Each gradient of RLTF's loss comes from programs of its own. The
cosine of two gradients says how far they agree: 1 for the same direction, 0 for none in common. Results:
``rltf_norms.json`` and ``rltf_norms.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class RLTFNorms:
    """Compare gradients of different programs, weight by weight."""

    model: str = "tiny"
    """The model."""
    suite: str = "core"
    """Suite of the problems; its train split."""
    gradients: int = 4
    """Number of gradients that are compared."""
    collections: int = 8
    """Collections of 64 programs for each gradient."""
    max_new_tokens: int = 128
    """Length limit of a program."""
    seed: int = 0
    """Seed of sampling."""
    out: Path = HERE / "results"
    """Folder of the results."""

    def run(self) -> None:
        """Measures, and writes a JSON file and a table."""
        measured = list(self.measured())
        cosines = {name: self.cosines([gradient[name] for gradient in measured]) for name in measured[0]}
        settings = {**asdict(self), "out": self.out.name}
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "rltf_norms.json").write_text(
            json.dumps({"settings": settings, "cosines": cosines}, indent=1) + "\n"
        )
        text = self.table(cosines)
        (self.out / "rltf_norms.md").write_text(text, "utf-8")
        print(text)

    def measured(self) -> Iterator[dict[str, Any]]:
        """Yields the gradients: a flat tensor for each weight of the model, and one of all of them."""
        import torch
        from stable_baselines3.common.logger import Logger

        from agents import RLTF, LMPolicy
        from codegym import Judge
        from codegym.env import CodeSynthesisEnv
        from envs_registry import load_suite

        problems = load_suite(self.suite, split="train")
        policy = LMPolicy.load(self.model, device="cpu", max_new_tokens=self.max_new_tokens, seed=self.seed)
        with Judge(packages=problems.packages) as judge:
            agent = RLTF(policy, CodeSynthesisEnv(problems, judge=judge), seed=self.seed)
            agent.set_logger(Logger(folder=None, output_formats=[]))
            for number in range(self.gradients):
                print(f"gradient {number + 1} of {self.gradients} ...", flush=True)
                agent.optimizer.zero_grad()
                for _ in range(self.collections):
                    # The gradient of a sum of batches is the sum of their gradients; the weights stay as they are.
                    for loss, _ in agent._policy_losses(agent.collect(), agent.config.micro_batch_size):
                        loss.backward()
                named = policy.model.named_parameters()
                parts = {name: weight.grad.flatten().clone() for name, weight in named if weight.grad is not None}
                yield {**parts, "all weights": torch.cat(list(parts.values()))}

    def cosines(self, gradients: list[Any]) -> list[float]:
        """The cosines of all pairs of gradients."""
        from torch.nn.functional import cosine_similarity

        return [float(cosine_similarity(one, other, dim=0)) for one, other in combinations(gradients, 2)]

    def table(self, cosines: Mapping[str, list[float]]) -> str:
        """The range of the cosines of each weight, the most alike first, in Markdown."""
        programs, model = 64 * self.collections, Path(self.model).name
        lines = [
            f"# Cosines of {self.gradients} gradients of {programs} programs each, `{model}` on `{self.suite}`",
            "",
            "| weight | mean | least | most |",
            "|---|---|---|---|",
        ]
        for name, values in sorted(cosines.items(), key=lambda item: -sum(item[1])):
            lines.append(f"| {name} | {sum(values) / len(values):.2f} | {min(values):.2f} | {max(values):.2f} |")
        return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import tyro

    tyro.cli(RLTFNorms).run()
