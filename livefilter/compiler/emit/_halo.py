"""Source for a first window that reads the frame in place, and for its results at the sides (see ``_sides``)."""

from __future__ import annotations

from collections.abc import Iterator

from livefilter.compiler.emit._builder import Program
from livefilter.compiler.emit._stage import Made, emit_rows
from livefilter.compiler.emit._sums import Window
from livefilter.compiler.plan._halo import LANES, Sides
from livefilter.compiler.plan._plan import Pass


def emit_side_rows(program: Program, sides: Sides) -> None:
    """Write the making of a batch of side rows, those for row y and below, where row y begins one."""
    program("# The frame is read in place; what comes out at its sides is made from side rows, many at a time.")
    program("turn = (t - bounds[3]) % batch")
    with program.block("if turn == 0:"):
        program("ahead = min(batch, bounds[4] - t)")
        with program.block(f"for i in range(ahead + {sides.height - 1}):"):
            _emit_side_row(program, sides)
        if sides.left + sides.beyond:
            program(f"repeat_sides(sides, side_pitch, side_rows, side_cols, {sides.left}, {sides.beyond}, margins)")


def emit_in_place(program: Program, sweep: Pass, sides: Sides, rows: int) -> None:
    """Write the making of one or two rows, row y being the last, at ``begin`` and ``pitch`` apart in ``target``."""
    if rows == 2:
        program("turn = turn - 1")
    with program.block("for part in range(min(turn, 1), parts):"):
        _emit_part(program, sweep, sides, rows)


def emit_taken(program: Program, sides: Sides) -> None:
    """Write the copy of the results at both sides to where they belong, for the rows that were made."""
    with program.block("for row in range(made_rows):"):
        program("seat, at = 2 * stride + load(windows, span + turn, row, 0), begin + row * pitch")
        for right in _emit_widths(program, sides):
            if right is None:
                program("copy(target, at, spill, seat, cols)")
                continue
            program(f"copy(target, at, spill, seat, {sides.left})")
            program(f"copy(target, at + cols - {right}, spill, seat + {sides.left + sides.first}, {right})")


def _emit_side_row(program: Program, sides: Sides) -> None:
    """Write the making of the side row that a batch's window sees as its row i."""
    program("row, seat = load(windows, y, i, 0), load(windows, span, i, 0)")
    to = f"seat + {sides.left}"
    for right in _emit_widths(program, sides):
        if right is None:
            program(f"copy(sides, {to}, source, row, cols)")
            continue
        last = sides.left + right
        program(f"copy(sides, {to}, source, row, {sides.first})")
        program(f"copy(sides, {to} + {sides.first}, source, row + cols - {last}, {last})")


def _emit_widths(program: Program, sides: Sides) -> Iterator[int | None]:
    """Write a block for each width that the right side can have; None is the whole row. Known widths need no loops."""
    for branch, right in (("if", sides.right), ("elif", sides.right + LANES)):
        with program.block(f"{branch} side_right == {right}:"):
            yield right
    with program.block("else:"):
        yield None


def _emit_part(program: Program, sweep: Pass, sides: Sides, rows: int) -> None:
    """Write the loops, which make a batch of side rows in part 0, and in part 1 what lies between the sides."""
    stage = sweep.stages[1]
    count = f"(ahead + {rows - 1}) // {rows} * side_pitch"
    program(f"seen, made, to, step, count = sides, spill, 2 * stride, side_half, {count}")
    program(f"lanes_summed = {stage.lanes_summed}")
    with program.block("if part == 1:"):
        program(f"seen, made, to, step, count = source, target, begin + {sides.left}, pitch, whole")
        with program.block(f"if t + {sides.height} >= bounds[4]:"):
            program("# Nothing lies behind the frame, and what lies behind these rows may be somebody else's.")
            program("count, lanes_summed = inside, 1")
    program(f"count = (count + {stage.phases - 1}) // {stage.phases}")
    program(f"first_row = (1 - part) * span + part * {'y' if rows == 1 else '(y - 1)'}")
    row, is_first = "load(windows, first_row, {i}, 0)", "part == 0 or t == bounds[3]"
    window = Window("1", "seen", row, stage.phases, "count", "lanes_summed", is_first, "sides, 2 * plane", "part")
    emit_rows(program, stage, window, Made("made", "to", "step"), rows, sweep.output)
