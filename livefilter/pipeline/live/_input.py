"""How a live pipeline takes frames from a source: the newest one, or each one of a file when it is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from livefilter.frame import Frame
from livefilter.pipeline.live._monotonic import with_monotonic_times
from livefilter.pipeline.live._stats import Stats
from livefilter.sources import Source

_READ_GRACE_S = 0.2
"""Within which a camera that lives gives a frame."""
_JOIN_TIMEOUT_S = 2.0
"""How long to wait for a source that is asked to end and is in the middle of reading."""


class FrameInput(Protocol):
    """Gives frames to a loop."""

    def start(self) -> None:
        """Begin to take frames from the source."""
        ...

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

    def wait(self, longest_s: float) -> None:
        """Wait until there may be a frame, or somebody calls ``wake``, but no longer than this."""
        ...

    def wake(self) -> None:
        """End the waiting of another thread."""
        ...

    def pause(self, is_paused: bool) -> None:
        """Stop or go on with the time of a file; what is live does not wait for anybody."""
        ...

    def stop(self) -> None:
        """End what reads ahead."""
        ...


def open_input(source: Source, stats: Stats, clock: Callable[[], float] = time.monotonic) -> FrameInput:
    """Return the feed that fits a source: the newest frames of a live one, every frame of another one."""
    return LatestFrameInput(source, stats) if source.facts.is_live else PacedInput(source, stats, clock)


class PacedInput(FrameInput):
    """Every frame of a source, each no sooner than its media time says; the last one lasts as long as the rate says.

    A frame counts as captured when it is taken, since a file waits.

    Args:
        source: An open source.
        stats: Where frames are counted.
        clock: Seconds that only grow.
    """

    def __init__(self, source: Source, stats: Stats, clock: Callable[[], float] = time.monotonic) -> None:
        self._stats = stats
        self._clock = clock
        self._period_s = 1 / source.facts.rate
        self._frames = with_monotonic_times(source, stats)
        self._woken = threading.Event()
        self._next: Frame | None = None
        self._error: Exception | None = None
        self._read()
        self._first_s = Fraction(0) if self._next is None else self._next.time_s
        self._ends_s = self._first_s
        self._started_s: float | None = None
        self._paused_s: float | None = None

    def start(self) -> None:
        """Do nothing: time begins with the first frame that is asked for."""

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
            self._stats.frame_in()
            self._read()
            return replace(frame, captured_ns=time.monotonic_ns())
        if self._error is not None:
            raise self._error
        return None

    def wait(self, longest_s: float) -> None:
        """Wait until the next frame is due."""
        rest_s = longest_s if self._paused_s is not None or self.is_over else self._wait_s()
        if rest_s > 0:
            self._woken.wait(min(rest_s, longest_s))
        self._woken.clear()

    def wake(self) -> None:
        """End the waiting."""
        self._woken.set()

    def pause(self, is_paused: bool) -> None:
        """Stop the clock of the media, or let it go on from where it was."""
        if is_paused:
            self._paused_s = self._clock()
        elif self._paused_s is not None:
            if self._started_s is not None:
                self._started_s += self._clock() - self._paused_s
            self._paused_s = None
        self.wake()

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


class LatestFrameInput(FrameInput):
    """The newest frame of a live source, read by a thread of its own; a frame that is not taken in time is dropped.

    Args:
        source: An open source; it must stay open until this feed is left.
        stats: Where frames, and those dropped as "filter", are counted.
    """

    def __init__(self, source: Source, stats: Stats) -> None:
        self._source = source
        self._frames: Iterator[Frame] = with_monotonic_times(source, stats)
        self._stats = stats
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._at_end = False
        self._is_woken = False
        self._must_stop = False
        self._changed = threading.Condition()  # Over the five above.
        self._reader = threading.Thread(target=self._read, name="livefilter capture", daemon=True)

    def start(self) -> None:
        """Begin to read; not before there is somebody to take frames, since those that came meanwhile were dropped."""
        self._reader.start()

    @property
    def is_over(self) -> bool:
        """Whether the source has ended and its last frame was taken; not while there is an error to be raised."""
        with self._changed:
            return self._at_end and self._newest is None and self._error is None

    def take(self) -> Frame | None:
        """Return the newest frame that was not taken yet; raise what broke the source once there is none."""
        with self._changed:
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def wait(self, longest_s: float) -> None:
        """Wait until there is a frame, or an end."""
        with self._changed:
            if self._at_end and self._newest is None and self._error is None:
                self._changed.wait_for(lambda: self._is_woken, longest_s)
            else:
                self._changed.wait_for(lambda: self._is_woken or self._newest or self._at_end, longest_s)
            self._is_woken = False

    def wake(self) -> None:
        """End the waiting."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def pause(self, is_paused: bool) -> None:
        """Do nothing but end the waiting: what is live goes on, and whoever does not want its frames leaves them."""
        self.wake()

    def stop(self) -> None:
        """End the reading thread, as soon as the source gives it a frame; a camera that is lost is closed for that."""
        if self._reader.ident is None:
            return
        with self._changed:
            self._must_stop = True
        self._reader.join(timeout=_READ_GRACE_S)
        if self._reader.is_alive() and self._source.health is not None:
            self._source.close()
        self._reader.join(timeout=_JOIN_TIMEOUT_S)

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            self._source.drop_backlog()
            for frame in self._frames:
                self._stats.frame_in()
                with self._changed:
                    if self._newest is not None:
                        self._stats.drop("filter")
                    self._newest = frame
                    self._changed.notify_all()
                    if self._must_stop:
                        break
        except BaseException as raised:
            error = raised
        with self._changed:
            self._error, self._at_end = error, True
            self._changed.notify_all()
