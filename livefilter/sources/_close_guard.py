"""Safe closing of a source that a thread may still be reading."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class CloseGuard:
    """Keeps a source from being read once it is closed, and from being released while a thread reads it.

    FFmpeg crashes the process in both cases. Code that touches the file or the connection does so within ``hold``.

    Args:
        close_timeout_s: Longest time that ``close`` waits for a thread that is reading, in seconds.

    Example:
        >>> guard = CloseGuard()
        >>> numbers = guard.iterate(iter(range(3)))
        >>> next(numbers), guard.close(), list(numbers)
        (0, None, [])
    """

    def __init__(self, *, close_timeout_s: float = 1.0) -> None:
        self._close_timeout_s = close_timeout_s
        self._reading = threading.Lock()
        self._reader: int | None = None
        self._is_closed = False
        self._release: Callable[[], object] | None = None

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Keep the source from being released, and yield whether it is still open."""
        try:
            with self._reading:
                self._reader = threading.get_ident()
                yield not self._is_closed
        finally:
            if self._is_closed:
                self._release_once(wait_s=0)

    def iterate(self, frames: Iterator[Item]) -> Iterator[Item]:
        """Yield frames until there are no more, or the source is closed."""
        while True:
            try:
                with self._reading:  # As hold does, which takes four times as long.
                    self._reader = threading.get_ident()
                    if self._is_closed:
                        return
                    frame = next(frames)
            except StopIteration:
                return
            finally:
                if self._is_closed:
                    self._release_once(wait_s=0)
            yield frame

    def close(self, release: Callable[[], object] = lambda: None) -> None:
        """End the iteration and release the source; any thread may do so, and a second call does nothing.

        If another thread is reading and does not return in time, or if reading itself led here (a callback, a signal
        handler), the source is released when the read returns.

        Args:
            release: Closes the file or the connection.
        """
        if self._is_closed:
            return
        self._release = release
        self._is_closed = True
        is_inside = self._reading.locked() and self._reader == threading.get_ident()
        if not is_inside:
            self._release_once(wait_s=self._close_timeout_s)

    def _release_once(self, *, wait_s: float) -> None:
        if not self._reading.acquire(timeout=wait_s):
            return  # The thread that holds the lock releases the source when it leaves.
        try:
            release, self._release = self._release, None
            if release is not None:
                release()
        finally:
            self._reading.release()
