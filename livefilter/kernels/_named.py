"""Named kernels, each with a drawing and its source."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np

from livefilter.errors import KernelError
from livefilter.kernels._kernel import MAX_SIDE, Kernel
from livefilter.kernels._rational import to_fraction

Operator = Literal["sobel", "scharr", "prewitt"]

HORIZONTAL_EDGE = Kernel([[2, 2], [-2, -2]], name="horizontal edge")
"""Kernel for edges that run along a row: bright above dark is positive."""

VERTICAL_EDGE = Kernel([[2, -2], [2, -2]], name="vertical edge")
"""Kernel for edges that run along a column: bright left of dark is positive."""

_SMOOTHING: dict[Operator, tuple[int, int, int]] = {"sobel": (1, 2, 1), "scharr": (3, 10, 3), "prewitt": (1, 1, 1)}

# OpenCV's Gaussians of a size without a sigma, in 256ths (getGaussianKernel, "small_gaussian_tab").
_SMALL_GAUSSIANS = {
    1: (256,),
    3: (64, 128, 64),
    5: (16, 64, 96, 64, 16),
    7: (8, 28, 56, 72, 56, 28, 8),
    9: (4, 13, 30, 51, 60, 51, 30, 13, 4),
}


def derivative(operator: Operator, axis: int) -> Kernel:
    """Return the 3x3 first derivative along ``axis``: 0 down the rows, 1 along the columns.

    A central difference, smoothed across: Sobel and Feldman (1968), Prewitt (1970), Scharr (2000). Along the columns::

        sobel  -1  0  1      scharr   -3  0   3      prewitt  -1  0  1
               -2  0  2              -10  0  10               -1  0  1
               -1  0  1               -3  0   3               -1  0  1

    Raises:
        KernelError: ``operator`` is unknown, or ``axis`` is neither 0 nor 1.
    """
    if operator not in _SMOOTHING:
        raise KernelError(f"operator: must be one of {', '.join(_SMOOTHING)}, found {operator!r}")
    if axis not in (0, 1):
        raise KernelError(f"axis: must be 0 (down the rows) or 1 (along the columns), found {axis!r}")
    along_columns = np.outer(_SMOOTHING[operator], (-1, 0, 1))
    return Kernel(
        along_columns if axis == 1 else along_columns.T, name=f"{operator} {'rows' if axis == 0 else 'columns'}"
    )


def sobel(axis: int = 1) -> Kernel:
    """Return the Sobel kernel; see ``derivative``."""
    return derivative("sobel", axis)


def scharr(axis: int = 1) -> Kernel:
    """Return the Scharr kernel; see ``derivative``."""
    return derivative("scharr", axis)


def prewitt(axis: int = 1) -> Kernel:
    """Return the Prewitt kernel; see ``derivative``."""
    return derivative("prewitt", axis)


def laplacian(neighbours: int = 4) -> Kernel:
    """Return the Laplacian, the sum of both second derivatives, from 4 or 8 neighbours.

    ::

        4:  0   1  0      8:  1   1  1
            1  -4  1          1  -8  1
            0   1  0          1   1  1

    Raises:
        KernelError: ``neighbours`` is neither 4 nor 8.
    """
    if neighbours not in (4, 8):
        raise KernelError(f"neighbours: must be 4 or 8, found {neighbours!r}")
    corner = int(neighbours == 8)
    weights = [[corner, 1, corner], [1, -neighbours, 1], [corner, 1, corner]]
    return Kernel(weights, name=f"laplacian {neighbours}")


def gaussian_weights(sigma: float | None = None, size: int | None = None) -> tuple[int, ...]:
    """Return a 1-D Gaussian of whole weights that add up to 256, as OpenCV's GaussianBlur uses for uint8 images.

    With a size alone, sigma is 0.3 * ((size - 1) / 2 - 1) + 0.8, or OpenCV's table for sizes up to 9. With a sigma
    alone, the size is the odd number next to 6 sigma + 1. Weights are rounded from the outside in, and the rounding
    error of each is carried over to the next, so that the tails do not vanish.

    Raises:
        KernelError: Both are None, sigma is not positive, or the size is even or larger than 63.
    """
    if sigma is not None and not (math.isfinite(sigma) and sigma > 0):
        raise KernelError(f"sigma: must be positive and finite, found {sigma}")
    if size is None:
        if sigma is None:
            raise KernelError("gaussian: needs sigma, size, or both")
        size = round(6 * sigma + 1) | 1
        if size > MAX_SIDE:
            raise KernelError(
                f"sigma: {sigma} needs a kernel of {size}, beyond {MAX_SIDE}; set a size too, or blur twice "
                f"by {sigma / math.sqrt(2):.3g}"
            )
    if not (1 <= size <= MAX_SIDE and size % 2 == 1):
        raise KernelError(f"size: must be odd, from 1 to {MAX_SIDE}, found {size}")
    if sigma is None:
        if size in _SMALL_GAUSSIANS:
            return _SMALL_GAUSSIANS[size]
        sigma = 0.3 * ((size - 1) / 2 - 1) + 0.8
    curve = [math.exp(-((at - size // 2) ** 2) / (2 * sigma**2)) for at in range(size)]
    # Differences of the rounded running sum carry each rounding error over to the next weight.
    running = [0, *(round(256 * math.fsum(curve[: at + 1]) / math.fsum(curve)) for at in range(size // 2))]
    tail = [after - before for before, after in pairwise(running)]
    return (*tail, 256 - 2 * sum(tail), *reversed(tail))


@lru_cache(maxsize=32)
def gaussian(sigma: float | None = None, size: int | None = None) -> Kernel:
    """Return the 2-D Gaussian, the outer product of ``gaussian_weights`` with itself, over 65536.

    The result is within 1 gray level of ``cv2.GaussianBlur``, which rounds halves up, and equal where no half is
    rounded.

    Raises:
        KernelError: As for ``gaussian_weights``.
    """
    weights = gaussian_weights(sigma, size)
    return Kernel(np.outer(weights, weights), divisor=65536, name=f"gaussian {len(weights)}")


@lru_cache(maxsize=32)
def box(rows: int, cols: int | None = None) -> Kernel:
    """Return the mean of ``rows`` x ``cols`` pixels; without ``cols``, a square.

    Raises:
        KernelError: A side is not from 1 to 63.
    """
    cols = rows if cols is None else cols
    if not (1 <= rows <= MAX_SIDE and 1 <= cols <= MAX_SIDE):
        raise KernelError(f"size: must be from 1 to {MAX_SIDE}, found {rows} x {cols}")
    return Kernel(np.ones((rows, cols), dtype=np.int64), divisor=rows * cols, name=f"box {rows}x{cols}")


def sharpen(amount: float | Fraction = 1) -> Kernel:
    """Return a sharpening kernel: the image minus ``amount`` times its Laplacian.

    ::

         0      -a       0
        -a   1 + 4a     -a
         0      -a       0

    Raises:
        KernelError: ``amount`` is not finite.
    """
    a = to_fraction(amount, "amount")
    weights: list[list[float | Fraction]] = [[0, -a, 0], [-a, 1 + 4 * a, -a], [0, -a, 0]]
    return Kernel(weights, name="sharpen")


def emboss() -> Kernel:
    """Return an emboss kernel: a relief lit from the upper left, on top of the image.

    ::

        -2  -1  0
        -1   1  1
         0   1  2
    """
    return Kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], name="emboss")
