"""The forms that a weighted sum of pixels can take: what is added up in which order, in which lanes.

All forms give the same whole number. ``choose_form`` takes the one with the fewest operations per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from livefilter.compiler.plan._intervals import Integers, Lane, Range, weighted_range
from livefilter.compiler.plan._separable import separate

TAPS_PER_LOOP = 42
"""More taps in one inner loop spill vector registers (measured on Zen 4, 7x7 at 1080p: 1.0 ms at once, 0.85 in two)."""
TAPS_WORTH_A_LOOP = 16
"""Fewer are not worth the pass over a row of partial sums."""
UNROLLED_TAPS = 256
"""Kernels with more taps are summed row by row in a loop, weights read from memory, so that compiling stays short."""


class Tap(NamedTuple):
    """One weight and its place in the window."""

    row: int
    col: int
    weight: int


@dataclass(frozen=True, slots=True)
class Direct:
    """Every tap by itself, in groups that are exact in 16 bits, a few groups to an inner loop.

    Attributes:
        lane: Of the whole sum.
        loops: For each inner loop its groups of taps. A group is summed in 16 bits, unless it is a single tap whose
            weight needs 32; a sum in int32 adds up its groups after widening them.
    """

    lane: Lane
    loops: tuple[tuple[tuple[Tap, ...], ...], ...]

    @property
    def operations(self) -> float:
        """Vector operations per pixel, in units of one 16-bit operation."""
        taps = [tap for loop in self.loops for group in loop for tap in group]
        widened = 3 * sum(len(loop) for loop in self.loops) if self.lane == "int32" else 0
        return 1.8 * len(taps) + len({abs(tap.weight) for tap in taps} - {1}) + widened + 2 * (len(self.loops) - 1)


@dataclass(frozen=True, slots=True)
class Separable:
    """A column of weights down the rows of the window, then a row of weights along the result."""

    column: tuple[int, ...]
    row: tuple[int, ...]
    column_range: Range
    column_lane: Lane
    lane: Lane

    @property
    def operations(self) -> float:
        """Vector operations per pixel, in units of one 16-bit operation."""
        cost = {"uint16": 1.0, "int16": 1.0, "float32": 2.0, "int32": 2.6}
        taps = sum(1 for weight in self.column if weight), sum(1 for weight in self.row if weight)
        return 1.8 * cost[self.column_lane] * taps[0] + 1.3 * cost[self.lane] * taps[1] + 3 * cost[self.lane]


@dataclass(frozen=True, slots=True)
class Box:
    """Equal weights: column sums are carried from row to row, and row sums are built from shorter row sums.

    A sum of ``cols`` is ``blocks`` sums of ``block`` columns and ``cols - blocks * block`` single columns.
    """

    rows: int
    cols: int
    block: int
    blocks: int
    lane: Lane

    @property
    def operations(self) -> float:
        """Vector operations per pixel, in units of one 16-bit operation."""
        rest = self.cols - self.block * self.blocks
        last = 1.5 * (self.blocks + rest) * (1.0 if self.lane == "uint16" else 2.6)
        return 7 + (self.block + 1 if self.block > 1 else 0) + last


@dataclass(frozen=True, slots=True)
class Streamed:
    """Many taps: the rows of the kernel one after the other, in a loop, weights read from memory, in int32."""

    weights: tuple[tuple[int, ...], ...]
    lane: Lane = "int32"

    @property
    def operations(self) -> float:
        """Vector operations per pixel, in units of one 16-bit operation."""
        return 4.5 * len(self.weights) * len(self.weights[0])


Form = Direct | Separable | Box | Streamed


def rows_read(form: Form) -> set[int]:
    """Return which rows of the window a form reads by name; -1 is the one above the window."""
    match form:
        case Direct(_, loops):
            return {tap.row for loop in loops for group in loop for tap in group}
        case Separable(column):
            return {row for row, weight in enumerate(column) if weight}
        case Box():
            return {-1}
        case Streamed():
            return set()


def choose_form(weights: Integers, offset: int = 0, *, is_direct: bool = False) -> Form:
    """Return the cheapest form for a sum of whole weights to which ``offset`` will be added.

    ``is_direct`` asks for a form that needs neither the sums of the row before nor loops over rows of sums.
    """
    forms: list[Form] = (
        [_direct(weights, offset)] if np.count_nonzero(weights) <= UNROLLED_TAPS else [_streamed(weights)]
    )
    if min(weights.shape) > 1 and not is_direct:
        forms += [form for form in (_separable(weights, offset), _box(weights, offset)) if form is not None]
    return min(forms, key=lambda form: form.operations)


def _direct(weights: Integers, offset: int) -> Direct:
    taps = [Tap(int(i), int(j), int(weights[i, j])) for i, j in np.argwhere(weights)] or [Tap(0, 0, 0)]
    narrow = weighted_range(weights).shifted(offset).narrow_lane()
    if narrow is not None:
        return Direct(narrow, tuple((tuple(chunk),) for chunk in _chunks(taps)))
    # One exact group to a loop, if that leaves the loops long enough: its sum stays in 16 bits until the last loop.
    single = [chunk for group in _exact_groups(taps) for chunk in _chunks(list(group))]
    if len(taps) > TAPS_PER_LOOP and len(taps) >= TAPS_WORTH_A_LOOP * len(single):
        return Direct("int32", tuple((tuple(chunk),) for chunk in single))
    return Direct("int32", tuple(tuple(_exact_groups(chunk)) for chunk in _chunks(taps)))


def _chunks(taps: list[Tap]) -> list[list[Tap]]:
    """Cut the taps, in order, into as few and equal lists as stay below TAPS_PER_LOOP."""
    count = -(-len(taps) // TAPS_PER_LOOP)
    bounds = [len(taps) * at // count for at in range(count + 1)]
    return [taps[start:stop] for start, stop in pairwise(bounds)]


def _exact_groups(taps: list[Tap]) -> list[tuple[Tap, ...]]:
    """Group taps, in order, so that each group's sum fits 16 bits; a tap that does not fit alone is its own group."""
    groups: list[list[Tap]] = []
    for tap in taps:
        together = np.array([other.weight for other in (*groups[-1], tap)]) if groups else None
        if together is not None and weighted_range(together).narrow_lane() is not None:
            groups[-1].append(tap)
        else:
            groups.append([tap])
    return [tuple(group) for group in groups]


