"""Source for sums of columns: separable kernels, and boxes with running sums."""

from __future__ import annotations

from collections.abc import Sequence

from livefilter.compiler.emit._arithmetic import narrow_expr
from livefilter.compiler.emit._builder import PHASE_NAMES, SourceBuilder, SumRow
from livefilter.compiler.emit._window import InputWindow
from livefilter.compiler.lanes import Term, encode_terms
from livefilter.compiler.plan import Lane, RunningBox, Separable


def emit_separable_partial_sums(
    builder: SourceBuilder, window: InputWindow, names: list[str], strategy: Separable
) -> list[tuple[SumRow, ...]]:
    """Write the loop that sums columns, for as many output rows as there are names."""
    is_wide = strategy.column_lane == "int32"
    # Stored in 16 bits if they are summed in 16 bits: a loop that also stored 32 bits would be vectorised for those.
    lane: Lane = "uint16" if window.phases == 4 else strategy.lane
    rows_of_sums = [builder.sum_row(lane, f"{name}_columns") for name in names]
    with builder.lane_loop(window.column_count(len(strategy.row) // 2 + 1)):
        weighted = [(i, weight) for i, weight in enumerate(strategy.column) if weight]
        rows = sorted({i + down for i, _ in weighted for down in range(len(names))})
        term_sums = [[Term(weight, rows.index(i + down), 0) for i, weight in weighted] for down in range(len(names))]
        starts = ", ".join(f"{window.prefix}{i}" for i in rows)
        columns = [[f"{name}_column_{phase}" for phase in PHASE_NAMES[2]] for name in names]
        operation = "window_sum_i32" if is_wide else "window_sum"
        call = f'{operation}({window.array}, x, {builder.loop}, "{encode_terms(term_sums)}", {starts})'
        builder.line(f"{', '.join(name for pair in columns for name in pair)} = {call}")
        for row, pair in zip(rows_of_sums, columns, strict=True):
            for parity, column in enumerate(pair):
                value = column
                if row.buffer != "u16" and strategy.column_lane != strategy.lane:
                    value = f"as_{strategy.lane}({narrow_expr(column, strategy.column_lane)})"
                builder.store(row, parity, value)
    if window.phases == 2:
        return [(row,) for row in rows_of_sums]
    return [
        (_deinterleave(builder, window, name, strategy, row),) for name, row in zip(names, rows_of_sums, strict=True)
    ]


def _deinterleave(
    builder: SourceBuilder, window: InputWindow, name: str, strategy: Separable, columns: SumRow
) -> SumRow:
    """Write the loop that converts 16-bit column sums to float32 and deinterleaves them into four arrays.

    With four pixels per lane, the horizontal sum loads each column sum once for four results; loads that straddle cache
    lines are its bottleneck (measured: Gaussian 15 at 1080p 1.17 ms with pairs).
    """
    row = builder.sum_row("float32", f"{name}_quads", 4)
    with builder.lane_loop(f"{window.count} + {len(strategy.row) // 4 + 1}"):
        for parity, start in enumerate(columns.starts):
            is_signed = int(strategy.column_lane == "int16")
            builder.line(f"p = load_u16_pair(u16, {start}, x, {is_signed}, {builder.loop})")
            for half in (0, 1):
                builder.store(row, 2 * half + parity, f"as_float32(p[{half}])")
    return row


def emit_final_separable(
    builder: SourceBuilder, name: str, targets: Sequence[str], strategy: Separable, rows: Sequence[SumRow]
) -> None:
    """Write the lines that sum along the row of column sums."""
    terms = [Term(weight, 0, col) for col, weight in enumerate(strategy.row) if weight]
    builder.line(f"{name} = {_horizontal_sum(builder, rows[0], terms)}")
    for phase, target in enumerate(targets):
        builder.line(f"{target} = {narrow_expr(f'{name}[{phase}]', strategy.lane)}")


def emit_box_partial_sums(
    builder: SourceBuilder, window: InputWindow, name: str, strategy: RunningBox
) -> tuple[SumRow, ...]:
    """Write the loops that move the running sums of columns down by one row, and add up blocks of them."""
    columns = builder.sum_row("uint16", f"{name}_columns", part=window.part)
    count = window.column_count(strategy.cols // 2 + 1)
    last = strategy.rows - 1
    builder.line(f"outgoing, outgoing_start, first_new = {window.array}, {window.prefix}before, {last}")
    with builder.block(f"if {window.is_first}:"):
        builder.line("# All rows are new, and none leaves.")
        builder.line(f"outgoing, outgoing_start, first_new = {window.zeros}, 0")
        for start in columns.starts:
            builder.line(f"clear(u16, {start}, {count})")
    if window.part:
        # In place, the last row has a loop of its own, which is faster. In rings, where a preset may have many boxes,
        # compiling it would take too long.
        with builder.block(f"for i in range(first_new, {last}):"):
            _emit_running_sums(builder, window, columns, count, "i", is_growing=True)
        _emit_running_sums(builder, window, columns, count, str(last))
    else:
        with builder.block(f"for i in range(first_new, {strategy.rows}):"):
            _emit_running_sums(builder, window, columns, count, "i")
    if strategy.block == 1:
        return (columns,)
    blocks = builder.sum_row("uint16", f"{name}_blocks")
    with builder.lane_loop(count):
        terms = [Term(1, 0, col) for col in range(strategy.block)]
        builder.line(f"block = {_horizontal_sum(builder, columns, terms)}")
        for parity in (0, 1):
            builder.store(blocks, parity, f"block[{parity}]")
    return columns, blocks


def _emit_running_sums(
    builder: SourceBuilder, window: InputWindow, columns: SumRow, count: str, i: str, *, is_growing: bool = False
) -> None:
    """Write the loop that adds row i of the window to the column sums and, unless they only grow, subtracts a row."""
    builder.line(f"row = {window.row.format(i=i)}")
    with builder.lane_loop(count):
        builder.line(f"p = load_pairs({window.array}, row, x, 1, {builder.loop})")
        if not is_growing:
            builder.line(f"q = load_pairs(outgoing, outgoing_start, x, 1, {builder.loop})")
        for parity in (0, 1):
            change = f"p[{parity}]" if is_growing else f"sub(p[{parity}], q[{parity}])"
            builder.store(columns, parity, f"add({builder.load_own(columns, parity)}, {change})")


def emit_final_box(
    builder: SourceBuilder, name: str, targets: Sequence[str], strategy: RunningBox, rows: Sequence[SumRow]
) -> None:
    """Write the lines that sum blocks of columns, and the single columns that remain."""
    blocks = [Term(1, 0, at * strategy.block) for at in range(strategy.blocks)]
    remainder = [Term(1, 0, at) for at in range(strategy.block * strategy.blocks, strategy.cols)]
    is_wide = strategy.lane == "int32"
    builder.line(f"{name} = {_horizontal_sum(builder, rows[-1], blocks, is_wide=is_wide)}")
    if remainder:
        builder.line(f"{name}_rest = {_horizontal_sum(builder, rows[0], remainder, is_wide=is_wide)}")
    for phase, target in enumerate(targets):
        value = f"{name}[{phase}]"
        builder.line(f"{target} = add({value}, {name}_rest[{phase}])" if remainder else f"{target} = {value}")


def _horizontal_sum(builder: SourceBuilder, row: SumRow, terms: Sequence[Term], *, is_wide: bool = False) -> str:
    """Return the expression for a sum along a row of sums: a tuple with one value for each phase."""
    operation = "row_sum_i32" if is_wide else "row_sum"
    return f'{operation}({row.buffer}, x, {builder.loop}, "{encode_terms([terms])}", {", ".join(row.starts)})'
