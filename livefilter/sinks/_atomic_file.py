"""Outputs are written beside their target and moved into place when they are complete."""

from __future__ import annotations

import logging
import os
import sys
from itertools import count
from os.path import exists, isdir, lexists, samestat  # Unlike Path's, these do not raise for a name that is too long.
from pathlib import Path
from typing import BinaryIO, Literal, cast

from livefilter.errors import SinkError

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger(__name__)


class AtomicFile:
    """A file on its way to ``target``, written under ``<stem>.partial<suffix>`` in the same folder.

    While it is being written it is locked, so that two runs never write one output at the same time; the lock ends with
    the process, however that ends. What an earlier run left under that name, because it was killed or interrupted, is
    never written over: it is moved to ``<stem>.partial.<number><suffix>``, under the first number that is free, and a
    warning is logged.

    Raises:
        SinkError: The folder is missing or cannot be written, the target is a folder, or exists and may not be
            replaced, or is being written by another run.
    """

    def __init__(self, target: Path, *, overwrite: bool = False) -> None:
        self.target = target
        self.partial = partial_path(target)
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
            raise write_error(self.target, error) from error
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
        """Create the file, and lock it where locks exist; what an earlier run left there is moved away first."""
        file = self._opened("ab")
        try:
            is_locked = self._locks(file)
            if os.fstat(file.fileno()).st_size:
                left = file
                if sys.platform == "win32":  # There, a file that is open cannot be moved.
                    left.close()
                self._move_away()
                file = self._opened("xb")
                with left:  # Its lock is held until the new file is locked, too.
                    is_locked = self._locks(file)
        except BaseException:
            file.close()
            raise
        if is_locked:
            return file
        file.close()
        return None

    def _opened(self, mode: Literal["ab", "xb"]) -> BinaryIO:
        try:
            return cast("BinaryIO", self.partial.open(mode))
        except FileExistsError as error:
            raise self._taken() from error
        except OSError as error:
            raise write_error(self.partial, error) from error

    def _locks(self, file: BinaryIO) -> bool:
        """Lock an open file, and return whether that is possible here.

        Raises:
            SinkError: Another run has locked it, or moved it into place since it was opened.
        """
        if sys.platform == "win32":
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise self._taken() from error
        except OSError:  # A file system without locks.
            return False
        if not exists(self.partial) or not samestat(os.stat(self.partial), os.fstat(file.fileno())):
            raise SinkError(f"{self.target}: another run has just written it; start again if it is to be replaced")
        return True

    def _move_away(self) -> None:
        """Give what an earlier run left a name of its own."""
        stem, suffix = self.target.stem, self.target.suffix
        numbered = (self.target.with_name(f"{stem}.partial.{number}{suffix}") for number in count(1))
        kept = next(path for path in numbered if not lexists(path))
        try:
            os.rename(self.partial, kept)
        except OSError as error:
            raise write_error(self.partial, error) from error
        logger.warning("%s was left by an earlier run; it is kept as %s", self.partial, kept)

    def _taken(self) -> SinkError:
        return SinkError(f"{self.target}: another run is writing it; wait for it, or give another name")

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def partial_path(target: Path) -> Path:
    """Return where the file is that becomes ``target``, while it is not complete."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


def write_error(path: Path, error: Exception, *, frames: int | None = None) -> SinkError:
    """Return the error of livefilter for one of the operating system or of FFmpeg; it tells after how many frames."""
    came = "" if frames is None else f" (after {frames} frame{'' if frames == 1 else 's'})"
    return SinkError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}{came}")
