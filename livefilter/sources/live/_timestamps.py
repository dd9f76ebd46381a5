"""Increasing media times from the timestamps of a stream that may break, restart, or send nonsense."""

from __future__ import annotations

import math
from fractions import Fraction

TIME_BASE = Fraction(1, 90_000)
"""The clock of MPEG and RTP: times of live frames are whole multiples of it."""

_MAX_DRIFT_S = 10
"""A timestamp that drifts farther from the clock than this is rejected."""
_NANOSECONDS = 1_000_000_000


class TimestampNormalizer:
    """Media times of a live stream: its own timestamps, continued across reconnections by the clock.

    The first frame is at 0. Timestamps keep the true distance between frames, which arrival times do not. A frame
    without a timestamp gets its arrival time. After a rejected timestamp, the offset between timestamps and arrival
    times is measured again.

    Attributes:
        rejected: Number of timestamps that were not a number, went back, or were far from the clock.
    """

    def __init__(self) -> None:
        self.rejected = 0
        self._origin_ns: int | None = None
        self._offset_s: Fraction | None = None
        self._last_timestamp_s = Fraction(0)
        self._ticks = -1

    def reconnect(self) -> None:
        """Forget the offset of the timestamps: a new connection counts from an origin of its own."""
        self._offset_s = None

    def normalize(self, timestamp_s: Fraction | float | None, captured_ns: int) -> Fraction:
        """Return a frame's media time in seconds: a multiple of TIME_BASE, and later than every one before.

        Args:
            timestamp_s: The stream's own timestamp, in seconds; None if it has none.
            captured_ns: Time of capture on the monotonic clock, in nanoseconds.
        """
        if self._origin_ns is None:
            self._origin_ns = captured_ns
        time_s = elapsed_s = Fraction(captured_ns - self._origin_ns, _NANOSECONDS)
        if timestamp_s is not None and math.isfinite(timestamp_s):
            timestamp_s = Fraction(timestamp_s)
            if self._offset_s is not None and not self._is_plausible(
                timestamp_s, timestamp_s + self._offset_s - elapsed_s
            ):
                self.rejected += 1
                self._offset_s = None
            if self._offset_s is None:
                self._offset_s = elapsed_s - timestamp_s
            time_s = timestamp_s + self._offset_s
            self._last_timestamp_s = timestamp_s
        elif timestamp_s is not None:
            self.rejected += 1
        # Two frames never share a time: a video could not store them.
        self._ticks = max(math.floor(time_s / TIME_BASE), self._ticks + 1)
        return self._ticks * TIME_BASE

    def _is_plausible(self, timestamp_s: Fraction, drift_s: Fraction) -> bool:
        return timestamp_s >= self._last_timestamp_s and abs(drift_s) <= _MAX_DRIFT_S
