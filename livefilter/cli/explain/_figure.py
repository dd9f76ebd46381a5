"""What happens to one pixel in one step of a preset: its numbers, and the figure of them that textbooks draw."""

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

Weighing = Correlation | Gradient | Unsharp
"""The operations that slide a kernel."""
MAX_NUMBERS = 9
"""Matrices with a longer side are drawn as heat maps."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kernel on its window. All arrays have the kernel's shape.

    Attributes:
        name: Which of several kernels; empty where there is one.
        window: uint8, the pixels under the kernel.
        is_inside: False for pixels that the border rule supplied.
        weights: Fractions, to be divided by ``divisor``.
        divisor: As the kernel was written where that reads well, and else what makes the weights whole.
        origin: (row, col) of the weight that lies on the output pixel.
    """

    name: str
    window: Pixels
    is_inside: NDArray[np.bool_]
    weights: NDArray[np.object_]
    divisor: Fraction
    origin: tuple[int, int]

    @property
    def products(self) -> NDArray[np.object_]:
        """Weights times pixels, exact."""
        return np.asarray(self.weights * self.window.astype(object))

    @property
    def total(self) -> Fraction:
        """The sum of the products."""
        return sum(self.products.ravel().tolist(), Fraction(0))


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """How one pixel came about.

    Attributes:
        before: The picture that enters the step.
        after: The picture that leaves it, from the compiled filter.
        place: (row, col) of the pixel.
        border: What lies outside the picture.
        parts: One for each kernel.
        stages: What follows the sums: words, and the value that they lead to; the last one is the pixel.
    """

    before: Pixels
    after: Pixels
    place: tuple[int, int]
    border: Border
    parts: tuple[Part, ...]
    stages: tuple[tuple[str, Fraction], ...]

    @property
    def result(self) -> int:
        """The pixel in the filtered picture."""
        return int(self.after[self.place])


def explain(operation: Weighing, before: Pixels, after: Pixels, place: tuple[int, int]) -> Explanation:
    """Work out how an operation made the pixel at ``place`` of the picture ``after`` from the picture ``before``.

    Raises:
        OptionError: The place lies outside the picture.
    """
    rows, cols = before.shape
    if not (0 <= place[0] < rows and 0 <= place[1] < cols):
        raise OptionError(f"at: rows are 0 to {rows - 1} and columns 0 to {cols - 1}, found {place[0]},{place[1]}")
    parts = tuple(_parts(before, operation, place))
    return Explanation(before, after, place, operation.border, parts, tuple(_stages(operation, parts, before[place])))


def number(value: Fraction | int) -> str:
    """Return a number as matrices show it: exact if it has up to four decimals, else rounded."""
    if value.denominator == 1:
        return str(value)
    return f"{float(value):.2g}" if abs(float(value)) < 0.001 else f"{float(value):.4f}".rstrip("0").rstrip(".")


def kernels_of(operation: Weighing) -> tuple[Kernel, ...]:
    """Return the kernels that an operation slides: two for a gradient, else one."""
    return (operation.x, operation.y) if isinstance(operation, Gradient) else (operation.kernel,)


def _parts(image: Pixels, operation: Weighing, place: tuple[int, int]) -> Iterator[Part]:
    """Yield the kernels of an operation with their windows, in the integers that the compiled filter uses."""
    kernels = kernels_of(operation)
    if isinstance(operation, Gradient):
        *flat, divisor = operation.common_integers()
    else:
        flat, divisor = [tuple(operation.kernel.integers.ravel().tolist())], operation.kernel.integer_divisor
    shown = _shown_divisor(to_fraction(kernels[0].divisor), divisor)
    for kernel, integers, name in zip(kernels, flat, ("x", "y"), strict=False):
        weights = np.array([weight * shown / divisor for weight in integers], dtype=object).reshape(kernel.shape)
        at = tuple(slice(start, start + side) for start, side in zip(place, kernel.shape, strict=True))
        known = reference.pad(np.ones_like(image), kernel, "constant")[at].astype(np.bool_)
        window = reference.pad(image, kernel, operation.border)[at]
        yield Part(name if len(kernels) > 1 else "", window, known, weights, shown, kernel.origin)


def _shown_divisor(written: Fraction, exact: int) -> Fraction:
    """Return the divisor as it was written if it, or the gain that it stands for, is short; else the exact one."""
    is_short = abs(written) <= 1000 and 1 in (written.denominator, (1000 / written).denominator)
    return written if is_short else Fraction(exact)


