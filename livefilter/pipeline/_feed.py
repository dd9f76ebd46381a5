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
        dropped: Frames that were replaced by a newer one before they were taken.
    """

    dropped: int

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to come."""
        ...

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
    """Every frame of a source, each no sooner than its media time says; the last one lasts as long as the rate says.

    Args:
        source: An open source.
        clock: Seconds that only grow.
    """

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self.dropped = 0
        self._clock = clock
        self._period_s = 1 / source.facts.rate
        self._frames = iter(source)
        self._next: Frame | None = None
        self._error: Exception | None = None
        self._read()
        self._first_s = Fraction(0) if self._next is None else self._next.time_s
        self._ends_s = self._first_s
        self._started_s: float | None = None
        self._paused_s: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the last frame was taken and has had its time."""
        return self._next is None and self._error is None and self._paused_s is None and self._wait_s() <= 0

    def take(self) -> Frame | None:
        """Return the next frame if it is due; raise what broke the source once all frames before are taken."""
        if self._paused_s is not None or self._wait_s() > 0:
            return None
        frame = self._next
        if frame is not None:
            self._ends_s = frame.time_s + self._period_s
            self._read()
        elif self._error is not None:
            raise self._error
        return frame

    def rest_s(self) -> float:
        """Return for how long no frame is due."""
        return _POLL_S if self._paused_s is not None or self.is_over else max(0.0, self._wait_s())

    def pause(self, is_paused: bool) -> None:
        """Stop the clock of the media, or let it go on from where it was."""
        if is_paused:
            self._paused_s = self._clock()
        elif self._paused_s is not None:
            if self._started_s is not None:
                self._started_s += self._clock() - self._paused_s
            self._paused_s = None

    def stop(self) -> None:
        """Do nothing: frames are read only when they are taken."""

    def _read(self) -> None:
        try:
            self._next = next(self._frames, None)
        except Exception as error:  # It comes after the frame that is being taken, which must not be lost.
            self._next, self._error = None, error

    def _wait_s(self) -> float:
        """Return how long it is until the next frame, or until the end of the last one; not positive if that is now."""
        if self._started_s is None:
            self._started_s = self._clock()
        due_s = self._ends_s if self._next is None else self._next.time_s
        return self._started_s + float(due_s - self._first_s) - self._clock()


class NewestFeed(Feed):
    """The newest frame of a live source, read by a thread of its own; a frame that is not taken in time is dropped.

    Args:
        source: An open source; it must stay open until this feed is left.
    """

    def __init__(self, source: Source) -> None:
        self.dropped = 0
        self._source = source
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._is_read_out = False
        self._is_paused = False
        self._must_stop = False
        self._lock = threading.Lock()  # Over the five above.
        self._reader = threading.Thread(target=self._read, name="livefilter-capture", daemon=True)
        self._reader.start()

    @property
    def is_over(self) -> bool:
        """Whether the source has ended and its last frame was taken; not while there is an error to be raised."""
        with self._lock:
            return self._is_read_out and self._newest is None and self._error is None

    def take(self) -> Frame | None:
        """Return the newest frame that was not taken yet; raise what broke the source once there is none."""
        with self._lock:
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
            return None if self._is_paused else frame

    def rest_s(self) -> float:
        """Return a short time if there is no frame: when one comes, nobody knows."""
        with self._lock:
            return 0 if self._newest is not None and not self._is_paused else _POLL_S

    def pause(self, is_paused: bool) -> None:
        """Let frames pass by unseen, which are not counted as dropped, or take them again."""
        with self._lock:
            self._is_paused = is_paused

    def stop(self) -> None:
        """End the reading thread, as soon as the source gives it a frame."""
        with self._lock:
            self._must_stop = True
        self._reader.join(timeout=2)

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            for frame in self._source:
                with self._lock:
                    self.dropped += self._newest is not None and not self._is_paused
                    self._newest = frame
                    if self._must_stop:
                        break
        except BaseException as raised:
            error = raised
        with self._lock:
            self._error, self._is_read_out = error, True
