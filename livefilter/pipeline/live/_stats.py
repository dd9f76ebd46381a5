"""Counters and measurements of a live pipeline, in constant memory."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

_RECENT_S = 10.0
_RATE_S = 2.0
_MAX_SAMPLES = 2400
"""Samples kept for each figure: ten seconds at 240 frames per second."""
_SHORTEST_S, _FACTOR = 1e-5, 1.02
_BUCKETS = 900
"""Buckets of the run's histogram, each 2 % longer than the one before, from 10 microseconds to over 500 seconds."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Median, 95th and 99th percentile of durations, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class LiveStats:
    """Snapshot of a live pipeline's statistics.

    Attributes:
        seconds: Time since the start.
        frames_in: Frames from the source.
        frames_out: Frames that were filtered.
        fps_in: Frames per second from the source, over the last seconds.
        fps_out: Frames per second that were filtered, over the last seconds.
        dropped: Frames dropped, by the part that could not keep up: "filter" (replaced by a newer one before it was
            filtered), "window" (replaced before it was shown), "recording" and so on; "source": it gave no picture.
        timestamps_fixed: Frames whose time was invalid or went back, and was corrected.
        latency: Time from capture until a sink has the frame, by sink, over the last seconds.
        total_latency: The same over the whole run.
        stages: Duration of each stage ("filter", "overlay", and each sink's writing), over the last seconds.
        total_stages: The same over the whole run.
        budget_ms: Time that filter and overlay may take together without dropping frames.
        work_ms: Mean time that they take, over the last second.
    """

    seconds: float
    frames_in: int
    frames_out: int
    fps_in: float
    fps_out: float
    dropped: dict[str, int]
    timestamps_fixed: int
    latency: dict[str, Percentiles]
    total_latency: dict[str, Percentiles]
    stages: dict[str, Percentiles]
    total_stages: dict[str, Percentiles]
    budget_ms: float
    work_ms: float

    @property
    def is_slow(self) -> bool:
        """Whether filter and overlay exceed the time budget."""
        return self.work_ms > self.budget_ms


class _Durations:
    """Durations in seconds: the newest ones, and a histogram of all."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque(maxlen=_MAX_SAMPLES)
        self._buckets = [0] * _BUCKETS

    def add(self, now_s: float, duration_s: float) -> None:
        self._recent.append((now_s, duration_s))
        bucket = math.ceil(math.log(max(duration_s, _SHORTEST_S) / _SHORTEST_S, _FACTOR))
        self._buckets[min(bucket, _BUCKETS - 1)] += 1

    def recent(self, since_s: float) -> list[float]:
        return [duration_s for at_s, duration_s in self._recent if at_s >= since_s]

    def total(self) -> Percentiles:
        """Return the percentiles of all, each rounded up to the end of its bucket."""
        sums = np.cumsum(self._buckets)
        at = [int(np.searchsorted(sums, math.ceil(share * sums[-1]))) for share in (0.5, 0.95, 0.99)]
        return _in_ms(_SHORTEST_S * _FACTOR**bucket for bucket in at)


class Stats:
    """Thread-safe counters and measurements of a pipeline.

    Args:
        rate: Nominal frames per second, which gives the time budget of a frame.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, rate: Fraction, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._budget_s = float(1 / rate)
        self._started_s = clock()
        self._lock = threading.Lock()  # Over all below.
        self._frames = {"in": 0, "out": 0}
        self._times: dict[str, deque[float]] = {way: deque(maxlen=_MAX_SAMPLES) for way in self._frames}
        self._dropped: dict[str, int] = {}
        self._timestamps_fixed = 0
        self._latency: dict[str, _Durations] = {}
        self._stages: dict[str, _Durations] = {}

    def frame_in(self) -> None:
        """Count a frame from the source."""
        self._count("in")

    def frame_out(self) -> None:
        """Count a frame that was filtered."""
        self._count("out")

    def drop(self, where: str) -> None:
        """Count a dropped frame, by the part that could not keep up."""
        with self._lock:
            self._dropped[where] = self._dropped.get(where, 0) + 1

    def timestamp_fixed(self) -> None:
        """Count a frame whose timestamp was corrected."""
        with self._lock:
            self._timestamps_fixed += 1

    def record_stage(self, stage: str, duration_s: float) -> None:
        """Record how long a stage worked on a frame."""
        with self._lock:
            self._stages.setdefault(stage, _Durations()).add(self._clock(), duration_s)

    def record_latency(self, sink: str, latency_s: float) -> None:
        """Record the age of a frame when a sink had it."""
        with self._lock:
            self._latency.setdefault(sink, _Durations()).add(self._clock(), latency_s)

    def dropped(self, where: str) -> int:
        """Return how many frames were dropped there."""
        with self._lock:
            return self._dropped.get(where, 0)

    def snapshot(self) -> LiveStats:
        """Return the current statistics."""
        with self._lock:
            now_s = self._clock()
            since_s, newest_s = now_s - _RECENT_S, now_s - _RATE_S / 2
            work_s = [parts.recent(newest_s) for name, parts in self._stages.items() if name in ("filter", "overlay")]
            return LiveStats(
                seconds=now_s - self._started_s,
                frames_in=self._frames["in"],
                frames_out=self._frames["out"],
                fps_in=self._rate("in", now_s),
                fps_out=self._rate("out", now_s),
                dropped=dict(self._dropped),
                timestamps_fixed=self._timestamps_fixed,
                latency=_percentiles(self._latency, since_s),
                total_latency={name: ages.total() for name, ages in self._latency.items()},
                stages=_percentiles(self._stages, since_s),
                total_stages={name: parts.total() for name, parts in self._stages.items()},
                budget_ms=self._budget_s * 1000,
                work_ms=round(sum(float(np.mean(part)) for part in work_s if part) * 1000, 3),
            )

    def _count(self, way: str) -> None:
        with self._lock:
            self._frames[way] += 1
            self._times[way].append(self._clock())

    def _rate(self, way: str, now_s: float) -> float:
        span_s = min(_RATE_S, now_s - self._started_s)
        return sum(at_s > now_s - span_s for at_s in self._times[way]) / span_s if span_s > 0 else 0.0


def _in_ms(durations_s: Iterable[float]) -> Percentiles:
    return Percentiles(*(round(float(duration_s) * 1000, 3) for duration_s in durations_s))


def _percentiles(durations: Mapping[str, _Durations], since_s: float) -> dict[str, Percentiles]:
    """Return the percentiles of newer durations, for each name that has any."""
    recent = {name: parts.recent(since_s) for name, parts in durations.items()}
    return {name: _in_ms(np.percentile(parts, (50, 95, 99))) for name, parts in recent.items() if parts}
