"""Trimming: the start, the end and the stride of the part of a stream that is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from livefilter.errors import OptionError
from livefilter.frame import Frame
from livefilter.sources._source import Source

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")
_COUNT = re.compile(r"(\d+)f")


@dataclass(frozen=True, slots=True)
class Time:
    """A position in a stream, or a length.

    Attributes:
        value: Seconds of media time, or a number of frames; not negative.
        is_frames: Whether ``value`` counts frames.

    Raises:
        OptionError: ``value`` is negative.
    """

    value: Fraction
    is_frames: bool = False

    def __post_init__(self) -> None:
        if self.value < 0:
            raise OptionError(f"time: must not be negative, found {self}")

    def __str__(self) -> str:
        return f"{self.value}f" if self.is_frames else f"{float(self.value):g} s"


def parse_time(text: str | int | float | Fraction) -> Time:
    """Parse a position or a length, from a text or from a number of seconds.

    Args:
        text: Seconds ("12.5", 12.5), hours, minutes and seconds ("00:00:12.5", "1:30"), or frames ("120f").

    Raises:
        OptionError: The text has another form, or the number is negative or not finite.

    Example:
        >>> parse_time("1:30.5").value, parse_time("120f").is_frames
        (Fraction(181, 2), True)
    """
    if not isinstance(text, str):
        try:
            return Time(Fraction(text))
        except (ValueError, OverflowError) as error:
            raise OptionError(f"time: must be a number of seconds, found {text}") from error
    if counted := _COUNT.fullmatch(text.strip()):
        return Time(Fraction(counted[1]), is_frames=True)
    clock = _CLOCK.fullmatch(text.strip())
    if clock is None:
        raise OptionError(
            f"time: must be seconds (12.5), HH:MM:SS.ms (00:00:12.5) or a frame count (120f), found {text!r}"
        )
    hours, minutes = (int(part or 0) for part in clock.groups()[:2])
    # People write "5." and ".5"; Fraction wants digits on both sides of the point.
    seconds, _, fraction = clock[3].partition(".")
    return Time(hours * 3600 + minutes * 60 + Fraction(f"{seconds or 0}.{fraction or 0}"))


@dataclass(frozen=True, slots=True)
class Trim:
    """The part of a stream to keep. Frames keep their times.

    Attributes:
        start: Keep frames from this media time on, or from this frame number on, counted from 0.
        end: Leave out frames at or after this media time, or from this frame number on.
        duration: Length to keep from the start (or from the first frame); an alternative to ``end``.
        stride: Keep every stride-th frame between start and end, beginning with the first.

    Raises:
        OptionError: A position is no Time, there are both an end and a duration, the end is not after the start, the
            duration is 0, or the stride is below 1.

    Example:
        >>> Trim(start=parse_time("1:00"), duration=parse_time("120f"), stride=2).stride
        2
    """

    start: Time | None = None
    end: Time | None = None
    duration: Time | None = None
    stride: int = 1

    def __post_init__(self) -> None:
        for name in ("start", "end", "duration"):
            given = getattr(self, name)
            if not isinstance(given, Time | None):
                raise OptionError(f"{name}: must be a Time, found {given!r}; use parse_time({given!r})")
        if self.stride < 1:
            raise OptionError(f"stride: must be at least 1, found {self.stride}")
        if self.end is not None and self.duration is not None:
            raise OptionError("end, duration: found both; use only one of them")
        if self.duration is not None and not self.duration.value:
            raise OptionError("duration: must be more than 0, found 0")
        if self.end is not None:
            start = self.start or Time(Fraction(0), self.end.is_frames)
            if start.is_frames == self.end.is_frames and self.end.value <= start.value:
                raise OptionError(f"end: must be after the start, {start}, found {self.end}")


class Trimmed:
    """The frames of a source that a trim keeps, at their own times, renumbered from 0.

    Args:
        source: An open source that has not been read; it is read no further than needed.
        trim: The part to keep.

    Attributes:
        expected: Expected number of frames; None if unknown.
        start_s: Media time at which the kept part starts; None until known, if the start is a frame number.
        starts_at_frame_number: Whether the start is a frame number.
        end_s: Media time at which the kept part ends; None if that is the end of the stream, or not known yet.
    """

    def __init__(self, source: Source, trim: Trim) -> None:
        if not hasattr(source, "facts"):
            kind = type(source).__name__
            raise OptionError(f"source: must be an open Source, or a path, URL or camera number, found {kind}")
        self._source = source
        self._trim = trim
        start, end, duration = trim.start, trim.end, trim.duration
        self.start_s = start.value if start is not None and not start.is_frames else None
        self.starts_at_frame_number = start is not None and start.is_frames
        self.end_s = end.value if end is not None and not end.is_frames else None
        if duration is not None and not duration.is_frames and self.start_s is not None:
            self.end_s = self.start_s + duration.value
        self.expected = self._estimate_count(source.facts.frame_count, source.facts.rate)

    def __iter__(self) -> Iterator[Frame]:
        start, end, duration, stride = self._trim.start, self._trim.end, self._trim.duration, self._trim.stride
        counts_from_the_start = (start is not None and start.is_frames) or (end is not None and end.is_frames)
        if self.start_s is not None and not counts_from_the_start:
            self._source.seek(self.start_s)
        last_index = end.value if end is not None and end.is_frames else None
        first: int | None = None
        for index, frame in enumerate(self._source):
            if first is None:
                if start is not None and (index if start.is_frames else frame.time_s) < start.value:
                    continue
                first = index
                if duration is not None and duration.is_frames:
                    last_index = index + duration.value
                if self.start_s is None and start is not None:
                    self.start_s = frame.time_s
                if duration is not None and not duration.is_frames and self.end_s is None:
                    self.end_s = frame.time_s + duration.value
            if last_index is not None and index >= last_index:
                self.end_s = frame.time_s
                return
            if self.end_s is not None and frame.time_s >= self.end_s:
                return
            if (index - first) % stride == 0:
                yield replace(frame, index=(index - first) // stride)

    def _estimate_count(self, total: int | None, rate: Fraction) -> int | None:
        """Estimate the number of frames from the nominal rate; exact if the stream keeps it."""
        start, end, duration = (
            None if time is None else round(time.value if time.is_frames else time.value * rate)
            for time in (self._trim.start, self._trim.end, self._trim.duration)
        )
        last = end if duration is None else (start or 0) + duration
        bounds = [bound for bound in (last, total) if bound is not None]
        if not bounds:
            return None
        return max(0, -(-(min(bounds) - (start or 0)) // self._trim.stride))
