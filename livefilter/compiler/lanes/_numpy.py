"""The lane operations on whole NumPy arrays, for NUMBA_DISABLE_JIT=1: coverage and debugging.

``lanes`` yields all positions of a loop at once, so generated source runs unchanged, and fast enough for tests. These
functions define what each operation computes; ``_llvm`` has the same operations for machine code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler.lanes._term_list import decode_terms

Values = Any
"""An array; arithmetic keeps its dtype."""


def _check_dtype(value: Values, dtype: np.dtype[Any]) -> None:
    """Raise a TypeError where compiled code would not compile: operands of two types."""
    if value.dtype != dtype:
        raise TypeError(f"a lane must be {dtype}, found {value.dtype}")


def argument(call: Sequence[Any], at: int, kind: str) -> Any:
    """Return argument number ``at`` of the call."""
    return call[at]


def lanes(count: int) -> Iterator[NDArray[np.intp]]:
    """Yield all positions below ``count`` in one array."""
    if count > 0:
        yield np.arange(count)


def load(array: Values, start: Any, x: Any, loop: int) -> Values:
    """Return the value of each lane."""
    return np.asarray(array[start + x])


def store(array: Values, start: Any, x: Any, value: Values, loop: int) -> None:
    """Store a value, of the array's own type, for each lane."""
    _check_dtype(value, array.dtype)
    array[start + x] = value


def clear(array: Values, at: int, count: int) -> None:
    """Fill ``count`` elements with zeros."""
    array[at : at + count] = 0


def copy(target: Values, to: int, array: Values, at: int, count: int) -> None:
    """Copy ``count`` elements between arrays of one type."""
    _check_dtype(array, target.dtype)
    target[to : to + count] = array[at : at + count]


def apply_lut(luts: Values, start: int, array: Values, at: int, count: int) -> None:
    """Map ``count`` pixels from ``at`` on through a table of 256 levels that starts at ``start``."""
    row = array[at : at + count]
    row[:] = luts[start + row.astype(np.intp)]


def load_pairs(array: Values, start: Any, x: Any, pairs: int, loop: int) -> tuple[Values, ...]:
    """Return ``2 * pairs`` pixels from byte ``start + 2 * x`` on, as uint16."""
    return tuple(array[start + 2 * x + offset].astype(np.uint16) for offset in range(2 * pairs))


def window_sum(array: Values, x: Any, loop: int, text: str, *rows: Any) -> tuple[Values, ...]:
    """Return weighted sums of pixels in a window, for the even and for the odd pixel of each pair, as uint16."""
    return _window_sum(array, x, text, rows, np.uint16)


def window_sum_i32(array: Values, x: Any, loop: int, text: str, *rows: Any) -> tuple[Values, ...]:
    """Return the same as int32."""
    return _window_sum(array, x, text, rows, np.int32)


def _window_sum(
    array: Values, x: Any, text: str, rows: tuple[Any, ...], kind: type[np.integer[Any]]
) -> tuple[Values, ...]:
    base = 2 * x

    @cache  # The even and the odd pixels, and the sums, share most of the window.
    def pixel(row: int, col: int) -> Values:
        return array[rows[row] + col + base].astype(kind)

    return tuple(
        _weighted_sum([(weight, pixel(row, col + parity)) for weight, row, col in terms])
        for terms in decode_terms(text)
        for parity in (0, 1)
    )


def row_sum(array: Values, x: Any, loop: int, text: str, *starts: Any) -> tuple[Values, ...]:
    """Return weighted sums along a row of sums, one for each phase, in the row's own type."""
    return _row_sum(array, x, text, starts)


def row_sum_i32(array: Values, x: Any, loop: int, text: str, *starts: Any) -> tuple[Values, ...]:
    """Return the same for 16-bit sums, as int32."""
    return _row_sum(array.astype(np.int32), x, text, starts)


