"""Source for a whole sweep: the function that runs all stages of a strip one behind the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler.emit._builder import Program, Store
from livefilter.compiler.emit._halo import emit_in_place, emit_side_rows, emit_taken
from livefilter.compiler.emit._score import emit_score_row, emit_score_start
from livefilter.compiler.emit._stage import Made, emit_point_loops, emit_rows
from livefilter.compiler.emit._stage_comment import picture
from livefilter.compiler.emit._sums import Window
from livefilter.compiler.plan._halo import Layout
from livefilter.compiler.plan._plan import Output, Pass, Stage

ARGUMENTS = (
    ("source", "uint8[::1]"),
    ("original", "uint8[::1]"),
    ("out", "{output}[::1]"),
    ("first", "int64"),
    ("last", "int64"),
    ("bounds", "int64[::1]"),
    ("spill", "{output}[::1]"),
    ("rows", "int64"),
    ("cols", "int64"),
    ("in_cols", "int64"),
    ("stride", "int64"),
    ("plane", "int64"),
    ("sources", "int64[::1]"),
    ("windows", "int64[::1]"),
    ("span", "int64"),
    ("margins", "int64[::1]"),
    ("layout", "int64[::1]"),
    ("sides", "uint8[::1]"),
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
STRIP = ("first", "last", "bounds")
"""The next ones, which differ from strip to strip."""


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


def generate(sweep: Pass) -> Code:
    """Generate the source of a sweep."""
    program = Program()
    count = len(sweep.stages)
    tail = _ring_start(sweep, count)
    height = sweep.rule.horizontal.shape[0] + 1 if sweep.rule else 0
    program("pairs = (cols + 1) // 2")
    if any(stage.phases == 4 for stage in sweep.stages):
        program("quads = (cols + 3) // 4")
    counts, rows_held = emit_score_start(program, sweep.rule) if sweep.rule else ([], 0)
    if sweep.rule:
        program(f"tail = {tail} * stride")
    if sweep.sides is not None:
        program.names += [f"{name} = layout[{at}]" for at, name in enumerate(Layout._fields)]
    begin = ("bounds[3]" if sweep.sides else "bounds[0]") if sweep.stages else "first"
    with program.block(f"for t in range({begin}, last):"):
        if sweep.rule:
            emit_score_row(program, sweep.rule, counts, rows_held)
        for at in range(1 if sweep.sides else 0, count):
            _emit_stage(program, sweep, at)
    return Code(
        _module(program, sweep.output),
        tuple(_ring_start(sweep, at) for at in range(count)),
        tuple(_ring_rows(sweep, at) for at in range(count)),
        tail + height,
        dict(program.planes),
        np.frombuffer(b"".join(program.levels) or b"\0", dtype=np.uint8),
        np.array(program.constants or [0], dtype=np.int32),
    )


def _ring_rows(sweep: Pass, at: int) -> int:
    """Return how many rows of its input a stage needs at once."""
    stage = sweep.stages[at]
    if at == 0 or (at == 1 and sweep.sides is not None):
        return 0
    # The first window's rows are copied in the order in which it sees them; those below mirror what was made.
    count = stage.height + COPIED_AHEAD if at == 1 else 2 * stage.reach + 1
    return count + int(stage.has_running_sums) + int(sweep.makes_two_rows(at))


def _ring_start(sweep: Pass, at: int) -> int:
    """Return the first row of a stage's ring; a row of zeros follows each ring."""
    return sum(_ring_rows(sweep, before) + 1 for before in range(1, at))


def _emit_stage(program: Program, sweep: Pass, at: int) -> None:
    stage = sweep.stages[at]
    follower = sweep.stages[at + 1] if at + 1 < len(sweep.stages) else None
    program()
    for line in picture(stage, at):
        program(f"# {line}" if line else "#")
    with program.block(f"if bounds[{3 * at}] <= t < bounds[{3 * at + 1}]:"):
        program(f"y = t + bounds[{3 * at + 2}]")
        if follower is not None:
            program(f"slot = load(windows, {at + 1} * span + y, {follower.above if at else 0}, 0)")
        if at == 0:
            _emit_copy(program, stage, follower)
        else:
            _emit_rows(program, sweep, at, follower)
        if follower is not None and not sweep.is_valid and follower.left + follower.right:
            sides = f"{follower.left}, {follower.right}"
            program(f"repeat_columns(ring, slot, cols, {sides}, margins, {sweep.margins_before(at + 1)})")


