"""Contact sheets: several images with their names on one page."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from livefilter.frame import Pixels
from livefilter.layers._text import TextStyle

_PAPER_LEVEL = 255
_INK_LEVEL = 40
_GAP_PX = 8


def contact_sheet(images: Sequence[tuple[str, Pixels]], *, columns: int, tile_cols: int) -> Pixels:
    """Return a white page with images in rows, scaled to one width, each with its name below.

    Args:
        images: Names and gray uint8 images, all of one shape (rows, cols).
        columns: Images in a row.
        tile_cols: Width of one image on the sheet, in pixels.

    Returns:
        Gray, uint8.
    """
    rows, cols = images[0][1].shape
    tile_rows = max(1, round(rows * tile_cols / cols))
    style = TextStyle.for_shape(tile_rows * 2, tile_cols * 2)
    label_rows = style.line_px + _GAP_PX
    lines = -(-len(images) // columns)
    sheet = np.full(
        (lines * (tile_rows + label_rows) + _GAP_PX, columns * (tile_cols + _GAP_PX) + _GAP_PX),
        _PAPER_LEVEL,
        dtype=np.uint8,
    )
    for number, (name, image) in enumerate(images):
        top = _GAP_PX + number // columns * (tile_rows + label_rows)
        left = _GAP_PX + number % columns * (tile_cols + _GAP_PX)
        interpolation = cv2.INTER_AREA if tile_cols < cols else cv2.INTER_LINEAR
        tile = cv2.resize(image, (tile_cols, tile_rows), interpolation=interpolation)
        sheet[top : top + tile_rows, left : left + tile_cols] = tile
        style.draw(sheet, name, left, top + tile_rows + style.line_px, _INK_LEVEL)
    return sheet
