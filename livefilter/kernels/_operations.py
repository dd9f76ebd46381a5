"""The five exact operations that every step of every preset comes down to.

A picture goes in as uint8 and comes out as uint8, so a chain is the operations one after the other. ``reference`` says
what each computes; the compiler says how.
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
"""Amounts and shares are read as the nearest fraction with a denominator up to this (exact for three decimals)."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Weighted sum of the neighbourhood; ``absolute`` takes its absolute value before rounding and saturation."""

    kernel: Kernel
    border: Border = "reflect_101"
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Gradient:
    """Length of the vector (x, y), two weighted sums of the neighbourhood.

    ``norm`` l1 is |x| + |y|, l2 is sqrt(x*x + y*y), max is the larger of |x| and |y|; rounded once, at the end.

    Raises:
        KernelError: A kernel has an offset.
    """

    x: Kernel
    y: Kernel
    norm: Norm = "l1"
    border: Border = "reflect_101"

    def __post_init__(self) -> None:
        if self.x.integer_offset or self.y.integer_offset:
            raise KernelError("gradient: its kernels have no offset")

    def common_integers(self) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """Return the weights of x and of y, row by row, over one divisor."""
        x = [weight for row in self.x.fractions for weight in row]
        y = [weight for row in self.y.fractions for weight in row]
        weights, _, divisor = integer_form(x + y)
        return weights[: len(x)], weights[len(x) :], divisor


@dataclass(frozen=True, slots=True)
class Unsharp:
    """The picture plus ``amount`` times its difference from its blur, where that difference is at least ``threshold``.

    With p the pixel and b the blurred pixel (uint8, as Correlation gives it): p where |p - b| < threshold, and
    elsewhere p + amount * (p - b), rounded half to even and saturated.
    """

    kernel: Kernel
    amount: Fraction
    threshold: int = 0
    border: Border = "reflect_101"

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", to_fraction(self.amount, "amount").limit_denominator(MAX_DENOMINATOR))


@dataclass(frozen=True, slots=True)
class Lookup:
    """Every gray level replaced by another: 256 bytes, one for each level."""

    table: bytes

    def __post_init__(self) -> None:
        if len(self.table) != 256:
            raise OptionError(f"table: must have 256 levels, found {len(self.table)}")


@dataclass(frozen=True, slots=True)
class Blend:
    """``weight`` parts of the preset's input and 1 - ``weight`` parts of the picture so far, rounded half to even."""

    weight: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", to_fraction(self.weight, "weight").limit_denominator(MAX_DENOMINATOR))
        if not 0 <= self.weight <= 1:
            raise OptionError(f"weight: must be from 0 to 1, found {float(self.weight):g}")


Operation = Correlation | Gradient | Unsharp | Lookup | Blend
