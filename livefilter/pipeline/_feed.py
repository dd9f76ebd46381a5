"""How a preview takes frames from a source: the newest one of a live stream, or each one of a file when it is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from livefilter.frame import Frame
from livefilter.sources import Source

_POLL_S = 0.01


class Feed(Protocol):
    """Gives frames to a loop that must never wait long.

    Attributes:
        is_over: There is no further frame.
        dropped: Frames that were replaced by a newer one before they were taken.
    """

    is_over: bool
    dropped: int

    def take(self) -> Frame | None:
        """Return the next frame, or None if there is none yet.

        Raises:
            SourceError: The source broke.
        """
        ...

    def rest_s(self) -> float:
        """Return for how long there is surely no frame, in seconds."""
        ...

    def pause(self, is_paused: bool) -> None:
        """Stop or go on with time."""
        ...

    def stop(self) -> None:
        """End what reads ahead."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class PacedFeed(Feed):
    """Every frame of a source, each no sooner than its media time says.

    Args:
        source: An open source.
        clock: Seconds that only grow.
    """

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self.dropped = 0
        self._clock = clock
        self._frames = iter(source)
        self._next: Frame | None = next(self._frames, None)
        self.is_over = self._next is None
        self._first_s = Fraction(0) if self._next is None else self._next.time_s
        self._started_s: float | None = None
        self._paused_s: float | None = None

    def take(self) -> Frame | None:
        if self._next is None or self._paused_s is not None or self.rest_s() > 0:
            return None
        frame, self._next = self._next, next(self._frames, None)
        self.is_over = self._next is None
        return frame

    def rest_s(self) -> float:
        if self._next is None:
            return 0
        if self._paused_s is not None:
            return _POLL_S
        if self._started_s is None:
            self._started_s = self._clock()
        return max(0.0, self._started_s + float(self._next.time_s - self._first_s) - self._clock())

    def pause(self, is_paused: bool) -> None:
        if is_paused:
            self._paused_s = self._clock()
        elif self._paused_s is not None:
            if self._started_s is not None:
                self._started_s += self._clock() - self._paused_s
            self._paused_s = None

    def stop(self) -> None:
        """Do nothing: frames are read only when they are taken."""


class NewestFeed(Feed):
    """The newest frame of a live source, read by a thread of its own; a frame that is not taken in time is dropped.

    Args:
        source: An open source; it must stay open until this feed is left.
    """

    def __init__(self, source: Source) -> None:
        self.is_over = False
        self.dropped = 0
        self._source = source
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._is_read_out = False
        self._is_paused = False
        self._must_stop = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="livefilter-capture", daemon=True)
        self._reader.start()

    def take(self) -> Frame | None:
        with self._changed:
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
            self.is_over = self._is_read_out and self._newest is None
            return None if self._is_paused else frame

    def rest_s(self) -> float:
        return 0 if self._newest is not None and not self._is_paused else _POLL_S

    def pause(self, is_paused: bool) -> None:
        self._is_paused = is_paused

    def stop(self) -> None:
        self._must_stop = True
        self._reader.join(timeout=2)

    def _read(self) -> None:
        try:
            for frame in self._source:
                with self._changed:
                    self.dropped += self._newest is not None and not self._is_paused
                    self._newest = frame
                if self._must_stop:
                    return
        except BaseException as error:
            self._error = error
        finally:
            self._is_read_out = True
