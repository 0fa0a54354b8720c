"""Task prompts for seeds: a language model says what a function is for, in words other than its docstring's."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from agents.codedpo.data.corpus_tasks import Seed
from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import PromptTemplate, Task
from agents.scoring.journal import Journal
from codegym.problem import Problem

DESCRIBE = PromptTemplate(
    program=(
        "Here is a Python function.\n\n{prompt}\n\nWrite the task that it solves, for a programmer without it, "
        "in two to five sentences of plain English that say what the function takes, what it returns, and what happens "
        "in special cases. No code, no examples of use, no praise. Answer with the task only."
    ),
    tests="{prompt}",
    repair="{prompt}",
)
"""For instruction-tuned models."""

_AT_ONCE = 32
_LEAST_WORDS, _MOST_WORDS = 8, 200
_CODE = re.compile(r"```|^\s*(def|class|import|from|return)\b|>>>", re.MULTILINE)


@dataclass(frozen=True)
class DescribedSeeds:
    """Tasks, and how many of them a model described in words of its own."""

    problems: tuple[Problem, ...]
    described: int


def describe(
    seeds: Sequence[Seed],
    policy: LMPolicy,
    *,
    journal: Path | None = None,
    source: str = "policy",
    temperature: float = 0.7,
    max_new_tokens: int = 256,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> DescribedSeeds:
    """Lets a model describe each seed; where it writes no description, the docstring stays.

    Args:
        seeds: What to describe.
        policy: An instruction-tuned model.
        journal: Keeps the descriptions; a run that was killed asks for none of them again.
        source: Names the model in the journal; another name is asked anew.
        temperature: Of sampling.
        max_new_tokens: Length limit of a description.
        seed: Of the draw.
        progress: Is told how many are done, of how many.
    """
    kept = Journal(journal) if journal is not None else None
    known = {row["key"]: str(row["text"]) for row in kept.rows()} if kept is not None else {}
    asked = LMPolicy(policy.model, policy.tokenizer, DESCRIBE)
    asked.engine = policy.engine
    sampling = Sampling(temperature=temperature, max_new_tokens=max_new_tokens)
    for start in range(0, len(seeds), _AT_ONCE):
        portion = [one for one in seeds[start : start + _AT_ONCE] if _key(one, source) not in known]
        prompts = [asked.task_text(Task.PROGRAM, one.source) for one in portion]
        chance = np.random.SeedSequence([seed, start]).generate_state(1)[0]
        for place, completion in asked.stream(prompts, sampling, torch.Generator().manual_seed(int(chance))):
            row = {"key": _key(portion[place], source), "text": completion.text}
            known[row["key"]] = row["text"]
            if kept is not None:
                kept.append(row)
        progress(min(start + _AT_ONCE, len(seeds)), len(seeds))
    if kept is not None:
        kept.close()
    texts = [cleaned(known[_key(one, source)]) for one in seeds]
    problems = tuple(one.problem(text) for one, text in zip(seeds, texts, strict=True))
    return DescribedSeeds(problems, sum(map(bool, texts)))


def cleaned(text: str) -> str:
    """Returns a description as a docstring can hold it; empty if it is none: too short, too long, or code."""
    text = text.rpartition("</think>")[2].strip().strip('"').strip()
    words = len(text.split())
    if not _LEAST_WORDS <= words <= _MOST_WORDS or _CODE.search(text):
        return ""
    return "\n".join(textwrap.fill(paragraph, 100) for paragraph in text.splitlines() if paragraph.strip())


def _key(seed: Seed, source: str) -> str:
    return hashlib.sha256(f"{source}\n{seed.key}".encode()).hexdigest()[:24]
