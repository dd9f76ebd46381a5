"""Source for a whole pass: the function that runs all stages on one tile of a frame, pipelined row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler.emit._builder import Buffer, SourceBuilder
from livefilter.compiler.emit._halo import emit_end_results, emit_halo_rows, emit_in_place
from livefilter.compiler.emit._point_ops import emit_point_loops
from livefilter.compiler.emit._score import emit_score_row, emit_score_start
from livefilter.compiler.emit._stage import Destination, emit_rows
from livefilter.compiler.emit._stage_comment import stage_comment
from livefilter.compiler.emit._window import InputWindow
from livefilter.compiler.plan import HaloLayout, Output, Pass, Stage

ARGUMENTS = (
    ("source", "uint8[::1]"),
    ("original", "uint8[::1]"),
    ("out", "{output}[::1]"),
    ("first", "int64"),
    ("last", "int64"),
    ("stage_bounds", "int64[::1]"),
    ("scratch", "{output}[::1]"),
    ("rows", "int64"),
    ("cols", "int64"),
    ("in_cols", "int64"),
    ("stride", "int64"),
    ("sum_row_size", "int64"),
    ("source_rows", "int64[::1]"),
    ("window_offsets", "int64[::1]"),
    ("window_pitch", "int64"),
    ("border_columns", "int64[::1]"),
    ("halo_layout", "int64[::1]"),
    ("halo", "uint8[::1]"),
    ("ring", "uint8[::1]"),
    ("u16", "uint16[::1]"),
    ("i32", "int32[::1]"),
    ("f32", "float32[::1]"),
    ("luts", "uint8[::1]"),
    ("coefficients", "int32[::1]"),
    ("score_sums", "int64[::1]"),
)
"""Names and types of a pass's arguments, in order; the output's type is the pass's."""
FRAME_ARGS = ("source", "original", "out")
"""The first arguments, whose addresses change from call to call."""
TILE_ARGS = ("first", "last", "stage_bounds")
"""The next arguments, which differ from tile to tile."""
ROWS_COPIED_AHEAD = 1
"""Rows of the frame that are copied before they are needed: border columns are stored one by one, and a vector load
right after a store to a few of its elements stalls (dense 3x3 and box 3 take 4 % longer)."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedPass:
    """The source of a pass, and the memory that it needs.

    Attributes:
        source: Text of a module with one function, ``run_pass``.
        ring_starts: First ring row of each stage's input, by stage; the copy has none.
        ring_rows: Rows in the ring of each stage's input; one row of zeros follows them.
        total_rows: Rows of all rings.
        sum_rows: Rows of sums in each buffer.
        luts: Tables of gray levels, one after the other.
        coefficients: Weights that are read from memory.
    """

    source: str
    ring_starts: tuple[int, ...]
    ring_rows: tuple[int, ...]
    total_rows: int
    sum_rows: dict[Buffer, int]
    luts: NDArray[np.uint8]
    coefficients: NDArray[np.int32]


def generate_pass(pass_: Pass) -> GeneratedPass:
    """Generate the source of a pass."""
    builder = SourceBuilder()
    count = len(pass_.stages)
    tail = _ring_start(pass_, count)
    tail_rows = pass_.rule.horizontal.shape[0] + 1 if pass_.rule else 0
    builder.line("pairs = (cols + 1) // 2")
    if any(stage.phases == 4 for stage in pass_.stages):
        builder.line("quads = (cols + 3) // 4")
    counters, max_rows = emit_score_start(builder, pass_.rule) if pass_.rule else ([], 0)
    if pass_.rule:
        builder.line(f"tail = {tail} * stride")
    if pass_.halo is not None:
        builder.preamble += [f"{name} = halo_layout[{at}]" for at, name in enumerate(HaloLayout._fields)]
    begin = ("stage_bounds[3]" if pass_.halo else "stage_bounds[0]") if pass_.stages else "first"
    with builder.block(f"for t in range({begin}, last):"):
        if pass_.rule:
            emit_score_row(builder, pass_.rule, counters, max_rows, has_mask=pass_.has_mask)
        for at in range(1 if pass_.halo else 0, count):
            _emit_stage(builder, pass_, at)
    return GeneratedPass(
        _module(builder, pass_.output),
        tuple(_ring_start(pass_, at) for at in range(count)),
        tuple(_ring_rows(pass_, at) for at in range(count)),
        tail + tail_rows,
        dict(builder.sum_rows),
        np.frombuffer(b"".join(builder.luts) or b"\0", dtype=np.uint8),
        np.array(builder.coefficients or [0], dtype=np.int32),
    )


def _ring_rows(pass_: Pass, at: int) -> int:
    """Return how many rows of its input a stage needs at once."""
    stage = pass_.stages[at]
    if at == 0 or (at == 1 and pass_.halo is not None):
        return 0
    # The first window's rows are copied in the order in which it reads them; later windows may read mirrored rows.
    count = stage.height + ROWS_COPIED_AHEAD if at == 1 else 2 * stage.row_halo + 1
    return count + int(stage.has_running_sums) + int(pass_.pairs_rows(at))


def _ring_start(pass_: Pass, at: int) -> int:
    """Return the first row of a stage's ring; a row of zeros follows each ring."""
    return sum(_ring_rows(pass_, before) + 1 for before in range(1, at))


