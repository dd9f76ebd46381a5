"""Interleaved rounds, their order rotated, outputs compared; medians of paired ratios."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from livefilter.bench._jobs import Job, Run
from livefilter.bench._opencv import opencv
from livefilter.bench._rivals import rivals
from livefilter.errors import LivefilterError
from livefilter.frame import Pixels
from livefilter.kernels import reference

_COLD_FRAMES = 16
_EDGE = 24
"""Rows and columns of the upper left corner that are checked against the reference."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one job took on one size.

    Attributes:
        job: Its name.
        size: Name of the size.
        threads: Threads that livefilter and OpenCV each had.
        is_cold: 16 frames in turn, rather than one that stays in the caches.
        opencv: The fastest OpenCV calls.
        milliseconds: Median time by name: "livefilter", "OpenCV", "copy" and the rivals.
        ratios: Median of the paired ratios by name: how many times livefilter's time the other took.
        spread: Half the distance between the quartiles of the ratio to OpenCV.
    """

    job: str
    size: str
    threads: int
    is_cold: bool
    opencv: str
    milliseconds: dict[str, float]
    ratios: dict[str, float]
    spread: float


class MismatchError(LivefilterError):
    """Two ways to the same pixels gave different ones."""


def measure(job: Job, size: str, shape: tuple[int, int], *, threads: int, is_cold: bool, rounds: int) -> Measurement:
    """Time a job on frames of a shape, after comparing all outputs.

    Args:
        job: What is done.
        size: Name of the size.
        shape: (rows, cols).
        threads: For livefilter and for OpenCV; the other rivals run as they do.
        is_cold: Take 16 frames in turn.
        rounds: How often each runs.

    Raises:
        MismatchError: livefilter differs from the reference, or OpenCV by more than rounding explains.
    """
    frames = [_picture(shape, seed) for seed in range(_COLD_FRAMES if is_cold else 1)]
    out = np.empty(shape, dtype=np.uint8)
    cv2.setNumThreads(threads)
    name, by_opencv = opencv(job, frames[0])
    runs: dict[str, Run] = {"livefilter": job.make(threads), "OpenCV": by_opencv, "copy": _copy}
    runs |= dict(rivals(job, frames[0])) if not is_cold and threads == 1 else {}
    _compare(job, runs, frames[0])
    for run in runs.values():
        run(frames[0], out)
    times: dict[str, list[float]] = {key: [] for key in runs}
    names = list(runs)
    for turn in range(rounds):
        for key in names[turn % len(names) :] + names[: turn % len(names)]:
            frame = frames[turn % len(frames)]
            if not is_cold:
                runs[key](frame, out)  # Whoever came before has the caches full of his own.
            started = time.perf_counter()
            runs[key](frame, out)
            times[key].append((time.perf_counter() - started) * 1000)
    ratios = {key: _ratios(times[key], times["livefilter"]) for key in runs if key != "livefilter"}
    quartiles = statistics.quantiles(ratios["OpenCV"], n=4) if rounds > 1 else [0.0, 0.0, 0.0]
    return Measurement(
        job=job.name,
        size=size,
        threads=threads,
        is_cold=is_cold,
        opencv=name,
        milliseconds={key: statistics.median(values) for key, values in times.items()},
        ratios={key: statistics.median(values) for key, values in ratios.items()},
        spread=(quartiles[2] - quartiles[0]) / 2,
    )


def all_threads() -> int:
    """Return how many threads "all" means on this machine."""
    return os.cpu_count() or 1


def _ratios(theirs: Sequence[float], ours: Sequence[float]) -> list[float]:
    return [their / our for their, our in zip(theirs, ours, strict=True)]


def _picture(shape: tuple[int, int], seed: int) -> Pixels:
    """Return a picture with smooth parts, edges and noise, so that no branch has it easy."""
    rows, cols = np.indices(shape)
    waves = 127 + 90 * np.sin(rows / 37 + seed) * np.cos(cols / 53)
    noise = np.random.default_rng(seed).normal(0, 6, shape)
    steps = 40 * ((rows // 64 + cols // 96) % 2)
    return np.rint(waves + noise + steps).clip(0, 255).astype(np.uint8)


def _copy(image: Pixels, out: Pixels) -> None:
    np.copyto(out, image)


def _compare(job: Job, runs: dict[str, Run], image: Pixels) -> None:
    """Compare livefilter with the reference on a small picture, and every rival with livefilter on the whole one."""
    if not job.operations:
        return
    small = np.ascontiguousarray(image[:_EDGE, : 2 * _EDGE])
    got, ours, theirs = np.empty_like(small), np.empty_like(image), np.empty_like(image)
    runs["livefilter"](small, got)
    if not np.array_equal(got, reference.apply_all(job.operations, small)):
        raise MismatchError(f"{job.name}: livefilter differs from the reference")
    runs["livefilter"](image, ours)
    for name, run in runs.items():
        if name in ("livefilter", "copy"):
            continue
        run(image, theirs)
        inner = (slice(_EDGE, -_EDGE), slice(_EDGE, -_EDGE)) if name in ("Pillow", "pyvips") else (slice(None),) * 2
        difference = cv2.absdiff(ours[inner], theirs[inner])
        # One gray level is how ties are rounded. A chain may amplify that, so for more than one step the mean must be
        # small.
        if difference.max() > 1 if len(job.operations) == 1 else difference.mean() > 0.5:
            raise MismatchError(f"{job.name}: {name} differs from livefilter by up to {difference.max()} gray levels")
