"""Several pictures on one sheet, each with its name under it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from livefilter.frame import Pixels
from livefilter.overlays._text import TextStyle

_PAPER = 255
_INK = 40
_GAP_PX = 8


def contact_sheet(pictures: Sequence[tuple[str, Pixels]], *, columns: int, tile_cols: int) -> Pixels:
    """Return pictures in rows on white paper, scaled to one width, with their names.

    Args:
        pictures: Names and gray pictures, uint8, all of one shape.
        columns: Pictures in a row.
        tile_cols: Width of one picture on the sheet, in pixels.

    Returns:
        uint8, gray.
    """
    rows, cols = pictures[0][1].shape
    tile_rows = max(1, round(rows * tile_cols / cols))
    style = TextStyle.fitting(tile_rows * 2, tile_cols * 2)
    label_rows = style.line_px + _GAP_PX
    lines = -(-len(pictures) // columns)
    sheet = np.full(
        (lines * (tile_rows + label_rows) + _GAP_PX, columns * (tile_cols + _GAP_PX) + _GAP_PX), _PAPER, dtype=np.uint8
    )
    for number, (name, picture) in enumerate(pictures):
        top = _GAP_PX + number // columns * (tile_rows + label_rows)
        left = _GAP_PX + number % columns * (tile_cols + _GAP_PX)
        interpolation = cv2.INTER_AREA if tile_cols < cols else cv2.INTER_LINEAR
        tile = cv2.resize(picture, (tile_cols, tile_rows), interpolation=interpolation)
        sheet[top : top + tile_rows, left : left + tile_cols] = tile
        style.draw(sheet, name, left, top + tile_rows + style.line_px, _INK)
    return sheet
