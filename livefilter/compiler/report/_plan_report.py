"""The plan in figures, for people."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from livefilter.compiler.plan._intervals import Range
from livefilter.compiler.plan._plan import Pass, Plan, Stage, WeightedSum
from livefilter.compiler.plan._separable import rank
from livefilter.compiler.plan._strategies import Box, Direct, Form, Separable, Streamed
from livefilter.kernels import Blend, Correlation, Gradient


@dataclass(frozen=True, slots=True)
class SumReport:
    """How one weighted sum is computed.

    Attributes:
        step: What it belongs to: "correlation gaussian 5", "gradient, along the rows" ...
        shape: Rows and columns of the window.
        rank: Of the weights; 1 is separable.
        taps: Weights that are not zero.
        taps_planned: Values added up per pixel in the form that was chosen.
        form: "direct", "separable", "box" or "streamed".
        lanes: Types of the lanes, in the order of the passes.
        low: The least sum that can occur.
        high: The largest.
        gain: What a constant picture is multiplied by: the sum of the weights over the divisor.
        passes: Inner loops over the row.
        operations: Vector operations per pixel, in units of one 16-bit operation, estimated.
        points: Point operations that ride along, by name.
    """

    step: str
    shape: tuple[int, int]
    rank: int
    taps: int
    taps_planned: int
    form: str
    lanes: tuple[str, ...]
    low: int
    high: int
    gain: Fraction
    passes: int
    operations: float
    points: tuple[str, ...]

    @property
    def is_separable(self) -> bool:
        """Tell whether the weights are a column times a row."""
        return self.rank <= 1


@dataclass(frozen=True, slots=True)
class SweepReport:
    """One pass over memory: bytes read and written per pixel, and the sums on the way."""

    bytes_per_pixel: int
    operations: float
    is_scored: bool
    sums: tuple[SumReport, ...]


def describe(plan: Plan) -> tuple[SweepReport, ...]:
    """Return a plan in figures, one report for each pass over memory."""
    return tuple(_sweep(sweep, at) for at, sweep in enumerate(plan.sweeps))


def _sweep(sweep: Pass, at: int) -> SweepReport:
    blends = at > 0 and any(isinstance(point, Blend) for stage in sweep.stages for point in stage.points)
    written = np.dtype(sweep.output).itemsize if sweep.stages else 0
    sums = tuple(report for stage in sweep.stages for report in _stage(stage))
    return SweepReport(1 + int(blends) + written, sweep.operations, sweep.rule is not None, sums)


def _stage(stage: Stage) -> list[SumReport]:
    points = tuple(type(point).__name__.lower() for point in stage.points)
    match stage.operation:
        case Gradient():
            steps = ["gradient, along the rows", "gradient, along the columns"]
        case Correlation(kernel):
            steps = [f"correlation {kernel.name}".strip()]
        case _:
            steps = [type(stage.operation).__name__.lower()]
    return [_sum(stage, step, item, points) for step, item in zip(steps, stage.sums, strict=False)]


def _sum(stage: Stage, step: str, item: WeightedSum, points: tuple[str, ...]) -> SumReport:
    found: Range = item.range.shifted(stage.offset)
    taps, passes, lanes = _form(item.form)
    return SumReport(
        step=step,
        shape=(stage.height, stage.width),
        rank=rank(item.weights),
        taps=int(np.count_nonzero(item.weights)),
        taps_planned=taps,
        form=type(item.form).__name__.lower(),
        lanes=lanes,
        low=found.low,
        high=found.high,
        gain=Fraction(int(item.weights.sum()), stage.divisor),
        passes=passes,
        operations=item.form.operations,
        points=points,
    )


def _form(form: Form) -> tuple[int, int, tuple[str, ...]]:
    """Return (values added up per pixel, inner loops, lanes)."""
    match form:
        case Direct(lane, loops):
            groups = [group for loop in loops for group in loop]
            lanes = ("uint16", "int32") if lane == "int32" else (lane,)
            return sum(map(len, groups)), len(loops), lanes
        case Separable(column, row, _, column_lane, lane):
            return sum(1 for weight in (*column, *row) if weight), 2, (column_lane, lane)
        case Box(_, cols, block, blocks, lane):
            return (
                3 + (block if block > 1 else 0) + blocks + cols - block * blocks,
                3 if block > 1 else 2,
                ("uint16", lane),
            )
        case Streamed(weights, lane):
            return len(weights) * len(weights[0]), len(weights) + 1, (lane,)
