from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

import agents.policy.prompt_template
import agents.tiny
from agents.tiny.recipe import Recipe


def test_the_key_tells_recipes_apart() -> None:
    recipe = Recipe(name="r")
    keys = {recipe.key([]), replace(recipe, seed=1).key([]), replace(recipe, learning_rate=1e-4).key([])}
    assert len(keys) == 3
    assert all(key.startswith("r-") for key in keys)
    assert recipe.key([]) == Recipe(name="r").key([])


def test_the_key_depends_on_the_source_of_the_lessons(tmp_path: object) -> None:
    recipe = Recipe(name="r")
    keys = {recipe.key([]), recipe.key([agents.tiny]), recipe.key([agents.tiny, agents.policy.prompt_template])}
    assert len(keys) == 3


def test_the_key_follows_a_change_of_a_file(tmp_path: object) -> None:
    package = ModuleType("package")
    package.__file__ = f"{tmp_path}/__init__.py"
    keys = set()
    for text in ("a = 1\n", "a = 2\n"):
        with open(package.__file__, "w") as file:
            file.write(text)
        keys.add(Recipe(name="r").key([package]))
    (Path(str(tmp_path)) / "data").mkdir()
    (Path(str(tmp_path)) / "data" / "train.jsonl").touch()
    keys.add(Recipe(name="r").key([package]))
    assert len(keys) == 3


def test_a_recipe_has_at_most_twenty_fields() -> None:
    assert len(fields(Recipe)) <= 20
