"""Exact reads from a pipe, which can be stopped while no data arrives."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable

from livefilter.errors import SourceError

_POLL_S = 0.1
_READ_AHEAD = 1 << 16


class ByteStream:
    """The bytes of a file descriptor, in order.

    Args:
        descriptor: File descriptor that is open for reading; it is not closed here.
        should_stop: Polled while no data arrives; True ends the stream.

    Attributes:
        is_stopped: Whether the stream was stopped, rather than ended.
    """

    def __init__(self, descriptor: int, should_stop: Callable[[], bool] = lambda: False) -> None:
        self.is_stopped = False
        self._descriptor = descriptor
        self._should_stop = should_stop
        self._ahead = b""

    def stop(self) -> None:
        """End the stream, also for a thread that waits for data."""
        self.is_stopped = True

    def peek(self, count: int) -> bytes:
        """Return the next bytes without consuming them; fewer than ``count`` only at the end."""
        while len(self._ahead) < count and (more := self._receive(_READ_AHEAD)):
            self._ahead += more
        return self._ahead[:count]

    def read_some(self) -> bytes:
        """Return the bytes that arrive next; none at the end."""
        some, self._ahead = self._ahead, b""
        return some or self._receive(_READ_AHEAD)

    def fill(self, buffer: memoryview) -> int:
        """Fill a buffer, and return the number of bytes read; fewer than its length only at the end."""
        filled = min(len(buffer), len(self._ahead))
        buffer[:filled], self._ahead = self._ahead[:filled], self._ahead[filled:]
        while filled < len(buffer) and (more := self._receive(len(buffer) - filled)):
            buffer[filled : filled + len(more)] = more
            filled += len(more)
        return filled

    def read_line(self, max_bytes: int) -> bytes:
        """Return the next line with its newline; without one at the end of the stream, or if it is too long."""
        while b"\n" not in self._ahead and len(self._ahead) < max_bytes and (more := self._receive(_READ_AHEAD)):
            self._ahead += more
        end = self._ahead.find(b"\n", 0, max_bytes) + 1 or min(max_bytes, len(self._ahead))
        line, self._ahead = self._ahead[:end], self._ahead[end:]
        return line

    def _receive(self, max_bytes: int) -> bytes:
        """Return some bytes, at least one; none at the end."""
        while not self.is_stopped and not _is_readable(self._descriptor):
            self.is_stopped = self.is_stopped or self._should_stop()
        if self.is_stopped:
            return b""
        try:
            return os.read(self._descriptor, max_bytes)
        except OSError as error:
            raise SourceError(f"standard input: cannot be read: {error.strerror}") from error


def _is_readable(descriptor: int) -> bool:
    """Wait for a moment, and return whether there are bytes to read, or the end is reached."""
    # Windows can wait only for sockets; there, a stop takes effect when data arrives.
    return sys.platform == "win32" or bool(select.select([descriptor], [], [], _POLL_S)[0])
