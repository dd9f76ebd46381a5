"""Outputs of a live pipeline: queues that a live source never waits for, but a file does."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from os.path import exists
from pathlib import Path
from typing import Protocol

import numpy as np

from livefilter.analysis import Result
from livefilter.errors import SinkError
from livefilter.pipeline.live._stats import Stats
from livefilter.sinks import Needs, Sink, partial_path

_NANOSECONDS = 1_000_000_000
_STALLED_AFTER_S = 1.0
"""A pipe that accepts nothing for so long has no reader."""
_PIXEL = np.zeros((1, 1), np.uint8)


class Output(Protocol):
    """Accepts results from the loop.

    Attributes:
        name: Name in statistics.
        is_display: A person looks at it: it gets the last frame again when that is drawn differently.
    """

    name: str
    is_display: bool

    @property
    def has_consumer(self) -> bool:
        """Whether frames should be filtered for this output."""
        ...

    def put(self, result: Result) -> None:
        """Accept one result, or count it as dropped."""
        ...

    def end(self) -> str | None:
        """Accept no more results, finish, and return the location of the output, if there is one."""
        ...


class QueuedOutput(Output):
    """A sink with a thread and a bounded queue of its own.

    Args:
        name: Name in statistics.
        sink: Sink that results are written to; this object finishes it.
        stats: Counts drops, durations and latencies.
        depth: Maximum number of queued results.
        blocks_when_full: Make the loop wait when the queue is full, for sources that can wait, so that nothing is
            dropped.
        drop_oldest: When the queue is full, drop its oldest result instead of the new one.
        drain_timeout_s: How long to wait at the end for queued results to be written; None waits until they are.
        has_consumer: Whether the sink has a reader; asked before every frame.
        clock: Monotonic clock, in seconds.

    Attributes:
        failure: Error after which the sink gets no more results; None while there is none.
    """

    is_display = False

    def __init__(
        self,
        name: str,
        sink: Sink,
        stats: Stats,
        *,
        depth: int,
        blocks_when_full: bool = False,
        drop_oldest: bool = False,
        drain_timeout_s: float | None = None,
        has_consumer: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.name = name
        self.failure: BaseException | None = None
        self._sink = sink
        self._stats = stats
        self._depth = depth
        self._blocks_when_full = blocks_when_full
        self._drop_oldest = drop_oldest
        self._drain_timeout_s = drain_timeout_s
        self._has_consumer = has_consumer
        self._clock = clock
        self._writes_since_s: float | None = None
        self._queue: deque[Result] = deque()
        self._is_ending = False
        self._changed = threading.Condition()  # Over the queue and the end.
        self._worker = threading.Thread(target=self._run, name=f"livefilter.pipeline.output-{name}", daemon=True)
        self._worker.start()

    @property
    def has_consumer(self) -> bool:
        """Whether the sink works and has a reader.

        A sink that drops old frames and has accepted nothing for a while counts as having no reader, unless the loop
        can wait for it.
        """
        since_s = self._writes_since_s
        is_held_up = since_s is not None and self._clock() - since_s > _STALLED_AFTER_S
        is_unread = is_held_up and self._drop_oldest and not self._blocks_when_full
        return self.failure is None and not self._is_ending and not is_unread and self._has_consumer()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the sink notes about its output."""
        return self._sink.notes

    def put(self, result: Result) -> None:
        """Queue one result, with a single pixel in place of the pixels that the sink does not need."""
        needs = self._sink.needs
        if needs != Needs.ALL:
            frame = result.frame if Needs.FRAME in needs else replace(result.frame, pixels=_PIXEL, gray=_PIXEL)
            picture = result.picture if Needs.PICTURE in needs else _PIXEL
            result = replace(result, frame=frame, filtered=_PIXEL, picture=picture)
        with self._changed:
            if self._blocks_when_full:
                self._changed.wait_for(lambda: len(self._queue) < self._depth or self._is_ending or self.failure)
            if self._is_ending or self.failure is not None:
                return
            if len(self._queue) >= self._depth:
                self._stats.drop(self.name)
                if not self._drop_oldest:
                    return
                self._queue.popleft()
            self._queue.append(result)
            self._changed.notify_all()

    def end(self, *, is_complete: bool = True) -> str | None:
        """Write queued results, finish the sink, and return the output's location; None without one or on failure.

        Args:
            is_complete: False after an error: the output is kept as a partial one.
        """
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        self._worker.join(self._drain_timeout_s)
        if self.failure is not None or self._worker.is_alive():
            return None
        try:
            return self._sink.finish(is_complete=is_complete)
        except BaseException as error:
            self._fail(error)
            return None

    def discard(self) -> None:
        """Discard the output, to which nothing has been written yet."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        self._worker.join()
        self._sink.discard()

    def _run(self) -> None:
        while (result := self._next()) is not None:
            started_s = self._writes_since_s = self._clock()
            try:
                self._sink.write(result)
                self._writes_since_s = None
                self._stats.record_stage(self.name, self._clock() - started_s)
                self._stats.record_latency(self.name, (time.monotonic_ns() - result.frame.captured_ns) / _NANOSECONDS)
            except BaseException as error:  # Raised again at the end of the pipeline; the picture goes on.
                self._fail(error)
                return

    def _next(self) -> Result | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_ending)
            result = self._queue.popleft() if self._queue else None
            self._changed.notify_all()
            return result

    def _fail(self, error: BaseException) -> None:
        """Keep what was written so far, and record the error."""
        if not isinstance(error, BrokenPipeError):
            with suppress(Exception):  # What reached the disk stays there.
                self._sink.finish(is_complete=False)
        partial = partial_path(Path(self._sink.target))
        if isinstance(error, SinkError) and exists(partial):
            error = SinkError(f"{error}; what came before is kept in {partial}")
        elif exists(partial):
            error.add_note(f"the output so far is kept in {partial}")
        with self._changed:
            self.failure = error
            self._queue.clear()
            self._changed.notify_all()


class DisplaySlot(Output):
    """Slot for the newest picture, which the main thread shows in a window; a picture not shown in time is dropped.

    Args:
        stats: Counts drops.
        blocks_when_full: Make the loop wait until the last picture is taken, for sources that can wait.

    Attributes:
        is_idle: The window is paused or minimised.
    """

    is_display = True

    def __init__(self, stats: Stats, *, blocks_when_full: bool = False) -> None:
        self.name = "window"
        self.is_idle = False
        self._stats = stats
        self._blocks_when_full = blocks_when_full
        self._newest: Result | None = None
        self._is_ending = False
        self._changed = threading.Condition()  # Over the two above.

    @property
    def has_consumer(self) -> bool:
        """Whether the window shows pictures."""
        return not self.is_idle

    @property
    def is_empty(self) -> bool:
        """Whether the slot is empty."""
        return self._newest is None

    def put(self, result: Result) -> None:
        """Store a picture for the main thread."""
        with self._changed:
            if self._blocks_when_full:
                self._changed.wait_for(lambda: self._newest is None or self._is_ending)
            if self._newest is not None and self._newest.frame.index != result.frame.index:
                self._stats.drop(self.name)
            self._newest = result
            self._changed.notify_all()

    def take(self, longest_s: float) -> Result | None:
        """Return the newest picture that was not taken yet; wait for it no longer than this."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None, longest_s)
            result, self._newest = self._newest, None
            self._changed.notify_all()
            return result

    def end(self) -> str | None:
        """Unblock waiting threads."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        return None


class NullOutput(Output):
    """Accept every frame and keep none, for a pipeline that runs for its scores and statistics alone."""

    is_display = False
    has_consumer = True

    def __init__(self) -> None:
        self.name = "nothing"

    def put(self, result: Result) -> None:
        """Discard the result."""

    def end(self) -> str | None:
        """Return None: there is no output."""
        return None
