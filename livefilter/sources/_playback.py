"""Stored sources played like live ones: in real time, or repeated without end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil

from livefilter.frame import Color, Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._source import Source

_MAX_SLEEP_S = 0.1
"""Longest single sleep, so that a stop takes effect soon."""


class LoopedSource(Source):
    """A source that starts again at its end; indexes and times keep increasing.

    Args:
        open_again: Opens the source, once per round.

    Raises:
        SourceError: The source cannot be opened.
    """

    def __init__(self, open_again: Callable[[], Source]) -> None:
        self._open_again = open_again
        self._round = open_again()
        self._color: Color | None = None
        self._guard = CloseGuard()
        self.loss: str | None = None
        self.facts = replace(self._round.facts, frame_count=None, path=None)  # The audio ends with the first round.

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def set_color(self, color: Color) -> None:
        """Choose what frames carry, in this round and the next ones."""
        self._color = color
        self._round.set_color(color)

    def close(self) -> None:
        """Close the current round."""
        self._guard.close(self._release)

    def _release(self) -> None:
        self._round.close()

    def _frames(self) -> Iterator[Frame]:
        index, offset_s = 0, 0 * self.facts.time_base
        while True:
            end_s, first = offset_s, index
            for frame in self._round:
                time_s = offset_s + frame.time_s
                end_s = time_s + 1 / self.facts.rate
                yield replace(frame, index=index, time_s=time_s, is_discontinuity=0 < index == first)
                index += 1
            self.loss = self._round.loss
            if index == first:
                return  # An empty source would repeat for ever without a frame.
            offset_s = ceil(end_s / self.facts.time_base) * self.facts.time_base
            self._round.close()
            self._round = self._open_again()
            if self._color is not None:
                self._round.set_color(self._color)


class RealtimeSource(Source):
    """A stored source that delivers frames when they are due. It is live: a frame that is not read in time is dropped.

    Args:
        source: The source to play; closing this one closes it.
        clock: Monotonic clock, in seconds.
        sleep: Waits for a number of seconds. By default, ``close`` interrupts the wait.
        should_stop: Polled before every frame and while waiting for it; True ends the stream.
    """

    def __init__(
        self,
        source: Source,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source = source
        self._clock = clock
        self._guard = CloseGuard()
        self._is_closed = threading.Event()
        self._sleep = sleep or self._is_closed.wait
        self._should_stop = should_stop
        self.facts = replace(source.facts, is_live=True)

    @property
    def loss(self) -> str | None:  # type: ignore[override]
        """Losses of the played source."""
        return self._source.loss

    def __iter__(self) -> Iterator[Frame]:
        started_s: float | None = None
        frames = self._guard.iterate(iter(self._source))
        while not self._should_stop() and (frame := next(frames, None)) is not None:
            if started_s is None:
                started_s = self._clock() - float(frame.time_s)
            due_s = started_s + float(frame.time_s)
            while (wait_s := due_s - self._clock()) > 0:
                if self._is_closed.is_set() or self._should_stop():
                    return
                self._sleep(min(wait_s, _MAX_SLEEP_S))
            yield replace(frame, captured_ns=time.monotonic_ns())

    def set_color(self, color: Color) -> None:
        """Choose what frames of the played source carry."""
        self._source.set_color(color)

    def seek(self, time_s: Fraction) -> None:
        """Seek in the played source."""
        self._source.seek(time_s)

    def close(self) -> None:
        """End the wait, and close the played source; any thread may do so."""
        self._is_closed.set()
        self._guard.close(self._source.close)
