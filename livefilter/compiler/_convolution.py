"""Correlation, convolution and edge score of whole images: the same bytes as ``livefilter.kernels.reference``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._executable import Executable
from livefilter.compiler._grayscale import luma_function, to_gray
from livefilter.compiler.plan import Output, plan_correlation, plan_score
from livefilter.compiler.threads import thread_count
from livefilter.errors import OptionError, PixelTypeError, ShapeError
from livefilter.frame import Pixels, check_gray
from livefilter.kernels import Border, EdgeScore, Kernel, ScoreRule, check_border, to_fraction
from livefilter.kernels.reference import Mode

_OUTPUTS: tuple[Output, ...] = ("uint8", "int16", "float32")


def correlate(
    image: Pixels,
    kernel: Kernel,
    *,
    border: Border = "reflect_101",
    mode: Mode = "same",
    dtype: type[np.generic] = np.uint8,
    out: NDArray[np.generic] | None = None,
) -> NDArray[np.generic]:
    """Correlate a gray image with a kernel; the kernel is not flipped (as in ``cv2.filter2D``).

    The first call with a kernel compiles it, in about a second, or loads it from the cache folder.

    Args:
        image: uint8, shape (rows, cols); any strides, any size from 1x1.
        kernel: Weights, divisor, offset and anchor.
        border: Extrapolation outside the image: reflect_101, replicate, reflect, wrap, or constant (zeros).
        mode: "same" returns the image's shape; "valid" uses only windows inside the image, so rows and cols shrink by
            the kernel's minus one, and border and anchor have no effect.
        dtype: uint8 or int16 (rounded half to even, then saturated), or float32 (nearest to the exact value).
        out: Receives the result and is returned. C-contiguous, of the result's shape and dtype, not overlapping
            ``image``. Default: a new array.

    Returns:
        The result, of shape (rows, cols) and the given dtype.

    Raises:
        ShapeError: The image is not gray, is empty, or is smaller than the kernel in mode "valid"; ``out`` has another
            shape than the result.
        PixelTypeError: The image is not uint8, or ``out`` has another dtype.
        OptionError: Unknown border, mode or dtype; ``out`` is read-only, not contiguous, or overlaps the image.

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
    output = next((name for name in _OUTPUTS if np.dtype(dtype) == np.dtype(name)), None)
    if output is None:
        raise OptionError(f"dtype: must be uint8, int16 or float32, found {np.dtype(dtype)}")
    (rows, cols), (height, width) = image.shape, kernel.shape
    if mode == "valid":
        if rows < height or cols < width:
            raise ShapeError(
                f"image: mode 'valid' needs at least the kernel's shape {kernel.shape}, found {image.shape}"
            )
        rows, cols = rows - height + 1, cols - width + 1
    executable = _correlation(kernel, border, output, mode == "valid")
    result = output_array(out, (rows, cols), np.dtype(output), image)
    executable.run(np.ascontiguousarray(image), result)
    return result


def convolve(
    image: Pixels,
    kernel: Kernel,
    *,
    border: Border = "reflect_101",
    mode: Mode = "same",
    dtype: type[np.generic] = np.uint8,
    out: NDArray[np.generic] | None = None,
) -> NDArray[np.generic]:
    """Convolve a gray image with a kernel: correlate with the kernel rotated by 180 degrees, anchor included.

    Arguments, result and errors are those of ``correlate``.
    """
    return correlate(image, kernel.rotated(), border=border, mode=mode, dtype=dtype, out=out)


def edge_score(image: Pixels, *, threshold: float = 0.1) -> EdgeScore:
    """Measure edge strength and density of an image with 2x2 edge kernels.

    Args:
        image: uint8, gray (rows, cols) or BGR (rows, cols, 3).
        threshold: Fraction of the strongest possible response, in [0, 1], from which a window counts as an edge.

    Returns:
        horizontal, vertical and density, each in [0, 1]; all 0 for an image smaller than 2x2.

    Raises:
        ShapeError: Neither gray nor BGR, or empty.
        PixelTypeError: Not uint8.
        OptionError: The threshold is out of range.

    Example:
        >>> stripes = np.tile(np.array([[0], [255]], dtype=np.uint8), (4, 8))
        >>> edge_score(stripes)
        EdgeScore(horizontal=1.0, vertical=0.0, density=1.0)
    """
    rule = ScoreRule(threshold=to_fraction(threshold, "threshold"))
    gray = np.ascontiguousarray(to_gray(image))
    return rule.score(_scoring(rule).run(gray, np.empty((1, 1), dtype=np.uint8)))


def output_array(
    out: NDArray[Any] | None, shape: tuple[int, int], dtype: np.dtype[np.generic], image: Pixels
) -> NDArray[Any]:
    """Return ``out`` after checking that it can receive a result, or a new array if it is None.

    Raises:
        PixelTypeError: ``out`` has another dtype.
        ShapeError: ``out`` has another shape.
        OptionError: ``out`` is read-only, not C-contiguous, or overlaps the image.
    """
    if out is None:
        return np.empty(shape, dtype=dtype)
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        actual = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise PixelTypeError(f"out: must be an array of {dtype}, found {actual}")
    if out.shape != shape:
        raise ShapeError(f"out: must have the result's shape {shape}, found {out.shape}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise OptionError("out: must be C-contiguous and writable; use np.empty_like")
    if np.may_share_memory(out, image):
        raise OptionError("out: must not overlap the image; use an array of its own")
    return out


def release_compiled() -> None:
    """Release the compiled kernels, with their memory, that the functions of this room keep for the next call."""
    _correlation.cache_clear()
    _scoring.cache_clear()
    luma_function.cache_clear()


@lru_cache(maxsize=64)
def _correlation(kernel: Kernel, border: Border, output: Output, is_valid: bool) -> Executable:
    return Executable(plan_correlation(kernel, border, output, is_valid=is_valid), thread_count(None))


@lru_cache(maxsize=16)
def _scoring(rule: ScoreRule) -> Executable:
    return Executable(plan_score(rule), thread_count(None))
