"""Source for weighted sums: the loops that prepare a row of them, and the lines that finish one pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from livefilter.compiler.emit._arithmetic import Values, narrowed, summed
from livefilter.compiler.emit._builder import PHASES, Plane, Program
from livefilter.compiler.lanes._term_list import Term, written
from livefilter.compiler.plan._intervals import Lane, Range, weighted_range
from livefilter.compiler.plan._strategies import Box, Direct, Form, Separable, Streamed, Tap


@dataclass(frozen=True, slots=True)
class Window:
    """Where the rows of a window lie while one output row is made.

    Attributes:
        tag: Tells the names of this window's variables from those of others.
        array: Holds the rows.
        row: Expression of the same, ``{i}`` being any integer expression.
        phases: Pixels that share a lane, 2 or 4.
        count: Expression for the number of such pairs or quads in an output row.
        lanes: Expression for a power of two; loops over sums of columns are rounded up to a multiple of it.
        is_first: Expression for whether nothing is carried from the row before.
        zeros: Expressions for an array and for where in it a row of zeros lies.
        part: Expression for which of two parts of the row is made, 0 or 1, if it is made in parts.
    """

    tag: str
    array: str
    row: str
    phases: int
    count: str
    lanes: str = "1"
    is_first: str = ""
    zeros: str = ""
    part: str = ""

    @property
    def prefix(self) -> str:
        """``{prefix}{i}`` names the first byte of window row i, ``{prefix}before`` that of the row above them."""
        return f"row{self.tag}_"

    def columns(self, ahead: int) -> str:
        """Return the expression for the number of pairs of columns to add up, ``ahead`` more than there are results."""
        pairs = self.count if self.phases == 2 else f"2 * {self.count}"
        return f"({pairs} + {ahead - 1} + {self.lanes}) & -{self.lanes}"

    def name_rows(self, program: Program, rows: Iterable[int]) -> None:
        """Write the lines that name rows; -1 is the one above the window."""
        for i in sorted(set(rows)):
            program(f"{self.prefix}{i if i >= 0 else 'before'} = {self.row.format(i=i)}")


@dataclass(frozen=True, slots=True)
class Sum:
    """A weighted sum under way: its form, its range, and the planes that its loops have filled."""

    name: str
    form: Form
    range: Range
    planes: tuple[Plane, ...] = ()

    phases: int = 2

    @property
    def values(self) -> Values:
        """The finished values."""
        return Values(tuple(f"{self.name}_{phase}" for phase in PHASES[self.phases]), self.form.lane, self.range)


def prepare(program: Program, window: Window, name: str, form: Form, values: Range) -> Sum:
    """Write the inner loops that come before the last one, if the form has any."""
    match form:
        case Direct():
            planes = _prepare_direct(program, window, name, form)
        case Separable():
            (planes,) = _prepare_separable(program, window, [name], form)
        case Box():
            planes = _prepare_box(program, window, name, form)
        case Streamed():
            planes = _prepare_streamed(program, window, name, form)
    return Sum(name, form, values, planes, window.phases)


def prepare_two(program: Program, window: Window, names: list[str], form: Separable, values: Range) -> list[Sum]:
    """Write the inner loop that comes before the last one, for two rows; the window is that of the first."""
    planes = _prepare_separable(program, window, names, form)
    return [Sum(name, form, values, found, window.phases) for name, found in zip(names, planes, strict=True)]


def finish(program: Program, window: Window, sums: Sequence[Sum]) -> list[Values]:
    """Write the lines, inside of the last inner loop, that give the finished sums."""
    _emit_taps(program, window, [(item.name, item.form.loops[-1]) for item in sums if isinstance(item.form, Direct)])
    for item in sums:
        _finish_one(program, item)
    return [item.values for item in sums]


def _finish_one(program: Program, item: Sum) -> None:
    form, names = item.form, item.values.names
    match form:
        case Direct(lane):
            for phase, name in enumerate(names):
                value = _gathered(item.name, form.loops[-1], phase, lane == "int32")
                program(f"{name} = {narrowed(summed([value, *_parts(program, item, phase)]), lane)}")
        case Separable(row=row, lane=lane):
            terms = [Term(weight, 0, col) for col, weight in enumerate(row) if weight]
            program(f"{item.name} = {_along(program, item.planes[0], terms)}")
            for phase, name in enumerate(names):
                program(f"{name} = {narrowed(f'{item.name}[{phase}]', lane)}")
        case Box(_, cols, block, blocks, lane):
            whole = [Term(1, 0, at * block) for at in range(blocks)]
            rest = [Term(1, 0, at) for at in range(block * blocks, cols)]
            is_wide = lane == "int32"
            program(f"{item.name} = {_along(program, item.planes[-1], whole, is_wide=is_wide)}")
            if rest:
                program(f"{item.name}_rest = {_along(program, item.planes[0], rest, is_wide=is_wide)}")
            for phase, name in enumerate(names):
                value = f"{item.name}[{phase}]"
                program(f"{name} = add({value}, {item.name}_rest[{phase}])" if rest else f"{name} = {value}")
        case Streamed():
            for phase, name in enumerate(names):
                program(f"{name} = {program.load(item.planes[0], phase)}")


def _along(program: Program, plane: Plane, terms: Sequence[Term], *, is_wide: bool = False) -> str:
    """Return the expression for a sum along a row of sums, a tuple of one for each phase."""
    starts = ", ".join(plane.starts)
    along = "wide_along" if is_wide else "along"
    return f'{along}({plane.store}, x, {program.loop}, "{written([terms])}", {starts})'


def _prepare_direct(program: Program, window: Window, name: str, form: Direct) -> tuple[Plane, ...]:
    """Write all loops but the last; their sums stay in 16-bit planes, so that they are vectorised for 16 bits."""
    earlier = form.loops[:-1]
    if form.lane != "int32":
        planes = [program.plane("uint16", f"{name}_part")] if earlier else []
    else:
        planes = [program.plane("uint16", f"{name}_part{at}") for at in range(len(earlier))]
    for at, groups in enumerate(earlier):
        with program.lanes(window.count):
            _emit_taps(program, window, [(name, groups)])
            for parity in (0, 1):
                value = _gathered(name, groups, parity, _is_wide(groups))
                if form.lane != "int32":
                    carried = program.load_own(planes[0], parity)
                    program.store(planes[0], parity, f"add({value}, {carried})" if at else value)
                    continue
                if _is_wide(groups):
                    high = program.plane("uint16", f"{name}_high{at}") if parity == 0 else planes[-1]
                    planes += [high] if parity == 0 else []
                    program(f"value = {value}")
                    program.store(high, parity, "as_uint16(shr(value, 16))")
                    value = "as_uint16(value)"
                program.store(planes[at], parity, value)
    return tuple(planes)


def _is_wide(groups: Sequence[Sequence[Tap]]) -> bool:
    """Tell whether the sum of a loop's groups needs 32 bits."""
    return len(groups) > 1 or not _fits_narrow(groups[0])


