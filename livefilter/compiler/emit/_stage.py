"""Source for one stage: from a window of rows to a row of finished pixels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler.emit._arithmetic import Values, emit_absolute, emit_byte, emit_each, emit_offset, summed, times
from livefilter.compiler.emit._builder import PHASES, Program
from livefilter.compiler.emit._sums import Sum, Window, finish, prepare, prepare_two
from livefilter.compiler.plan._intervals import BYTE, Lane, Range
from livefilter.compiler.plan._lut import Line, Steps, recognised
from livefilter.compiler.plan._plan import Output, Point, Stage
from livefilter.compiler.plan._strategies import Separable, choose_form, rows_read
from livefilter.kernels import Blend, Correlation, Gradient, Lookup, Unsharp

_LANES: dict[int, Lane] = {2: "uint16", 4: "int32"}
"""In which finished pixels arrive at their store, by the number of pixels to a lane."""
LARGEST_CORRECTED_DIVISOR = 91
"""Up to here (509 * divisor)**2, four times what gives level 255, stays below 2**31."""


@dataclass(frozen=True, slots=True)
class Made:
    """Where rows go: an array, where the first one begins in it, and how far away the next one begins."""

    array: str
    begin: str
    pitch: str


def emit_rows(program: Program, stage: Stage, window: Window, made: Made, rows: int, output: Output) -> None:
    """Write the loops that make one row, or two at once; the window is that of the first."""
    sums = _prepare_row(program, stage, window) if rows == 1 else _prepare_two_rows(program, stage, window)
    with program.lanes(window.count):
        if output != "uint8":
            _emit_wide_output(program, stage, window, made, sums, output)
            return
        found = finish(program, window, sums)
        for row, values in enumerate([found] if rows == 1 else [[item] for item in found]):
            pixels = ", ".join(_emit_pixel(program, stage, window, values).names)
            at = f"{made.begin} + {made.pitch}" if row else made.begin
            store = "store_pair" if window.phases == 2 else "store_quad"
            program(f"{store}({made.array}, {at}, x, {pixels}, {program.loop})")


def _prepare_row(program: Program, stage: Stage, window: Window) -> list[Sum]:
    centre = {stage.above} if isinstance(stage.operation, Unsharp) else set()
    window.name_rows(program, centre.union(*(rows_read(item.form) for item in stage.sums)))
    names = ("across", "down") if len(stage.sums) == 2 else ("sum",)
    return [
        prepare(program, window, f"{name}{window.tag}", item.form, item.range)
        for name, item in zip(names, stage.sums, strict=True)
    ]


def _prepare_two_rows(program: Program, stage: Stage, window: Window) -> list[Sum]:
    (item,) = stage.sums
    names = [f"sum{window.tag}{row}" for row in "ab"]
    if isinstance(item.form, Separable):
        rows = rows_read(item.form)
        window.name_rows(program, rows | {row + 1 for row in rows})
        return prepare_two(program, window, names, item.form, item.range)
    weights = [np.pad(item.weights, ((row, 1 - row), (0, 0))) for row in (0, 1)]
    forms = [choose_form(padded, stage.offset, is_direct=True) for padded in weights]
    window.name_rows(program, set().union(*(rows_read(form) for form in forms)))
    return [prepare(program, window, name, form, item.range) for name, form in zip(names, forms, strict=True)]


def emit_point_loops(program: Program, points: tuple[Point, ...], target: str, to: str, row: str) -> None:
    """Write the loops of point operations on a finished row, in place; ``row`` is the frame's row that it stems from.

    Levels that are looked up in memory have a loop of their own: it is not vectorised, and the others are.
    """
    for is_in_memory, group in groupby(points, lambda point: isinstance(point, Lookup) and not recognised(point.table)):
        if is_in_memory:
            for point in group:
                _emit_lookup(program, point, target, to)
            continue
        with program.lanes("cols"):
            program(f"value = as_uint16(load({target}, {to}, x, 0))")
            for point in group:
                match point:
                    case Lookup(table):
                        _emit_levels(program, table)
                    case Blend(weight):
                        program(f"value = {_emit_blend(program, weight, f'{row} * cols').names[0]}")
            program(f"store({target}, {to}, x, as_uint8(value), 0)")


def _emit_lookup(program: Program, point: Point, target: str, to: str) -> None:
    assert isinstance(point, Lookup)
    program(f"look_up(levels, {256 * len(program.levels)}, {target}, {to}, cols)")
    program.levels.append(point.table)


def _emit_levels(program: Program, table: bytes) -> None:
    match recognised(table):
        case Line(slope, offset, parts) as line:
            lane: Lane = line.range.narrow_lane() or "int32"
            program(f"level = plus(mul(as_{lane}(value), {slope}), {offset})")
            found = emit_byte(program, Values(("level",), lane, line.range), parts)
            program(f"value = {found.names[0]}")
        case Steps(first, steps):
            rises = [f"mul(reaches(value, {at}), {by})" for at, by in steps]
            program(f"value = {summed([f'plus(mul(value, 0), {first})', *rises])}")


def _emit_blend(program: Program, weight: Fraction, original_row: str) -> Values:
    kept, rest = weight.numerator, weight.denominator - weight.numerator
    program(f"kept = as_uint16(load(original, {original_row}, x, 0))")
    values = Values(("value",), "uint16", Range(0, 255 * weight.denominator))
    if not values.range.fits("uint16"):
        program("kept = as_int32(kept)")
        values = emit_each(program, values, "as_int32({})", lane="int32")
    program(f"value = add({times('kept', kept)}, {times('value', rest)})")
    return emit_byte(program, values, weight.denominator)


def _emit_pixel(program: Program, stage: Stage, window: Window, values: list[Values]) -> Values:
    """Write the lines from the sums to one pair or quad of pixels."""
    match stage.operation:
        case Gradient(_, _, norm, _):
            return _emit_length(program, values[0], values[1], norm, stage.divisor)
        case Correlation(_, _, absolute):
            summed = emit_offset(program, values[0], stage.offset)
            return emit_byte(
                program, emit_absolute(program, summed) if absolute else summed, stage.divisor, _LANES[window.phases]
            )
        case Unsharp():
            summed = emit_offset(program, values[0], stage.offset)
            blurred = emit_byte(program, summed, stage.divisor, _LANES[window.phases])
            return _emit_sharpened(program, stage, window, stage.operation, blurred)
        case None:
            raise AssertionError("a copy has no window")


def _emit_wide_output(
    program: Program, stage: Stage, window: Window, made: Made, sums: list[Sum], output: Output
) -> None:
    """Write the lines from a sum to a pair of int16 or float32 results, by float64 division as the reference does."""
    values = emit_offset(program, finish(program, window, sums)[0], stage.offset)
    for phase, name in enumerate(values.names):
        program(f"quotient = divided(as_float64({name}), {float(stage.divisor)!r})")
        if output == "int16":
            program("quotient = at_most(at_least(nearest(quotient), -32768), 32767)")
        at = f"{made.begin} + {phase}" if phase else made.begin
        program(f"store({made.array}, {at}, {window.phases} * x, as_{output}(quotient), {program.loop})")


def _emit_length(program: Program, across: Values, down: Values, norm: str, divisor: int) -> Values:
    if norm == "l2":
        return _emit_euclidean(program, across, down, divisor)
    across, down = (_as_integers(program, emit_absolute(program, values)) for values in (across, down))
    high = across.range.high + down.range.high if norm == "l1" else max(across.range.high, down.range.high)
    length = Values(tuple(f"length_{phase}" for phase in PHASES[2]), "uint16", Range(0, high))
    if "int32" in (across.lane, down.lane) or not length.range.fits("uint16"):
        length = Values(length.names, "int32", length.range)
    across, down = (emit_each(program, v, f"as_{length.lane}({{}})", lane=length.lane) for v in (across, down))
    combine = "add" if norm == "l1" else "larger"
    for name, x, y in zip(length.names, across.names, down.names, strict=True):
        program(f"{name} = {combine}({x}, {y})")
    return emit_byte(program, length, divisor)


def _as_integers(program: Program, values: Values) -> Values:
    return emit_each(program, values, "as_int32({})", lane="int32") if values.lane == "float32" else values


def _emit_euclidean(program: Program, across: Values, down: Values, divisor: int) -> Values:
    largest = across.range.magnitudes().high ** 2 + down.range.magnitudes().high ** 2
    if largest < 1 << 31:
        if _float32_length_is_exact(divisor, largest):
            return _emit_rounded_length(program, across, down, divisor, "int32", "float32")
        if divisor <= LARGEST_CORRECTED_DIVISOR:
            return _emit_corrected_length(program, across, down, divisor, largest)
    return _emit_rounded_length(program, across, down, divisor, "int64", "float64")


def _emit_squares(program: Program, across: Values, down: Values, integer: str) -> tuple[str, ...]:
    """Write the sums of squares, in whole numbers."""
    across, down = (emit_each(program, v, f"as_{integer}({{}})") for v in (across, down))
    names = tuple(f"squares_{phase}" for phase in PHASES[2])
    for name, x, y in zip(names, across.names, down.names, strict=True):
        program(f"{name} = add(product({x}, {x}), product({y}, {y}))")
    return names


def _emit_rounded_length(
    program: Program, across: Values, down: Values, divisor: int, integer: Lane | str, real: str
) -> Values:
    names = tuple(f"length_{phase}" for phase in PHASES[2])
    for name, squares in zip(names, _emit_squares(program, across, down, integer), strict=True):
        program(f"{name} = square_root(as_{real}({squares}))")
        if divisor != 1:
            scale = f"scaled({name}, {float(np.float32(1 / divisor))!r})"
            program(f"{name} = {scale if real == 'float32' else f'divided({name}, {float(divisor)!r})'}")
        program(f"{name} = as_uint16(at_most(nearest({name}), 255))")
    return Values(names, "uint16", BYTE)


def _emit_corrected_length(program: Program, across: Values, down: Values, divisor: int, largest: int) -> Values:
    """Write the length cut off in float32, which is right or one too low, and its correction in whole numbers.

    Level n + 1 is reached where sqrt(squares) / divisor is above n + 1/2, or on it and n + 1 is even.
    """
    half, is_odd = divmod(divisor, 2)
    cap = min(largest, (509 * divisor) ** 2 // 4 + 1)
    names = tuple(f"length_{phase}" for phase in PHASES[2])
    for name, squares in zip(names, _emit_squares(program, across, down, "int32"), strict=True):
        program(f"{squares} = at_most({squares}, {cap})")
        program(f"{name} = as_int32(scaled(square_root(as_float32({squares})), {float(np.float32(1 / divisor))!r}))")
        program(f"next = mul(plus(shl({name}, 1), 1), {divisor if is_odd else half})")
        if is_odd:
            program(f"{name} = add({name}, not_below(shl({squares}, 2), product(next, next)))")
        else:
            program(f"next = add(product(next, next), last_bit(plus({name}, 1)))")
            program(f"{name} = add({name}, not_below({squares}, next))")
        program(f"{name} = as_uint16(at_most({name}, 255))")
    return Values(names, "uint16", BYTE)


def _float32_length_is_exact(divisor: int, largest: int) -> bool:
    """Tell whether float32 rounds every sum of squares as the reference's float64 does.

    Both are monotone, so it is enough to look at both sides of every sum at which the reference steps to a new level.
    """

    def reference(squares: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.rint(np.sqrt(squares.astype(np.float64)) / divisor)

    levels = np.arange(1, 256)
    below, above = np.zeros(255, dtype=np.int64), np.full(255, largest, dtype=np.int64)
    while (above - below > 1).any():
        middle = (below + above) // 2
        reached = reference(middle) >= levels
        above, below = np.where(reached, middle, above), np.where(reached, below, middle)
    squares = np.concatenate((below, above))
    found = np.rint(np.sqrt(squares.astype(np.float32)) * np.float32(1 / divisor))
    return np.array_equal(found.clip(0, 255), reference(squares).clip(0, 255))


def _emit_sharpened(program: Program, stage: Stage, window: Window, operation: Unsharp, blurred: Values) -> Values:
    """Write p + amount * (p - blurred), where the difference reaches the threshold."""
    part, whole = operation.amount.numerator, operation.amount.denominator
    # p * whole + (p - b) * part is linear in p and b: its extremes lie at the corners.
    corners = [p * whole + (p - b) * part for p in (0, 255) for b in (0, 255)]
    reach = Range(min(corners), max(corners))
    lane: Lane = "int16" if reach.fits("int16") and window.phases == 2 else "int32"
    centres = _emit_centres(program, stage, window)
    phases = PHASES[window.phases]
    differences = [f"difference_{phase}" for phase in phases]
    names = tuple(f"sharp_{phase}" for phase in phases)
    for name, difference, centre, blur in zip(names, differences, centres, blurred.names, strict=True):
        program(f"{difference} = as_{lane}(as_int16(sub({centre}, {blur})))")
        program(f"{name} = add(mul(as_{lane}({centre}), {whole}), mul({difference}, {part}))")
    sharp = emit_byte(program, Values(names, lane, reach), whole, _LANES[window.phases])
    if operation.threshold:
        limit = min(operation.threshold, 256)
        for name, difference, centre in zip(sharp.names, differences, centres, strict=True):
            program(f"{name} = where_below(absolute({difference}), {limit}, {centre}, {name})")
    return sharp


def _emit_centres(program: Program, stage: Stage, window: Window) -> list[str]:
    """Write the line that loads the pixels under the anchor; return the expressions for them."""
    row = f"{window.prefix}{stage.above}"
    if window.phases == 4:
        program(f"p = quad({window.array}, {row} + {stage.left}, x, {program.loop})")
        return [f"p[{phase}]" for phase in range(4)]
    odd = stage.left % 2
    program(f"p = pixels({window.array}, {row} + {stage.left - odd}, x, {1 + odd}, {program.loop})")
    return [f"p[{odd}]", f"p[{odd + 1}]"]
