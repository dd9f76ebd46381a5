"""The head of the person in front of the webcam: a relief with features, and a face that moves."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from recordings.scenes._draw import (
    BoundingBox,
    Canvas,
    Point,
    blurred,
    capsule,
    ellipse,
    ellipse_distance,
    polygon,
)
from recordings.scenes._noise import chance, grain
from recordings.scenes._sprite import Sprite, bump, lit

HEAD_SHAPE = (330, 260)
# Where the face lies in the sprite; every feature is placed relative to these.
FACE_CENTRE = (172.0, 130.0)
FACE_RADII = (112.0, 80.0)
LIGHT = (0.42, 0.5, 0.76)
_SKIN = 214.0


def _at(up_down: float, left_right: float) -> Point:
    """Turn face coordinates (-1..1 within the face) into the sprite's pixels."""
    return FACE_CENTRE[0] + up_down * FACE_RADII[0], FACE_CENTRE[1] + left_right * FACE_RADII[1]


@lru_cache(maxsize=1)
def head() -> Sprite:
    """Model the head without eyes and mouth, which ``face`` adds for each frame."""
    rows = (np.arange(HEAD_SHAPE[0], dtype=np.float32) + np.float32(0.5))[:, None]
    cols = (np.arange(HEAD_SHAPE[1], dtype=np.float32) + np.float32(0.5))[None, :]
    down = (rows - np.float32(FACE_CENTRE[0])) * np.float32(1 / FACE_RADII[0])
    across = (cols - np.float32(FACE_CENTRE[1])) * np.float32(1 / FACE_RADII[1])
    jaw = np.clip(down - np.float32(0.05), 0, 1)
    across = across / (1 - np.float32(0.20) * jaw * jaw)
    unit_squared = across * across + down * down
    # A little flatter than a ball in front and steeper at the rim, as a face is.
    heights = np.sqrt(np.sqrt(np.clip(1 - unit_squared * unit_squared, 0, 1))) * np.float32(62)
    heights += _features(rows, cols)
    heights = blurred(heights.astype(np.float32), 3)

    pores = grain(HEAD_SHAPE, 3, 3, 11) + grain(HEAD_SHAPE, 29, 23, 12) * 2
    albedo = (np.float32(_SKIN) + pores * np.float32(1.6)).astype(np.float32)
    albedo -= 26 * bump(rows, cols, _at(0.80, 0), (62, 78))  # shaven beard
    albedo -= 12 * bump(rows, cols, _at(0.62, 0), (20, 50))
    for side in (-1, 1):
        albedo -= 20 * bump(rows, cols, _at(-0.07, side * 0.41), (26, 34))
        albedo -= 8 * bump(rows, cols, _at(0.2, side * 0.55), (30, 32))
    levels = lit(heights, albedo, light=LIGHT, ambient=0.22, shine=9)

    coverage = np.zeros(HEAD_SHAPE, np.float32)
    for side in (-1, 1):
        _ear(levels, coverage, side)
    rim = (np.sqrt(unit_squared) - 1) * np.float32(FACE_RADII[1])
    skin = np.clip(np.float32(0.5) - rim * np.float32(0.7), 0, 1)
    face_levels = lit(heights, albedo, light=LIGHT, ambient=0.22, shine=9)
    levels += skin * (face_levels - levels)
    np.maximum(coverage, skin, out=coverage)
    _shadows(levels)
    _brows(levels)
    _hair(levels, coverage)
    coverage[[0, -1]] = 0
    coverage[:, [0, -1]] = 0
    return Sprite(levels, coverage, heights, (250.0, 130.0))


