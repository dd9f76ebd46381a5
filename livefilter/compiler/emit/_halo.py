"""Source for a first window that reads the frame in place, and for its results near the ends of rows.

``livefilter.compiler.plan`` (``_halo``) explains halo rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from livefilter.compiler.emit._builder import SourceBuilder
from livefilter.compiler.emit._stage import Destination, emit_rows
from livefilter.compiler.emit._window import InputWindow
from livefilter.compiler.plan import VECTOR_COLUMNS, Halo, Pass


def emit_halo_rows(builder: SourceBuilder, halo: Halo) -> None:
    """Write the loop that fills a batch of halo rows, those for row y and below, if row y starts a batch."""
    builder.line("# The frame is read in place; results near the ends of rows come from halo rows, a batch at a time.")
    builder.line("batch_row = (t - stage_bounds[3]) % batch")
    with builder.block("if batch_row == 0:"):
        builder.line("batch_rows = min(batch, stage_bounds[4] - t)")
        with builder.block(f"for i in range(batch_rows + {halo.height - 1}):"):
            _emit_halo_row(builder, halo)
        if halo.left + halo.right:
            sides = f"{halo.left}, {halo.right}"
            builder.line(f"fill_halo_columns(halo, halo_pitch, halo_rows, halo_cols, {sides}, border_columns)")


def emit_in_place(builder: SourceBuilder, pass_: Pass, halo: Halo, rows: int) -> None:
    """Write the loops for one or two rows, row y being the last, at ``begin`` and ``pitch`` apart in ``target``."""
    if rows == 2:
        builder.line("batch_row = batch_row - 1")
    with builder.block("for part in range(min(batch_row, 1), parts):"):
        _emit_part(builder, pass_, halo, rows)


def emit_end_results(builder: SourceBuilder, halo: Halo) -> None:
    """Write the copy of the results near both ends from the halo results to the rows that were computed."""
    with builder.block("for row in range(done_rows):"):
        offset = "2 * stride + load(window_offsets, window_pitch + batch_row, row, 0)"
        builder.line(f"halo_result, at = {offset}, begin + row * pitch")
        for right in _emit_right_widths(builder, halo):
            if right is None:
                builder.line("copy(target, at, scratch, halo_result, cols)")
                continue
            builder.line(f"copy(target, at, scratch, halo_result, {halo.left})")
            first = f"halo_result + {halo.left + halo.left_cols}"
            builder.line(f"copy(target, at + cols - {right}, scratch, {first}, {right})")


def _emit_halo_row(builder: SourceBuilder, halo: Halo) -> None:
    """Write the copy of the halo row that is row i of the batch's window."""
    builder.line("row, halo_row = load(window_offsets, y, i, 0), load(window_offsets, window_pitch, i, 0)")
    to = f"halo_row + {halo.left}"
    for right in _emit_right_widths(builder, halo):
        if right is None:
            builder.line(f"copy(halo, {to}, source, row, cols)")
            continue
        last = halo.left + right
        builder.line(f"copy(halo, {to}, source, row, {halo.left_cols})")
        builder.line(f"copy(halo, {to} + {halo.left_cols}, source, row + cols - {last}, {last})")


def _emit_right_widths(builder: SourceBuilder, halo: Halo) -> Iterator[int | None]:
    """Write a branch for each possible width of the right end; None is the whole row. Literal widths need no loops."""
    for branch, right in (("if", halo.right_results), ("elif", halo.right_results + VECTOR_COLUMNS)):
        with builder.block(f"{branch} halo_right == {right}:"):
            yield right
    with builder.block("else:"):
        yield None


def _emit_part(builder: SourceBuilder, pass_: Pass, halo: Halo, rows: int) -> None:
    """Write the loops that compute a batch of halo rows in part 0, and in part 1 what lies between the two ends."""
    stage = pass_.stages[1]
    count = f"(batch_rows + {rows - 1}) // {rows} * halo_pitch"
    builder.line(f"pixels, result, to, step, count = halo, scratch, 2 * stride, halo_odd, {count}")
    builder.line(f"lane_multiple = {stage.lane_multiple}")
    with builder.block("if part == 1:"):
        builder.line(f"pixels, result, to, step, count = source, target, begin + {halo.left}, pitch, in_place")
        with builder.block(f"if t + {halo.height} >= stage_bounds[4]:"):
            builder.line("# After the last row of the frame, or of the tile, no other bytes may be read or written.")
            builder.line("count, lane_multiple = in_place_last, 1")
    builder.line(f"count = (count + {stage.phases - 1}) // {stage.phases}")
    builder.line(f"first_row = (1 - part) * window_pitch + part * {'y' if rows == 1 else '(y - 1)'}")
    window = InputWindow(
        tag="1",
        array="pixels",
        row="load(window_offsets, first_row, {i}, 0)",
        phases=stage.phases,
        count="count",
        lane_multiple="lane_multiple",
        is_first="part == 0 or t == stage_bounds[3]",
        zeros="halo, 2 * sum_row_size",
        part="part",
    )
    emit_rows(builder, stage, window, Destination("result", "to", "step"), rows, pass_.output)
