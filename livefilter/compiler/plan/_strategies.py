"""Evaluation strategies for a weighted sum of pixels: the order of additions and the lane types.

All strategies give the same integer. ``choose_strategy`` takes the one with the lowest estimated cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from livefilter.compiler.plan._intervals import Integers, Interval, Lane, weighted_interval
from livefilter.compiler.plan._separable import factor_rank_one

MAX_TAPS_PER_LOOP = 42
"""More taps in one inner loop spill vector registers (Zen 4, 7x7 at 1080p: 1.0 ms in one loop, 0.85 ms in two)."""
MIN_TAPS_PER_LOOP = 16
"""Fewer taps do not pay for another loop over a row of partial sums."""
MAX_UNROLLED_TAPS = 256
"""Kernels with more taps are summed row by row in a loop over a coefficient table, to keep compile time short."""


class Tap(NamedTuple):
    """One weight and its position in the window."""

    row: int
    col: int
    weight: int


@dataclass(frozen=True, slots=True)
class Direct:
    """Tap by tap, in groups that are exact in 16 bits, with a few groups per inner loop.

    Attributes:
        lane: Lane type of the whole sum.
        loops: The groups of taps of each inner loop. A group is summed in 16 bits, unless it is a single tap whose
            weight needs 32; an int32 sum widens the groups before adding them.
    """

    name: ClassVar[str] = "direct"

    lane: Lane
    loops: tuple[tuple[tuple[Tap, ...], ...], ...]

    @property
    def cost(self) -> float:
        """Estimated vector operations per pixel, in units of one 16-bit operation."""
        taps = [tap for loop in self.loops for group in loop for tap in group]
        widened = 3 * sum(len(loop) for loop in self.loops) if self.lane == "int32" else 0
        return 1.8 * len(taps) + len({abs(tap.weight) for tap in taps} - {1}) + widened + 2 * (len(self.loops) - 1)


@dataclass(frozen=True, slots=True)
class Separable:
    """A column of weights down the rows of the window, then a row of weights along the result."""

    name: ClassVar[str] = "separable"

    column: tuple[int, ...]
    row: tuple[int, ...]
    column_interval: Interval
    column_lane: Lane
    lane: Lane

    @property
    def cost(self) -> float:
        """Estimated vector operations per pixel, in units of one 16-bit operation."""
        factor = {"uint16": 1.0, "int16": 1.0, "float32": 2.0, "int32": 2.6}
        taps = sum(1 for weight in self.column if weight), sum(1 for weight in self.row if weight)
        return 1.8 * factor[self.column_lane] * taps[0] + 1.3 * factor[self.lane] * taps[1] + 3 * factor[self.lane]


@dataclass(frozen=True, slots=True)
class RunningBox:
    """Equal weights: running column sums, updated from row to row, and row sums built from shorter row sums.

    A sum of ``cols`` columns is ``blocks`` sums of ``block`` columns plus ``cols - blocks * block`` single columns.
    """

    name: ClassVar[str] = "running box"

    rows: int
    cols: int
    block: int
    blocks: int
    lane: Lane

    @property
    def cost(self) -> float:
        """Estimated vector operations per pixel, in units of one 16-bit operation."""
        remainder = self.cols - self.block * self.blocks
        last = 1.5 * (self.blocks + remainder) * (1.0 if self.lane == "uint16" else 2.6)
        return 7 + (self.block + 1 if self.block > 1 else 0) + last


@dataclass(frozen=True, slots=True)
class CoefficientTable:
    """Many taps: a loop over the rows of the kernel, with the weights read from a table in memory, in int32."""

    name: ClassVar[str] = "coefficient table"

    weights: tuple[tuple[int, ...], ...]
    lane: Lane = "int32"

    @property
    def cost(self) -> float:
        """Estimated vector operations per pixel, in units of one 16-bit operation."""
        return 4.5 * len(self.weights) * len(self.weights[0])


SumStrategy = Direct | Separable | RunningBox | CoefficientTable


def rows_read(strategy: SumStrategy) -> set[int]:
    """Return which rows of the window a strategy reads through a named offset; -1 is the row above the window."""
    match strategy:
        case Direct(_, loops):
            return {tap.row for loop in loops for group in loop for tap in group}
        case Separable(column):
            return {row for row, weight in enumerate(column) if weight}
        case RunningBox():
            return {-1}
        case CoefficientTable():
            return set()


def choose_strategy(weights: Integers, offset: int = 0, *, is_direct: bool = False) -> SumStrategy:
    """Return the cheapest strategy for a sum of integer weights, to which ``offset`` will be added.

    ``is_direct`` restricts the choice to strategies that need no sums of the row before and no rows of partial sums.
    """
    candidates: list[SumStrategy] = (
        [_direct(weights, offset)] if np.count_nonzero(weights) <= MAX_UNROLLED_TAPS else [_coefficient_table(weights)]
    )
    if min(weights.shape) > 1 and not is_direct:
        candidates += [
            item for item in (_separable(weights, offset), _running_box(weights, offset)) if item is not None
        ]
    return min(candidates, key=lambda strategy: strategy.cost)


def _direct(weights: Integers, offset: int) -> Direct:
    taps = [Tap(int(i), int(j), int(weights[i, j])) for i, j in np.argwhere(weights)] or [Tap(0, 0, 0)]
    narrow = weighted_interval(weights).shifted(offset).lane_16bit()
    if narrow is not None:
        return Direct(narrow, tuple((tuple(chunk),) for chunk in _chunks(taps)))
    # One exact group per loop, if that leaves enough taps per loop: its sum stays in 16 bits until the last loop.
    single = [chunk for group in _exact_groups(taps) for chunk in _chunks(list(group))]
    if len(taps) > MAX_TAPS_PER_LOOP and len(taps) >= MIN_TAPS_PER_LOOP * len(single):
        return Direct("int32", tuple((tuple(chunk),) for chunk in single))
    return Direct("int32", tuple(tuple(_exact_groups(chunk)) for chunk in _chunks(taps)))


def _chunks(taps: list[Tap]) -> list[list[Tap]]:
    """Split the taps, in order, into the fewest lists of equal length that do not exceed MAX_TAPS_PER_LOOP."""
    count = -(-len(taps) // MAX_TAPS_PER_LOOP)
    bounds = [len(taps) * at // count for at in range(count + 1)]
    return [taps[start:stop] for start, stop in pairwise(bounds)]


def _exact_groups(taps: list[Tap]) -> list[tuple[Tap, ...]]:
    """Group taps, in order, so that each group's sum fits 16 bits; a tap that does not fit alone is its own group."""
    groups: list[list[Tap]] = []
    for tap in taps:
        together = np.array([other.weight for other in (*groups[-1], tap)]) if groups else None
        if together is not None and weighted_interval(together).lane_16bit() is not None:
            groups[-1].append(tap)
        else:
            groups.append([tap])
    return [tuple(group) for group in groups]


