"""Source for weighted sums: first the loops over rows of partial sums, then the lines that finish one pair or quad.

Each evaluation strategy has both halves: ``_direct_sums`` for direct sums, ``_column_sums`` for separable and box sums,
and the coefficient table in this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from livefilter.compiler.emit._arithmetic import Values, sum_expr
from livefilter.compiler.emit._builder import PHASE_NAMES, SourceBuilder, SumRow
from livefilter.compiler.emit._column_sums import (
    emit_box_partial_sums,
    emit_final_box,
    emit_final_separable,
    emit_separable_partial_sums,
)
from livefilter.compiler.emit._direct_sums import emit_direct_partial_sums, emit_final_direct, emit_taps
from livefilter.compiler.emit._window import InputWindow
from livefilter.compiler.plan import CoefficientTable, Direct, Interval, RunningBox, Separable, SumStrategy


@dataclass(frozen=True, slots=True)
class PendingSum:
    """A weighted sum whose partial sums are computed.

    Attributes:
        name: Prefix of its variables.
        strategy: How it is computed.
        interval: Bounds of its values.
        rows: The rows of partial sums that its loops have filled.
        phases: Pixels per lane.
    """

    name: str
    strategy: SumStrategy
    interval: Interval
    rows: tuple[SumRow, ...] = ()
    phases: int = 2

    @property
    def values(self) -> Values:
        """The variables of the final sum."""
        names = tuple(f"{self.name}_{phase}" for phase in PHASE_NAMES[self.phases])
        return Values(names, self.strategy.lane, self.interval)


def emit_partial_sums(
    builder: SourceBuilder, window: InputWindow, name: str, strategy: SumStrategy, interval: Interval
) -> PendingSum:
    """Write the inner loops that precede the last one, if the strategy has any."""
    match strategy:
        case Direct():
            rows = emit_direct_partial_sums(builder, window, name, strategy)
        case Separable():
            (rows,) = emit_separable_partial_sums(builder, window, [name], strategy)
        case RunningBox():
            rows = emit_box_partial_sums(builder, window, name, strategy)
        case CoefficientTable():
            rows = _emit_table_sums(builder, window, name, strategy)
    return PendingSum(name, strategy, interval, rows, window.phases)


def emit_paired_partial_sums(
    builder: SourceBuilder, window: InputWindow, names: list[str], strategy: Separable, interval: Interval
) -> list[PendingSum]:
    """Write the inner loop that precedes the last one, for two output rows; the window is that of the first."""
    groups = emit_separable_partial_sums(builder, window, names, strategy)
    return [PendingSum(name, strategy, interval, rows, window.phases) for name, rows in zip(names, groups, strict=True)]


def emit_final_sums(builder: SourceBuilder, window: InputWindow, sums: Sequence[PendingSum]) -> list[Values]:
    """Write the lines, inside the last inner loop, that compute the final sums."""
    direct = [(item.name, item.strategy.loops[-1]) for item in sums if isinstance(item.strategy, Direct)]
    emit_taps(builder, window, direct)
    for item in sums:
        _emit_final_sum(builder, item)
    return [item.values for item in sums]


def _emit_final_sum(builder: SourceBuilder, item: PendingSum) -> None:
    names = item.values.names
    match item.strategy:
        case Direct() as strategy:
            emit_final_direct(builder, item.name, names, strategy, item.rows)
        case Separable() as strategy:
            emit_final_separable(builder, item.name, names, strategy, item.rows)
        case RunningBox() as strategy:
            emit_final_box(builder, item.name, names, strategy, item.rows)
        case CoefficientTable():
            for phase, name in enumerate(names):
                builder.line(f"{name} = {builder.load(item.rows[0], phase)}")


def _emit_table_sums(
    builder: SourceBuilder, window: InputWindow, name: str, strategy: CoefficientTable
) -> tuple[SumRow, ...]:
    """Write the loop over the rows of the kernel; it reads the weights from memory."""
    rows, cols = len(strategy.weights), len(strategy.weights[0])
    sums = builder.sum_row("int32", f"{name}_sums")
    first = len(builder.coefficients)
    builder.coefficients += [weight for row in strategy.weights for weight in row]
    for start in sums.starts:
        builder.line(f"clear(i32, {start}, {window.count})")
    with builder.block(f"for i in range({rows}):"):
        builder.line(f"row = {window.row.format(i='i')}")
        for col in range(cols):
            builder.line(f"w{col} = coefficients[{first + col} + i * {cols}]")
        with builder.lane_loop(window.count):
            builder.line(f"p = load_pairs({window.array}, row, x, {cols // 2 + 1}, {builder.loop})")
            for parity in (0, 1):
                products = [f"mul(as_int32(p[{col + parity}]), w{col})" for col in range(cols)]
                builder.store(sums, parity, sum_expr([builder.load_own(sums, parity), *products]))
    return (sums,)
