"""A space of texts: any Unicode, any length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, NoReturn

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_differing_spaces, create_empty_array

# Half-open ranges of code points that samples are drawn from, with their weights. Surrogates are left out of samples
# (they cannot be printed or encoded), but a text that holds some is in the space all the same.
_ALPHABETS = (
    (0.08, 0x0009, 0x000B),  # tab and newline
    (0.62, 0x0020, 0x007F),  # ASCII
    (0.10, 0x00A1, 0x0180),  # Latin with accents
    (0.06, 0x0391, 0x03A2),  # Greek capitals
    (0.08, 0x4E00, 0x9FA6),  # CJK
    (0.06, 0x1F600, 0x1F645),  # pictographs, outside the basic plane
)
_WEIGHTS = np.array([weight for weight, _, _ in _ALPHABETS])
_STARTS = np.array([start for _, start, _ in _ALPHABETS])
_STOPS = np.array([stop for _, _, stop in _ALPHABETS])


class UnicodeText(spaces.Space[str]):
    r"""All Python texts: empty ones, NUL characters and lone surrogates included, without a maximum length.

    Gymnasium's own ``Text`` has a fixed alphabet and a maximum length, and no ``dtype`` that an array could hold. This
    space has ``shape=()`` and ``dtype=object``, so that ``np.zeros((n, *space.shape), space.dtype)`` is a buffer that
    fits (this is what Stable-Baselines3's ``DummyVecEnv`` does). A batch of ``n`` texts is a tuple of ``n`` texts, as
    for ``Text``.

    Args:
        sample_length: The longest sample, in characters; does not restrict what the space contains.
        seed: Seed or generator for samples.

    Raises:
        ValueError: If ``sample_length`` is negative.

    Example:
        >>> "né\0" in UnicodeText()
        True
    """

    def __init__(self, sample_length: int = 64, seed: int | np.random.Generator | None = None) -> None:
        if sample_length < 0:
            raise ValueError(f"sample_length must be zero or more characters, got {sample_length!r}.")
        self.sample_length = int(sample_length)
        super().__init__(shape=(), dtype=object, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        """False: a text without a maximum length has no array of fixed size."""
        return False

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """Returns a text of 0 to ``sample_length`` characters: ASCII for the most part, some of it from far outside.

        Raises:
            ValueError: If a mask is given: there is no finite alphabet that it could be laid over.
        """
        if mask is not None or probability is not None:
            raise ValueError("UnicodeText samples from no finite alphabet: mask and probability must be None.")
        length = int(self.np_random.integers(self.sample_length + 1))
        alphabets = self.np_random.choice(len(_ALPHABETS), size=length, p=_WEIGHTS)
        points = self.np_random.integers(_STARTS[alphabets], _STOPS[alphabets])
        return "".join(map(chr, points.tolist()))

    def contains(self, x: Any) -> bool:
        """Returns whether ``x`` is a text."""
        return isinstance(x, str)

    def to_jsonable(self, sample_n: Iterable[str]) -> list[str]:
        """Returns the samples as a list of plain texts; ``json.dumps`` escapes NUL and surrogates without loss."""
        return [str(sample) for sample in sample_n]

    def from_jsonable(self, sample_n: list[Any]) -> list[str]:
        """Returns the samples that ``to_jsonable`` wrote.

        Raises:
            ValueError: If one of them is not a text.
        """
        for index, sample in enumerate(sample_n):
            if not isinstance(sample, str):
                raise ValueError(f"sample {index} must be a text, got {type(sample).__name__}.")
        return list(sample_n)

    def __eq__(self, other: object) -> bool:
        """Two text spaces are equal: how long their samples are says nothing about what they contain."""
        return isinstance(other, UnicodeText)

    def __hash__(self) -> int:
        return hash(UnicodeText)

    def __repr__(self) -> str:
        return "UnicodeText()"


# Gymnasium's batch functions find a space by its type. `batch_space` and `concatenate` already do the right thing (a
# tuple of n); `iterate` must stay unregistered, or Gymnasium's Tuple would iterate over the characters of each text.
@create_empty_array.register(UnicodeText)
def _empty_texts(space: UnicodeText, n: int = 1, fn: Callable[..., Any] = np.zeros) -> tuple[str, ...]:
    return ("",) * n


def _batch_of_texts(texts: Sequence[UnicodeText]) -> spaces.Tuple[Any]:
    return spaces.Tuple([deepcopy(text) for text in texts], seed=deepcopy(texts[0].np_random))


# Not as a decorator: Gymnasium dispatches on the type of the items, which a type checker takes for a mistake there.
batch_differing_spaces.register(UnicodeText, _batch_of_texts)


def _refuse_flattening(space: UnicodeText, *_: Any) -> NoReturn:
    raise ValueError(
        f"{space} cannot be flattened: a text without a maximum length has no array of fixed size. "
        "Tokenize it first, or leave it out of what is flattened (gymnasium.wrappers.FilterObservation)."
    )


for _function in (spaces.flatdim, spaces.flatten, spaces.unflatten, spaces.flatten_space):
    _function.register(UnicodeText)(_refuse_flattening)
