"""Sampling: from prompts as token ids to the ids that were drawn and their log-probabilities.

``Engine`` is the seam: the policy tokenises and decodes, an engine only draws ids. ``LocalEngine`` runs the policy's
own model; a server (vLLM, anything that speaks OpenAI's protocol with token ids) can stand in its place.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.engines.cached_forward import Backbone, Reading
from agents.engines.out_of_memory import is_out_of_memory
from codegym.errors import DivergedError, InvalidSettingError


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How tokens are drawn.

    Raises:
        InvalidSettingError: If a number is out of its range.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    """Draw among the most probable tokens that together have this probability (the last one crosses it)."""
    greedy: bool = False
    """Take the most probable token; temperature and top_p then do not matter."""
    max_new_tokens: int = 256

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise InvalidSettingError(
                f"temperature must be above 0, got {self.temperature}; use greedy=True for the limit at 0."
            )
        if not 0 < self.top_p <= 1:
            raise InvalidSettingError(f"top_p must be in (0, 1], got {self.top_p}.")
        if self.max_new_tokens < 1:
            raise InvalidSettingError(f"max_new_tokens must be at least 1, got {self.max_new_tokens}.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """What an engine drew for one prompt: ids and log-probabilities [T], and whether the last id is an end token."""

    token_ids: NDArray[np.int64]
    logprobs: NDArray[np.float32]
    finished: bool


class Engine(Protocol):
    """Anything that continues prompts."""

    def stream(
        self,
        prompts: Sequence[NDArray[np.int64]],
        sampling: Sampling,
        generator: torch.Generator,
        prefixes: Sequence[NDArray[np.int64]] = (),
    ) -> Iterator[tuple[int, Sample]]:
        """Continues every prompt and yields ``(index of the prompt, sample)`` as soon as a sample has ended.

        Args:
            prompts: Ids, int64 [P] each.
            sampling: How tokens are drawn.
            generator: The source of chance.
            prefixes: The ids that each sample begins with, int64 [F] each, with log-probability 0 since nobody drew
                them; left out where no sample has any, so that an engine without them serves all the rest.
        """


class LocalEngine:
    """Draws from a model on this machine, in batches of prompts of like length, dropping rows as they end.

    Args:
        backbone: The model.
        end_ids: Tokens that end a completion.
        rows: Most prompts in a batch at first; where memory runs out it is halved, with a warning, and stays so.
    """

    def __init__(self, backbone: Backbone, end_ids: Sequence[int], rows: int = 128) -> None:
        self.backbone, self.end_ids, self.rows = backbone, tuple(end_ids), rows

    def stream(
        self,
        prompts: Sequence[NDArray[np.int64]],
        sampling: Sampling,
        generator: torch.Generator,
        prefixes: Sequence[NDArray[np.int64]] = (),
    ) -> Iterator[tuple[int, Sample]]:
        """Continues every prompt and yields ``(index of the prompt, sample)`` as soon as a sample has ended.

        A prefix is written token by token in place of what is drawn, also by a decoder that reads its prompt elsewhere.

        Raises:
            RuntimeError: If a single row does not fit into memory.
        """
        order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), prompts[i].tobytes()))
        size = (len(prompts), sampling.max_new_tokens)
        # all chance is drawn beforehand: what a row becomes does not depend on how many fit beside it
        draws = torch.rand(size, dtype=torch.float64, generator=generator, device=generator.device)
        forced = _side_by_side([prefixes[i] for i in order] if len(prefixes) else [_NONE] * len(order))
        waiting = list(range(len(order)))
        while waiting:
            chunk, ended = waiting[: self.rows], set()
            try:
                rows = [prompts[order[i]] for i in chunk]
                for row, sample in self._write(rows, draws[chunk], forced[chunk], sampling):
                    ended.add(chunk[row])
                    yield order[chunk[row]], sample
            except (MemoryError, RuntimeError) as error:
                if self.rows == 1 or not is_out_of_memory(error):
                    raise
                self.rows = max(min(self.rows, len(chunk)) // 2, 1)
                warnings.warn(f"out of memory: going on with {self.rows} programs at a time.", stacklevel=2)
            if len(ended) < len(chunk):
                torch.cuda.empty_cache()  # only now, since the error held what had been computed
            waiting = [i for i in waiting if i not in ended]

    def _write(
        self, prompts: list[NDArray[np.int64]], draws: Tensor, forced: Tensor, sampling: Sampling
    ) -> Iterator[tuple[int, Sample]]:
        distinct, index = distinct_rows(prompts)
        with torch.inference_mode():
            reading = self.backbone.read(distinct)
            if reading.logits.isnan().any():
                raise DivergedError(
                    "the model's scores are not numbers: its weights are broken. Go back to the last checkpoint, which "
                    "is whole, and on with a smaller learning rate."
                )
            device = reading.logits.device
            reading.select(torch.from_numpy(index).to(device))
            reading = reading.reserve(sampling.max_new_tokens)
            ends = torch.tensor(self.end_ids, device=device)
            batch = _Batch(reading, draws.to(device), forced.to(device), ends, sampling)
        for _ in range(sampling.max_new_tokens):
            with torch.inference_mode():
                ended = batch.step()
            yield from ended
            if not batch.alive:
                return


class _Batch:
    """The rows that are still being written."""

    # The host looks at a GPU's tokens only now and then: every look waits for the device.
    _LOOK_EVERY_ON_GPU = 8
    # Dropping ended rows copies the cache, so it waits until a quarter of the rows can go.
    _WORTH_DROPPING = 0.75

    def __init__(self, reading: Reading, draws: Tensor, forced: Tensor, end_ids: Tensor, sampling: Sampling) -> None:
        self._reading, self._draws, self._end_ids, self._sampling = reading, draws, end_ids, sampling
        self._forced = forced
        self._ids = torch.zeros(draws.shape, dtype=torch.int64, device=draws.device)
        self._logprobs = torch.zeros(draws.shape, dtype=torch.float32, device=draws.device)
        self._rows = torch.arange(len(draws), device=draws.device)
        self._is_open = torch.ones(len(draws), dtype=torch.bool, device=draws.device)
        self._length = self._looked = 0
        self._look_every = 1 if draws.device.type == "cpu" else self._LOOK_EVERY_ON_GPU
        self.alive = len(draws)

    def step(self) -> list[tuple[int, Sample]]:
        """Writes one token in every row; returns the rows that are found to have ended."""
        column = self._length
        ids, logprobs = draw(self._reading.logits, self._draws[self._rows, column], self._sampling)
        if column < self._forced.shape[1]:
            given = self._forced[self._rows, column]
            ids, logprobs = torch.where(given < 0, ids, given), torch.where(given < 0, logprobs, 0.0)
        self._ids[self._rows, column], self._logprobs[self._rows, column] = ids, logprobs
        self._length += 1
        last = self._length == self._sampling.max_new_tokens
        ended = self._take_ended(last) if last or self._length % self._look_every == 0 else []
        if self.alive:
            if self.alive <= self._WORTH_DROPPING * len(self._rows):
                kept = self._is_open[self._rows].nonzero()[:, 0]
                self._reading.select(kept)
                self._rows, ids = self._rows[kept], ids[kept]
            self._reading.write(ids[:, None])
        return ended

    def _take_ended(self, last: bool) -> list[tuple[int, Sample]]:
        new = self._ids[:, self._looked : self._length]
        hit = torch.isin(new, self._end_ids).any(dim=1) | last
        rows = (hit & self._is_open).nonzero()[:, 0]
        self._is_open[rows] = False
        self._looked = self._length
        self.alive -= len(rows)
        return [(row, self._sample(row)) for row in rows.tolist()]

    def _sample(self, row: int) -> Sample:
        ids = self._ids[row, : self._length]
        ends = torch.isin(ids, self._end_ids).nonzero()[:, 0]
        finished = len(ends) > 0
        length = int(ends[0]) + 1 if finished else self._length
        return Sample(
            token_ids=ids[:length].cpu().numpy().copy(),
            logprobs=self._logprobs[row, :length].cpu().numpy().copy(),
            finished=finished,
        )


_NONE: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def _side_by_side(prefixes: Sequence[NDArray[np.int64]]) -> Tensor:
    """Prefixes as one tensor [B, longest], -1 behind the end of each."""
    rows = np.full((len(prefixes), max(map(len, prefixes), default=0)), -1, dtype=np.int64)
    for row, prefix in zip(rows, prefixes, strict=True):
        row[: len(prefix)] = prefix
    return torch.from_numpy(rows)


def draw(logits: Tensor, uniforms: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Draws one token for each row by inverting the cumulative distribution.

    Args:
        logits: Scores [B, V] of any float type; the softmax is taken in float32.
        uniforms: Numbers in [0, 1), float64 [B]: the only source of chance.
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


def distinct_rows(rows: Sequence[NDArray[np.int64]]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Returns the distinct rows in order of first appearance, and for each row the index of its like among them."""
    places: dict[bytes, int] = {}
    index = np.array([places.setdefault(row.tobytes(), len(places)) for row in rows], dtype=np.int64)
    distinct: list[NDArray[np.int64]] = []
    for row, place in zip(rows, index, strict=True):
        if place == len(distinct):
            distinct.append(row)
    return distinct, index
