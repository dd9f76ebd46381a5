"""Zones on a picture: outline, name and scores of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.analysis import EdgeScore, Result
from livefilter.frame import Pixels
from livefilter.kernels import Zone
from livefilter.layers._layer import Layer
from livefilter.layers._text import TextStyle, shade


@dataclass(frozen=True, slots=True, eq=False)
class _Outline:
    """A zone in images of one size.

    Attributes:
        name: The zone's name.
        corners: int32, shape (n, 2): the pixels (x, y) at its corners; whole ones, so that upright lines are crisp.
        top: Row of the highest corner.
        top_left: Column of the highest corner, the leftmost of several.
        left: First column.
        right: Last column.
    """

    name: str
    corners: NDArray[np.int32]
    top: int
    top_left: int
    left: int
    right: int


class ZoneOutlines(Layer):
    """Draws the zones where they are in the filtered image, also if that was mirrored or is beside the original.

    Args:
        zones: The zones.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)
        self._outlines: list[_Outline] = []
        self._form: tuple[int, int, bool] | None = None
        """Rows and columns of the images that the outlines are for, and whether these are mirrored."""

    @property
    def is_visible(self) -> bool:
        """Whether there is a zone."""
        return bool(self._zones)

    def draw(self, canvas: Pixels, result: Result) -> None:
        """Draw all outlines, then names and scores above them."""
        rows, cols = result.filtered.shape[:2]
        image = canvas[:, canvas.shape[1] - cols :]  # The original of a comparison is at its left.
        form = (rows, cols, result.frame.is_mirrored)
        if form != self._form:
            self._form, self._outlines = form, [_outline(zone, *form) for zone in self._zones]
        style = TextStyle.for_shape(*canvas.shape[:2])
        corners = [outline.corners for outline in self._outlines]
        for level, thickness in ((0, 3 * style.thickness_px), (255, style.thickness_px)):  # White with black borders.
            cv2.polylines(image, corners, isClosed=True, color=(level,) * 3, thickness=thickness, lineType=cv2.LINE_AA)
        for outline in self._outlines:
            _draw_label(image, style, outline, result.analysis.zones.get(outline.name))


def _outline(zone: Zone, rows: int, cols: int, is_mirrored: bool) -> _Outline:
    last = np.array((cols, rows)) - 1
    points = np.array(zone.points)
    if is_mirrored:
        points[:, 0] = 1 - points[:, 0]
    corners = np.asarray(np.minimum(np.floor(points * (last + 1)), last), dtype=np.int32)
    top, top_left = min((int(row), int(col)) for col, row in corners)
    return _Outline(zone.name, corners, top, top_left, int(corners[:, 0].min()), int(corners[:, 0].max()))


def _draw_label(image: Pixels, style: TextStyle, outline: _Outline, score: EdgeScore | None) -> None:
    """Draw the name and the three scores on a shaded panel at the top of a zone, inside the image."""
    lines = [outline.name]
    if score is not None:
        lines.append(f"{score.horizontal:.3f} {score.vertical:.3f} {score.density:.3f}")
    pad, inset = style.height_px // 2, 2 * style.thickness_px
    rows, cols = len(lines) * style.line_px + pad, max(map(style.width, lines)) + 2 * pad
    left = max(min(outline.top_left + inset, outline.right - cols), outline.left)  # Over the zone, if that is wide.
    top, left = min(outline.top + inset, image.shape[0] - rows), min(left, image.shape[1] - cols)
    panel = shade(image, max(top, 0), max(left, 0), rows, cols)
    for number, line in enumerate(lines):
        style.draw(panel, line, pad, pad + style.height_px + number * style.line_px)
