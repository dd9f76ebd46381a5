"""Detection of changed preset files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

_EVERY_S = 0.05
_GONE_S = 1.0
_Signature = tuple[int, int, int]


class FileWatch:
    """Report each change of a set of files once, whether they are written in place or replaced.

    Files are polled, because editors replace files and network drives send no notifications.

    Args:
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Path, _Signature | None] = {}
        self._last: dict[Path, _Signature | None] = {}
        self._since_s = self._looked_s = clock()

    def add(self, path: Path) -> None:
        """Watch one more file, which may be missing; every write from now on is a change."""
        self._known.setdefault(path, _signature(path))
        self._last = self._known

    def merge(self, other: FileWatch) -> None:
        """Watch the files of another one too, in the state that it knows."""
        self._known = other._known | self._known
        self._last = self._known

    def is_changed(self) -> bool:
        """Return whether the files changed since the last call and are no longer being written.

        A missing file counts as changed after a second, because a file that is being replaced may be missing for a
        moment.
        """
        now_s = self._clock()
        if now_s - self._looked_s < _EVERY_S:
            return False
        self._looked_s = now_s
        found = {path: _signature(path) for path in self._known}
        if found != self._last:
            self._last, self._since_s = found, now_s
            return False
        is_gone = any(found[path] is None and known is not None for path, known in self._known.items())
        if found == self._known or (is_gone and now_s - self._since_s < _GONE_S):
            return False
        self._known = found
        return True


def _signature(path: Path) -> _Signature | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
