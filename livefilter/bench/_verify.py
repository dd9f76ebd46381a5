"""Verification that all competitors produce the same images and scores, before any time is measured."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from livefilter.bench._jobs import Counts, Job, Run
from livefilter.errors import LivefilterError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore, ScoreRule, ScoreSums, reference

_CORNER = 24
"""Rows of the upper left corner that the reference, which is slow, computes too."""
_OWN_BORDERS = ("Pillow", "pyvips")
"""Competitors with other border rules; as many rows and columns at the border are not compared."""


class MismatchError(LivefilterError):
    """Two implementations of a job gave different pixels or scores."""


def verify(job: Job, ours: Run, others: Mapping[str, Run], image: Pixels) -> None:
    """Compare livefilter with the reference on a corner, and each competitor with livefilter on the whole image.

    Args:
        job: The job.
        ours: livefilter's implementation.
        others: The competitors' implementations, by name.
        image: uint8, shape (rows, cols).

    Raises:
        MismatchError: livefilter differs from the reference, or a competitor from livefilter by more than the rounding
            of ties; scores must be equal.
    """
    corner = np.ascontiguousarray(image[:_CORNER, : 2 * _CORNER])
    result, counted = _run(ours, corner)
    if job.operations and not np.array_equal(result, reference.apply_all(job.operations, corner)):
        raise MismatchError(f"{job.name}: livefilter differs from the reference")
    if job.rule is not None and _score(job.rule, counted) != job.rule.score(reference.score_sums(corner, job.rule)):
        raise MismatchError(f"{job.name}: livefilter has other scores than the reference")
    result, counted = _run(ours, image)
    for name, run in others.items():
        theirs, their_count = _run(run, image)
        if job.rule is not None and _score(job.rule, their_count) != _score(job.rule, counted):
            raise MismatchError(f"{job.name}: {name} has other scores than livefilter")
        if job.operations:
            _compare_images(job, name, result, theirs)


def _compare_images(job: Job, name: str, ours: Pixels, theirs: Pixels) -> None:
    inner = (slice(_CORNER, -_CORNER),) * 2 if name in _OWN_BORDERS else (slice(None),) * 2
    difference = cv2.absdiff(ours[inner], theirs[inner])
    # Rounding of ties differs by one gray level. A chain of several steps may amplify it, so its mean must be small.
    if difference.max() > 1 if len(job.operations) == 1 else difference.mean() > 0.5:
        raise MismatchError(f"{job.name}: {name} differs from livefilter by up to {difference.max()} gray levels")


def _run(run: Run, image: Pixels) -> tuple[Pixels, Counts]:
    out = np.empty_like(image)
    return out, run(image, out)


def _score(rule: ScoreRule, counted: Counts) -> EdgeScore | None:
    return rule.score(counted) if isinstance(counted, ScoreSums) else counted
