"""The room behind the person in front of the webcam, slightly out of focus."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recordings.scenes._draw import Canvas, Paint, Point, blurred, capsule, ellipse, polygon, rectangle
from recordings.scenes._noise import chance, grain

ROOM_SHAPE = (480, 640)


@lru_cache(maxsize=1)
def room() -> Canvas:
    """Draw the room once: a window at the left, shelves at the right, a plant and a picture; read-only."""
    rows = (np.arange(ROOM_SHAPE[0], dtype=np.float32) + np.float32(0.5))[:, None]
    cols = (np.arange(ROOM_SHAPE[1], dtype=np.float32) + np.float32(0.5))[None, :]
    # The wall: brightest beside the window, dim in the far corner and towards the floor.
    away = np.sqrt((rows - 150) * (rows - 150) + (cols - 150) * (cols - 150)) * np.float32(1 / 640)
    canvas = (np.float32(186) - np.float32(92) * away).astype(np.float32) + grain(ROOM_SHAPE, 40, 40, 71) * 2
    _window(canvas)
    _picture(canvas)
    _shelves(canvas)
    _plant(canvas, (392, 84))
    canvas = blurred(canvas, 1, passes=3)
    canvas.flags.writeable = False
    return canvas


def _window(canvas: Canvas) -> None:
    rectangle(canvas, 18, 16, 292, 176, 226)
    rectangle(canvas, 26, 24, 284, 168, lambda rows, cols: 248 - rows * np.float32(0.10) + cols * 0)
    # Outside: far roofs and a tree, paler the farther away.
    for house in range(7):
        left = 24 + house * 21
        top = 170 + 40 * chance(81, house)
        rectangle(canvas, top, left, 284, min(left + 24, 168), 176 + 26 * chance(82, house))
        for pane in range(4):
            rectangle(canvas, top + 12 + pane * 20, left + 5, top + 21 + pane * 20, min(left + 10, 168), 132)
    for leaf in range(90):
        place = (212 + 60 * chance(83, leaf), 116 + 52 * chance(84, leaf))
        ellipse(canvas, place, (9, 8), 104 + 56 * chance(85, leaf), soft=3)
    rectangle(canvas, 284, 16, 292, 176, 226)
    rectangle(canvas, 18, 92, 292, 101, 214)
    rectangle(canvas, 136, 24, 143, 168, 210)
    rectangle(canvas, 18, 168, 292, 176, 200)
    rectangle(canvas, 292, 6, 303, 188, 232)
    rectangle(canvas, 303, 10, 310, 186, 116)
    for fold in range(7):  # a curtain at the right of the window
        left = 172 + fold * 6
        shade = 196 - 34 * (fold % 2) - 3 * fold
        polygon(canvas, [(8, left), (8, left + 7), (330, left + 9 + fold), (330, left + fold)], shade, soft=3)
    rectangle(canvas, 4, 2, 9, 224, 70)


def _picture(canvas: Canvas) -> None:
    rectangle(canvas, 66, 262, 200, 372, 60)
    rectangle(canvas, 72, 268, 194, 366, 214)
    rectangle(canvas, 88, 282, 178, 352, lambda rows, cols: 200 - (rows - 88) * np.float32(0.9) + cols * 0)
    ellipse(canvas, (110, 334), (9, 9), 236)
    polygon(canvas, [(178, 282), (136, 300), (124, 312), (150, 330), (142, 340), (160, 352), (178, 352)], 84)


def _shelves(canvas: Canvas) -> None:
    polygon(canvas, [(20, 424), (20, 640), (480, 640), (480, 424)], 78)
    for shelf in range(4):
        top = 24 + shelf * 112
        rectangle(
            canvas,
            top,
            436,
            top + 102,
            640,
            _shaded(top),
        )
        _books(canvas, shelf, top + 102)
        rectangle(canvas, top + 102, 424, top + 112, 640, 142)
        rectangle(canvas, top + 108, 424, top + 112, 640, 88)
    rectangle(canvas, 16, 424, 26, 640, 148)
    rectangle(canvas, 16, 424, 480, 436, 132)
    rectangle(canvas, 16, 433, 480, 436, 92)


def _shaded(top: float) -> Paint:
    """Paint the back of a shelf: darkest under the board above."""
    return lambda rows, cols: np.float32(58) + (rows - np.float32(top)) * np.float32(0.28) + cols * 0


def _books(canvas: Canvas, shelf: int, floor: float) -> None:
    left = 438.0
    book = 0
    while left < 632:
        key = shelf * 40 + book
        wide, tall = 8 + 13 * chance(91, key), 54 + 36 * chance(92, key)
        lightness = 52 + 150 * chance(93, key)
        book += 1
        if chance(94, key) < 0.10:  # a gap, with a ball or a vase in it
            ellipse(canvas, (floor - 16, left + 20), (16, 15), 178, soft=2)
            ellipse(canvas, (floor - 21, left + 15), (5, 5), 232, soft=5)
            left += 42
            continue
        rectangle(canvas, floor - tall, left, floor, left + wide, lightness)
        rectangle(canvas, floor - tall, left, floor, left + 2, lightness * 0.6)
        rectangle(canvas, floor - tall + 9, left + 2, floor - tall + 12, left + wide, lightness * 0.55 + 90)
        rectangle(canvas, floor - 15, left + 2, floor - 11, left + wide, lightness * 0.55 + 90)
        left += wide


def _plant(canvas: Canvas, pot: Point) -> None:
    rectangle(canvas, 446, 0, 480, 230, 122)  # a low cupboard
    rectangle(canvas, 446, 0, 451, 230, 168)
    polygon(canvas, [(380, pot[1] - 34), (380, pot[1] + 34), (446, pot[1] + 25), (446, pot[1] - 25)], _glazed)
    rectangle(canvas, 376, pot[1] - 37, 387, pot[1] + 37, 188)
    for leaf in range(34):
        lean = 2 * chance(101, leaf) - 1
        tall = 60 + 70 * chance(102, leaf) * (1 - 0.4 * lean * lean)
        base = (378.0, pot[1] + 18 * lean)
        bend = (378 - tall * 0.7, pot[1] + 52 * lean)
        tip = (378 - tall + 42 * lean * lean, pot[1] + 92 * lean)
        lightness = 48 + 74 * chance(103, leaf) - 16 * lean
        capsule(canvas, base, bend, (2.4, 5.0), lightness)
        capsule(canvas, bend, tip, (5.0, 0.8), lightness + 14)
        capsule(canvas, bend, tip, (0.8, 0.4), lightness + 52)


def _glazed(rows: Canvas, cols: Canvas) -> Canvas:
    off = (cols - np.float32(74)) * np.float32(1 / 44)
    return np.float32(206) - np.float32(96) * off * off + rows * 0
