"""The empty corridor as a security camera sees it: traced once per state of the lamps, with perspective and shade.

Metres: across to the right, up from the floor, along away from the camera. Light is added up linearly and shown with a
gamma of 2, because the square root is exact everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recordings.scenes._draw import Canvas, Point
from recordings.scenes._noise import mix

HALLWAY_SHAPE = (432, 768)
HALF_WIDTH, CEILING, END = 1.6, 2.9, 18.0
LAMPS = (0.6, 4.6, 8.6, 12.6, 16.6)  # along the corridor, all in its middle; the first hangs above the camera
OPENING_LEFT, OPENING_RIGHT, OPENING_HEIGHT = (8.6, 9.9), (15.6, 17.2), 2.15
_FOCAL_PX = 580.0
_EYE = (0.45, 2.5)  # across, up
_PITCH = (40 / 41, 9 / 41)  # cosine and sine of 12.7 degrees downwards
_AMBIENT, _EXPOSURE = 0.06, 1.75
_SAMPLES = 3  # rays per pixel along rows and along columns


@dataclass(frozen=True, slots=True)
class Projection:
    """Where a point of the corridor appears, and how large one metre is there."""

    row: float
    col: float
    px_per_m: float
    depth: float


def project(across: float, up: float, along: float) -> Projection:
    """Project a point; ``depth`` below 0.3 m means behind or too near to be drawn."""
    right, above = across - _EYE[0], up - _EYE[1]
    depth = along * _PITCH[0] - above * _PITCH[1]
    below = -above * _PITCH[0] - along * _PITCH[1]
    px_per_m = _FOCAL_PX / max(depth, 0.3)
    return Projection(HALLWAY_SHAPE[0] / 2 + below * px_per_m, HALLWAY_SHAPE[1] / 2 + right * px_per_m, px_per_m, depth)


def light_at(across: float, up: float, along: float, lamps_on: tuple[bool, ...]) -> float:
    """Add up the light that reaches a person's front at a point, for the same exposure as the walls."""
    total = _AMBIENT
    for lamp, is_on in zip(LAMPS, lamps_on, strict=True):
        if is_on:
            drop, ahead = CEILING - up, along - lamp
            total += 0.62 / (across * across + drop * drop + ahead * ahead + 0.8)
    return total


def shown(light: float) -> float:
    """Turn linear light into a gray level."""
    return math.sqrt(min(max(light * _EXPOSURE, 0.0), 1.0)) * 255


@lru_cache(maxsize=4)
def hallway(lamps_on: tuple[bool, ...]) -> Canvas:
    """Trace the empty corridor; the canvas is read-only."""
    rows, cols = HALLWAY_SHAPE
    total = np.zeros(HALLWAY_SHAPE, np.float32)
    for down in range(_SAMPLES):
        for right in range(_SAMPLES):
            row = (np.arange(rows, dtype=np.float32) + np.float32((down + 0.5) / _SAMPLES - rows / 2))[:, None]
            col = (np.arange(cols, dtype=np.float32) + np.float32((right + 0.5) / _SAMPLES - cols / 2))[None, :]
            light = _trace(row * np.float32(1 / _FOCAL_PX), col * np.float32(1 / _FOCAL_PX), lamps_on)
            total += np.sqrt(np.clip(light * np.float32(_EXPOSURE), 0, 1))
    canvas: Canvas = total * np.float32(255 / (_SAMPLES * _SAMPLES))
    canvas.flags.writeable = False
    return canvas


