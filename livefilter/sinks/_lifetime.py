"""The lifetime of a sink: open until it is finished or discarded, and used by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from livefilter.errors import SinkError

_PATIENCE_S = 10.0
"""How long a thread waits for another one that is writing, before it reports an error."""


class Lifetime:
    """Keeps a sink from being written to after its end, and from ending while a thread writes to it.

    FFmpeg crashes the process in both cases, and others lose pictures or leave files behind.

    Args:
        target: Where the sink writes to, for messages.

    Attributes:
        is_open: Whether the sink was neither finished nor discarded yet.
    """

    def __init__(self, target: str) -> None:
        self.is_open = True
        self._target = target
        self._in_use = threading.RLock()

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Keep other threads from using the sink, and yield whether it is still open.

        Raises:
            SinkError: Another thread has been writing for too long.
        """
        if not self._in_use.acquire(timeout=_PATIENCE_S):
            raise SinkError(f"{self._target}: another thread is still writing to it, after {_PATIENCE_S:g} s")
        try:
            yield self.is_open
        finally:
            self._in_use.release()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Keep other threads from using the sink while one result is written.

        Raises:
            SinkError: The sink was finished or discarded, or another thread has been writing for too long.
        """
        with self.hold() as is_open:
            if not is_open:
                raise SinkError(f"{self._target}: is closed, so nothing more can be written to it; open a new sink")
            yield

    def end(self) -> None:
        """Refuse what is written from now on."""
        self.is_open = False
