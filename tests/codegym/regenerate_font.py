"""Writes ``codegym/font.npz``: DejaVu Sans Mono at 15 pixels, as a picture of each character.

Run it by hand after changing the characters: ``python tests/codegym/regenerate_font.py`` (needs pillow and matplotlib,
which brings the font).
"""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, SIZE = 9, 18, 15
MORE = (
    "\u2500\u2502\u2713\u2717\u00b7\u2022\u2026\u22ee\u2192\u21b5\u25b2\u25cf\ufffd\u201c\u201d\u2018\u2019\u2013\u2014\u2264\u2265\u2260\u221e\u03b1\u03b2"
    "\u03c0"
)


def main() -> None:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(str(folder / "DejaVuSansMono.ttf"), SIZE)
    characters = [*map(chr, range(32, 127)), *map(chr, range(161, 256)), *MORE]
    characters = sorted(set(characters))
    glyphs = np.zeros((len(characters), HEIGHT, WIDTH), np.uint8)
    for glyph, character in zip(glyphs, characters, strict=True):
        image = Image.new("L", (WIDTH, HEIGHT))
        ImageDraw.Draw(image).text((0, 0), character, fill=255, font=font)
        glyph[:] = np.asarray(image)
    target = Path(__file__).parents[2] / "codegym" / "font.npz"
    np.savez_compressed(target, characters=np.array([ord(c) for c in characters], np.int32), glyphs=glyphs)
    print(target, glyphs.shape, target.stat().st_size)


if __name__ == "__main__":
    main()
