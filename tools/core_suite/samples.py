"""Random arguments for tests, of a given size, rich in the cases that programs get wrong."""

from __future__ import annotations

import random

_LEXICON = """
a an as at be by do go in it me no of on or to up we add age air and arm ate bad bag bee boy can car cat
cow day eat ear egg end eye fly fox hat hot ice ink jar key leg man map net nut oak old one owl pan pea
pen red run sea sky sun tea ten top toy use war yes zoo able area aunt baby bell blue cake city echo edge
else even face gate hand idea iron kite lamp lion moon noon name oven peep pond rain sand toot tree unit
wave yarn apple ocean civic eagle early house level lemon madam night onion orange queen radar river
rotor stone train uncle water yellow banana cotton animal window
"""
_WORDS = _LEXICON.split()
_TEXT = "aaeeiioubbcdfghlmnnoprstxyzz" + "ABEILNOST" + "01235789" + "    " + "-.,!"


def integers(rng: random.Random, size: int) -> list[int]:
    """Returns ``size`` whole numbers, negative ones, zeros, repeats and two-digit ones among them."""
    top = rng.choice((9, 20, 30))
    numbers = [rng.randint(-top // 2, top) for _ in range(size)]
    for i in range(1, size):
        if rng.random() < 0.2:
            numbers[i] = numbers[rng.randrange(i)]
    return numbers


def text(rng: random.Random, size: int) -> str:
    """Returns a text of ``size`` characters: letters of both cases, digits, blanks and marks, with repeats."""
    characters = [rng.choice(_TEXT) for _ in range(size)]
    for i in range(1, size):
        if rng.random() < 0.15:
            characters[i] = characters[i - 1]
    return "".join(characters)


def words(rng: random.Random, size: int) -> list[str]:
    """Returns ``size`` small English words, some of them more than once."""
    found = [rng.choice(_WORDS) for _ in range(size)]
    for i in range(1, size):
        if rng.random() < 0.15:
            found[i] = found[rng.randrange(i)]
    return found


def sentence(rng: random.Random, size: int) -> str:
    """Returns ``size`` words with blanks between, now and then more than one."""
    return "".join(word + rng.choice((" ", " ", " ", "  ")) for word in words(rng, size)).rstrip()