def _trace(below: Canvas, right: Canvas, lamps_on: tuple[bool, ...]) -> Canvas:
    """Return the linear light along the rays through the image plane at (below, right)."""
    rising = (np.float32(-_PITCH[1]) - below * np.float32(_PITCH[0])) + right * 0
    ahead = (np.float32(_PITCH[0]) - below * np.float32(_PITCH[1])) + right * 0
    sideways = right + below * 0
    far = np.float32(1e6)
    to_floor = np.where(rising < -1e-6, np.float32(-_EYE[1]) / np.minimum(rising, np.float32(-1e-6)), far)
    to_ceiling = np.where(rising > 1e-6, np.float32(CEILING - _EYE[1]) / np.maximum(rising, np.float32(1e-6)), far)
    to_left = np.where(
        sideways < -1e-6, np.float32(-HALF_WIDTH - _EYE[0]) / np.minimum(sideways, np.float32(-1e-6)), far
    )
    to_right = np.where(sideways > 1e-6, np.float32(HALF_WIDTH - _EYE[0]) / np.maximum(sideways, np.float32(1e-6)), far)
    to_end = np.float32(END) / ahead
    nearest = np.minimum(np.minimum(np.minimum(to_floor, to_ceiling), np.minimum(to_left, to_right)), to_end)
    across = np.float32(_EYE[0]) + sideways * nearest
    up = np.float32(_EYE[1]) + rising * nearest
    along = ahead * nearest

    light = np.zeros(nearest.shape, np.float32)
    is_floor, is_ceiling = nearest == to_floor, nearest == to_ceiling
    is_left, is_right = (nearest == to_left) & ~is_floor & ~is_ceiling, (nearest == to_right) & ~is_floor & ~is_ceiling
    is_end = ~(is_floor | is_ceiling | is_left | is_right)
    light[is_floor] = _floor(
        across[is_floor], along[is_floor], sideways[is_floor], rising[is_floor], ahead[is_floor], lamps_on
    )
    light[is_ceiling] = _ceiling(across[is_ceiling], along[is_ceiling], lamps_on)
    for side, chosen, opening in ((-1, is_left, OPENING_LEFT), (1, is_right, OPENING_RIGHT)):
        wall_up, wall_along = up[chosen], along[chosen]
        wall = _wall(wall_up, wall_along, side) * _shine(
            np.float32(side * HALF_WIDTH), wall_up, wall_along, side, lamps_on
        )
        is_open = (wall_along > opening[0]) & (wall_along < opening[1]) & (wall_up < OPENING_HEIGHT)
        beyond = _side_room(wall_up, wall_along, np.abs(sideways[chosen]), rising[chosen], ahead[chosen], opening[1])
        light[chosen] = np.where(is_open, beyond, wall)
    light[is_end] = _end_wall(across[is_end], up[is_end]) * _shine(
        across[is_end], up[is_end], np.float32(END), 0, lamps_on
    )
    light[is_end] += _end_glow(across[is_end], up[is_end])
    return light


def _shine(
    across: Canvas | np.float32, up: Canvas, along: Canvas | np.float32, side: int, lamps_on: tuple[bool, ...]
) -> Canvas:
    """Light on an upright surface: the wall at ``side``, or, with 0, the end wall. Lamps send it down and aside."""
    total = np.zeros_like(up) + np.float32(_AMBIENT)
    drop = np.float32(CEILING) - up
    for lamp, is_on in zip(LAMPS, lamps_on, strict=True):
        if is_on:
            ahead = along - np.float32(lamp)
            squared = across * across + drop * drop + ahead * ahead + np.float32(0.15)
            facing = np.abs(across) if side else np.abs(ahead)
            total += np.float32(1.75) * facing * (drop + np.float32(0.35)) / (squared * squared)
            total += np.float32(0.05) / (squared + 1)
    lit: Canvas = total * _corner(up, 0.5)
    return lit


def _corner(distance: Canvas, reach: float) -> Canvas:
    """Darken towards a corner of the corridor, where less light arrives."""
    near: Canvas = np.clip(1 - distance * np.float32(1 / reach), 0, 1)
    share: Canvas = 1 - np.float32(0.45) * near * near
    return share


