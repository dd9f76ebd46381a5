"""Source for weighted sums: the loops that prepare a row of them, and the lines that finish one pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from livefilter.compiler._emit_values import Values, by_weight, emit_weighted, narrowed, summed, times
from livefilter.compiler._forms import Box, Direct, Form, Separable, Streamed, Tap
from livefilter.compiler._program import PARITIES, Plane, Program
from livefilter.compiler._range import Range, weighted_range

CLASSES_PER_LOOP = 6
"""Up to so many different weights are gathered before they are multiplied; more would not leave enough registers."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where the rows of a window lie while one output row is made.

    Attributes:
        tag: Tells the names of this window's variables from those of others.
        array: Holds the rows.
        row: Expression of the same, ``{i}`` being any integer expression.
        pairs: Expression for the number of pairs of output pixels.
        is_first: Expression for whether this is the first row that this strip makes.
    """

    tag: str
    array: str
    row: str
    pairs: str
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

    def variable(self, parity: int) -> str:
        """Return the name of the finished value."""
        return f"{self.name}_{PARITIES[parity]}"

    @property
    def values(self) -> Values:
        """The finished values."""
        return Values((self.variable(0), self.variable(1)), self.form.lane, self.range)


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
    return Sum(name, form, values, planes)


def finish(program: Program, window: Window, sums: Sequence[Sum]) -> list[Values]:
    """Write the lines, inside of the last inner loop, that give the finished sums."""
    direct = [(item.name, item.form.loops[-1]) for item in sums if isinstance(item.form, Direct)]
    _emit_taps(program, window, direct)
    for item in sums:
        for parity in (0, 1):
            _finish_one(program, item, parity)
    return [item.values for item in sums]


def _finish_one(program: Program, item: Sum, parity: int) -> None:
    name, form = item.variable(parity), item.form
    match form:
        case Direct(lane):
            value = _gathered(item.name, form.loops[-1], parity, lane == "int32")
            if item.planes:
                value = f"add({value}, {program.load(item.planes[0], parity)})"
            program(f"{name} = {narrowed(value, lane)}")
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
    if len(form.loops) == 1:
        return ()
    wide = form.lane == "int32"
    plane = program.plane("int32" if wide else "uint16", f"{name}_part")
    for at, groups in enumerate(form.loops[:-1]):
        with program.lanes(window.pairs):
            _emit_taps(program, window, [(name, groups)])
            for parity in (0, 1):
                value = _gathered(name, groups, parity, wide)
                program.store(plane, parity, f"add({value}, {program.load_own(plane, parity)})" if at else value)
    return (plane,)


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
    return f"{name}_{PARITIES[parity]}" + (f"_{at}" if len(groups) > 1 else "")


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
    return len(group) > 1 or weighted_range(np.array([tap.weight for tap in group])).narrow_lane() is not None


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
            lane = weighted_range(np.array([tap.weight for tap in group])).narrow_lane()
            value = f"as_int32({narrowed(value, lane or 'uint16')})"
        values.append(value)
    return summed(values)


def _prepare_separable(program: Program, window: Window, name: str, form: Separable) -> tuple[Plane, ...]:
    plane = program.plane(form.lane, f"{name}_columns")
    with program.lanes(f"{window.pairs} + {len(form.row) // 2 + 1}"):
        rows = [i for i, weight in enumerate(form.column) if weight]
        for i in rows:
            program(f"p{i} = pixels({window.array}, {window.prefix}{i} + 2 * x, 1, {program.loop})")
        for parity in (0, 1):
            column = f"{name}_{PARITIES[parity]}"
            wide = form.column_lane == "int32"
            terms = [(form.column[i], f"as_int32(p{i}[{parity}])" if wide else f"p{i}[{parity}]") for i in rows]
            emit_weighted(program, column, form.column_lane, terms)
            value = narrowed(column, form.column_lane)
            if form.lane in ("float32", "int32"):
                value = f"as_{form.lane}({value})" if form.column_lane != form.lane else value
            else:
                value = f"as_uint16({value})" if form.column_lane == "int16" else value
            program.store(plane, parity, value)
    return (plane,)


def _prepare_box(program: Program, window: Window, name: str, form: Box) -> tuple[Plane, ...]:
    columns = program.plane("uint16", f"{name}_columns")
    count = f"{window.pairs} + {form.cols // 2 + 1}"
    with program.block(f"if {window.is_first}:"):
        for start in (columns.even, columns.odd):
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
    for first in (plane.even, plane.odd):
        program(f"ints[{first} : {first} + {window.pairs}] = 0")
    with program.block(f"for i in range({rows}):"):
        program(f"row = {window.row.format(i='i')}")
        for col in range(cols):
            program(f"w{col} = weights[{start + col} + i * {cols}]")
        with program.lanes(window.pairs):
            program(f"p = pixels({window.array}, row + 2 * x, {cols // 2 + 1}, {program.loop})")
            for parity in (0, 1):
                products = [f"product(as_int32(p[{col + parity}]), w{col})" for col in range(cols)]
                program.store(plane, parity, summed([program.load_own(plane, parity), *products]))
    return (plane,)
