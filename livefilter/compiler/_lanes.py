"""Lane operations: what Numba does not offer, one LLVM instruction each.

Numba widens every integer to 64 bits, which leaves 8 lanes in a 512-bit vector instead of 32. These intrinsics keep the
width that they are given, so that LLVM's loop vectoriser packs 16-bit lanes. Arithmetic wraps around silently: only
final values have to fit, which the plan proves.

Pixels travel two to a 16-bit lane: ``pixels`` loads (even, odd) pairs and takes them apart, ``store_pair`` joins them.
Widening bytes one by one instead costs a shuffle per tap, on the one or two ports that have it (measured: 9x9 dense
1.7 ms instead of 1.3 ms at 1080p on Zen 4).

``loop`` numbers the inner loop that an access belongs to. Loads of a loop never see what its stores write (rings and
planes are distinct), and saying so by alias scopes saves LLVM the run-time overlap checks at which it gives up when a
loop reads more than a few rows. Loop 0 promises nothing.

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

lanes = range
_I16, _I32 = ir.IntType(16), ir.IntType(32)
Emitter = Callable[[Any, Sequence[Any]], Any]


def _scope(builder: Any, loop: int) -> Any:
    module = builder.module
    domain = module.add_metadata(["livefilter"])
    return module.add_metadata([module.add_metadata([f"loop {loop}", domain])])


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    # A plain address: indexing as Numba does would test for negative indices in every lane.
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [at])


@intrinsic(prefer_literal=True)
def load(context: Any, array: Any, at: Any, loop: Any) -> Any:
    """Return ``array[at]``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_pointer(context, builder, signature.args[0], args[0], args[1]))
        if loop.literal_value:
            value.set_metadata("alias.scope", _scope(builder, loop.literal_value))
        return value

    return array.dtype(array, at, loop), emit


@intrinsic(prefer_literal=True)
def store(context: Any, array: Any, at: Any, value: Any, loop: Any) -> Any:
    """Do ``array[at] = value``, of one type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        stored = builder.store(args[2], _pointer(context, builder, signature.args[0], args[0], args[1]))
        if loop.literal_value:
            stored.set_metadata("noalias", _scope(builder, loop.literal_value))
        return context.get_dummy_value()

    return (types.void(array, at, value, loop), emit) if array.dtype == value else None


@intrinsic(prefer_literal=True)
def pixels(context: Any, array: Any, at: Any, pairs: Any, loop: Any) -> Any:
    """Return ``2 * pairs`` pixels from byte ``at`` of every lane on, as uint16: even, odd, even, odd ..."""
    result = types.UniTuple(types.uint16, 2 * pairs.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = []
        for pair in range(pairs.literal_value):
            at_pair = builder.add(args[1], ir.Constant(args[1].type, 2 * pair))
            pointer = _pointer(context, builder, signature.args[0], args[0], at_pair)
            both = builder.load(builder.bitcast(pointer, _I16.as_pointer()))
            both.align = 1
            both.set_metadata("alias.scope", _scope(builder, loop.literal_value))
            values += [builder.and_(both, ir.Constant(_I16, 255)), builder.lshr(both, ir.Constant(_I16, 8))]
        return context.make_tuple(builder, signature.return_type, values)

    return result(array, at, pairs, loop), emit


@intrinsic(prefer_literal=True)
def quad(context: Any, array: Any, at: Any, loop: Any) -> Any:
    """Return the four pixels from byte ``at`` of every lane on, as int32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = _word(context, builder, signature, args, loop)
        values = [
            builder.and_(builder.lshr(word, ir.Constant(_I32, 8 * place)), ir.Constant(_I32, 255)) for place in range(4)
        ]
        return context.make_tuple(builder, signature.return_type, values)

    return types.UniTuple(types.int32, 4)(array, at, loop), emit


@intrinsic(prefer_literal=True)
def halves(context: Any, array: Any, at: Any, is_signed: Any, loop: Any) -> Any:
    """Return ``array[at]`` and ``array[at + 1]`` of uint16 (or int16, if they stand for that) as int32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word, bits = _word(context, builder, signature, args, loop), ir.Constant(_I32, 16)
        if is_signed.literal_value:
            values = [builder.ashr(builder.shl(word, bits), bits), builder.ashr(word, bits)]
        else:
            values = [builder.and_(word, ir.Constant(_I32, 65535)), builder.lshr(word, bits)]
        return context.make_tuple(builder, signature.return_type, values)

    return types.UniTuple(types.int32, 2)(array, at, is_signed, loop), emit


def _word(context: Any, builder: Any, signature: Any, args: Any, loop: Any) -> Any:
    pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
    word = builder.load(builder.bitcast(pointer, _I32.as_pointer()))
    word.align = 1
    word.set_metadata("alias.scope", _scope(builder, loop.literal_value))
    return word


@intrinsic(prefer_literal=True)
def store_quad(context: Any, array: Any, at: Any, a: Any, b: Any, c: Any, d: Any, loop: Any) -> Any:
    """Write four pixels, int32 values from 0 to 255, to the bytes from ``at`` on."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        word = args[2]
        for place, value in enumerate(args[3:6], start=1):
            word = builder.or_(word, builder.shl(value, ir.Constant(_I32, 8 * place)))
        stored = builder.store(word, builder.bitcast(pointer, _I32.as_pointer()))
        stored.align = 1
        stored.set_metadata("noalias", _scope(builder, loop.literal_value))
        return context.get_dummy_value()

    return (types.void(array, at, a, b, c, d, loop), emit) if a == b == c == d == types.int32 else None


@intrinsic(prefer_literal=True)
def store_pair(context: Any, array: Any, at: Any, even: Any, odd: Any, loop: Any) -> Any:
    """Write two pixels, uint16 values up to 255, to bytes ``at`` and ``at + 1``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        both = builder.or_(args[2], builder.shl(args[3], ir.Constant(_I16, 8)))
        stored = builder.store(both, builder.bitcast(pointer, _I16.as_pointer()))
        stored.align = 1
        stored.set_metadata("noalias", _scope(builder, loop.literal_value))
        return context.get_dummy_value()

    return (types.void(array, at, even, odd, loop), emit) if even == odd == types.uint16 else None


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
    wide = ir.IntType(32)
    product = builder.mul(builder.zext(value, wide), ir.Constant(wide, number))
    return builder.trunc(builder.lshr(product, ir.Constant(wide, 16)), value.type)


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


@intrinsic
def weighted(context: Any, total: Any, value: Any, weight: Any) -> Any:
    """Return ``total + value * weight`` in float32, fused where the machine can; the plan keeps it exact either way."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        function = builder.module.declare_intrinsic("llvm.fmuladd", [kind], ir.FunctionType(kind, [kind] * 3))
        return builder.call(function, [args[1], _as_type(builder, args[2], kind), args[0]])

    return total(total, value, weight), emit


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
