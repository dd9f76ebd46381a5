"""livefilter beside one other at a time, in rounds whose order turns, outputs compared; medians of paired ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import cv2
import numpy as np

from livefilter.bench._cache_flush import sweeping
from livefilter.bench._competitors import rivals
from livefilter.bench._jobs import Job, Run
from livefilter.bench._opencv import opencv
from livefilter.bench._verify import compare
from livefilter.frame import Pixels

_WARM_S = 0.001
"""How long a call is repeated before a hot one is timed: a short one that follows a long one needs more than one."""
_LEAST_ROUNDS = 3
_MOST_S = 3.0
"""A pair that has taken so long has its least rounds only; a median of slow calls does not need as many."""


@dataclass(frozen=True, slots=True)
class Pair:
    """livefilter and another in the same rounds.

    Attributes:
        ours_ms: Median time that livefilter took.
        theirs_ms: Median time that the other took.
        ratio: Median of the paired ratios: how many times livefilter's time the other took.
        spread: Half the distance between the quartiles of these ratios.
        rounds: How many there were.
    """

    ours_ms: float
    theirs_ms: float
    ratio: float
    spread: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one job took on one size.

    Attributes:
        job: Its name.
        size: Name of the size.
        threads: Threads that livefilter and OpenCV each had.
        is_cold: The caches held neither frame nor scratch when a call began, rather than both.
        opencv: The fastest OpenCV calls.
        pairs: By the other's name: "OpenCV", "copy", and the rivals or "one thread".
    """

    job: str
    size: str
    threads: int
    is_cold: bool
    opencv: str
    pairs: dict[str, Pair]

    @property
    def state(self) -> str:
        """Threads and caches, in words."""
        return f"{self.threads} thread{'s' if self.threads > 1 else ''}, {'cold' if self.is_cold else 'hot'}"


def measure(job: Job, size: str, shape: tuple[int, int], *, threads: int, is_cold: bool, rounds: int) -> Measurement:
    """Time a job on frames of a shape beside each other who does it, after comparing all outputs.

    Every other has rounds of its own with livefilter. What a heavy one leaves behind (memory, caches, a slower clock)
    then meets both of its pair, and no ratio but its own.

    Args:
        job: What is done.
        size: Name of the size.
        shape: (rows, cols).
        threads: For livefilter and for OpenCV. The other rivals have one; where there are more, livefilter itself with
            one takes their place.
        is_cold: Sweep the caches before each call.
        rounds: How often each runs; less often who takes long.

    Raises:
        MismatchError: livefilter differs from the reference, or another by more than rounding explains.
    """
    frame = _picture(shape)
    cv2.setNumThreads(threads)
    ours = job.make(threads)
    calls, by_opencv = opencv(job, frame)
    more = dict(rivals(job, frame)) if threads == 1 else {"one thread": job.make(1)}
    others = {"OpenCV": by_opencv} | more
    compare(job, ours, others, frame)
    light = {"OpenCV": others.pop("OpenCV"), "copy": _copy}
    out = np.empty(shape, dtype=np.uint8)
    with sweeping(threads) if is_cold else nullcontext(None) as sweep:

        def timed(run: Run) -> float:
            if sweep is None:
                _warm(run, frame, out)
            else:
                sweep()
            started = time.perf_counter()
            run(frame, out)
            return time.perf_counter() - started

        pairs = {name: _pair(timed, ours, theirs, rounds) for name, theirs in (light | others).items()}
    return Measurement(job.name, size, threads, is_cold, calls, pairs)


def _pair(timed: Callable[[Run], float], ours: Run, theirs: Run, rounds: int) -> Pair:
    """Run A B, B A, A B ... and take the ratio within each round."""
    times: list[tuple[float, float]] = []
    started = time.perf_counter()
    while len(times) < rounds and (len(times) < _LEAST_ROUNDS or time.perf_counter() - started < _MOST_S):
        if len(times) % 2:
            their_time = timed(theirs)
            times.append((timed(ours), their_time))
        else:
            our_time = timed(ours)
            times.append((our_time, timed(theirs)))
    ratios = [their_time / our_time for our_time, their_time in times]
    lower, _, upper = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    our_median, their_median = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
    return Pair(our_median, their_median, statistics.median(ratios), (upper - lower) / 2, len(times))


def _warm(run: Run, frame: Pixels, out: Pixels) -> None:
    """Fill the caches with what a run needs, and let the processor's clock settle."""
    until = time.perf_counter() + _WARM_S
    run(frame, out)
    while time.perf_counter() < until:
        run(frame, out)


def _picture(shape: tuple[int, int]) -> Pixels:
    """Return a picture with smooth parts, edges and noise, so that no branch has it easy."""
    rows, cols = np.indices(shape)
    waves = 127 + 90 * np.sin(rows / 37) * np.cos(cols / 53)
    noise = np.random.default_rng(0).normal(0, 6, shape)
    steps = 40 * ((rows // 64 + cols // 96) % 2)
    return np.rint(waves + noise + steps).clip(0, 255).astype(np.uint8)


def _copy(image: Pixels, out: Pixels) -> None:
    np.copyto(out, image)
