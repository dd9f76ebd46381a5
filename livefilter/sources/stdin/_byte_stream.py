"""Reading from a pipe by exact amounts, in a way that can be stopped while nothing comes."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable

from livefilter.errors import SourceError

_POLL_S = 0.1
_READ_AHEAD = 1 << 16


class Pipe:
    """The bytes of a descriptor, in order.

    Args:
        descriptor: Open for reading; it is not closed here.
        should_stop: Asked while nothing comes; True is taken for the end.

    Attributes:
        is_stopped: It ended because it was told to.
    """

    def __init__(self, descriptor: int, should_stop: Callable[[], bool] = lambda: False) -> None:
        self.is_stopped = False
        self._descriptor = descriptor
        self._should_stop = should_stop
        self._ahead = b""

    def stop(self) -> None:
        """End the stream, also for a thread that waits for something to come."""
        self.is_stopped = True

    def peek(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end, and leave them to be read."""
        while len(self._ahead) < count and (more := self._receive(_READ_AHEAD)):
            self._ahead += more
        return self._ahead[:count]

    def read_some(self) -> bytes:
        """Return whatever comes next; nothing at the end."""
        some, self._ahead = self._ahead, b""
        return some or self._receive(_READ_AHEAD)

    def fill(self, buffer: memoryview) -> int:
        """Read until a buffer of bytes is full; return how many came, fewer only at the end."""
        filled = min(len(buffer), len(self._ahead))
        buffer[:filled], self._ahead = self._ahead[:filled], self._ahead[filled:]
        while filled < len(buffer) and (more := self._receive(len(buffer) - filled)):
            buffer[filled : filled + len(more)] = more
            filled += len(more)
        return filled

    def read_line(self, longest: int) -> bytes:
        """Return the next line with its end; without one at the end of all, or if it is longer than that."""
        while b"\n" not in self._ahead and len(self._ahead) < longest and (more := self._receive(_READ_AHEAD)):
            self._ahead += more
        end = self._ahead.find(b"\n", 0, longest) + 1 or min(longest, len(self._ahead))
        line, self._ahead = self._ahead[:end], self._ahead[end:]
        return line

    def _receive(self, most: int) -> bytes:
        """Return some bytes, at least one unless it is the end."""
        while not self.is_stopped and not _has_come(self._descriptor):
            self.is_stopped = self.is_stopped or self._should_stop()
        if self.is_stopped:
            return b""
        try:
            return os.read(self._descriptor, most)
        except OSError as error:
            raise SourceError(f"standard input: cannot be read: {error.strerror}") from error


def _has_come(descriptor: int) -> bool:
    """Wait for a moment, and return whether there is something to read, or the end."""
    # On Windows only sockets can be waited for; there, a stop is noticed when something comes.
    return sys.platform == "win32" or bool(select.select([descriptor], [], [], _POLL_S)[0])
