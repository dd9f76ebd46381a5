"""Presentation timestamps: frame times as whole, increasing ticks of a container's time base."""

from __future__ import annotations

import math
from fractions import Fraction

_HALF = Fraction(1, 2)


class PtsAssigner:
    """Assigns presentation timestamps to the frames of one video, and counts the times that change by that.

    Args:
        time_base: Length of a tick, in seconds.
        max_step: Most ticks from one frame to the next that the container can hold; None if there is no limit.

    Attributes:
        shift_s: Offset of all times, so that none is before zero; less after a gap that is cut.
        loss: Gaps that are cut, in words; None if there are none.
    """

    def __init__(self, time_base: Fraction, max_step: int | None = None) -> None:
        self.loss: str | None = None
        self._max_step = max_step
        self._origin_s = Fraction(0)
        self.shift_s = Fraction(0)
        self._time_base = time_base
        self._last: int | None = None
        self._rounded = self._late = 0

    def set_origin(self, earliest_s: Fraction) -> None:
        """Make a media time the zero of all timestamps."""
        self.shift_s = self._origin_s = -earliest_s

    def pts(self, time_s: Fraction) -> int:
        """Return the timestamp of the next frame, in ticks; at least one tick after the frame before."""
        exact = (time_s + self.shift_s) / self._time_base
        ticks = math.floor(exact + _HALF)  # Not round, which rounds 1.5 and 2.5 to the same number.
        self._rounded += ticks != exact
        if self._last is not None and ticks <= self._last:
            self._late += 1
            ticks = self._last + 1
        if self._last is not None and self._max_step is not None and ticks - self._last > self._max_step:
            cut_s = (ticks - self._last - self._max_step) * self._time_base
            self.shift_s -= cut_s
            ticks = self._last + self._max_step
            if self.loss is None:
                longest_s = self._max_step * self._time_base
                self.loss = (
                    f"the gap before {float(time_s):.3f} s is cut by {float(cut_s):.3f} s, since a frame can last no "
                    f"more than {float(longest_s):g} s there; choose another container, such as .mkv"
                )
        self._last = ticks
        return ticks

    def notes(self, container: str) -> list[str]:
        """Return the differences from the frames' times, in words."""
        notes = []
        if self._origin_s:
            notes.append(f"begins at 0: all times are {float(self._origin_s):+g} s")
        if self._rounded:
            notes.append(f"{self._rounded} frame times are rounded to {self._time_base} s, as {container} counts them")
        if self._late:
            notes.append(f"{self._late} frame times are a tick after the one before, since they must grow")
        return notes