def _parts(program: Program, item: Sum, parity: int) -> list[str]:
    """Return the expressions for what the loops before the last one have added up."""
    form = item.form
    assert isinstance(form, Direct)
    if form.lane != "int32":
        return [program.load(plane, parity) for plane in item.planes]
    values, high = [], iter(item.planes[len(form.loops) - 1 :])
    for groups, plane in zip(form.loops[:-1], item.planes, strict=False):
        value = program.load(plane, parity)
        if _is_wide(groups):
            upper = f"shl(as_int32({program.load(next(high), parity)}), 16)"
            values.append(f"add(as_int32({value}), {upper})")
        else:
            values.append(f"as_int32({narrowed(value, _group_lane(groups[0]))})")
    return values


def _group_lane(group: Sequence[Tap]) -> Lane:
    return weighted_range(np.array([tap.weight for tap in group])).narrow_lane() or "int32"


def _emit_taps(program: Program, window: Window, sums: Sequence[tuple[str, Sequence[Sequence[Tap]]]]) -> None:
    """Add up the taps of groups, all at once, so that each row of pixels is loaded once."""
    named = [(f"{name}_{at}", group) for name, groups in sums for at, group in enumerate(groups)]
    if not named:
        return
    rows = sorted({tap.row for _, group in named for tap in group})
    parts = [
        [Term(tap.weight if _fits_narrow(group) else 1, rows.index(tap.row), tap.col) for tap in group]
        for _, group in named
    ]
    targets = ", ".join(f"{name}_{phase}" for name, _ in named for phase in PHASES[2])
    starts = ", ".join(f"{window.prefix}{row}" for row in rows)
    program(f'{targets} = taps({window.array}, x, {program.loop}, "{written(parts)}", {starts})')


def _fits_narrow(group: Sequence[Tap]) -> bool:
    return len(group) > 1 or _group_lane(group) != "int32"


def _gathered(name: str, groups: Sequence[Sequence[Tap]], parity: int, wide: bool) -> str:
    """Return the expression for the sum of all groups."""
    values = []
    for at, group in enumerate(groups):
        value = f"{name}_{at}_{PHASES[2][parity]}"
        if not _fits_narrow(group):
            value = f"mul(as_int32({value}), {group[0].weight})"
        elif wide:
            value = f"as_int32({narrowed(value, _group_lane(group))})"
        values.append(value)
    return summed(values)


