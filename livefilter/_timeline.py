"""Continuous times of a stored stream whose timestamps jump, as they do in recordings that were joined."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_MAX_BACK_S = Fraction(1, 2)
"""Times that go back by no more than this are out of order; by more, they start again."""
_MAX_GAP_S = 10
"""The longest gap in a stream that is known to restart. FFmpeg's own programs use the same limit."""
_SURELY_NO_GAP_S = 9.0
_WRAP_S = Fraction(2**33, 90_000)
"""The clock of MPEG-TS and MPEG-PS has 33 bits and starts again at 0 after 26.5 hours."""


@dataclass(slots=True)
class _Segment:
    """A part without jumps: its first and last timestamps, and what is added to them, in seconds."""

    start_s: Fraction
    end_s: Fraction
    offset_s: Fraction


class Timeline:
    """Maps the timestamps of a video to times that continue across jumps; one thread adds, others may read.

    After a jump, times continue one frame later, as in a live stream that connects again.

    Args:
        has_restarts: Whether a long gap is a jump, as in MPEG-TS. Elsewhere only times that go back are.

    Attributes:
        jumps: Number of jumps so far. A clock that wraps around is none, since its times are known.
    """

    def __init__(self, *, has_restarts: bool) -> None:
        self.jumps = 0
        self._has_restarts = has_restarts
        self._segments: list[_Segment] = []
        self._end_about_s = 0.0

    def place(self, stamp_s: Fraction, step_s: Fraction) -> Fraction:
        """Return the time of the next frame of the video, in seconds.

        Args:
            stamp_s: Timestamp of the frame.
            step_s: Nominal duration of a frame.
        """
        about_s = float(stamp_s)
        if not self._segments:
            self._segments.append(_Segment(stamp_s, stamp_s, Fraction(0)))
            self._end_about_s = about_s
            return stamp_s
        last = self._segments[-1]
        # Arithmetic with fractions takes microseconds, so it is left to the times that may be a jump.
        if 0 < about_s - self._end_about_s < _SURELY_NO_GAP_S:
            last.end_s, self._end_about_s = stamp_s, about_s
            return stamp_s + last.offset_s if last.offset_s else stamp_s
        gap_s = stamp_s - last.end_s
        if self._has_restarts and abs(gap_s + _WRAP_S) < _MAX_GAP_S:
            last = self._begin(stamp_s, last.offset_s + _WRAP_S)
        elif gap_s < -_MAX_BACK_S or (self._has_restarts and gap_s > _MAX_GAP_S):
            self.jumps += 1
            last = self._begin(stamp_s, last.end_s + last.offset_s + step_s - stamp_s)
        last.end_s = max(last.end_s, stamp_s)
        self._end_about_s = float(last.end_s)
        return stamp_s + last.offset_s

    def clear(self) -> None:
        """Forget everything: the video is read again, from another position."""
        self.jumps = 0
        self._segments.clear()

    def follow(self) -> TimelineFollower:
        """Return the mapping for another stream of the same file."""
        return TimelineFollower(self._segments)

    def _begin(self, stamp_s: Fraction, offset_s: Fraction) -> _Segment:
        segment = _Segment(stamp_s, stamp_s, offset_s)
        self._segments.append(segment)
        return segment


class TimelineFollower:
    """Maps the timestamps of a stream, in the order of the file, by the segments of the video beside it.

    Args:
        segments: The segments of a Timeline, which may still grow.
    """

    def __init__(self, segments: list[_Segment]) -> None:
        self._segments = segments
        self._current = 0
        self._last_s: Fraction | None = None

    def offset_s(self, stamp_s: Fraction, *, is_last: bool = False) -> Fraction | None:
        """Return what to add to a timestamp; None if that is known only when more of the video is read.

        Args:
            stamp_s: The timestamp, in seconds.
            is_last: Whether the whole video is read.
        """
        if not self._segments:
            return Fraction(0) if is_last else None
        while not self._fits(stamp_s, self._current):
            following = self._current + 1
            if following >= len(self._segments):
                if not is_last:
                    return None
                break
            self._current, self._last_s = following, None
        self._last_s = stamp_s if self._last_s is None else max(self._last_s, stamp_s)
        return self._segments[self._current].offset_s

    def _fits(self, stamp_s: Fraction, at: int) -> bool:
        segment = self._segments[at]
        if self._last_s is not None and stamp_s < self._last_s - _MAX_BACK_S:
            return False
        begins_s = segment.start_s - _MAX_GAP_S
        return (not at or begins_s <= stamp_s) and stamp_s <= segment.end_s + _MAX_GAP_S
