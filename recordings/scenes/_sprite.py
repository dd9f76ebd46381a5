"""Parts that are modelled once, lit as a relief, and laid into every frame moved, turned and resized."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from recordings.scenes._draw import Canvas, Point


@dataclass(frozen=True, slots=True)
class Sprite:
    """A cut-out with its relief.

    Attributes:
        levels: Gray levels, float32, 0..255.
        coverage: Opacity, float32, 0..1, same shape.
        heights: Relief towards the viewer in pixels, same shape; only a turn of the head uses it.
        pivot: The (row, col) that is laid on the place given to ``lay``.
    """

    levels: Canvas
    coverage: Canvas
    heights: Canvas
    pivot: Point


@dataclass(frozen=True, slots=True)
class Pose:
    """Where and how a sprite is laid.

    Attributes:
        place: (row, col) of the sprite's pivot on the canvas.
        axis: (cosine, sine) of the turn, clockwise on the screen.
        scale: Size on the canvas relative to the sprite.
        parallax: (rows, cols) by which one pixel of relief moves: a small nod and turn.
    """

    place: Point
    axis: Point = (1.0, 0.0)
    scale: float = 1.0
    parallax: Point = (0.0, 0.0)


def lay(canvas: Canvas, sprite: Sprite, pose: Pose) -> None:
    """Blend the sprite into the canvas, in place, with bilinear sampling."""
    rows, cols = sprite.levels.shape
    reach = _reach(sprite, pose)
    top, bottom = max(int(reach[0]), 0), min(int(reach[2]) + 1, canvas.shape[0])
    left, right = max(int(reach[1]), 0), min(int(reach[3]) + 1, canvas.shape[1])
    if top >= bottom or left >= right:
        return
    down = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - pose.place[0]))[:, None]
    across = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - pose.place[1]))[None, :]
    cosine, sine = np.float32(pose.axis[0] / pose.scale), np.float32(pose.axis[1] / pose.scale)
    # Turned back into the sprite; -0.5 because sample (0, 0) of the sprite is its pixel's centre.
    row = down * cosine - across * sine + np.float32(sprite.pivot[0] - 0.5)
    col = down * sine + across * cosine + np.float32(sprite.pivot[1] - 0.5)
    if pose.parallax != (0.0, 0.0):
        nearest = np.clip(row, 0, rows - 1).astype(np.intp) * cols + np.clip(col, 0, cols - 1).astype(np.intp)
        heights = sprite.heights.ravel().take(nearest)
        row -= heights * np.float32(pose.parallax[0])
        col -= heights * np.float32(pose.parallax[1])
    # The rim of every sprite is empty, so that clamping there shows nothing.
    np.clip(row, 0, rows - 1.001, out=row)
    np.clip(col, 0, cols - 1.001, out=col)
    whole_row, whole_col = row.astype(np.int32), col.astype(np.int32)
    row -= whole_row
    col -= whole_col
    corner = (whole_row * cols + whole_col).astype(np.intp)
    coverage = _sample(sprite.coverage.ravel(), corner, cols, row, col)
    levels = _sample(sprite.levels.ravel(), corner, cols, row, col)
    region = canvas[top:bottom, left:right]
    region += coverage * (levels - region)


def _sample(
    values: Canvas, corner: np.ndarray[tuple[int, ...], np.dtype[np.intp]], cols: int, row: Canvas, col: Canvas
) -> Canvas:
    upper, lower = values.take(corner), values.take(corner + cols)
    upper += col * (values.take(corner + 1) - upper)
    lower += col * (values.take(corner + cols + 1) - lower)
    upper += row * (lower - upper)
    return upper


def _reach(sprite: Sprite, pose: Pose) -> tuple[float, float, float, float]:
    rows, cols = sprite.levels.shape
    cosine, sine = pose.axis[0] * pose.scale, pose.axis[1] * pose.scale
    corners = [(row - sprite.pivot[0], col - sprite.pivot[1]) for row in (0, rows) for col in (0, cols)]
    down = [row * cosine + col * sine + pose.place[0] for row, col in corners]
    across = [col * cosine - row * sine + pose.place[1] for row, col in corners]
    return min(down), min(across), max(down), max(across)


def lit(
    heights: Canvas,
    albedo: Canvas | float,
    *,
    light: tuple[float, float, float],
    ambient: float = 0.35,
    shine: float = 0.0,
) -> Canvas:
    """Light a relief by one soft lamp.

    Args:
        heights: Relief towards the viewer in pixels.
        albedo: Gray level under full light, scalar or per pixel.
        light: Direction to the lamp (up, left, towards the viewer); need not have length 1.
        ambient: Share of the light that comes from everywhere.
        shine: Gray levels added where the relief mirrors the lamp.

    Returns:
        Gray levels of the shape of ``heights``.
    """
    slope_row, slope_col = np.empty_like(heights), np.empty_like(heights)
    slope_row[1:-1] = (heights[2:] - heights[:-2]) * np.float32(0.5)
    slope_col[:, 1:-1] = (heights[:, 2:] - heights[:, :-2]) * np.float32(0.5)
    slope_row[0], slope_row[-1], slope_col[:, 0], slope_col[:, -1] = 0, 0, 0, 0
    steepness = np.sqrt(slope_row * slope_row + slope_col * slope_col + 1)
    up, left, front = light
    length = math.sqrt(up * up + left * left + front * front)
    facing = (
        slope_row * np.float32(up / length) + slope_col * np.float32(left / length) + np.float32(front / length)
    ) / steepness
    # Half-Lambert: (0.5 + 0.5 cos)^2 is how a large soft lamp looks, with no hard end of the light.
    wrapped: Canvas = np.clip(facing * np.float32(0.5) + np.float32(0.5), 0, 1)
    levels = albedo * (np.float32(ambient) + np.float32(1 - ambient) * wrapped * wrapped)
    if shine:
        gloss: Canvas = np.clip(facing, 0, 1)
        for _ in range(4):  # to the 16th power, by squaring
            gloss = gloss * gloss
        levels = levels + np.float32(shine) * gloss
    return levels.astype(np.float32)


def bump(rows: Canvas, cols: Canvas, centre: Point, radii: Point) -> Canvas:
    """Return a smooth hill (1 - q**2)**2: 1 at ``centre``, 0 from the ellipse of ``radii`` outwards."""
    down, across = (
        (rows - np.float32(centre[0])) * np.float32(1 / radii[0]),
        (cols - np.float32(centre[1])) * np.float32(1 / radii[1]),
    )
    rest: Canvas = np.clip(1 - down * down - across * across, 0, 1)
    hill: Canvas = rest * rest
    return hill
