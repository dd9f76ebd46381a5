"""Reference implementation: the definition of every output pixel, as a plain sliding window in NumPy.

It is slow on purpose. Compiled code must produce the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from livefilter.errors import OptionError, ShapeError
from livefilter.frame import Pixels, check_gray
from livefilter.kernels._border import OUTSIDE, Border, border_indices
from livefilter.kernels._kernel import Kernel
from livefilter.kernels._operations import Blend, Correlation, Gradient, Lookup, Norm, Operation, Unsharp
from livefilter.kernels._score import ScoreRule, ScoreSums

Mode = Literal["same", "valid"]
Integers = NDArray[np.int64]


def pad(image: Pixels, kernel: Kernel, border: Border) -> Pixels:
    """Return the image padded by what the kernel reaches beyond its edges, by the rule ``border``."""
    (rows, cols), (row, col) = kernel.shape, kernel.origin
    at_rows = border_indices(image.shape[0], row, rows - 1 - row, border)
    at_cols = border_indices(image.shape[1], col, cols - 1 - col, border)
    is_inside = (at_rows != OUTSIDE)[:, None] & (at_cols != OUTSIDE)[None, :]
    return np.where(is_inside, image[at_rows][:, at_cols], np.uint8(0))


def weighted_sum(image: Pixels, weights: Integers) -> Integers:
    """Return the exact sum of products of integer weights and each valid window of the image."""
    rows, cols = (side - kernel_side + 1 for side, kernel_side in zip(image.shape, weights.shape, strict=True))
    total = np.zeros((max(rows, 0), max(cols, 0)), dtype=np.int64)
    for (i, j), weight in np.ndenumerate(weights):
        total += weight * image[i : i + rows, j : j + cols].astype(np.int64)
    return total


def round_half_even(numerator: Integers, divisor: int) -> Integers:
    """Return numerator / divisor, rounded half to even, computed in integers."""
    quotient, remainder = np.divmod(numerator, divisor)
    up = (2 * remainder > divisor) | ((2 * remainder == divisor) & (quotient % 2 == 1))
    return np.asarray(quotient + up, dtype=np.int64)


def saturate(values: Integers) -> Pixels:
    """Return values as uint8, clipped to 0 and 255."""
    return values.clip(0, 255).astype(np.uint8)


def gradient_length(across: Integers, down: Integers, norm: Norm, divisor: int) -> Pixels:
    """Return the length of the vectors (across, down) / divisor, as `Gradient` defines it."""
    if norm == "l2":
        length = np.sqrt((across * across + down * down).astype(np.float64)) / divisor
        return np.rint(length).clip(0, 255).astype(np.uint8)
    combine = np.add if norm == "l1" else np.maximum
    return saturate(round_half_even(combine(np.abs(across), np.abs(down)), divisor))


def unsharp_mask(operation: Unsharp, image: Pixels, blurred: Pixels) -> Pixels:
    """Return the image sharpened by its difference from its blur, as `Unsharp` defines it."""
    amount, pixels = operation.amount, image.astype(np.int64)
    difference = pixels - blurred
    sharp = round_half_even(pixels * amount.denominator + difference * amount.numerator, amount.denominator)
    return saturate(np.where(np.abs(difference) < operation.threshold, pixels, sharp))


def correlate(
    image: Pixels,
    kernel: Kernel,
    border: Border = "reflect_101",
    mode: Mode = "same",
    dtype: type[np.generic] = np.uint8,
) -> NDArray[np.generic]:
    """Correlate by the definition; arguments as for ``livefilter.correlate``."""
    check_gray(image)
    if mode == "valid" and any(side < size for side, size in zip(image.shape, kernel.shape, strict=True)):
        raise ShapeError(f"image: mode 'valid' needs at least the kernel's shape {kernel.shape}, found {image.shape}")
    window = pad(image, kernel, border) if mode == "same" else image
    numerator = weighted_sum(window, kernel.integers) + kernel.integer_offset
    if dtype == np.float32:
        return (numerator / np.float64(kernel.integer_divisor)).astype(np.float32)
    rounded = round_half_even(numerator, kernel.integer_divisor)
    if dtype == np.int16:
        return rounded.clip(-32768, 32767).astype(np.int16)
    if dtype == np.uint8:
        return saturate(rounded)
    raise OptionError(f"dtype: must be uint8, int16 or float32, found {np.dtype(dtype)}")


def apply(operation: Operation, image: Pixels, original: Pixels) -> Pixels:
    """Apply one operation to an image; ``original`` is the input of the whole chain."""
    match operation:
        case Correlation(kernel, border, absolute):
            numerator = weighted_sum(pad(image, kernel, border), kernel.integers) + kernel.integer_offset
            return saturate(round_half_even(np.abs(numerator) if absolute else numerator, kernel.integer_divisor))
        case Gradient(x, y, norm, border):
            x_weights, y_weights, divisor = operation.common_integers()
            across = weighted_sum(pad(image, x, border), np.array(x_weights, dtype=np.int64).reshape(x.shape))
            down = weighted_sum(pad(image, y, border), np.array(y_weights, dtype=np.int64).reshape(y.shape))
            return gradient_length(across, down, norm, divisor)
        case Unsharp(kernel, _, _, border):
            return unsharp_mask(operation, image, apply(Correlation(kernel, border), image, original))
        case Lookup(table):
            return np.frombuffer(table, dtype=np.uint8)[image]
        case Blend(weight):
            original_weight, image_weight = weight.numerator, weight.denominator - weight.numerator
            mixed = original_weight * original.astype(np.int64) + image_weight * image.astype(np.int64)
            return saturate(round_half_even(mixed, weight.denominator))


def apply_all(operations: Sequence[Operation], image: Pixels) -> Pixels:
    """Apply a chain of operations, one after the other."""
    result = check_gray(image)
    for operation in operations:
        result = apply(operation, result, image)
    return result.copy() if result is image else result


def score_sums(image: Pixels, rule: ScoreRule, windows: NDArray[np.bool_] | None = None) -> ScoreSums:
    """Return the exact counts of a gray image for a rule of edge scores.

    Args:
        image: Gray image.
        rule: Kernels and threshold.
        windows: Which of the valid windows count, by their first pixels, as ``Zone.whole_windows`` returns them
            [default: all].
    """
    horizontal = np.abs(weighted_sum(check_gray(image), rule.horizontal.integers))
    vertical = np.abs(weighted_sum(image, rule.vertical.integers))
    if windows is not None:
        horizontal, vertical = horizontal[windows], vertical[windows]
    first, second = rule.limits
    dense = (horizontal >= first) | (vertical >= second)
    return ScoreSums(int(horizontal.sum()), int(vertical.sum()), int(dense.sum()), horizontal.size)
