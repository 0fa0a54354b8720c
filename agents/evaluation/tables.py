"""Evaluations and comparisons as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.evaluation.bootstrap import Interval
from agents.evaluation.evaluation import Evaluation
from agents.evaluation.run_comparison import RunComparison

SHOWN = 10
"""Problems that are named; the rest is counted."""
MOST_TAGS = 10
_LEAST_SHARE = 0.001


def show_evaluation(result: Evaluation, console: Console) -> None:
    """Prints an evaluation."""
    setting = ", ".join(f"{name} {value}" for name, value in result.setting.items())
    table = Table(
        title=f"{escape(result.suite)}: {len(result.problems)} problems", caption=escape(setting), title_justify="left"
    )
    table.add_column("")
    table.add_column("problems", justify="right")
    for k in result.k:
        table.add_column(f"pass@{k}  [95 %]", justify="right")
    _row(table, "all", len(result.problems), result.pass_at)
    for name, estimates in result.by_difficulty.items():
        _row(table, name, sum(problem.difficulty == name for problem in result.problems), estimates)
    # A tag that all problems have says nothing that the first row does not say.
    table.add_section()
    for name in _telling_tags(result)[:MOST_TAGS]:
        number = sum(name in problem.tags for problem in result.problems)
        _row(table, f"tag {name}", number, result.by_tag[name])
    console.print(table)
    _show_more(result, console)


def _show_more(result: Evaluation, console: Console) -> None:
    if len(tags := _telling_tags(result)) > MOST_TAGS:
        console.print(f"{len(tags) - MOST_TAGS} more tags are in the summary.")
    for name, interval in result.reranked.items():
        console.print(f"pass@1 of the program that {name} puts first: {escape(str(interval))}")
    again = "more rounds" if "rounds" in result.setting else "repairs"
    for turn, interval in enumerate(result.after_turn):
        console.print(f"pass@1 after {turn} {again}: {escape(str(interval))}")
    total = max(sum(result.kinds.values()), 1)
    shares = [f"{'passed' if kind == 'none' else kind} {100 * n / total:.1f} %" for kind, n in result.kinds.items()]
    console.print(f"programs: {sum(result.kinds.values())}; {', '.join(shares)}")
    for note in result.notes:
        console.print(f"note: {escape(note)}")
    if result.missing:
        console.print(
            f"missing: {len(result.missing)} problems have no verdict and are not counted: {_named(result.missing)}"
        )


def show_comparison(found: RunComparison, console: Console) -> None:
    """Prints what changed from one run to another."""
    table = Table(title=f"{escape(found.suite)}: before and after, {found.problems} problems", title_justify="left")
    for name in ("", "before", "after", "change"):
        table.add_column(name, justify="left" if not name else "right")
    change = found.difference
    points = f"{100 * change.estimate:+.1f} [{100 * change.low:+.1f}, {100 * change.high:+.1f}]"
    table.add_row("pass@1  [95 %]", str(found.before), str(found.after), points)
    for kind, (before, after) in found.kinds.items():
        # Kinds below one in a thousand are noise, and would fill the screen.
        if kind != "none" and max(before, after) >= _LEAST_SHARE:
            shares = (f"{100 * before:.1f} %", f"{100 * after:.1f} %", f"{100 * (after - before):+.1f}")
            table.add_row(kind, *shares)
    console.print(table)
    console.print(f"won:  {len(found.won)} problems: {_named(found.won)}")
    console.print(f"lost: {len(found.lost)} problems: {_named(found.lost)}")
    console.print(f"paired permutation test p = {found.p_permutation:.3g}, sign test p = {found.p_sign:.3g}")
    if found.efficiency is None:
        console.print("note: no programs of both runs were measured for what they cost.")
    else:
        fast, cheap = found.efficiency.speed_up, found.efficiency.share_cheaper
        console.print(
            f"on {found.efficiency.problems} problems solved by both, run beside each other: {fast.estimate:.2f} times "
            f"as fast [{fast.low:.2f}, {fast.high:.2f}], at least 10 % cheaper on {cheap}",
            markup=False,
        )
    if found.unpaired:
        console.print(f"note: {len(found.unpaired)} problems are in one run only and were left out.")


def _telling_tags(result: Evaluation) -> list[str]:
    """Tags that not every problem has, those of most problems first."""
    counts = {name: sum(name in problem.tags for problem in result.problems) for name in result.by_tag}
    return sorted((name for name in counts if counts[name] < len(result.problems)), key=lambda name: -counts[name])


def _row(table: Table, name: str, number: int, estimates: Mapping[int, Interval]) -> None:
    table.add_row(escape(name), str(number), *(str(interval) for interval in estimates.values()))


def _named(task_ids: Sequence[str]) -> str:
    return escape(", ".join(task_ids[:SHOWN])) + (", ..." if len(task_ids) > SHOWN else "")
