"""Operations on whole images, through the compiled sums: the same bytes as ``livefilter.kernels.reference``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._sums import Integers, luma, weighted_sum
from livefilter.errors import OptionError, PixelTypeError, ShapeError
from livefilter.frame import Pixels, check_gray, check_pixels
from livefilter.kernels import (
    Blend,
    Border,
    Correlation,
    EdgeScore,
    Gradient,
    Kernel,
    Lookup,
    Operation,
    ScoreRule,
    ScoreSums,
    Unsharp,
    border_indices,
    check_border,
    reference,
    to_fraction,
)
from livefilter.kernels.reference import Mode


_Scalar = TypeVar("_Scalar", bound=np.generic)


def correlate(
    image: Pixels,
    kernel: Kernel,
    *,
    border: Border = "reflect_101",
    mode: Mode = "same",
    dtype: type[np.generic] = np.uint8,
    out: NDArray[np.generic] | None = None,
) -> NDArray[np.generic]:
    """Slide a kernel over a gray image and add up the products; the kernel is not flipped (as in ``cv2.filter2D``).

    Args:
        image: uint8, shape (rows, cols); any strides, any size from 1x1.
        kernel: Weights, divisor, offset and anchor.
        border: What lies outside the image: reflect_101, replicate, reflect, wrap, or constant (zeros).
        mode: "same" gives the image's shape; "valid" only windows that lie inside it, so rows and cols shrink by the
            kernel's less one, and neither border nor anchor plays a part.
        dtype: uint8 or int16 (rounded half to even, then saturated), or float32 (nearest to the exact value).
        out: Written to and returned if given: C-contiguous, of the result's shape and dtype, not overlapping ``image``.

    Raises:
        ShapeError: The image is not gray, is empty, or is smaller than the kernel in mode "valid"; ``out`` does not
            fit.
        PixelTypeError: The image is not uint8, or ``out`` has another dtype.
        OptionError: Unknown border, mode or dtype.

    Example:
        >>> image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=np.uint8)
        >>> correlate(image, Kernel([[0, 1], [1, 0]]), mode="valid")
        array([[ 6,  8],
               [12, 14]], dtype=uint8)
    """
    check_gray(image)
    check_border(border)
    if mode not in ("same", "valid"):
        raise OptionError(f"mode: must be same or valid, found {mode!r}")
    if np.dtype(dtype) not in (np.dtype(np.uint8), np.dtype(np.int16), np.dtype(np.float32)):
        raise OptionError(f"dtype: must be uint8, int16 or float32, found {np.dtype(dtype)}")
    if mode == "valid" and any(side < size for side, size in zip(image.shape, kernel.shape, strict=True)):
        raise ShapeError(f"image: mode 'valid' needs at least the kernel's shape {kernel.shape}, found {image.shape}")
    numerator = _sums(image, kernel.integers, kernel.origin, border if mode == "same" else None) + kernel.integer_offset
    if np.dtype(dtype) == np.float32:
        result = (numerator / np.float64(kernel.integer_divisor)).astype(np.float32)
    else:
        limits = np.iinfo(np.dtype(dtype))
        rounded = reference.round_half_even(numerator, kernel.integer_divisor)
        result = rounded.clip(limits.min, limits.max).astype(dtype)
    return _delivered(result, out, image)


def convolve(
    image: Pixels,
    kernel: Kernel,
    *,
    border: Border = "reflect_101",
    mode: Mode = "same",
    dtype: type[np.generic] = np.uint8,
    out: NDArray[np.generic] | None = None,
) -> NDArray[np.generic]:
    """Correlate with the kernel turned by 180 degrees: convolution as mathematics defines it.

    Arguments, result and errors as ``correlate``. The anchor turns with the kernel.
    """
    return correlate(image, kernel.rotated(), border=border, mode=mode, dtype=dtype, out=out)


def edge_score(image: Pixels, *, threshold: float = 0.1) -> EdgeScore:
    """Score how much edge there is in a picture, with the articles' 2x2 kernels.

    Args:
        image: uint8, gray (rows, cols) or BGR (rows, cols, 3).
        threshold: Share of the strongest possible response, in [0, 1], from which a window counts as dense.

    Returns:
        horizontal, vertical and density, each in [0, 1]; all 0 for a picture smaller than 2x2.

    Raises:
        ShapeError: No picture, or an empty one.
        PixelTypeError: Not uint8.
        OptionError: The threshold is out of range.

    Example:
        >>> stripes = np.tile(np.array([[0], [255]], dtype=np.uint8), (4, 8))
        >>> edge_score(stripes)
        EdgeScore(horizontal=1.0, vertical=0.0, density=1.0)
    """
    rule = ScoreRule(threshold=to_fraction(threshold, "threshold"))
    return rule.score(score_sums(to_gray(image), rule))


def to_gray(image: Pixels) -> Pixels:
    """Return the luma of a picture; a gray one is returned as it is.

    Raises:
        ShapeError: No picture, or an empty one.
        PixelTypeError: Not uint8.
    """
    if check_pixels(image).ndim == 2:
        return image
    gray = np.empty(image.shape[:2], dtype=np.uint8)
    luma(image, gray)
    return gray


def score_sums(image: Pixels, rule: ScoreRule) -> ScoreSums:
    """Count what ``rule`` asks for in a gray image."""
    horizontal = np.abs(_sums(image, rule.horizontal.integers, (0, 0), None))
    vertical = np.abs(_sums(image, rule.vertical.integers, (0, 0), None))
    first, second = rule.limits
    dense = (horizontal >= first) | (vertical >= second)
    return ScoreSums(int(horizontal.sum()), int(vertical.sum()), int(dense.sum()), horizontal.size)


def apply_all(operations: Sequence[Operation], image: Pixels, out: Pixels | None) -> Pixels:
    """Apply a chain of operations to a gray image."""
    result = image
    for operation in operations:
        result = _apply(operation, result, image)
    return _delivered(result.copy() if result is image else result, out, image)


def _apply(operation: Operation, image: Pixels, original: Pixels) -> Pixels:
    match operation:
        case Correlation(kernel, border, absolute):
            numerator = _sums(image, kernel.integers, kernel.origin, border) + kernel.integer_offset
            if absolute:
                np.abs(numerator, out=numerator)
            return reference.saturate(reference.round_half_even(numerator, kernel.integer_divisor))
        case Gradient(x, y, norm, border):
            x_weights, y_weights, divisor = operation.common_integers()
            across = _sums(image, np.array(x_weights, dtype=np.int64).reshape(x.shape), x.origin, border)
            down = _sums(image, np.array(y_weights, dtype=np.int64).reshape(y.shape), y.origin, border)
            return reference.gradient_length(across, down, norm, divisor)
        case Unsharp(kernel, _, _, border):
            blurred = _apply(Correlation(kernel, border), image, original)
            return reference.sharpened(operation, image, blurred)
        case Lookup() | Blend():
            return reference.apply(operation, image, original)


def _sums(image: Pixels, weights: Integers, origin: tuple[int, int], border: Border | None) -> Integers:
    """Return the weighted sums: of the whole image, or of valid windows only where there is no border."""
    (rows, cols), (row, col) = weights.shape, origin
    if border is None:
        at_rows, at_cols = np.arange(image.shape[0]), np.arange(image.shape[1])
        shape = (max(image.shape[0] - rows + 1, 0), max(image.shape[1] - cols + 1, 0))
    else:
        at_rows = border_indices(image.shape[0], row, rows - 1 - row, border)
        at_cols = border_indices(image.shape[1], col, cols - 1 - col, border)
        shape = (image.shape[0], image.shape[1])
    total = np.empty(shape, dtype=np.int64)
    weighted_sum(image, np.ascontiguousarray(weights), at_rows, at_cols, total)
    return total


def _delivered(result: NDArray[_Scalar], out: NDArray[_Scalar] | None, image: Pixels) -> NDArray[_Scalar]:
    """Return the result, in ``out`` where one is given and fits."""
    if out is None:
        return result
    if not isinstance(out, np.ndarray) or out.dtype != result.dtype:
        found = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise PixelTypeError(f"out: must be an array of {result.dtype}, found {found}")
    if out.shape != result.shape:
        raise ShapeError(f"out: must have the result's shape {result.shape}, found {out.shape}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise OptionError("out: must be C-contiguous and writable; use np.empty_like")
    if np.may_share_memory(out, image):
        raise OptionError("out: must not overlap the image; use an array of its own")
    np.copyto(out, result)
    return out
