"""The plan: which operations share a pass over the frame, and how each is computed.

Stencil operations (those with a window) become stages. Each stage computes one row at a time from a ring buffer of the
last rows of the stage before it; the first window reads the frame in place if it is small (see ``_halo``). Point
operations belong to the stage that they follow. A pass runs through the frame once, with all of its stages pipelined.
Only a "wrap" border below the first stage ends a pass, because its top row needs the bottom row of the stage before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from livefilter.compiler.plan._halo import Halo
from livefilter.compiler.plan._intervals import Integers, Interval, weighted_interval
from livefilter.compiler.plan._strategies import Direct, RunningBox, Separable, SumStrategy, choose_strategy
from livefilter.kernels import Blend, Border, Correlation, Gradient, Kernel, Lookup, Operation, ScoreRule, Unsharp

StencilOp = Correlation | Gradient | Unsharp
PointOp = Lookup | Blend
Output = Literal["uint8", "int16", "float32"]
MAX_TAPS_FOR_PAIRED_ROWS = 25
MAX_IN_PLACE_WIDTH = 15
"""Columns of a window. For wider ones, computing the results at both ends twice costs more than copying the frame."""
MAX_IN_PLACE_COST = 100.0
"""Cost per pixel of such a window, for the same reason."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightedSum:
    """Integer weights in a stage's window, the strategy that adds them up, and the interval of the sum."""

    weights: Integers
    strategy: SumStrategy
    interval: Interval


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One stencil operation and the point operations that follow it.

    Attributes:
        operation: None for the copy of the frame's rows into the first ring.
        point_ops: Applied to the stage's own result.
        border: What the window sees outside its input.
        above: Rows of the window above the output pixel; ``below``, ``left`` and ``right`` likewise.
        sums: One for a correlation or unsharp mask, two for a gradient.
        divisor: Of the sums.
        offset: Added to the sum before the division.
    """

    operation: StencilOp | None
    point_ops: tuple[PointOp, ...]
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
    def row_halo(self) -> int:
        """Input rows that may be needed on either side, borders included: a mirrored row may be on the longer side."""
        return max(self.above, self.below)

    @property
    def cost(self) -> float:
        """Estimated vector operations per pixel, in units of one 16-bit operation."""
        return sum(item.strategy.cost for item in self.sums) + 8 * bool(self.sums) + 15 * len(self.point_ops) + 3

    @property
    def phases(self) -> int:
        """Pixels per lane: four where sums of 16-bit columns are added up in float32, otherwise two."""
        strategy = self.sums[0].strategy if len(self.sums) == 1 else None
        is_quad = isinstance(strategy, Separable) and strategy.lane == "float32" and strategy.column_lane != "int32"
        return 4 if is_quad else 2

    @property
    def lane_multiple(self) -> int:
        """The multiple to which the length of loops over column sums is rounded up.

        Otherwise they end in single lanes, each of which takes as long as a whole vector (Gaussian 31 at 640x480:
        0.21 ms, rounded up 0.16). LLVM vectorises the remaining pairs by four.
        """
        return 32 if self.phases == 4 else 4

    @property
    def can_pair_rows(self) -> bool:
        """Whether one loop can compute two rows of the result, which share rows of pixels.

        It pays for few taps (measured at 1080p: 3x3 0.26 ms one row at a time, 0.24 two; 5x5 0.46, 0.41; separable
        5x5 0.136, 0.126).
        """
        if not isinstance(self.operation, Correlation) or self.point_ops or self.phases != 2:
            return False
        match self.sums[0].strategy:
            case Direct(loops=loops):
                return len(loops) == 1 and sum(map(len, loops[0])) <= MAX_TAPS_FOR_PAIRED_ROWS
            case Separable():
                return True
        return False

    @property
    def has_running_sums(self) -> bool:
        """Whether sums are carried from row to row, so that the row above the window is needed too."""
        return any(isinstance(item.strategy, RunningBox) for item in self.sums)


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """Stages that run through the frame together; the first one is the copy of the frame.

    Attributes:
        stages: In the order in which they are applied; none if the frame is only scored.
        rule: How the frame is scored in the same pass, or None.
        output: dtype of the result.
        is_valid: Windows inside the frame only (mode "valid"): the result is smaller than the frame.
        has_mask: Only windows that a mask selects are scored. The mask comes in place of the original frame, which such
            a pass does not need: it has no stages.
    """

    stages: tuple[Stage, ...]
    rule: ScoreRule | None = None
    output: Output = "uint8"
    is_valid: bool = False
    has_mask: bool = False

    @property
    def halo(self) -> Halo | None:
        """The halo of the first window if it reads the frame in place, otherwise None."""
        if len(self.stages) < 2 or self.is_valid or self.stages[0].point_ops:
            return None
        stage = self.stages[1]
        if stage.border in ("constant", "wrap"):
            return None
        if stage.width > MAX_IN_PLACE_WIDTH or stage.cost > MAX_IN_PLACE_COST:
            return None
        return Halo(stage.left, stage.right, stage.height, self.pairs_rows(1))

    def border_columns_before(self, at: int) -> int:
        """Return the total number of border columns of the stages before stage ``at``."""
        return sum(stage.left + stage.right for stage in self.stages[:at])

    def pairs_rows(self, at: int) -> bool:
        """Return whether a stage computes two rows in one loop."""
        return at == len(self.stages) - 1 and self.output == "uint8" and self.stages[at].can_pair_rows

    @property
    def cost(self) -> float:
        """Estimated vector operations per pixel, in units of one 16-bit operation."""
        score_cost = 2 * int(np.count_nonzero(self.rule.horizontal.integers)) + 15 if self.rule else 0
        return sum(stage.cost for stage in self.stages) + score_cost


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All passes of a chain of operations, in order."""

    operations: tuple[Operation, ...]
    rule: ScoreRule | None
    passes: tuple[Pass, ...]