def _separable(weights: Integers, offset: int) -> Separable | None:
    factors = separate(weights)
    if factors is None:
        return None
    column, row = factors
    column_range = weighted_range(column)
    whole = weighted_range(weights).shifted(offset)
    column_lane = column_range.narrow_lane() or "int32"
    # The row pass adds in its own order; every partial sum is bounded by the sum of absolute products.
    bound = max(abs(column_range.low), column_range.high) * int(np.abs(row).sum()) + abs(offset)
    lane: Lane = "float32" if bound < 1 << 24 else "int32"
    if bound >= 1 << 30:
        return None
    if column_lane != "int32" and whole.narrow_lane() is not None:
        lane = whole.narrow_lane() or lane
    return Separable(tuple(column.tolist()), tuple(row.tolist()), column_range, column_lane, lane)


def _box(weights: Integers, offset: int) -> Box | None:
    rows, cols = weights.shape
    if not (weights == 1).all():
        return None
    lane: Lane = "uint16" if weighted_range(weights).shifted(offset).fits("uint16") else "int32"
    # Block sums stay in 16 bits: 255 * 63 rows leaves room for blocks of 4 columns at any height.
    blocks = {block: cols // block for block in range(1, min(cols, 65535 // (255 * rows)) + 1)}
    candidates = [Box(rows, cols, block, count, lane) for block, count in blocks.items()]
    return min(candidates, key=lambda form: form.operations)


def _streamed(weights: Integers) -> Streamed:
    return Streamed(tuple(tuple(int(value) for value in row) for row in weights))
