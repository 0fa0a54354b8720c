"""Saying a composition in words, in several ways."""

from __future__ import annotations

import random

from envs_registry.suites.core.composition import Composition, Step

_PREFACES = (
    "",
    "",
    "",
    "An empty sequence is no error. ",
    "Mind the order. ",
    "A clerk needs this. ",
    "This came up in a log file. ",
)


def wordings(composition: Composition, parameters: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    """Returns different texts for one composition, each complete: a recipe, the end first, a nested phrase, backwards.

    Which of them comes first is drawn; the easier to read, the more often.

    Args:
        composition: What to say.
        parameters: Names of the arguments, without ``k``.
        rng: Chooses among the wordings of each part, and their order.
    """
    start = _named(composition.steps[0].part.steps[0], parameters)
    inner, end = composition.steps[1:-1], composition.steps[-1]
    texts = [_end_first(start, inner, end, rng), _nested(start, composition.steps[1:])]
    if inner:
        texts = [_recipe(start, inner, end, rng), *texts, _backwards(start, inner, end, rng)]
    shown = rng.choices(range(len(texts)), _WEIGHTS[: len(texts)])[0]
    texts = [texts[shown], *texts[:shown], *texts[shown + 1 :]]
    return tuple(rng.choice(_PREFACES) + text for text in texts)


_WEIGHTS = (4, 3, 2, 1)
_PHRASE_WEIGHTS = (3, 1)


def _say(step: Step, rng: random.Random | None) -> str:
    words = step.part.steps if rng else step.part.nouns
    choice = rng.choices(words, _PHRASE_WEIGHTS[: len(words)])[0] if rng else words[0]
    return choice.replace("{k}", str(step.constant))


def _named(text: str, parameters: tuple[str, ...]) -> str:
    for key, name in zip("ab", parameters, strict=False):
        text = text.replace("{" + key + "}", name)
    return text


def _nested(start: str, steps: tuple[Step, ...]) -> str:
    phrase = start
    for step in steps:
        phrase = _say(step, None).replace("{}", phrase)
    return f"Return {phrase}."


def _recipe(start: str, inner: tuple[Step, ...], end: Step, rng: random.Random) -> str:
    said = [_say(step, rng) for step in inner]
    glue = rng.choice((", then ", ". Then ", "; "))
    return f"Take {start}: {glue.join(said)}. Return {_say(end, rng)}."


def _end_first(start: str, inner: tuple[Step, ...], end: Step, rng: random.Random) -> str:
    said = [_say(step, rng) for step in inner]
    if not said:
        return f"For {start}, return {_say(end, rng)}."
    return f"Return {_say(end, rng)}, after these steps on {start}: " + "; ".join(said) + "."


def _backwards(start: str, inner: tuple[Step, ...], end: Step, rng: random.Random) -> str:
    said = [_say(step, rng) for step in inner]
    before = "".join(f" Before that, {text}." for text in reversed(said[1:]))
    return f"Last, return {_say(end, rng)}.{before} At the very start, with {start}: {said[0]}."
