"""Outputs are written beside their target and moved into place when they are complete."""

from __future__ import annotations

import os
from os.path import exists, isdir  # Unlike Path's, these do not raise for a name that is too long.
from pathlib import Path

from livefilter.errors import SinkError


class Beside:
    """A file on its way to ``target``, written under ``<stem>.partial<suffix>`` in the same folder.

    Raises:
        SinkError: The folder is missing or cannot be written, the target is a folder, or it exists and may not be
            replaced.
    """

    def __init__(self, target: Path, *, overwrite: bool = False) -> None:
        self.target = target
        self.partial = partial_of(target)
        folder = target.parent
        if isdir(target):
            raise SinkError(f"{target}: is a folder; give a file name in it")
        if not exists(folder):
            raise SinkError(f"{target}: the folder {folder} does not exist; make it first")
        if not isdir(folder):
            raise SinkError(f"{target}: {folder} is a file, not a folder")
        if exists(target) and not overwrite:
            raise SinkError(f"{target}: exists; give --overwrite (overwrite=True) to replace it")
        try:
            self.partial.open("wb").close()
        except OSError as error:
            raise cannot_write(self.partial, error) from error

    def complete(self) -> Path:
        """Move the finished file into place and return where it is."""
        try:
            os.replace(self.partial, self.target)
        except OSError as error:
            raise cannot_write(self.target, error) from error
        return self.target

    def discard(self) -> None:
        """Remove what was written."""
        self.partial.unlink(missing_ok=True)


def partial_of(target: Path) -> Path:
    """Return where the file is that becomes ``target``, while it is not complete."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


def cannot_write(path: Path, error: Exception) -> SinkError:
    """Return the error of livefilter for one of the operating system or of FFmpeg."""
    return SinkError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}")