def _floor(
    across: Canvas, along: Canvas, sideways: Canvas, rising: Canvas, ahead: Canvas, lamps_on: tuple[bool, ...]
) -> Canvas:
    """Glossy tiles, 0.4 m wide, with joints, that mirror the lamps."""
    tile_across, tile_along = (across + 8) * np.float32(2.5), along * np.float32(2.5)
    cell_across, cell_along = np.floor(tile_across), np.floor(tile_along)
    joint = np.minimum(_to_line(tile_across), _to_line(tile_along)) * np.float32(0.4)
    joint_share = np.clip(np.float32(1.3) - joint * 75, 0, 1) * np.clip(
        np.float32(1.25) - along * np.float32(0.075), 0.12, 1
    )
    keys = cell_across.astype(np.uint32) * np.uint32(7919) + cell_along.astype(np.uint32) * np.uint32(104729)
    shade = mix(keys).astype(np.float32) * np.float32(1 / 4294967296.0)
    checker = (cell_across + cell_along).astype(np.int32) % 2
    albedo = np.float32(0.34) + np.float32(0.05) * shade + np.where(checker == 0, np.float32(0.13), np.float32(0))
    albedo = albedo * (1 - np.float32(0.62) * joint_share)
    total = np.zeros_like(along) + np.float32(_AMBIENT)
    mirrored = np.zeros_like(along)
    up_again = np.float32(CEILING) / -rising
    mirror_across, mirror_along = across + sideways * up_again, along + ahead * up_again
    for lamp, is_on in zip(LAMPS, lamps_on, strict=True):
        if is_on:
            away = along - np.float32(lamp)
            squared = across * across + away * away + np.float32(CEILING * CEILING)
            total += np.float32(2.1 * CEILING * CEILING) / (squared * squared)
            beside = np.clip(np.float32(1.35) - np.abs(mirror_across) * np.float32(1.25), 0, 1)
            before = np.clip(np.float32(1.9) - np.abs(mirror_along - np.float32(lamp)) * np.float32(1.35), 0, 1)
            mirrored += beside * before
    grazing = 1 + rising / np.sqrt(sideways * sideways + rising * rising + ahead * ahead)
    mirrored *= np.float32(0.035) + np.float32(0.16) * grazing * grazing * grazing
    edge = np.float32(HALF_WIDTH) - np.abs(across)
    light: Canvas = (albedo * total + mirrored * (1 - np.float32(0.7) * joint_share)) * _corner(edge, 0.45)
    return light


def _to_line(position: Canvas) -> Canvas:
    part = position - np.floor(position)
    return np.minimum(part, 1 - part)


def _ceiling(across: Canvas, along: Canvas, lamps_on: tuple[bool, ...]) -> Canvas:
    panel = np.minimum(_to_line((across + 9) * np.float32(1 / 0.6)), _to_line(along * np.float32(1 / 0.6)))
    light = np.where(panel < 0.03, np.float32(0.085), np.float32(0.14)) * _corner(
        np.float32(HALF_WIDTH) - np.abs(across), 0.6
    )
    for lamp, is_on in zip(LAMPS, lamps_on, strict=True):
        is_lamp = (np.abs(across) < 0.6) & (np.abs(along - np.float32(lamp)) < 0.6)
        is_rim = (np.abs(across) < 0.66) & (np.abs(along - np.float32(lamp)) < 0.66)
        light = np.where(is_rim, np.float32(0.22 if is_on else 0.08), light)
        light = np.where(is_lamp, np.float32(1.4 if is_on else 0.06), light)
    return light


def _wall(up: Canvas, along: Canvas, side: int) -> Canvas:
    """Reflectance of a side wall: plaster over a darker dado, doors with frames, a notice board at the right."""
    albedo = np.where(up < 1.0, np.float32(0.44), np.float32(0.78))
    albedo = np.where(np.abs(up - 1.03) < 0.04, np.float32(0.24), albedo)
    albedo = np.where(up < 0.12, np.float32(0.14), albedo)
    for start, lightness in ((5.4, 0.30), (12.4, 0.30)) if side < 0 else ((5.9, 0.24), (11.6, 0.34)):
        albedo = _door(albedo, up, along - np.float32(start), lightness)
    opening = OPENING_LEFT if side < 0 else OPENING_RIGHT
    is_frame = (along > opening[0] - 0.1) & (along < opening[1] + 0.1) & (up < OPENING_HEIGHT + 0.1)
    albedo = np.where(is_frame, np.float32(0.26), albedo)
    if side > 0:
        is_board = (along > 8.0) & (along < 10.0) & (up > 1.25) & (up < 2.05)
        albedo = np.where(is_board, np.float32(0.20), albedo)
        for note in range(6):
            first, base = 8.1 + 0.31 * note, 1.36 + 0.13 * (note * 5 % 3)
            is_note = (along > first) & (along < first + 0.22) & (up > base) & (up < base + 0.32)
            albedo = np.where(is_note, np.float32(0.85 - 0.05 * (note % 3)), albedo)
    return albedo


