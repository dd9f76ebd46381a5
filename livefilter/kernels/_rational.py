"""Weights as exact integers over one divisor.

A pixel needs an exact definition, not a float sum whose order matters. So a weight is the decimal that it prints as
(0.1 is one tenth), and a kernel is ``(sum(weights * pixels) + offset) / divisor`` in integers of at most 31 bits.
Decimals that do not fit, such as the 17 digits of a computed float, are rounded here, once, to the finest binary
fraction that fits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from livefilter.errors import KernelError

INTEGER_BITS = 30
"""Numerators and divisors stay below 2**30 in absolute value, so that twice a remainder still fits 32 bits."""

_LIMIT = 1 << INTEGER_BITS


def to_fraction(value: object, name: str = "weight") -> Fraction:
    """Return a number as the exact fraction of its shortest decimal form.

    Example:
        >>> to_fraction(0.1)
        Fraction(1, 10)

    Raises:
        KernelError: ``value`` is not a finite real number.
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int | np.integer | np.bool_):
        return Fraction(int(value))
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            raise KernelError(f"{name}: must be finite, found {value}")
        return Fraction(str(value))
    raise KernelError(f"{name}: must be a real number, found {value!r}")


def integer_form(weights: Sequence[Fraction], offset: Fraction = Fraction(0)) -> tuple[tuple[int, ...], int, int]:
    """Return fractions as integers over a common divisor, exactly if 30 bits suffice.

    Args:
        weights: Weights of one kernel, or of several kernels that share a divisor.
        offset: Added to the weighted sum.

    Returns:
        (integer weights, integer offset, divisor), with a positive divisor and no common factor. For uint8 pixels
        every partial sum, in any order, stays below 2**30 in absolute value. If rounding was needed, the error of each
        weight is at most half of ``1 / divisor``.

    Raises:
        KernelError: The weights are too large for any divisor.
    """
    divisor = math.lcm(offset.denominator, *(weight.denominator for weight in weights))
    if divisor < _LIMIT and _largest_sum(weights, offset) * divisor < _LIMIT:
        integers = tuple(int(weight * divisor) for weight in weights)
        return _reduced(integers, int(offset * divisor), divisor)
    for bits in range(INTEGER_BITS - 1, -1, -1):
        integers = tuple(round(weight * (1 << bits)) for weight in weights)
        shifted = round(offset * (1 << bits))
        if _largest_sum(integers, shifted) < _LIMIT:
            return _reduced(integers, shifted, 1 << bits)
    raise KernelError(
        "weights: 255 * sum(|weights|) / divisor + |offset| must stay below 2**30, "
        f"found {_format(_largest_sum(weights, offset))}; scale the weights down"
    )


def _largest_sum(weights: Iterable[Fraction | int], offset: Fraction | int) -> Fraction:
    total = sum((abs(Fraction(weight)) for weight in weights), Fraction(0))
    return 255 * total + abs(Fraction(offset))


def _format(value: Fraction) -> str:
    return f"{float(value):.3g}" if value < 10**300 else "over 1e+300"


def _reduced(integers: tuple[int, ...], offset: int, divisor: int) -> tuple[tuple[int, ...], int, int]:
    common = math.gcd(divisor, offset, *integers)
    return tuple(value // common for value in integers), offset // common, divisor // common
