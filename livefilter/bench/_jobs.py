"""Jobs to measure: single kernels and the scores alone through ``Chain``, whole presets through ``Filter``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from livefilter import kernels
from livefilter.compiler import Chain, Filter
from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore, Kernel, Operation, ScoreRule, ScoreSums
from livefilter.presets import Preset, list_presets, load_preset

SIZES: dict[str, tuple[int, int]] = {
    "640x480": (480, 640),
    "1280x720": (720, 1280),
    "1920x1080": (1080, 1920),
    "1921x1081": (1081, 1921),
    "3840x2160": (2160, 3840),
}
"""Name, and (rows, cols); one size is odd on purpose."""

Counts = ScoreSums | EdgeScore | None
"""Counts or scores of an image, whichever a run returns; None if it computes none."""

Run = Callable[[Pixels, Pixels], Counts]
"""Takes an image and an output array, and returns the counts."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job to measure.

    Attributes:
        name: Name for people.
        operations: Operations on the image.
        rule: Rule of the scores; None without scores.
        make: Returns livefilter's function for a number of threads.
    """

    name: str
    operations: tuple[Operation, ...]
    rule: ScoreRule | None
    make: Callable[[int], Run] = field(repr=False)


def _kernel_job(name: str, kernel: Kernel) -> Job:
    def make(threads: int) -> Run:
        return Chain(operations, threads=threads)

    operations = (kernels.Correlation(kernel),)
    return Job(name, operations, None, make)


def _score_job(name: str) -> Job:
    def make(threads: int) -> Run:
        return Chain.score_only(ScoreRule(), threads=threads)

    return Job(name, (), ScoreRule(), make)


def _preset_job(name: str, preset: Preset) -> Job:
    def make(threads: int) -> Run:
        compiled = Filter(preset, threads=threads)
        return lambda image, out: compiled(image, out).score

    return Job(name, preset.operations, preset.score.rule, make)


def _dense(rows: int, cols: int | None = None) -> Kernel:
    """Return a kernel without zeros, symmetry or factors whose sums fit 16-bit lanes."""
    shape = (rows, cols or rows)
    weights = np.random.default_rng(rows).integers(1, 4, shape) * np.where(np.indices(shape).sum(axis=0) % 2, -1, 1)
    weights[0, 0] += 1 - weights.sum()
    return Kernel(weights, name=f"dense {shape[0]}x{shape[1]}")


def _steps(name: str, *steps: dict[str, object]) -> Preset:
    return Preset.model_validate({"name": name, "steps": steps})


def all_jobs() -> dict[str, Job]:
    """Return all jobs by name; this reads the presets."""
    asymmetric = np.outer([1, 2, 0, -2, -1], [1, 4, 6, 3, 1])
    jobs = [
        *(_kernel_job(f"dense {side}x{side}", _dense(side)) for side in (3, 5, 7, 9, 11, 15)),
        _kernel_job("sharpen 3x3", kernels.sharpen()),
        _kernel_job("separable 5x5", Kernel(asymmetric, name="separable 5x5")),
        *(_kernel_job(f"gaussian {size}", kernels.gaussian(size=size)) for size in (3, 5, 7, 15, 31)),
        *(_kernel_job(f"box {size}", kernels.box(size)) for size in (3, 5, 15)),
        _score_job("two scores"),
        _preset_job("gradient l1 + scores", _steps("gradient", {"step": "gradient", "norm": "l1"})),
        _preset_job("unsharp 7 + scores", _steps("unsharp", {"step": "unsharp", "sigma": 1.0, "amount": 1.0})),
        _preset_job(
            "4 steps + scores",
            _steps(
                "four",
                {"step": "gaussian", "size": 5},
                {"step": "gradient", "norm": "l1"},
                {"step": "tone", "gain": 1.5, "offset": -20},
                {"step": "blend", "weight": 0.25},
            ),
        ),
        *(_preset_job(f"preset {name}", load_preset(name)) for name in list_presets()),
    ]
    return {job.name: job for job in jobs}


def jobs_named(names: tuple[str, ...]) -> list[Job]:
    """Return the jobs whose names contain one of the words; without words, all jobs.

    Raises:
        OptionError: No job's name contains a word.
    """
    jobs = all_jobs()
    for name in names:
        if not any(name in known for known in jobs):
            raise OptionError(f"job: {name!r} is part of none of {', '.join(jobs)}")
    return [job for known, job in jobs.items() if not names or any(name in known for name in names)]
