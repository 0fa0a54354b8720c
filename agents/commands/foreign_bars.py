"""Progress bars of the libraries underneath, which know nothing of ``--json``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCHES = ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")
"""Variables that tqdm, huggingface_hub with transformers, and datasets read once, when they are imported."""


@contextmanager
def without_foreign_bars() -> Iterator[None]:
    """Silences the bars of libraries that are imported already, and of those that will be meanwhile.

    A library that is first imported meanwhile stays silent: so it is to be entered before a command's imports.
    """
    before = {name: os.environ.get(name) for name in _SWITCHES}
    logging = sys.modules.get("transformers.utils.logging")
    shown = logging is not None and logging.is_progress_bar_enabled()
    os.environ.update(dict.fromkeys(_SWITCHES, "1"))
    if logging is not None:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        if logging is not None and shown:
            logging.enable_progress_bar()
