"""Source for a whole sweep: the function that runs all stages of a strip one behind the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._emit_score import emit_score_row, emit_score_start
from livefilter.compiler._emit_stage import emit_point_loops, emit_row, emit_two_rows
from livefilter.compiler._emit_sums import Window
from livefilter.compiler._picture import picture
from livefilter.compiler._plan import Output, Stage, Sweep
from livefilter.compiler._program import Program, Store

ARGUMENTS = (
    ("source", "uint8[::1]"),
    ("original", "uint8[::1]"),
    ("out", "{output}[::1]"),
    ("spill", "{output}[::1]"),
    ("first", "int64"),
    ("last", "int64"),
    ("rows", "int64"),
    ("cols", "int64"),
    ("in_cols", "int64"),
    ("stride", "int64"),
    ("sources", "int64[::1]"),
    ("windows", "int64[:, ::1]"),
    ("margins", "int64[:, ::1]"),
    ("bounds", "int64[:, ::1]"),
    ("ring", "uint8[::1]"),
    ("words", "uint16[::1]"),
    ("ints", "int32[::1]"),
    ("singles", "float32[::1]"),
    ("levels", "uint8[::1]"),
    ("weights", "int32[::1]"),
    ("sums", "int64[::1]"),
)
"""What a sweep is called with, in this order; the output's type is the sweep's."""
COPIED_AHEAD = 1
"""Rows of the frame that are copied before they are needed: margins are stored column by column, and a vector that is
loaded right after a few of its elements were stored waits for them (dense 3x3 and box 3 take 4 % longer)."""
FRAMES = ("source", "original", "out")
"""The first ones, which lie elsewhere from call to call."""


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A generated sweep.

    Attributes:
        source: Text of a module with one function, ``sweep``.
        ring_starts: First ring row of each stage's input, by stage; the copy has none.
        ring_rows: Rows in the ring of each stage's input, one more of zeros following them.
        total_rows: Rows of all rings.
        planes: Rows of sums in each store.
        levels: Tables of gray levels, one after the other.
        weights: Weights that are read from memory.
    """

    source: str
    ring_starts: tuple[int, ...]
    ring_rows: tuple[int, ...]
    total_rows: int
    planes: dict[Store, int]
    levels: NDArray[np.uint8]
    weights: NDArray[np.int32]


def generate(sweep: Sweep) -> Code:
    """Generate the source of a sweep."""
    program = Program()
    ring_rows = tuple(_ring_rows(at, stage) for at, stage in enumerate(sweep.stages))
    ring_starts = tuple(sum(rows + 1 for rows in ring_rows[1:at]) for at in range(len(ring_rows)))
    tail = sum(rows + 1 for rows in ring_rows[1:])
    height = sweep.rule.horizontal.shape[0] + 1 if sweep.rule else 0
    program("pairs = (cols + 1) // 2")
    if any(stage.phases == 4 for stage in sweep.stages):
        program("quads = (cols + 3) // 4")
    counts, rows_held = emit_score_start(program, sweep.rule) if sweep.rule else ([], 0)
    if sweep.rule:
        program(f"tail = {tail} * stride")
    with program.block("for t in range(bounds[0, 0], last):" if sweep.stages else "for t in range(first, last):"):
        if sweep.rule:
            emit_score_row(program, sweep.rule, counts, rows_held)
        for at, stage in enumerate(sweep.stages):
            zeros = f"{ring_starts[at] + ring_rows[at]} * stride"
            _emit_stage(program, sweep, at, stage, zeros)
    return Code(
        _module(program, sweep.output),
        ring_starts,
        ring_rows,
        tail + height,
        dict(program.planes),
        np.frombuffer(b"".join(program.levels) or b"\0", dtype=np.uint8),
        np.array(program.constants or [0], dtype=np.int32),
    )


def _ring_rows(at: int, stage: Stage) -> int:
    """Return how many rows of its input a stage needs at once."""
    if at == 0:
        return 0
    # The first window's rows are copied in the order in which it sees them; those below mirror what was made.
    return (stage.height + COPIED_AHEAD if at == 1 else 2 * stage.reach + 1) + int(stage.keeps_a_row_more)


