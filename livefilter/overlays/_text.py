"""Text on gray pictures, in sizes that follow the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap

import cv2
import numpy as np

from livefilter.frame import Pixels

_FONT = cv2.FONT_HERSHEY_DUPLEX
_SHADED = (np.arange(256) * 0.3).astype(np.uint8)
"""What is left of each brightness behind text: white stays readable on it whatever the picture shows."""


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
    @lru_cache(maxsize=16)
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
        return _width(text, self.scale, self.thickness_px)

    def draw(self, pixels: Pixels, text: str, left: int, base: int, level: int = 255) -> None:
        """Write ``text`` with its baseline at row ``base``, in place."""
        cv2.putText(pixels, text, (left, base), _FONT, self.scale, (level,) * 3, self.thickness_px, cv2.LINE_AA)


@lru_cache(maxsize=1024)
def _width(text: str, scale: float, thickness_px: int) -> int:
    """Return what OpenCV says; it takes as long for that as to draw."""
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, thickness_px)
    return int(width)


def shade(pixels: Pixels, top: int, left: int, rows: int, cols: int) -> Pixels:
    """Darken a rectangle in place and return the part of it that lies inside the picture, as a view."""
    area = pixels[max(top, 0) : top + rows, max(left, 0) : left + cols]
    if area.size:
        np.copyto(area, cv2.LUT(area, _SHADED))
    return area


def draw_panel(
    pixels: Pixels, lines: Sequence[str], *, top: int | None = None, left: int | None = None, dot: bool = False
) -> None:
    """Draw lines of text on a shaded panel, in place.

    What follows the tabs of lines is aligned. Lines that are too long are wrapped; where there are too many for the
    height, they flow into columns, as many as there is room for. What does not fit even so is cut off.

    Args:
        pixels: Gray, uint8.
        lines: At least one.
        top: First row of the panel; unless given it is in the middle, and darker, since it may lie on other text.
        left: First column of the panel; in the middle unless given.
        dot: Draw a disc before the first line, as of a recording that runs.
    """
    style = TextStyle.fitting(*pixels.shape[:2])
    pad = style.height_px
    room_rows = max(1, (pixels.shape[0] - (top or 0) - pad) // style.line_px)
    count = -(-len(lines) // room_rows)
    high = -(-len(lines) // count)
    room_cols = (pixels.shape[1] - 2 * pad) // count - pad
    columns = [_laid_out(lines[at : at + high], style, room_cols) for at in range(0, len(lines), high)]
    indent = style.height_px * 3 // 2 if dot else 0
    widths = [max(left + style.width(text) for row in column for left, text in row) + pad for column in columns]
    cols, rows = indent + sum(widths) + pad, max(map(len, columns)) * style.line_px + pad
    times_shaded = 1 if top is not None else 2
    top = (pixels.shape[0] - rows) // 2 if top is None else top
    left = (pixels.shape[1] - cols) // 2 if left is None else left
    top, left = max(top, 0), max(left, 0)  # The first lines matter most.
    for _ in range(times_shaded):
        shade(pixels, top, left, rows, cols)
    begins = left + pad + indent
    base = top + pad * 2 // 3 + style.height_px
    if dot:
        centre = (left + pad + style.height_px // 2, base - style.height_px // 2)
        cv2.circle(pixels, centre, max(2, style.height_px // 2), (255,) * 3, cv2.FILLED, cv2.LINE_AA)
    for column, width in zip(columns, widths, strict=True):
        for number, row in enumerate(column):
            for at, text in row:
                style.draw(pixels, text, begins + at, base + number * style.line_px)
        begins += width


def _laid_out(lines: Sequence[str], style: TextStyle, room_px: int) -> list[list[tuple[int, str]]]:
    """Return rows of texts, each with the column where it begins, of lines no wider than there is room."""
    heads = [style.width(line.partition("\t")[0]) for line in lines if "\t" in line]
    indent = max(heads, default=0) + style.height_px
    rows: list[list[tuple[int, str]]] = []
    for line in lines:
        head, tab, rest = line.rpartition("\t")
        at = indent if tab else 0
        parts = [[(at, part)] for part in _wrapped(rest, style, room_px - at)]
        rows += [[(0, head), *parts[0]] if tab else parts[0], *parts[1:]]
    return rows


def _wrapped(line: str, style: TextStyle, room_px: int) -> list[str]:
    """Return a line in parts that are no wider than there is room."""
    if style.width(line) <= room_px or not line:
        return [line]
    longest = max(8, len(line) * room_px // style.width(line))
    return wrap(line, longest, subsequent_indent="  ") or [line]