def _row_sum(array: Values, x: Any, text: str, starts: tuple[Any, ...]) -> tuple[Values, ...]:
    (terms,) = decode_terms(text)
    count = len(starts)
    return tuple(
        _weighted_sum(
            [
                (term.weight, array[starts[(term.col + phase) % count] + x + (term.col + phase) // count])
                for term in terms
            ]
        )
        for phase in range(count)
    )


def _weighted_sum(terms: list[tuple[int, Values]]) -> Values:
    return add_n(*(mul_const(value, weight) for weight, value in terms))


def load_quad(array: Values, start: Any, x: Any, loop: int) -> tuple[Values, ...]:
    """Return the four pixels from byte ``start + 4 * x`` on, as int32."""
    return tuple(array[start + 4 * x + place].astype(np.int32) for place in range(4))


def load_u16_pair(array: Values, start: Any, x: Any, is_signed: int, loop: int) -> tuple[Values, ...]:
    """Return two neighbours, uint16 (or int16 bit patterns, if ``is_signed``), as int32."""
    values = array.view(np.int16) if is_signed else array
    return tuple(values[start + 2 * x + place].astype(np.int32) for place in range(2))


def store_quad(array: Values, start: Any, x: Any, a: Values, b: Values, c: Values, d: Values, loop: int) -> None:
    """Store four pixels to the bytes from ``start + 4 * x`` on."""
    for place, value in enumerate((a, b, c, d)):
        _check_dtype(value, np.dtype(np.int32))
        array[start + 4 * x + place] = value.astype(np.uint8)


def store_pair(array: Values, start: Any, x: Any, even: Values, odd: Values, loop: int) -> None:
    """Store two pixels to the bytes from ``start + 2 * x`` on."""
    _check_dtype(even, np.dtype(np.uint16))
    _check_dtype(odd, np.dtype(np.uint16))
    at = start + 2 * x
    array[at], array[at + 1] = even.astype(np.uint8), odd.astype(np.uint8)


def add(a: Values, b: Values) -> Values:
    """Return a + b, wrapping around."""
    _check_dtype(b, a.dtype)
    return a + b


def sub(a: Values, b: Values) -> Values:
    """Return a - b, wrapping around."""
    _check_dtype(b, a.dtype)
    return a - b


def mul(a: Values, b: Any) -> Values:
    """Return a * b, wrapping around."""
    return a * b


def bit_and(a: Values, b: Values) -> Values:
    """Return a & b."""
    return a & b


def bit_or(a: Values, b: Values) -> Values:
    """Return a | b."""
    return a | b


def add_const(value: Values, number: int) -> Values:
    """Return value + number."""
    return value + value.dtype.type(number)


def mul_const(value: Values, number: int) -> Values:
    """Return value * number, wrapping around."""
    return value if number == 1 else value * _wrapped(number, value.dtype)


@cache
def _wrapped(number: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.array(number).astype(dtype)


def shl(value: Values, number: int) -> Values:
    """Return the value shifted to the left."""
    return value << value.dtype.type(number)


def shr(value: Values, number: int) -> Values:
    """Return the value shifted to the right."""
    return value >> value.dtype.type(number)


def min_const(value: Values, number: int) -> Values:
    """Return the smaller of value and number."""
    return np.minimum(value, value.dtype.type(number))


def max_const(value: Values, number: int) -> Values:
    """Return the larger of value and number."""
    return np.maximum(value, value.dtype.type(number))


def ge_const(value: Values, number: int) -> Values:
    """Return 1 where the value is at least number, otherwise 0."""
    return (value >= value.dtype.type(number)).astype(value.dtype)


def mulhi_const(value: Values, number: int) -> Values:
    """Return the upper 16 bits of a 16-bit product."""
    return ((value.astype(np.uint32) * np.uint32(number)) >> np.uint32(16)).astype(np.uint16)


def add_n(*values: Values) -> Values:
    """Return the sum of the values."""
    result = values[0]
    for value in values[1:]:
        result = add(result, value)
    return result


def fmul_const(value: Values, factor: float) -> Values:
    """Return a float times a constant."""
    return value * value.dtype.type(factor)


def absolute(value: Values) -> Values:
    """Return the absolute value."""
    return np.abs(value)


def low_bit(value: Values) -> Values:
    """Return the lowest bit."""
    return value & value.dtype.type(1)


def rint(value: Values) -> Values:
    """Return the nearest integer, halves to even."""
    return np.rint(value)


def sqrt(value: Values) -> Values:
    """Return the square root."""
    return np.sqrt(value)


def maximum(a: Values, b: Values) -> Values:
    """Return the larger of a and b."""
    return np.maximum(a, b)


def eq(a: Values, b: Values) -> Values:
    """Return 1 where a and b are equal, otherwise 0."""
    return (a == b).astype(a.dtype)


def ge(a: Values, b: Values) -> Values:
    """Return 1 where a >= b, otherwise 0."""
    return (a >= b).astype(a.dtype)


def fdiv_const(a: Values, b: float) -> Values:
    """Return a / b."""
    return a / a.dtype.type(b)


def select_lt(value: Values, limit: int, then: Values, otherwise: Values) -> Values:
    """Return ``then`` where value is below limit, otherwise ``otherwise``."""
    return np.where(value < limit, then, otherwise)


def as_uint8(value: Values) -> Values:
    """Truncate to uint8."""
    return value.astype(np.uint8)


def as_uint16(value: Values) -> Values:
    """Truncate to uint16, or reinterpret a signed value as unsigned."""
    return value.astype(np.int32).astype(np.uint16) if value.dtype.kind == "f" else value.astype(np.uint16)


def as_int16(value: Values) -> Values:
    """Truncate to int16, or reinterpret an unsigned value as signed."""
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


def reduce_sum(array: Values, start: int, count: int) -> int:
    """Return the exact sum of ``count`` values."""
    return int(array[start : start + count].sum(dtype=np.int64))


def fill_border_columns(
    ring: Values, row: int, cols: int, left: int, right: int, border_columns: Values, first: int
) -> None:
    """Fill the columns left and right of a row in a ring with those that the border repeats, or with zeros."""
    sources = border_columns[first : first + left + right]
    targets = np.arange(left + right)
    targets[left:] += cols
    ring[row + targets] = np.where(sources >= 0, ring[row + left + np.maximum(sources, 0)], 0)


def fill_halo_columns(
    halo: Values, pitch: int, count: int, cols: int, left: int, right: int, border_columns: Values
) -> None:
    """Fill the columns left and right of halo rows with those that the border repeats."""
    for row in range(0, count * pitch, pitch):
        fill_border_columns(halo, row, cols, left, right, border_columns, 0)
