"""Words that threads share: 64 bits each, read and written at once, and by all threads in one order.

A word is told by the address of the first of its neighbours, and by its place among them.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_ORDER = "seq_cst"
_RESTS = {"x86_64": ("llvm.x86.sse2.pause", ()), "aarch64": ("llvm.aarch64.hint", (1,))}
"""What a processor has for threads that wait for another; the second one's number says "yield"."""


def _word(builder: Any, args: Any) -> Any:
    return builder.gep(builder.inttoptr(args[0], _I64.as_pointer()), [args[1]])


@intrinsic
def seen(context: Any, start: Any, at: Any) -> Any:
    """Return a word."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_word(builder, args), _ORDER, 8)

    return types.int64(types.int64, types.int64), emit


@intrinsic
def put(context: Any, start: Any, at: Any, value: Any) -> Any:
    """Write a word."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[2], _word(builder, args), _ORDER, 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), emit


@intrinsic
def added(context: Any, start: Any, at: Any, value: Any) -> Any:
    """Add to a word; return what it was."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _word(builder, args), args[2], _ORDER)

    return types.int64(types.int64, types.int64, types.int64), emit


@intrinsic
def rest(context: Any) -> Any:
    """Wait for some nanoseconds in a way that lets the processor's other threads go on, where it has one."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name, numbers = _RESTS.get(builder.module.triple.partition("-")[0].replace("arm64", "aarch64"), ("", ()))
        if name:
            kind = ir.FunctionType(ir.VoidType(), [_I32] * len(numbers))
            function = builder.module.declare_intrinsic(name, (), kind)
            builder.call(function, [ir.Constant(_I32, number) for number in numbers])
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def called(context: Any, code: Any, call: Any) -> Any:
    """Call the generated function at an address with the block of words at another."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        words = _I64.as_pointer()
        room = cgutils.alloca_once(builder, _I64, size=2)
        function = builder.inttoptr(args[0], ir.FunctionType(_I32, [words] * 3).as_pointer())
        builder.call(function, [room, builder.gep(room, [ir.Constant(_I64, 1)]), builder.inttoptr(args[1], words)])
        # Generated code raises nothing; tables of how to unwind it are more than ``_elf`` knows.
        builder.function.attributes.add("nounwind")
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), emit
