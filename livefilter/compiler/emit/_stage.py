"""Source for one stage: from a window of rows to a row of finished pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from livefilter.compiler.emit._arithmetic import Values, emit_absolute, emit_byte, emit_offset
from livefilter.compiler.emit._builder import PHASE_NAMES, SourceBuilder
from livefilter.compiler.emit._gradient import emit_gradient_length
from livefilter.compiler.emit._sums import PendingSum, emit_final_sums, emit_paired_partial_sums, emit_partial_sums
from livefilter.compiler.emit._window import InputWindow
from livefilter.compiler.plan import Interval, Lane, Output, Separable, Stage, choose_strategy, rows_read
from livefilter.kernels import Correlation, Gradient, Unsharp

_PIXEL_LANES: dict[int, Lane] = {2: "uint16", 4: "int32"}
"""Lane type of finished pixels when they are stored, by the number of pixels per lane."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where rows are stored: an array, where the first row begins in it, and the distance to the next one."""

    array: str
    begin: str
    pitch: str


def emit_rows(
    builder: SourceBuilder, stage: Stage, window: InputWindow, destination: Destination, rows: int, output: Output
) -> None:
    """Write the loops that compute one row, or two at once; the window is that of the first."""
    sums = _emit_row_sums(builder, stage, window) if rows == 1 else _emit_two_row_sums(builder, stage, window)
    with builder.lane_loop(window.count):
        if output != "uint8":
            _emit_wide_output(builder, stage, window, destination, sums, output)
            return
        final = emit_final_sums(builder, window, sums)
        for row, values in enumerate([final] if rows == 1 else [[item] for item in final]):
            pixels = ", ".join(_emit_pixels(builder, stage, window, values).names)
            at = f"{destination.begin} + {destination.pitch}" if row else destination.begin
            store = "store_pair" if window.phases == 2 else "store_quad"
            builder.line(f"{store}({destination.array}, {at}, x, {pixels}, {builder.loop})")


def _emit_row_sums(builder: SourceBuilder, stage: Stage, window: InputWindow) -> list[PendingSum]:
    centre = {stage.above} if isinstance(stage.operation, Unsharp) else set()
    window.emit_row_offsets(builder, centre.union(*(rows_read(item.strategy) for item in stage.sums)))
    names = ("gx", "gy") if len(stage.sums) == 2 else ("sum",)
    return [
        emit_partial_sums(builder, window, f"{name}{window.tag}", item.strategy, item.interval)
        for name, item in zip(names, stage.sums, strict=True)
    ]


def _emit_two_row_sums(builder: SourceBuilder, stage: Stage, window: InputWindow) -> list[PendingSum]:
    (item,) = stage.sums
    names = [f"sum{window.tag}{row}" for row in "ab"]
    if isinstance(item.strategy, Separable):
        rows = rows_read(item.strategy)
        window.emit_row_offsets(builder, rows | {row + 1 for row in rows})
        return emit_paired_partial_sums(builder, window, names, item.strategy, item.interval)
    weights = [np.pad(item.weights, ((row, 1 - row), (0, 0))) for row in (0, 1)]
    strategies = [choose_strategy(padded, stage.offset, is_direct=True) for padded in weights]
    window.emit_row_offsets(builder, set().union(*(rows_read(strategy) for strategy in strategies)))
    return [
        emit_partial_sums(builder, window, name, strategy, item.interval)
        for name, strategy in zip(names, strategies, strict=True)
    ]


def _emit_pixels(builder: SourceBuilder, stage: Stage, window: InputWindow, values: list[Values]) -> Values:
    """Write the lines from the sums to one pair or quad of pixels."""
    lane = _PIXEL_LANES[window.phases]
    match stage.operation:
        case Gradient(_, _, norm, _):
            return emit_gradient_length(builder, values[0], values[1], norm, stage.divisor)
        case Correlation(_, _, is_absolute):
            total = emit_offset(builder, values[0], stage.offset)
            return emit_byte(builder, emit_absolute(builder, total) if is_absolute else total, stage.divisor, lane)
        case Unsharp() as operation:
            total = emit_offset(builder, values[0], stage.offset)
            blurred = emit_byte(builder, total, stage.divisor, lane)
            return _emit_sharpened(builder, stage, window, operation, blurred)
        case None:
            raise AssertionError("a copy has no window")


def _emit_wide_output(
    builder: SourceBuilder,
    stage: Stage,
    window: InputWindow,
    destination: Destination,
    sums: list[PendingSum],
    output: Output,
) -> None:
    """Write the lines from a sum to a pair of int16 or float32 results, by float64 division as the reference does."""
    values = emit_offset(builder, emit_final_sums(builder, window, sums)[0], stage.offset)
    for phase, name in enumerate(values.names):
        builder.line(f"quotient = fdiv_const(as_float64({name}), {float(stage.divisor)!r})")
        if output == "int16":
            builder.line("quotient = min_const(max_const(rint(quotient), -32768), 32767)")
        at = f"{destination.begin} + {phase}" if phase else destination.begin
        x = f"{window.phases} * x"
        builder.line(f"store({destination.array}, {at}, {x}, as_{output}(quotient), {builder.loop})")


def _emit_sharpened(
    builder: SourceBuilder, stage: Stage, window: InputWindow, operation: Unsharp, blurred: Values
) -> Values:
    """Write p + amount * (p - blurred), where the difference reaches the threshold."""
    numerator, denominator = operation.amount.numerator, operation.amount.denominator
    # p * denominator + (p - b) * numerator is linear in p and b: its extremes are at the corners.
    corners = [p * denominator + (p - b) * numerator for p in (0, 255) for b in (0, 255)]
    interval = Interval(min(corners), max(corners))
    lane: Lane = "int16" if interval.fits("int16") and window.phases == 2 else "int32"
    centres = _emit_centres(builder, stage, window)
    phases = PHASE_NAMES[window.phases]
    differences = [f"difference_{phase}" for phase in phases]
    names = tuple(f"sharp_{phase}" for phase in phases)
    for name, difference, centre, blur in zip(names, differences, centres, blurred.names, strict=True):
        builder.line(f"{difference} = as_{lane}(as_int16(sub({centre}, {blur})))")
        terms = f"mul_const(as_{lane}({centre}), {denominator}), mul_const({difference}, {numerator})"
        builder.line(f"{name} = add({terms})")
    sharp = emit_byte(builder, Values(names, lane, interval), denominator, _PIXEL_LANES[window.phases])
    if operation.threshold:
        limit = min(operation.threshold, 256)
        for name, difference, centre in zip(sharp.names, differences, centres, strict=True):
            builder.line(f"{name} = select_lt(absolute({difference}), {limit}, {centre}, {name})")
    return sharp


def _emit_centres(builder: SourceBuilder, stage: Stage, window: InputWindow) -> list[str]:
    """Write the line that loads the pixels under the anchor; return the expressions for them."""
    row = f"{window.prefix}{stage.above}"
    if window.phases == 4:
        builder.line(f"p = load_quad({window.array}, {row} + {stage.left}, x, {builder.loop})")
        return [f"p[{phase}]" for phase in range(4)]
    odd = stage.left % 2
    builder.line(f"p = load_pairs({window.array}, {row} + {stage.left - odd}, x, {1 + odd}, {builder.loop})")
    return [f"p[{odd}]", f"p[{odd + 1}]"]
