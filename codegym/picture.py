"""Styled lines of text as an image, with a small font of its own, so that no imaging library is needed.

The font's pictures (``font.npz``) are DejaVu Sans Mono at 15 pixels; its licence is in ``font.LICENSE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

COLUMNS = 100
ROWS = 40
BACKGROUND = (24, 26, 31)
FOREGROUND = (220, 223, 228)
COLORS = {
    "red": (240, 98, 98),
    "green": (126, 200, 120),
    "yellow": (229, 192, 103),
    "blue": (97, 175, 239),
    "cyan": (86, 190, 200),
    "bright_black": (120, 126, 138),
}
"""The terminal's colour names on the dark background."""


def picture(lines: Sequence[Text]) -> NDArray[np.uint8]:
    """Draws styled lines.

    Args:
        lines: One row each; rows and columns beyond the fixed size are cut off.

    Returns:
        uint8 [H, W, 3], always of the same size.
    """
    glyphs, index = _font()
    height, width = glyphs.shape[1:]
    image = np.full((ROWS * height, COLUMNS * width, 3), BACKGROUND, np.uint8)
    for row, line in enumerate(lines[:ROWS]):
        text = line.plain[:COLUMNS]
        if not text:
            continue
        # A whole line at once, as arrays: loops over characters are slow in Python.
        codes = [index.get(character, index["\ufffd"]) for character in text]
        alpha = glyphs[codes].transpose(1, 0, 2).reshape(height, -1, 1).astype(np.float32) / 255
        inks = np.repeat(_inks(line, len(text)), width, axis=0)[None]
        drawn = alpha * inks + (1 - alpha) * np.array(BACKGROUND, np.float32)
        image[row * height : (row + 1) * height, : len(text) * width] = drawn.round().astype(np.uint8)
    return image


def _inks(line: Text, length: int) -> NDArray[np.float32]:
    """Returns the colour of each character, float32 [length, 3]."""
    inks = np.tile(np.array(FOREGROUND, np.float32), (length, 1))
    # Later spans win, as in a terminal.
    for start, end, style in [(0, length, line.style), *line.spans]:
        for word in str(style).split():
            if word in COLORS:
                inks[start:end] = COLORS[word]
    return inks


@cache
def _font() -> tuple[NDArray[np.uint8], dict[str, int]]:
    # Pickled data could run code; glyphs are plain numbers and need none.
    with np.load(Path(__file__).with_name("font.npz"), allow_pickle=False) as font:
        return font["glyphs"], {chr(code): index for index, code in enumerate(font["characters"])}
