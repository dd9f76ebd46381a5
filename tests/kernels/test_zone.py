"""Zones: which pixels and which windows lie inside, and which polygons are refused."""

from __future__ import annotations

import pickle
import re
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import ScoreRule, Zone, make_zones, reference
from livefilter.testing.strategies import images, score_rules, zones

shapes = st.tuples(st.integers(1, 14), st.integers(1, 14))
SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


@given(zones(), shapes)
def test_a_pixel_lies_inside_if_its_centre_does(zone: Zone, shape: tuple[int, int]) -> None:
    """OpenCV's exact test of points against integer polygons agrees for every centre that is not on an edge."""
    rows, cols = shape
    # In units of which a picture has 24 in each pixel, corners on twelfths and centres are whole numbers.
    corners = np.array([[round(x * 12) * 2 * cols, round(y * 12) * 2 * rows] for x, y in zone.points], np.int32)
    mask = zone.pixel_mask(shape)
    assert mask.shape == shape
    for (row, col), is_inside in np.ndenumerate(mask):
        side = cv2.pointPolygonTest(corners, (24 * col + 12, 24 * row + 12), measureDist=False)
        assert side == 0 or is_inside == (side > 0), (row, col)


@given(st.tuples(st.integers(1, 11), st.integers(1, 11)), shapes)
def test_zones_that_share_their_edges_share_no_pixel_and_leave_none(
    middle: tuple[int, int], shape: tuple[int, int]
) -> None:
    """Triangles around any point cover the picture once, also where centres lie on their edges."""
    around = [(0, 0), (5, 0), (12, 0), (12, 7), (12, 12), (3, 12), (0, 12), (0, 6)]
    corners = [(x / 12, y / 12) for x, y in around]
    point = (middle[0] / 12, middle[1] / 12)
    fan = [Zone("part", (point, *pair)) for pair in zip(corners, [*corners[1:], corners[0]], strict=True)]
    assert (np.sum([zone.pixel_mask(shape) for zone in fan], axis=0) == 1).all()


def test_a_centre_on_an_edge_belongs_to_what_is_right_of_it_or_below() -> None:
    """Edges through the centres of the second and the fourth pixel: the second is inside, the fourth is not."""
    zone = Zone("middle", ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)))
    inside = np.zeros((5, 5), dtype=bool)
    inside[1:3, 1:3] = True
    assert np.array_equal(zone.pixel_mask((5, 5)), inside)


def test_a_concave_zone_leaves_its_notch_out() -> None:
    """A "U" of three by three pixels."""
    zone = Zone("u", ((0, 0), (1 / 3, 0), (1 / 3, 2 / 3), (2 / 3, 2 / 3), (2 / 3, 0), (1, 0), (1, 1), (0, 1)))
    assert zone.pixel_mask((3, 3)).tolist() == [[True, False, True], [True, False, True], [True, True, True]]


@given(shapes)
def test_the_whole_picture_is_a_zone(shape: tuple[int, int]) -> None:
    """Corners on the picture's own take in every pixel."""
    assert Zone("all", tuple(SQUARE)).pixel_mask(shape).all()


