"""Luma of BGR images."""

from __future__ import annotations

from functools import cache

import numpy as np

from livefilter.compiler._abi import Function
from livefilter.compiler.native import load_or_compile
from livefilter.frame import Pixels, check_pixels

_SOURCE = '''\
def luma(call):
    """Weigh blue, green and red by BT.601 in 15-bit fixed point, as cv2.cvtColor does."""
    colour = argument(call, 0, "uint8[::1]")
    gray = argument(call, 1, "uint8[::1]")
    for x in lanes(len(gray)):
        blue = mul_const(as_int32(load(colour, 0, 3 * x, 1)), 3735)
        green = mul_const(as_int32(load(colour, 1, 3 * x, 1)), 19235)
        red = mul_const(as_int32(load(colour, 2, 3 * x, 1)), 9798)
        store(gray, 0, x, as_uint8(shr(add_const(add_n(blue, green, red), 16384), 15)), 1)
'''


def to_gray(image: Pixels) -> Pixels:
    """Convert an image to gray: BT.601 luma, bit for bit what ``cv2.cvtColor`` computes.

    Args:
        image: uint8, BGR (rows, cols, 3), or gray (rows, cols), which is returned unchanged.

    Returns:
        uint8, shape (rows, cols).

    Raises:
        ShapeError: Neither gray nor BGR, or empty.
        PixelTypeError: Not uint8.
    """
    if check_pixels(image).ndim == 2:
        return image
    gray = np.empty(image.shape[:2], dtype=np.uint8)
    luma_function()((np.ascontiguousarray(image), gray)).run()
    return gray


@cache
def luma_function() -> Function:
    """Return the compiled luma function; the first call compiles or loads it."""
    return load_or_compile(_SOURCE, "luma")
