"""Text and panels on images, in sizes that follow the image."""

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
"""Lookup table that darkens the background of text: white stays readable on it, whatever the image shows."""


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Text sizes for one image size.

    Attributes:
        height_px: Height of a capital letter, in pixels.
        scale: OpenCV's font scale for that height.
        thickness_px: Width of the strokes, in pixels.
    """

    height_px: int
    scale: float
    thickness_px: int

    @classmethod
    @lru_cache(maxsize=16)
    def for_shape(cls, rows: int, cols: int) -> TextStyle:
        """Return sizes for an image: a capital letter is a 40th of its height, and at least 8 pixels."""
        height_px = max(8, round(min(rows, cols * 3 / 4) / 40))
        thickness_px = max(1, height_px // 10)
        return cls(height_px, cv2.getFontScaleFromHeight(_FONT, height_px, thickness_px), thickness_px)

    @property
    def line_px(self) -> int:
        """Distance from one line of text to the next, in pixels."""
        return self.height_px * 9 // 5

    def width(self, text: str) -> int:
        """Return the width of ``text``, in pixels."""
        return _width(text, self.scale, self.thickness_px)

    def draw(self, pixels: Pixels, text: str, left: int, base: int, level: int = 255) -> None:
        """Draw ``text`` in place, with its baseline at row ``base``."""
        cv2.putText(pixels, text, (left, base), _FONT, self.scale, (level,) * 3, self.thickness_px, cv2.LINE_AA)


@lru_cache(maxsize=1024)
def _width(text: str, scale: float, thickness_px: int) -> int:
    """Return OpenCV's width of a text. Cached, because measuring a text takes as long as drawing it."""
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, thickness_px)
    return int(width)


def shade(pixels: Pixels, top: int, left: int, rows: int, cols: int) -> Pixels:
    """Darken a rectangle in place and return the part of it inside the image, as a view."""
    area = pixels[max(top, 0) : top + rows, max(left, 0) : left + cols]
    if area.size:
        np.copyto(area, cv2.LUT(area, _SHADED))
    return area


def draw_panel(
    pixels: Pixels, lines: Sequence[str], *, top: int | None = None, left: int | None = None, dot: bool = False
) -> None:
    """Draw lines of text on a shaded panel, in place.

    Text after a tab is aligned over all lines. Lines that are too long are wrapped, and too many lines for the height
    flow into columns. What still does not fit is cut off.

    Args:
        pixels: uint8, gray (rows, cols) or BGR (rows, cols, 3).
        lines: At least one.
        top: First row of the panel. Default: in the middle, and darker, because it may cover other text.
        left: First column of the panel. Default: in the middle.
        dot: Draw a disc before the first line, as a sign of recording.
    """
    style = TextStyle.for_shape(*pixels.shape[:2])
    pad = style.height_px
    room_rows = max(1, (pixels.shape[0] - (top or 0) - pad) // style.line_px)
    count = -(-len(lines) // room_rows)
    high = -(-len(lines) // count)
    room_cols = (pixels.shape[1] - 2 * pad) // count - pad
    columns = [_lay_out(lines[at : at + high], style, room_cols) for at in range(0, len(lines), high)]
    indent = style.height_px * 3 // 2 if dot else 0
    widths = [max(left + style.width(text) for row in column for left, text in row) + pad for column in columns]
    cols, rows = indent + sum(widths) + pad, max(map(len, columns)) * style.line_px + pad
    times_shaded = 1 if top is not None else 2
    top = (pixels.shape[0] - rows) // 2 if top is None else top
    left = (pixels.shape[1] - cols) // 2 if left is None else left
    top, left = max(top, 0), max(left, 0)  # Cut off the end rather than the beginning.
    for _ in range(times_shaded):
        shade(pixels, top, left, rows, cols)
    text_left = left + pad + indent
    base = top + pad * 2 // 3 + style.height_px
    if dot:
        centre = (left + pad + style.height_px // 2, base - style.height_px // 2)
        cv2.circle(pixels, centre, max(2, style.height_px // 2), (255,) * 3, cv2.FILLED, cv2.LINE_AA)
    for column, width in zip(columns, widths, strict=True):
        for number, row in enumerate(column):
            for at, text in row:
                style.draw(pixels, text, text_left + at, base + number * style.line_px)
        text_left += width


def _lay_out(lines: Sequence[str], style: TextStyle, room_px: int) -> list[list[tuple[int, str]]]:
    """Return the rows of a column of text: each a list of texts with their left edges, wrapped to ``room_px``."""
    heads = [style.width(line.partition("\t")[0]) for line in lines if "\t" in line]
    indent = max(heads, default=0) + style.height_px
    rows: list[list[tuple[int, str]]] = []
    for line in lines:
        head, tab, rest = line.rpartition("\t")
        at = indent if tab else 0
        parts = [[(at, part)] for part in _wrap(rest, style, room_px - at)]
        rows += [[(0, head), *parts[0]] if tab else parts[0], *parts[1:]]
    return rows


def _wrap(line: str, style: TextStyle, room_px: int) -> list[str]:
    """Return a line as parts that are at most ``room_px`` wide."""
    if style.width(line) <= room_px or not line:
        return [line]
    longest = max(8, len(line) * room_px // style.width(line))
    return wrap(line, longest, subsequent_indent="  ") or [line]
