"""Makes the shipped models ``tiny`` and ``nano`` anew.

python -m tools.tiny_model                   # writes both into the package: four minutes on two cores
python -m tools.tiny_model nano --out FOLDER # writes FOLDER/nano
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from agents.policy.builtin import FOLDER
from tools.tiny_model.builder import build
from tools.tiny_model.recipe import RECIPES


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0."""
    parser = argparse.ArgumentParser("python -m tools.tiny_model", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", default=[*RECIPES], metavar="NAME", help=f"One of {', '.join(RECIPES)}.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="Folder of the models; the package's own by default.")
    options = parser.parse_args(arguments)
    for unknown in set(options.names) - set(RECIPES):
        parser.error(f"there is no recipe {unknown!r}; expected one of {', '.join(RECIPES)}.")
    for name in options.names:
        build(RECIPES[name], options.out / name)
        print(options.out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
