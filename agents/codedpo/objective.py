"""The loss of a batch of pairs, in micro-batches: a preference loss and an imitation loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.logprobs import RowScores, score_rows
from agents.codedpo.losses import dpo_loss, kto_loss, kto_reference_point, nll_loss
from agents.codedpo.measures import PairMeasures
from agents.codedpo.reference import Reference, mismatched_rows
from agents.codedpo.token_pairs import TokenPair
from agents.policy.policy import LMPolicy
from agents.training.normalization import completion_weights


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What CodeDPO minimises over all its pairs."""

    policy: LMPolicy
    pairs: Sequence[TokenPair]
    reference: Reference
    config: CodeDPOConfig

    @property
    def compares(self) -> bool:
        """Whether rejected completions take part in the loss."""
        return self.config.method != "sft"

    def parts(self, batch: Sequence[int], size: int) -> Iterator[tuple[Tensor, PairMeasures]]:
        """Yields the loss of a batch in parts that add up to it, each with its measures.

        Args:
            batch: Indices of the pairs.
            size: Number of pairs in a part.
        """
        order = sorted(
            batch, key=lambda index: self.pairs[index].length
        )  # neighbours of about the same length need little padding
        lengths = torch.tensor([len(self.pairs[index].chosen.ids) for index in order])
        every = torch.ones(len(order), dtype=torch.bool)
        shares = completion_weights(lengths, every, self.config.normalization).to(self.policy.device)
        point = self._reference_point(order, size) if self.config.method == "kto" else None
        for start in range(0, len(order), size):
            yield self._part(order[start : start + size], shares[start : start + size], len(order), point)

    def _part(
        self, indices: Sequence[int], shares: Tensor, batch: int, point: Tensor | None
    ) -> tuple[Tensor, PairMeasures]:
        rows = [self.pairs[index].chosen for index in indices]
        if self.compares:
            rows += [self.pairs[index].rejected for index in indices]
        # Both sides in one forward pass, so that a prompt is processed once.
        scores = score_rows(self.policy, rows)
        number = len(indices)
        chosen = torch.arange(len(rows), device=self.policy.device) < number
        measures = PairMeasures.of_scores(scores, chosen)
        imitation = (nll_loss(scores.logps[:number], scores.mask[:number]) * shares).sum()
        if not self.compares:
            return imitation, measures
        losses, measures = self._preference(indices, scores, measures, point)
        # By the whole batch and not by the part, so that parts add up to the batch's loss.
        return losses.sum() / batch + self.config.nll_weight * imitation, measures

    def _preference(
        self, indices: Sequence[int], scores: RowScores, measures: PairMeasures, point: Tensor | None
    ) -> tuple[Tensor, PairMeasures]:
        """The preference loss of each pair, [b]; for KTO the mean of the losses of its two completions."""
        beta = self.config.beta
        chosen, rejected = scores.weighted.chunk(2)
        ref_chosen, ref_rejected = (
            torch.from_numpy(sums[indices]).to(chosen) for sums in (self.reference.chosen, self.reference.rejected)
        )
        if point is None:
            losses = dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta)
        else:
            good = torch.ones(len(indices), dtype=torch.bool, device=chosen.device)
            of_chosen = kto_loss(chosen, ref_chosen, good, point, beta)
            # Halved: KTO has two losses a pair where DPO has one, and the learning rate should mean the same.
            losses = (of_chosen + kto_loss(rejected, ref_rejected, ~good, point, beta)) / 2
        with torch.no_grad():
            gains, harms = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
            measured = replace(
                measures,
                preference_loss=float(losses.sum()),
                logps_chosen=float(chosen.sum()),
                logps_rejected=float(rejected.sum()),
                reward_chosen=float(gains.sum()),
                reward_rejected=float(harms.sum()),
                right=int((gains > harms).sum()),
            )
        return losses, measured

    def _reference_point(self, indices: Sequence[int], size: int) -> Tensor:
        """KTO's reference point, taken over the whole batch, so that cutting the batch into parts changes nothing."""
        # Without gradient: it is a constant of the batch, and needs no activations to be kept.
        now: list[Tensor] = []
        for start in range(0, len(indices), size):
            part = indices[start : start + size]
            rows = [row for index in part for row in mismatched_rows(self.pairs, index, self.policy)]
            with torch.no_grad():
                now.append(score_rows(self.policy, rows).weighted)
        policy = torch.cat(now)
        return kto_reference_point(
            policy, torch.from_numpy(self.reference.mismatched[list(indices)]).flatten().to(policy)
        )
