"""The lane operations of ``_lanes`` over whole NumPy arrays, for NUMBA_DISABLE_JIT=1: coverage and debugging.

``lanes`` hands out all positions of a loop at once, so a generated program runs unchanged, and fast enough for tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler.lanes._term_list import read

Values = Any
"""An array; arithmetic keeps its dtype."""


def argument(call: Sequence[Any], at: int, kind: str) -> Any:
    """Return what the function was called with in place ``at``."""
    return call[at]


def lanes(count: int) -> Iterator[NDArray[np.intp]]:
    """Yield all positions below ``count`` in one array."""
    if count > 0:
        yield np.arange(count)


def load(array: Values, start: Any, x: Any, loop: int) -> Values:
    """Return the value of each lane."""
    return np.asarray(array[start + x])


def store(array: Values, start: Any, x: Any, value: Values, loop: int) -> None:
    """Write a value, of the array's own type, for each lane."""
    assert array.dtype == value.dtype
    array[start + x] = value


def clear(array: Values, at: int, count: int) -> None:
    """Fill ``count`` elements with zeros."""
    array[at : at + count] = 0


def copy(target: Values, to: int, array: Values, at: int, count: int) -> None:
    """Copy ``count`` elements between arrays of one type."""
    assert target.dtype == array.dtype
    target[to : to + count] = array[at : at + count]


def look_up(levels: Values, start: int, array: Values, at: int, count: int) -> None:
    """Replace ``count`` pixels from ``at`` on by what a table of 256 levels, from ``start`` on, has for them."""
    row = array[at : at + count]
    row[:] = levels[start + row.astype(np.intp)]


def pixels(array: Values, start: Any, x: Any, pairs: int, loop: int) -> tuple[Values, ...]:
    """Return ``2 * pairs`` pixels from byte ``start + 2 * x`` on, as uint16."""
    return tuple(array[start + 2 * x + offset].astype(np.uint16) for offset in range(2 * pairs))


def taps(array: Values, x: Any, loop: int, text: str, *rows: Any) -> tuple[Values, ...]:
    """Return weighted sums of pixels in a window, of the even and of the odd pixel, as uint16."""
    return _taps(array, x, text, rows, np.uint16)


def wide_taps(array: Values, x: Any, loop: int, text: str, *rows: Any) -> tuple[Values, ...]:
    """Return the same as int32."""
    return _taps(array, x, text, rows, np.int32)


def _taps(array: Values, x: Any, text: str, rows: tuple[Any, ...], kind: type[np.integer[Any]]) -> tuple[Values, ...]:
    return tuple(
        _added([(weight, array[rows[row] + 2 * x + col + parity].astype(kind)) for weight, row, col in part])
        for part in read(text)
        for parity in (0, 1)
    )


def along(array: Values, x: Any, loop: int, text: str, *starts: Any) -> tuple[Values, ...]:
    """Return a weighted sum along planes, one for each phase, in the planes' own type."""
    return _along(array, x, text, starts)


def wide_along(array: Values, x: Any, loop: int, text: str, *starts: Any) -> tuple[Values, ...]:
    """Return the same of 16-bit planes as int32."""
    return _along(array.astype(np.int32), x, text, starts)


