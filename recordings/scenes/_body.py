"""The rest of the person in front of the webcam: neck and shirt, and the hand that waves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recordings.scenes._draw import (
    Canvas,
    Point,
    blurred,
    capsule,
    capsule_distance,
    ellipse,
    polygon_distance,
)
from recordings.scenes._head import LIGHT
from recordings.scenes._noise import chance, grain
from recordings.scenes._sprite import Sprite, bump, lit

TORSO_SHAPE = (250, 560)
_MIDDLE = 280.0
HAND_SHAPE = (330, 200)
_SKIN = 206.0
# Rows and columns in the hand's sprite, from the root to the tip of each finger, and the radii there.
_FINGERS: tuple[tuple[Point, Point, Point], ...] = (
    ((110, 72), (44, 50), (10.5, 8.0)),
    ((104, 92), (25, 84), (11.0, 8.5)),
    ((106, 112), (32, 117), (10.5, 8.0)),
    ((114, 130), (56, 146), (9.0, 7.0)),
    ((158, 70), (108, 28), (13.5, 9.0)),
)


def _grid(shape: tuple[int, int]) -> tuple[Canvas, Canvas]:
    rows = (np.arange(shape[0], dtype=np.float32) + np.float32(0.5))[:, None]
    cols = (np.arange(shape[1], dtype=np.float32) + np.float32(0.5))[None, :]
    return rows, cols


@lru_cache(maxsize=1)
def torso() -> Sprite:
    """Model the neck, the shoulders and a striped shirt, down to below the frame."""
    rows, cols = _grid(TORSO_SHAPE)
    off = cols - np.float32(_MIDDLE)
    outline = [
        (52, -60), (60, -88), (78, -150), (98, -200), (122, -226), (170, -246), (260, -262),
        (260, 262), (170, 246), (122, 226), (98, 200), (78, 150), (60, 88), (52, 60),
    ]  # fmt: skip
    shoulders = polygon_distance(rows, cols, [(row, col + _MIDDLE) for row, col in outline])
    heights = _cushion(-shoulders, 95.0, 70.0) + _folds(rows, cols)
    heights = blurred(heights.astype(np.float32), 3)
    # Stripes follow the chest: they sag towards the middle and where the cloth is high.
    height_along = rows - np.float32(0.0011) * off * off + heights * np.float32(0.25)
    phase = height_along * np.float32(1 / 27)
    phase -= np.floor(phase)
    stripe = np.clip((np.abs(phase - np.float32(0.5)) - np.float32(0.31)) * 16, 0, 1)
    weave = grain(TORSO_SHAPE, 2, 2, 41) * np.float32(2.5)
    albedo = np.float32(96) + stripe * np.float32(108) + weave
    levels = lit(heights, albedo, light=LIGHT, ambient=0.12)
    coverage = np.clip(np.float32(0.5) - shoulders * np.float32(0.6), 0, 1)

    ellipse(levels, (58, _MIDDLE), (31, 72), 40, soft=10, opacity=0.6)
    ellipse(levels, (54, _MIDDLE), (31, 68), 78, soft=2)  # the collar
    ellipse(levels, (51, _MIDDLE), (28, 62), 52, soft=2)
    neck = polygon_distance(
        rows,
        cols,
        [(row, col + _MIDDLE) for row, col in [(-9, -46), (40, -48), (66, -58), (76, 0), (66, 58), (40, 48), (-9, 46)]],
    )
    column = np.sqrt(np.clip(1 - (off / np.float32(62)) * (off / np.float32(62)), 0, 1)) * np.float32(46)
    throat = column + 6 * bump(rows, cols, (40, _MIDDLE), (22, 12)) + np.zeros_like(heights)
    for side in (-1, 1):
        throat += 5 * bump(rows, cols, (58, _MIDDLE + side * 26), (46, 12))
    skin = np.float32(_SKIN - 8) - np.clip(1 - rows * np.float32(1 / 62), 0, 1) * np.float32(105)  # the chin's shadow
    neck_coverage = np.clip(np.float32(0.5) - neck * np.float32(0.5), 0, 1)
    levels += neck_coverage * (lit(blurred(throat, 2), skin, light=LIGHT, ambient=0.2) - levels)
    np.maximum(coverage, neck_coverage, out=coverage)
    coverage[:, [0, -1]] = 0
    return Sprite(levels, coverage.astype(np.float32), heights, (40.0, _MIDDLE))


def _cushion(depth: Canvas, reach: float, height: float) -> Canvas:
    """Return a quarter-circle rise from the outline inwards, flat from ``reach`` pixels on."""
    away: Canvas = 1 - np.clip(depth * np.float32(1 / reach), 0, 1)
    rise: Canvas = np.sqrt(1 - away * away) * np.float32(height)
    return rise


def _folds(rows: Canvas, cols: Canvas) -> Canvas:
    relief = np.zeros(TORSO_SHAPE, np.float32)
    for fold in range(26):
        side = -1 if fold % 2 else 1
        begin = (80 + 150 * chance(51, fold), _MIDDLE + side * (60 + 165 * chance(52, fold)))
        end = (begin[0] + 30 + 55 * chance(53, fold), begin[1] - side * (10 + 60 * chance(54, fold)))
        distance = capsule_distance(rows, cols, begin, end, (0.0, 0.0)) * np.float32(1 / (9 + 9 * chance(55, fold)))
        ridge = np.clip(1 - distance * distance, 0, 1)
        relief += ridge * ridge * np.float32(9 * chance(56, fold) - 3.5)
    return relief


@lru_cache(maxsize=1)
def hand() -> Sprite:
    """Model an open hand, palm towards the camera, with a sleeve below it. The pivot is the elbow."""
    rows, cols = _grid(HAND_SHAPE)
    palm = [(108, 64), (102, 92), (106, 122), (118, 138), (160, 134), (190, 118), (192, 86), (166, 64), (132, 60)]
    shape = polygon_distance(rows, cols, palm) - np.float32(4)
    heights = _cushion(-shape, 20.0, 15.0)
    heights += 6 * bump(rows, cols, (158, 78), (32, 24)) + 5 * bump(rows, cols, (160, 122), (36, 18))
    heights -= 4 * bump(rows, cols, (146, 100), (34, 26))
    for root, tip, radii in (*_FINGERS, ((182, 102), (260, 104), (24.0, 29.0))):
        distance = capsule_distance(rows, cols, root, tip, radii)
        heights = np.maximum(heights, _cushion(-distance, min(radii), min(radii) * 1.15))
        shape = np.minimum(shape, distance)
    heights = blurred(heights.astype(np.float32), 1)
    albedo = np.float32(_SKIN) + grain(HAND_SHAPE, 3, 3, 61) * np.float32(2) + grain(HAND_SHAPE, 21, 17, 62) * 5
    levels = lit(heights, albedo.astype(np.float32), light=LIGHT, ambient=0.2, shine=6)
    coverage = np.clip(np.float32(0.5) - shape, 0, 1)
    _creases(levels)

    cuff = capsule_distance(rows, cols, (232, 103), (320, 108), (37.0, 48.0))
    sleeve = np.maximum(cuff, np.float32(222) - rows)
    cloth = _cushion(-cuff, 40.0, 36.0) + grain(HAND_SHAPE, 14, 40, 63) * np.float32(3.5)
    phase = (rows + cloth * np.float32(0.3)) * np.float32(1 / 27)
    stripe = np.clip((np.abs(phase - np.floor(phase) - np.float32(0.5)) - np.float32(0.31)) * 16, 0, 1)
    sleeve_coverage = np.clip(np.float32(0.5) - sleeve * np.float32(0.7), 0, 1)
    ellipse(levels, (220, 103), (5, 30), 60, soft=8, opacity=0.6)
    woven = lit(
        blurred(cloth.astype(np.float32), 2), np.float32(96) + stripe * np.float32(108), light=LIGHT, ambient=0.12
    )
    levels += sleeve_coverage * (woven - levels)
    np.maximum(coverage, sleeve_coverage, out=coverage)
    coverage[[0, -1]] = 0
    coverage[:, [0, -1]] = 0
    return Sprite(levels, coverage.astype(np.float32), heights, (330.0, 108.0))


def _creases(levels: Canvas) -> None:
    lines: list[tuple[Point, Point]] = [
        ((128, 66), (136, 100)), ((136, 100), (126, 132)), ((140, 62), (150, 92)), ((150, 92), (176, 104)),
        ((191, 84), (193, 118)),
    ]  # fmt: skip
    for start, end in lines:
        capsule(levels, start, end, (0.7, 0.7), 110, soft=3, opacity=0.55)
    for root, tip, radii in _FINGERS:
        for part in (0.12, 0.42, 0.72):
            row, col = root[0] + part * (tip[0] - root[0]), root[1] + part * (tip[1] - root[1])
            wide = radii[0] * 0.55
            capsule(levels, (row + 0.8, col - wide), (row, col + wide), (0.5, 0.5), 118, soft=2.4, opacity=0.5)