def _emit_stage(program: Program, sweep: Sweep, at: int, stage: Stage, zeros: str) -> None:
    window = partial(_window, at, stage, zeros)  # Called with the output row that it begins at.
    is_last = at == len(sweep.stages) - 1
    program()
    for line in picture(stage, at):
        program(f"# {line}" if line else "#")
    with program.block(f"if bounds[{at}, 0] <= t < bounds[{at}, 1]:"):
        program(f"y = t + bounds[{at}, 2]")
        follower = None if is_last else sweep.stages[at + 1]
        if follower is not None:
            program(f"slot = windows[{at + 1}, y{f' + {follower.above}' if at and follower.above else ''}]")
        if at == 0:
            _emit_copy(program, stage, follower)
        elif follower is not None:
            program("target = ring")
            program(f"to = slot + {follower.left}")
            emit_row(program, stage, window("y"), sweep.output)
        elif stage.makes_two_rows and sweep.output == "uint8":
            with program.block(f"if (t - bounds[{at}, 0]) % 2 == 1:"):
                _emit_result(program, sweep, stage, window, 2)
            with program.block(f"elif t + 1 == bounds[{at}, 1]:"):
                _emit_result(program, sweep, stage, window, 1)
        else:
            _emit_result(program, sweep, stage, window, 1)
        if follower is not None and not sweep.is_valid and follower.left + follower.right:
            sides = f"{follower.left}, {follower.right}"
            program(f"repeat_columns(ring, slot, cols, {sides}, margins, {at + 1})")


def _window(at: int, stage: Stage, zeros: str, first: str) -> Window:
    count = "pairs" if stage.phases == 2 else "quads"
    row, is_first = f"windows[{at}, {first} + {{i}}]", f"t == bounds[{at}, 0]"
    return Window(str(at), "ring", row, stage.phases, count, is_first, zeros)


def _emit_result(program: Program, sweep: Sweep, stage: Stage, window: Callable[[str], Window], rows: int) -> None:
    """Write the making of one or two rows of the result, row y being the last.

    Half a pair would be written beyond its row, so rows that end in one go aside first.
    """
    first = "y" if rows == 1 else "y - 1"
    program(f"target, to, pitch = out, ({first}) * cols, cols")
    with program.block(f"if cols % {stage.phases} != 0:"):
        program("target = spill")
        program("to = 0")
        program("pitch = stride")
    if rows == 1:
        emit_row(program, stage, window(first), sweep.output)
    else:
        emit_two_rows(program, stage, window(first))
    odd, each = f"if cols % {stage.phases} != 0:", f"for row in range({rows}):"
    with program.block(odd), program.block(each), program.lanes("cols"):
        value = f"load(spill, row * stride, x, {program.loop})"
        program(f"store(out, ({first} + row) * cols, x, {value}, {program.loop})")


def _emit_copy(program: Program, stage: Stage, follower: Stage | None) -> None:
    """Write the copy of a row of the frame, to the first ring or, if nothing follows, to the result."""
    if follower is None:
        _emit_copy_row(program, stage, "y", "out", "y * cols")
        return
    left = follower.left
    program("row = sources[y]")
    with program.block("if row < 0:"):
        program("clear(ring, slot, stride)")
    with program.block("else:"):
        _emit_copy_row(program, stage, "row", "ring", f"slot + {left}" if left else "slot")


def _emit_copy_row(program: Program, stage: Stage, row: str, target: str, to: str) -> None:
    program(f"at = {row} * in_cols")
    program(f"to = {to}")
    with program.lanes("in_cols"):
        program(f"store({target}, to, x, load(source, at, x, {program.loop}), {program.loop})")
    emit_point_loops(program, stage.points, target, "to", row)


def _module(program: Program, output: Output) -> str:
    kinds = [(name, kind.format(output=output)) for name, kind in ARGUMENTS]
    unpacked = [f'{name} = argument(call, {at}, "{kind}")' for at, (name, kind) in enumerate(kinds)]
    head = [*unpacked, "plane = stride // 2", *program.names]
    return "\n".join(["def sweep(call):", *(f"    {line}" for line in head), *program.lines]) + "\n"
