"""Exact division by a constant, rounded half to even, without a divide instruction (division by multiplication).

``floor((value + divisor // 2) / divisor)`` rounds to nearest, halves up. The floor is a multiplication by a reciprocal,
in 16-bit integers (upper half of the product) or in float. The plan checks each reciprocal: the computed quotient is
monotone in the value, so it is correct everywhere if it is correct on both sides of every step. Even divisors have
ties: where the division leaves no remainder after adding the half, an odd quotient is reduced by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from livefilter.compiler.plan._intervals import Lane

Method = Literal["none", "shift", "scale", "mulhi", "float32", "float64"]


@dataclass(frozen=True, slots=True)
class DivisionPlan:
    """Division and rounding of values from 0 to ``cap``.

    Attributes:
        divisor: The divisor of the value.
        cap: Values above it are clamped to it first; they saturate to 255 in any case.
        lane: Lane type of the quotient.
        method: none: nothing to divide. shift: by a power of two, in integers. scale: by a power of two, in float32,
            whose own rounding to nearest is half to even. mulhi, float32, float64: the reciprocal's arithmetic.
        multiplier: The reciprocal (times 2**(16 + shift) for "mulhi").
        shift: Bits to shift right ("shift", and after "mulhi").
    """

    divisor: int
    cap: int
    lane: Lane
    method: Method
    multiplier: float = 0.0
    shift: int = 0

    @property
    def half(self) -> int:
        """Half the divisor, added before the floor."""
        return self.divisor // 2

    @property
    def has_ties(self) -> bool:
        """Whether a quotient can lie half-way between two integers."""
        return self.divisor % 2 == 0


def plan_division(divisor: int, high: int, lane: Lane) -> DivisionPlan:
    """Choose the cheapest exact division of values from 0 to ``high``.

    Args:
        divisor: The divisor; positive.
        high: The highest value that can occur.
        lane: Lane type of the values; they are not negative, even if the type is signed.

    Returns:
        The plan. If no 16-bit arithmetic is exact, it is a plan in int32, and the value must be widened first.
    """
    cap = min(high, 255 * divisor + (divisor - 1) // 2)
    if divisor == 1:
        return DivisionPlan(1, cap, lane, "none")
    shift = divisor.bit_length() - 1
    is_power = divisor == 1 << shift
    if lane == "float32":
        if is_power:
            return DivisionPlan(divisor, cap, "float32", "scale", 1 / divisor)
        reciprocal = _float_reciprocal(np.float32, divisor, cap)
        if reciprocal is not None and cap + divisor // 2 < 1 << 24:
            return DivisionPlan(divisor, cap, "int32", "float32", reciprocal)
        return plan_division(divisor, high, "int32")
    if lane in ("uint16", "int16"):
        if cap + divisor // 2 > 65535:
            return plan_division(divisor, high, "int32")
        if is_power:
            return DivisionPlan(divisor, cap, "uint16", "shift", shift=shift)
        reciprocal_16bit = _mulhi_reciprocal(divisor, cap + divisor // 2)
        if reciprocal_16bit is None:
            return plan_division(divisor, high, "int32")
        return DivisionPlan(divisor, cap, "uint16", "mulhi", *reciprocal_16bit)
    if is_power:
        return DivisionPlan(divisor, cap, "int32", "shift", shift=shift)
    reciprocal = _float_reciprocal(np.float32, divisor, cap)
    if reciprocal is not None:
        return DivisionPlan(divisor, cap, "int32", "float32", reciprocal)
    reciprocal = _float_reciprocal(np.float64, divisor, cap)
    if reciprocal is None:
        raise ArithmeticError("31-bit numerators and divisors leave 20 bits to spare in float64")
    return DivisionPlan(divisor, cap, "int32", "float64", reciprocal)


def _mulhi_reciprocal(divisor: int, highest: int) -> tuple[int, int] | None:
    """Return (multiplier, shift) such that (value * multiplier >> 16) >> shift is the floor up to ``highest``."""
    values = np.arange(highest + 1, dtype=np.uint64)
    for shift in range(divisor.bit_length()):
        multiplier = -(-(1 << (16 + shift)) // divisor)
        if multiplier > 65535:
            break
        if np.array_equal((values * np.uint64(multiplier)) >> np.uint64(16 + shift), values // np.uint64(divisor)):
            return multiplier, shift
    return None


def _float_reciprocal(kind: type[np.floating], divisor: int, cap: int) -> float | None:
    """Return a reciprocal whose truncated product is the floor, or None if there is none."""
    steps = np.arange(1, (cap + divisor // 2) // divisor + 2, dtype=np.int64)
    exact = kind(1) / kind(divisor)
    for reciprocal in (exact, np.nextafter(exact, kind(1)), np.nextafter(np.nextafter(exact, kind(1)), kind(1))):
        at_step = ((steps * divisor).astype(kind) * reciprocal).astype(np.int64)
        before = ((steps * divisor - 1).astype(kind) * reciprocal).astype(np.int64)
        if np.array_equal(at_step[:-1], steps[:-1]) and np.array_equal(before, steps - 1):
            return float(reciprocal)
    return None