def _features(rows: Canvas, cols: Canvas) -> Canvas:
    relief = np.zeros(HEAD_SHAPE, np.float32)
    hills: list[tuple[float, float, float, float, float]] = [  # down, across, radius rows, radius cols, height
        (0.02, 0.0, 34, 20, 6),
        (0.17, 0.0, 42, 22, 9),
        (0.29, 0.0, 24, 24, 12),
        (0.335, -0.17, 13, 14, 6),
        (0.335, 0.17, 13, 14, 6),
        (0.57, 0.0, 30, 52, 7),
        (0.53, 0.0, 8, 30, 3),
        (0.63, 0.0, 10, 26, 4),
        (0.87, 0.0, 24, 32, 9),
        (0.73, 0.0, 8, 30, -4),
        (-0.55, 0.0, 60, 70, 6),
    ]
    for side in (-1, 1):
        hills += [
            (-0.22, side * 0.40, 20, 46, 4),
            (-0.06, side * 0.40, 28, 38, -9),
            (0.20, side * 0.52, 44, 42, 7),
            (0.43, side * 0.36, 30, 9, -3),
        ]
    for down, across, radius_rows, radius_cols, height in hills:
        relief += np.float32(height) * bump(rows, cols, _at(down, across), (radius_rows, radius_cols))
    return relief


def _ear(levels: Canvas, coverage: Canvas, side: int) -> None:
    centre = _at(0.06, side * 1.03)
    lightness = 150.0 if side < 0 else 104.0
    ellipse(coverage, centre, (29, 13), 1.0, axis=(0.98, side * 0.17), soft=1.5)
    ellipse(levels, centre, (31, 15), lightness)
    ellipse(levels, (centre[0], centre[1] + side * 2), (21, 7), lightness - 45, soft=6)
    ellipse(levels, (centre[0] + 3, centre[1] - side * 3), (10, 4), lightness - 70, soft=5)


def _shadows(levels: Canvas) -> None:
    """What a relief alone does not show: cast shadows and creases."""
    polygon(levels, [_at(0.20, 0.10), _at(0.37, 0.20), _at(0.48, 0.26), _at(0.44, 0.05)], 84, soft=12, opacity=0.5)
    for side in (-1, 1):
        ellipse(levels, _at(0.375, side * 0.10), (3.6, 6.0), 48, soft=4, opacity=0.9, axis=(0.97, side * 0.24))
        capsule(levels, _at(0.30, side * 0.26), _at(0.38, side * 0.24), (1, 1), 90, soft=5, opacity=0.6)
        capsule(levels, _at(0.36, side * 0.33), _at(0.60, side * 0.46), (1, 1), 95, soft=8, opacity=0.45)
    ellipse(levels, _at(0.735, 0.03), (5, 22), 90, soft=10, opacity=0.4)


def _brows(levels: Canvas) -> None:
    for side in (-1, 1):
        for hair in range(90):
            along = chance(21, side + 2, hair)
            arch = 4 * along * (1 - along)
            base_down = -0.205 - 0.045 * arch + 0.03 * along
            base = _at(base_down + 0.03 * (chance(22, side + 2, hair) - 0.5), side * (0.18 + 0.50 * along))
            tip = (base[0] - 4.5 * (1 - along) + 1.0, base[1] + side * (4 + 5 * along))
            capsule(levels, base, tip, (1.1, 0.5), 38 + 30 * chance(23, hair), opacity=0.75)


# The hair lies between two curves, each from the temple at the left of the picture over the head to the other temple.
_HAIRLINE = (
    (0.04, -0.99), (-0.24, -0.955), (-0.46, -0.86), (-0.60, -0.70), (-0.70, -0.46), (-0.735, -0.15), (-0.72, 0.16),
    (-0.66, 0.46), (-0.56, 0.70), (-0.44, 0.87), (-0.22, 0.955), (0.04, 0.99),
)  # fmt: skip
_CROWN = (
    (0.02, -1.05), (-0.32, -1.10), (-0.66, -1.09), (-0.96, -0.93), (-1.18, -0.66), (-1.31, -0.26), (-1.33, 0.16),
    (-1.24, 0.58), (-1.02, 0.90), (-0.70, 1.08), (-0.32, 1.10), (0.02, 1.05),
)  # fmt: skip
_PARTING = 0.33


