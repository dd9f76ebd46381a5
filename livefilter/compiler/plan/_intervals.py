"""Interval analysis: bounds of integer sums, proven from the weights, and the lane types that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Lane = Literal["uint16", "int16", "int32", "float32"]
"""The type of one vector lane. float32 only ever holds integers below 2**24, where it is exact."""

_LIMITS = {
    "uint16": (0, 65535),
    "int16": (-32767, 32767),
    "float32": (1 - 2**24, 2**24 - 1),
    "int32": (-(2**30), 2**30),
}


@dataclass(frozen=True, slots=True)
class Interval:
    """The lowest and the highest value that can occur."""

    low: int
    high: int

    def fits(self, lane: Lane) -> bool:
        """Return whether the lane represents every value exactly."""
        low, high = _LIMITS[lane]
        return low <= self.low and self.high <= high

    def shifted(self, offset: int) -> Interval:
        """Return the interval of value + offset."""
        return Interval(self.low + offset, self.high + offset)

    def abs(self) -> Interval:
        """Return the interval of |value|."""
        low = 0 if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))
        return Interval(low, max(abs(self.low), abs(self.high)))

    def lane_16bit(self) -> Lane | None:
        """Return the 16-bit lane that represents every value, or None if neither does."""
        return "uint16" if self.fits("uint16") else "int16" if self.fits("int16") else None


BYTE = Interval(0, 255)


def weighted_interval(weights: Integers, values: Interval = BYTE) -> Interval:
    """Return the interval of a weighted sum of values that each lie in ``values``."""
    positive, negative = int(weights[weights > 0].sum()), int(weights[weights < 0].sum())
    return Interval(
        positive * values.low + negative * values.high,
        positive * values.high + negative * values.low,
    )
