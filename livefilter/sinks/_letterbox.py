"""Scaling and conversion of images to the fixed size and channels of an output."""

from __future__ import annotations

import cv2
import numpy as np

from livefilter.frame import Pixels


def letterbox(pixels: Pixels, shape: tuple[int, ...]) -> Pixels:
    """Return an image in a shape: unchanged if it has that shape, otherwise scaled with black bars, in gray or BGR.

    Args:
        pixels: uint8, gray of shape (rows, cols) or BGR of shape (rows, cols, 3).
        shape: (rows, cols) or (rows, cols, 3) of the result.

    Returns:
        uint8, C-contiguous.
    """
    if pixels.ndim != len(shape):
        conversion = cv2.COLOR_GRAY2BGR if pixels.ndim == 2 else cv2.COLOR_BGR2GRAY
        pixels = np.asarray(cv2.cvtColor(pixels, conversion), dtype=np.uint8)
    if pixels.shape == shape:
        return np.ascontiguousarray(pixels)
    factor = min(shape[0] / pixels.shape[0], shape[1] / pixels.shape[1])
    rows, cols = (max(1, round(side * factor)) for side in pixels.shape[:2])
    result = np.zeros(shape, np.uint8)
    top, left = (shape[0] - rows) // 2, (shape[1] - cols) // 2
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    result[top : top + rows, left : left + cols] = cv2.resize(pixels, (cols, rows), interpolation=interpolation)
    return result