def _emit_rows(program: Program, sweep: Pass, at: int, follower: Stage | None) -> None:
    """Write the making of row y, where the next window or the caller reads it; or, every other turn, of two rows."""
    sides = sweep.sides if at == 1 else None
    if sides is not None:
        emit_side_rows(program, sides)
    if follower is not None:
        program(f"target, begin, pitch, made_rows = ring, slot + {follower.left}, stride, 1")
    else:
        program("target, begin, pitch, made_rows = out, y * cols, cols, 1")
    if sweep.makes_two_rows(at):
        with program.block(f"if (t - bounds[{3 * at}]) % 2 == 1:"):
            program("begin, made_rows = begin - pitch, 2")
            _emit_made(program, sweep, at, 2)
        with program.block(f"elif t + 1 == bounds[{3 * at + 1}]:"):
            _emit_made(program, sweep, at, 1)
        with program.block("else:"):
            program("made_rows = 0")
    else:
        _emit_made(program, sweep, at, 1)
    if sides is not None:
        emit_taken(program, sides)
    emit_point_loops(program, sweep.stages[at].points, "target", "begin", "y")


def _emit_made(program: Program, sweep: Pass, at: int, rows: int) -> None:
    """Write the loops that make one or two rows, row y being the last."""
    if at == 1 and sweep.sides is not None:
        emit_in_place(program, sweep, sweep.sides, rows)
    elif at == len(sweep.stages) - 1:
        _emit_whole(program, sweep, at, rows)
    else:
        made = Made("target", "begin", "pitch")
        emit_rows(program, sweep.stages[at], _window(sweep, at, rows), made, rows, sweep.output)


def _emit_whole(program: Program, sweep: Pass, at: int, rows: int) -> None:
    """Write the making of the result's rows from a ring.

    Half a pair would be written beyond its row, so rows that end in one go aside first.
    """
    is_aside = f"if cols % {sweep.stages[at].phases} != 0:"
    program("made, to, step = target, begin, pitch")
    with program.block(is_aside):
        program("made, to, step = spill, 0, stride")
    emit_rows(program, sweep.stages[at], _window(sweep, at, rows), Made("made", "to", "step"), rows, sweep.output)
    with program.block(is_aside), program.block(f"for row in range({rows}):"):
        _emit_copied(program, "target", "begin + row * pitch", "spill", "row * stride", "cols")


def _emit_copied(program: Program, target: str, to: str, array: str, at: str, count: str) -> None:
    with program.lanes(count):
        program(f"store({target}, {to}, x, load({array}, {at}, x, {program.loop}), {program.loop})")


def _window(sweep: Pass, at: int, rows: int) -> Window:
    stage = sweep.stages[at]
    count = "pairs" if stage.phases == 2 else "quads"
    row = f"load(windows, {at} * span + {'y' if rows == 1 else 'y - 1'}, {{i}}, 0)"
    is_first, zeros = f"t == bounds[{3 * at}]", f"ring, {_ring_start(sweep, at) + _ring_rows(sweep, at)} * stride"
    return Window(str(at), "ring", row, stage.phases, count, str(stage.lanes_summed), is_first, zeros)


def _emit_copy(program: Program, stage: Stage, follower: Stage | None) -> None:
    """Write the copy of a row of the frame, to the first ring or, if nothing follows, to the result."""
    if follower is None:
        _emit_copied_row(program, stage, "y", "out", "y * cols")
        return
    program("row = sources[y]")
    with program.block("if row < 0:"):
        program("clear(ring, slot, stride)")
    with program.block("else:"):
        _emit_copied_row(program, stage, "row", "ring", f"slot + {follower.left}")


def _emit_copied_row(program: Program, stage: Stage, row: str, target: str, to: str) -> None:
    program(f"at = {row} * in_cols")
    program(f"to = {to}")
    _emit_copied(program, target, "to", "source", "at", "in_cols")
    emit_point_loops(program, stage.points, target, "to", row)


def _module(program: Program, output: Output) -> str:
    kinds = [(name, kind.format(output=output)) for name, kind in ARGUMENTS]
    unpacked = [f'{name} = argument(call, {at}, "{kind}")' for at, (name, kind) in enumerate(kinds)]
    head = [*unpacked, *program.names]
    return "\n".join(["def sweep(call):", *(f"    {line}" for line in head), *program.lines]) + "\n"
