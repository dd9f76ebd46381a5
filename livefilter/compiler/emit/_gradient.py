"""Source for the length of a gradient: L1, L2 or maximum norm of two sums, rounded exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler.emit._arithmetic import Values, emit_absolute, emit_byte, emit_each
from livefilter.compiler.emit._builder import PHASE_NAMES, SourceBuilder
from livefilter.compiler.plan import BYTE, Interval, Lane

MAX_CORRECTED_DIVISOR = 91
"""Up to this divisor, (509 * divisor)**2, four times the smallest sum of squares for level 255, is below 2**31."""


def emit_gradient_length(builder: SourceBuilder, x: Values, y: Values, norm: str, divisor: int) -> Values:
    """Write the lines from the two sums of a gradient to its length in gray levels, 0 to 255."""
    if norm == "l2":
        return _emit_l2_length(builder, x, y, divisor)
    x, y = (_to_integers(builder, emit_absolute(builder, values)) for values in (x, y))
    high = x.interval.high + y.interval.high if norm == "l1" else max(x.interval.high, y.interval.high)
    length = Values(tuple(f"length_{phase}" for phase in PHASE_NAMES[2]), "uint16", Interval(0, high))
    if "int32" in (x.lane, y.lane) or not length.interval.fits("uint16"):
        length = Values(length.names, "int32", length.interval)
    x, y = (emit_each(builder, values, f"as_{length.lane}({{}})", lane=length.lane) for values in (x, y))
    combine = "add" if norm == "l1" else "maximum"
    for name, x_name, y_name in zip(length.names, x.names, y.names, strict=True):
        builder.line(f"{name} = {combine}({x_name}, {y_name})")
    return emit_byte(builder, length, divisor)


def _to_integers(builder: SourceBuilder, values: Values) -> Values:
    return emit_each(builder, values, "as_int32({})", lane="int32") if values.lane == "float32" else values


def _emit_l2_length(builder: SourceBuilder, x: Values, y: Values, divisor: int) -> Values:
    highest = x.interval.abs().high ** 2 + y.interval.abs().high ** 2
    if highest < 1 << 31:
        if _float32_length_is_exact(divisor, highest):
            return _emit_rounded_length(builder, x, y, divisor, "int32", "float32")
        if divisor <= MAX_CORRECTED_DIVISOR:
            return _emit_corrected_length(builder, x, y, divisor, highest)
    return _emit_rounded_length(builder, x, y, divisor, "int64", "float64")


def _emit_squares(builder: SourceBuilder, x: Values, y: Values, integer: str) -> tuple[str, ...]:
    """Write the sums of squares, in integers."""
    x, y = (emit_each(builder, values, f"as_{integer}({{}})") for values in (x, y))
    names = tuple(f"squares_{phase}" for phase in PHASE_NAMES[2])
    for name, x_name, y_name in zip(names, x.names, y.names, strict=True):
        builder.line(f"{name} = add(mul({x_name}, {x_name}), mul({y_name}, {y_name}))")
    return names


def _emit_rounded_length(
    builder: SourceBuilder, x: Values, y: Values, divisor: int, integer: Lane | str, real: str
) -> Values:
    names = tuple(f"length_{phase}" for phase in PHASE_NAMES[2])
    for name, squares in zip(names, _emit_squares(builder, x, y, integer), strict=True):
        builder.line(f"{name} = sqrt(as_{real}({squares}))")
        if divisor != 1:
            scale = f"fmul_const({name}, {float(np.float32(1 / divisor))!r})"
            builder.line(f"{name} = {scale if real == 'float32' else f'fdiv_const({name}, {float(divisor)!r})'}")
        builder.line(f"{name} = as_uint16(min_const(rint({name}), 255))")
    return Values(names, "uint16", BYTE)


def _emit_corrected_length(builder: SourceBuilder, x: Values, y: Values, divisor: int, highest: int) -> Values:
    """Write the truncated float32 length, which is exact or one too low, and its correction in integers.

    Level n + 1 is reached where sqrt(squares) / divisor exceeds n + 1/2, or equals it and n + 1 is even.
    """
    half, is_odd = divmod(divisor, 2)
    cap = min(highest, (509 * divisor) ** 2 // 4 + 1)
    names = tuple(f"length_{phase}" for phase in PHASE_NAMES[2])
    for name, squares in zip(names, _emit_squares(builder, x, y, "int32"), strict=True):
        builder.line(f"{squares} = min_const({squares}, {cap})")
        reciprocal = float(np.float32(1 / divisor))
        builder.line(f"{name} = as_int32(fmul_const(sqrt(as_float32({squares})), {reciprocal!r}))")
        builder.line(f"next = mul_const(add_const(shl({name}, 1), 1), {divisor if is_odd else half})")
        if is_odd:
            builder.line(f"{name} = add({name}, ge(shl({squares}, 2), mul(next, next)))")
        else:
            builder.line(f"next = add(mul(next, next), low_bit(add_const({name}, 1)))")
            builder.line(f"{name} = add({name}, ge({squares}, next))")
        builder.line(f"{name} = as_uint16(min_const({name}, 255))")
    return Values(names, "uint16", BYTE)


def _float32_length_is_exact(divisor: int, highest: int) -> bool:
    """Return whether float32 rounds every sum of squares as the reference's float64 does.

    Both are monotone, so it suffices to check both sides of every sum at which the reference steps to a new level.
    """

    def reference(squares: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.rint(np.sqrt(squares.astype(np.float64)) / divisor)

    levels = np.arange(1, 256)
    below, above = np.zeros(255, dtype=np.int64), np.full(255, highest, dtype=np.int64)
    while (above - below > 1).any():
        middle = (below + above) // 2
        is_reached = reference(middle) >= levels
        above, below = np.where(is_reached, middle, above), np.where(is_reached, below, middle)
    squares = np.concatenate((below, above))
    lengths = np.rint(np.sqrt(squares.astype(np.float32)) * np.float32(1 / divisor))
    return np.array_equal(lengths.clip(0, 255), reference(squares).clip(0, 255))
