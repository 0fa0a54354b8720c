"""Prompts for corpus tasks: a language model says what a function is for, in words other than its docstring's."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.codedpo.data.corpus_tasks import CorpusTask
from agents.engines.sampling import Sampling
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import PromptTemplate, Task
from agents.rollout.sampler import Sampler
from codegym.problem import Problem
from codegym.store import Store

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
class DescribedTasks:
    """Tasks, and how many of them a model described in words of its own."""

    problems: tuple[Problem, ...]
    described: int


def describe(
    tasks: Sequence[CorpusTask],
    policy: LMPolicy,
    *,
    store: Store | None = None,
    temperature: float = 0.7,
    max_new_tokens: int = 256,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> DescribedTasks:
    """Lets a model describe each task; where it writes no description, the docstring stays.

    Args:
        tasks: What to describe.
        policy: An instruction-tuned model.
        store: Keeps the descriptions; a run that was killed asks for none of them again.
        temperature: Temperature of the sampling.
        max_new_tokens: Length limit of a description.
        seed: Seed of the sampling.
        progress: Called with the number of tasks that are done, and of all tasks.
    """
    describer = LMPolicy(policy.model, policy.tokenizer, DESCRIBE)
    # An engine may hold a server's connection or compiled graphs, which are made once.
    describer.engine = policy.engine
    sampling = Sampling(temperature=temperature, max_new_tokens=max_new_tokens)
    sampler = Sampler(policy=describer, sampling=sampling, seed=seed, store=store)
    texts: list[str] = []
    for start in range(0, len(tasks), _AT_ONCE):
        prompts = [describer.task_text(Task.PROGRAM, task.source) for task in tasks[start : start + _AT_ONCE]]
        (written,) = sampler.write((prompts, 1), draw=(start,))
        texts += [cleaned(text) for (text,) in written]
        progress(min(start + _AT_ONCE, len(tasks)), len(tasks))
    problems = tuple(task.problem(text) for task, text in zip(tasks, texts, strict=True))
    return DescribedTasks(problems, sum(map(bool, texts)))


def cleaned(text: str) -> str:
    """Returns a description as a docstring can hold it; empty if it is none: too short, too long, or code."""
    text = text.rpartition("</think>")[2].strip().strip('"').strip()
    words = len(text.split())
    if not _LEAST_WORDS <= words <= _MOST_WORDS or _CODE.search(text):
        # Code in a description would give the solution away.
        return ""
    return "\n".join(textwrap.fill(paragraph, 100) for paragraph in text.splitlines() if paragraph.strip())
