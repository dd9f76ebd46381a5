"""Source for arithmetic on values: weights, conversion of lanes, division, saturation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from livefilter.compiler.emit._builder import Program
from livefilter.compiler.plan._intervals import Lane, Range
from livefilter.compiler.plan._magic_division import Rounding, plan_rounding


@dataclass(frozen=True, slots=True)
class Values:
    """Variables of one lane type and a common range: those of the even and of the odd pixel, or of a single one."""

    names: tuple[str, ...]
    lane: Lane
    range: Range


def times(value: str, weight: int) -> str:
    """Return the expression for value * weight, the weight positive."""
    if weight == 1:
        return value
    if weight and weight & (weight - 1) == 0:
        return f"shl({value}, {weight.bit_length() - 1})"
    return f"mul({value}, {weight})"


def summed(values: Sequence[str]) -> str:
    """Return the expression for a sum."""
    if len(values) == 1:
        return values[0]
    return f"add({values[0]}, {values[1]})" if len(values) == 2 else f"total({', '.join(values)})"


def narrowed(value: str, lane: Lane) -> str:
    """Return the expression for a 16-bit sum, added up as uint16, in the lane that holds it."""
    return f"as_int16({value})" if lane == "int16" else value


def emit_each(program: Program, values: Values, expression: str, **changes: object) -> Values:
    """Have each variable become ``expression``, in which ``{}`` is what it was."""
    for name in values.names:
        program.refine(name, expression)
    return replace(values, **changes)  # type: ignore[arg-type]


def emit_offset(program: Program, values: Values, offset: int) -> Values:
    """Add a constant; a 16-bit lane that would overflow is widened."""
    if not offset:
        return values
    after = values.range.shifted(offset)
    if values.lane in ("uint16", "int16"):
        lane = after.narrow_lane()
        if lane is None:
            values = emit_each(program, values, "as_int32({})", lane="int32")
        elif lane != values.lane:
            values = emit_each(program, values, f"as_{lane}({{}})", lane=lane)
    return emit_each(program, values, f"plus({{}}, {offset})", range=after)


def emit_absolute(program: Program, values: Values) -> Values:
    """Take absolute values."""
    if values.range.low >= 0:
        return values
    return emit_each(program, values, "absolute({})", range=values.range.magnitudes())


def emit_byte(program: Program, values: Values, divisor: int, lane: Lane = "uint16") -> Values:
    """Divide, round half to even, saturate to 0..255: what a pixel is. The result arrives in ``lane``."""
    if values.range.low < 0:
        values = emit_each(program, values, "at_least({}, 0)", range=Range(0, max(values.range.high, 0)))
    if values.lane == "int16":
        values = emit_each(program, values, "as_uint16({})", lane="uint16")
    rounding = plan_rounding(divisor, values.range.high, values.lane)
    values = _emit_rounding(program, values, rounding)
    if values.range.high > 255:
        values = emit_each(program, values, "at_most({}, 255)", range=Range(values.range.low, 255))
    return values if values.lane == lane else emit_each(program, values, f"as_{lane}({{}})", lane=lane)


def _emit_rounding(program: Program, values: Values, rounding: Rounding) -> Values:
    divisor = rounding.divisor
    if rounding.method == "none":
        return values
    if rounding.lane == "int32" and values.lane == "uint16":
        values = emit_each(program, values, "as_int32({})", lane="int32")
    if rounding.cap < values.range.high:
        values = emit_each(program, values, f"at_most({{}}, {rounding.cap})", range=Range(0, rounding.cap))
    largest = Range(0, (values.range.high + divisor // 2) // divisor)
    if rounding.method == "scale":
        return emit_each(program, values, f"nearest(scaled({{}}, {rounding.multiplier!r}))", range=largest)
    if rounding.method == "shift":
        # Adding one less than the half rounds halves down; adding the quotient's last bit lifts those over an odd one.
        shift, less = rounding.shift, rounding.half - 1
        for name in values.names:
            lifted = f"plus({name}, {less})" if less else name
            program(f"{name}_q = shr(add({lifted}, last_bit(shr({name}, {shift}))), {shift})")
        return Values(tuple(f"{name}_q" for name in values.names), values.lane, largest)
    if values.lane == "float32" and values.range.high + rounding.half >= 1 << 24:
        values = emit_each(program, values, "as_int32({})", lane="int32")
    values = emit_each(program, values, f"plus({{}}, {rounding.half})")
    quotients = []
    for name in values.names:
        quotient = f"{name}_q"
        quotients.append(quotient)
        if rounding.method == "high":
            high = f"high_product({name}, {int(rounding.multiplier)})"
            program(f"{quotient} = " + (f"shr({high}, {rounding.shift})" if rounding.shift else high))
        else:
            program(f"{quotient} = as_int32(scaled(as_{rounding.method}({name}), {rounding.multiplier!r}))")
        if rounding.has_ties:
            dividend = f"as_int32({name})" if values.lane == "float32" else name
            program(f"{quotient} = sub({quotient}, both({quotient}, equal(mul({quotient}, {divisor}), {dividend})))")
    return Values(tuple(quotients), rounding.lane, largest)