def plan_chain(operations: Sequence[Operation], rule: ScoreRule | None) -> Plan:
    """Plan a chain of operations and the score of the input frame."""
    stages = [Stage(None, ())]
    for operation in operations:
        if isinstance(operation, Lookup | Blend):
            stages[-1] = _append_point_op(stages[-1], operation)
        else:
            stages.append(_plan_stage(operation))
    groups: list[list[Stage]] = [[stages[0]]]
    for stage in stages[1:]:
        if stage.border == "wrap" and stage.row_halo and len(groups[-1]) > 1:
            groups.append([Stage(None, ())])
        groups[-1].append(stage)
    passes = [Pass(tuple(group), rule if at == 0 else None) for at, group in enumerate(groups)]
    return Plan(tuple(operations), rule, tuple(passes))


def plan_correlation(kernel: Kernel, border: Border, output: Output, *, is_valid: bool) -> Plan:
    """Plan a single correlation for ``correlate``."""
    operation = Correlation(kernel, border)
    stage = _plan_stage(operation, is_valid=is_valid)
    return Plan((operation,), None, (Pass((Stage(None, ()), stage), None, output, is_valid),))


def plan_score(rule: ScoreRule, *, has_mask: bool = False) -> Plan:
    """Plan the score alone, of all windows or of those that a mask selects."""
    return Plan((), rule, (Pass((), rule, has_mask=has_mask),))


def _append_point_op(stage: Stage, point_op: PointOp) -> Stage:
    """Return the stage with one more point operation; two lookups in a row become one table."""
    point_ops = stage.point_ops
    if isinstance(point_op, Lookup) and point_ops and isinstance(point_ops[-1], Lookup):
        first = point_ops[-1].table
        point_ops, point_op = point_ops[:-1], Lookup(bytes(point_op.table[level] for level in first))
    return replace(stage, point_ops=(*point_ops, point_op))


def _plan_stage(operation: StencilOp, *, is_valid: bool = False) -> Stage:
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
        window = _place(weights, (above - origin[0], left - origin[1]), shape)
        sums.append(WeightedSum(window, choose_strategy(window, offset), weighted_interval(window)))
    return Stage(operation, (), border, above, below, left, right, tuple(sums), divisor, offset)


def _extent(weights: Integers, origin: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return how far the nonzero weights extend above, below, left and right of the origin."""
    at = np.argwhere(weights)
    if not len(at):
        return 0, 0, 0, 0
    (top, left), (bottom, right) = at.min(axis=0).tolist(), at.max(axis=0).tolist()
    row, col = origin
    return max(row - top, 0), max(bottom - row, 0), max(col - left, 0), max(right - col, 0)


def _place(weights: Integers, at: tuple[int, int], shape: tuple[int, int]) -> Integers:
    """Return a window of ``shape`` with the weights placed from ``at`` on and zeros elsewhere."""
    window = np.zeros(shape, dtype=np.int64)
    for i, j in np.argwhere(weights):
        window[at[0] + i, at[1] + j] = weights[i, j]
    return window
