"""A reader thread and a writer thread, each with a bounded queue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Full, Queue
from types import TracebackType
from typing import Generic, Self, TypeVar

from livefilter._blocking_thread import BlockingThread
from livefilter.sinks import keeps_outputs

Item = TypeVar("Item")
_QUEUE_SIZE = 2
"""Enough to even out slow frames, few enough to keep memory small."""
_POLL_S = 0.1
LIVE_JOIN_TIMEOUT_S = 2.0
"""How long to wait for the read of a camera that hangs."""


class _End:
    """End marker of a queue, with the error that ended the items, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Prefetcher(Generic[Item]):
    """Read the items of an iterable in a thread of its own; an error is raised in place of the next item.

    Args:
        items: Iterable that only that thread reads.
        join_timeout_s: How long to wait for the last read on exit; None waits until it returns, so that its source can
            be closed.
    """

    def __init__(self, items: Iterable[Item], *, join_timeout_s: float | None = None) -> None:
        self._items = items
        self._join_timeout_s = join_timeout_s
        self._queue: Queue[Item | _End] = Queue(_QUEUE_SIZE)
        self._is_over = threading.Event()
        self._thread = BlockingThread(target=self._read, name="livefilter.pipeline.prefetch")
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join(self._join_timeout_s)

    def _read(self) -> None:
        end = _End()
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:
            end = _End(error)
        self._put(end)

    def _put(self, item: Item | _End) -> bool:
        while not self._is_over.is_set():
            try:
                self._queue.put(item, timeout=_POLL_S)
            except Full:
                continue
            return True
        return False


class BackgroundWriter(Generic[Item]):
    """Write items in a thread of its own, in order; an error is raised by the next ``put``, or on exit.

    On an error after which outputs are kept, queued items are still written; on any other error they are dropped.

    Args:
        write: Called by that thread alone.
    """

    def __init__(self, write: Callable[[Item], object]) -> None:
        self._write = write
        self._queue: Queue[Item | _End] = Queue(_QUEUE_SIZE)
        self._error: BaseException | None = None
        self._is_dropping = False
        self._thread = BlockingThread(target=self._work, name="livefilter.pipeline.writer")
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hand over one item; wait if too many are waiting already."""
        if self._error is not None:
            raise self._error
        self._queue.put(item)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_dropping = error is not None and not keeps_outputs(error)
        self._queue.put(_End())
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def _work(self) -> None:
        while not isinstance(item := self._queue.get(), _End):
            if self._error is None and not self._is_dropping:
                try:
                    self._write(item)
                except BaseException as error:
                    self._error = error
