"""Runs rows of a matrix with EvalPlus's ``untrusted_check``; started with the interpreter that has EvalPlus.

Reads one JSON document: ``workers``, ``limit``, and ``rows`` of ``source``, ``entry_point``, ``inputs``, ``expected``
(Python literals as text). Writes one: ``seconds``, the CPU seconds that loading took
(``cpu_before``) and, for each row, which inputs passed.
"""

from __future__ import annotations

import ast
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def check(row: dict[str, Any]) -> list[bool]:
    """One program against all inputs of its row, in one forked process."""
    from evalplus.eval import untrusted_check

    inputs, expected = ast.literal_eval(row["inputs"]), ast.literal_eval(row["expected"])
    _, details = untrusted_check(
        "humaneval", row["source"], inputs, row["entry_point"], expected=expected, atol=0,
        ref_time=[0.01] * len(inputs), fast_check=False, min_time_limit=row["limit"], gt_time_limit_factor=1.0,
    )  # fmt: skip
    passed = [bool(value) for value in details]
    return passed + [False] * (len(inputs) - len(passed))


def main() -> None:
    """Reads, runs, writes."""
    import evalplus.eval  # noqa: F401  loaded before the clock starts

    work = json.load(sys.stdin)
    with ProcessPoolExecutor(work["workers"]) as pool:
        list(pool.map(len, [""] * work["workers"]))
        before = time.process_time()
        start = time.monotonic()
        passed = list(pool.map(check, work["rows"], chunksize=4))
        seconds = time.monotonic() - start
    json.dump({"seconds": seconds, "cpu_before": before, "passed": passed}, sys.stdout)


if __name__ == "__main__":
    main()
