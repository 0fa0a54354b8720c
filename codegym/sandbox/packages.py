"""Packages that programs may import beyond the standard library: found with the interpreter that runs the programs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from functools import lru_cache

from codegym.errors import InfrastructureError, InvalidSettingError

SEEN_AT = "/packages"
"""Where programs see the packages, in a root of their own."""
_LOOK_SECONDS = 600
"""A starved machine, or a slow network drive, takes minutes to look through an environment's packages."""
_DISTRIBUTIONS = {"sklearn": "scikit-learn"}
"""What is installed under another name than it is imported by."""

_PROBE = r"""
import importlib.metadata as metadata, importlib.util, json, os, re, sys

def files_of(distribution):
    folder = str(distribution.locate_file(""))
    names = {str(path).split("/")[0] for path in distribution.files or ()}
    return {os.path.join(folder, name) for name in names if name not in ("..", "__pycache__") and not
    name.endswith(".pth")}

def distribution(name):
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None

paths, missing, seen = set(), [], set()
owners = metadata.packages_distributions()
for module in sys.argv[1:]:
    module = module.split(".")[0]
    spec = importlib.util.find_spec(module)
    if spec is None:
        missing.append(module)
        continue
    paths.add(os.path.dirname(spec.origin) if spec.submodule_search_locations and spec.origin else spec.origin)
    waiting = list(owners.get(module, ()))
    while waiting:
        found = distribution(waiting.pop())
        if found is None or found.metadata["Name"] in seen:
            continue
        seen.add(found.metadata["Name"])
        paths |= files_of(found)
        wanted = [text for text in found.requires or () if "extra ==" not in text]
        waiting += [re.match(r"[A-Za-z0-9._-]+", text).group() for text in wanted]
print(json.dumps({"missing": missing, "paths": sorted(path for path in paths if path and os.path.exists(path))}))
"""


def package_names(packages: Iterable[str]) -> tuple[str, ...]:
    """Returns the names; a text would be read letter by letter.

    Raises:
        InvalidSettingError: If it is a text.
    """
    if isinstance(packages, str):
        raise InvalidSettingError(f"packages must be several names, got the text {packages!r}; try [{packages!r}].")
    return tuple(packages)


@lru_cache(maxsize=32)
def find_packages(names: tuple[str, ...], python: str) -> tuple[tuple[str, str], ...]:
    """Returns where packages and what they require lie.

    Args:
        names: Names to import, ``"numpy"``, ``"matplotlib.pyplot"``.
        python: The interpreter whose packages are meant.

    Returns:
        Pairs of the path where programs see a file or folder, and its path on this machine.

    Raises:
        InfrastructureError: If a package is not installed for that interpreter, or the interpreter does not run.
    """
    if not names:
        return ()
    command = [python, "-I", "-c", _PROBE, *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LOOK_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        slow = isinstance(error, subprocess.TimeoutExpired)
        said = f"no answer within {_LOOK_SECONDS} s" if slow else getattr(error, "stderr", "") or error
        raise InfrastructureError(
            f"The interpreter {python!r} could not look for {', '.join(names)}: {said}"
        ) from error
    found = json.loads(done.stdout)
    if found["missing"]:
        missing = list(dict.fromkeys(found["missing"]))
        wanted = " ".join(_DISTRIBUTIONS.get(name, name) for name in missing)
        raise InfrastructureError(
            f"Not installed for {python}: {', '.join(missing)}. Run: {python} -m pip install {wanted}"
        )
    return tuple((f"{SEEN_AT}/{os.path.basename(path)}", path) for path in found["paths"])
