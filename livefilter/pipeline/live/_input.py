"""Frame inputs of a live pipeline: the latest frame (cameras) or paced playback (files)."""

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
from livefilter.sources import PolledSource, Source

_READ_GRACE_S = 0.2
"""A working camera delivers a frame within this time."""
_JOIN_TIMEOUT_S = 2.0
"""How long to wait for the current read when the source is stopped."""


class FrameInput(Protocol):
    """Delivers frames to the filter loop."""

    def start(self) -> None:
        """Start taking frames from the source."""
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
        """Wait until a frame may be available or ``wake`` is called, at most this long."""
        ...

    def wake(self) -> None:
        """Wake the waiting thread."""
        ...

    def pause(self, is_paused: bool) -> None:
        """Pause or resume a file; a live source keeps running."""
        ...

    def stop(self) -> None:
        """Stop reading."""
        ...


def open_input(source: Source, stats: Stats, clock: Callable[[], float] = time.monotonic) -> FrameInput:
    """Return the input for a source: the newest frames of a live one, every frame of any other.

    A frame passes one thread before the loop: that of the source, if it has one, or else that of the input.
    """
    if not source.facts.is_live:
        return PacedInput(source, stats, clock)
    return PolledInput(source, stats) if isinstance(source, PolledSource) else LatestFrameInput(source, stats)


class PacedInput(FrameInput):
    """Deliver every frame of a source at its media time; the last one lasts one frame period.

    A frame's capture time is when it is taken, because a file waits.

    Args:
        source: An open source.
        stats: Counts frames.
        clock: Monotonic clock, in seconds.
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
        """Do nothing: the clock starts when the first frame is taken."""

    @property
    def is_over(self) -> bool:
        """Whether the last frame was taken and its duration has passed."""
        return self._next is None and self._error is None and self._paused_s is None and self.due_in_s <= 0

    @property
    def due_in_s(self) -> float:
        """Time until the next frame is due, or until the last one ends; zero or less once that has come."""
        if self._started_s is None:
            self._started_s = self._clock()
        due_s = self._ends_s if self._next is None else self._next.time_s
        return self._started_s + float(due_s - self._first_s) - self._clock()

    def take(self) -> Frame | None:
        """Return the next frame if it is due; raise the source's error once all frames before it are taken."""
        if self._paused_s is not None or self.due_in_s > 0:
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
        rest_s = longest_s if self._paused_s is not None or self.is_over else self.due_in_s
        if rest_s > 0:
            self._woken.wait(min(rest_s, longest_s))
        self._woken.clear()

    def wake(self) -> None:
        """Wake the waiting thread."""
        self._woken.set()

    def pause(self, is_paused: bool) -> None:
        """Stop the media clock, or resume it where it stopped."""
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
        except Exception as error:  # Raised after the frame that is being taken, which must not be lost.
            self._next, self._error = None, error


class PolledInput(FrameInput):
    """Deliver the newest frame of a source that reads in a thread of its own; a frame not taken in time is dropped.

    Args:
        source: An open source.
        stats: Counts frames, and dropped ones as "filter".
    """

    def __init__(self, source: PolledSource, stats: Stats) -> None:
        self._source = source
        self._stats = stats
        self._newest: Frame | None = None
        self._error: Exception | None = None
        self._dropped_by_source = 0

    def start(self) -> None:
        """Begin with what is new."""
        self._source.drop_backlog()
        self._dropped_by_source = self._source.health.counts.get("dropped", 0)

    @property
    def is_over(self) -> bool:
        """Whether the source has ended and its last frame was taken; False while an error is still to be raised."""
        return self._newest is None and self._error is None and self._source.is_over

    def take(self) -> Frame | None:
        """Return the newest frame not taken yet; raise the source's error once there is none."""
        while self._poll(0):
            pass
        frame, self._newest = self._newest, None
        if frame is None and self._error is not None:
            raise self._error
        return frame

    def wait(self, longest_s: float) -> None:
        """Wait until there is a frame or the source ends."""
        if self._newest is None:
            self._poll(longest_s)

    def wake(self) -> None:
        """Wake the waiting thread."""
        self._source.wake()

    def pause(self, is_paused: bool) -> None:
        """Wake the waiting thread; a live source keeps running."""
        self.wake()

    def stop(self) -> None:
        """Do nothing: the thread is the source's."""

    def _poll(self, timeout_s: float) -> bool:
        """Read the next frame, and return whether there was one."""
        frame = None
        if self._error is None:
            try:
                frame = self._source.poll(timeout_s)
            except Exception as error:  # Raised after the frame before it was taken.
                self._error = error
        dropped = self._source.health.counts.get("dropped", 0)
        for _ in range(dropped - self._dropped_by_source):
            self._stats.frame_in()
            self._stats.drop("filter")
        self._dropped_by_source = dropped
        if frame is None:
            return False
        self._stats.frame_in()
        if self._newest is not None:
            self._stats.drop("filter")
        self._newest = frame
        return True


class LatestFrameInput(FrameInput):
    """Deliver the newest frame of a live source, read in a thread of its own; a frame not taken in time is dropped.

    Args:
        source: An open source; it must stay open until ``stop`` returns.
        stats: Counts frames, and dropped ones as "filter".
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
        self._reader = threading.Thread(target=self._read, name="livefilter.pipeline.capture", daemon=True)

    def start(self) -> None:
        """Start reading; called when the loop is ready, so that no frame is dropped before."""
        self._reader.start()

    @property
    def is_over(self) -> bool:
        """Whether the source has ended and its last frame was taken; False while an error is still to be raised."""
        with self._changed:
            return self._at_end and self._newest is None and self._error is None

    def take(self) -> Frame | None:
        """Return the newest frame not taken yet; raise the source's error once there is none."""
        with self._changed:
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def wait(self, longest_s: float) -> None:
        """Wait until there is a frame or the source ends."""
        with self._changed:
            if self._at_end and self._newest is None and self._error is None:
                self._changed.wait_for(lambda: self._is_woken, longest_s)
            else:
                self._changed.wait_for(lambda: self._is_woken or self._newest or self._at_end, longest_s)
            self._is_woken = False

    def wake(self) -> None:
        """Wake the waiting thread."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def pause(self, is_paused: bool) -> None:
        """Wake the waiting thread; a live source keeps running, and its frames are not taken."""
        self.wake()

    def stop(self) -> None:
        """Stop the reading thread after its current read; a lost camera is closed to end that read."""
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
