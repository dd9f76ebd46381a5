"""Opening what may take long in a thread of its own, so that whoever waits can be told to stop."""

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
"""Nobody minds waiting so long; after that, they want to know for what."""
_POLL_S = 0.1


class Closable(Protocol):
    """What can be opened can be closed."""

    def close(self) -> None:
        """Let go of it."""
        ...


Opened = TypeVar("Opened", bound=Closable)


def open_with_timeout(
    name: str, open_it: Callable[[], Opened], timeout_s: float, should_stop: Callable[[], bool] = lambda: False
) -> Opened:
    """Return what ``open_it`` opens. If that comes too late, it is closed when it comes.

    Raises:
        SourceError: It took longer than ``timeout_s``, or ``open_it`` raised it.
        KeyboardInterrupt: ``should_stop`` said so.
    """
    opening = _Opening(open_it)
    started_s, has_told = time.monotonic(), False
    while not opening.is_done.wait(_POLL_S):
        if should_stop():
            opening.abandon()
            raise KeyboardInterrupt
        waited_s = time.monotonic() - started_s
        if waited_s > _NOTICE_DELAY_S and not has_told:
            logger.info("waiting for %s", name)
            has_told = True
        if waited_s > timeout_s:
            opening.abandon()
            raise SourceError(f"{name}: cannot be opened: no answer within {timeout_s:g} s")
    if opening.opened is None:
        raise opening.error or SourceError(f"{name}: cannot be opened")
    return opening.opened


class _Opening(Generic[Opened]):
    def __init__(self, open_it: Callable[[], Opened]) -> None:
        self.opened: Opened | None = None
        self.error: BaseException | None = None
        self.is_done = threading.Event()
        self._open_it = open_it
        self._is_abandoned = False
        self._lock = threading.Lock()
        BlockingThread(target=self._run, name="livefilter.sources.opener").start()

    def abandon(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._is_abandoned = True
            if self.opened is not None:
                self.opened.close()

    def _run(self) -> None:
        try:
            opened = self._open_it()
        except BaseException as error:  # It is raised again in the thread that waits.
            self.error = error
        else:
            with self._lock:
                self.opened = opened
                if self._is_abandoned:
                    opened.close()
        self.is_done.set()