def _prepare_separable(program: Program, window: Window, names: list[str], form: Separable) -> list[tuple[Plane, ...]]:
    """Write the loop that adds up columns, for as many rows as there are names."""
    is_wide = form.column_lane == "int32"
    # Stored in 16 bits if they are summed in 16 bits: a loop that also stored 32 bits would be vectorised for those.
    lane: Lane = "uint16" if window.phases == 4 else form.lane
    planes = [program.plane(lane, f"{name}_columns") for name in names]
    ahead = len(form.row) // 2 + 1
    with program.lanes(window.columns(ahead)):
        weighted = [(i, weight) for i, weight in enumerate(form.column) if weight]
        rows = sorted({i + down for i, _ in weighted for down in range(len(names))})
        parts = [[Term(weight, rows.index(i + down), 0) for i, weight in weighted] for down in range(len(names))]
        starts = ", ".join(f"{window.prefix}{i}" for i in rows)
        sums = [[f"{name}_column_{phase}" for phase in PHASES[2]] for name in names]
        taps = "wide_taps" if is_wide else "taps"
        call = f'{taps}({window.array}, x, {program.loop}, "{written(parts)}", {starts})'
        program(f"{', '.join(name for pair in sums for name in pair)} = {call}")
        for plane, pair in zip(planes, sums, strict=True):
            for parity, column in enumerate(pair):
                value = column
                if plane.store != "words" and form.column_lane != form.lane:
                    value = f"as_{form.lane}({narrowed(column, form.column_lane)})"
                program.store(plane, parity, value)
    if window.phases == 2:
        return [(plane,) for plane in planes]
    return [(_dealt_out(program, window, name, form, plane),) for name, plane in zip(names, planes, strict=True)]


def _dealt_out(program: Program, window: Window, name: str, form: Separable, columns: Plane) -> Plane:
    """Write the loop that converts 16-bit column sums to float32 and deals them out to four arrays.

    With four pixels to a lane the row pass loads each column sum once for four results; loads that straddle cache lines
    are what bounds it (measured: Gaussian 15 at 1080p 1.17 ms with pairs).
    """
    plane = program.plane("float32", f"{name}_dealt", 4)
    with program.lanes(f"{window.count} + {len(form.row) // 4 + 1}"):
        for parity, start in enumerate(columns.starts):
            is_signed = int(form.column_lane == "int16")
            program(f"p = halves(words, {start}, x, {is_signed}, {program.loop})")
            for half in (0, 1):
                program.store(plane, 2 * half + parity, f"as_float32(p[{half}])")
    return plane


def _prepare_box(program: Program, window: Window, name: str, form: Box) -> tuple[Plane, ...]:
    """Write the loops that carry the sums of columns on by one row, and add up blocks of them."""
    columns = program.plane("uint16", f"{name}_columns", part=window.part)
    count = window.columns(form.cols // 2 + 1)
    program(f"outgoing, gone, at = {window.array}, {window.prefix}before, {form.rows - 1}")
    with program.block(f"if {window.is_first}:"):
        program("# All rows come in, and none goes out.")
        program(f"outgoing, gone, at = {window.zeros}, 0")
        for start in columns.starts:
            program(f"clear(words, {start}, {count})")
    if window.part:
        # In place the last row has a loop of its own, which is quicker. In rings, where a preset may have many boxes,
        # compiling that would take too long.
        with program.block(f"for i in range(at, {form.rows - 1}):"):
            _emit_carried(program, window, columns, count, "i", is_growing=True)
        _emit_carried(program, window, columns, count, str(form.rows - 1))
    else:
        with program.block(f"for i in range(at, {form.rows}):"):
            _emit_carried(program, window, columns, count, "i")
    if form.block == 1:
        return (columns,)
    blocks = program.plane("uint16", f"{name}_blocks")
    with program.lanes(count):
        program(f"block = {_along(program, columns, [Term(1, 0, col) for col in range(form.block)])}")
        for parity in (0, 1):
            program.store(blocks, parity, f"block[{parity}]")
    return columns, blocks


def _emit_carried(
    program: Program, window: Window, columns: Plane, count: str, i: str, *, is_growing: bool = False
) -> None:
    """Write the loop that adds row i of the window to sums of columns and, unless they only grow, takes one off."""
    program(f"row = {window.row.format(i=i)}")
    with program.lanes(count):
        program(f"p = pixels({window.array}, row, x, 1, {program.loop})")
        if not is_growing:
            program(f"q = pixels(outgoing, gone, x, 1, {program.loop})")
        for parity in (0, 1):
            change = f"p[{parity}]" if is_growing else f"sub(p[{parity}], q[{parity}])"
            program.store(columns, parity, f"add({program.load_own(columns, parity)}, {change})")


def _prepare_streamed(program: Program, window: Window, name: str, form: Streamed) -> tuple[Plane, ...]:
    rows, cols = len(form.weights), len(form.weights[0])
    plane = program.plane("int32", f"{name}_sums")
    start = len(program.constants)
    program.constants += [weight for row in form.weights for weight in row]
    for first in plane.starts:
        program(f"clear(ints, {first}, {window.count})")
    with program.block(f"for i in range({rows}):"):
        program(f"row = {window.row.format(i='i')}")
        for col in range(cols):
            program(f"w{col} = weights[{start + col} + i * {cols}]")
        with program.lanes(window.count):
            program(f"p = pixels({window.array}, row, x, {cols // 2 + 1}, {program.loop})")
            for parity in (0, 1):
                products = [f"product(as_int32(p[{col + parity}]), w{col})" for col in range(cols)]
                program.store(plane, parity, summed([program.load_own(plane, parity), *products]))
    return (plane,)
