"""The folder in which programs may write: nothing of one program may be left for the next."""

from __future__ import annotations

import os

_MAX_REMOVALS = 200


class Work:
    """Looks after the folder for work.

    Args:
        path: The folder; what lies in it now belongs there. It may not exist: then programs cannot write anywhere.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.known = self._names()

    def is_clean(self) -> bool:
        """Removes plain files that a program left; returns whether nothing is left then.

        Anything that is not quickly removed (folders, many files) is a reason to replace the whole server.
        """
        left = self._names() ^ self.known
        if len(left) > _MAX_REMOVALS:
            return False
        for name in left:
            try:
                os.unlink(os.path.join(self.path, name))
            except OSError:
                return False
        return True

    def _names(self) -> set[str]:
        try:
            return set(os.listdir(self.path))
        except OSError:
            return set()
