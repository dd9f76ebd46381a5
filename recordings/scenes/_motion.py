"""Paths of motion, rounded so that they are the same on every machine."""

from __future__ import annotations

import math


def quantise(value: float) -> float:
    """Round to the nearest 1/256, halves upwards."""
    return math.floor(value * 256 + 0.5) / 256


def ease(value: float, start: float, stop: float) -> float:
    """Rise smoothly from 0 at ``start`` to 1 at ``stop``, flat outside."""
    fraction = min(max((value - start) / (stop - start), 0.0), 1.0)
    return fraction * fraction * (3 - 2 * fraction)
