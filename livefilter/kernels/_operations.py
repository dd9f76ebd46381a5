"""The five exact operations that the steps of presets consist of.

Each takes and returns a uint8 image, so a chain applies one after the other. `reference` defines what each computes;
the compiler decides how.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from livefilter.errors import KernelError, OptionError
from livefilter.kernels._border import Border
from livefilter.kernels._kernel import Kernel
from livefilter.kernels._rational import integer_form, to_fraction

Norm = Literal["l1", "l2", "max"]
NORMS: tuple[Norm, ...] = get_args(Norm)
MAX_DENOMINATOR = 4096
"""Amounts and weights become the nearest fraction with a denominator up to this, exact for three decimals."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Weighted sum of the neighbourhood; ``absolute`` takes the absolute value before rounding and saturation."""

    kernel: Kernel
    border: Border = "reflect_101"
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Gradient:
    """Length of the vector (x, y) of two weighted sums of the neighbourhood.

    ``norm`` l1 is |x| + |y|, l2 is sqrt(x*x + y*y), max is the larger of |x| and |y|. The result is rounded once, at
    the end.

    Raises:
        KernelError: A kernel has an offset.
    """

    x: Kernel
    y: Kernel
    norm: Norm = "l1"
    border: Border = "reflect_101"

    def __post_init__(self) -> None:
        if self.x.integer_offset or self.y.integer_offset:
            raise KernelError("gradient: its kernels must have no offset")

    def common_integers(self) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """Return the weights of x and of y, row by row, and their common divisor."""
        x = [weight for row in self.x.fractions for weight in row]
        y = [weight for row in self.y.fractions for weight in row]
        weights, _, divisor = integer_form(x + y)
        return weights[: len(x)], weights[len(x) :], divisor


@dataclass(frozen=True, slots=True)
class Unsharp:
    """Unsharp mask: the image plus ``amount`` times its difference from its blur, from ``threshold`` on.

    With p the pixel and b the blurred pixel (uint8, as from `Correlation`): p where |p - b| < threshold, otherwise
    p + amount * (p - b), rounded half to even and saturated.
    """

    kernel: Kernel
    amount: Fraction
    threshold: int = 0
    border: Border = "reflect_101"

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", to_fraction(self.amount, "amount").limit_denominator(MAX_DENOMINATOR))


@dataclass(frozen=True, slots=True)
class Lookup:
    """Lookup table: 256 bytes, the new value of each gray level."""

    table: bytes

    def __post_init__(self) -> None:
        if len(self.table) != 256:
            raise OptionError(f"table: must have 256 levels, found {len(self.table)}")


@dataclass(frozen=True, slots=True)
class Blend:
    """Mix of the chain's input (``weight``) and the current image (1 - ``weight``), rounded half to even."""

    weight: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", to_fraction(self.weight, "weight").limit_denominator(MAX_DENOMINATOR))
        if not 0 <= self.weight <= 1:
            raise OptionError(f"weight: must be from 0 to 1, found {float(self.weight):g}")


Operation = Correlation | Gradient | Unsharp | Lookup | Blend
