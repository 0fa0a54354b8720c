"""Near duplicates: texts that share most of their runs of words."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence, Set
from typing import Generic, TypeVar

Owner = TypeVar("Owner", bound=Hashable)

_TOKEN = re.compile(r"\w+|[^\w\s]")
# Words and signs in a run of program text.
_RUN = 5


def runs_of(words: Sequence[str], length: int) -> frozenset[str]:
    """Returns all runs of so many words in a row; fewer words than that are one run, and no words are none."""
    count = max(len(words) - length + 1, min(len(words), 1))
    return frozenset(" ".join(words[start : start + length]) for start in range(count))


def hashes_of(runs: Iterable[str]) -> frozenset[int]:
    """Returns the runs as numbers of 32 bits: of a large corpus, the texts of all runs would fill the memory."""
    return frozenset(zlib.crc32(run.encode(errors="replace")) for run in runs)


def jaccard(first: Set[int], second: Set[int]) -> float:
    """Returns the share of all members of two sets that are in both; 1 for two empty sets."""
    union = len(first | second)
    return len(first & second) / union if union else 1.0


class NearDuplicateIndex(Generic[Owner]):
    """Sets of hashed runs that are found again by every set that is similar enough.

    Two sets with a Jaccard index of s share one of the first few members of each, in whatever order the members are
    sorted: of a set of n, the first ``n - ceil(s * n) + 1``. Only these are looked up, so nothing is missed.

    Args:
        similarity: Smallest Jaccard index of near duplicates, in (0, 1].
        order: Sorts the runs; rare runs first makes look-ups quick. None sorts by hash, which spreads common runs.
    """

    def __init__(self, similarity: float, order: Callable[[int], int] | None = None) -> None:
        self._similarity, self._order = similarity, order
        self._by_run: defaultdict[int, list[tuple[Owner, frozenset[int]]]] = defaultdict(list)

    def add(self, owner: Owner, runs: frozenset[int]) -> None:
        """Remembers a set of runs under its owner, who may have several."""
        for run in self._first(runs):
            self._by_run[run].append((owner, runs))

    def owners(self, runs: frozenset[int]) -> set[Owner]:
        """Returns the owners of the sets that are near duplicates of this one."""
        met = {entry for run in self._first(runs) for entry in self._by_run.get(run, ())}
        return {owner for owner, other in met if jaccard(runs, other) >= self._similarity}

    def _first(self, runs: frozenset[int]) -> list[int]:
        # A rounding error must not make the list shorter than the bound, hence the small term.
        return sorted(runs, key=self._order)[: len(runs) - math.ceil(self._similarity * len(runs) - 1e-9) + 1]


def near_duplicates(texts: Sequence[str], similarity: float = 0.7) -> list[int]:
    """Returns the indices of programs that are near duplicates of an earlier one that is kept.

    Args:
        texts: Programs, in order of preference.
        similarity: Jaccard index from which on two programs are near duplicates, of their sets of runs of five words.
    """
    runs = [hashes_of(runs_of(_TOKEN.findall(text), _RUN)) for text in texts]
    counts = Counter(run for own in runs for run in own)
    # With rare runs first, the common ones ("for i in range") are hardly ever looked up.
    index: NearDuplicateIndex[int] = NearDuplicateIndex(similarity, order=counts.__getitem__)
    dropped: list[int] = []
    for number, own in enumerate(runs):
        if index.owners(own):
            dropped.append(number)
        else:
            index.add(number, own)
    return dropped
