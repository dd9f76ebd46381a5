"""The plan: which operations share a sweep over the frame, and how each is computed. No Numba in here.

Neighbourhood operations become stages. Each stage makes one row at a time from a ring of the last rows of the stage
before it; the first window reads the frame in place if it is small. Point operations ride on the stage that they
follow. A sweep runs through the frame once, all of its stages one behind the other. Only a "wrap" border below the
first stage ends a sweep: the top row needs the bottom row then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from livefilter.compiler.plan._halo import Sides
from livefilter.compiler.plan._intervals import Integers, Range, weighted_range
from livefilter.compiler.plan._strategies import Box, Direct, Form, Separable, choose_form
from livefilter.kernels import Blend, Border, Correlation, Gradient, Kernel, Lookup, Operation, ScoreRule, Unsharp

Neighbourhood = Correlation | Gradient | Unsharp
Point = Lookup | Blend
Output = Literal["uint8", "int16", "float32"]
TAPS_FOR_TWO_ROWS = 25
WIDEST_IN_PLACE = 15
"""Columns of a window. Making the results at the sides twice costs more for wider ones than copying the frame."""
MOST_OPERATIONS_IN_PLACE = 100.0
"""Per pixel of such a window, for the same reason."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightedSum:
    """Whole weights in a stage's window, and the form in which they are added up."""

    weights: Integers
    form: Form
    range: Range


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One neighbourhood operation and the point operations that follow it.

    Attributes:
        operation: None for the copy of the frame's rows into the first ring.
        points: Done on the stage's own result.
        above: Rows of the window above the output pixel; ``below``, ``left`` and ``right`` likewise.
        sums: One for a correlation or unsharp, two for a gradient.
        divisor: Of the sums.
        offset: Added to the sum before the division.
    """

    operation: Neighbourhood | None
    points: tuple[Point, ...]
    border: Border = "reflect_101"
    above: int = 0
    below: int = 0
    left: int = 0
    right: int = 0
    sums: tuple[WeightedSum, ...] = ()
    divisor: int = 1
    offset: int = 0

    @property
    def height(self) -> int:
        """Rows of the window."""
        return self.above + 1 + self.below

    @property
    def width(self) -> int:
        """Columns of the window."""
        return self.left + 1 + self.right

    @property
    def reach(self) -> int:
        """Rows that may be needed on either side, borders included: a mirror may lie on the longer side."""
        return max(self.above, self.below)

    @property
    def operations(self) -> float:
        """Vector operations per pixel, in units of one 16-bit operation."""
        return sum(item.form.operations for item in self.sums) + 8 * bool(self.sums) + 15 * len(self.points) + 3

    @property
    def phases(self) -> int:
        """Pixels to a lane: four where sums of 16-bit columns are added up in float32, else two."""
        form = self.sums[0].form if len(self.sums) == 1 else None
        is_quad = isinstance(form, Separable) and form.lane == "float32" and form.column_lane != "int32"
        return 4 if is_quad else 2

    @property
    def lanes_summed(self) -> int:
        """To a multiple of what loops over sums of columns are rounded up.

        They do not end in single lanes then, each of which takes as long as a vector of them (Gaussian 31 at 640x480:
        0.21 ms, rounded up 0.16). What is left of pairs, LLVM vectorises by four.
        """
        return 32 if self.phases == 4 else 4

    @property
    def may_make_two_rows(self) -> bool:
        """Tell whether two rows of the result can be made in one loop; they share rows of pixels.

        Worth it for few taps (measured at 1080p: 3x3 0.26 ms one row at a time, 0.24 two; 5x5 0.46, 0.41; separable
        5x5 0.136, 0.126).
        """
        if not isinstance(self.operation, Correlation) or self.points or self.phases != 2:
            return False
        match self.sums[0].form:
            case Direct(loops=loops):
                return len(loops) == 1 and sum(map(len, loops[0])) <= TAPS_FOR_TWO_ROWS
            case Separable():
                return True
        return False

    @property
    def has_running_sums(self) -> bool:
        """Tell whether sums are carried from row to row, so that the row above the window is needed too."""
        return any(isinstance(item.form, Box) for item in self.sums)


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """Stages that run through the frame together; the first one is the copy.

    Attributes:
        rule: How the frame is scored in the same sweep, if it is.
        is_valid: No border: the result is smaller than the frame by the window less one.
    """

    stages: tuple[Stage, ...]
    rule: ScoreRule | None = None
    output: Output = "uint8"
    is_valid: bool = False

    @property
    def sides(self) -> Sides | None:
        """What the first window needs of the sides of rows, if it reads the frame in place."""
        if len(self.stages) < 2 or self.is_valid or self.stages[0].points:
            return None
        stage = self.stages[1]
        if stage.border in ("constant", "wrap"):
            return None
        if stage.width > WIDEST_IN_PLACE or stage.operations > MOST_OPERATIONS_IN_PLACE:
            return None
        return Sides(stage.left, stage.right, stage.height, self.makes_two_rows(1))

    def margins_before(self, at: int) -> int:
        """Return how many columns lie left and right of the rows that the windows before this stage's see."""
        return sum(stage.left + stage.right for stage in self.stages[:at])

    def makes_two_rows(self, at: int) -> bool:
        """Tell whether a stage makes two rows in one loop."""
        return at == len(self.stages) - 1 and self.output == "uint8" and self.stages[at].may_make_two_rows

    @property
    def operations(self) -> float:
        """Vector operations per pixel, in units of one 16-bit operation."""
        scored = 2 * int(np.count_nonzero(self.rule.horizontal.integers)) + 15 if self.rule else 0
        return sum(stage.operations for stage in self.stages) + scored


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All sweeps of a chain, in order."""

    operations: tuple[Operation, ...]
    rule: ScoreRule | None
    sweeps: tuple[Pass, ...]


def plan_chain(operations: Sequence[Operation], rule: ScoreRule | None) -> Plan:
    """Plan a chain of operations and the score of the frame that goes in."""
    stages = [Stage(None, ())]
    for operation in operations:
        if isinstance(operation, Lookup | Blend):
            stages[-1] = _with_point(stages[-1], operation)
        else:
            stages.append(_stage(operation))
    sweeps: list[list[Stage]] = [[stages[0]]]
    for stage in stages[1:]:
        if stage.border == "wrap" and stage.reach and len(sweeps[-1]) > 1:
            sweeps.append([Stage(None, ())])
        sweeps[-1].append(stage)
    planned = [Pass(tuple(group), rule if at == 0 else None) for at, group in enumerate(sweeps)]
    return Plan(tuple(operations), rule, tuple(planned))


def plan_correlation(kernel: Kernel, border: Border, output: Output, *, is_valid: bool) -> Plan:
    """Plan a single correlation for ``correlate``."""
    operation = Correlation(kernel, border)
    stage = _stage(operation, is_valid=is_valid)
    return Plan((operation,), None, (Pass((Stage(None, ()), stage), None, output, is_valid),))


def plan_score(rule: ScoreRule) -> Plan:
    """Plan the score alone."""
    return Plan((), rule, (Pass((), rule),))


def _with_point(stage: Stage, point: Point) -> Stage:
    points = stage.points
    if isinstance(point, Lookup) and points and isinstance(points[-1], Lookup):
        first = points[-1].table
        points, point = points[:-1], Lookup(bytes(point.table[level] for level in first))
    return replace(stage, points=(*points, point))


def _stage(operation: Neighbourhood, *, is_valid: bool = False) -> Stage:
    match operation:
        case Correlation(kernel, border, _) | Unsharp(kernel, _, _, border):
            kernels, divisor, offset = [(kernel.integers, kernel.origin)], kernel.integer_divisor, kernel.integer_offset
        case Gradient(x, y, _, border):
            x_weights, y_weights, divisor = operation.common_integers()
            kernels = [
                (np.array(weights, dtype=np.int64).reshape(kernel.shape), kernel.origin)
                for weights, kernel in ((x_weights, x), (y_weights, y))
            ]
            offset = 0
    if is_valid:
        rows, cols = kernels[0][0].shape
        above, below, left, right = 0, rows - 1, 0, cols - 1
        kernels = [(kernels[0][0], (0, 0))]
    else:
        extents = [_extent(weights, origin) for weights, origin in kernels]
        above, below, left, right = (max(extent[side] for extent in extents) for side in range(4))
    shape = above + 1 + below, left + 1 + right
    sums = []
    for weights, origin in kernels:
        window = _placed(weights, (above - origin[0], left - origin[1]), shape)
        sums.append(WeightedSum(window, choose_form(window, offset), weighted_range(window)))
    return Stage(operation, (), border, above, below, left, right, tuple(sums), divisor, offset)


def _extent(weights: Integers, origin: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return how far the weights that are not zero reach above, below, left and right of the origin."""
    at = np.argwhere(weights)
    if not len(at):
        return 0, 0, 0, 0
    (top, left), (bottom, right) = at.min(axis=0).tolist(), at.max(axis=0).tolist()
    row, col = origin
    return max(row - top, 0), max(bottom - row, 0), max(col - left, 0), max(right - col, 0)


def _placed(weights: Integers, at: tuple[int, int], shape: tuple[int, int]) -> Integers:
    """Return weights in a window of ``shape``, their first one at ``at``; what lies outside of it is zero."""
    window = np.zeros(shape, dtype=np.int64)
    for i, j in np.argwhere(weights):
        window[at[0] + i, at[1] + j] = weights[i, j]
    return window
