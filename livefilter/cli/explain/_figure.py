"""The numbers of one pixel in one step of a preset, and their figure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import Border, Correlation, Gradient, Kernel, Unsharp, reference, to_fraction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KernelOperation = Correlation | Gradient | Unsharp
"""The operations that have a kernel."""
MAX_NUMBERS = 9
"""Longest side of a matrix that is drawn as numbers; larger ones are heat maps."""


@dataclass(frozen=True, slots=True)
class KernelProducts:
    """One kernel, its window of the image, and their products. All arrays have the kernel's shape.

    Attributes:
        name: "x" or "y" for the two kernels of a gradient; empty for a single kernel.
        window: uint8, pixels under the kernel.
        is_inside: False for pixels outside the image, which the border rule supplies.
        weights: Fractions, not yet divided by ``divisor``.
        divisor: The kernel's own divisor if it is short, otherwise the one that makes the weights whole.
        origin: (row, col) of the weight on the output pixel.
    """

    name: str
    window: Pixels
    is_inside: NDArray[np.bool_]
    weights: NDArray[np.object_]
    divisor: Fraction
    origin: tuple[int, int]

    @property
    def products(self) -> NDArray[np.object_]:
        """Exact products of weights and pixels."""
        return np.asarray(self.weights * self.window.astype(object))

    @property
    def total(self) -> Fraction:
        """Exact sum of the products."""
        return sum(self.products.ravel().tolist(), Fraction(0))


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The computation of one pixel.

    Attributes:
        before: Image before the step.
        after: Image after the step, from the compiled filter.
        position: (row, col) of the pixel.
        border: Border rule for pixels outside the image.
        kernels: One entry for each kernel.
        stages: The stages after the sums, as (description, value); the last value is the pixel.
    """

    before: Pixels
    after: Pixels
    position: tuple[int, int]
    border: Border
    kernels: tuple[KernelProducts, ...]
    stages: tuple[tuple[str, Fraction], ...]

    @property
    def result(self) -> int:
        """Value of the pixel after the step."""
        return int(self.after[self.position])


def explain(operation: KernelOperation, before: Pixels, after: Pixels, position: tuple[int, int]) -> Explanation:
    """Compute how an operation made the pixel at ``position`` of the image ``after`` from the image ``before``.

    Raises:
        OptionError: The position is outside the image.
    """
    rows, cols = before.shape
    if not (0 <= position[0] < rows and 0 <= position[1] < cols):
        raise OptionError(
            f"at: rows are 0 to {rows - 1} and columns 0 to {cols - 1}, found {position[0]},{position[1]}"
        )
    parts = tuple(_kernel_products(before, operation, position))
    return Explanation(
        before, after, position, operation.border, parts, tuple(_stages(operation, parts, before[position]))
    )


def number(value: Fraction | int) -> str:
    """Format a number of a matrix: exact if it has up to four decimals, otherwise rounded."""
    if value.denominator == 1:
        return str(value)
    return f"{float(value):.2g}" if abs(float(value)) < 0.001 else f"{float(value):.4f}".rstrip("0").rstrip(".")


def kernels_of(operation: KernelOperation) -> tuple[Kernel, ...]:
    """Return the kernels of an operation: two for a gradient, otherwise one."""
    return (operation.x, operation.y) if isinstance(operation, Gradient) else (operation.kernel,)


def _kernel_products(image: Pixels, operation: KernelOperation, position: tuple[int, int]) -> Iterator[KernelProducts]:
    """Yield the products of each kernel of an operation, in the integers that the compiled filter uses."""
    kernels = kernels_of(operation)
    if isinstance(operation, Gradient):
        *flat, divisor = operation.common_integers()
    else:
        flat, divisor = [tuple(operation.kernel.integers.ravel().tolist())], operation.kernel.integer_divisor
    shown = _displayed_divisor(to_fraction(kernels[0].divisor), divisor)
    for kernel, integers, name in zip(kernels, flat, ("x", "y"), strict=False):
        weights = np.array([weight * shown / divisor for weight in integers], dtype=object).reshape(kernel.shape)
        at = tuple(slice(start, start + side) for start, side in zip(position, kernel.shape, strict=True))
        known = reference.pad(np.ones_like(image), kernel, "constant")[at].astype(np.bool_)
        window = reference.pad(image, kernel, operation.border)[at]
        yield KernelProducts(name if len(kernels) > 1 else "", window, known, weights, shown, kernel.origin)


def _displayed_divisor(declared: Fraction, exact: int) -> Fraction:
    """Return the declared divisor if it or its inverse (a gain) is short, otherwise the exact one."""
    is_short = abs(declared) <= 1000 and 1 in (declared.denominator, (1000 / declared).denominator)
    return declared if is_short else Fraction(exact)


