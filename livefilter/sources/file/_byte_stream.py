"""The bytes of a pipe or a file, for FFmpeg: counted, and with a way to stop waiting for them."""

from __future__ import annotations

import os
import select
import stat
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Self

from livefilter.errors import SourceError

_POLL_S = 0.1
_READ_AHEAD = 1 << 16


class ByteStream:
    """The bytes of a file descriptor, as the file object that PyAV reads.

    A read returns as soon as there are bytes, so that a frame is not held back until the next ones have come.

    Args:
        descriptor: File descriptor that is open for reading; ``close`` leaves it open.
        name: Name for messages.
        should_stop: Polled while no data arrives; True ends the stream.

    Attributes:
        name: Name for messages.
        is_stopped: Whether the stream was stopped, rather than ended.
        is_interrupted: Whether ``should_stop`` stopped it.
    """

    def __init__(self, descriptor: int, name: str, should_stop: Callable[[], bool] = lambda: False) -> None:
        self.name = name
        self.is_stopped = self.is_interrupted = False
        self._descriptor = descriptor
        self._should_stop = should_stop
        self._ahead = b""
        self._position = 0
        self._close_file: Callable[[], object] = lambda: None
        status = os.fstat(descriptor)
        self._size = status.st_size if stat.S_ISREG(status.st_mode) else None

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Open a file; ``close`` closes it, or the end of the last reference to the stream."""
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        stream = cls(descriptor, str(path))
        stream._close_file = weakref.finalize(stream, os.close, descriptor)
        return stream

    def stop(self) -> None:
        """End the stream, also for a thread that waits for data."""
        self.is_stopped = True

    def close(self) -> None:
        """Close the file, if ``of_file`` opened it."""
        self._close_file()

    def peek(self, count: int) -> bytes:
        """Return the next bytes without consuming them; fewer than ``count`` only at the end."""
        while len(self._ahead) < count and (more := self._receive(_READ_AHEAD)):
            self._ahead += more
        return self._ahead[:count]

    def peek_line(self, max_bytes: int) -> bytes:
        """Return the next line with its end, or as much of it as ``max_bytes`` hold, without consuming it."""
        while b"\n" not in self._ahead and len(self._ahead) < max_bytes and (more := self._receive(_READ_AHEAD)):
            self._ahead += more
        return self._ahead[: self._ahead.find(b"\n", 0, max_bytes) + 1 or max_bytes]

    def replace(self, start: bytes, new: bytes) -> None:
        """Replace the next bytes, which were looked at, by others; the stream is then read in order only."""
        if new != start:
            self._ahead, self._size = new + self._ahead[len(start) :], None

    def read(self, count: int) -> bytes:
        """Return the bytes that arrive next, at most ``count``; none at the end."""
        some, self._ahead = self._ahead[:count], self._ahead[count:]
        some = some or self._receive(count)
        self._position += len(some)
        return some

    def seekable(self) -> bool:
        """Return whether this is a file that can be read in any order."""
        return self._size is not None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position of the file, and return it."""
        if whence == os.SEEK_CUR:
            offset, whence = self._position + offset, os.SEEK_SET
        self._position = os.lseek(self._descriptor, offset, whence)
        self._ahead = b""
        return self._position

    def tell(self) -> int:
        """Return the number of bytes before the next one."""
        return self._position

    def rest_after(self, position: int) -> int:
        """Return how many bytes follow a position, once the stream is read to its end."""
        return (self._position if self._size is None else self._size) - position

    def _receive(self, max_bytes: int) -> bytes:
        """Return some bytes, at least one; none at the end."""
        try:
            while not self.is_stopped and not _is_readable(self._descriptor):
                if self._should_stop():
                    self.is_stopped = self.is_interrupted = True
            # At most what a pipe holds: Python makes room for as much as is asked for.
            return b"" if self.is_stopped else os.read(self._descriptor, min(max_bytes, _READ_AHEAD))
        except OSError as error:
            raise SourceError(f"{self.name}: cannot be read: {error.strerror}") from error


def _is_readable(descriptor: int) -> bool:
    """Wait for a moment, and return whether there are bytes to read, or the end is reached."""
    # Windows can wait only for sockets; there, a stop takes effect when data arrives.
    return sys.platform == "win32" or bool(select.select([descriptor], [], [], _POLL_S)[0])
