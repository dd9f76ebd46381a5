"""Noise from integer hashes: the same on every machine and with every numpy.

numpy's own generators may change their streams between releases (NEP 19), so the scenes do not use them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recordings.scenes._draw import Canvas

_GOLDEN = 0x9E3779B9
# The sum of four independent bytes has mean 510 and this standard deviation, 4 * (256**2 - 1) / 12 under the root.
_BYTE_SUM_MEAN = 510
_BYTE_SUM_SIGMA = 147.8


def mix(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Hash uint32 counters in place so that neighbours become unrelated.

    The constants are those of Chris Wellons' lowbias32 (2018), https://nullprogram.com/blog/2018/07/31/.
    """
    values ^= values >> np.uint32(16)
    values *= np.uint32(0x7FEB352D)
    values ^= values >> np.uint32(15)
    values *= np.uint32(0x846CA68B)
    values ^= values >> np.uint32(16)
    return values


def chance(*keys: int) -> float:
    """Draw a reproducible number in [0, 1) that depends on ``keys`` alone."""
    state = np.zeros(1, np.uint32)
    for key in keys:
        state += np.uint32((key * _GOLDEN + 0x632BE5AB) & 0xFFFFFFFF)
        mix(state)
    return int(state[0]) / 4294967296.0


@lru_cache(maxsize=8)
def _counters(shape: tuple[int, int]) -> NDArray[np.uint32]:
    counters = np.arange(shape[0] * shape[1], dtype=np.uint32) * np.uint32(_GOLDEN)
    counters.flags.writeable = False
    return counters.reshape(shape)


def add_sensor_noise(canvas: Canvas, sigma: float, *, seed: int, index: int) -> None:
    """Add bell-shaped noise of standard deviation ``sigma`` gray levels, in place, new in every frame.

    The bell is the sum of the four bytes of one hash per pixel (Irwin-Hall, n = 4), so no noise exceeds 3.5 sigma.
    """
    hashes = _counters((canvas.shape[0], canvas.shape[1])) + np.uint32(int(chance(seed, index) * 4294967296))
    mix(hashes)
    pairs = (hashes & np.uint32(0x00FF00FF)) + ((hashes >> np.uint32(8)) & np.uint32(0x00FF00FF))
    sums = (pairs & np.uint32(0xFFFF)) + (pairs >> np.uint32(16))
    noise = sums.astype(np.float32)
    noise -= np.float32(_BYTE_SUM_MEAN)
    noise *= np.float32(sigma / _BYTE_SUM_SIGMA)
    canvas += noise


def grain(shape: tuple[int, int], cell_rows: int, cell_cols: int, seed: int) -> Canvas:
    """Make smooth value noise in [-1, 1]: random values on a lattice, blended bilinearly with eased weights.

    Args:
        shape: Rows and columns of the result.
        cell_rows: Rows between lattice points; more means calmer along the rows.
        cell_cols: Columns between lattice points.
        seed: Selects the pattern.
    """
    lattice_shape = (shape[0] // cell_rows + 2, shape[1] // cell_cols + 2)
    lattice = _counters(lattice_shape) + np.uint32(seed * 7919 + 17)
    points = mix(lattice).astype(np.float32) * np.float32(2.0 / 4294967296.0) - np.float32(1)
    row, row_weight = _lattice_position(shape[0], cell_rows)
    col, col_weight = _lattice_position(shape[1], cell_cols)
    row_weight = row_weight[:, None]
    upper = points[row][:, col] * (1 - col_weight) + points[row][:, col + 1] * col_weight
    lower = points[row + 1][:, col] * (1 - col_weight) + points[row + 1][:, col + 1] * col_weight
    return (upper * (1 - row_weight) + lower * row_weight).astype(np.float32)


def _lattice_position(count: int, cell: int) -> tuple[NDArray[np.intp], Canvas]:
    position = np.arange(count)
    fraction = ((position % cell) / np.float32(cell)).astype(np.float32)
    return (position // cell).astype(np.intp), fraction * fraction * (3 - 2 * fraction)