def _separable(weights: Integers, offset: int) -> Separable | None:
    factors = factor_rank_one(weights)
    if factors is None:
        return None
    column, row = factors
    column_interval = weighted_interval(column)
    whole = weighted_interval(weights).shifted(offset)
    column_lane = column_interval.lane_16bit() or "int32"
    # The row sum adds in its own order; every partial sum is bounded by the sum of absolute products.
    bound = max(abs(column_interval.low), column_interval.high) * int(np.abs(row).sum()) + abs(offset)
    lane: Lane = "float32" if bound < 1 << 24 else "int32"
    if bound >= 1 << 30:
        return None
    if column_lane != "int32" and whole.lane_16bit() is not None:
        lane = whole.lane_16bit() or lane
    return Separable(tuple(column.tolist()), tuple(row.tolist()), column_interval, column_lane, lane)


def _running_box(weights: Integers, offset: int) -> RunningBox | None:
    rows, cols = weights.shape
    if not (weights == 1).all():
        return None
    lane: Lane = "uint16" if weighted_interval(weights).shifted(offset).fits("uint16") else "int32"
    # Block sums stay in 16 bits: 255 * 63 rows leaves room for blocks of 4 columns at any height.
    blocks = {block: cols // block for block in range(1, min(cols, 65535 // (255 * rows)) + 1)}
    candidates = [RunningBox(rows, cols, block, count, lane) for block, count in blocks.items()]
    return min(candidates, key=lambda candidate: candidate.cost)


def _coefficient_table(weights: Integers) -> CoefficientTable:
    return CoefficientTable(tuple(tuple(int(value) for value in row) for row in weights))
