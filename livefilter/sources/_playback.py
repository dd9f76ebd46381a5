"""Stored sources played as if they were live: at their own pace, or again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil

from livefilter.frame import Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._source import Source

_LONGEST_REST_S = 0.1
"""So that a stop is noticed soon."""


class LoopedSource(Source):
    """A source that begins again at its end; indexes and times go on.

    Args:
        open_again: Opens the source, for each round.

    Raises:
        SourceError: The source cannot be opened.
    """

    def __init__(self, open_again: Callable[[], Source]) -> None:
        self._open_again = open_again
        self._round = open_again()
        self._guard = CloseGuard()
        self.loss: str | None = None
        self.facts = replace(self._round.facts, frame_count=None, path=None)  # Its sound ends with the first round.

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """Close the round that is being played."""
        self._guard.close(self._release)

    def _release(self) -> None:
        self._round.close()

    def _frames(self) -> Iterator[Frame]:
        index, starts_s = 0, 0 * self.facts.time_base
        while True:
            ended_s, first = starts_s, index
            for frame in self._round:
                time_s = starts_s + frame.time_s
                ended_s = time_s + 1 / self.facts.rate
                yield replace(frame, index=index, time_s=time_s)
                index += 1
            self.loss = self._round.loss
            if index == first:
                return  # A round without a frame would be followed by others without end.
            starts_s = ceil(ended_s / self.facts.time_base) * self.facts.time_base
            self._round.close()
            self._round = self._open_again()


class RealtimeSource(Source):
    """A source whose frames come when they are due, and not before; it is live: it waits for nobody.

    Args:
        source: What is played; closing this closes it.
        clock: Seconds that only grow.
        rest: Waits for so many seconds; unless given, ``close`` ends the wait.
        should_stop: Asked before every frame and while waiting for it; True ends the stream.
    """

    def __init__(
        self,
        source: Source,
        *,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], object] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source = source
        self._clock = clock
        self._guard = CloseGuard()
        self._is_closed = threading.Event()
        self._rest = rest or self._is_closed.wait
        self._should_stop = should_stop
        self.facts = replace(source.facts, is_live=True)

    @property
    def loss(self) -> str | None:  # type: ignore[override]
        """What the source that is played has lost."""
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
                self._rest(min(wait_s, _LONGEST_REST_S))
            yield replace(frame, captured_ns=time.monotonic_ns())

    def seek(self, time_s: Fraction) -> None:
        """As the source that is played."""
        self._source.seek(time_s)

    def close(self) -> None:
        """End the wait, and close the source that is played; any thread may do so."""
        self._is_closed.set()
        self._guard.close(self._source.close)