def _stages(
    operation: KernelOperation, parts: tuple[KernelProducts, ...], pixel: np.uint8
) -> Iterator[tuple[str, Fraction]]:
    divisor = parts[0].divisor
    if isinstance(operation, Gradient):
        words, value = _length(operation, parts)
        yield words, value * divisor
    else:
        value = parts[0].total / divisor
        yield "sum of the products", parts[0].total
    if divisor != 1:
        yield (f"divided by {divisor}" if divisor.denominator == 1 else f"times {number(1 / divisor)}"), value
    if isinstance(operation, Correlation):
        offset = Fraction(operation.kernel.integer_offset, operation.kernel.integer_divisor)
        value += offset
        if offset:
            yield ("plus" if offset > 0 else "minus") + f" {number(abs(offset))}", value
        if operation.absolute and value < 0:
            value = abs(value)
            yield "absolute value", value
    yield from _rounded_and_saturated(value)
    if isinstance(operation, Unsharp):
        yield from _sharpened(operation, int(pixel), round(value))


def _length(operation: Gradient, parts: tuple[KernelProducts, ...]) -> tuple[str, Fraction]:
    """Return the description and the value of the combination of x and y, divided."""
    x, y = (part.total / part.divisor for part in parts)
    if operation.norm == "l2":  # In floating point from whole numbers, exactly as the reference.
        divisor = operation.common_integers()[-1]
        return "length of (x, y)", Fraction(math.sqrt((x * divisor) ** 2 + (y * divisor) ** 2) / divisor)
    if operation.norm == "l1":
        return "|x| + |y|", abs(x) + abs(y)
    return "larger of |x| and |y|", max(abs(x), abs(y))


def _sharpened(operation: Unsharp, pixel: int, blurred: int) -> Iterator[tuple[str, Fraction]]:
    difference = pixel - blurred
    yield f"pixel {pixel} minus its blur", Fraction(difference)
    if abs(difference) < operation.threshold:
        yield f"below threshold {operation.threshold}: pixel stays", Fraction(pixel)
        return
    yield f"pixel plus {number(operation.amount)} times that", pixel + operation.amount * difference
    yield from _rounded_and_saturated(pixel + operation.amount * difference)


def _rounded_and_saturated(value: Fraction) -> Iterator[tuple[str, Fraction]]:
    rounded = round(value)
    if rounded != value:
        yield "rounded half to even" if value.denominator == 2 else "rounded", Fraction(rounded)
    saturated = min(255, max(0, rounded))
    if saturated != rounded:
        yield f"saturated at {saturated}", Fraction(saturated)


_WIDTH, _MARGIN, _GAP = 15.0, 0.5, 0.45
_IMAGE_COLS, _IMAGE_ROWS, _MATRIX, _MAX_CELL, _RESULT = 6.75, 4.5, 2.9, 0.8, 0.9
_INK, _QUIET, _ACCENT = "#212529", "#868e96", "#e8590c"
_BELOW, _ABOVE, _DARK = (127, 178, 229), (245, 176, 131), 0.5

Box = tuple[int, int, int, int]  # first row, first col, rows, cols
Edge = tuple[float, float, float]  # left, right, and how far down


def draw_figure(figure: Figure, explained: Explanation, *, title: str, note: str) -> None:
    """Draw both images and, below them, window, kernel, products and the following stages on a new figure."""
    sheet = figure.add_axes((0, 0, 1, 1))  # In units of inches from the upper left corner.
    sheet.axis("off")
    sheet.text(_MARGIN, 0.42, title, size=17, weight="bold", color=_INK, va="center")
    sheet.text(_MARGIN, 0.78, note, size=10.5, color=_QUIET, va="center")
    (rows, cols), (row, col), first = explained.before.shape, explained.position, explained.kernels[0]
    scale = min(_IMAGE_COLS / cols, _IMAGE_ROWS / rows)
    window = (row - first.origin[0], col - first.origin[1], *first.window.shape)
    taken = _draw_image(sheet, explained.before, _MARGIN, scale, "image", window)
    left = _WIDTH - _MARGIN - cols * scale
    made = _draw_image(sheet, explained.after, left, scale, "filtered image", (row, col, 1, 1))
    top = start = 1.3 + rows * scale + 0.75
    for part in explained.kernels:
        right, bottom = _draw_products(sheet, part, top)
        top = bottom + 0.7
    _draw_fan(sheet, taken, (_MARGIN, _MARGIN + first.window.shape[1] * _cell(first.window), start))
    _draw_fan(sheet, made, _draw_stages(sheet, explained, right + 0.1, (start + bottom) / 2))
    figure.set_size_inches(_WIDTH, bottom + 0.6)
    sheet.set(xlim=(0, _WIDTH), ylim=(bottom + 0.6, 0))


def _draw_fan(sheet: Axes, above: Edge, below: Edge) -> None:
    """Draw two lines from a mark in an image to its numbers."""
    for start, end in zip(above[:2], below[:2], strict=True):
        sheet.plot((start, end), (above[2], below[2]), color=_ACCENT, linewidth=0.8, alpha=0.6)


def _draw_box(sheet: Axes, left: float, top: float, cols: float, rows: float, **style: Any) -> None:
    around = (left, left + cols, left + cols, left), (top, top, top + rows, top + rows)
    sheet.fill(*around, **{"facecolor": "none", "edgecolor": _ACCENT, "linewidth": 1.6, **style})


