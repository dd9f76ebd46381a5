"""Ranges of whole numbers, proven from the weights, and the lanes that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Lane = Literal["uint16", "int16", "int32", "float32"]
"""The type of one vector lane. float32 is used for whole numbers below 2**24 only, where it is exact."""

_LIMITS = {
    "uint16": (0, 65535),
    "int16": (-32767, 32767),
    "float32": (1 - 2**24, 2**24 - 1),
    "int32": (-(2**30), 2**30),
}


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the largest value that can occur."""

    low: int
    high: int

    def fits(self, lane: Lane) -> bool:
        """Tell whether the lane holds every value exactly."""
        low, high = _LIMITS[lane]
        return low <= self.low and self.high <= high

    def shifted(self, offset: int) -> Range:
        """Return the range of value + offset."""
        return Range(self.low + offset, self.high + offset)

    def magnitudes(self) -> Range:
        """Return the range of |value|."""
        low = 0 if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))
        return Range(low, max(abs(self.low), abs(self.high)))

    def narrow_lane(self) -> Lane | None:
        """Return the 16-bit lane that holds every value, if one does."""
        return "uint16" if self.fits("uint16") else "int16" if self.fits("int16") else None


BYTE = Range(0, 255)


def weighted_range(weights: Integers, values: Range = BYTE) -> Range:
    """Return the range of a weighted sum of values that are each in ``values``."""
    positive, negative = int(weights[weights > 0].sum()), int(weights[weights < 0].sum())
    return Range(
        positive * values.low + negative * values.high,
        positive * values.high + negative * values.low,
    )
