"""The reference engine: it draws from the policy's own model, and its log-probabilities are exact."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.engines.cached_forward import CachedForward, DecodingState, distinct_rows
from agents.engines.engine import Sample
from agents.engines.out_of_memory import is_out_of_memory
from agents.engines.sampling import Sampling
from codegym.errors import DivergedError


class LocalEngine:
    """Draws from a model on this machine, in batches of prompts of similar length; rows leave a batch as they end.

    Args:
        network: Model that writes the completions.
        end_ids: Tokens that end a completion.
        batch_size: Most prompts in a batch. It is halved, with a warning, whenever memory runs out.
    """

    def __init__(self, network: CachedForward, end_ids: Sequence[int], batch_size: int = 128) -> None:
        self.network, self.end_ids, self.batch_size = network, tuple(end_ids), batch_size

    def stream(
        self,
        prompts: Sequence[NDArray[np.int64]],
        sampling: Sampling,
        generator: torch.Generator,
        prefixes: Sequence[NDArray[np.int64]] = (),
    ) -> Iterator[tuple[int, Sample]]:
        """Continues every prompt, see ``Engine.stream``; an encoder-decoder model decodes the prefixes.

        Raises:
            DivergedError: If the model's logits are not numbers.
            RuntimeError: If a single row does not fit into memory.
        """
        # Similar lengths mean little padding, and equal prompts share a batch, where they are computed once.
        order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), prompts[i].tobytes()))
        size = (len(prompts), sampling.max_new_tokens)
        # All random numbers are drawn beforehand: a row's tokens must not depend on how many rows fit into memory.
        draws = torch.rand(size, dtype=torch.float64, generator=generator, device=generator.device)
        forced = _padded_prefixes([prefixes[i] for i in order] if len(prefixes) else [_NO_PREFIX] * len(order))
        waiting = list(range(len(order)))
        while waiting:
            chunk, ended = waiting[: self.batch_size], set()
            try:
                rows = [prompts[order[i]] for i in chunk]
                for row, sample in self._continue(rows, draws[chunk], forced[chunk], sampling):
                    ended.add(chunk[row])
                    yield order[chunk[row]], sample
            except (MemoryError, RuntimeError) as error:
                if self.batch_size == 1 or not is_out_of_memory(error):
                    raise
                self.batch_size = max(min(self.batch_size, len(chunk)) // 2, 1)
                warnings.warn(
                    f"out of memory: continuing with batches of {self.batch_size} programs while sampling.",
                    stacklevel=2,
                )
            if len(ended) < len(chunk):
                torch.cuda.empty_cache()  # only after the handler: the error's traceback held the tensors
            waiting = [i for i in waiting if i not in ended]

    def _continue(
        self, prompts: list[NDArray[np.int64]], draws: Tensor, forced: Tensor, sampling: Sampling
    ) -> Iterator[tuple[int, Sample]]:
        distinct, index = distinct_rows(prompts)
        # Inference mode is left around each `yield`: it is a state of the thread, and the caller may be training.
        with torch.inference_mode():
            state = self.network.prefill(distinct)
            if state.logits.isnan().any():
                raise DivergedError(
                    "the model's logits are not numbers (NaN): its weights are broken. Load the last checkpoint, whose "
                    "weights are whole, and continue with a smaller learning rate."
                )
            device = state.logits.device
            state.select(torch.from_numpy(index).to(device))
            ends = torch.tensor(self.end_ids, device=device)
            batch = _Batch(state, draws.to(device), forced.to(device), ends, sampling)
        for _ in range(sampling.max_new_tokens):
            with torch.inference_mode():
                ended = batch.step()
            yield from ended
            if not batch.alive:
                return


class _Batch:
    """The rows that are being sampled side by side."""

    # Reading a GPU's tokens makes the host wait for the device, so it happens only every few tokens.
    _CHECK_EVERY_ON_GPU = 8
    # Dropping ended rows copies the cache, so it waits until a quarter of the rows can go.
    _MAX_ALIVE_TO_DROP = 0.75

    def __init__(
        self, state: DecodingState, draws: Tensor, forced: Tensor, end_ids: Tensor, sampling: Sampling
    ) -> None:
        self._state, self._draws, self._end_ids, self._sampling = state, draws, end_ids, sampling
        self._forced = forced
        self._ids = torch.zeros(draws.shape, dtype=torch.int64, device=draws.device)
        self._logprobs = torch.zeros(draws.shape, dtype=torch.float32, device=draws.device)
        self._rows = torch.arange(len(draws), device=draws.device)
        self._is_open = torch.ones(len(draws), dtype=torch.bool, device=draws.device)
        self._length = self._checked = 0
        self._check_every = 1 if draws.device.type == "cpu" else self._CHECK_EVERY_ON_GPU
        self.alive = len(draws)

    def step(self) -> list[tuple[int, Sample]]:
        """Draws one token in every row; returns the rows that are found to have ended."""
        column = self._length
        ids, logprobs = draw(self._state.logits, self._draws[self._rows, column], self._sampling)
        if column < self._forced.shape[1]:
            given = self._forced[self._rows, column]
            ids, logprobs = torch.where(given < 0, ids, given), torch.where(given < 0, logprobs, 0.0)
        self._ids[self._rows, column], self._logprobs[self._rows, column] = ids, logprobs
        self._length += 1
        last = self._length == self._sampling.max_new_tokens
        ended = self._take_ended(last) if last or self._length % self._check_every == 0 else []
        if self.alive:
            if self.alive <= self._MAX_ALIVE_TO_DROP * len(self._rows):
                kept = self._is_open[self._rows].nonzero()[:, 0]
                self._state.select(kept)
                self._rows, ids = self._rows[kept], ids[kept]
            self._state.decode(ids[:, None])
        return ended

    def _take_ended(self, last: bool) -> list[tuple[int, Sample]]:
        new = self._ids[:, self._checked : self._length]
        hit = torch.isin(new, self._end_ids).any(dim=1) | last
        rows = (hit & self._is_open).nonzero()[:, 0]
        self._is_open[rows] = False
        self._checked = self._length
        self.alive -= len(rows)
        return [(row, self._sample(row)) for row in rows.tolist()]

    def _sample(self, row: int) -> Sample:
        ids = self._ids[row, : self._length]
        # On a GPU a row is drawn past its end until the next check; what follows the first end token is dropped.
        ends = torch.isin(ids, self._end_ids).nonzero()[:, 0]
        finished = len(ends) > 0
        length = int(ends[0]) + 1 if finished else self._length
        return Sample(
            token_ids=ids[:length].cpu().numpy().copy(),
            logprobs=self._logprobs[row, :length].cpu().numpy().copy(),
            finished=finished,
        )


_NO_PREFIX: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def _padded_prefixes(prefixes: Sequence[NDArray[np.int64]]) -> Tensor:
    """Prefixes as one tensor [B, longest], -1 after the end of each."""
    rows = np.full((len(prefixes), max(map(len, prefixes), default=0)), -1, dtype=np.int64)
    for row, prefix in zip(rows, prefixes, strict=True):
        row[: len(prefix)] = prefix
    return torch.from_numpy(rows)


def draw(logits: Tensor, uniforms: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Draws one token for each row by inverting the cumulative distribution.

    Args:
        logits: Scores [B, V] of any float type; the softmax is taken in float32.
        uniforms: Numbers in [0, 1), float64 [B]: the only source of randomness.
        sampling: Temperature, top-p, or greedy.

    Returns:
        Ids [B] and their log-probabilities [B] under the distribution that they were drawn from.
    """
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    if sampling.greedy:
        best = logprobs.max(dim=-1)
        return best.indices, best.values
    if sampling.temperature != 1.0:
        logprobs = torch.log_softmax(logprobs / sampling.temperature, dim=-1)
    if sampling.top_p < 1.0:
        logprobs = torch.log_softmax(_nucleus(logprobs, sampling.top_p), dim=-1)
    # float32 sums over a large vocabulary are off by more than a rare token's probability
    cumulative = logprobs.exp().double().cumsum(dim=-1)
    total = cumulative[:, -1:]
    # below the total in any rounding: the first entry above it has a probability that is not zero
    target = torch.minimum(uniforms[:, None] * total, torch.nextafter(total, torch.zeros_like(total)))
    ids = torch.searchsorted(cumulative, target, right=True)
    return ids[:, 0], logprobs.gather(1, ids)[:, 0]


def _nucleus(logprobs: Tensor, top_p: float) -> Tensor:
    """Log-probabilities [B, V] with minus infinity outside the smallest set whose probability reaches ``top_p``."""
    ordered, order = logprobs.sort(dim=-1, descending=True)
    before = ordered.exp().cumsum(dim=-1) - ordered.exp()
    outside = torch.zeros_like(before, dtype=torch.bool).scatter(1, order, before >= top_p)
    return logprobs.masked_fill(outside, -torch.inf)
