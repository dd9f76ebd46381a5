"""Opening with a timeout, in a thread of its own, so that the wait can be interrupted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from livefilter._blocking_thread import BlockingThread
from livefilter.errors import SourceError

logger = logging.getLogger(__name__)

_NOTICE_DELAY_S = 1.0
"""After this delay, log what the source is waiting for."""
_POLL_S = 0.1


class Closable(Protocol):
    """Something that is open until it is closed."""

    def close(self) -> None:
        """Release it."""
        ...


Opened = TypeVar("Opened", bound=Closable)


def open_with_timeout(
    name: str, open_resource: Callable[[], Opened], timeout_s: float, should_stop: Callable[[], bool] = lambda: False
) -> Opened:
    """Open a resource, or give up after a timeout. A resource that opens too late is closed at once.

    Args:
        name: Name for messages.
        open_resource: Opens the resource; it may block, or raise.
        timeout_s: Longest wait, in seconds.
        should_stop: Polled during the wait.

    Raises:
        SourceError: Opening took longer than ``timeout_s``, or ``open_resource`` raised it.
        KeyboardInterrupt: ``should_stop`` returned True.
    """
    opening = _PendingOpen(open_resource)
    started_s, has_logged = time.monotonic(), False
    while not opening.is_done.wait(_POLL_S):
        if should_stop():
            opening.abandon()
            raise KeyboardInterrupt
        waited_s = time.monotonic() - started_s
        if waited_s > _NOTICE_DELAY_S and not has_logged:
            logger.info("waiting for %s", name)
            has_logged = True
        if waited_s > timeout_s:
            opening.abandon()
            raise SourceError(f"{name}: cannot be opened: no answer within {timeout_s:g} s")
    if opening.opened is None:
        raise opening.error or SourceError(f"{name}: cannot be opened")
    return opening.opened


class _PendingOpen(Generic[Opened]):
    def __init__(self, open_resource: Callable[[], Opened]) -> None:
        self.opened: Opened | None = None
        self.error: BaseException | None = None
        self.is_done = threading.Event()
        self._open_resource = open_resource
        self._is_abandoned = False
        self._lock = threading.Lock()
        BlockingThread(target=self._run, name="livefilter.sources.opener").start()

    def abandon(self) -> None:
        """Close the resource now, or as soon as it is open."""
        with self._lock:
            self._is_abandoned = True
            if self.opened is not None:
                self.opened.close()

    def _run(self) -> None:
        try:
            opened = self._open_resource()
        except BaseException as error:  # Raised again in the waiting thread.
            self.error = error
        else:
            with self._lock:
                self.opened = opened
                if self._is_abandoned:
                    opened.close()
        self.is_done.set()
