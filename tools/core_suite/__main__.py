"""Makes the embedded suite ``core`` anew, compares it with the shipped rows, or writes another draw of it.

python -m tools.core_suite                        # writes the rows that the package ships
python -m tools.core_suite --check [FAMILY]       # compares them with what the tables generate
python -m tools.core_suite --seed 1 --out FOLDER  # writes other problems, as files that load_suite takes
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from codegym.errors import CodegymError
from envs_registry.writing import write_problems
from tools.core_suite import rows
from tools.core_suite.checking import differences
from tools.core_suite.generation import generate


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns 1 if a check found differences, 2 after wrong input."""
    parser = argparse.ArgumentParser("python -m tools.core_suite", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="Seed of the draw; the package ships seed 0.")
    parser.add_argument("--out", type=Path, help="Folder for files of problems, one for each split.")
    parser.add_argument("--check", nargs="?", const="", metavar="FAMILY", help="Compare all rows, or one family's.")
    options = parser.parse_args(arguments)
    if options.seed and not options.out:
        parser.error("--seed needs --out: the rows of the package are those of seed 0.")
    try:
        return _check(options.check or None) if options.check is not None else _make(options.seed, options.out)
    except (CodegymError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _check(family: str | None) -> int:
    found = differences(family)
    print(f"{len(found)} rows differ: {', '.join(found[:20])}" if found else "The rows are what the tables generate.")
    return int(bool(found))


def _make(seed: int, out: Path | None) -> int:
    for split, made in generate(seed).items():
        if out is None:
            path = rows.write(split, made)
        else:
            path = out / f"{split}.jsonl"
            write_problems(path, (draft.problem for draft in made), split)
        print(f"{len(made)} problems -> {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
