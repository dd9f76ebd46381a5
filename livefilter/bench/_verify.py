"""Pictures and scores are compared before times are: who computes less is faster, and no rival."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from livefilter.bench._jobs import Counted, Job, Run
from livefilter.errors import LivefilterError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore, ScoreRule, ScoreSums, reference

_CORNER = 24
"""Rows of the upper left corner that the reference does too; it is slow."""
_OWN_BORDERS = ("Pillow", "pyvips")
"""They know other borders only, so that as many rows and columns around the picture are left out."""


class MismatchError(LivefilterError):
    """Two ways to the same pixels or scores gave different ones."""


def compare(job: Job, ours: Run, others: Mapping[str, Run], image: Pixels) -> None:
    """Compare livefilter with the reference on a corner, and every other with livefilter on the whole picture.

    Args:
        job: What is done.
        ours: How livefilter does it.
        others: How others do it, by name.
        image: uint8, shape (rows, cols).

    Raises:
        MismatchError: livefilter differs from the reference at all, or another from livefilter by more than how ties
            are rounded; scores must be equal in any case.
    """
    corner = np.ascontiguousarray(image[:_CORNER, : 2 * _CORNER])
    made, counted = _done(ours, corner)
    if job.operations and not np.array_equal(made, reference.apply_all(job.operations, corner)):
        raise MismatchError(f"{job.name}: livefilter differs from the reference")
    if job.rule is not None and _score(job.rule, counted) != job.rule.score(reference.score_sums(corner, job.rule)):
        raise MismatchError(f"{job.name}: livefilter counts other scores than the reference")
    made, counted = _done(ours, image)
    for name, run in others.items():
        theirs, their_count = _done(run, image)
        if job.rule is not None and _score(job.rule, their_count) != _score(job.rule, counted):
            raise MismatchError(f"{job.name}: {name} counts other scores than livefilter")
        if job.operations:
            _compare_pictures(job, name, made, theirs)


def _compare_pictures(job: Job, name: str, ours: Pixels, theirs: Pixels) -> None:
    inner = (slice(_CORNER, -_CORNER),) * 2 if name in _OWN_BORDERS else (slice(None),) * 2
    difference = cv2.absdiff(ours[inner], theirs[inner])
    # One gray level is how ties are rounded. A chain may amplify that: of more than one step, the mean must be small.
    if difference.max() > 1 if len(job.operations) == 1 else difference.mean() > 0.5:
        raise MismatchError(f"{job.name}: {name} differs from livefilter by up to {difference.max()} gray levels")


def _done(run: Run, image: Pixels) -> tuple[Pixels, Counted]:
    out = np.empty_like(image)
    return out, run(image, out)


def _score(rule: ScoreRule, counted: Counted) -> EdgeScore | None:
    return rule.score(counted) if isinstance(counted, ScoreSums) else counted
