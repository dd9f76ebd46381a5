"""The compiled inner loops: exact integer sums over a sliding window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from livefilter.frame import Pixels
from livefilter.kernels import OUTSIDE

Integers = NDArray[np.int64]


@njit(nogil=True, error_model="numpy")
def weighted_sum(image: Pixels, weights: Integers, at_rows: Any, at_cols: Any, total: Integers) -> None:
    """Add up the products of weights and window for every pixel of ``total``; what is outside counts as zero."""
    for row in range(total.shape[0]):
        for col in range(total.shape[1]):
            summed = 0
            for i in range(weights.shape[0]):
                source_row = at_rows[row + i]
                if source_row == OUTSIDE:
                    continue
                for j in range(weights.shape[1]):
                    source_col = at_cols[col + j]
                    if source_col != OUTSIDE:
                        summed += weights[i, j] * np.int64(image[source_row, source_col])
            total[row, col] = summed


@njit(nogil=True, error_model="numpy")
def luma(image: Pixels, gray: Pixels) -> None:
    """Write the luma of a BGR picture, (rows, cols, 3), to ``gray``: BT.601 in 15-bit fixed point, as cv2.cvtColor."""
    for row in range(gray.shape[0]):
        for col in range(gray.shape[1]):
            blue, green, red = image[row, col, 0], image[row, col, 1], image[row, col, 2]
            gray[row, col] = (3735 * np.int64(blue) + 19235 * np.int64(green) + 9798 * np.int64(red) + 16384) >> 15
