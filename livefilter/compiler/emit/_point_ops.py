"""Source for point operations on a finished row: lookup tables and blends with the original."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby

from livefilter.compiler.emit._arithmetic import Values, emit_byte, emit_each, mul_expr, sum_expr
from livefilter.compiler.emit._builder import SourceBuilder
from livefilter.compiler.plan import AffineLut, Interval, Lane, PointOp, StepLut, simplify_lut
from livefilter.kernels import Blend, Lookup


def emit_point_loops(builder: SourceBuilder, point_ops: tuple[PointOp, ...], target: str, to: str, row: str) -> None:
    """Write the loops of point operations on a finished row, in place; ``row`` is the frame's row that it belongs to.

    A table in memory has a loop of its own: lookups cannot be vectorised, and the other operations can.
    """
    for table, group in groupby(point_ops, _table_in_memory):
        if table is not None:
            for _ in group:
                builder.line(f"apply_lut(luts, {256 * len(builder.luts)}, {target}, {to}, cols)")
                builder.luts.append(table)
            continue
        with builder.lane_loop("cols"):
            builder.line(f"value = as_uint16(load({target}, {to}, x, 0))")
            for point_op in group:
                match point_op:
                    case Lookup(table):
                        _emit_simple_lut(builder, table)
                    case Blend(weight):
                        builder.line(f"value = {_emit_blend(builder, weight, f'{row} * cols').names[0]}")
            builder.line(f"store({target}, {to}, x, as_uint8(value), 0)")


def _table_in_memory(point_op: PointOp) -> bytes | None:
    """Return the table of a lookup that is no simple arithmetic, or None."""
    return point_op.table if isinstance(point_op, Lookup) and simplify_lut(point_op.table) is None else None


def _emit_simple_lut(builder: SourceBuilder, table: bytes) -> None:
    match simplify_lut(table):
        case AffineLut(slope, offset, divisor) as lut:
            lane: Lane = lut.interval.lane_16bit() or "int32"
            builder.line(f"level = add_const(mul_const(as_{lane}(value), {slope}), {offset})")
            result = emit_byte(builder, Values(("level",), lane, lut.interval), divisor)
            builder.line(f"value = {result.names[0]}")
        case StepLut(first, steps):
            increments = [f"mul_const(ge_const(value, {at}), {by})" for at, by in steps]
            builder.line(f"value = {sum_expr([f'add_const(mul_const(value, 0), {first})', *increments])}")


def _emit_blend(builder: SourceBuilder, weight: Fraction, original_row: str) -> Values:
    original_weight, value_weight = weight.numerator, weight.denominator - weight.numerator
    builder.line(f"before = as_uint16(load(original, {original_row}, x, 0))")
    values = Values(("value",), "uint16", Interval(0, 255 * weight.denominator))
    if not values.interval.fits("uint16"):
        builder.line("before = as_int32(before)")
        values = emit_each(builder, values, "as_int32({})", lane="int32")
    builder.line(f"value = add({mul_expr('before', original_weight)}, {mul_expr('value', value_weight)})")
    return emit_byte(builder, values, weight.denominator)
