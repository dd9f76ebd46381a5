"""Comparison of original and result: side by side, wiped, or picture in picture."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np

from livefilter.frame import Pixels

Compare = Literal["none", "side", "wipe", "pip"]
COMPARES: tuple[Compare, ...] = get_args(Compare)
_INSET = 0.3
"""Sides of the inset, as a share of the sides of the result."""


def compose(original: Pixels, filtered: Pixels, compare: Compare, wipe: float = 0.5) -> Pixels:
    """Return a new image of both. Dividing lines are black beside white, so that they are visible on any image.

    Args:
        original: Gray, uint8, shape (rows, cols).
        filtered: uint8, of the same shape.
        compare: "none": the result alone; "side": the original on its left, which doubles the width; "wipe": the
            original left of a line; "pip": the original small, in the upper right corner.
        wipe: Position of the line, from 0 (left) to 1 (right); values beyond are clipped.

    Returns:
        uint8; (rows, 2 cols) for "side", otherwise of the arguments' shape.
    """
    if compare == "side":
        return np.hstack([original, filtered])
    result = filtered.copy()
    rows, cols = filtered.shape
    line_px = max(1, cols // 320)
    if compare == "wipe":
        split = round(cols * min(max(wipe, 0.0), 1.0))
        result[:, :split] = original[:, :split]
        result[:, max(split - line_px, 0) : split] = 0
        result[:, split : split + line_px] = 255
    elif compare == "pip":
        small = cv2.resize(
            original, (max(1, round(cols * _INSET)), max(1, round(rows * _INSET))), interpolation=cv2.INTER_AREA
        )
        margin = min(rows, cols) // 40
        high, wide = small.shape
        left = max(cols - margin - wide - 4 * line_px, 0)
        outer = result[margin : margin + high + 4 * line_px, left : cols - margin]
        outer[:] = 0
        outer[line_px:-line_px, line_px:-line_px] = 255
        inner = outer[2 * line_px : -2 * line_px, 2 * line_px : -2 * line_px]
        inner[:] = small[: inner.shape[0], : inner.shape[1]]
    return result
