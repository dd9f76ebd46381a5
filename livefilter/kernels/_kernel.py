"""Convolution kernels: weights with a divisor, an offset and an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from livefilter.errors import KernelError, PixelTypeError, ShapeError
from livefilter.kernels._rational import integer_form, to_fraction

MAX_SIDE = 63
_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Kernel:
    """Weights of a sliding window: ``sum(weights * window) / divisor + offset``.

    A weight means the decimal that it prints as: 0.1 is exactly one tenth. ``integers`` holds what is computed. Two
    kernels are equal if they produce the same pixels, whatever their names.

    Args:
        weights: Real numbers, 2-D, 1x1 to 63x63; even sides are allowed.
        name: Name for people; it does not affect equality.
        divisor: Divisor of the weighted sum; not zero.
        offset: Gray levels added after the division.
        anchor: (row, col) of the weight on the output pixel; by default (rows // 2, cols // 2), as in OpenCV.

    Raises:
        KernelError: The weights are not two-dimensional, ragged, too large or not finite; the divisor is zero; or the
            anchor is outside the weights.

    Example:
        >>> Kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], name="sharpen").shape
        (3, 3)
    """

    weights: NDArray[np.float64]
    _: KW_ONLY
    name: str = ""
    divisor: float | Fraction = 1
    offset: float | Fraction = 0
    anchor: tuple[int, int] | None = None
    integers: NDArray[np.int64] = field(init=False)
    """int64, same shape as ``weights``: a pixel is ``(sum(integers * window) + integer_offset) / integer_divisor``."""
    integer_offset: int = field(init=False)
    integer_divisor: int = field(init=False)
    fractions: tuple[tuple[Fraction, ...], ...] = field(init=False)
    """The weights, divided by the divisor."""

    def __init__(
        self,
        weights: ArrayLike | Sequence[Sequence[float | Fraction]],
        *,
        name: str = "",
        divisor: float | Fraction = 1,
        offset: float | Fraction = 0,
        anchor: tuple[int, int] | None = None,
    ) -> None:
        rows = _rectangle(weights)
        exact_divisor = to_fraction(divisor, "divisor")
        if exact_divisor == 0:
            raise KernelError("divisor: must not be zero")
        exact_offset = to_fraction(offset, "offset")
        exact = [[to_fraction(weight) for weight in row] for row in rows]
        fractions = tuple(tuple(weight / exact_divisor for weight in row) for row in exact)
        shape = (len(fractions), len(fractions[0]))
        integers, integer_offset, integer_divisor = integer_form([w for row in fractions for w in row], exact_offset)
        values = {
            "weights": _frozen(np.array([[float(weight) for weight in row] for row in exact], dtype=np.float64)),
            "name": name,
            "divisor": divisor,
            "offset": offset,
            "anchor": _checked_anchor(anchor, shape),
            "integers": _frozen(np.array(integers, dtype=np.int64).reshape(shape)),
            "integer_offset": integer_offset,
            "integer_divisor": integer_divisor,
            "fractions": fractions,
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the weights."""
        return len(self.fractions), len(self.fractions[0])

    @property
    def origin(self) -> tuple[int, int]:
        """The anchor in effect: ``anchor``, or its default."""
        return self.anchor if self.anchor is not None else (self.shape[0] // 2, self.shape[1] // 2)

    def rotated(self) -> Kernel:
        """Return this kernel and its anchor rotated by 180 degrees: correlating by it is convolving by this one."""
        rows, cols = self.shape
        return Kernel(
            [[weight * to_fraction(self.divisor) for weight in row[::-1]] for row in self.fractions[::-1]],
            name=self.name,
            divisor=self.divisor,
            offset=self.offset,
            anchor=(rows - 1 - self.origin[0], cols - 1 - self.origin[1]),
        )

    def _key(self) -> tuple[object, ...]:
        return (self.shape, self.origin, self.integers.tobytes(), self.integer_offset, self.integer_divisor)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Kernel) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        settings = {"name": self.name, "divisor": self.divisor, "offset": self.offset, "anchor": self.anchor}
        defaults = {"name": "", "divisor": 1, "offset": 0, "anchor": None}
        options = "".join(f", {key}={value!r}" for key, value in settings.items() if value != defaults[key])
        return f"Kernel({self.weights.tolist()}{options})"


