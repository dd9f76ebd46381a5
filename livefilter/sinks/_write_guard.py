"""Guard of a sink: one thread at a time, and no writing after the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from livefilter.errors import SinkError

_LOCK_TIMEOUT_S = 10.0
"""Longest wait for another thread that is writing."""


class WriteGuard:
    """Prevents writing to a sink after its end, and ending it while a thread writes.

    FFmpeg crashes the process in both cases; other sinks would lose frames or leave files behind.

    Args:
        target: Name of the output, for messages.

    Attributes:
        is_open: Whether the sink is neither finished nor discarded.
    """

    def __init__(self, target: str) -> None:
        self.is_open = True
        self._target = target
        self._in_use = threading.RLock()

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Lock the sink for this thread, and yield whether it is still open.

        Raises:
            SinkError: Another thread is still writing after 10 s.
        """
        if not self._in_use.acquire(timeout=_LOCK_TIMEOUT_S):
            raise SinkError(f"{self._target}: another thread is still writing to it, after {_LOCK_TIMEOUT_S:g} s")
        try:
            yield self.is_open
        finally:
            self._in_use.release()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Lock the sink for this thread while it writes one result.

        Raises:
            SinkError: The sink is finished or discarded, or another thread is still writing after 10 s.
        """
        with self.lock() as is_open:
            if not is_open:
                raise SinkError(f"{self._target}: is closed, so nothing more can be written to it; open a new sink")
            yield

    def end(self) -> None:
        """Refuse writes from now on."""
        self.is_open = False