def _along(curve: tuple[Point, ...], part: float) -> Point:
    """Walk a smooth curve through the points (Catmull and Rom, 1974); ``part`` 0 is its start, 1 its end."""
    place = min(max(part, 0.0), 1.0) * (len(curve) - 1)
    knot = min(int(place), len(curve) - 2)
    x = place - knot
    before, start, end, after = (curve[min(max(knot + step, 0), len(curve) - 1)] for step in (-1, 0, 1, 2))
    weights = (
        x * (x * (2 - x) - 1) / 2,
        (x * x * (3 * x - 5) + 2) / 2,
        x * (x * (4 - 3 * x) + 1) / 2,
        x * x * (x - 1) / 2,
    )
    down = sum(weight * point[0] for weight, point in zip(weights, (before, start, end, after), strict=True))
    across = sum(weight * point[1] for weight, point in zip(weights, (before, start, end, after), strict=True))
    return _at(down, across)


def _hair_place(part: float, depth: float) -> Point:
    low, high = _along(_HAIRLINE, part), _along(_CROWN, part)
    return low[0] + depth * (high[0] - low[0]), low[1] + depth * (high[1] - low[1])


def _hair(levels: Canvas, coverage: Canvas) -> None:
    """Short hair, combed to both sides of a parting, strand by strand."""
    outline = [_hair_place(step / 40, 0.02) for step in range(41)]
    outline += [_hair_place(step / 40, 0.98) for step in range(40, -1, -1)]
    polygon(levels, [(row + 6, col + 2) for row, col in outline], 70, soft=16, opacity=0.45)  # its shadow
    polygon(levels, outline, 36, soft=5)
    polygon(coverage, outline, 1.0, soft=3)
    for strand in range(1500):
        _strand(levels, coverage, strand)


def _strand(levels: Canvas, coverage: Canvas, strand: int) -> None:
    part, shade = chance(31, strand), chance(33, strand)
    depth = 1.06 * chance(32, strand)
    way = 1.0 if part > _PARTING else -1.0
    length = 0.05 + 0.13 * chance(34, strand)
    # Hair rises from the parting and falls towards the ears.
    fall = 0.10 + 0.25 * chance(35, strand) - 0.40 * max(0.0, 1 - 5 * abs(part - _PARTING)) * (1 - depth)
    points = []
    for step in range(6):
        along = step / 5
        points.append(_hair_place(part + way * length * along, depth - fall * along * along))
    for begin, stop in pairwise(points):
        across = (begin[1] - FACE_CENTRE[1]) / FACE_RADII[1]
        up = (begin[0] - FACE_CENTRE[0]) / FACE_RADII[0]
        beside, above = (across + 0.22) / 0.80, (up + 1.05 - 0.25 * across * across) / 0.17
        sheen = max(0.0, 1 - beside * beside) * max(0.0, 1 - above * above)
        level = 22 + 38 * shade * shade + sheen * (14 + 62 * shade)
        capsule(levels, begin, stop, (0.8, 0.7), level, opacity=0.6)
        if strand % 2 == 0:
            capsule(coverage, begin, stop, (0.5, 0.4), 1.0, opacity=0.8)


def face(closed: float, mouth: float, gaze: Point) -> Sprite:
    """Add eyes and mouth to the head.

    Args:
        closed: Eyelids, 0 open to 1 closed.
        mouth: Opening of the mouth, 0 to 1.
        gaze: (rows, cols) in pixels that the irises are off centre.
    """
    still = head()
    levels = still.levels.copy()
    for side in (-1, 1):
        _eye(levels, side, closed, gaze)
    _mouth(levels, mouth)
    return Sprite(levels, still.coverage, still.heights, still.pivot)


