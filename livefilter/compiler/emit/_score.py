"""Source for the score of the frame: two sums per window, counted exactly.

Absolute responses are added up column by column in 16-bit lanes and emptied into 64 bits before they can overflow.
One accumulator for the whole row would have to be 32 bits wide and drag the arithmetic along (measured elsewhere:
three times slower).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from livefilter.compiler.emit._arithmetic import emit_absolute, emit_each, summed
from livefilter.compiler.emit._builder import Plane, Program
from livefilter.compiler.emit._sums import Sum, Window, finish, prepare
from livefilter.compiler.plan._intervals import Integers, Lane, weighted_range
from livefilter.compiler.plan._strategies import choose_form, rows_read
from livefilter.kernels import ScoreRule

LOOK_AHEAD = 8
"""Bytes that a score loop may read beyond its last window."""


@dataclass(frozen=True, slots=True)
class _Count:
    """What is counted: its place in ``sums``, its unit, and the plane that counts it column by column."""

    at: int
    unit: int
    plane: Plane


def emit_score_start(program: Program, rule: ScoreRule) -> tuple[list[_Count], int]:
    """Write what comes before the first row; return the counts and how many rows they hold without overflow."""
    units = [_unit(kernel.integers) for kernel in (rule.horizontal, rule.vertical)]
    ranges = [
        weighted_range(kernel.integers // unit).magnitudes()
        for kernel, unit in zip((rule.horizontal, rule.vertical), units, strict=True)
    ]
    largest = max(found.high for found in ranges)
    is_narrow = largest <= 65535 // 8
    rows = (65535 if is_narrow else (1 << 31) - 1) // largest
    counts = []
    for at, (name, unit) in enumerate(zip(("horizontal", "vertical", "dense"), (*units, 1), strict=True)):
        plane = program.plane("uint16" if is_narrow else "int32", name)
        counts.append(_Count(at, unit, plane))
        for start in plane.starts:
            program(f"clear({plane.store}, {start}, plane)")
    height, width = rule.horizontal.shape
    program(f"score_cols = cols - {width - 1}" if width > 1 else "score_cols = cols")
    program("score_pairs = (score_cols + 1) // 2")
    program(f"score_last = min(last, rows - {height - 1}) if score_cols > 0 else first")
    program("held = 0")
    return counts, min(rows, 65535)


def emit_score_row(program: Program, rule: ScoreRule, counts: list[_Count], rows_held: int) -> None:
    """Write the counting of the windows that begin in row t, two rows at a time: they share rows and counters."""
    with program.block("if first <= t < score_last:"):
        with program.block("if (t - first) % 2 == 1:"):
            _emit_rows(program, rule, counts, 2, rows_held)
        with program.block("elif t + 1 == score_last:"):
            _emit_rows(program, rule, counts, 1, rows_held)
        with program.block(f"if held > {rows_held - 2} or t + 1 == score_last:"):
            program("held = 0")
            for count in counts:
                store, (even, odd) = count.plane.store, count.plane.starts
                total = f"row_total({store}, {even}, score_pairs) + row_total({store}, {odd}, score_cols // 2)"
                program(f"sums[{count.at}] += {f'{count.unit} * ({total})' if count.unit > 1 else total}")
                for start in (even, odd):
                    program(f"clear({store}, {start}, score_pairs)")


def _emit_rows(program: Program, rule: ScoreRule, counts: list[_Count], rows: int, rows_held: int) -> None:
    """Write the counting of one or two rows of windows, of which row t is the last one."""
    height = rule.horizontal.shape[0] + rows - 1
    _emit_seen(program, f"t - {rows - 1}" if rows > 1 else "t", height)
    window = Window(f"_score{rows}_", "seen", "top + ({i}) * pitch", 2, "score_pairs")
    sums = []
    for row in range(rows):
        for kernel, count, name in zip((rule.horizontal, rule.vertical), counts, ("flat", "upright"), strict=False):
            weights = np.pad(kernel.integers // count.unit, ((row, rows - 1 - row), (0, 0)))
            sums.append((f"{name}{rows}{row}", choose_form(weights, is_direct=True), weighted_range(weights)))
    window.name_rows(program, set().union(*(rows_read(form) for _, form, _ in sums)))
    _emit_counting(program, rule, counts, window, [prepare(program, window, *item) for item in sums])
    program(f"held += {rows}")


def _emit_seen(program: Program, first: str, height: int) -> None:
    """Write where the rows of the windows lie: in the frame, or, for the last ones, in a copy with room behind it."""
    program(f"seen, at, pitch = source, {first}, cols")
    program("top = at * cols")
    with program.block(f"if (at + {height}) * cols + {LOOK_AHEAD} > rows * cols:"):
        program("# The loops read a few bytes on; behind the frame's last row there is nothing to read.")
        program("seen = ring")
        program("top = tail")
        program("pitch = stride")
        with program.block(f"for i in range({height}):"), program.lanes("cols"):
            copied = f"load(source, (at + i) * cols, x, {program.loop})"
            program(f"store(ring, tail + i * stride, x, {copied}, {program.loop})")


def _emit_counting(
    program: Program, rule: ScoreRule, counts: list[_Count], window: Window, sums: Sequence[Sum]
) -> None:
    lane: Lane = "uint16" if counts[0].plane.store == "words" else "int32"
    limits = [-(-limit // count.unit) for limit, count in zip(rule.limits, counts, strict=False)]
    with program.lanes(window.count):
        responses = []
        for values in finish(program, window, sums):
            strength = emit_absolute(program, values)
            responses.append(emit_each(program, strength, f"as_{lane}({{}})", lane=lane))
        for parity in (0, 1):
            names = [values.names[parity] for values in responses]
            flat, upright = names[0::2], names[1::2]
            dense = [
                f"either(reaches({one}, {limits[0]}), reaches({other}, {limits[1]}))"
                for one, other in zip(flat, upright, strict=True)
            ]
            for count, found in zip(counts, (flat, upright, dense), strict=True):
                program.store(count.plane, parity, summed([program.load_own(count.plane, parity), *found]))


def _unit(weights: Integers) -> int:
    return math.gcd(*(int(weight) for weight in weights.ravel()))
