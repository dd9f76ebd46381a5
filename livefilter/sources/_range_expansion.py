"""Lookup tables from stored luma to full-range gray."""

from __future__ import annotations

from functools import cache

import numpy as np

from livefilter.frame import LIMITED_RANGE_BLACK, LIMITED_RANGE_SPAN, Pixels


@cache
def expansion_lut(bits: int = 8, *, is_full_range: bool) -> Pixels:
    """Return the full-range gray of every luma level.

    Args:
        bits: Bits per sample of the luma.
        is_full_range: The luma runs from 0 to its maximum. Otherwise it is limited range, 16 to 235 in 8 bits
            (ITU-R BT.601).

    Returns:
        uint8, shape (2**bits,).
    """
    luma = np.arange(2**bits, dtype=np.float64)
    if is_full_range:
        gray = luma * (255 / (2**bits - 1))
    else:
        gray = (luma / 2 ** (bits - 8) - LIMITED_RANGE_BLACK) * (255 / LIMITED_RANGE_SPAN)
    lut: Pixels = np.rint(gray).clip(0, 255).astype(np.uint8)
    return lut
