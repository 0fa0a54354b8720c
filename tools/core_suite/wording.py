"""Saying a composition in words, in several ways."""

from __future__ import annotations

import random

from tools.core_suite.composition import Composition, PartUse


def wordings(composition: Composition, parameters: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    """Returns different texts for one composition, each complete: a recipe, the end first, a nested phrase.

    Which of them comes first is drawn; the easier to read, the more often.

    Args:
        composition: What to say.
        parameters: Names of the arguments, without ``k``.
        rng: Chooses their order and what joins them.
    """
    start = _named(composition.steps[0].part.step, parameters)
    inner, end = composition.steps[1:-1], composition.steps[-1]
    texts = [_end_first(start, inner, end), _nested(start, composition.steps[1:])]
    if inner:
        texts = [_recipe(start, inner, end, rng), *texts]
    shown = rng.choices(range(len(texts)), _WEIGHTS[: len(texts)])[0]
    return (texts[shown], *texts[:shown], *texts[shown + 1 :])


_WEIGHTS = (5, 3, 1)


def _with_constant(words: str, step: PartUse) -> str:
    return words.replace("{k}", str(step.constant))


def _say(step: PartUse) -> str:
    return _with_constant(step.part.step, step)


def _named(text: str, parameters: tuple[str, ...]) -> str:
    for key, name in zip("ab", parameters, strict=False):
        text = text.replace("{" + key + "}", name)
    return text


def _nested(start: str, steps: tuple[PartUse, ...]) -> str:
    phrase = start
    for step in steps:
        phrase = _with_constant(step.part.noun, step).replace("{}", phrase)
    return f"Return {phrase}."


def _recipe(start: str, inner: tuple[PartUse, ...], end: PartUse, rng: random.Random) -> str:
    glue = rng.choice((", then ", ". Then ", "; "))
    return f"Take {start}: {glue.join(map(_say, inner))}. Return {_say(end)}."


def _end_first(start: str, inner: tuple[PartUse, ...], end: PartUse) -> str:
    if not inner:
        return f"For {start}, return {_say(end)}."
    return f"Return {_say(end)}, after these steps on {start}: " + "; ".join(map(_say, inner)) + "."