def _stages(operation: Weighing, parts: tuple[Part, ...], pixel: np.uint8) -> Iterator[tuple[str, Fraction]]:
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
    yield from _finished(value)
    if isinstance(operation, Unsharp):
        yield from _sharpened(operation, int(pixel), round(value))


def _length(operation: Gradient, parts: tuple[Part, ...]) -> tuple[str, Fraction]:
    """Return how x and y are combined, and their combination, divided."""
    x, y = (part.total / part.divisor for part in parts)
    if operation.norm == "l2":  # In floating point exactly as the reference does it, from whole numbers.
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
    yield from _finished(pixel + operation.amount * difference)


def _finished(value: Fraction) -> Iterator[tuple[str, Fraction]]:
    rounded = round(value)
    if rounded != value:
        yield "rounded, half to even" if value.denominator == 2 else "rounded", Fraction(rounded)
    saturated = min(255, max(0, rounded))
    if saturated != rounded:
        yield f"saturated at {saturated}", Fraction(saturated)


_WIDTH, _MARGIN, _GAP = 15.0, 0.5, 0.45
_PICTURE_COLS, _PICTURE_ROWS, _MATRIX, _LARGEST_CELL, _RESULT = 6.75, 4.5, 2.9, 0.8, 0.9
_INK, _QUIET, _ACCENT = "#212529", "#868e96", "#e8590c"
_BELOW, _ABOVE, _DARK = (127, 178, 229), (245, 176, 131), 0.5

Box = tuple[int, int, int, int]  # first row, first col, rows, cols
Edge = tuple[float, float, float]  # left, right, and how far down


def compose(figure: Figure, explained: Explanation, *, title: str, note: str) -> None:
    """Draw both pictures and, below them, the window, the kernel, the products and what follows, on a new figure."""
    sheet = figure.add_axes((0, 0, 1, 1))  # Its units will be inches from the upper left corner.
    sheet.axis("off")
    sheet.text(_MARGIN, 0.42, title, size=17, weight="bold", color=_INK, va="center")
    sheet.text(_MARGIN, 0.78, note, size=10.5, color=_QUIET, va="center")
    (rows, cols), (row, col), first = explained.before.shape, explained.place, explained.parts[0]
    scale = min(_PICTURE_COLS / cols, _PICTURE_ROWS / rows)
    window = (row - first.origin[0], col - first.origin[1], *first.window.shape)
    taken = _picture(sheet, explained.before, _MARGIN, scale, "picture", window)
    left = _WIDTH - _MARGIN - cols * scale
    made = _picture(sheet, explained.after, left, scale, "filtered picture", (row, col, 1, 1))
    top = start = 1.3 + rows * scale + 0.75
    for part in explained.parts:
        right, bottom = _part(sheet, part, top)
        top = bottom + 0.7
    _fan(sheet, taken, (_MARGIN, _MARGIN + first.window.shape[1] * _cell(first.window), start))
    _fan(sheet, made, _chain(sheet, explained, right + 0.1, (start + bottom) / 2))
    figure.set_size_inches(_WIDTH, bottom + 0.6)
    sheet.set(xlim=(0, _WIDTH), ylim=(bottom + 0.6, 0))


def _fan(sheet: Axes, above: Edge, below: Edge) -> None:
    """Lead from what is marked in a picture to its numbers."""
    for start, end in zip(above[:2], below[:2], strict=True):
        sheet.plot((start, end), (above[2], below[2]), color=_ACCENT, linewidth=0.8, alpha=0.6)


def _box(sheet: Axes, left: float, top: float, cols: float, rows: float, **style: Any) -> None:
    around = (left, left + cols, left + cols, left), (top, top, top + rows, top + rows)
    sheet.fill(*around, **{"facecolor": "none", "edgecolor": _ACCENT, "linewidth": 1.6, **style})


def _picture(sheet: Axes, pixels: Pixels, left: float, scale: float, name: str, marked: Box) -> Edge:
    """Draw a picture with a box marked; return the lower edge of the mark."""
    top, (rows, cols) = 1.3, pixels.shape
    extent = (left, left + cols * scale, top + rows * scale, top)
    sheet.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
    _box(sheet, left, top, cols * scale, rows * scale, edgecolor=_QUIET, linewidth=0.8)
    sheet.text(left, top - 0.12, name, size=11, color=_INK)
    high, wide = (max(side * scale, 0.12) for side in marked[2:])  # A 3x3 window would be too small to see.
    x = left + (marked[1] + marked[3] / 2) * scale - wide / 2
    y = top + (marked[0] + marked[2] / 2) * scale - high / 2
    _box(sheet, x, y, wide, high, edgecolor="white", linewidth=3.2)
    _box(sheet, x, y, wide, high)
    return x, x + wide, y + high


