"""Full-range gray out of stored luma, by a table."""

from __future__ import annotations

from functools import cache

import numpy as np

from livefilter.frame import Pixels


@cache
def levels(bits: int = 8, *, is_full_range: bool) -> Pixels:
    """Return full-range gray for every luma of so many bits; limited range is 16 to 235 in 8 bits (ITU-R BT.601)."""
    luma = np.arange(2**bits, dtype=np.float64)
    scaled = luma * (255 / (2**bits - 1)) if is_full_range else (luma / 2 ** (bits - 8) - 16) * (255 / 219)
    table: Pixels = np.rint(scaled).clip(0, 255).astype(np.uint8)
    return table
