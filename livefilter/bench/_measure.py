"""Measurements of livefilter next to one competitor at a time: medians of paired ratios, in alternating order."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import cv2
import numpy as np

from livefilter.bench._cache_flush import flushing_caches
from livefilter.bench._competitors import Competitors, installed_competitors
from livefilter.bench._jobs import Job, Run
from livefilter.bench._opencv import fastest_opencv
from livefilter.bench._verify import verify
from livefilter.frame import Pixels

_WARM_S = 0.001
"""How long a call repeats before a hot one is timed: short calls after a long one need more than one."""
_MIN_ROUNDS = 3
_MAX_PAIR_S = 3.0
"""A pair that takes longer runs only the minimum of rounds: medians of slow calls need fewer."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Times of livefilter and a competitor in the same rounds.

    Attributes:
        ours_ms: Median time of livefilter.
        theirs_ms: Median time of the competitor.
        ratio: Median of the paired ratios: the competitor's time divided by livefilter's.
        spread: Half the interquartile range of these ratios.
        rounds: Number of rounds.
    """

    ours_ms: float
    theirs_ms: float
    ratio: float
    spread: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """Measurement of one job at one size.

    Attributes:
        job: Name of the job.
        size: Name of the size.
        threads: Number of threads of livefilter and of OpenCV.
        is_cold: The caches were flushed before each call.
        opencv: The fastest OpenCV calls.
        pairs: Pairs by competitor: "OpenCV", "copy", and other packages or "one thread".
    """

    job: str
    size: str
    threads: int
    is_cold: bool
    opencv: str
    pairs: dict[str, Pair]

    @property
    def state(self) -> str:
        """Threads and caches as text."""
        return f"{self.threads} thread{'s' if self.threads > 1 else ''}, {'cold' if self.is_cold else 'hot'}"


def measure(
    job: Job,
    size: str,
    shape: tuple[int, int],
    *,
    threads: int,
    is_cold: bool,
    rounds: int,
    competitors: Competitors = installed_competitors,
) -> Measurement:
    """Time a job on frames of a shape next to each competitor, after verifying all outputs.

    Each competitor has its own rounds with livefilter: what a heavy one leaves behind (memory, caches, a lower clock)
    affects both of its pair, and no other ratio.

    Args:
        job: Job to measure.
        size: Name of the size.
        shape: (rows, cols).
        threads: Threads of livefilter and OpenCV. Other competitors have one thread; with more, livefilter on one
            thread replaces them.
        is_cold: Flush the caches before each call.
        rounds: Number of rounds; fewer for slow competitors.
        competitors: Returns the competitors besides OpenCV, which run on one thread.

    Raises:
        MismatchError: livefilter differs from the reference, or another by more than rounding explains.
    """
    frame = sample_image(shape)
    cv2.setNumThreads(threads)
    ours = job.make(threads)
    calls, by_opencv = fastest_opencv(job, frame)
    more = dict(competitors(job, frame)) if threads == 1 else {"one thread": job.make(1)}
    others = {"OpenCV": by_opencv} | more
    verify(job, ours, others, frame)
    light = {"OpenCV": others.pop("OpenCV"), "copy": _copy}
    out = np.empty(shape, dtype=np.uint8)
    with flushing_caches(threads) if is_cold else nullcontext(None) as flush:

        def timed(run: Run) -> float:
            if flush is None:
                _warm(run, frame, out)
            else:
                flush()
            started = time.perf_counter()
            run(frame, out)
            return time.perf_counter() - started

        pairs = {name: _pair(timed, ours, theirs, rounds) for name, theirs in (light | others).items()}
    return Measurement(job.name, size, threads, is_cold, calls, pairs)


def _pair(timed: Callable[[Run], float], ours: Run, theirs: Run, rounds: int) -> Pair:
    """Run A B, B A, A B ... and compute the ratio of each round."""
    times: list[tuple[float, float]] = []
    started = time.perf_counter()
    while len(times) < rounds and (len(times) < _MIN_ROUNDS or time.perf_counter() - started < _MAX_PAIR_S):
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
    """Fill the caches with the data of a run, and let the CPU's clock settle."""
    until = time.perf_counter() + _WARM_S
    run(frame, out)
    while time.perf_counter() < until:
        run(frame, out)


def sample_image(shape: tuple[int, int]) -> Pixels:
    """Return an image with smooth parts, edges and noise, so that no branch is predictable."""
    rows, cols = np.indices(shape)
    waves = 127 + 90 * np.sin(rows / 37) * np.cos(cols / 53)
    noise = np.random.default_rng(0).normal(0, 6, shape)
    steps = 40 * ((rows // 64 + cols // 96) % 2)
    return np.rint(waves + noise + steps).clip(0, 255).astype(np.uint8)


def _copy(image: Pixels, out: Pixels) -> None:
    np.copyto(out, image)
