"""From scores to pairs: which program is preferred to which, and why others are not."""

from __future__ import annotations

import difflib
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar

import numpy as np

from agents.codedpo.data.efficiency import faster_than
from agents.codedpo.data.pairs import PairKind, Preference
from agents.scoring.costs import Costs, NoCosts
from agents.scoring.matrix import Matrix
from agents.scoring.ranking import Ranking, Scores, rank
from agents.scoring.task_samples import TaskSamples
from agents.settings import SettingsRecord

_MOST_TESTS = 8  # tests that a pair names on each side
_LEVEL = 0.01  # chance of a task to give an efficiency pair without any difference in cost


class PairRejectReason(StrEnum):
    """Why a task gave no pair, or a candidate pair was left out."""

    NO_TEST = "no_test"
    """None of its tests is valid."""
    ONE_PROGRAM = "one_program"
    """There are not two different programs."""
    INCOMPLETE = "incomplete"
    """The machine failed for some cells; asking again completes them."""
    TIED = "tied"
    """All programs have the same score."""
    MARGIN = "margin"
    """The scores lie too close together."""
    TOO_ALIKE = "too_alike"
    """The texts differ too little."""
    LENGTH = "length"
    """A text is too long, or the two are of too different lengths."""
    NOT_MEASURED = "not_measured"
    """What its programs cost was not measured: see :class:`agents.scoring.costs.NoCosts`."""
    NOT_FASTER = "not_faster"
    """No significant difference in cost."""


