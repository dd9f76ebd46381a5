"""Scene ``chart``: a test chart whose edges lie exactly where its truth says. Free of noise."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from livefilter.sources.synthetic._drawing import Canvas, direction, swing, to_gray, write_text
from livefilter.sources.synthetic._scene import Scene

_SHAPE = (360, 640)
_FRAME_COUNT = 100
_GROUND = 128.0
# top, left, bottom, right, all of them whole pixels
_VERTICAL_STEP = (24, 24, 104, 104)
_HORIZONTAL_STEP = (24, 120, 104, 200)
_SLANTED = (24, 216, 104, 296)
_CHECKERS = (24, 312, 104, 392)
_RINGS = (24, 424, 184, 616)
_STAR = (120, 24, 280, 184)
_GRATINGS = (120, 200, 184, 392)
_DRIFTING = (200, 200, 248, 392)
_RAMP = (256, 200, 280, 392)
_WEDGE = (292, 24, 316, 392)
_COUNTER = (200, 424, 316, 616)
_LANE = (328, 24, 352, 616)

_STEP_COLUMN, _STEP_ROW = 64, 64
_STEP_LEVELS = {"vertical": (32, 224), "horizontal": (200, 48)}
_LANE_LEVEL, _BAR_LEVEL, _BAR_WIDTH, _BAR_START, _BAR_SPEED = 64, 208, 16, 28, 11
_PERIODS = (32, 16, 12, 8, 6, 4)
_DRIFT_PERIOD = 12
_SPOKES = 32


def bar_column(index: int) -> int:
    """Return the first column of the moving bar in frame ``index``: out in 50 frames and back in 50."""
    return _BAR_START + _BAR_SPEED * min(index, _FRAME_COUNT - index)


def paint(index: int) -> NDArray[np.uint8]:
    """Draw frame ``index``."""
    canvas = _still().copy()
    _part(canvas, _RINGS)[...] = _rings(index)
    _star(canvas, index)
    _part(canvas, _DRIFTING)[...] = _drifting(index)
    left = bar_column(index)
    canvas[_LANE[0] : _LANE[2], left : left + _BAR_WIDTH] = _BAR_LEVEL
    _counter(canvas, index)
    return to_gray(canvas)


def _part(canvas: Canvas, box: tuple[int, int, int, int]) -> Canvas:
    return canvas[box[0] : box[2], box[1] : box[3]]


@lru_cache(maxsize=1)
def _wave() -> Canvas:
    """One cosine period in 4096 samples, rounded by ``swing`` so that it is the same everywhere."""
    return np.array([swing(step, 4096, 0.25) for step in range(4096)], np.float32)


def _cosine(turns: Canvas) -> Canvas:
    return _wave().take(((turns - np.floor(turns)) * np.float32(4096)).astype(np.intp) & 4095)


@lru_cache(maxsize=1)
def _still() -> Canvas:
    """Draw what does not move; read-only."""
    canvas = np.full(_SHAPE, _GROUND, np.float32)
    dark, light = _STEP_LEVELS["vertical"]
    _part(canvas, _VERTICAL_STEP)[...] = dark
    canvas[_VERTICAL_STEP[0] : _VERTICAL_STEP[2], _STEP_COLUMN : _VERTICAL_STEP[3]] = light
    above, below = _STEP_LEVELS["horizontal"]
    _part(canvas, _HORIZONTAL_STEP)[...] = above
    canvas[_STEP_ROW : _HORIZONTAL_STEP[2], _HORIZONTAL_STEP[1] : _HORIZONTAL_STEP[3]] = below
    _part(canvas, _SLANTED)[...] = _slanted()
    _checkers(canvas)
    _gratings(canvas)
    _part(canvas, _RAMP)[...] = np.floor(np.arange(_RAMP[3] - _RAMP[1], dtype=np.float32) * np.float32(255 / 191) + 0.5)
    for step in range(16):  # 16 grays, 17 levels apart
        left = _WEDGE[1] + step * 23
        canvas[_WEDGE[0] : _WEDGE[2], left : left + 23] = 17 * step
    _part(canvas, _LANE)[...] = _LANE_LEVEL
    _part(canvas, _COUNTER)[...] = 24
    canvas.flags.writeable = False
    return canvas


def _slanted() -> Canvas:
    """An edge through (-99, 54.5) and (199, 25.5), (row, col) in the part; its ramp is one pixel wide."""
    down = (np.arange(_SLANTED[2] - _SLANTED[0], dtype=np.float32) + np.float32(99.5))[:, None]
    across = (np.arange(_SLANTED[3] - _SLANTED[1], dtype=np.float32) - np.float32(54))[None, :]
    distance: Canvas = (across * np.float32(298) + down * np.float32(29)) * np.float32(1 / math.hypot(298, 29))
    share = np.clip(np.float32(0.5) + distance, 0, 1)
    levels: Canvas = np.float32(40) + share * np.float32(216 - 40)
    return levels


def _checkers(canvas: Canvas) -> None:
    top, left, bottom, right = _CHECKERS
    square = (np.arange(bottom - top)[:, None] // 10 + np.arange(right - left)[None, :] // 10) % 2
    _part(canvas, _CHECKERS)[...] = np.where(square == 0, np.float32(232), np.float32(24))


def _gratings(canvas: Canvas) -> None:
    """Upright sine gratings side by side, their periods in pixels."""
    wide = (_GRATINGS[3] - _GRATINGS[1]) // len(_PERIODS)
    for place, period in enumerate(_PERIODS):
        left = _GRATINGS[1] + place * wide
        turns = np.arange(wide, dtype=np.float32) * np.float32(1 / period)
        canvas[_GRATINGS[0] : _GRATINGS[2], left : left + wide] = np.float32(128) + np.float32(100) * _cosine(turns)


def _drifting(index: int) -> Canvas:
    """A lying grating that moves down by exactly 3 px, a quarter of its period, in each frame."""
    rows = np.arange(_DRIFTING[2] - _DRIFTING[0], dtype=np.float32)
    turns = rows * np.float32(1 / _DRIFT_PERIOD) - np.float32(index % 4 * 0.25)
    return (np.float32(128) + np.float32(80) * _cosine(turns))[:, None]


@lru_cache(maxsize=1)
def _ring_turns() -> Canvas:
    tall, wide = _RINGS[2] - _RINGS[0], _RINGS[3] - _RINGS[1]
    down = (np.arange(tall, dtype=np.float32) + np.float32(0.5 - tall / 2))[:, None]
    across = (np.arange(wide, dtype=np.float32) + np.float32(0.5 - wide / 2))[None, :]
    return (down * down + across * across) * np.float32(0.0026)


def _rings(index: int) -> Canvas:
    """A zone plate that runs inwards: up to 0.5 cycles per pixel at the ends of its rows."""
    rings: Canvas = np.float32(128) + np.float32(110) * _cosine(_ring_turns() + np.float32(index % 25 * 0.04))
    return rings


@lru_cache(maxsize=1)
def _spokes() -> tuple[Canvas, Canvas, Canvas]:
    """Return cosine and sine of 32 times the angle around the star's centre, and the distance from it.

    Squaring a unit complex number doubles its angle; five squarings give 32 spokes without an arctangent.
    """
    tall = _STAR[2] - _STAR[0]
    down = (np.arange(tall, dtype=np.float32) + np.float32(0.5 - tall / 2))[:, None]
    across = down.T
    radius = np.sqrt(down * down + across * across)
    cosine, sine = across / radius, down / radius
    for _ in range(5):
        cosine, sine = cosine * cosine - sine * sine, 2 * cosine * sine
    return cosine, sine, radius


def _star(canvas: Canvas, index: int) -> None:
    """A Siemens star that turns by one spoke pair in 25 frames."""
    cosine, sine, radius = _spokes()
    turned = direction(index % 25 / 25)
    # The sine of 32 times the angle, over its slope there, is the distance from the nearest spoke's edge in pixels.
    wave = sine * np.float32(turned[0]) - cosine * np.float32(turned[1])
    share = np.clip(np.float32(0.5) + wave * radius * np.float32(1 / _SPOKES), 0, 1)
    levels = np.float32(20) + np.float32(216) * share
    disc = np.clip(np.float32(_STAR[2] - _STAR[0]) / 2 - radius, 0, 1)
    region = _part(canvas, _STAR)
    region += disc * (levels - region)


def _counter(canvas: Canvas, index: int) -> None:
    """The frame's index as three digits, and as eight squares, the highest bit first: white is 1."""
    top, left = _COUNTER[0], _COUNTER[1]
    write_text(canvas, f"{index:03d}", top + 12, left + 18, scale=9, level=232)
    for bit in range(8):
        is_set = index >> (7 - bit) & 1
        canvas[top + 88 : top + 104, left + 16 + bit * 20 : left + 36 + bit * 20 - 4] = 232 if is_set else 72


