"""Frame rate and remaining time of a run."""

from __future__ import annotations

import time
from collections.abc import Callable

from livefilter.pipeline._summary import Progress


class RateEstimate:
    """Estimate a run's remaining time from its mean rate since the first frame.

    The mean of the whole run rather than of the last moments: a file's parts are about equally hard, so it is steady,
    and right early. What comes before the first frame (opening, compiling) does not count.

    Args:
        clock: Monotonic clock, in seconds.

    Example:
        >>> rate = RateEstimate(iter([0.0, 10.0]).__next__)
        >>> rate.update(Progress(1, 101)), rate.update(Progress(11, 101))
        (None, None)
        >>> rate.fps, rate.remaining_s
        (1.0, 90.0)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: tuple[float, int] | None = None
        self._now_s = 0.0
        self._progress = Progress(0, None)

    def update(self, progress: Progress) -> None:
        """Record the current progress."""
        self._now_s = self._clock()
        if self._began is None or progress.frames < self._progress.frames:  # A second pass has a rate of its own.
            self._began = (self._now_s, progress.frames)
        self._progress = progress

    @property
    def elapsed_s(self) -> float:
        """Seconds from the first update to the last one."""
        return 0.0 if self._began is None else self._now_s - self._began[0]

    @property
    def fps(self) -> float | None:
        """Frames per second; None before there are two updates."""
        if self._began is None or self.elapsed_s <= 0:
            return None
        return (self._progress.frames - self._began[1]) / self.elapsed_s

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the end; None while unknown."""
        if self._progress.expected is None or not self.fps:
            return None
        return max(0, self._progress.expected - self._progress.frames) / self.fps
