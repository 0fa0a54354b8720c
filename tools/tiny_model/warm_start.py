"""Supervised training of a small model on its lessons: cross-entropy of the answers, AdamW, a cosine."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tools.tiny_model.example import Example
from tools.tiny_model.lessons import Lesson
from tools.tiny_model.partner import partners
from tools.tiny_model.recipe import ModelRecipe

_SORTED_TOGETHER = 32
"""Batches' worth of lessons that are sorted by length, so that little is padding but batches still differ."""


def new_model(recipe: ModelRecipe, tokenizer: Any) -> Any:
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
    recipe: ModelRecipe,
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
    shares = [batches[number :: recipe.processes] for number in range(recipe.processes)]
    steps = len(shares[-1])  # a last round that is not enough for all is left out
    answered = [sum(example.answered for share in shares for example in share[step]) for step in range(steps)]
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=recipe.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _cosine(steps, recipe.warmup))
    model.train()
    with partners(model, shares, sum(answered) / steps) as together:
        for step in range(steps):
            loss = together.step()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            progress(step + 1, steps, loss / answered[step])
    model.eval()


def _encoded(tokenizer: Any, lessons: Sequence[Lesson]) -> list[Example]:
    prompts = tokenizer([lesson.prompt for lesson in lessons])["input_ids"]
    answers = tokenizer([lesson.answer for lesson in lessons])["input_ids"]
    end = tokenizer.eos_token_id
    return [Example(ids=[*a, *b, end], prompt_length=len(a)) for a, b in zip(prompts, answers, strict=True)]


def _batches(sequences: list[Example], recipe: ModelRecipe) -> Iterator[list[Example]]:
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


def _cosine(steps: int, warmup: float) -> Callable[[int], float]:
    rising = max(1, round(warmup * steps))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))

    return factor
