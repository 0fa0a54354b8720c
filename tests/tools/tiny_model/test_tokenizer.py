from __future__ import annotations

import json

from agents.policy.builtin import FOLDER
from envs_registry.suites.core import exercises
from tools.tiny_model.lessons import make_lessons
from tools.tiny_model.recipe import RECIPES
from tools.tiny_model.tokenizer import train_tokenizer


def test_a_rebuilt_tokenizer_is_the_shipped_one() -> None:
    """Nearly: the lessons quote feedback, whose words may change a little before a model has to be made anew."""
    lessons = make_lessons(RECIPES["nano"], exercises("train"))
    rebuilt = train_tokenizer((lesson.prompt + lesson.answer for lesson in lessons), RECIPES["nano"].vocabulary)
    shipped = json.loads((FOLDER / "nano" / "tokenizer.json").read_text("utf-8"))
    assert len(rebuilt.get_vocab().keys() & shipped["model"]["vocab"].keys()) > 0.97 * len(shipped["model"]["vocab"])