def _emit_stage(builder: SourceBuilder, pass_: Pass, at: int) -> None:
    """Write step t of a stage: one row of its result, and the border columns that the next stage needs beside it."""
    stage = pass_.stages[at]
    follower = pass_.stages[at + 1] if at + 1 < len(pass_.stages) else None
    builder.line()
    for line in stage_comment(stage, at):
        builder.line(f"# {line}" if line else "#")
    with builder.block(f"if stage_bounds[{3 * at}] <= t < stage_bounds[{3 * at + 1}]:"):
        builder.line(f"y = t + stage_bounds[{3 * at + 2}]")
        if follower is not None:
            above = follower.above if at else 0
            builder.line(f"ring_row = load(window_offsets, {at + 1} * window_pitch + y, {above}, 0)")
        if at == 0:
            _emit_copy(builder, stage, follower)
        else:
            _emit_result_row(builder, pass_, at, follower)
        if follower is not None and not pass_.is_valid and follower.left + follower.right:
            sides, before = f"{follower.left}, {follower.right}", pass_.border_columns_before(at + 1)
            builder.line(f"fill_border_columns(ring, ring_row, cols, {sides}, border_columns, {before})")


def _emit_result_row(builder: SourceBuilder, pass_: Pass, at: int, follower: Stage | None) -> None:
    """Write the code for row y, stored where the next window or the caller reads it; or, every other step, two rows."""
    halo = pass_.halo if at == 1 else None
    if halo is not None:
        emit_halo_rows(builder, halo)
    if follower is not None:
        builder.line(f"target, begin, pitch, done_rows = ring, ring_row + {follower.left}, stride, 1")
    else:
        builder.line("target, begin, pitch, done_rows = out, y * cols, cols, 1")
    if pass_.pairs_rows(at):
        with builder.block(f"if (t - stage_bounds[{3 * at}]) % 2 == 1:"):
            builder.line("begin, done_rows = begin - pitch, 2")
            _emit_row_loops(builder, pass_, at, 2)
        with builder.block(f"elif t + 1 == stage_bounds[{3 * at + 1}]:"):
            _emit_row_loops(builder, pass_, at, 1)
        with builder.block("else:"):
            builder.line("done_rows = 0")
    else:
        _emit_row_loops(builder, pass_, at, 1)
    if halo is not None:
        emit_end_results(builder, halo)
    emit_point_loops(builder, pass_.stages[at].point_ops, "target", "begin", "y")


def _emit_row_loops(builder: SourceBuilder, pass_: Pass, at: int, rows: int) -> None:
    """Write the loops that compute one or two rows, row y being the last."""
    if at == 1 and pass_.halo is not None:
        emit_in_place(builder, pass_, pass_.halo, rows)
    elif at == len(pass_.stages) - 1:
        _emit_last_stage(builder, pass_, at, rows)
    else:
        destination = Destination("target", "begin", "pitch")
        emit_rows(builder, pass_.stages[at], _ring_window(pass_, at, rows), destination, rows, pass_.output)


def _emit_last_stage(builder: SourceBuilder, pass_: Pass, at: int, rows: int) -> None:
    """Write the loops for rows of the result from a ring.

    Half a pair would be written past the end of its row, so rows of such a length are computed in scratch memory.
    """
    is_partial = f"if cols % {pass_.stages[at].phases} != 0:"
    builder.line("result, to, step = target, begin, pitch")
    with builder.block(is_partial):
        builder.line("result, to, step = scratch, 0, stride")
    destination = Destination("result", "to", "step")
    emit_rows(builder, pass_.stages[at], _ring_window(pass_, at, rows), destination, rows, pass_.output)
    with builder.block(is_partial), builder.block(f"for row in range({rows}):"):
        _emit_copy_loop(builder, "target", "begin + row * pitch", "scratch", "row * stride", "cols")


def _emit_copy_loop(builder: SourceBuilder, target: str, to: str, array: str, at: str, count: str) -> None:
    with builder.lane_loop(count):
        builder.line(f"store({target}, {to}, x, load({array}, {at}, x, {builder.loop}), {builder.loop})")


def _ring_window(pass_: Pass, at: int, rows: int) -> InputWindow:
    """Return the window of a stage that reads its input from a ring."""
    stage = pass_.stages[at]
    return InputWindow(
        tag=str(at),
        array="ring",
        row=f"load(window_offsets, {at} * window_pitch + {'y' if rows == 1 else 'y - 1'}, {{i}}, 0)",
        phases=stage.phases,
        count="pairs" if stage.phases == 2 else "quads",
        lane_multiple=str(stage.lane_multiple),
        is_first=f"t == stage_bounds[{3 * at}]",
        zeros=f"ring, {_ring_start(pass_, at) + _ring_rows(pass_, at)} * stride",
    )


def _emit_copy(builder: SourceBuilder, stage: Stage, follower: Stage | None) -> None:
    """Write the copy of a row of the frame to the first ring or, if nothing follows, to the result."""
    if follower is None:
        _emit_copied_row(builder, stage, "y", "out", "y * cols")
        return
    builder.line("row = source_rows[y]")
    with builder.block("if row < 0:"):
        builder.line("clear(ring, ring_row, stride)")
    with builder.block("else:"):
        _emit_copied_row(builder, stage, "row", "ring", f"ring_row + {follower.left}")


def _emit_copied_row(builder: SourceBuilder, stage: Stage, row: str, target: str, to: str) -> None:
    builder.line(f"at = {row} * in_cols")
    builder.line(f"to = {to}")
    _emit_copy_loop(builder, target, "to", "source", "at", "in_cols")
    emit_point_loops(builder, stage.point_ops, target, "to", row)


def _module(builder: SourceBuilder, output: Output) -> str:
    kinds = [(name, kind.format(output=output)) for name, kind in ARGUMENTS]
    unpacked = [f'{name} = argument(call, {at}, "{kind}")' for at, (name, kind) in enumerate(kinds)]
    head = [*unpacked, *builder.preamble]
    return "\n".join(["def run_pass(call):", *(f"    {line}" for line in head), *builder.lines]) + "\n"
