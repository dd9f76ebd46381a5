"""Times that only grow, out of the time stamps of a stream that may break, begin again, or tell nonsense."""

from __future__ import annotations

import math
from fractions import Fraction

TIME_BASE = Fraction(1, 90_000)
"""What the times of live frames are whole multiples of: the clock of MPEG and RTP."""

_FARTHEST_S = 10
"""How far a stream's own time may drift from the clock before it is set anew."""
_NANOSECONDS = 1_000_000_000


class TimestampNormalizer:
    """Media times of a live stream: its own stamps, carried on over every new connection by the clock.

    The first frame is at 0. Stamps keep the true distance between frames, which their arrival does not. Where a stamp
    is missing, the time of arrival is taken; where it makes no sense, stamps are counted from there anew.

    Attributes:
        nonsense: How many stamps made no sense: not a number, back in time, or far from the clock.
    """

    def __init__(self) -> None:
        self.rejected = 0
        self._first_ns: int | None = None
        self._offset_s: Fraction | None = None
        self._last_stamp_s = Fraction(0)
        self._ticks = -1

    def reconnect(self) -> None:
        """Forget what the stamps counted from: another connection counts from anywhere."""
        self._offset_s = None

    def place(self, stamp_s: Fraction | float | None, captured_ns: int) -> Fraction:
        """Return a frame's media time in seconds: a multiple of TIME_BASE, and later than every one before.

        Args:
            stamp_s: The stream's own time of it; None if it has none.
            captured_ns: When it came, on the monotonic clock.
        """
        if self._first_ns is None:
            self._first_ns = captured_ns
        time_s = elapsed_s = Fraction(captured_ns - self._first_ns, _NANOSECONDS)
        if stamp_s is not None and math.isfinite(stamp_s):
            stamp_s = Fraction(stamp_s)
            if self._offset_s is not None and not self._is_sensible(stamp_s, stamp_s + self._offset_s - elapsed_s):
                self.rejected += 1
                self._offset_s = None
            if self._offset_s is None:
                self._offset_s = elapsed_s - stamp_s
            time_s = stamp_s + self._offset_s
            self._last_stamp_s = stamp_s
        elif stamp_s is not None:
            self.rejected += 1
        # Two frames never share a time: a video could not hold them.
        self._ticks = max(math.floor(time_s / TIME_BASE), self._ticks + 1)
        return self._ticks * TIME_BASE

    def _is_sensible(self, stamp_s: Fraction, ahead_s: Fraction) -> bool:
        return stamp_s >= self._last_stamp_s and abs(ahead_s) <= _FARTHEST_S
