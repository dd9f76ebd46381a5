"""Outputs are written beside their target and moved into place when they are complete."""

from __future__ import annotations

import os
import sys
from os.path import exists, isdir, samestat  # Unlike Path's, these do not raise for a name that is too long.
from pathlib import Path
from typing import BinaryIO

from livefilter.errors import SinkError

if sys.platform != "win32":
    import fcntl


class Beside:
    """A file on its way to ``target``, written under ``<stem>.partial<suffix>`` in the same folder.

    While it is being written it is locked, so that two runs never write one output at the same time; the lock ends with
    the process, however that ends.

    Raises:
        SinkError: The folder is missing or cannot be written, the target is a folder, or exists and may not be
            replaced, or is being written by another run.
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
        self._is_ours = True
        self._lock = self._claimed()

    def complete(self) -> Path:
        """Move the finished file into place and return where it is."""
        try:
            if not exists(self.partial):
                raise SinkError(f"{self.target}: cannot be completed: somebody removed {self.partial.name} meanwhile")
            os.replace(self.partial, self.target)
        except SinkError:
            raise
        except OSError as error:
            raise cannot_write(self.target, error) from error
        finally:
            self._unlock()
        self._is_ours = False
        return self.target

    def keep(self) -> Path:
        """Leave what was written where it is, as a part, and return where that is."""
        self._unlock()
        self._is_ours = False
        return self.partial

    def discard(self) -> None:
        """Remove what was written; nothing happens once it was completed or kept."""
        if self._is_ours:
            self._is_ours = False
            self.partial.unlink(missing_ok=True)
        self._unlock()

    def _claimed(self) -> BinaryIO | None:
        """Make the file, or take what an earlier run left; it is emptied only once it is ours."""
        try:
            file = self.partial.open("ab")
        except OSError as error:
            raise cannot_write(self.partial, error) from error
        if sys.platform == "win32":  # There, a file that is open cannot be moved.
            file.close()
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise SinkError(f"{self.target}: another run is writing it; wait for it, or give another name") from error
        except OSError:  # A file system without locks.
            file.close()
            return None
        if not exists(self.partial) or not samestat(os.stat(self.partial), os.fstat(file.fileno())):
            file.close()  # The run that had it has moved it into place since we opened it.
            raise SinkError(f"{self.target}: another run has just written it; start again if it is to be replaced")
        file.truncate(0)
        return file

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def partial_of(target: Path) -> Path:
    """Return where the file is that becomes ``target``, while it is not complete."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


def cannot_write(path: Path, error: Exception, *, frames: int | None = None) -> SinkError:
    """Return the error of livefilter for one of the operating system or of FFmpeg; it tells after how many frames."""
    came = "" if frames is None else f" (after {frames} frame{'' if frames == 1 else 's'})"
    return SinkError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}{came}")