def response(patch: ArrayLike, kernel: Kernel) -> float:
    """Return the response of a kernel to one window of pixels: its edge confidence.

    The window is as large as the kernel, so nothing slides. The sign of the result distinguishes falling edges from
    rising ones.

    Args:
        patch: Window of shape ``kernel.shape``; any real dtype.
        kernel: Weights of the same shape.

    Returns:
        The sum of products, divided by the kernel's divisor, without its offset. For uint8 patches |result| <= 255 *
        sum(|weights|) / divisor.

    Raises:
        ShapeError: ``patch`` and ``kernel`` differ in shape.
        PixelTypeError: ``patch`` does not contain real numbers.

    Example:
        >>> from livefilter.kernels import HORIZONTAL_EDGE
        >>> response([[200, 200], [0, 0]], HORIZONTAL_EDGE)
        800.0
    """
    try:
        window = np.asarray(patch)
    except ValueError as error:
        raise ShapeError(
            f"patch: must have the kernel's shape {kernel.shape}, found rows of several lengths"
        ) from error
    if window.dtype.kind not in "buif":
        raise PixelTypeError(f"patch: must contain real numbers, found {window.dtype}")
    if window.shape != kernel.shape:
        raise ShapeError(f"patch: must have the kernel's shape {kernel.shape}, found {window.shape}")
    return float(np.sum(window.astype(np.float64) * kernel.integers) / kernel.integer_divisor)


def _rectangle(weights: ArrayLike | Sequence[Sequence[float | Fraction]]) -> list[list[object]]:
    """Return the weights as rows of equal length, their numbers unchanged."""
    if isinstance(weights, np.ndarray):
        rows = [list(row) for row in weights] if weights.ndim == 2 else []
        ndim = weights.ndim
    else:
        if not isinstance(weights, Sequence) or isinstance(weights, str):
            raise KernelError(f"weights: must be rows of numbers, found {weights!r}")
        entries: list[Any] = list(weights)
        rows = [list(row) for row in entries if isinstance(row, Sequence) or np.ndim(row) == 1]
        ndim = 2 if len(rows) == len(weights) else 1
    if ndim != 2:
        raise KernelError(
            "weights: must be two-dimensional, such as [[0, 1], [1, 0]]; put a single row in brackets twice"
        )
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        found = ", ".join(str(len(row)) for row in rows)
        raise KernelError(f"weights: all rows must have the same number of weights, found rows of {found}")
    if not rows or lengths == {0}:
        raise KernelError("weights: must have at least one weight, found none")
    if max(len(rows), *lengths) > MAX_SIDE:
        raise KernelError(f"weights: at most {MAX_SIDE} rows and columns, found {len(rows)} x {lengths.pop()}")
    return rows


def _checked_anchor(anchor: tuple[int, int] | None, shape: tuple[int, int]) -> tuple[int, int] | None:
    if anchor is None:
        return None
    if (
        not isinstance(anchor, Sequence | np.ndarray)
        or len(anchor) != 2
        or not all(isinstance(index, int | np.integer) for index in anchor)
    ):
        raise KernelError(f"anchor: must be (row, col), two whole numbers, found {anchor!r}")
    row, col = int(anchor[0]), int(anchor[1])
    if not (0 <= row < shape[0] and 0 <= col < shape[1]):
        raise KernelError(f"anchor: must lie inside the {shape[0]} x {shape[1]} weights, found {(row, col)}")
    return row, col


def _frozen(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    array.flags.writeable = False
    return array
