"""Comparison of original and result: side by side, wiped, or picture in picture."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np

from livefilter.analysis import Result
from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.layers._layer import Layer

Compare = Literal["none", "side", "wipe", "pip"]
COMPARES: tuple[Compare, ...] = get_args(Compare)
_INSET = 0.3
"""Sides of the inset, as a share of the sides of the result."""


class Comparison(Layer):
    """Shows the original beside the result. It is the lowest layer, and the one that decides the size of the canvas.

    Args:
        mode: "none": the result alone; "side": the original on its left, which doubles the width; "wipe": the original
            left of a line; "pip": the original small, in the upper right corner.

    Attributes:
        mode: The same; may be set at any time.
        wipe: Position of the dividing line of "wipe", from 0 (left) to 1 (right); values beyond are clipped.

    Raises:
        OptionError: ``mode`` is none of these.
    """

    def __init__(self, mode: Compare = "none") -> None:
        if mode not in COMPARES:
            raise OptionError(f"compare: must be one of {', '.join(COMPARES)}, found {mode!r}")
        self.mode: Compare = mode
        self.wipe = 0.5

    @property
    def is_visible(self) -> bool:
        """Whether the original is shown."""
        return self.mode != "none"

    def canvas_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return the (rows, cols) of the canvas for results of a shape."""
        rows, cols = shape
        return (rows, 2 * cols) if self.mode == "side" else shape

    def canvas(self, filtered: Pixels) -> Pixels:
        """Return a new canvas with the result on it, at the right of "side"."""
        if self.mode == "side":
            return np.hstack([np.zeros_like(filtered), filtered])
        return filtered.copy()

    def draw(self, canvas: Pixels, result: Result) -> None:
        """Draw the original. Dividing lines are black beside white, so that they are visible on any image."""
        original = result.frame.gray if canvas.ndim == 2 else result.frame.pixels
        if original.ndim < canvas.ndim:
            original = np.asarray(cv2.cvtColor(original, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
        if self.mode == "side":
            canvas[:, : original.shape[1]] = original
        elif self.mode == "wipe":
            self._draw_wiped(canvas, original)
        elif self.mode == "pip":
            _draw_inset(canvas, original)

    def _draw_wiped(self, canvas: Pixels, original: Pixels) -> None:
        cols = canvas.shape[1]
        line_px = _line_px(cols)
        split = round(cols * min(max(self.wipe, 0.0), 1.0))
        canvas[:, :split] = original[:, :split]
        canvas[:, max(split - line_px, 0) : split] = 0
        canvas[:, split : split + line_px] = 255


def _draw_inset(canvas: Pixels, original: Pixels) -> None:
    rows, cols = canvas.shape[:2]
    line_px = _line_px(cols)
    size = (max(1, round(cols * _INSET)), max(1, round(rows * _INSET)))
    small = cv2.resize(original, size, interpolation=cv2.INTER_AREA)
    margin = min(rows, cols) // 40
    high, wide = small.shape[:2]
    left = max(cols - margin - wide - 4 * line_px, 0)
    outer = canvas[margin : margin + high + 4 * line_px, left : cols - margin]
    outer[:] = 0
    outer[line_px:-line_px, line_px:-line_px] = 255
    inner = outer[2 * line_px : -2 * line_px, 2 * line_px : -2 * line_px]
    inner[:] = small[: inner.shape[0], : inner.shape[1]]


def _line_px(cols: int) -> int:
    return max(1, cols // 320)
