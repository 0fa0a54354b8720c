"""Supervised training of a small model on its lessons: cross-entropy of the answers, AdamW, a cosine."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from agents.tiny.lessons import Lesson
from agents.tiny.recipe import Recipe

_SORTED_TOGETHER = 32
"""Batches' worth of lessons that are sorted by length, so that little is padding but batches still differ."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A lesson as ids, and how many of them are what the model is told."""

    ids: list[int]
    told: int


def new_model(recipe: Recipe, tokenizer: Any) -> Any:
    """Returns an untrained model; all heads share one key and value, which makes generation on a CPU twice as fast."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.hidden,
        intermediate_size=recipe.feed_forward,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=1,
        max_position_embeddings=recipe.context,
        initializer_range=recipe.hidden**-0.5,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def train(
    model: Any,
    tokenizer: Any,
    lessons: Sequence[Lesson],
    recipe: Recipe,
    progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> None:
    """Trains the model on every lesson once.

    Args:
        model: From ``new_model``.
        tokenizer: Its tokenizer.
        lessons: In the order in which they are taught.
        recipe: Sizes and rates.
        progress: Called after each step with steps done, steps in all, and the loss in nats a token.
    """
    batches = list(_batches(_encoded(tokenizer, lessons), recipe))
    answered = sum(len(example.ids) - example.told for batch in batches for example in batch) / len(batches)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=recipe.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _cosine(len(batches), recipe.warmup))
    model.train()
    for step, batch in enumerate(batches, start=1):
        loss = _loss(model, batch)
        (loss / answered).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        progress(step, len(batches), loss.item() / sum(len(example.ids) - example.told for example in batch))
    model.eval()


def _encoded(tokenizer: Any, lessons: Sequence[Lesson]) -> list[Example]:
    told = tokenizer([lesson.told for lesson in lessons])["input_ids"]
    answers = tokenizer([lesson.answer for lesson in lessons])["input_ids"]
    end = tokenizer.eos_token_id
    return [Example(ids=[*a, *b, end], told=len(a)) for a, b in zip(told, answers, strict=True)]


def _batches(sequences: list[Example], recipe: Recipe) -> Iterator[list[Example]]:
    """Cuts the lessons, near in length and near in order, into batches of about the same number of tokens."""
    rng = random.Random(recipe.seed)
    mean = sum(len(s.ids) for s in sequences) / len(sequences)
    window = int(_SORTED_TOGETHER * recipe.batch_tokens / mean)
    for start in range(0, len(sequences), window):
        ordered = sorted(sequences[start : start + window], key=lambda s: len(s.ids))
        cut: list[list[Example]] = [[]]
        for sequence in ordered:
            if (len(cut[-1]) + 1) * len(sequence.ids) > recipe.batch_tokens:
                cut.append([])
            cut[-1].append(sequence)
        rng.shuffle(cut)
        yield from cut


def _loss(model: Any, batch: list[Example]) -> Tensor:
    """Sum of the cross-entropy of the answers' tokens; a mean would weigh a token in a batch of few long lessons more.

    Padding is on the right, so causal attention needs no mask.
    """
    longest = max(len(s.ids) for s in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.int64)
    is_answer = torch.zeros(len(batch), longest, dtype=torch.bool)
    for row, sequence in enumerate(batch):
        ids[row, : len(sequence.ids)] = torch.tensor(sequence.ids)
        is_answer[row, sequence.told : len(sequence.ids)] = True
    states = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(states[is_answer[:, 1:]])
    return functional.cross_entropy(logits.float(), ids[:, 1:][is_answer[:, 1:]], reduction="sum")


def _cosine(steps: int, warmup: float) -> Callable[[int], float]:
    rising = max(1, round(warmup * steps))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))

    return factor
