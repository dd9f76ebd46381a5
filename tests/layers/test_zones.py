"""Zones on pictures: outlines where they are, names and scores."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from livefilter.analysis import Analysis, EdgeScore, Result
from livefilter.frame import Frame, Pixels
from livefilter.kernels import Zone
from livefilter.layers import Compare, Comparison, Overlay, compose
from livefilter.presets import OverlaySettings

DOOR = Zone("door", ((0.1, 0.2), (0.4, 0.2), (0.4, 0.8), (0.1, 0.8)))
SCORES = {"door": EdgeScore(0.125, 0.25, 0.5)}
ONLY_ZONES = {"scores": False, "name": False}


def draw(
    shape: tuple[int, ...] = (240, 320),
    *,
    scores: dict[str, EdgeScore] | None = None,
    compare: Compare = "none",
    is_mirrored: bool = False,
    level: int = 128,
    zone: Zone = DOOR,
    **settings: bool,
) -> Pixels:
    """What an overlay of one zone draws on a picture of one level."""
    overlay = Overlay(OverlaySettings.model_validate({**ONLY_ZONES, **settings}), "edge", zones=[zone])
    picture = np.full(shape, level, np.uint8)
    frame = Frame(picture, 0, Fraction(0), 0, is_mirrored=is_mirrored)
    result = Result(frame, picture, picture, Analysis(EdgeScore(0, 0, 0), scores or {}))
    return compose(result, Comparison(compare), [overlay])


def bounds(picture: Pixels, value: int = 200) -> tuple[int, int, int, int]:
    """The first and last rows and columns of the brightest outline, whatever text is inside."""
    rows, cols = np.nonzero(picture >= value)
    return int(rows.min()), int(rows.max()), int(cols.min()), int(cols.max())


def test_an_outline_runs_along_the_edges_of_the_zone() -> None:
    """White, with black beside it, so that it is seen on any picture."""
    picture = draw()
    assert bounds(picture) == pytest.approx((48, 191, 32, 127), abs=1)
    row = picture[140]
    left, right = np.flatnonzero(row >= 200)[[0, -1]]
    assert row[left - 1] < 60
    assert row[right + 1] < 60
    assert set(row[:20]) == set(row[150:]) == {128}


def test_a_mirrored_picture_has_its_zones_on_the_other_side() -> None:
    """Zones refer to the picture before that; the label stays readable."""
    assert bounds(draw(is_mirrored=True)) == pytest.approx((48, 191, 192, 287), abs=1)


def test_beside_the_original_the_zones_are_on_the_result() -> None:
    """Not on the original, and not stretched."""
    picture = draw(compare="side")
    assert (picture[:, :320] == 128).all()
    assert bounds(picture) == pytest.approx((48, 191, 352, 447), abs=1)


def test_a_label_has_the_name_and_the_scores() -> None:
    """Without a score it is a line shorter; both lie in the zone."""
    named, scored = draw(), draw(scores=SCORES)
    changed_rows, changed_cols = np.nonzero(named != scored)
    assert changed_rows.min() >= 48
    assert changed_rows.max() < 120
    assert changed_cols.min() >= 32
    assert np.count_nonzero(draw(zone=Zone("hall", DOOR.points)) != named)


def test_a_label_stays_in_the_picture() -> None:
    """Of a zone at the lower right, too."""
    corner = Zone("corner", ((0.98, 0.98), (1, 0.98), (1, 1)))
    picture = draw(zone=corner, scores={"corner": EdgeScore(0, 0, 0)})
    text = np.argwhere(picture == 255)
    assert text[:, 1].min() < 300
    assert (picture[:150] == 128).all()


def test_zones_are_hidden_by_the_overlays_setting() -> None:
    """Then nothing is drawn at all."""
    assert (draw(zones=False, scores=SCORES) == 128).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 40), (40, 1), (48, 64, 3), (2160, 3840)])
def test_any_size_and_colour_is_drawn_on(shape: tuple[int, ...]) -> None:
    """From a single pixel to 4K; what is drawn is gray."""
    picture = draw(shape, scores=SCORES)
    assert picture.shape == shape
    if picture.ndim == 3:
        assert np.array_equal(picture[..., 0], picture[..., 2])
        assert np.array_equal(picture[..., 0], draw(shape[:2], scores=SCORES))
    else:
        assert cv2.countNonZero(cv2.absdiff(picture, np.full(shape, 128, np.uint8))) > 0
