"""Others that are installed: SciPy, Pillow, pyvips and Halide, each for the jobs that it can do to the same pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from livefilter.bench._jobs import Job, Run
from livefilter.frame import Pixels
from livefilter.kernels import Correlation, Kernel

_HALIDE_STRIP = 32
"""Rows to a strip in Halide's schedule."""


def rivals(job: Job, image: Pixels) -> Iterator[tuple[str, Run]]:
    """Yield the name of each installed rival that can do a job, and the function that does it."""
    makers: dict[str, Callable[[Kernel, Pixels], Run | None]] = {
        "halide": _halide,
        "pyvips": _pyvips,
        "PIL": _pillow,
        "scipy": _scipy,
    }
    match job.operations:
        case [Correlation(kernel, "reflect_101", False)] if job.rule is None:
            for package, maker in makers.items():
                if find_spec(package) is not None and (run := maker(kernel, image)) is not None:
                    yield {"PIL": "Pillow", "scipy": "SciPy", "halide": "Halide"}.get(package, package), run


def _scipy(kernel: Kernel, image: Pixels) -> Run:
    from scipy import ndimage

    weights = kernel.integers / kernel.integer_divisor

    def run(picture: Pixels, out: Pixels) -> None:
        result = ndimage.correlate(picture, weights, output=np.float64, mode="mirror")
        np.copyto(out, np.rint(result + kernel.integer_offset / kernel.integer_divisor).clip(0, 255).astype(np.uint8))

    return run


def _pillow(kernel: Kernel, image: Pixels) -> Run | None:
    """Pillow has kernels of 3x3 and 5x5 only, and leaves the border as it is."""
    if kernel.shape not in ((3, 3), (5, 5)):
        return None
    from PIL import Image, ImageFilter

    weights = kernel.integers[::-1].ravel().tolist()
    made = ImageFilter.Kernel(
        kernel.shape, weights, kernel.integer_divisor, kernel.integer_offset / kernel.integer_divisor
    )
    opened = Image.fromarray(image)

    def run(picture: Pixels, out: Pixels) -> None:
        np.copyto(out, np.asarray(opened.filter(made)))

    return run


def _pyvips(kernel: Kernel, image: Pixels) -> Run:
    """Its integer convolution is an approximation for some kernels; those take the one in float."""
    import pyvips

    pyvips.cache_set_max(0)
    scale, offset = kernel.integer_divisor, kernel.integer_offset / kernel.integer_divisor
    mask = pyvips.Image.new_from_array(kernel.integers.tolist(), scale=scale, offset=offset)

    def in_integers(picture: Pixels, out: Pixels) -> None:
        np.copyto(out, pyvips.Image.new_from_array(picture).conv(mask, precision="integer").cast("uchar").numpy())

    def in_float(picture: Pixels, out: Pixels) -> None:
        made = pyvips.Image.new_from_array(picture).conv(mask, precision="float")
        np.copyto(out, made.rint().cast("uchar").numpy())

    quick, exact = np.empty_like(image), np.empty_like(image)
    in_integers(image, quick)
    in_float(image, exact)
    return in_integers if np.abs(quick.astype(np.int16) - exact).max() <= 1 else in_float


def _halide(kernel: Kernel, image: Pixels) -> Run:
    """Halide by a hand-written schedule: strips of rows, vectors of columns, separable kernels in two passes."""
    import halide as hl

    rows, cols = image.shape
    source = hl.ImageParam(hl.UInt(8), 2)
    bounded = hl.BoundaryConditions.mirror_interior(source, [(0, cols), (0, rows)])
    x, y, down = hl.Var("x"), hl.Var("y"), hl.Var("yi")
    largest = 255 * int(np.abs(kernel.integers).sum())
    lane = hl.Int(16) if largest < 1 << 15 else hl.UInt(16) if _fits_uint16(kernel) else hl.Int(32)
    widened = hl.Func("widened")
    widened[x, y] = hl.cast(lane, bounded[x, y])
    total, columns = _halide_sum(hl, kernel, widened, lane, x, y)
    divisor, offset = kernel.integer_divisor, kernel.integer_offset
    wide = hl.cast(hl.Int(32), total) if divisor > 1 else total
    rounded = (wide + offset + divisor // 2) / divisor if divisor > 1 else wide + offset
    result = hl.Func("result")
    result[x, y] = hl.cast(hl.UInt(8), hl.clamp(rounded, 0, 255))
    width = 64 if lane.bits() == 16 else 32
    result.split(y, y, down, _HALIDE_STRIP).vectorize(x, width)
    if columns is not None:
        columns.compute_at(result, down).vectorize(x, width)
    result.compile_jit()

    def run(picture: Pixels, out: Pixels) -> None:
        source.set(hl.Buffer(picture))
        result.realize(hl.Buffer(out))

    return run


def _fits_uint16(kernel: Kernel) -> bool:
    return bool((kernel.integers >= 0).all()) and 255 * int(kernel.integers.sum()) < 1 << 16


def _halide_sum(hl: Any, kernel: Kernel, widened: Any, lane: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the weighted sum as a Halide expression, and the function of column sums if the kernel is separable."""
    row, col = kernel.origin
    factors = _integer_factors(kernel)

    def weighted(taps: Iterable[tuple[Any, Any]]) -> Any:
        return sum((hl.cast(lane, int(weight)) * pixel for weight, pixel in taps if weight), hl.cast(lane, 0))

    if factors is None:
        taps = [(weight, widened[x + j - col, y + i - row]) for (i, j), weight in np.ndenumerate(kernel.integers)]
        return weighted(taps), None
    column, line = factors
    columns = hl.Func("columns")
    columns[x, y] = weighted([(weight, widened[x, y + i - row]) for i, weight in enumerate(column)])
    return weighted([(weight, columns[x + j - col, y]) for j, weight in enumerate(line)]), columns


def _integer_factors(kernel: Kernel) -> tuple[list[int], list[int]] | None:
    """Return the column and the row of a kernel of rank 1 in whole numbers; None if it has another rank."""
    weights = kernel.integers
    i, j = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    line = weights[i] // np.gcd.reduce(weights[i])
    column = weights[:, j] // line[j] if line[j] else weights[:, j]
    return (column.tolist(), line.tolist()) if np.array_equal(np.outer(column, line), weights) else None
