"""Lane operations: what Numba does not offer, one LLVM instruction each.

Numba widens every integer to 64 bits, which leaves 8 lanes in a 512-bit vector instead of 32. These intrinsics keep the
width that they are given, so that LLVM's loop vectoriser packs 16-bit lanes. Arithmetic wraps around silently: only
final values have to fit, which the plan proves.

``_lanes_plain`` has the same operations over whole NumPy arrays.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, register_jitable

from livefilter.compiler.lanes._memory import (
    argument,
    clear,
    copy,
    halves,
    load,
    look_up,
    pixels,
    quad,
    store,
    store_pair,
    store_quad,
)
from livefilter.compiler.lanes._reductions import along, taps, wide_along, wide_taps

__all__ = [
    "along",
    "argument",
    "clear",
    "copy",
    "halves",
    "load",
    "look_up",
    "pixels",
    "quad",
    "store",
    "store_pair",
    "store_quad",
    "taps",
    "wide_along",
    "wide_taps",
]

lanes = range
Emitter = Callable[[Any, Sequence[Any]], Any]


def _binary(integers: Emitter, floats: Emitter | None = None) -> Any:
    @intrinsic
    def operation(context: Any, a: Any, b: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return (floats if isinstance(a, types.Float) else integers)(builder, args)  # type: ignore[misc]

        return (a(a, b), emit) if a == b else None

    return operation


add = _binary(lambda builder, args: builder.add(*args), lambda builder, args: builder.fadd(*args))
sub = _binary(lambda builder, args: builder.sub(*args), lambda builder, args: builder.fsub(*args))
product = _binary(lambda builder, args: builder.mul(*args), lambda builder, args: builder.fmul(*args))
both = _binary(lambda builder, args: builder.and_(*args))
either = _binary(lambda builder, args: builder.or_(*args))


def _call(builder: Any, name: str, args: Sequence[Any], *flags: int) -> Any:
    kind = args[0].type
    signature = ir.FunctionType(kind, [*(arg.type for arg in args), *(ir.IntType(1) for _ in flags)])
    function = builder.module.declare_intrinsic(name, [kind], signature)
    return builder.call(function, [*args, *(ir.Constant(ir.IntType(1), flag) for flag in flags)])


def _constant(value: Any, number: int) -> Any:
    return ir.Constant(value.type, float(number) if isinstance(value.type, ir.FloatType | ir.DoubleType) else number)


def _with_literal(emit_any: Callable[[Any, Any, Any, int], Any]) -> Any:
    """Make an operation of a value and a whole number written in the source, in the value's own type."""

    @intrinsic(prefer_literal=True)
    def operation(context: Any, value: Any, number: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit_any(builder, value, args[0], number.literal_value)

        return value(value, number), emit

    return operation


def _minimum(builder: Any, kind: Any, value: Any, number: int) -> Any:
    if isinstance(kind, types.Float):
        return builder.select(
            builder.fcmp_ordered("<", value, _constant(value, number)), value, _constant(value, number)
        )
    return _call(builder, "llvm.smin" if kind.signed else "llvm.umin", [value, _constant(value, number)])


def _maximum(builder: Any, kind: Any, value: Any, number: int) -> Any:
    if isinstance(kind, types.Float):
        return builder.select(
            builder.fcmp_ordered(">", value, _constant(value, number)), value, _constant(value, number)
        )
    return _call(builder, "llvm.smax" if kind.signed else "llvm.umax", [value, _constant(value, number)])


def _right(builder: Any, kind: Any, value: Any, number: int) -> Any:
    return (builder.ashr if kind.signed else builder.lshr)(value, _constant(value, number))


def _reaches(builder: Any, kind: Any, value: Any, number: int) -> Any:
    compare = builder.icmp_signed if kind.signed else builder.icmp_unsigned
    return builder.zext(compare(">=", value, _constant(value, number)), value.type)


def _high(builder: Any, kind: Any, value: Any, number: int) -> Any:
    # Written as a product and a shift, LLVM would join it with the shifts that follow, for which 16 bits are too few.
    signature = ir.FunctionType(value.type, [value.type, value.type, ir.IntType(32)])
    function = builder.module.declare_intrinsic("llvm.umul.fix", [value.type], signature)
    return builder.call(function, [value, _constant(value, number), ir.Constant(ir.IntType(32), 16)])


def _times(builder: Any, kind: Any, value: Any, number: int) -> Any:
    return (builder.fmul if isinstance(kind, types.Float) else builder.mul)(value, _constant(value, number))


plus = _with_literal(
    lambda builder, kind, value, number: (builder.fadd if isinstance(kind, types.Float) else builder.add)(
        value, _constant(value, number)
    )
)
mul = _with_literal(_times)
shl = _with_literal(lambda builder, kind, value, number: builder.shl(value, _constant(value, number)))
shr = _with_literal(_right)
at_most = _with_literal(_minimum)
at_least = _with_literal(_maximum)
reaches = _with_literal(_reaches)
high_product = _with_literal(_high)


@intrinsic
def total(context: Any, *values: Any) -> Any:
    """Return the sum of values of one type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        terms = cgutils.unpack_tuple(builder, args[0])
        result = terms[0]
        for term in terms[1:]:
            result = (builder.fadd if isinstance(values[0], types.Float) else builder.add)(result, term)
        return result

    return values[0](types.StarArgTuple.from_types(values)), emit


@intrinsic
def scaled(context: Any, value: Any, factor: Any) -> Any:
    """Return a float times a constant, which is rounded to the float's type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fmul(args[0], _as_type(builder, args[1], args[0].type))

    return value(value, factor), emit


def _as_type(builder: Any, constant: Any, kind: Any) -> Any:
    return constant if constant.type == kind else builder.fptrunc(constant, kind)


def _unary(emit_any: Callable[[Any, Any, Any], Any]) -> Any:
    @intrinsic
    def operation(context: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit_any(builder, value, args[0])

        return value(value), emit

    return operation


def _absolute(builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Float):
        return _call(builder, "llvm.fabs", [value])
    return _call(builder, "llvm.abs", [value], 0)


absolute = _unary(_absolute)
last_bit = _unary(lambda builder, kind, value: builder.and_(value, _constant(value, 1)))
nearest = _unary(lambda builder, kind, value: _call(builder, "llvm.rint", [value]))
square_root = _unary(lambda builder, kind, value: _call(builder, "llvm.sqrt", [value]))


@intrinsic
def larger(context: Any, a: Any, b: Any) -> Any:
    """Return the larger of two integers of one type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, "llvm.smax" if a.signed else "llvm.umax", args)

    return (a(a, b), emit) if a == b else None


@intrinsic
def equal(context: Any, a: Any, b: Any) -> Any:
    """Return 1 where two integers are equal, else 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.icmp_unsigned("==", *args), args[0].type)

    return (a(a, b), emit) if a == b else None


@intrinsic
def not_below(context: Any, a: Any, b: Any) -> Any:
    """Return 1 where the signed a >= b, else 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.icmp_signed(">=", *args), args[0].type)

    return (a(a, b), emit) if a == b else None


@intrinsic
def divided(context: Any, a: Any, b: Any) -> Any:
    """Return a float divided by a constant."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fdiv(args[0], _as_type(builder, args[1], args[0].type))

    return a(a, b), emit


@intrinsic(prefer_literal=True)
def where_below(context: Any, value: Any, limit: Any, then: Any, otherwise: Any) -> Any:
    """Return ``then`` where the signed ``value`` is below ``limit``, else ``otherwise``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        below = builder.icmp_signed("<", args[0], _constant(args[0], limit.literal_value))
        return builder.select(below, args[2], args[3])

    return (then(value, limit, then, otherwise), emit) if then == otherwise else None


def _conversion(target: Any) -> Any:
    @intrinsic
    def operation(context: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _convert(builder, value, args[0], target, context.get_value_type(target))

        return target(value), emit

    return operation


def _convert(builder: Any, source: Any, value: Any, target: Any, kind: Any) -> Any:
    if isinstance(source, types.Float):
        if isinstance(target, types.Float):
            if source.bitwidth == target.bitwidth:
                return value
            return builder.fptrunc(value, kind) if source.bitwidth > target.bitwidth else builder.fpext(value, kind)
        # Vector units convert to 32 bits; narrower targets are cut from that.
        whole = builder.fptosi(value, ir.IntType(max(32, target.bitwidth)))
        return builder.trunc(whole, kind) if target.bitwidth < 32 else whole
    if isinstance(target, types.Float):
        return (builder.sitofp if source.signed else builder.uitofp)(value, kind)
    if source.bitwidth > target.bitwidth:
        return builder.trunc(value, kind)
    if source.bitwidth < target.bitwidth:
        return (builder.sext if source.signed else builder.zext)(value, kind)
    return value


as_uint8 = _conversion(types.uint8)
as_uint16 = _conversion(types.uint16)
as_int16 = _conversion(types.int16)
as_int32 = _conversion(types.int32)
as_int64 = _conversion(types.int64)
as_float32 = _conversion(types.float32)
as_float64 = _conversion(types.float64)


@register_jitable
def row_total(array, start, count):  # type: ignore[no-untyped-def]
    """Return the exact sum of ``count`` values."""
    result = np.int64(0)
    for at in range(start, start + count):
        result += np.int64(array[at])
    return result


_load: Any = load
_store: Any = store


@register_jitable
def repeat_columns(ring, row, cols, left, right, margins, first):  # type: ignore[no-untyped-def]
    """Fill the columns left and right of a row of a ring with those that a border repeats, or with zeros."""
    for at in range(left + right):
        origin = _load(margins, first, at, 0)
        beyond = at if at < left else cols + at
        _store(ring, row, beyond, _load(ring, row + left, origin, 0) if origin >= 0 else np.uint8(0), 0)


@register_jitable
def repeat_sides(sides, pitch, count, cols, left, right, margins):  # type: ignore[no-untyped-def]
    """Fill the columns left and right of side rows with those that a border repeats."""
    for at in range(left + right):
        origin = left + _load(margins, 0, at, 0)
        beyond = at if at < left else cols + at
        for row in range(0, count * pitch, pitch):
            _store(sides, row, beyond, _load(sides, row, origin, 0), 0)
