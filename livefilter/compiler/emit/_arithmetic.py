"""Source for arithmetic on values: multiplication, lane conversion, division, saturation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from livefilter.compiler.emit._builder import SourceBuilder
from livefilter.compiler.plan import DivisionPlan, Interval, Lane, plan_division


@dataclass(frozen=True, slots=True)
class Values:
    """Variables of one lane type with common bounds: one for each pixel of a lane, or a single one."""

    names: tuple[str, ...]
    lane: Lane
    interval: Interval


def mul_expr(value: str, weight: int) -> str:
    """Return the expression for value * weight, the weight positive."""
    if weight == 1:
        return value
    if weight and weight & (weight - 1) == 0:
        return f"shl({value}, {weight.bit_length() - 1})"
    return f"mul_const({value}, {weight})"


def sum_expr(values: Sequence[str]) -> str:
    """Return the expression for a sum."""
    if len(values) == 1:
        return values[0]
    return f"add({values[0]}, {values[1]})" if len(values) == 2 else f"add_n({', '.join(values)})"


def narrow_expr(value: str, lane: Lane) -> str:
    """Return the expression for a 16-bit sum, computed as uint16, in the lane type that represents it."""
    return f"as_int16({value})" if lane == "int16" else value


def emit_each(builder: SourceBuilder, values: Values, expression: str, **changes: object) -> Values:
    """Assign ``expression`` to each variable; ``{}`` in it is the old value. Return the values with ``changes``."""
    for name in values.names:
        builder.rewrite_last(name, expression)
    return replace(values, **changes)  # type: ignore[arg-type]


def emit_offset(builder: SourceBuilder, values: Values, offset: int) -> Values:
    """Add a constant; widen a 16-bit lane that would overflow."""
    if not offset:
        return values
    after = values.interval.shifted(offset)
    if values.lane in ("uint16", "int16"):
        lane = after.lane_16bit()
        if lane is None:
            values = emit_each(builder, values, "as_int32({})", lane="int32")
        elif lane != values.lane:
            values = emit_each(builder, values, f"as_{lane}({{}})", lane=lane)
    return emit_each(builder, values, f"add_const({{}}, {offset})", interval=after)


def emit_absolute(builder: SourceBuilder, values: Values) -> Values:
    """Take absolute values."""
    if values.interval.low >= 0:
        return values
    return emit_each(builder, values, "absolute({})", interval=values.interval.abs())


def emit_byte(builder: SourceBuilder, values: Values, divisor: int, lane: Lane = "uint16") -> Values:
    """Turn sums into pixels: divide, round half to even, saturate to 0..255. The result has lane type ``lane``."""
    if values.interval.low < 0:
        values = emit_each(builder, values, "max_const({}, 0)", interval=Interval(0, max(values.interval.high, 0)))
    if values.lane == "int16":
        values = emit_each(builder, values, "as_uint16({})", lane="uint16")
    division = plan_division(divisor, values.interval.high, values.lane)
    values = _emit_division(builder, values, division)
    if values.interval.high > 255:
        values = emit_each(builder, values, "min_const({}, 255)", interval=Interval(values.interval.low, 255))
    return values if values.lane == lane else emit_each(builder, values, f"as_{lane}({{}})", lane=lane)


def _emit_division(builder: SourceBuilder, values: Values, division: DivisionPlan) -> Values:
    divisor = division.divisor
    if division.method == "none":
        return values
    if division.lane == "int32" and values.lane == "uint16":
        values = emit_each(builder, values, "as_int32({})", lane="int32")
    if division.cap < values.interval.high:
        values = emit_each(builder, values, f"min_const({{}}, {division.cap})", interval=Interval(0, division.cap))
    quotients = Interval(0, (values.interval.high + divisor // 2) // divisor)
    if division.method == "scale":
        return emit_each(builder, values, f"rint(fmul_const({{}}, {division.multiplier!r}))", interval=quotients)
    if division.method == "shift":
        # Adding one less than the half rounds ties down; adding the low bit of the quotient then makes odd ones even.
        shift, addend = division.shift, division.half - 1
        for name in values.names:
            shifted = f"add_const({name}, {addend})" if addend else name
            builder.line(f"{name}_q = shr(add({shifted}, low_bit(shr({name}, {shift}))), {shift})")
        return Values(tuple(f"{name}_q" for name in values.names), values.lane, quotients)
    if values.lane == "float32" and values.interval.high + division.half >= 1 << 24:
        values = emit_each(builder, values, "as_int32({})", lane="int32")
    values = emit_each(builder, values, f"add_const({{}}, {division.half})")
    names = []
    for name in values.names:
        quotient = f"{name}_q"
        names.append(quotient)
        if division.method == "mulhi":
            high = f"mulhi_const({name}, {int(division.multiplier)})"
            builder.line(f"{quotient} = " + (f"shr({high}, {division.shift})" if division.shift else high))
        else:
            builder.line(f"{quotient} = as_int32(fmul_const(as_{division.method}({name}), {division.multiplier!r}))")
        if division.has_ties:
            dividend = f"as_int32({name})" if values.lane == "float32" else name
            is_tie = f"eq(mul_const({quotient}, {divisor}), {dividend})"
            builder.line(f"{quotient} = sub({quotient}, bit_and({quotient}, {is_tie}))")
    return Values(tuple(names), division.lane, quotients)
