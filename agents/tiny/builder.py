"""Builds the small models at first use and keeps them in the user's cache. The only place that knows them by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from tqdm import tqdm

import agents.policy.prompt_template
import agents.tiny
import codegym.feedback
import envs_registry.suites.core
from agents.policy.policy import LMPolicy
from agents.tiny.cache import built_once
from agents.tiny.lessons import make_lessons
from agents.tiny.recipe import TEMPLATE, Recipe
from agents.tiny.tokenizer import train_tokenizer
from agents.tiny.warm_start import new_model, train
from envs_registry.sources import cache_folder
from envs_registry.suites.core import exercises

TINY = Recipe(name="tiny")
NANO = Recipe(
    name="nano",
    difficulties=("easy", "medium"),
    vocabulary=1024,
    hidden=96,
    feed_forward=288,
    layers=3,
    programs=5_000,
    tests=100,
    repairs=100,
    corrupted=0.05,
    learning_rate=6e-3,
    processes=1,
)

_MADE_BY = (agents.policy.prompt_template, agents.tiny, codegym.feedback, envs_registry.suites.core)
_TOKENIZER_LESSONS = 6_000


def tiny() -> Path:
    """Returns the folder of the model that the demo and the studies use."""
    return folder_of(TINY)


def nano() -> Path:
    """Returns the folder of the model for tests and examples: the same in small, and much worse."""
    return folder_of(NANO)


def folder_of(recipe: Recipe) -> Path:
    """Returns the folder of a recipe's model in the user's cache, building it if it is not there."""
    return built_once(cache_folder() / "models" / recipe.key(_MADE_BY), lambda folder: build(recipe, folder))


def build(recipe: Recipe, folder: Path) -> None:
    """Makes lessons, tokenizer and model, teaches it and saves it in the hub's layout, with a progress bar."""
    lessons = make_lessons(recipe, exercises("train"))
    tokenizer = train_tokenizer(
        (lesson.told + lesson.answer for lesson in lessons[:_TOKENIZER_LESSONS]), recipe.vocabulary
    )
    with _reproducible(recipe), tqdm(desc=f"warming up {recipe.name}", unit="step", file=sys.stderr) as bar:

        def show(step: int, steps: int, loss: float) -> None:
            bar.total = steps
            bar.set_postfix(loss=f"{loss:.2f}", refresh=False)
            bar.update()

        model = new_model(recipe, tokenizer)
        train(model, tokenizer, lessons, recipe, show)
    LMPolicy(model, tokenizer, TEMPLATE).save(folder)


@contextmanager
def _reproducible(recipe: Recipe) -> Iterator[None]:
    """The recipe's seed and number of threads, and afterwards those of before."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