def _along(array: Values, x: Any, text: str, starts: tuple[Any, ...]) -> tuple[Values, ...]:
    (part,) = read(text)
    count = len(starts)
    return tuple(
        _added(
            [
                (term.weight, array[starts[(term.col + phase) % count] + x + (term.col + phase) // count])
                for term in part
            ]
        )
        for phase in range(count)
    )


def _added(terms: list[tuple[int, Values]]) -> Values:
    return total(*(mul(value, weight) for weight, value in terms))


def quad(array: Values, start: Any, x: Any, loop: int) -> tuple[Values, ...]:
    """Return the four pixels from byte ``start + 4 * x`` on, as int32."""
    return tuple(array[start + 4 * x + place].astype(np.int32) for place in range(4))


def halves(array: Values, start: Any, x: Any, is_signed: int, loop: int) -> tuple[Values, ...]:
    """Return two neighbours of uint16 (or int16, if they stand for that) as int32."""
    seen = array.view(np.int16) if is_signed else array
    return tuple(seen[start + 2 * x + place].astype(np.int32) for place in range(2))


def store_quad(array: Values, start: Any, x: Any, a: Values, b: Values, c: Values, d: Values, loop: int) -> None:
    """Write four pixels to the bytes from ``start + 4 * x`` on."""
    for place, value in enumerate((a, b, c, d)):
        assert value.dtype == np.int32
        array[start + 4 * x + place] = value.astype(np.uint8)


def store_pair(array: Values, start: Any, x: Any, even: Values, odd: Values, loop: int) -> None:
    """Write two pixels to the bytes from ``start + 2 * x`` on."""
    assert even.dtype == odd.dtype == np.uint16
    at = start + 2 * x
    array[at], array[at + 1] = even.astype(np.uint8), odd.astype(np.uint8)


def add(a: Values, b: Values) -> Values:
    """Return a + b, wrapped around."""
    assert a.dtype == b.dtype
    return a + b


def sub(a: Values, b: Values) -> Values:
    """Return a - b, wrapped around."""
    assert a.dtype == b.dtype
    return a - b


def product(a: Values, b: Any) -> Values:
    """Return a * b, wrapped around."""
    return a * b


def both(a: Values, b: Values) -> Values:
    """Return the bits that a and b share."""
    return a & b


def either(a: Values, b: Values) -> Values:
    """Return the bits of a and of b."""
    return a | b


def plus(value: Values, number: int) -> Values:
    """Return value + number."""
    return value + value.dtype.type(number)


def mul(value: Values, number: int) -> Values:
    """Return value * number, wrapped around."""
    return value * np.array(number).astype(value.dtype)


def shl(value: Values, number: int) -> Values:
    """Return the value shifted to the left."""
    return value << value.dtype.type(number)


def shr(value: Values, number: int) -> Values:
    """Return the value shifted to the right."""
    return value >> value.dtype.type(number)


def at_most(value: Values, number: int) -> Values:
    """Return the smaller of value and number."""
    return np.minimum(value, value.dtype.type(number))


def at_least(value: Values, number: int) -> Values:
    """Return the larger of value and number."""
    return np.maximum(value, value.dtype.type(number))


def reaches(value: Values, number: int) -> Values:
    """Return 1 where the value is at least number, else 0."""
    return (value >= value.dtype.type(number)).astype(value.dtype)


def high_product(value: Values, number: int) -> Values:
    """Return the upper 16 bits of a 16-bit product."""
    return ((value.astype(np.uint32) * np.uint32(number)) >> np.uint32(16)).astype(np.uint16)


def total(*values: Values) -> Values:
    """Return the sum of the values."""
    result = values[0]
    for value in values[1:]:
        result = add(result, value)
    return result


def scaled(value: Values, factor: float) -> Values:
    """Return a float times a constant."""
    return value * value.dtype.type(factor)


def absolute(value: Values) -> Values:
    """Return the absolute value."""
    return np.abs(value)


def last_bit(value: Values) -> Values:
    """Return the value's last bit."""
    return value & value.dtype.type(1)


def nearest(value: Values) -> Values:
    """Return the nearest whole number, halves to even."""
    return np.rint(value)


def square_root(value: Values) -> Values:
    """Return the square root."""
    return np.sqrt(value)


def larger(a: Values, b: Values) -> Values:
    """Return the larger of a and b."""
    return np.maximum(a, b)


def equal(a: Values, b: Values) -> Values:
    """Return 1 where a and b are equal, else 0."""
    return (a == b).astype(a.dtype)


def not_below(a: Values, b: Values) -> Values:
    """Return 1 where a >= b, else 0."""
    return (a >= b).astype(a.dtype)


def divided(a: Values, b: float) -> Values:
    """Return a / b."""
    return a / a.dtype.type(b)


def where_below(value: Values, limit: int, then: Values, otherwise: Values) -> Values:
    """Return ``then`` where value is below limit, else ``otherwise``."""
    return np.where(value < limit, then, otherwise)


def as_uint8(value: Values) -> Values:
    """Cut to uint8."""
    return value.astype(np.uint8)


def as_uint16(value: Values) -> Values:
    """Cut to uint16, or see a signed value as unsigned."""
    return value.astype(np.int32).astype(np.uint16) if value.dtype.kind == "f" else value.astype(np.uint16)


def as_int16(value: Values) -> Values:
    """Cut to int16, or see an unsigned value as signed."""
    return value.astype(np.int32).astype(np.int16) if value.dtype.kind == "f" else value.astype(np.int16)


def as_int32(value: Values) -> Values:
    """Widen to int32."""
    return value.astype(np.int32)


def as_int64(value: Values) -> Values:
    """Widen to int64."""
    return value.astype(np.int64)


def as_float32(value: Values) -> Values:
    """Convert to float32."""
    return value.astype(np.float32)


def as_float64(value: Values) -> Values:
    """Convert to float64."""
    return value.astype(np.float64)


def row_total(array: Values, start: int, count: int) -> int:
    """Return the exact sum of ``count`` values."""
    return int(array[start : start + count].sum(dtype=np.int64))


def repeat_columns(ring: Values, row: int, cols: int, left: int, right: int, margins: Values, first: int) -> None:
    """Fill the columns left and right of a row of a ring with those that a border repeats, or with zeros."""
    origins = margins[first : first + left + right]
    beyond = np.arange(left + right)
    beyond[left:] += cols
    ring[row + beyond] = np.where(origins >= 0, ring[row + left + np.maximum(origins, 0)], 0)


def repeat_sides(sides: Values, pitch: int, count: int, cols: int, left: int, right: int, margins: Values) -> None:
    """Fill the columns left and right of side rows with those that a border repeats."""
    for row in range(0, count * pitch, pitch):
        repeat_columns(sides, row, cols, left, right, margins, 0)
