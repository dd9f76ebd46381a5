"""Source for the edge score of the frame, or of those windows that a mask selects: two sums per window, exactly.

Absolute responses are added up column by column in 16-bit lanes, and flushed into 64 bits before they can overflow. One
accumulator for the whole row would have to be 32 bits wide, and widen all of the arithmetic (measured elsewhere: three
times slower).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from livefilter.compiler.emit._arithmetic import emit_absolute, emit_each, sum_expr
from livefilter.compiler.emit._builder import PHASE_NAMES, SourceBuilder, SumRow
from livefilter.compiler.emit._sums import PendingSum, emit_final_sums, emit_partial_sums
from livefilter.compiler.emit._window import InputWindow
from livefilter.compiler.plan import Integers, Lane, choose_strategy, rows_read, weighted_interval
from livefilter.kernels import ScoreRule

MAX_OVERREAD = 8
"""Bytes that a score loop may read after its last window."""


@dataclass(frozen=True, slots=True)
class _Counter:
    """An accumulator: its index in ``score_sums``, its unit, and the row that accumulates it column by column."""

    at: int
    unit: int
    row: SumRow


def emit_score_start(builder: SourceBuilder, rule: ScoreRule) -> tuple[list[_Counter], int]:
    """Write what precedes the first row; return the counters, and how many rows they hold without overflow."""
    units = [_unit(kernel.integers) for kernel in (rule.horizontal, rule.vertical)]
    intervals = [
        weighted_interval(kernel.integers // unit).abs()
        for kernel, unit in zip((rule.horizontal, rule.vertical), units, strict=True)
    ]
    highest = max(interval.high for interval in intervals)
    is_narrow = highest <= 65535 // 8
    max_rows = (65535 if is_narrow else (1 << 31) - 1) // highest
    counters = []
    for at, (name, unit) in enumerate(zip(("horizontal", "vertical", "dense"), (*units, 1), strict=True)):
        row = builder.sum_row("uint16" if is_narrow else "int32", name)
        counters.append(_Counter(at, unit, row))
        for start in row.starts:
            builder.line(f"clear({row.buffer}, {start}, sum_row_size)")
    height, width = rule.horizontal.shape
    builder.line(f"score_cols = cols - {width - 1}" if width > 1 else "score_cols = cols")
    builder.line("score_pairs = (score_cols + 1) // 2")
    builder.line(f"score_last = min(last, rows - {height - 1}) if score_cols > 0 else first")
    builder.line("rows_counted = 0")
    return counters, min(max_rows, 65535)


def emit_score_row(
    builder: SourceBuilder, rule: ScoreRule, counters: list[_Counter], max_rows: int, *, has_mask: bool
) -> None:
    """Write the scoring of the windows that begin in row t, two rows at a time: they share rows and counters."""
    with builder.block("if first <= t < score_last:"):
        with builder.block("if (t - first) % 2 == 1:"):
            _emit_rows(builder, rule, counters, 2, has_mask)
        with builder.block("elif t + 1 == score_last:"):
            _emit_rows(builder, rule, counters, 1, has_mask)
        with builder.block(f"if rows_counted > {max_rows - 2} or t + 1 == score_last:"):
            builder.line("rows_counted = 0")
            for counter in counters:
                buffer, (even, odd) = counter.row.buffer, counter.row.starts
                total = f"reduce_sum({buffer}, {even}, score_pairs) + reduce_sum({buffer}, {odd}, score_cols // 2)"
                total = f"{counter.unit} * ({total})" if counter.unit > 1 else total
                builder.line(f"score_sums[{counter.at}] += {total}")
                for start in (even, odd):
                    builder.line(f"clear({buffer}, {start}, score_pairs)")


def _emit_rows(builder: SourceBuilder, rule: ScoreRule, counters: list[_Counter], rows: int, has_mask: bool) -> None:
    """Write the scoring of one or two rows of windows, of which row t is the last one."""
    height = rule.horizontal.shape[0] + rows - 1
    _emit_input(builder, f"t - {rows - 1}" if rows > 1 else "t", height)
    window = InputWindow(f"_score{rows}_", "pixels", "top + ({i}) * pitch", 2, "score_pairs")
    sums = []
    for row in range(rows):
        for kernel, counter, name in zip((rule.horizontal, rule.vertical), counters, ("h", "v"), strict=False):
            weights = np.pad(kernel.integers // counter.unit, ((row, rows - 1 - row), (0, 0)))
            sums.append((f"{name}{rows}{row}", choose_strategy(weights, is_direct=True), weighted_interval(weights)))
    window.emit_row_offsets(builder, set().union(*(rows_read(strategy) for _, strategy, _ in sums)))
    masks = [f"(t - {rows - 1 - row}) * cols" for row in range(rows)] if has_mask else []
    partial_sums = [emit_partial_sums(builder, window, *item) for item in sums]
    _emit_accumulation(builder, rule, counters, window, partial_sums, masks)
    builder.line(f"rows_counted += {rows}")


def _emit_input(builder: SourceBuilder, first: str, height: int) -> None:
    """Write where the rows of the windows are: in the frame, or, for the last ones, in a copy with padding after it."""
    builder.line(f"pixels, at, pitch = source, {first}, cols")
    builder.line("top = at * cols")
    with builder.block(f"if (at + {height}) * cols + {MAX_OVERREAD} > rows * cols:"):
        builder.line(
            "# The loops read a few bytes past the last window, and nothing follows the last row of the frame."
        )
        builder.line("pixels = ring")
        builder.line("top = tail")
        builder.line("pitch = stride")
        with builder.block(f"for i in range({height}):"), builder.lane_loop("cols"):
            pixel = f"load(source, (at + i) * cols, x, {builder.loop})"
            builder.line(f"store(ring, tail + i * stride, x, {pixel}, {builder.loop})")


def _emit_accumulation(
    builder: SourceBuilder,
    rule: ScoreRule,
    counters: list[_Counter],
    window: InputWindow,
    sums: Sequence[PendingSum],
    masks: Sequence[str],
) -> None:
    """Write the loop that adds up one or two rows of windows; ``masks`` has where their rows of the mask begin."""
    for row, start in enumerate(masks):
        builder.line(f"mask{row} = {start}")
    lane: Lane = "uint16" if counters[0].row.buffer == "u16" else "int32"
    limits = [-(-limit // counter.unit) for limit, counter in zip(rule.limits, counters, strict=False)]
    with builder.lane_loop(window.count):
        responses = []
        for values in emit_final_sums(builder, window, sums):
            strength = emit_absolute(builder, values)
            responses.append(emit_each(builder, strength, f"as_{lane}({{}})", lane=lane))
        for row in range(len(masks)):
            builder.line(f"mask{row}_even, mask{row}_odd = load_pairs(original, mask{row}, x, 1, {builder.loop})")
        for parity, phase in enumerate(PHASE_NAMES[2]):
            names = [values.names[parity] for values in responses]
            horizontal, vertical = names[0::2], names[1::2]
            dense = [
                f"bit_or(ge_const({x}, {limits[0]}), ge_const({y}, {limits[1]}))"
                for x, y in zip(horizontal, vertical, strict=True)
            ]
            for row in range(len(masks)):  # A mask is 1 or 0.
                mask = f"as_{lane}(mask{row}_{phase})" if lane != "uint16" else f"mask{row}_{phase}"
                horizontal[row], vertical[row] = f"mul({horizontal[row]}, {mask})", f"mul({vertical[row]}, {mask})"
                dense[row] = f"bit_and({dense[row]}, {mask})"
            for counter, terms in zip(counters, (horizontal, vertical, dense), strict=True):
                builder.store(counter.row, parity, sum_expr([builder.load_own(counter.row, parity), *terms]))


def _unit(weights: Integers) -> int:
    return math.gcd(*(int(weight) for weight in weights.ravel()))
