"""Which part of a stream is read: from where, to where, and how many of its frames."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from livefilter.errors import OptionError

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")
_COUNT = re.compile(r"(\d+)f")


@dataclass(frozen=True, slots=True)
class Time:
    """A place in a stream, or a length of it.

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
    """Return the time that a text or a number of seconds stands for.

    Args:
        text: Seconds ("12.5", 12.5), hours, minutes and seconds ("00:00:12.5", "1:30"), or frames ("120f").

    Raises:
        OptionError: It is none of these.

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
            f"time: must be seconds (12.5), HH:MM:SS.ms (00:00:12.5) or frames (120f), found {text!r}; write it so"
        )
    hours, minutes = (int(part or 0) for part in clock.groups()[:2])
    # A point alone at either end is how some people write; Fraction wants digits on both sides.
    whole, _, part = clock[3].partition(".")
    return Time(hours * 3600 + minutes * 60 + Fraction(f"{whole or 0}.{part or 0}"))


@dataclass(frozen=True, slots=True)
class Trim:
    """The part of a stream that is kept. Frames that are kept keep their times.

    Attributes:
        start: The first frame is the first one at or after this media time, or the one of this number, from 0.
        end: Frames at or after this media time, or from this number on, are left out.
        duration: How much is kept from the start on (from the first frame if there is no start); instead of ``end``.
        stride: Keep only every stride-th frame of what start and end leave, beginning with the first.

    Raises:
        OptionError: Both an end and a duration, an end that is not after the start, nothing kept, or a stride below 1.

    Example:
        >>> Trim(start=parse_time("1:00"), duration=parse_time("120f"), stride=2).stride
        2
    """

    start: Time | None = None
    end: Time | None = None
    duration: Time | None = None
    stride: int = 1

    def __post_init__(self) -> None:
        if self.stride < 1:
            raise OptionError(f"stride: must be at least 1, found {self.stride}")
        if self.end is not None and self.duration is not None:
            raise OptionError("end, duration: only one of them can be given, found both; leave one out")
        if self.duration is not None and not self.duration.value:
            raise OptionError("duration: must be more than nothing, found 0")
        if self.end is not None:
            start = self.start or Time(Fraction(0), self.end.is_frames)
            if start.is_frames == self.end.is_frames and self.end.value <= start.value:
                raise OptionError(f"end: must be after the start, {start}, found {self.end}")
