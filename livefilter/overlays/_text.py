"""Text on gray pictures, in sizes that follow the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from livefilter.frame import Pixels

_FONT = cv2.FONT_HERSHEY_DUPLEX
_SHADE = 0.3
"""What is left of the picture's brightness behind text: white stays readable on it whatever the picture shows."""


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Sizes for one picture size, in pixels.

    Attributes:
        height_px: Height of a capital letter.
        scale: The same as OpenCV's font scale.
        thickness_px: Of the strokes.
    """

    height_px: int
    scale: float
    thickness_px: int

    @classmethod
    def fitting(cls, rows: int, cols: int) -> TextStyle:
        """Return sizes for a picture: a capital letter is a 40th of its height, and at least 8 pixels."""
        height_px = max(8, round(min(rows, cols * 3 / 4) / 40))
        thickness_px = max(1, height_px // 10)
        return cls(height_px, cv2.getFontScaleFromHeight(_FONT, height_px, thickness_px), thickness_px)

    @property
    def line_px(self) -> int:
        """Distance from one line of text to the next."""
        return self.height_px * 9 // 5

    def width(self, text: str) -> int:
        """Return how wide ``text`` is drawn, in pixels."""
        (width, _), _ = cv2.getTextSize(text, _FONT, self.scale, self.thickness_px)
        return int(width)

    def draw(self, pixels: Pixels, text: str, left: int, base: int, level: int = 255) -> None:
        """Write ``text`` with its baseline at row ``base``, in place."""
        cv2.putText(pixels, text, (left, base), _FONT, self.scale, (level,) * 3, self.thickness_px, cv2.LINE_AA)


def shade(pixels: Pixels, top: int, left: int, rows: int, cols: int) -> Pixels:
    """Darken a rectangle in place and return the part of it that lies inside the picture, as a view."""
    area = pixels[max(top, 0) : top + rows, max(left, 0) : left + cols]
    np.copyto(area, (area * _SHADE).astype(np.uint8))
    return area


def draw_panel(pixels: Pixels, lines: list[str]) -> None:
    """Draw lines of text on a shaded panel in the middle of the picture, in place; what does not fit is cut off."""
    style = TextStyle.fitting(*pixels.shape[:2])
    pad = style.height_px
    cols = max(map(style.width, lines)) + 2 * pad
    rows = len(lines) * style.line_px + 2 * pad - (style.line_px - style.height_px)
    top, left = (pixels.shape[0] - rows) // 2, (pixels.shape[1] - cols) // 2
    shade(pixels, top, left, rows, cols)
    for number, line in enumerate(lines):
        style.draw(pixels, line, left + pad, top + pad + style.height_px + number * style.line_px)
