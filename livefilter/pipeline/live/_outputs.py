"""Where a live pipeline hands its results: to sinks that hold up neither it nor one another."""

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

from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.pipeline.live._stats import Stats
from livefilter.sinks import Sink, partial_path

_NANOSECONDS = 1_000_000_000
_STALLED_AFTER_S = 1.0
"""A pipe that takes nothing for so long is not read."""
_PIXEL = np.zeros((1, 1), np.uint8)


class Output(Protocol):
    """Takes results from the loop without keeping it waiting.

    Attributes:
        name: What statistics call it.
        is_display: Somebody looks at it: it is given the newest frame again when that is drawn otherwise.
    """

    name: str
    is_display: bool

    @property
    def has_consumer(self) -> bool:
        """Whether there is anybody for whom a frame should be filtered."""
        ...

    def put(self, frame: Frame, score: EdgeScore) -> None:
        """Take one result, or count it as dropped."""
        ...

    def end(self) -> str | None:
        """Take no more, finish, and return where the output is, if there is one."""
        ...


class QueuedOutput(Output):
    """A sink with a thread and a bounded queue of its own.

    Args:
        name: What statistics call it.
        sink: Where results go in the end; finished, or kept as far as it came, by this.
        stats: Where drops, durations and latencies are counted.
        depth: Results that may wait.
        blocks_when_full: Let the loop wait when the queue is full, for sources that can, so that nothing is dropped.
        drop_oldest: When the queue is full, drop what waits longest rather than what comes.
        drain_timeout_s: How long to wait at the end for what is in the queue; None as long as it takes.
        has_consumer: Whether anybody reads the sink; asked before every frame.
        needs_pixels: False for a sink of scores: no pictures wait in its queue, then, only a pixel in their place.
        clock: Seconds that only grow.

    Attributes:
        failure: What went wrong with the sink, which is given no more then; None while all is well.
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
        needs_pixels: bool = True,
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
        self._needs_pixels = needs_pixels
        self._clock = clock
        self._writes_since_s: float | None = None
        self._queue: deque[tuple[Frame, EdgeScore]] = deque()
        self._is_ending = False
        self._changed = threading.Condition()  # Over the queue and the end.
        self._worker = threading.Thread(target=self._run, name=f"livefilter {name}", daemon=True)
        self._worker.start()

    @property
    def has_consumer(self) -> bool:
        """Whether the sink is well, and somebody reads it.

        Nobody does where one that wants what is new takes nothing for long; unless the loop can wait for it.
        """
        since_s = self._writes_since_s
        is_held_up = since_s is not None and self._clock() - since_s > _STALLED_AFTER_S
        is_unread = is_held_up and self._drop_oldest and not self._blocks_when_full
        return self.failure is None and not self._is_ending and not is_unread and self._has_consumer()

    def put(self, frame: Frame, score: EdgeScore) -> None:
        """Queue one result."""
        if not self._needs_pixels:
            frame = replace(frame, pixels=_PIXEL)
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
            self._queue.append((frame, score))
            self._changed.notify_all()

    def end(self, *, is_complete: bool = True) -> str | None:
        """Write what waits, finish the sink, and return where the output is; None if there is none, or it failed.

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
        """Drop the output, which nobody has written to yet."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        self._worker.join()
        self._sink.discard()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            frame, score = item
            started_s = self._writes_since_s = self._clock()
            try:
                self._sink.write(frame, score)
                self._writes_since_s = None
                self._stats.record_stage(self.name, self._clock() - started_s)
                self._stats.record_latency(self.name, (time.monotonic_ns() - frame.captured_ns) / _NANOSECONDS)
            except BaseException as error:  # Raised again at the end of the pipeline; the picture goes on.
                self._fail(error)
                return

    def _next(self) -> tuple[Frame, EdgeScore] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_ending)
            item = self._queue.popleft() if self._queue else None
            self._changed.notify_all()
            return item

    def _fail(self, error: BaseException) -> None:
        """Keep what was written so far, and remember what went wrong."""
        if not isinstance(error, BrokenPipeError):
            with suppress(Exception):  # What reached the disk stays there: it is not discarded.
                self._sink.finish(is_complete=False)
        kept = partial_path(Path(self._sink.target))
        if isinstance(error, SinkError) and exists(kept):
            error = SinkError(f"{error}; what came before is kept in {kept}")
        elif exists(kept):
            error.add_note(f"the output so far is kept in {kept}")
        with self._changed:
            self.failure = error
            self._queue.clear()
            self._changed.notify_all()


class DisplaySlot(Output):
    """The newest picture, for a window that is shown by the main thread; one that is not shown in time is dropped.

    Args:
        stats: Where drops and latencies are counted.
        blocks_when_full: Let the loop wait until the last picture was taken, for sources that can.

    Attributes:
        is_idle: Nobody looks: paused, or minimised.
    """

    is_display = True

    def __init__(self, stats: Stats, *, blocks_when_full: bool = False) -> None:
        self.name = "window"
        self.is_idle = False
        self._stats = stats
        self._blocks_when_full = blocks_when_full
        self._newest: Frame | None = None
        self._is_ending = False
        self._changed = threading.Condition()  # Over the two above.

    @property
    def has_consumer(self) -> bool:
        """Whether somebody looks."""
        return not self.is_idle

    @property
    def is_empty(self) -> bool:
        """Whether every picture was taken."""
        return self._newest is None

    def put(self, frame: Frame, score: EdgeScore) -> None:
        """Put a picture where the main thread takes it."""
        with self._changed:
            if self._blocks_when_full:
                self._changed.wait_for(lambda: self._newest is None or self._is_ending)
            if self._newest is not None and self._newest.index != frame.index:
                self._stats.drop(self.name)
            self._newest = frame
            self._changed.notify_all()

    def take(self, longest_s: float) -> Frame | None:
        """Return the newest picture that was not taken yet; wait for it no longer than this."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None, longest_s)
            frame, self._newest = self._newest, None
            self._changed.notify_all()
            return frame

    def end(self) -> str | None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        return None


class NullOutput(Output):
    """Wants every frame and keeps none, for a pipeline that runs for its scores and figures alone."""

    is_display = False
    has_consumer = True

    def __init__(self) -> None:
        self.name = "nothing"

    def put(self, frame: Frame, score: EdgeScore) -> None:
        """Let it go."""

    def end(self) -> str | None:
        """Return that there is no output."""
        return None