def facts() -> dict[str, object]:
    """Return where the steps, the bar and the frame number are."""
    return {
        "vertical_step": {
            "column": _STEP_COLUMN,
            "rows": [_VERTICAL_STEP[0], _VERTICAL_STEP[2]],
            "from_level": _STEP_LEVELS["vertical"][0],
            "to_level": _STEP_LEVELS["vertical"][1],
        },
        "horizontal_step": {
            "row": _STEP_ROW,
            "columns": [_HORIZONTAL_STEP[1], _HORIZONTAL_STEP[3]],
            "from_level": _STEP_LEVELS["horizontal"][0],
            "to_level": _STEP_LEVELS["horizontal"][1],
        },
        "bar": {
            "rows": [_LANE[0], _LANE[2]],
            "width": _BAR_WIDTH,
            "level": _BAR_LEVEL,
            "lane_level": _LANE_LEVEL,
            "left_columns": [bar_column(index) for index in range(_FRAME_COUNT)],
        },
        "frame_number": {
            "rows": [_COUNTER[0] + 88, _COUNTER[0] + 104],
            "left_columns": [_COUNTER[1] + 16 + bit * 20 for bit in range(8)],
            "width": 16,
            "levels": [72, 232],
        },
        "grating_periods": list(_PERIODS),
        "boxes": {
            "vertical_step": list(_VERTICAL_STEP),
            "horizontal_step": list(_HORIZONTAL_STEP),
            "slanted_edge": list(_SLANTED),
            "checkers": list(_CHECKERS),
            "rings": list(_RINGS),
            "star": list(_STAR),
            "gratings": list(_GRATINGS),
            "drifting_grating": list(_DRIFTING),
            "ramp": list(_RAMP),
            "wedge": list(_WEDGE),
        },
    }


CHART = Scene(
    name="chart",
    description="A test chart with edges at known places and a bar that moves by a known step.",
    shape=_SHAPE,
    rate=Fraction(25),
    frame_count=_FRAME_COUNT,
    paint=paint,
    facts=facts,
)
