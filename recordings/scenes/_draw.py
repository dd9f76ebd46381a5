"""Anti-aliased shapes on a float32 canvas, from signed distances.

Positions are (row, col) in pixels; pixel (r, c) covers [r, r + 1) x [c, c + 1), so an edge at column 100 lies exactly
between the pixels 99 and 100. Each shape touches only its bounding box. Only + - * / sqrt floor min max are used on
arrays: IEEE 754 defines those to the last bit, so the pixels are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float32]
Point = tuple[float, float]
# A gray level, or a function that gives one for the (rows, cols) pixel centres of the bounding box.
Paint = float | Callable[[Canvas, Canvas], Canvas]


class BoundingBox:
    """The part of a canvas inside a bounding box, with the positions of its pixel centres."""

    __slots__ = ("cols", "pixels", "rows")

    def __init__(self, canvas: Canvas, top: float, left: float, bottom: float, right: float) -> None:
        """Cut the box out of ``canvas``; parts outside the canvas are cut off."""
        first_row, last_row = max(int(top) - 1, 0), min(int(bottom) + 2, canvas.shape[0])
        first_col, last_col = max(int(left) - 1, 0), min(int(right) + 2, canvas.shape[1])
        self.pixels: Canvas = canvas[first_row : max(last_row, first_row), first_col : max(last_col, first_col)]
        self.rows: Canvas = (np.arange(self.pixels.shape[0], dtype=np.float32) + np.float32(first_row + 0.5))[:, None]
        self.cols: Canvas = (np.arange(self.pixels.shape[1], dtype=np.float32) + np.float32(first_col + 0.5))[None, :]

    def fill(self, distance: Canvas, paint: Paint, *, soft: float = 1.0, opacity: float = 1.0) -> None:
        """Paint where ``distance`` is negative, over a ramp ``soft`` pixels wide."""
        if self.pixels.size == 0:
            return
        coverage = np.clip(np.float32(0.5) - distance * np.float32(1.0 / soft), 0, 1)
        if soft > 2:  # a wide straight ramp shows its two corners; eased, it looks like blur
            coverage = coverage * coverage * (3 - 2 * coverage)
        if opacity != 1.0:
            coverage = coverage * np.float32(opacity)
        level = paint(self.rows, self.cols) if callable(paint) else np.float32(paint)
        self.pixels += coverage * (level - self.pixels)


def rectangle(canvas: Canvas, top: float, left: float, bottom: float, right: float, paint: Paint) -> None:
    """Fill an upright rectangle; each border pixel gets exactly its covered share."""
    window = BoundingBox(canvas, top, left, bottom, right)
    tall = np.clip(np.minimum(window.rows + 0.5, bottom) - np.maximum(window.rows - 0.5, top), 0, 1)
    wide = np.clip(np.minimum(window.cols + 0.5, right) - np.maximum(window.cols - 0.5, left), 0, 1)
    window.fill(np.float32(0.5) - (tall * wide).astype(np.float32), paint)


def ellipse(
    canvas: Canvas,
    centre: Point,
    radii: Point,
    paint: Paint,
    *,
    axis: Point = (1.0, 0.0),
    soft: float = 1.0,
    opacity: float = 1.0,
) -> None:
    """Fill an ellipse.

    Args:
        canvas: Drawn on in place.
        centre: (row, col).
        radii: (along rows, along cols) before turning.
        paint: Level or function of positions.
        axis: (cosine, sine) of the turn, clockwise on the screen.
        soft: Width of the edge's ramp in pixels.
        opacity: 0 leaves the canvas alone, 1 covers it.
    """
    reach = max(radii) + soft
    window = BoundingBox(canvas, centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach)
    window.fill(ellipse_distance(window.rows, window.cols, centre, radii, axis), paint, soft=soft, opacity=opacity)


def ellipse_distance(rows: Canvas, cols: Canvas, centre: Point, radii: Point, axis: Point = (1.0, 0.0)) -> Canvas:
    """Return the signed distance to an ellipse, to first order (exact for a circle)."""
    down, across = rows - np.float32(centre[0]), cols - np.float32(centre[1])
    cosine, sine = np.float32(axis[0]), np.float32(axis[1])
    along_row, along_col = (down * cosine - across * sine), (down * sine + across * cosine)
    first_row, first_col = along_row * np.float32(1 / radii[0]), along_col * np.float32(1 / radii[1])
    second_row, second_col = first_row * np.float32(1 / radii[0]), first_col * np.float32(1 / radii[1])
    unit = np.sqrt(first_row * first_row + first_col * first_col)
    slope = np.sqrt(second_row * second_row + second_col * second_col) + np.float32(1e-6)
    distance: Canvas = unit * (unit - 1) / slope
    return np.where(unit < 0.05, np.float32(-min(radii)), distance)


def capsule(
    canvas: Canvas,
    start: Point,
    end: Point,
    radii: Point,
    paint: Paint,
    *,
    soft: float = 1.0,
    opacity: float = 1.0,
) -> None:
    """Fill a stroke with round ends whose radius goes from ``radii[0]`` at ``start`` to ``radii[1]`` at ``end``."""
    reach = max(radii) + soft
    window = BoundingBox(
        canvas,
        min(start[0], end[0]) - reach,
        min(start[1], end[1]) - reach,
        max(start[0], end[0]) + reach,
        max(start[1], end[1]) + reach,
    )
    window.fill(capsule_distance(window.rows, window.cols, start, end, radii), paint, soft=soft, opacity=opacity)


def capsule_distance(rows: Canvas, cols: Canvas, start: Point, end: Point, radii: Point) -> Canvas:
    """Return the signed distance to a stroke with round ends, exact where both radii are equal."""
    down, across = rows - np.float32(start[0]), cols - np.float32(start[1])
    run_down, run_across = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
    length_squared = run_down * run_down + run_across * run_across + np.float32(1e-9)
    part: Canvas = np.clip((down * run_down + across * run_across) / length_squared, 0, 1)
    off_down, off_across = down - part * run_down, across - part * run_across
    away: Canvas = np.sqrt(off_down * off_down + off_across * off_across)
    radius: Canvas = np.float32(radii[0]) + part * np.float32(radii[1] - radii[0])
    return away - radius


def polygon(canvas: Canvas, corners: Sequence[Point], paint: Paint, *, soft: float = 1.0, opacity: float = 1.0) -> None:
    """Fill a simple polygon, convex or not, given by its corners in order."""
    down, across = [corner[0] for corner in corners], [corner[1] for corner in corners]
    window = BoundingBox(canvas, min(down) - soft, min(across) - soft, max(down) + soft, max(across) + soft)
    window.fill(polygon_distance(window.rows, window.cols, corners), paint, soft=soft, opacity=opacity)


def polygon_distance(rows: Canvas, cols: Canvas, corners: Sequence[Point]) -> Canvas:
    """Return the exact signed distance to a polygon (Inigo Quilez, sdPolygon): negative inside."""
    nearest = np.full(np.broadcast_shapes(rows.shape, cols.shape), np.inf, np.float32)
    is_inside = np.zeros(nearest.shape, bool)
    for (row_a, col_a), (row_b, col_b) in zip(corners, [*corners[1:], corners[0]], strict=True):
        run_down, run_across = np.float32(row_b - row_a), np.float32(col_b - col_a)
        down, across = rows - np.float32(row_a), cols - np.float32(col_a)
        length_squared = run_down * run_down + run_across * run_across + np.float32(1e-9)
        part: Canvas = np.clip((down * run_down + across * run_across) / length_squared, 0, 1)
        off_down, off_across = down - part * run_down, across - part * run_across
        nearest = np.minimum(nearest, off_down * off_down + off_across * off_across)
        if run_down != 0:
            spans = (rows >= min(row_a, row_b)) & (rows < max(row_a, row_b))
            is_inside ^= spans & (across < run_across * (down / run_down))
    distance: Canvas = np.sqrt(nearest)
    return np.where(is_inside, -distance, distance)


def blurred(canvas: Canvas, radius: int, passes: int = 2) -> Canvas:
    """Return the canvas defocused: ``passes`` box averages of side 2 * radius + 1, edges replicated."""
    for axis in (0, 1):
        for _ in range(passes):
            padded = np.pad(canvas, [(radius, radius) if other == axis else (0, 0) for other in (0, 1)], mode="edge")
            total = np.zeros_like(canvas)
            for shift in range(2 * radius + 1):
                total += (
                    padded[shift : shift + canvas.shape[0]] if axis == 0 else padded[:, shift : shift + canvas.shape[1]]
                )
            canvas = total / np.float32(2 * radius + 1)
    return canvas
