"""Conversions between lane types, one LLVM instruction each."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


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
        # Vector units convert to 32 bits; narrower targets are truncated from that.
        integer = builder.fptosi(value, ir.IntType(max(32, target.bitwidth)))
        return builder.trunc(integer, kind) if target.bitwidth < 32 else integer
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
