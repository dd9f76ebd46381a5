"""Folder of the snapshots and recordings of a preview."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path

from livefilter.errors import SinkError
from livefilter.sinks import partial_path


class CaptureFolder:
    """A folder of files that are named by time and preset; it is created when the first file is.

    Args:
        path: The folder.
        now: Local time.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = datetime.now) -> None:
        self._path = path
        self._now = now

    def new_path(self, preset: str, ending: str) -> Path:
        """Return the path of a new file, and create the folder.

        Args:
            preset: Name of the preset; characters other than letters, digits, dots and dashes become dashes.
            ending: End of the file's name. Files of the same second are numbered before it.

        Raises:
            SinkError: The folder cannot be created.
        """
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(f"{self._path}: cannot be created: {error.strerror or error}") from error
        preset = re.sub(r"[^\w.-]+", "-", preset)
        start = f"livefilter-{self._now():%Y%m%d-%H%M%S}-{preset}"
        paths = (self._path / f"{start}{f'-{n}' if n > 1 else ''}{ending}" for n in count(1))
        return next(path for path in paths if not (path.exists() or partial_path(path).exists()))