def _door(albedo: Canvas, up: Canvas, along: Canvas, lightness: float) -> Canvas:
    """Set a door of 1 x 2.1 m, its frame, a small pane and a handle into the wall; ``along`` counts from the door."""
    albedo = np.where((along > -0.09) & (along < 1.09) & (up < 2.19), np.float32(0.62), albedo)
    albedo = np.where((along > 0) & (along < 1) & (up < 2.1), np.float32(lightness), albedo)
    albedo = np.where((along > 0.38) & (along < 0.80) & (up > 1.28) & (up < 1.88), np.float32(0.12), albedo)
    albedo = np.where((along > 0.41) & (along < 0.77) & (up > 1.31) & (up < 1.85), np.float32(0.66), albedo)
    albedo = np.where((along > 0.08) & (along < 0.92) & (up < 0.3) & (up > 0.06), np.float32(lightness * 1.6), albedo)
    return np.where((along > 0.06) & (along < 0.20) & (np.abs(up - 1.04) < 0.025), np.float32(0.9), albedo)


def _side_room(up: Canvas, along: Canvas, outwards: Canvas, rising: Canvas, ahead: Canvas, jamb: float) -> Canvas:
    """Continue a ray through an opening: to the floor there, the far side of the opening, or a wall 2.4 m away."""
    to_floor = np.where(rising < -1e-6, up / np.maximum(-rising, np.float32(1e-6)), np.float32(1e6))
    to_jamb = (np.float32(jamb) - along) / ahead
    to_back = np.float32(2.4) / np.maximum(outwards, np.float32(1e-6))
    light = np.where(to_floor < np.minimum(to_jamb, to_back), np.float32(0.095), np.float32(0.20))
    depth = np.minimum(to_jamb, to_back) * outwards
    wall = np.float32(0.23) - np.float32(0.055) * depth
    wall = np.where(up + rising * to_jamb < 0.12, np.float32(0.05), wall)
    return np.where(to_floor < np.minimum(to_jamb, to_back), light, wall)


def _end_wall(across: Canvas, up: Canvas) -> Canvas:
    albedo = np.where(up < 1.0, np.float32(0.44), np.float32(0.78))
    albedo = np.where(np.abs(up - 1.03) < 0.04, np.float32(0.24), albedo)
    albedo = np.where((np.abs(across) < 1.02) & (up < 2.2), np.float32(0.62), albedo)
    albedo = np.where((np.abs(across) < 0.93) & (up < 2.1), np.float32(0.26), albedo)
    return np.where((np.abs(across) < 0.02) & (up < 2.1), np.float32(0.05), albedo)


def _end_glow(across: Canvas, up: Canvas) -> Canvas:
    """Daylight through the panes of the double door at the end, and a sign above it."""
    from_middle = np.abs(across)
    is_pane = (from_middle > 0.24) & (from_middle < 0.70) & (up > 0.95) & (up < 1.85)
    is_sign = (from_middle < 0.30) & (up > 2.32) & (up < 2.50)
    glow = np.where(is_pane, np.float32(0.42), np.float32(0)) + np.where(is_sign, np.float32(0.36), np.float32(0))
    return glow.astype(np.float32)


def jamb_mask(rows: Canvas, cols: Canvas, side: int) -> NDArray[np.bool_]:
    """Return where a person in or behind the opening at ``side`` is not hidden by the wall in front of it."""
    along = OPENING_LEFT[0] if side < 0 else OPENING_RIGHT[0]
    foot, head = project(side * HALF_WIDTH, 0.0, along), project(side * HALF_WIDTH, OPENING_HEIGHT, along)
    slope = (head.col - foot.col) / (head.row - foot.row)
    border = np.float32(foot.col) + (rows - np.float32(foot.row)) * np.float32(slope)
    is_shown: NDArray[np.bool_] = (cols > border) if side < 0 else (cols < border)
    return is_shown


def corner(across: float, up: float, along: float) -> Point:
    """Return the (row, col) of a point of the corridor."""
    seen = project(across, up, along)
    return seen.row, seen.col
