"""Source for weighted sums: the loops that prepare a row of them, and the lines that finish one pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from livefilter.compiler._emit_values import Values, by_weight, emit_weighted, narrowed, summed, times
from livefilter.compiler._forms import Box, Direct, Form, Separable, Streamed, Tap
from livefilter.compiler._program import PHASES, Plane, Program
from livefilter.compiler._range import Lane, Range, weighted_range

CLASSES_PER_LOOP = 6
"""Up to so many different weights are gathered before they are multiplied; more would not leave enough registers."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where the rows of a window lie while one output row is made.

    Attributes:
        tag: Tells the names of this window's variables from those of others.
        array: Holds the rows.
        row: Expression of the same, ``{i}`` being any integer expression.
        phases: Pixels that share a lane, 2 or 4.
        count: Expression for the number of such pairs or quads in an output row.
        is_first: Expression for whether this is the first row that this strip makes.
    """

    tag: str
    array: str
    row: str
    phases: int
    count: str
    is_first: str

    @property
    def prefix(self) -> str:
        """``{prefix}{i}`` names the first byte of window row i, ``{prefix}before`` that of the row above them."""
        return f"row{self.tag}_"

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
            planes = _prepare_separable(program, window, name, form)
        case Box():
            planes = _prepare_box(program, window, name, form)
        case Streamed():
            planes = _prepare_streamed(program, window, name, form)
    return Sum(name, form, values, planes, window.phases)


def finish(program: Program, window: Window, sums: Sequence[Sum]) -> list[Values]:
    """Write the lines, inside of the last inner loop, that give the finished sums."""
    direct = [(item.name, item.form.loops[-1]) for item in sums if isinstance(item.form, Direct)]
    _emit_taps(program, window, direct)
    for item in sums:
        for phase, variable in enumerate(item.values.names):
            _finish_one(program, item, phase, variable)
    return [item.values for item in sums]


def _finish_one(program: Program, item: Sum, parity: int, name: str) -> None:
    form = item.form
    match form:
        case Direct(lane):
            value = _gathered(item.name, form.loops[-1], parity, lane == "int32")
            program(f"{name} = {narrowed(summed([value, *_parts(program, item, parity)]), lane)}")
        case Separable(row=row, lane=lane):
            terms = [(weight, program.load(item.planes[0], col + parity)) for col, weight in enumerate(row)]
            emit_weighted(program, name, lane, terms)
            if lane == "int16":
                program(f"{name} = {narrowed(name, lane)}")
        case Box(_, cols, block, blocks, lane):
            whole = [program.load(item.planes[-1], at * block + parity) for at in range(blocks)]
            rest = [program.load(item.planes[0], at + parity) for at in range(block * blocks, cols)]
            terms_ = [f"as_int32({value})" if lane == "int32" else value for value in (*whole, *rest)]
            program(f"{name} = {summed(terms_)}")
        case Streamed():
            program(f"{name} = {program.load(item.planes[0], parity)}")


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
    """Add up taps row by row, each row of pixels loaded once for all sums."""
    taps = [tap for _, groups in sums for group in groups for tap in group]
    started: set[str] = set()
    for row in sorted({tap.row for tap in taps}):
        cols = [tap.col for tap in taps if tap.row == row]
        first = min(cols) // 2 * 2
        pairs = (max(cols) + 1 - first) // 2 + 1
        shift = f" + {first}" if first else ""
        program(f"p = pixels({window.array}, {window.prefix}{row} + 2 * x{shift}, {pairs}, {program.loop})")
        for name, groups in sums:
            for at, group in enumerate(groups):
                for parity in (0, 1):
                    _emit_row(program, _accumulator(name, groups, at, parity), group, row, parity - first, started)


def _accumulator(name: str, groups: Sequence[Sequence[Tap]], at: int, parity: int) -> str:
    return f"{name}_{PHASES[2][parity]}" + (f"_{at}" if len(groups) > 1 else "")


def _is_gathered(group: Sequence[Tap]) -> bool:
    return len({abs(tap.weight) for tap in group}) <= CLASSES_PER_LOOP


def _emit_row(program: Program, name: str, group: Sequence[Tap], row: int, shift: int, started: set[str]) -> None:
    """Add the taps of one window row to the accumulators of a group."""
    terms = [(tap.weight, f"p[{tap.col + shift}]") for tap in group if tap.row == row]
    if not terms:
        return
    if not _fits_narrow(group):
        (weight, value), *_ = terms
        program(f"{name} = mul(as_int32({value}), {weight})")
        return
    if not _is_gathered(group):
        for weight, value in terms:
            if name in started:
                program(f"{name} = {'add' if weight > 0 else 'sub'}({name}, {times(value, abs(weight))})")
            else:
                program(f"{name} = {f'mul({value}, {weight})' if weight < 0 else times(value, weight)}")
            started.add(name)
        return
    for weight, value in terms or []:
        accumulator = f"{name}_x{abs(weight)}"
        if accumulator in started:
            program(f"{accumulator} = {'add' if weight >= 0 else 'sub'}({accumulator}, {value})")
        else:
            program(f"{accumulator} = {value if weight >= 0 else f'mul({value}, -1)'}")
        started.add(accumulator)


def _fits_narrow(group: Sequence[Tap]) -> bool:
    return len(group) > 1 or _group_lane(group) != "int32"


def _gathered(name: str, groups: Sequence[Sequence[Tap]], parity: int, wide: bool) -> str:
    """Return the expression for the sum of all groups."""
    values = []
    for at, group in enumerate(groups):
        accumulator = _accumulator(name, groups, at, parity)
        if not _fits_narrow(group):
            values.append(accumulator)
            continue
        value = accumulator
        if _is_gathered(group):
            weights = by_weight((tap.weight or 0, "") for tap in group) or {0: ([], [])}
            value = summed([times(f"{accumulator}_x{weight}", weight) for weight in weights])
        if wide:
            value = f"as_int32({narrowed(value, _group_lane(group))})"
        values.append(value)
    return summed(values)


def _prepare_separable(program: Program, window: Window, name: str, form: Separable) -> tuple[Plane, ...]:
    is_wide = form.column_lane == "int32"
    # Stored in 16 bits if they are summed in 16 bits: a loop that also stored 32 bits would be vectorised for those.
    plane = program.plane("uint16" if window.phases == 4 else form.lane, f"{name}_columns")
    ahead = len(form.row) // 2 + 1
    with program.lanes(f"{window.count} + {ahead}" if window.phases == 2 else f"2 * {window.count} + {ahead}"):
        rows = [i for i, weight in enumerate(form.column) if weight]
        for i in rows:
            program(f"p{i} = pixels({window.array}, {window.prefix}{i} + 2 * x, 1, {program.loop})")
        for parity in (0, 1):
            column = f"{name}_{PHASES[2][parity]}"
            terms = [(form.column[i], f"as_int32(p{i}[{parity}])" if is_wide else f"p{i}[{parity}]") for i in rows]
            emit_weighted(program, column, form.column_lane, terms)
            value = column
            if plane.store != "words" and form.column_lane != form.lane:
                value = f"as_{form.lane}({narrowed(column, form.column_lane)})"
            program.store(plane, parity, value)
    return (plane,) if window.phases == 2 else (_dealt_out(program, window, name, form, plane),)


def _dealt_out(program: Program, window: Window, name: str, form: Separable, columns: Plane) -> Plane:
    """Write the loop that converts 16-bit column sums to float32 and deals them out to four arrays.

    With four pixels to a lane the row pass loads each column sum once for four results; loads that straddle cache lines
    are what bounds it (measured: Gaussian 15 at 1080p 1.17 ms with pairs).
    """
    plane = program.plane("float32", f"{name}_dealt", 4)
    with program.lanes(f"{window.count} + {len(form.row) // 4 + 1}"):
        for parity, start in enumerate(columns.starts):
            is_signed = int(form.column_lane == "int16")
            program(f"p = halves(words, {start} + 2 * x, {is_signed}, {program.loop})")
            for half in (0, 1):
                program.store(plane, 2 * half + parity, f"as_float32(p[{half}])")
    return plane


def _prepare_box(program: Program, window: Window, name: str, form: Box) -> tuple[Plane, ...]:
    columns = program.plane("uint16", f"{name}_columns")
    count = f"{window.count} + {form.cols // 2 + 1}"
    with program.block(f"if {window.is_first}:"):
        for start in columns.starts:
            program(f"words[{start} : {start} + {count}] = 0")
        with program.block(f"for i in range({form.rows}):"):
            program(f"row = {window.row.format(i='i')}")
            with program.lanes(count):
                program(f"p = pixels({window.array}, row + 2 * x, 1, {program.loop})")
                for parity in (0, 1):
                    program.store(columns, parity, f"add({program.load_own(columns, parity)}, p[{parity}])")
    with program.block("else:"), program.lanes(count):
        bottom = f"{window.prefix}{form.rows - 1}"
        program(f"p = pixels({window.array}, {bottom} + 2 * x, 1, {program.loop})")
        program(f"q = pixels({window.array}, {window.prefix}before + 2 * x, 1, {program.loop})")
        for parity in (0, 1):
            carried = program.load_own(columns, parity)
            program.store(columns, parity, f"add({carried}, sub(p[{parity}], q[{parity}]))")
    if form.block == 1:
        return (columns,)
    blocks = program.plane("uint16", f"{name}_blocks")
    with program.lanes(count):
        for parity in (0, 1):
            parts = [program.load(columns, col + parity) for col in range(form.block)]
            program.store(blocks, parity, summed(parts))
    return columns, blocks


def _prepare_streamed(program: Program, window: Window, name: str, form: Streamed) -> tuple[Plane, ...]:
    rows, cols = len(form.weights), len(form.weights[0])
    plane = program.plane("int32", f"{name}_sums")
    start = len(program.constants)
    program.constants += [weight for row in form.weights for weight in row]
    for first in plane.starts:
        program(f"ints[{first} : {first} + {window.count}] = 0")
    with program.block(f"for i in range({rows}):"):
        program(f"row = {window.row.format(i='i')}")
        for col in range(cols):
            program(f"w{col} = weights[{start + col} + i * {cols}]")
        with program.lanes(window.count):
            program(f"p = pixels({window.array}, row + 2 * x, {cols // 2 + 1}, {program.loop})")
            for parity in (0, 1):
                products = [f"product(as_int32(p[{col + parity}]), w{col})" for col in range(cols)]
                program.store(plane, parity, summed([program.load_own(plane, parity), *products]))
    return (plane,)
