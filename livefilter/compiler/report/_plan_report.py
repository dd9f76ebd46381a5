"""The plan as numbers, for ``livefilter explain --plan``."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from livefilter.compiler.plan import (
    CoefficientTable,
    Direct,
    Pass,
    Plan,
    RunningBox,
    Separable,
    Stage,
    SumStrategy,
    WeightedSum,
    rank,
)
from livefilter.kernels import Blend, Correlation, Gradient


@dataclass(frozen=True, slots=True)
class SumReport:
    """How one weighted sum is computed.

    Attributes:
        step: The operation that it belongs to: "correlation gaussian 5", "gradient, along the rows" ...
        shape: Rows and columns of the window.
        rank: Rank of the weights; 1 is separable.
        taps: Nonzero weights.
        taps_planned: Values added up per pixel with the chosen strategy.
        strategy: "direct", "separable", "running box" or "coefficient table".
        lanes: Lane types, in the order of the loops.
        low: The lowest sum that can occur.
        high: The highest sum that can occur.
        gain: The DC gain: the sum of the weights divided by the divisor.
        loops: Inner loops over the row.
        cost: Estimated vector operations per pixel, in units of one 16-bit operation.
        point_ops: Names of the point operations in the same stage.
    """

    step: str
    shape: tuple[int, int]
    rank: int
    taps: int
    taps_planned: int
    strategy: str
    lanes: tuple[str, ...]
    low: int
    high: int
    gain: Fraction
    loops: int
    cost: float
    point_ops: tuple[str, ...]

    @property
    def is_separable(self) -> bool:
        """Whether the weights are a column times a row."""
        return self.rank <= 1


@dataclass(frozen=True, slots=True)
class PassReport:
    """One pass over memory.

    Attributes:
        bytes_per_pixel: Bytes of frames read and written per pixel.
        cost: Estimated vector operations per pixel, in units of one 16-bit operation.
        is_scored: Whether the frame is scored in the same pass.
        sums: One report for each weighted sum.
    """

    bytes_per_pixel: int
    cost: float
    is_scored: bool
    sums: tuple[SumReport, ...]


def describe(plan: Plan) -> tuple[PassReport, ...]:
    """Return the numbers of a plan, one report for each pass over memory."""
    return tuple(_report_pass(pass_, at) for at, pass_ in enumerate(plan.passes))


def _report_pass(pass_: Pass, at: int) -> PassReport:
    blends = at > 0 and any(isinstance(item, Blend) for stage in pass_.stages for item in stage.point_ops)
    bytes_written = np.dtype(pass_.output).itemsize if pass_.stages else 0
    sums = tuple(report for stage in pass_.stages for report in _report_stage(stage))
    return PassReport(1 + int(blends) + bytes_written, pass_.cost, pass_.rule is not None, sums)


def _report_stage(stage: Stage) -> list[SumReport]:
    point_ops = tuple(type(item).__name__.lower() for item in stage.point_ops)
    match stage.operation:
        case Gradient():
            steps = ["gradient, along the rows", "gradient, along the columns"]
        case Correlation(kernel):
            steps = [f"correlation {kernel.name}".strip()]
        case _:
            steps = [type(stage.operation).__name__.lower()]
    return [_report_sum(stage, step, item, point_ops) for step, item in zip(steps, stage.sums, strict=False)]


def _report_sum(stage: Stage, step: str, item: WeightedSum, point_ops: tuple[str, ...]) -> SumReport:
    interval = item.interval.shifted(stage.offset)
    taps, loops, lanes = _count(item.strategy)
    return SumReport(
        step=step,
        shape=(stage.height, stage.width),
        rank=rank(item.weights),
        taps=int(np.count_nonzero(item.weights)),
        taps_planned=taps,
        strategy=item.strategy.name,
        lanes=lanes,
        low=interval.low,
        high=interval.high,
        gain=Fraction(int(item.weights.sum()), stage.divisor),
        loops=loops,
        cost=item.strategy.cost,
        point_ops=point_ops,
    )


def _count(strategy: SumStrategy) -> tuple[int, int, tuple[str, ...]]:
    """Return (values added up per pixel, inner loops, lane types)."""
    match strategy:
        case Direct(lane, loops):
            groups = [group for loop in loops for group in loop]
            lanes = ("uint16", "int32") if lane == "int32" else (lane,)
            return sum(map(len, groups)), len(loops), lanes
        case Separable(column, row, _, column_lane, lane):
            return sum(1 for weight in (*column, *row) if weight), 2, (column_lane, lane)
        case RunningBox(_, cols, block, blocks, lane):
            taps = 3 + (block if block > 1 else 0) + blocks + cols - block * blocks
            return taps, 3 if block > 1 else 2, ("uint16", lane)
        case CoefficientTable(weights, lane):
            return len(weights) * len(weights[0]), len(weights) + 1, (lane,)