@dataclass(frozen=True, kw_only=True)
class PairRules(SettingsRecord):
    """Which pairs are made.

    Raises:
        InvalidSettingError: If a value makes no sense.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"seed": "tie_seed"}

    ranking: Ranking = Ranking.SELF_VALIDATION
    """What scores the programs."""
    damping: float = 0.85
    """``d`` of self-validation (the paper's)."""
    iterations: int = 10
    """``T`` of self-validation (the paper's)."""
    kinds: tuple[PairKind, ...] = (PairKind.CORRECTNESS, PairKind.EFFICIENCY)
    """Kinds of pairs: the more credible program is preferred, or the cheaper one of two credible ones, or both."""
    pairs_per_task: int = 1
    """Pairs of each kind: best against worst, then the second best against the second worst, and so on."""
    min_margin: float = 0.05
    """Least difference of two scores; the best has 1."""
    min_distance: float = 0.02
    """Least share of the tokens in which two texts differ: plain DPO learns to unlearn what near twins share."""
    max_characters: int = 0
    """Longer texts are left out; 0 allows any."""
    max_length_ratio: float = 0.0
    """Characters of the longer text by those of the shorter, at most; 0 allows any."""
    min_saving: float = 0.1
    """The cheaper program of an efficiency pair saves at least this share of the cost."""
    tie_seed: int = 0
    """Seed of the choice among programs with the same score."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("damping", "min_margin", "min_distance", "min_saving"):
            self.require(0 <= getattr(self, name) <= 1, name, "from 0 to 1")
        self.require_at_least(1, "pairs_per_task", "iterations")
        self.require_at_least(0, "max_characters")
        self.require(self.max_length_ratio == 0 or self.max_length_ratio >= 1, "max_length_ratio", "0 or at least 1")
        self.require(bool(self.kinds), "kinds", f"one or more of {', '.join(PairKind)}")


@dataclass(frozen=True)
class PairSet:
    """The pairs, and what became of the rest."""

    pairs: tuple[Preference, ...]
    tasks: int = 0
    """Tasks that were looked at."""
    skipped: Mapping[PairKind, Mapping[PairRejectReason, int]] = field(default_factory=dict)
    """Tasks without a pair of a kind, by the first reason."""


def make_pairs(
    matrices: Sequence[Matrix], rules: PairRules | None = None, costs: Sequence[Costs | NoCosts | None] = ()
) -> PairSet:
    """Makes pairs out of judged samples.

    Args:
        matrices: One for each task.
        rules: Which pairs are made.
        costs: What the credible programs of each cost, in the same order; without it there are no efficiency pairs.
    """
    rules = rules or PairRules()
    pairs: list[Preference] = []
    skipped: dict[PairKind, Counter[PairRejectReason]] = {kind: Counter() for kind in rules.kinds}
    for number, (matrix, cost) in enumerate(zip(matrices, costs or [None] * len(matrices), strict=True), start=1):
        for kind in rules.kinds:
            if kind is PairKind.CORRECTNESS:
                # Each task has a seed of its own: with one for all, ties would fall alike everywhere.
                found = correctness_pairs(matrix, rules, seed=rules.tie_seed + number)
            else:
                found = efficiency_pairs(matrix.samples, cost, rules)
            if isinstance(found, PairRejectReason):
                skipped[kind][found] += 1
            else:
                pairs += found
    return PairSet(tuple(pairs), len(matrices), skipped)


def reasons(made: PairSet) -> str:
    """Says for people why tasks gave no pair: ``correctness: 12 tied, 3 no_test; efficiency: ...``."""
    kinds = [
        f"{kind}: {', '.join(f'{number} {reason}' for reason, number in skipped.items())}"
        for kind, skipped in made.skipped.items()
        if skipped
    ]
    return "; ".join(kinds) + "." if kinds else ""


def correctness_pairs(matrix: Matrix, rules: PairRules, seed: int = 0) -> list[Preference] | PairRejectReason:
    """Prefers the more credible programs to the less credible ones; or says why there is nothing to prefer."""
    samples = matrix.samples
    if not matrix.tests:
        return PairRejectReason.NO_TEST
    if len(set(samples.completions)) < 2:
        return PairRejectReason.ONE_PROGRAM
    if not matrix.is_complete:
        return PairRejectReason.INCOMPLETE
    scores = score(matrix, rules)
    if scores.is_flat:
        return PairRejectReason.TIED
    # Ties fall at random: otherwise the program that was written first would win them.
    order = _best_first(samples.completions, scores, np.random.default_rng(seed))
    reasons: list[PairRejectReason] = []
    pairs: list[Preference] = []
    for chosen, rejected in _outside_in(order):
        pair = _preference(samples, PairKind.CORRECTNESS, (chosen, rejected), scores.programs[[chosen, rejected]])
        # Even min_margin=0 asks for some margin: a tie teaches noise.
        reason = PairRejectReason.MARGIN if pair.margin < max(rules.min_margin, 1e-9) else text_skip(pair, rules)
        if reason is None:
            for_chosen, for_rejected = _only(matrix, scores, chosen, rejected), _only(matrix, scores, rejected, chosen)
            pairs.append(replace(pair, tests_chosen=for_chosen, tests_rejected=for_rejected))
        else:
            reasons.append(reason)
        if len(pairs) == rules.pairs_per_task:
            break
    return pairs or reasons[0]


def efficiency_pairs(
    samples: TaskSamples, costs: Costs | NoCosts | None, rules: PairRules
) -> list[Preference] | PairRejectReason:
    """Prefers programs that are significantly cheaper, among those that pass the credible tests."""
    if not isinstance(costs, Costs):
        return PairRejectReason.NOT_MEASURED
    order = np.argsort(costs.typical, kind="stable")
    level = _LEVEL / (len(order) * (len(order) - 1) / 2)  # the extremes are picked among so many pairs (Bonferroni)
    reasons: list[PairRejectReason] = []
    pairs: list[Preference] = []
    for fast, slow in _outside_in(order.tolist()):
        # Relative to the cheapest, so that scores of fast and slow tasks mean the same.
        worth = costs.typical.min() / costs.typical[[fast, slow]]
        pair = _preference(samples, PairKind.EFFICIENCY, (costs.programs[fast], costs.programs[slow]), worth)
        is_faster = faster_than(costs.seconds[fast], costs.seconds[slow], rules.min_saving, level)
        reason = text_skip(pair, rules) if is_faster else PairRejectReason.NOT_FASTER
        if reason is None:
            seconds = costs.typical[[fast, slow]].tolist()
            pairs.append(replace(pair, seconds_chosen=seconds[0], seconds_rejected=seconds[1]))
        else:
            reasons.append(reason)
        if len(pairs) == rules.pairs_per_task:
            break
    return pairs or reasons[0]


def score(matrix: Matrix, rules: PairRules) -> Scores:
    """Returns the scores of a matrix's programs and tests under the rules' ranking."""
    seed = zlib.crc32(f"{rules.tie_seed} {matrix.samples.task_id}".encode())  # each task has a draw of its own
    return rank(matrix.link, rules.ranking, damping=rules.damping, iterations=rules.iterations, seed=seed)


def text_skip(pair: Preference, rules: PairRules) -> PairRejectReason | None:
    """Returns why the texts of a pair make it a bad one to learn from, if they do."""
    # Preference losses learn length as a shortcut, and such pairs would teach it.
    short, long = sorted((len(pair.chosen), len(pair.rejected)))
    if rules.max_characters and long > rules.max_characters:
        return PairRejectReason.LENGTH
    if rules.max_length_ratio and long > rules.max_length_ratio * max(short, 1):
        return PairRejectReason.LENGTH
    return PairRejectReason.TOO_ALIKE if distance(pair.chosen, pair.rejected) <= rules.min_distance else None


def distance(first: str, second: str) -> float:
    """Returns the share of the words and signs in which two texts differ, 0 (the same) to 1; blanks do not count."""
    # autojunk would ignore every word that is frequent in a text of 200 words or more.
    return 1.0 - difflib.SequenceMatcher(None, _WORD.findall(first), _WORD.findall(second), autojunk=False).ratio()


_WORD = re.compile(r"\w+|[^\w\s]")


def _best_first(completions: Sequence[str], scores: Scores, rng: np.random.Generator) -> list[int]:
    """Indices of the distinct completions, best first, tied ones in a random order."""
    first = {text: index for index, text in reversed(list(enumerate(completions)))}
    indices = rng.permutation(sorted(first.values()))
    return [int(index) for index in indices[np.argsort(-scores.programs[indices], kind="stable")]]


def _outside_in(order: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Best against worst, then the second best against the second worst, ...; each index is used once."""
    for position in range(len(order) // 2):
        yield order[position], order[-1 - position]


def _only(matrix: Matrix, scores: Scores, passes: int, fails: int) -> str:
    """Tests that one program passes and the other does not, a line each, the most credible first."""
    link = matrix.link
    indices = np.flatnonzero(link[passes] > link[fails])
    best = [matrix.tests[index] for index in indices[np.argsort(-scores.tests[indices], kind="stable")]]
    return "\n".join([test for test in best if "\n" not in test][:_MOST_TESTS])


def _preference(
    samples: TaskSamples, kind: PairKind, indices: tuple[int, int], scores: Sequence[float] | np.ndarray
) -> Preference:
    return Preference(
        prompt=samples.prompt,
        chosen=samples.completions[indices[0]],
        rejected=samples.completions[indices[1]],
        score_chosen=float(scores[0]),
        score_rejected=float(scores[1]),
        kind=kind,
        task_id=samples.task_id,
        source=samples.source,
    )
