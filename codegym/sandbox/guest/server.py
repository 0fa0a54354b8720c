"""The fork server: started as a file, warmed once, then one process for each program.

    python -S -P -s -B server.py CONFIG        CONFIG: JSON, see ``Config``

The *child* takes its job, with fresh descriptors, from the jobs socket itself, so that nothing of one program ever
lies in the memory that the next one inherits. The server only forks, waits, and reports how each child ended.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Config:
    """How a server is started.

    Attributes:
        jobs: Descriptor of the socket from which children take jobs.
        control: Descriptor of the socket for the server's reports and for orders to it.
        folder: Folder of this file's package.
        without: Layers of isolation to leave out.
        may_fork: Programs may fork and start other programs.
        packages: What programs may import beyond the standard library: paths by the path where programs see them.
        preload: Modules to import before serving.
        work_bytes: Size of the programs' folder for work.
    """

    jobs: int
    control: int
    folder: str
    without: list[str]
    may_fork: bool
    packages: dict[str, str]
    preload: list[str]
    work_bytes: int


def _import_guest(folder: str) -> None:
    """Imports the package of this file under a private name, without its parents."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("_codegym", folder + "/__init__.py", submodule_search_locations=[folder])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["_codegym"] = module
    spec.loader.exec_module(module)


def main(argument: str) -> None:
    """Runs the server until its parent closes the control socket."""
    import json

    config: dict[str, Any] = json.loads(argument)
    sys.executable = os.path.realpath(sys.executable)
    _import_guest(config["folder"])
    from _codegym.service import Service  # type: ignore[import-not-found]

    Service(Config(**config)).run()


if __name__ == "__main__":
    main(sys.argv[1])
