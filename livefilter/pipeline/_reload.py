"""Noticing that a preset's file was saved."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

_EVERY_S = 0.05
_GONE_S = 1.0
_Signature = tuple[int, int, int]


class FileWatch:
    """Tells once for each time that a file was written: in place, or by another file that was moved over it.

    The path is looked at, rather than the file watched, because editors do both, and network drives tell nobody.

    Args:
        path: The file.
        clock: Seconds that only grow.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._known = self._last = self._signature()
        self._since_s = self._looked_s = clock()

    def is_changed(self) -> bool:
        """Return whether the file is another one than the last time, and is no longer being written.

        A file that is gone counts as changed after a second, since a file that is replaced may be gone for a moment.
        """
        now_s = self._clock()
        if now_s - self._looked_s < _EVERY_S:
            return False
        self._looked_s = now_s
        found = self._signature()
        if found != self._last:
            self._last, self._since_s = found, now_s
            return False
        if found == self._known or (found is None and now_s - self._since_s < _GONE_S):
            return False
        self._known = found
        return True

    def _signature(self) -> _Signature | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
