"""Scene ``corridor``: a security camera looks down a corridor; four people come and go, one lamp fails for a while."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from livefilter.sources.synthetic import Scene, to_gray, write_text
from recordings.scenes._draw import Canvas, Point, capsule, polygon
from recordings.scenes._hallway import HALLWAY_SHAPE, LAMPS, corner, hallway, light_at, shown
from recordings.scenes._motion import quantise
from recordings.scenes._noise import add_sensor_noise, chance
from recordings.scenes._walker import Walker, draw_walker

_FRAME_COUNT = 200
_NOISE_SIGMA = 1.4
_FAILING_LAMP, _LAMP_OFF, _LAMP_ON = 2, 120, 165  # dark from the first of these frames to before the second
_VISIBLE_PX = 24  # fewer pixels of a person do not count as visible

_WALKERS = (
    Walker(
        "ada",
        height=1.70,
        path=((8, 2.6, 16.4), (20, 0.7, 15.8), (110, 0.35, 0.3)),
        shirt=0.62,
        trousers=0.09,
        skin=0.52,
        hair=0.035,
    ),
    Walker(
        "ben",
        height=1.84,
        path=((40, -0.6, 0.3), (94, -0.6, 7.9), (101, -1.0, 9.0), (113, -2.9, 9.2)),
        shirt=0.11,
        trousers=0.26,
        skin=0.44,
        hair=0.10,
        bag=0.30,
    ),
    Walker(
        "cleo",
        height=1.66,
        path=((124, -2.9, 9.2), (136, -1.0, 9.2), (145, -0.3, 10.2), (183, 0.6, 15.9), (195, 2.8, 16.4)),
        shirt=0.40,
        trousers=0.50,
        skin=0.50,
        hair=0.05,
    ),
    Walker(
        "dan",
        height=1.22,
        path=((134, 0.7, 0.3), (178, 0.6, 13.5), (186, 0.9, 15.9), (192, 2.8, 16.3)),
        shirt=0.72,
        trousers=0.20,
        skin=0.55,
        hair=0.20,
    ),
)


def paint(index: int) -> NDArray[np.uint8]:
    """Draw frame ``index``."""
    lamps_on = _lamps_on(index)
    canvas = _furnished(lamps_on).copy()
    present = [walker for walker in _WALKERS if walker.is_present(index)]
    for walker in sorted(present, key=lambda walker: -walker.stand(index)[1]):
        draw_walker(canvas, walker, index, lamps_on)
    add_sensor_noise(canvas, _NOISE_SIGMA, seed=2002, index=index)
    _stamp(canvas, index)
    return to_gray(canvas)


def _lamps_on(index: int) -> tuple[bool, ...]:
    return tuple(lamp != _FAILING_LAMP or not _LAMP_OFF <= index < _LAMP_ON for lamp in range(len(LAMPS)))


def _stamp(canvas: Canvas, index: int) -> None:
    """Write camera and time into the picture, as such cameras do."""
    for shift, level in ((1, 10.0), (0, 235.0)):
        write_text(canvas, "CAM 02", 406 + shift, 14 + shift, scale=2, level=level)
        write_text(canvas, f"00:00:{index // 10:02d}", 406 + shift, 646 + shift, scale=2, level=level)


@lru_cache(maxsize=4)
def _furnished(lamps_on: tuple[bool, ...]) -> Canvas:
    """Add a bench and a plant to the corridor; read-only."""
    canvas = hallway(lamps_on).copy()
    _bench(canvas, lamps_on)
    _plant(canvas, lamps_on)
    canvas.flags.writeable = False
    return canvas


def _corner(across: float, up: float, along: float) -> Point:
    row, col = corner(across, up, along)
    return quantise(row), quantise(col)


def _bench(canvas: Canvas, lamps_on: tuple[bool, ...]) -> None:
    first, last, front, back = 7.9, 10.1, 1.14, 1.56
    light = light_at(front, 0.5, 9.0, lamps_on)
    shadow = [_corner(a, 0, z) for a, z in ((front - 0.08, first), (front - 0.08, last), (1.6, last), (1.6, first))]
    polygon(canvas, shadow, shown(0.05 * light), soft=6, opacity=0.75)
    for along in (last - 0.15, first + 0.15):
        for across in (back, front + 0.04):
            capsule(canvas, _corner(across, 0, along), _corner(across, 0.42, along), (1.8, 1.8), shown(0.12 * light))
    for slat in range(3):
        near, far = front + 0.145 * slat, front + 0.145 * slat + 0.12
        seat = [_corner(a, 0.46, z) for a, z in ((near, first), (near, last), (far, last), (far, first))]
        polygon(canvas, seat, shown((0.55 - 0.05 * slat) * light))
    edge = [
        _corner(front, 0.46, first),
        _corner(front, 0.46, last),
        _corner(front, 0.40, last),
        _corner(front, 0.40, first),
    ]
    polygon(canvas, edge, shown(0.26 * light))
    face = [
        _corner(front, 0.46, first),
        _corner(back, 0.46, first),
        _corner(back, 0.40, first),
        _corner(front, 0.40, first),
    ]
    polygon(canvas, face, shown(0.22 * light))


def _plant(canvas: Canvas, lamps_on: tuple[bool, ...]) -> None:
    across, along = -1.25, 6.95
    light = light_at(across, 0.7, along, lamps_on)
    base = _corner(across, 0.0, along)
    polygon(
        canvas,
        [_corner(across + x, 0.0, along + z) for x, z in ((-0.3, -0.2), (0.3, -0.25), (0.3, 0.25), (-0.3, 0.2))],
        10,
        soft=8,
        opacity=0.5,
    )
    capsule(canvas, base, _corner(across, 0.42, along), (11.0, 16.0), lambda rows, cols: _pot(rows, cols, base, light))
    capsule(
        canvas, _corner(across - 0.15, 0.5, along), _corner(across + 0.15, 0.5, along), (3.0, 3.0), shown(0.07 * light)
    )
    for leaf in range(30):
        lean, aside = 2 * chance(111, leaf) - 1, 2 * chance(112, leaf) - 1
        tall = 0.95 + 0.55 * chance(113, leaf)
        root = _corner(across + 0.08 * lean, 0.5, along)
        bend = _corner(across + 0.22 * lean, 0.4 + 0.72 * (tall - 0.4), along + 0.1 * aside)
        tip = _corner(across + 0.46 * lean, tall - 0.35 * lean * lean, along + 0.2 * aside)
        level = shown((0.10 + 0.16 * chance(114, leaf)) * light)
        capsule(canvas, root, bend, (1.0, 3.2), level)
        capsule(canvas, bend, tip, (3.2, 0.5), level + 12)
        capsule(canvas, bend, tip, (0.6, 0.3), level + 36)


def _pot(rows: Canvas, cols: Canvas, base: Point, light: float) -> Canvas:
    off = (cols - np.float32(base[1])) * np.float32(1 / 16)
    return np.float32(shown(0.6 * light)) * (1 - np.float32(0.1) * off - np.float32(0.3) * off * off) + rows * 0


def visible_box(walker: Walker, index: int) -> list[int] | None:
    """Return the box around what the camera sees of a person who is alone there, or None if that is next to nothing."""
    if not walker.is_present(index):
        return None
    canvas = np.zeros(HALLWAY_SHAPE, np.float32)
    draw_walker(canvas, walker, index, _lamps_on(index), has_shadow=False)
    is_person = canvas >= 8
    if int(is_person.sum()) < _VISIBLE_PX:
        return None
    rows, cols = np.flatnonzero(is_person.any(axis=1)), np.flatnonzero(is_person.any(axis=0))
    return [int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1]


def facts() -> dict[str, object]:
    """Return who is visible from when to when, where in every tenth frame, and when the light changes."""
    entries = []
    for walker in _WALKERS:
        boxes = {index: visible_box(walker, index) for index in range(_FRAME_COUNT)}
        seen = [index for index, box in boxes.items() if box is not None]
        entries.append(
            {
                "person": walker.name,
                "enters": seen[0],
                "leaves": seen[-1] + 1,
                "boxes": {str(index): boxes[index] for index in seen if index % 10 == 0},
            }
        )
    lighting = [
        {"frame": _LAMP_OFF, "lamp": _FAILING_LAMP, "is_on": False},
        {"frame": _LAMP_ON, "lamp": _FAILING_LAMP, "is_on": True},
    ]
    return {"entries": entries, "lighting": lighting}


CORRIDOR = Scene(
    name="corridor",
    description="A security camera looks down a corridor: people come and go, a lamp fails for a while.",
    shape=HALLWAY_SHAPE,
    rate=Fraction(10),
    frame_count=_FRAME_COUNT,
    paint=paint,
    facts=facts,
)
