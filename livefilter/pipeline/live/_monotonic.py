"""Repair of timestamps that are missing or not monotonic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from livefilter.frame import Frame
from livefilter.pipeline.live._stats import Stats
from livefilter.sources import Source


def with_monotonic_times(source: Source, stats: Stats) -> Iterator[Frame]:
    """Yield a source's frames with strictly increasing times.

    Items that are not frames are counted as dropped by the "source". A time that is not a number becomes one frame
    period after the previous frame. Where time goes back, as when a camera or a server restarts, all later times are
    shifted to continue from there.
    """
    period_s = 1 / source.facts.rate
    last_s: Fraction | None = None
    shift_s = Fraction(0)
    given: Iterable[object] = source
    for frame in given:
        if not isinstance(frame, Frame):
            stats.frame_in()
            stats.drop("source")
            continue
        time_s = _number(frame.time_s)
        if last_s is not None and (time_s is None or time_s + shift_s <= last_s):
            stats.timestamp_fixed()
            if time_s is not None:
                shift_s = last_s + period_s - time_s
            time_s = last_s + period_s
        elif time_s is None:
            stats.timestamp_fixed()
            time_s = Fraction(0)
        else:
            time_s += shift_s
        last_s = time_s
        yield frame if time_s is frame.time_s else replace(frame, time_s=time_s)


def _number(time_s: object) -> Fraction | None:
    if isinstance(time_s, Fraction):
        return time_s
    return Fraction(time_s) if isinstance(time_s, int | float) and math.isfinite(time_s) else None