def _eye(levels: Canvas, side: int, closed: float, gaze: Point) -> None:
    row, col = _at(-0.045, side * 0.405)
    opening = 8.2 * (1 - closed)
    lower = row + 5.5
    upper = lower - opening - 5.5 * (1 - closed)
    window = BoundingBox(levels, row - 16, col - 22, row + 16, col + 22)
    # An eye is where two discs overlap: the lids' edges are their rims.
    lid_radius = 24.0
    bow = 6.5 * (1 - closed)
    above = ellipse_distance(window.rows, window.cols, (upper + lid_radius - 2.0, col), (lid_radius, 25.0))
    below = ellipse_distance(window.rows, window.cols, (lower + 2.5 - bow * 0.4 - 26.0, col), (26.0, 30.0))
    open_part = np.maximum(above, below)
    if closed < 0.9:
        ball = _ball_levels(window, (row + 2, col))
        window.fill(open_part, lambda rows, cols: ball)
        iris = ellipse_distance(window.rows, window.cols, (row - 0.5 + gaze[0], col + gaze[1]), (8.0, 8.0))
        window.fill(np.maximum(open_part, iris), 62)
        window.fill(np.maximum(open_part, iris + 2.2), 84, soft=3)
        window.fill(np.maximum(open_part, iris + 4.6), 14)
        glint = ellipse_distance(window.rows, window.cols, (row - 3.4 + gaze[0], col - 2.6 + gaze[1]), (1.9, 1.9))
        window.fill(np.maximum(open_part, glint), 245)
        window.fill(np.maximum(open_part, -above - 5), 60, soft=6, opacity=0.35)  # the lid's shadow on the ball
    lash_row = upper - 1.0 if closed < 0.9 else lower - 1.0
    for step in range(8):
        begin, stop = -16 + 4 * step, -12 + 4 * step
        capsule(
            levels,
            (lash_row + 0.022 * begin * begin * (1 - 1.9 * closed), col + begin),
            (lash_row + 0.022 * stop * stop * (1 - 1.9 * closed), col + stop),
            (1.3, 1.3),
            34,
            opacity=0.85,
        )
    capsule(levels, (upper - 7, col - 12), (upper - 7.5, col + 12), (0.8, 0.8), 96, soft=4, opacity=0.5 * (1 - closed))
    capsule(levels, (lower + 6.0, col - 10), (lower + 5.5, col + 12), (0.8, 0.8), 110, soft=5, opacity=0.35)


def _ball_levels(window: BoundingBox, centre: Point) -> Canvas:
    """Shade the white of an eye: brightest in the middle, dim in the corners."""
    return 112 + 104 * bump(window.rows, window.cols, centre, (22, 24))


def _mouth(levels: Canvas, opening: float) -> None:
    row, col = _at(0.585, 0.0)
    drop = 13.0 * opening
    wide = 29.0 - 5.0 * opening
    if opening > 0.04:
        ellipse(levels, (row + drop * 0.45, col), (1.2 + drop * 0.62, wide - 4), 30)
        window = BoundingBox(levels, row - 6, col - wide, row + drop + 4, col + wide)
        inside = ellipse_distance(window.rows, window.cols, (row + drop * 0.45, col), (0.6 + drop * 0.55, wide - 7))
        teeth = ellipse_distance(window.rows, window.cols, (row - 5.0, col), (8.5, wide - 6))
        window.fill(np.maximum(inside, teeth), 196)
    upper = [
        (row - 1.5, col - wide), (row - 5.5, col - 12), (row - 7.5, col - 5), (row - 6.0, col), (row - 7.5, col + 5),
        (row - 5.5, col + 12), (row - 1.5, col + wide), (row + 0.6 - drop * 0.05, col + 10), (row + 1.4, col),
        (row + 0.6 - drop * 0.05, col - 10),
    ]  # fmt: skip
    polygon(levels, upper, 112, soft=2.5, opacity=0.8)
    under = row + drop
    lower = [
        (row - 1.5 + drop * 0.3, col - wide + 1), (under + 1.5, col - 12), (under + 2.0, col), (under + 1.5, col + 12),
        (row - 1.5 + drop * 0.3, col + wide - 1), (under + 8.5, col + 11), (under + 10.5, col), (under + 8.5, col - 11),
    ]  # fmt: skip
    polygon(levels, lower, 146, soft=3, opacity=0.8)
    ellipse(levels, (under + 5.5, col - 4), (2.2, 9), 196, soft=5, opacity=0.6)
    if opening <= 0.2:
        for side in (-1, 1):
            capsule(levels, (row + 2.0, col), (row - 0.8, col + side * wide), (0.8, 0.8), 58, soft=2, opacity=0.8)
    for side in (-1, 1):
        ellipse(levels, (row - 1, col + side * (wide + 1)), (2.4, 2.6), 72, soft=4, opacity=0.6)
