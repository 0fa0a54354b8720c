"""Runs in, one HTML file out: everything that the page shows is inside it."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from string import Template
from typing import Any, TypeVar

from agents.evaluation.evaluation import Evaluation
from agents.evaluation.run_comparison import compare
from agents.report.bands import Band, bands, flows, group_name, groups_of, settings_of
from agents.report.run import ReportRun
from codegym.atomic_file import atomic_file

_PAGE = Path(__file__).parent / "page"
_SCRIPTS = ("data.js", "charts.js", "browser.js", "code.js", "samples.js", "pairs.js", "page.js")
_FLOWS = ("verdict/", "kind/")  # shares that add up to 1: areas on the page, not curves
_MOST_COMPARISONS = 10
T = TypeVar("T")


def write_report(file: Path, runs: Sequence[ReportRun], title: str, most_samples: int = 5000) -> int:
    """Writes the page, whole or not at all.

    Args:
        file: The HTML file to write.
        runs: The runs and evaluations to show.
        title: Title of the page.
        most_samples: Programs to browse, in all, and as many pairs; of more, evenly spread ones are taken.

    Returns:
        The bytes written.
    """
    page = render(report_data(runs, title, most_samples))
    with atomic_file(file) as opened:
        opened.write(page)
    return len(page.encode())


def render(data: dict[str, Any]) -> str:
    """Returns the page for its data."""
    # Packed, because programs of a run repeat each other. With a time of 0 the same runs give the same page.
    text = json.dumps(_without_nan(data), allow_nan=False, separators=(",", ":"))
    packed = base64.b64encode(gzip.compress(text.encode("utf-8", "surrogatepass"), 9, mtime=0)).decode()
    # Scripts and styles hold braces and percent signs, but no dollar names: string.Template leaves them alone.
    template = Template((_PAGE / "report.html").read_text("utf-8"))
    style = (_PAGE / "report.css").read_text("utf-8")
    script = "\n".join((_PAGE / name).read_text("utf-8") for name in _SCRIPTS)
    return template.substitute(title=escape(data["title"]), style=style, script=script, data=packed)


def report_data(runs: Sequence[ReportRun], title: str, most_samples: int = 5000) -> dict[str, Any]:
    """Returns everything that the page shows as plain data."""
    groups = groups_of(runs)
    prompts = _Prompts()
    samples, pairs = _samples(runs, most_samples, prompts), _pairs(runs, most_samples, prompts)
    return {
        "title": title,
        "codegym": version("codegym"),
        "notes": notes(runs),
        "runs": [_run_row(run) for run in runs],
        "groups": [
            {
                "name": group_name(runs, group, groups),
                "runs": group,
                "curves": {
                    key: found.to_dict() for key, found in bands(runs, group).items() if not key.startswith(_FLOWS)
                },
            }
            for group in groups
        ],
        "flows": [_flows_row(runs, group) for group in groups],
        "evaluations": [
            {"run": index, **evaluation.to_dict()} for index, run in enumerate(runs) for evaluation in run.evaluations
        ],
        "comparisons": _comparisons(runs),
        "samples": samples,
        "pairs": pairs,
        "prompts": prompts.texts,
    }


def _flows_row(runs: Sequence[ReportRun], group: Sequence[int]) -> dict[str, Any] | None:
    verdicts, kinds = flows(runs, group, "verdict"), flows(runs, group, "kind")
    if not verdicts:
        return None
    return {
        "steps": next(iter(verdicts.values())).to_dict()["steps"],
        "verdict": _means(verdicts),
        "kind": _means(kinds),
    }


def _means(found: Mapping[str, Band]) -> dict[str, list[float]]:
    return {name: band.to_dict()["mean"] for name, band in found.items()}


def notes(runs: Sequence[ReportRun]) -> list[str]:
    """Returns what a reader must know before looking: unfinished runs, and runs that cannot be compared."""
    found = [note for run in runs for note in run.problems()]
    learned = sorted({str(run.record["suite"]) for run in runs if run.record.get("suite")})
    if len(learned) > 1:
        found.append(f"These runs learned on different suites ({', '.join(learned)}): do not compare their curves.")
    evaluated = [set(run.suites) for run in runs if run.evaluations]
    # Different benchmarks have different numbers: a table of both would invite a false comparison.
    if len(evaluated) > 1 and not set.intersection(*evaluated):
        names = ", ".join(sorted(set.union(*evaluated)))
        found.append(f"These evaluations are of different suites ({names}): nothing of them can be compared.")
    if len(pairs := _alike(runs)) > _MOST_COMPARISONS:
        found.append(
            f"Of {len(pairs)} comparisons the first {_MOST_COMPARISONS} are shown: name fewer runs for others."
        )
    return found


def _run_row(run: ReportRun) -> dict[str, Any]:
    record = run.record
    success = run.curves.get("rollout/success_rate") or run.curves.get("rewards/accuracies") or []
    clock = run.curves.get("time/time_elapsed") or []
    return {
        "name": run.name,
        "kind": "evaluation" if run.evaluations else str(record.get("agent", "run")),
        "status": str(record.get("status", "finished" if run.evaluations else "unknown")),
        "suites": list(run.suites),
        "seed": run.seed,
        "model": dict(record.get("model", {})),
        "timestep_unit": str(record.get("timestep_unit", "programs")),
        "timesteps": record.get("num_timesteps") or (int(success[-1][0]) if success else 0),
        "success": success[-1][1] if success else None,
        "success_is": "passed" if "rollout/success_rate" in run.curves else "preferred rightly",
        "seconds": clock[-1][1] if clock else None,
        "settings": {**settings_of(run), "seed": str(run.seed)} if record else _evaluation_settings(run),
        "versions": {**dict(record.get("versions", {})), **dict(record.get("machine", {}))},
        "command": " ".join(record.get("command", ())),
    }


def _evaluation_settings(run: ReportRun) -> dict[str, str]:
    return {f"{_label(e, run)}: {name}": str(value) for e in run.evaluations for name, value in e.setting.items()}


def _label(evaluation: Evaluation, run: ReportRun) -> str:
    """The suite, with the temperature where the run has several on it."""
    is_sweep = sum(other.suite == evaluation.suite for other in run.evaluations) > 1
    return f"{evaluation.suite}, temperature {evaluation.setting.get('temperature')}" if is_sweep else evaluation.suite


def _comparisons(runs: Sequence[ReportRun]) -> list[dict[str, Any]]:
    """The evaluations of every two runs that can be compared, the earlier named first, up to a number."""
    measured = {keys: found for run in runs for keys, found in run.efficiencies.items()}
    rows = []
    for a, b, before, after in _alike(runs)[:_MOST_COMPARISONS]:
        if (after.key, before.key) in measured and (before.key, after.key) not in measured:
            a, b, before, after = b, a, after, before  # as they were measured: a ratio of costs has a direction
        found = replace(compare(before, after), efficiency=measured.get((before.key, after.key)))
        rows.append({"before_run": a, "after_run": b, **found.to_dict(), "suite": _label(after, runs[b])})
    return rows


def _alike(runs: Sequence[ReportRun]) -> list[tuple[int, int, Evaluation, Evaluation]]:
    """Pairs of evaluations of different runs: of the same suite and, where one is a sweep, the same temperature."""
    return [
        (a, b, before, after)
        for a, b in combinations(range(len(runs)), 2)
        for before in runs[a].evaluations
        for after in runs[b].evaluations
        if before.suite == after.suite
        and (
            before.setting.get("temperature") == after.setting.get("temperature")
            or _label(before, runs[a]) == before.suite == _label(after, runs[b])
        )
        and {problem.task_id for problem in before.problems} & {problem.task_id for problem in after.problems}
    ]


class _Prompts:
    """Each text once; rows have its index."""

    def __init__(self) -> None:
        self._indices: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        return list(self._indices)

    def index(self, text: str) -> int:
        return self._indices.setdefault(text, len(self._indices))


def _samples(runs: Sequence[ReportRun], most: int, prompts: _Prompts) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for index, run in enumerate(runs):
        found = list(run.samples())
        prompt_of = {(sample.part, sample.task_id): sample.prompt for sample in reversed(found) if sample.prompt}
        for sample in _spread(found, max(most // len(runs), 1)):
            # A prompt is sent once for all programs of its task.
            row = {"run": index, **sample.to_row()}
            if prompt := prompt_of.get((sample.part, sample.task_id)):
                row["prompt"] = prompts.index(prompt)
            rows.append(row)
    return rows


def _pairs(runs: Sequence[ReportRun], most: int, prompts: _Prompts) -> list[dict[str, Any]]:
    learned = [(index, pairs) for index, run in enumerate(runs) if (pairs := run.pairs())]
    rows: list[dict[str, Any]] = []
    for index, pairs in learned:
        for pair in _spread(pairs, max(most // len(learned), 1)):
            filled = {name: value for name, value in vars(pair).items() if value != ""}
            rows.append({"run": index, **filled, "prompt": prompts.index(pair.prompt)})
    return rows


def _spread(found: Sequence[T], most: int) -> Iterable[T]:
    if len(found) <= most:
        return found
    return (found[int(index * len(found) / most)] for index in range(most))


def _without_nan(value: Any) -> Any:
    """JSON knows neither NaN nor infinities; a browser reads None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
