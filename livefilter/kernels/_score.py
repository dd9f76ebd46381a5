"""Edge scores: two kernels, a threshold, and the three scores of a frame from exact sums."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from livefilter.analysis import EdgeScore
from livefilter.errors import KernelError, OptionError
from livefilter.kernels._kernel import Kernel
from livefilter.kernels._named import HORIZONTAL_EDGE, VERTICAL_EDGE
from livefilter.kernels._rational import to_fraction


@dataclass(frozen=True, slots=True)
class ScoreSums:
    """Exact counts of a frame: sums of both absolute responses, number of dense windows, and of all windows."""

    horizontal: int
    vertical: int
    dense: int
    windows: int


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """Definition of the scores: two kernels of one shape and a threshold.

    R_H and R_V are the correlations of the unfiltered gray frame with the two kernels, in the n valid windows. R_max is
    255 times the sum of the positive weights, or of the negative weights if that is larger. Then ``horizontal`` is
    sum(|R_H|) / (n * R_max), ``vertical`` the same of R_V, and ``density`` the share of windows in which |R_H| or |R_V|
    reaches threshold * R_max.

    Attributes:
        horizontal: Kernel for edges along the rows; its divisor has no effect, and it has no offset.
        vertical: Kernel for edges along the columns, of the same shape.
        threshold: In [0, 1], as a share of the strongest possible response.
        max_response: R_max of the horizontal and of the vertical kernel, in units of their integer weights.

    Raises:
        KernelError: The shapes differ, a kernel has an offset, or all its weights are zero.
        OptionError: The threshold is not in [0, 1].
    """

    horizontal: Kernel = HORIZONTAL_EDGE
    vertical: Kernel = VERTICAL_EDGE
    threshold: Fraction = Fraction(1, 10)
    max_response: tuple[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", to_fraction(self.threshold, "threshold"))
        if not 0 <= self.threshold <= 1:
            raise OptionError(f"threshold: must be from 0 to 1, found {float(self.threshold):g}")
        if self.horizontal.shape != self.vertical.shape:
            raise KernelError(
                f"kernels: both must have one shape, found {self.horizontal.shape} and {self.vertical.shape}"
            )
        for kernel in (self.horizontal, self.vertical):
            if kernel.integer_offset:
                raise KernelError(f"kernels: must have no offset, found {float(kernel.offset):g}")
            if not kernel.integers.any():
                raise KernelError("kernels: must have a weight other than zero")
        max_response = tuple(_max_response(kernel.integers) for kernel in (self.horizontal, self.vertical))
        object.__setattr__(self, "max_response", max_response)

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest |R_H| and |R_V| that count as dense."""
        first, second = (math.ceil(self.threshold * max_response) for max_response in self.max_response)
        return first, second

    def score(self, sums: ScoreSums) -> EdgeScore:
        """Return the scores from the counts of a frame; all zero for a frame smaller than the kernels."""
        if sums.windows == 0:
            return EdgeScore(0.0, 0.0, 0.0)
        horizontal, vertical = self.max_response
        return EdgeScore(
            sums.horizontal / (sums.windows * horizontal),
            sums.vertical / (sums.windows * vertical),
            sums.dense / sums.windows,
        )


def _max_response(weights: NDArray[np.int64]) -> int:
    positive = int(weights[weights > 0].sum())
    negative = int(-weights[weights < 0].sum())
    return 255 * max(positive, negative)
