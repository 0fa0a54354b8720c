"""What a folder of pairs holds, for people: a card in the hub's form, and a picture of the distributions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from agents.codedpo.data.pairing import PairRules, PairSet, distance
from agents.codedpo.data.pairs import PairKind, Preference
from agents.scoring.matrix import Matrix
from codegym.atomic_file import atomic_file

CARD, PICTURE = "README.md", "pairs.png"


def write_data_card(folder: Path, made: PairSet, matrices: Sequence[Matrix], rules: PairRules) -> None:
    """Writes ``README.md`` beside the pairs, and ``pairs.png`` where matplotlib is installed."""
    if find_spec("matplotlib"):  # it comes with the extra `agents`, which ranking samples does not need
        draw_pairs(made.pairs, folder / PICTURE)
    with atomic_file(folder / CARD) as file:
        file.write(data_card(made, matrices, rules))


def data_card(made: PairSet, matrices: Sequence[Matrix], rules: PairRules) -> str:
    """Returns the card's text: where the pairs come from, how many there are, what was left out and why."""
    kinds = Counter(pair.kind for pair in made.pairs)
    refused = Counter[str]()
    for matrix in matrices:
        refused.update({str(refusal): number for refusal, number in matrix.refused.items()})
    programs, tests = sum(len(m.rows) for m in matrices), sum(len(m.tests) for m in matrices)
    cells = sum(len(m.rows) * len(m.tests) for m in matrices)
    sources = sorted({pair.source for pair in made.pairs if pair.source})
    rows = [[kind, f"{kinds[kind]:,}", *_quartiles(made.pairs, kind)] for kind in PairKind if kinds[kind]]
    return "\n".join(
        [
            "---",
            "tags: [preference, code, codedpo]",
            "configs: [{config_name: default, data_files: pairs.jsonl}]",
            "---",
            "",
            "# Preference pairs between programs",
            "",
            f"{len(made.pairs):,} pairs from {made.tasks:,} tasks: {programs:,} programs and {tests:,} tests "
            f"({cells:,} runs in a sandbox). Written by: {', '.join(sources) or 'unknown'}.",
            "",
            "Columns: `prompt`, `chosen`, `rejected` (texts as the policy read and wrote them), `score_chosen`, "
            "`score_rejected`, `kind`, `task_id`, `source`; `tests_chosen` and `tests_rejected` (asserts that only the "
            "one program passes), `seconds_chosen` and `seconds_rejected` (CPU time, 0 where it was not measured), "
            "`error`, `error_start`, `error_end` (what the rejected program raised, and where in it). The prompt holds "
            "the policy's own template, so a trainer must not apply it a second time.",
            "",
            *_table(["pairs", "number", "margin", "chosen, characters", "rejected, characters", "distance"], rows),
            "Quartiles: 25 % / 50 % / 75 %. The distance is the share of words and signs in which the texts differ.",
            "",
            "## Rules",
            "",
            *_table(["rule", "value"], [[name, _shown(value)] for name, value in asdict(rules).items()]),
            "## Left out",
            "",
            *_table(
                ["kind", "reason", "tasks"],
                [[kind, why, str(n)] for kind, reasons in made.skipped.items() for why, n in reasons.items()],
            ),
            *_table(["asserts refused, because", "number"], [[why, f"{n:,}"] for why, n in refused.most_common()]),
            *([f"![margins, lengths and distances of the pairs]({PICTURE})", ""] if find_spec("matplotlib") else ()),
        ]
    )


def draw_pairs(pairs: Sequence[Preference], path: Path) -> None:
    """Draws how margins, lengths and distances are distributed, one colour a kind."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.2), layout="constrained")
    # The Agg canvas and not pyplot: no display is needed, and no global state changes.
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3)
    for kind in PairKind:
        own = [pair for pair in pairs if pair.kind is kind]
        if not own:
            continue
        panels[0].hist([pair.margin for pair in own], bins=20, range=(0, 1), alpha=0.6, label=str(kind))
        lengths = np.array([[len(pair.chosen), len(pair.rejected)] for pair in own])
        panels[1].scatter(lengths[:, 0], lengths[:, 1], s=8, alpha=0.6, label=str(kind))
        panels[2].hist([distance(pair.chosen, pair.rejected) for pair in own], bins=20, range=(0, 1), alpha=0.6)
    panels[0].set(xlabel="margin of the scores", ylabel="pairs")
    panels[1].set(xlabel="characters of the chosen text", ylabel="of the rejected text")
    panels[1].axline((0, 0), slope=1, color="grey", linewidth=0.8)
    panels[2].set(xlabel="distance of the texts", ylabel="pairs")
    if pairs:
        panels[0].legend()
    with atomic_file(path, "wb") as file:
        figure.savefig(file, format="png", dpi=110)


def _quartiles(pairs: Sequence[Preference], kind: PairKind) -> list[str]:
    own = [pair for pair in pairs if pair.kind is kind]
    columns = (
        ([pair.margin for pair in own], ".2f"),
        ([len(pair.chosen) for pair in own], ".0f"),
        ([len(pair.rejected) for pair in own], ".0f"),
        ([distance(pair.chosen, pair.rejected) for pair in own], ".2f"),
    )
    return [
        " / ".join(f"{value:{form}}" for value in np.quantile(column, (0.25, 0.5, 0.75))) for column, form in columns
    ]


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return [*lines, ""]