def _draw_image(sheet: Axes, pixels: Pixels, left: float, scale: float, name: str, marked: Box) -> Edge:
    """Draw an image with a marked box; return the lower edge of the mark."""
    top, (rows, cols) = 1.3, pixels.shape
    extent = (left, left + cols * scale, top + rows * scale, top)
    sheet.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
    _draw_box(sheet, left, top, cols * scale, rows * scale, edgecolor=_QUIET, linewidth=0.8)
    sheet.text(left, top - 0.12, name, size=11, color=_INK)
    high, wide = (max(side * scale, 0.12) for side in marked[2:])  # A mark of 3x3 pixels would be too small to see.
    x = left + (marked[1] + marked[3] / 2) * scale - wide / 2
    y = top + (marked[0] + marked[2] / 2) * scale - high / 2
    _draw_box(sheet, x, y, wide, high, edgecolor="white", linewidth=3.2)
    _draw_box(sheet, x, y, wide, high)
    return x, x + wide, y + high


def _cell(values: NDArray[Any]) -> float:
    return float(min(_MAX_CELL, _MATRIX / max(values.shape)))


def _draw_products(sheet: Axes, part: KernelProducts, top: float) -> tuple[float, float]:
    """Draw window, kernel and products of one kernel in a row; return its right and lower ends."""
    (rows, cols), cell, left = part.window.shape, _cell(part.window), _MARGIN
    products = f"products, Σ {part.name} = {_format(part.total)}" if part.name else "products"
    matrices = {"window": part.window, f"kernel {part.name}".rstrip(): part.weights, products: part.products}
    for (name, values), sign in zip(matrices.items(), "×=→", strict=True):
        _draw_matrix(sheet, values, left, top, name)
        _draw_box(sheet, left + part.origin[1] * cell, top + part.origin[0] * cell, cell, cell, zorder=3)
        left += cols * cell + _GAP
        sheet.text(left - _GAP / 2, top + rows * cell / 2, sign, size=17, color=_QUIET, ha="center", va="center")
    for row, col in np.argwhere(~part.is_inside):
        _draw_box(sheet, _MARGIN + col * cell, top + row * cell, cell, cell, hatch="////", linewidth=0, alpha=0.5)
    return left, top + rows * cell


def _draw_matrix(sheet: Axes, values: NDArray[Any], left: float, top: float, name: str) -> None:
    """Draw numbers on cells, or a heat map of a large matrix; pixels on gray, signed numbers on colours."""
    (rows, cols), levels, cell = values.shape, values.astype(np.float64), _cell(values)
    is_pixels, is_large = values.dtype == np.uint8, max(values.shape) > MAX_NUMBERS
    share = levels[..., None] / (255 if is_pixels else np.abs(levels).max() or 1)
    tint = np.sqrt(np.abs(share)) * (1 - np.where(share < 0, _BELOW, _ABOVE) / np.float64(255))
    extent, colours = (
        (left, left + cols * cell, top + rows * cell, top),
        np.repeat(share, 3, 2) if is_pixels else 1 - tint,
    )
    sheet.imshow(colours, extent=extent, aspect="auto", interpolation="nearest")
    _draw_box(sheet, left, top, cols * cell, rows * cell, edgecolor=_QUIET, linewidth=0.8)
    if is_large:
        name += f"  ({_format(values.min())} to {_format(values.max())})"
    sheet.text(left, top + rows * cell + 0.22, name, size=11, color=_INK, va="center")
    texts = {} if is_large else {position: _format(value) for position, value in np.ndenumerate(values.astype(object))}
    points = min(17.0, 72 * cell * min(0.42, 1.38 / max(map(len, texts.values()), default=1)))
    for (row, col), text in texts.items():
        ink = "white" if is_pixels and share[row, col] < _DARK else _INK
        x, y = left + (col + 0.5) * cell, top + (row + 0.5) * cell
        sheet.text(x, y, text, size=points, color=ink, ha="center", va="center")


def _format(value: Fraction | int) -> str:
    return number(value).replace("-", "−")


def _draw_stages(sheet: Axes, explained: Explanation, start: float, middle: float) -> Edge:
    """Draw the stages after the sums, one line each, and the pixel; return the upper edge of the pixel."""
    left, top = _WIDTH - _MARGIN - _RESULT, middle - _RESULT / 2
    end = min(start + 3.4, left - 0.25)
    style: dict[str, Any] = {"size": 11, "color": _INK, "va": "center"}
    for at, (words, value) in enumerate(explained.stages):
        line = middle + 0.3 * (at - (len(explained.stages) - 1) / 2)
        sheet.text(start, line, words, ha="left", **style)
        sheet.text(end, line, _format(value), ha="right", bbox={"color": "white", "pad": 1}, **style)
    _draw_box(sheet, left, top, _RESULT, _RESULT, facecolor=str(explained.result / 255))
    ink = "white" if explained.result / 255 < _DARK else _INK
    sheet.text(left + _RESULT / 2, middle, str(explained.result), size=17, color=ink, ha="center", va="center")
    return left, left + _RESULT, top
