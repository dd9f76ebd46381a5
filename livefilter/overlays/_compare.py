"""The original beside, wiped against, or inset in the result."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np

from livefilter.frame import Pixels

Compare = Literal["none", "side", "wipe", "pip"]
COMPARES: tuple[Compare, ...] = get_args(Compare)
_INSET = 0.3


def composed(original: Pixels, filtered: Pixels, compare: Compare, wipe: float = 0.5) -> Pixels:
    """Return a new picture of both.

    Args:
        original: Gray, uint8.
        filtered: Gray, uint8, of the same shape.
        compare: "none" only the result; "side" the original on the left of it, twice as wide; "wipe" the original left
            of a line; "pip" the original small, in the upper right corner.
        wipe: Where the line is, as a share of the width.
    """
    if compare == "side":
        return np.hstack([original, filtered])
    result = filtered.copy()
    rows, cols = filtered.shape
    line_px = max(1, cols // 320)
    if compare == "wipe":
        split = round(cols * wipe)
        result[:, :split] = original[:, :split]
        result[:, max(split - line_px, 0) : split + line_px] = 255
    elif compare == "pip":
        small = cv2.resize(
            original, (max(1, round(cols * _INSET)), max(1, round(rows * _INSET))), interpolation=cv2.INTER_AREA
        )
        margin = min(rows, cols) // 40
        high, wide = small.shape
        framed = result[margin : margin + high + 2 * line_px, cols - margin - wide - 2 * line_px : cols - margin]
        framed[:] = 255
        inner = framed[line_px : line_px + high, line_px : line_px + wide]
        inner[:] = small[: inner.shape[0], : inner.shape[1]]
    return result
