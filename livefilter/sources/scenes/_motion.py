"""Reproducible motion: whatever has been through a sine is rounded to 1/256 before it reaches a pixel.

Sines differ in their last bits between C libraries. Rounded, they agree, and with them every pixel: everything else
that the scenes compute with (+ - * / and the square root) is defined to the last bit by IEEE 754.
"""

from __future__ import annotations

import math


def quantise(value: float) -> float:
    """Round to the nearest 1/256, halves upwards."""
    return math.floor(value * 256 + 0.5) / 256


def swing(index: float, period: float, phase: float = 0.0) -> float:
    """Return the sine of ``index / period + phase`` turns, in [-1, 1], rounded to 1/4096."""
    return math.floor(math.sin(math.tau * (index / period + phase)) * 4096 + 0.5) / 4096


def direction(turns: float) -> tuple[float, float]:
    """Return (cosine, sine) of an angle in turns, each rounded to 1/4096 (under 0.1 px at a radius of 300 px)."""
    return swing(turns + 0.25, 1.0), swing(turns, 1.0)


def ease(value: float, start: float, stop: float) -> float:
    """Rise smoothly from 0 at ``start`` to 1 at ``stop``, flat outside."""
    fraction = min(max((value - start) / (stop - start), 0.0), 1.0)
    return fraction * fraction * (3 - 2 * fraction)
