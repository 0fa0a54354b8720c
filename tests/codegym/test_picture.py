from __future__ import annotations

import numpy as np
from rich.text import Text

from codegym.picture import BACKGROUND, COLORS, COLUMNS, ROWS, picture


def test_a_picture_has_always_the_same_size() -> None:
    shape = picture([]).shape
    assert shape == picture([Text("x" * 2 * COLUMNS)] * 2 * ROWS).shape
    assert (shape[0] % ROWS, shape[1] % COLUMNS, shape[2]) == (0, 0, 3)
    assert (picture([Text("")]) == BACKGROUND).all()


def test_a_character_is_drawn_in_its_cell_and_in_its_colour() -> None:
    image = picture([Text("a"), Text("\u2588", style="red")])
    height, width = image.shape[0] // ROWS, image.shape[1] // COLUMNS
    cells = image.reshape(ROWS, height, COLUMNS, width, 3).swapaxes(1, 2)
    drawn = (cells != BACKGROUND).any(axis=(2, 3, 4))
    assert np.argwhere(drawn).tolist() == [[0, 0], [1, 0]]
    assert (cells[1, 0] == COLORS["red"]).all(axis=-1).any()


def test_a_character_that_the_font_lacks_is_drawn_all_the_same() -> None:
    assert (picture([Text("\U0001f600")]) == picture([Text("\ufffd")])).all()