def _cell(values: NDArray[Any]) -> float:
    return float(min(_LARGEST_CELL, _MATRIX / max(values.shape)))


def _part(sheet: Axes, part: Part, top: float) -> tuple[float, float]:
    """Draw window, kernel and products of one kernel in a row; return its right and lower ends."""
    (rows, cols), cell, left = part.window.shape, _cell(part.window), _MARGIN
    products = f"products, Σ {part.name} = {_shown(part.total)}" if part.name else "products"
    matrices = {"window": part.window, f"kernel {part.name}".rstrip(): part.weights, products: part.products}
    for (name, values), sign in zip(matrices.items(), "×=→", strict=True):
        _matrix(sheet, values, left, top, name)
        _box(sheet, left + part.origin[1] * cell, top + part.origin[0] * cell, cell, cell, zorder=3)
        left += cols * cell + _GAP
        sheet.text(left - _GAP / 2, top + rows * cell / 2, sign, size=17, color=_QUIET, ha="center", va="center")
    for row, col in np.argwhere(~part.is_inside):
        _box(sheet, _MARGIN + col * cell, top + row * cell, cell, cell, hatch="////", linewidth=0, alpha=0.5)
    return left, top + rows * cell


def _matrix(sheet: Axes, values: NDArray[Any], left: float, top: float, name: str) -> None:
    """Draw numbers on cells, or a heat map where there are too many; pixels on gray, signed numbers on colours."""
    (rows, cols), levels, cell = values.shape, values.astype(np.float64), _cell(values)
    is_pixels, is_large = values.dtype == np.uint8, max(values.shape) > MAX_NUMBERS
    share = levels[..., None] / (255 if is_pixels else np.abs(levels).max() or 1)
    tint = np.sqrt(np.abs(share)) * (1 - np.where(share < 0, _BELOW, _ABOVE) / np.float64(255))
    extent, colours = (
        (left, left + cols * cell, top + rows * cell, top),
        np.repeat(share, 3, 2) if is_pixels else 1 - tint,
    )
    sheet.imshow(colours, extent=extent, aspect="auto", interpolation="nearest")
    _box(sheet, left, top, cols * cell, rows * cell, edgecolor=_QUIET, linewidth=0.8)
    if is_large:
        name += f"  ({_shown(values.min())} to {_shown(values.max())})"
    sheet.text(left, top + rows * cell + 0.22, name, size=11, color=_INK, va="center")
    texts = {} if is_large else {place: _shown(value) for place, value in np.ndenumerate(values.astype(object))}
    points = min(17.0, 72 * cell * min(0.42, 1.38 / max(map(len, texts.values()), default=1)))
    for (row, col), text in texts.items():
        ink = "white" if is_pixels and share[row, col] < _DARK else _INK
        x, y = left + (col + 0.5) * cell, top + (row + 0.5) * cell
        sheet.text(x, y, text, size=points, color=ink, ha="center", va="center")


def _shown(value: Fraction | int) -> str:
    return number(value).replace("-", "−")


def _chain(sheet: Axes, explained: Explanation, start: float, middle: float) -> Edge:
    """Draw what follows the sums, one line each, and the pixel; return the upper edge of the pixel."""
    left, top = _WIDTH - _MARGIN - _RESULT, middle - _RESULT / 2
    end = min(start + 3.4, left - 0.25)
    style: dict[str, Any] = {"size": 11, "color": _INK, "va": "center"}
    for at, (words, value) in enumerate(explained.stages):
        line = middle + 0.3 * (at - (len(explained.stages) - 1) / 2)
        sheet.text(start, line, words, ha="left", **style)
        sheet.text(end, line, _shown(value), ha="right", bbox={"color": "white", "pad": 1}, **style)
    _box(sheet, left, top, _RESULT, _RESULT, facecolor=str(explained.result / 255))
    ink = "white" if explained.result / 255 < _DARK else _INK
    sheet.text(left + _RESULT / 2, middle, str(explained.result), size=17, color=ink, ha="center", va="center")
    return left, left + _RESULT, top
