"""Zones on a picture: outline, name and scores of each."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.analysis import EdgeScore, Result
from livefilter.frame import Pixels
from livefilter.kernels import Zone
from livefilter.layers._layer import Layer
from livefilter.layers._text import TextStyle, shade


class ZoneOutlines(Layer):
    """Draws the zones where they are in the filtered image, also if that was mirrored or is beside the original.

    Args:
        zones: The zones.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)

    @property
    def is_visible(self) -> bool:
        """Whether there is a zone."""
        return bool(self._zones)

    def draw(self, canvas: Pixels, result: Result) -> None:
        """Draw all outlines, then names and scores above them."""
        rows, cols = result.filtered.shape[:2]
        image = canvas[:, canvas.shape[1] - cols :]  # The original of a comparison is at its left.
        style = TextStyle.for_shape(*canvas.shape[:2])
        outlines = [_corners(zone, (rows, cols), is_mirrored=result.frame.is_mirrored) for zone in self._zones]
        for level, thickness in ((0, 3 * style.thickness_px), (255, style.thickness_px)):  # White with black borders.
            cv2.polylines(image, outlines, isClosed=True, color=(level,) * 3, thickness=thickness, lineType=cv2.LINE_AA)
        for zone, corners in zip(self._zones, outlines, strict=True):
            _draw_label(image, style, corners, zone.name, result.analysis.zones.get(zone.name))


def _corners(zone: Zone, shape: tuple[int, int], *, is_mirrored: bool) -> NDArray[np.int32]:
    """Return the pixels (x, y) at the corners of a zone; whole ones, so that upright lines are crisp."""
    corners = np.array(zone.points)
    if is_mirrored:
        corners[:, 0] = 1 - corners[:, 0]
    last = np.array((shape[1], shape[0])) - 1
    return np.asarray(np.minimum(np.floor(corners * (last + 1)), last), dtype=np.int32)


def _draw_label(
    image: Pixels, style: TextStyle, corners: NDArray[np.int32], name: str, score: EdgeScore | None
) -> None:
    """Draw the name and the three scores on a shaded panel at the top of a zone, inside the image."""
    lines = [name]
    if score is not None:
        lines.append(f"{score.horizontal:.3f} {score.vertical:.3f} {score.density:.3f}")
    pad = style.height_px // 2
    rows, cols = len(lines) * style.line_px + pad, max(map(style.width, lines)) + 2 * pad
    at_x, at_y = corners[np.lexsort((corners[:, 0], corners[:, 1]))[0]]  # The highest corner, of these the leftmost.
    top = int(np.clip(at_y + 2 * style.thickness_px, 0, max(image.shape[0] - rows, 0)))
    leftmost, rightmost = corners[:, 0].min(), corners[:, 0].max()
    left = max(min(at_x + 2 * style.thickness_px, rightmost - cols), leftmost)  # Over the zone, if it is wide enough.
    left = int(np.clip(left, 0, max(image.shape[1] - cols, 0)))
    panel = shade(image, top, left, rows, cols)
    for number, line in enumerate(lines):
        style.draw(panel, line, pad, pad + style.height_px + number * style.line_px)
