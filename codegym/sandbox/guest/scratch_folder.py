"""The folder in which programs may write: nothing of one program may be left for the next."""

from __future__ import annotations

import os

_MAX_REMOVALS = 200


class ScratchFolder:
    """Looks after the scratch folder.

    Args:
        path: The folder; what lies in it now belongs there. It may be empty: then programs cannot write anywhere.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.known = set(os.listdir(path)) if path else set()
        self.was = os.stat(path) if path else None

    def is_clean(self) -> bool:
        """Removes plain files that a program left; returns whether the folder then is as it was.

        Anything that is not quickly put right (folders, many files, other rights) is a reason to replace the server.
        """
        if self.was is None:
            return True
        try:
            left = set(os.listdir(self.path)) ^ self.known
            if len(left) > _MAX_REMOVALS:
                return False
            for name in left:
                os.unlink(os.path.join(self.path, name))
            now = os.stat(self.path)
            if now.st_mtime_ns != self.was.st_mtime_ns or now.st_atime_ns != self.was.st_atime_ns:
                # a time can be set, and is then a message to the next program
                os.utime(self.path, ns=(self.was.st_atime_ns, self.was.st_mtime_ns))
        except OSError:
            return False
        return (now.st_mode, now.st_uid, now.st_gid) == (self.was.st_mode, self.was.st_uid, self.was.st_gid)
