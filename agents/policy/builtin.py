"""The models that the package ships, by name."""

from __future__ import annotations

import difflib
from pathlib import Path

from codegym.errors import UnknownNameError

FOLDER = Path(__file__).parent / "models"
"""One folder in the hub's layout for each model; ``tools/tiny_model`` makes them."""
BUILTIN_MODELS = ("tiny", "nano")


def builtin_model(name: str | Path) -> Path | None:
    """Returns the folder of a built-in model, None if no built-in model has this name.

    Raises:
        UnknownNameError: If the name is a misspelt name of a built-in model, which the hub cannot know.
    """
    if str(name) in BUILTIN_MODELS:
        return FOLDER / str(name)
    # The cutoff is high: a name on the hub that only resembles "tiny" must get through.
    if not Path(name).exists() and difflib.get_close_matches(str(name).lower(), BUILTIN_MODELS, cutoff=0.75):
        raise UnknownNameError("model", str(name), BUILTIN_MODELS)
    return None
