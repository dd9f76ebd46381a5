"""From the times of frames to those that a container keeps: whole ticks that only grow, from zero on."""

from __future__ import annotations

import math
from fractions import Fraction

_HALF = Fraction(1, 2)


class PtsAssigner:
    """Counts the times of one video in its container's ticks, and what that changes.

    Args:
        time_base: Seconds to a tick.

    Attributes:
        shift_s: What is added to all times, so that the video begins at zero; 0 where it may begin when it does.
    """

    def __init__(self, time_base: Fraction) -> None:
        self.shift_s = Fraction(0)
        self._time_base = time_base
        self._last: int | None = None
        self._rounded = self._late = 0

    def begin(self, earliest_s: Fraction) -> None:
        """Let a media time be zero."""
        self.shift_s = -earliest_s

    def pts(self, time_s: Fraction) -> int:
        """Return the time of the next frame; one that does not grow is a tick more than the one before."""
        exact = (time_s + self.shift_s) / self._time_base
        ticks = math.floor(exact + _HALF)  # Not round, which makes the same of 1.5 and 2.5.
        self._rounded += ticks != exact
        if self._last is not None and ticks <= self._last:
            self._late += 1
            ticks = self._last + 1
        self._last = ticks
        return ticks

    def notes(self, container: str) -> list[str]:
        """Return what is not as it was, in words."""
        notes = []
        if self.shift_s:
            notes.append(f"begins at 0: all times are {float(self.shift_s):+g} s")
        if self._rounded:
            notes.append(f"{self._rounded} frame times are rounded to {self._time_base} s, as {container} counts them")
        if self._late:
            notes.append(f"{self._late} frame times are a tick after the one before, since they must grow")
        return notes
