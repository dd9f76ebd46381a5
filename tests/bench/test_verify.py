"""Whoever gives other pixels or other scores ends the run, be it livefilter or a rival."""

from __future__ import annotations

import numpy as np
import pytest

from livefilter import bench
from livefilter.bench import Counts, Job, Run, verify
from livefilter.frame import Pixels
from livefilter.kernels import Correlation, ScoreRule, ScoreSums, gaussian, reference

PICTURE = np.random.default_rng(5).integers(0, 256, (64, 96)).astype(np.uint8)
BLUR = Correlation(gaussian(size=5))
BLURRED = Job("blurred", (BLUR,), ScoreRule(), lambda threads: _right)


def _right(image: Pixels, out: Pixels) -> Counts:
    out[:] = reference.apply(BLUR, image, image)
    return reference.score_sums(image, ScoreRule())


def _off_by(levels: int, *, counts: int = 0) -> Run:
    """Return a way that is wrong in the last pixel, and in how many windows are dense."""

    def run(image: Pixels, out: Pixels) -> Counts:
        _right(image, out)
        out[-1, -1] = int(out[-1, -1]) + (levels if out[-1, -1] < 128 else -levels)
        sums = reference.score_sums(image, ScoreRule())
        return ScoreSums(sums.horizontal, sums.vertical, sums.dense + counts, sums.windows)

    return run


def test_equal_pixels_and_scores_are_accepted() -> None:
    """One gray level is how ties are rounded, and only others may round."""
    verify(BLURRED, _right, {"same": _right, "rounded": _off_by(1)}, PICTURE)


def test_livefilter_must_give_every_pixel_of_the_reference() -> None:
    """Not even one gray level is allowed to it."""
    with pytest.raises(bench.MismatchError, match="blurred: livefilter differs from the reference"):
        verify(BLURRED, _off_by(1), {}, PICTURE)


def test_livefilter_must_count_the_scores_of_the_reference() -> None:
    """A window too many is a mismatch."""
    with pytest.raises(bench.MismatchError, match="livefilter has other scores than the reference"):
        verify(BLURRED, _off_by(0, counts=1), {}, PICTURE)


def test_a_rival_that_gives_other_pixels_ends_the_run() -> None:
    """Two gray levels in a corner are enough."""
    with pytest.raises(bench.MismatchError, match="hasty differs from livefilter by up to 2 gray levels"):
        verify(BLURRED, _right, {"hasty": _off_by(2)}, PICTURE)


@pytest.mark.parametrize("operations", [(BLUR,), ()])
def test_a_rival_that_counts_other_scores_ends_the_run(operations: tuple[Correlation, ...]) -> None:
    """Scores are exact, also where nothing but scores is computed."""
    job = Job("counted", operations, ScoreRule(), lambda threads: _right)
    with pytest.raises(bench.MismatchError, match="counted: lazy has other scores than livefilter"):
        verify(job, _right, {"lazy": _off_by(0, counts=1)}, PICTURE)


def test_measuring_compares_before_it_times() -> None:
    """A wrong livefilter ends the measurement itself."""
    job = Job("broken", (BLUR,), None, lambda threads: _off_by(2))
    with pytest.raises(bench.MismatchError, match="broken"):
        bench.measure(job, "small", PICTURE.shape, threads=1, is_cold=False, rounds=1)
