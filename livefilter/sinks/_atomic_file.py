"""Atomic output files: written under a temporary name and renamed on completion."""

from __future__ import annotations

import logging
import os
import sys
from itertools import count
from os.path import exists, isdir, lexists, samestat  # Unlike Path's, these accept a name that is too long.
from pathlib import Path
from typing import BinaryIO, Literal, cast

from livefilter.errors import SinkError

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger(__name__)


class AtomicFile:
    """A file that is written as ``<stem>.partial<suffix>`` and renamed to ``target`` on completion.

    The partial file is locked while it is written, so that two runs never write the same output; the lock ends with the
    process. A partial file of an earlier run, which was killed or interrupted, is never overwritten: it is renamed to
    ``<stem>.partial.<number><suffix>``, with the first free number, and a warning is logged.

    Args:
        target: The final path.
        overwrite: Replace an existing file on completion.

    Attributes:
        target: The final path.
        partial: The path to write to.

    Raises:
        SinkError: The folder is missing or not writable, the target is a folder, or exists and ``overwrite`` is off,
            or another run is writing it.
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
        self._is_pending = True
        self._lock = self._claim()

    def complete(self) -> Path:
        """Move the finished file into place and return its path."""
        try:
            if not exists(self.partial):
                raise SinkError(
                    f"{self.target}: cannot be completed: {self.partial.name} was removed meanwhile; run it again"
                )
            os.replace(self.partial, self.target)
        except SinkError:
            raise
        except OSError as error:
            raise write_error(self.target, error) from error
        finally:
            self._unlock()
        self._is_pending = False
        return self.target

    def keep_partial(self) -> Path:
        """Keep the partial file and return its path."""
        self._unlock()
        self._is_pending = False
        return self.partial

    def discard(self) -> None:
        """Remove the partial file; does nothing once the file is completed or kept."""
        if self._is_pending:
            self._is_pending = False
            self.partial.unlink(missing_ok=True)
        self._unlock()

    def _claim(self) -> BinaryIO | None:
        """Create and lock the partial file, after moving away one that an earlier run left.

        Returns:
            The locked file; None on systems and file systems without locks.
        """
        file = self._open_partial("ab")
        try:
            is_locked = self._try_lock(file)
            if os.fstat(file.fileno()).st_size:
                leftover = file
                if sys.platform == "win32":  # Windows cannot move an open file.
                    leftover.close()
                self._move_away()
                file = self._open_partial("xb")
                with leftover:  # Hold its lock until the new file is locked, too.
                    is_locked = self._try_lock(file)
        except BaseException:
            file.close()
            raise
        if is_locked:
            return file
        file.close()
        return None

    def _open_partial(self, mode: Literal["ab", "xb"]) -> BinaryIO:
        try:
            return cast("BinaryIO", self.partial.open(mode))
        except FileExistsError as error:
            raise self._in_use_error() from error
        except OSError as error:
            raise write_error(self.partial, error) from error

    def _try_lock(self, file: BinaryIO) -> bool:
        """Lock an open file, and return whether locks are available.

        Raises:
            SinkError: Another run has locked the file, or moved it into place since it was opened.
        """
        if sys.platform == "win32":
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise self._in_use_error() from error
        except OSError:  # The file system has no locks.
            return False
        if not exists(self.partial) or not samestat(os.stat(self.partial), os.fstat(file.fileno())):
            raise SinkError(f"{self.target}: another run has just written it; start again if it is to be replaced")
        return True

    def _move_away(self) -> None:
        """Rename the partial file of an earlier run."""
        stem, suffix = self.target.stem, self.target.suffix
        numbered = (self.target.with_name(f"{stem}.partial.{number}{suffix}") for number in count(1))
        leftover_path = next(path for path in numbered if not lexists(path))
        try:
            os.rename(self.partial, leftover_path)
        except OSError as error:
            raise write_error(self.partial, error) from error
        logger.warning("%s was left by an earlier run; it is kept as %s", self.partial, leftover_path)

    def _in_use_error(self) -> SinkError:
        return SinkError(f"{self.target}: another run is writing it; wait for it, or give another name")

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def partial_path(target: Path) -> Path:
    """Return the path under which ``target`` is written until it is complete."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


def write_error(path: Path, error: Exception, *, frames: int | None = None) -> SinkError:
    """Convert an error of the operating system or of FFmpeg to a SinkError.

    Args:
        path: The output.
        error: The error.
        frames: Number of frames written before it, for the message.
    """
    after = "" if frames is None else f" (after {frames} frame{'' if frames == 1 else 's'})"
    return SinkError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}{after}")
