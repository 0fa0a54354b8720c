"""The loss of a micro-batch of pairs: preference and imitation, each as a share of the whole batch's."""

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
    """What CodeDPO minimises, over all pairs that there are."""

    policy: LMPolicy
    pairs: Sequence[TokenPair]
    reference: Reference
    config: CodeDPOConfig

    @property
    def compares(self) -> bool:
        """Whether rejected completions are looked at."""
        return self.config.method != "sft"

    def parts(self, batch: Sequence[int], size: int) -> Iterator[tuple[Tensor, PairMeasures]]:
        """Yields the loss of a batch in parts that add up to it, each with its measures.

        Args:
            batch: Places of the pairs.
            size: Pairs in a part.
        """
        order = sorted(batch, key=lambda place: self.pairs[place].length)  # neighbours of a length: little padding
        lengths = torch.tensor([len(self.pairs[place].chosen.ids) for place in order])
        everyone = torch.ones(len(order), dtype=torch.bool)
        shares = completion_weights(lengths, everyone, self.config.normalization).to(self.policy.device)
        point = self._reference_point(order, size) if self.config.method == "kto" else None
        for start in range(0, len(order), size):
            yield self._part(order[start : start + size], shares[start : start + size], len(order), point)

    def _part(
        self, places: Sequence[int], shares: Tensor, batch: int, point: Tensor | None
    ) -> tuple[Tensor, PairMeasures]:
        rows = [self.pairs[place].chosen for place in places]
        if self.compares:
            rows += [self.pairs[place].rejected for place in places]
        scores = score_rows(self.policy, rows)
        number = len(places)
        chosen = torch.arange(len(rows), device=self.policy.device) < number
        measures = PairMeasures.of_scores(scores, chosen)
        imitation = (nll_loss(scores.logps[:number], scores.mask[:number]) * shares).sum()
        if not self.compares:
            return imitation, measures
        losses, measures = self._preference(places, scores, measures, point)
        return losses.sum() / batch + self.config.nll_weight * imitation, measures

    def _preference(
        self, places: Sequence[int], scores: RowScores, measures: PairMeasures, point: Tensor | None
    ) -> tuple[Tensor, PairMeasures]:
        """The preference loss of each pair, [b]; KTO's two losses of a pair count a half each."""
        beta = self.config.beta
        chosen, rejected = scores.weighted.chunk(2)
        ref_chosen, ref_rejected = (
            torch.from_numpy(sums[places]).to(chosen) for sums in (self.reference.chosen, self.reference.rejected)
        )
        if point is None:
            losses = dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta)
        else:
            good = torch.ones(len(places), dtype=torch.bool, device=chosen.device)
            of_chosen = kto_loss(chosen, ref_chosen, good, point, beta)
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

    def _reference_point(self, places: Sequence[int], size: int) -> Tensor:
        """KTO's, of the whole batch: cutting it into parts changes nothing."""
        now: list[Tensor] = []
        for start in range(0, len(places), size):
            part = places[start : start + size]
            rows = [row for place in part for row in mismatched_rows(self.pairs, place, self.policy)]
            with torch.no_grad():
                now.append(score_rows(self.policy, rows).weighted)
        policy = torch.cat(now)
        return kto_reference_point(
            policy, torch.from_numpy(self.reference.mismatched[list(places)]).flatten().to(policy)
        )
