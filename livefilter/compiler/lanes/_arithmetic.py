"""Arithmetic on lanes: the LLVM instructions that Numba does not offer, one per operation.

Numba widens every integer to 64 bits, which leaves 8 lanes in a 512-bit vector instead of 32. These intrinsics keep the
type of their operands, so that LLVM's loop vectoriser packs 16-bit lanes. Arithmetic wraps around silently: only final
values must fit, which the plan proves.

``_numpy`` implements the same operations on whole NumPy arrays.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

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
mul = _binary(lambda builder, args: builder.mul(*args), lambda builder, args: builder.fmul(*args))
bit_and = _binary(lambda builder, args: builder.and_(*args))
bit_or = _binary(lambda builder, args: builder.or_(*args))


def _call(builder: Any, name: str, args: Sequence[Any], *flags: int) -> Any:
    kind = args[0].type
    signature = ir.FunctionType(kind, [*(arg.type for arg in args), *(ir.IntType(1) for _ in flags)])
    function = builder.module.declare_intrinsic(name, [kind], signature)
    return builder.call(function, [*args, *(ir.Constant(ir.IntType(1), flag) for flag in flags)])


def _constant(value: Any, number: int) -> Any:
    return ir.Constant(value.type, float(number) if isinstance(value.type, ir.FloatType | ir.DoubleType) else number)


def _with_literal(emit_value: Callable[[Any, Any, Any, int], Any]) -> Any:
    """Make an operation on a value and an integer literal, in the value's own type."""

    @intrinsic(prefer_literal=True)
    def operation(context: Any, value: Any, number: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit_value(builder, value, args[0], number.literal_value)

        return value(value, number), emit

    return operation


def _min_const(builder: Any, kind: Any, value: Any, number: int) -> Any:
    if isinstance(kind, types.Float):
        return builder.select(
            builder.fcmp_ordered("<", value, _constant(value, number)), value, _constant(value, number)
        )
    return _call(builder, "llvm.smin" if kind.signed else "llvm.umin", [value, _constant(value, number)])


def _max_const(builder: Any, kind: Any, value: Any, number: int) -> Any:
    if isinstance(kind, types.Float):
        return builder.select(
            builder.fcmp_ordered(">", value, _constant(value, number)), value, _constant(value, number)
        )
    return _call(builder, "llvm.smax" if kind.signed else "llvm.umax", [value, _constant(value, number)])


def _shift_right(builder: Any, kind: Any, value: Any, number: int) -> Any:
    return (builder.ashr if kind.signed else builder.lshr)(value, _constant(value, number))


def _ge_const(builder: Any, kind: Any, value: Any, number: int) -> Any:
    compare = builder.icmp_signed if kind.signed else builder.icmp_unsigned
    return builder.zext(compare(">=", value, _constant(value, number)), value.type)


def _mulhi_const(builder: Any, kind: Any, value: Any, number: int) -> Any:
    # LLVM would merge a product and a shift with the shifts that follow, and then 16 bits would be too few.
    signature = ir.FunctionType(value.type, [value.type, value.type, ir.IntType(32)])
    function = builder.module.declare_intrinsic("llvm.umul.fix", [value.type], signature)
    return builder.call(function, [value, _constant(value, number), ir.Constant(ir.IntType(32), 16)])


def _mul_const(builder: Any, kind: Any, value: Any, number: int) -> Any:
    return (builder.fmul if isinstance(kind, types.Float) else builder.mul)(value, _constant(value, number))


add_const = _with_literal(
    lambda builder, kind, value, number: (builder.fadd if isinstance(kind, types.Float) else builder.add)(
        value, _constant(value, number)
    )
)
mul_const = _with_literal(_mul_const)
shl = _with_literal(lambda builder, kind, value, number: builder.shl(value, _constant(value, number)))
shr = _with_literal(_shift_right)
min_const = _with_literal(_min_const)
max_const = _with_literal(_max_const)
ge_const = _with_literal(_ge_const)
mulhi_const = _with_literal(_mulhi_const)


@intrinsic
def add_n(context: Any, *values: Any) -> Any:
    """Return the sum of values of one type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        terms = cgutils.unpack_tuple(builder, args[0])
        result = terms[0]
        for term in terms[1:]:
            result = (builder.fadd if isinstance(values[0], types.Float) else builder.add)(result, term)
        return result

    return values[0](types.StarArgTuple.from_types(values)), emit


@intrinsic
def fmul_const(context: Any, value: Any, factor: Any) -> Any:
    """Return a float times a constant; the constant is rounded to the float's type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fmul(args[0], _as_type(builder, args[1], args[0].type))

    return value(value, factor), emit


def _as_type(builder: Any, constant: Any, kind: Any) -> Any:
    return constant if constant.type == kind else builder.fptrunc(constant, kind)


def _unary(emit_value: Callable[[Any, Any, Any], Any]) -> Any:
    @intrinsic
    def operation(context: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit_value(builder, value, args[0])

        return value(value), emit

    return operation


def _absolute(builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Float):
        return _call(builder, "llvm.fabs", [value])
    return _call(builder, "llvm.abs", [value], 0)


absolute = _unary(_absolute)
low_bit = _unary(lambda builder, kind, value: builder.and_(value, _constant(value, 1)))
rint = _unary(lambda builder, kind, value: _call(builder, "llvm.rint", [value]))
sqrt = _unary(lambda builder, kind, value: _call(builder, "llvm.sqrt", [value]))


@intrinsic
def maximum(context: Any, a: Any, b: Any) -> Any:
    """Return the larger of two integers of one type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, "llvm.smax" if a.signed else "llvm.umax", args)

    return (a(a, b), emit) if a == b else None


@intrinsic
def eq(context: Any, a: Any, b: Any) -> Any:
    """Return 1 where two integers are equal, otherwise 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.icmp_unsigned("==", *args), args[0].type)

    return (a(a, b), emit) if a == b else None


@intrinsic
def ge(context: Any, a: Any, b: Any) -> Any:
    """Return 1 where a >= b (signed), otherwise 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.icmp_signed(">=", *args), args[0].type)

    return (a(a, b), emit) if a == b else None


@intrinsic
def fdiv_const(context: Any, a: Any, b: Any) -> Any:
    """Return a float divided by a constant."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fdiv(args[0], _as_type(builder, args[1], args[0].type))

    return a(a, b), emit


@intrinsic(prefer_literal=True)
def select_lt(context: Any, value: Any, limit: Any, then: Any, otherwise: Any) -> Any:
    """Return ``then`` where ``value`` (signed) is below ``limit``, otherwise ``otherwise``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        below = builder.icmp_signed("<", args[0], _constant(args[0], limit.literal_value))
        return builder.select(below, args[2], args[3])

    return (then(value, limit, then, otherwise), emit) if then == otherwise else None
