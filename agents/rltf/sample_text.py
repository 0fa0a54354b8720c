"""One program of a collection for people to look at, as Markdown.

TensorBoard shows Markdown but removes its styles, so that colours are characters: a square before each line, and a
shade below each token.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.rollout.experience import Experience

_SHADES = " ░▒▓█"
_BLAMED, _PRAISED, _NEUTRAL = "🟥", "🟩", "⬜"


def sample_text(experience: Experience, credit: NDArray[np.float32]) -> str:
    """Shows a program with its verdict, its rewards, and the credit of its tokens.

    Args:
        experience: The program with its verdict.
        credit: Credit of each token, float [T].
    """
    paid = ", ".join(f"{name} {value:+.2f}" for name, value in experience.rewards.items())
    said = f"**{experience.task_id}** {experience.verdict} ({experience.kind})"
    title = f"{said}, {paid}, advantage {experience.advantage:+.2f}"
    legend = f"{_BLAMED} blamed, {_PRAISED} praised; the darker the shade below a token, the more of it"
    return "\n".join([f"{title}  ", legend, "", *(f"    {line}" for line in _coloured(experience, credit))])


def _coloured(experience: Experience, credit: NDArray[np.float32]) -> list[str]:
    text = experience.completion.text
    values = np.zeros(len(text))
    for (start, end), value in zip(experience.completion.offsets.tolist(), credit.tolist(), strict=True):
        # Tokens that share a character overwrite each other: the last one is shown.
        values[start:end] = value
    # Rounded up, so that the faintest credit still shows.
    steps = np.ceil(np.abs(values) / max(float(np.abs(values).max(initial=0.0)), 1e-9) * (len(_SHADES) - 1))
    lines, start = [], 0
    for line in text.split("\n"):
        here = slice(start, start + len(line))
        total = float(values[here].sum())
        square = _NEUTRAL if total == 0 else _PRAISED if total > 0 else _BLAMED
        shades = "".join(_SHADES[int(step)] for step in steps[here]).rstrip()
        lines += [f"{square} {line}", *([f"   {shades}"] if shades else [])]
        start += len(line) + 1
    return lines
