"""Verdict on a long run: does it grow, lag, drift or drop frames? Medians over pieces of the run decide.

A machine that does other things disturbs a run for a moment: memory is touched, a frame comes late or is dropped. A
fault of the pipeline comes back or grows on. So the run is cut into pieces of equal length, each piece becomes one
value per quantity, and

- memory, threads, descriptors and median latency must not *grow*: the growth over the run is the median of the slopes
  between all pairs of pieces (Theil 1950, Sen 1968), which one disturbed piece out of ten does not move, since it takes
  part in only 9 of the 45 pairs, while a leak shows in nearly all of them;
- latency must be *low*: the median over the pieces of each piece's 99th percentile counts;
- frames must not be *dropped* without a reason (a stall of the source or of the machine) in more than a fifth of the
  pieces. A median would miss a pipeline that drops frames now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

PIECES = 10
MAX_GROWN_BYTES = 5 << 20
MAX_DRIFT = 0.25
"""By how much the median latency may grow over the run, in periods of a frame."""
_MAX_DROPPING_PIECES = 0.2
_MAX_GROWN_COUNT = 0.5
"""Of threads and descriptors, which are whole numbers: less than one."""


@dataclass(frozen=True, slots=True)
class Sample:
    """State of the process at one moment.

    Attributes:
        at_s: When, on the monotonic clock, in seconds.
        resident_bytes: Memory; 0 where the system does not say.
        threads: How many run.
        descriptors: How many are open; 0 where the system does not say.
        dropped: Frames dropped since the sample before, for no good reason.
    """

    at_s: float
    resident_bytes: int
    threads: int
    descriptors: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Age of one frame when a sink got it, and when that was."""

    at_s: float
    ms: float


@dataclass(frozen=True, slots=True)
class Piece:
    """One value per quantity of a piece of the run.

    Attributes:
        resident_bytes: The median: what waits in queues comes and goes.
        threads: The lowest count, as between two switches of the preset.
        descriptors: The lowest count.
        dropped: Frames dropped for no good reason.
        p50_ms: Median latency.
        p99_ms: 99th percentile of the latency.
    """

    resident_bytes: float
    threads: int
    descriptors: int
    dropped: int
    p50_ms: float
    p99_ms: float


def cut(samples: Sequence[Sample], latencies: Sequence[Latency], count: int = PIECES) -> list[Piece]:
    """Cut a run into pieces of equal length; a piece in which nothing was sampled is left out."""
    if not samples:
        return []
    start_s = samples[0].at_s
    length_s = (samples[-1].at_s - start_s) / count or 1.0

    def place(at_s: float) -> int:
        return min(int((at_s - start_s) / length_s), count - 1)

    pieces = []
    for number in range(count):
        some = [sample for sample in samples if place(sample.at_s) == number]
        ages = sorted(one.ms for one in latencies if one.at_s >= start_s and place(one.at_s) == number)
        if some:
            pieces.append(
                Piece(
                    median(sample.resident_bytes for sample in some),
                    min(sample.threads for sample in some),
                    min(sample.descriptors for sample in some),
                    sum(sample.dropped for sample in some),
                    median(ages) if ages else 0.0,
                    ages[(len(ages) - 1) * 99 // 100] if ages else 0.0,
                )
            )
    return pieces


def growth(values: Sequence[float]) -> float:
    """Return by how much values grow from the first to the last, by the median slope of all pairs."""
    slopes = [(after - before) / (j - i) for (i, before), (j, after) in combinations(enumerate(values), 2)]
    return median(slopes) * (len(values) - 1) if slopes else 0.0


def problems(pieces: Sequence[Piece], period_ms: float) -> list[str]:
    """Return what does not hold; empty if all does.

    Args:
        pieces: Of a run that has settled.
        period_ms: Time of one frame, in milliseconds: the latency that is allowed.
    """
    if not pieces:
        return ["the run was too short to be judged"]
    grown = growth([piece.resident_bytes for piece in pieces])
    drift_ms = growth([piece.p50_ms for piece in pieces])
    p99_ms = median(piece.p99_ms for piece in pieces)
    dropping = sum(piece.dropped > 0 for piece in pieces)
    dropped = sum(piece.dropped for piece in pieces)
    checks = (
        (f"memory grew by {grown / 1e6:.1f} MB", grown > MAX_GROWN_BYTES),
        ("threads became more", growth([piece.threads for piece in pieces]) > _MAX_GROWN_COUNT),
        ("descriptors became more", growth([piece.descriptors for piece in pieces]) > _MAX_GROWN_COUNT),
        (f"latency grew by {drift_ms:.1f} ms", drift_ms > MAX_DRIFT * period_ms),
        (f"latency p99 {p99_ms:.1f} ms, more than a frame's {period_ms:.1f}", p99_ms > period_ms),
        (
            f"{dropped} frames dropped in {dropping} of {len(pieces)} pieces, while neither source nor machine stalled",
            dropping > _MAX_DROPPING_PIECES * len(pieces),
        ),
    )
    return [problem for problem, is_so in checks if is_so]