@given(zones(), shapes, st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_a_window_counts_if_all_of_its_pixels_lie_inside(
    zone: Zone, shape: tuple[int, int], window: tuple[int, int]
) -> None:
    """Looked at one by one; a window larger than the picture has no place."""
    (rows, cols), (height, width) = shape, window
    inside = zone.pixel_mask(shape)
    windows = zone.whole_windows(shape, window)
    assert windows.shape == (max(rows - height + 1, 0), max(cols - width + 1, 0))
    for (row, col), is_whole in np.ndenumerate(windows):
        assert is_whole == inside[row : row + height, col : col + width].all()


@given(images(max_side=8), score_rules())
def test_a_zone_of_the_whole_picture_has_the_pictures_score(image: Pixels, rule: ScoreRule) -> None:
    """Every window is whole."""
    windows = Zone("all", tuple(SQUARE)).whole_windows((image.shape[0], image.shape[1]), rule.horizontal.shape)
    assert reference.score_sums(image, rule, windows) == reference.score_sums(image, rule)


@given(images(min_side=2, max_side=8), images(min_side=2, max_side=8))
def test_pixels_outside_do_not_count(image: Pixels, other: Pixels) -> None:
    """Whatever is beside a zone, its score is the same."""
    zone = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    shape = (image.shape[0], image.shape[1])
    windows = zone.whole_windows(shape, (2, 2))
    changed = np.where(zone.pixel_mask(shape), image, np.resize(other, shape))
    rule = ScoreRule()
    assert reference.score_sums(changed, rule, windows) == reference.score_sums(image, rule, windows)


FAULTS: dict[str, tuple[Any, str]] = {
    "no list": ("abc", "must be a list of points such as [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]], found 'abc'"),
    "nothing": (None, "must be a list of points such as [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]], found nothing"),
    "two points": ([(0, 0), (1, 1)], "must have 3 to 256 points, found 2"),
    "too many points": ([(0, 0)] * 257, "must have 3 to 256 points, found 257"),
    "no pair": ([(0, 0), (1, 0), (1,)], "points[2]: must be a pair [x, y], found (1,)"),
    "a point in space": ([(0, 0, 0), (1, 0), (1, 1)], "points[0]: must be a pair [x, y], found (0, 0, 0)"),
    "a word": ([(0, 0), (1, "low"), (1, 1)], "points[1][1]: must be a number, found 'low'"),
    "a truth value": ([(0, 0), (1, 0), (True, 1)], "points[2][0]: must be a number, found true"),
    "no number": ([(0, 0), (1, 0), (float("nan"), 1)], "points[2][0]: must be from 0 to 1"),
    "pixels": (
        [(0, 0), (640, 0), (640, 480)],
        "points[1][0]: must be from 0 to 1, a fraction of the picture's width, found 640; "
        "divide pixels by the picture's width",
    ),
    "above": ([(0, 0), (1, -0.01), (1, 1)], "points[1][1]: must be from 0 to 1, a fraction of the picture's height"),
    "a point twice": ([(0, 0), (1, 0), (1, 0), (0, 1)], "points[2]: points[1] and points[2] are the same; remove one"),
    "closed": (
        [(0, 0), (1, 0), (1, 1), (0, 0)],
        "points[3]: points[3] and points[0] are the same; the outline closes by itself, remove the last",
    ),
    "a line": ([(0, 0), (0.3, 0.3), (1, 1)], "all points lie on one line, so there is no area; move one"),
    "a bow tie": (
        [(0, 0), (1, 1), (1, 0), (0, 1)],
        "points[2]: the outline crosses or touches itself: the line from points[2] to points[3] meets the one from "
        "points[0] to points[1]; list the points in order around the zone",
    ),
    "a corner on another edge": ([(0, 0), (1, 0), (0.5, 1), (0.5, 0), (0, 1)], "points[2]: the outline crosses or"),
    "a corner twice": (
        [(0, 0), (0.5, 0.5), (1, 0), (1, 1), (0.5, 0.5), (0, 1)],
        "points[3]: the outline crosses or touches",
    ),
    "a spike": ([(0, 0), (1, 0), (0.5, 0), (0.5, 1)], "points[1]: the outline crosses or touches itself"),
    "a spike at the end": ([(0.5, 0), (0.5, 1), (0, 0), (1, 0)], "points[2]: the outline crosses or touches itself"),
}


@pytest.mark.parametrize(("points", "message"), FAULTS.values(), ids=FAULTS)
def test_a_polygon_without_a_clear_inside_is_refused(points: Any, message: str) -> None:
    """The message names the zone and the point."""
    with pytest.raises(OptionError, match=re.escape(f"zone 'door': {message}")):
        Zone("door", points)


@pytest.mark.parametrize("name", ["door", "Tür", "a", "till_2", "north-west", "x" * 40])
def test_good_names(name: str) -> None:
    """Letters of any script, digits, "_" and "-"."""
    assert Zone(name, tuple(SQUARE)).name == name


@pytest.mark.parametrize("name", ["", "2nd", "front door", "a.b", "_a", "-a", "a\n", "x" * 41, 7, None])
def test_names_that_would_break_columns_are_refused(name: Any) -> None:
    """No dots, no spaces, no digit at the beginning."""
    with pytest.raises(OptionError, match=r"the name must be a letter, then letters, digits, '_' or '-', at most 40"):
        Zone(name, tuple(SQUARE))


def test_zones_are_made_of_mappings_and_arrays() -> None:
    """Points may be lists or arrays; values are plain floats afterwards, and the zone can be pickled and compared."""
    (zone,) = make_zones({"door": np.array(SQUARE, dtype=np.float32)})
    assert zone == Zone("door", tuple(SQUARE))
    assert make_zones([zone]) == (zone,)
    assert pickle.loads(pickle.dumps(zone)) == zone
    assert len({zone, Zone("door", tuple(SQUARE))}) == 1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([Zone("a", tuple(SQUARE))] * 2, "zones: 'a' names two of them; give each a name of its own"),
        ([SQUARE], "zones: must be a mapping of names to points, or Zones, found [(0.0, 0.0)"),
        (5, "zones: must be a mapping of names to points, or Zones, found 5"),
        ({f"z{at}": SQUARE for at in range(65)}, "zones: must be at most 64, found 65"),
    ],
    ids=["twice", "without a name", "a number", "too many"],
)
def test_zones_that_cannot_be_told_apart_are_refused(value: Any, message: str) -> None:
    """Each has a name of its own, and there are at most 64."""
    with pytest.raises(OptionError, match=re.escape(message)):
        make_zones(value)
