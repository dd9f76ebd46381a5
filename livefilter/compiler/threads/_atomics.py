"""Atomic operations on shared 64-bit words, sequentially consistent, and two more that only machine code has.

The address of a block and an index name a word.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_ORDER = "seq_cst"
_PAUSES = {"x86_64": ("llvm.x86.sse2.pause", ()), "aarch64": ("llvm.aarch64.hint", (1,))}
"""Intrinsic and operands of the spin-wait hint of each architecture: ``pause``, and ``yield`` (hint 1)."""


def _word(builder: Any, args: Any) -> Any:
    return builder.gep(builder.inttoptr(args[0], _I64.as_pointer()), [args[1]])


@intrinsic
def load(context: Any, block: Any, index: Any) -> Any:
    """Return the word ``index`` of the block at address ``block``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_word(builder, args), _ORDER, 8)

    return types.int64(types.int64, types.int64), emit


@intrinsic
def store(context: Any, block: Any, index: Any, value: Any) -> Any:
    """Write a word."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[2], _word(builder, args), _ORDER, 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), emit


@intrinsic
def fetch_add(context: Any, block: Any, index: Any, value: Any) -> Any:
    """Add to a word, and return its value before."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _word(builder, args), args[2], _ORDER)

    return types.int64(types.int64, types.int64, types.int64), emit


@intrinsic
def spin_pause(context: Any) -> Any:
    """Pause for some nanoseconds while polling, so that a sibling hardware thread can run."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name, operands = _PAUSES.get(builder.module.triple.partition("-")[0].replace("arm64", "aarch64"), ("", ()))
        if name:
            kind = ir.FunctionType(ir.VoidType(), [_I32] * len(operands))
            function = builder.module.declare_intrinsic(name, (), kind)
            builder.call(function, [ir.Constant(_I32, operand) for operand in operands])
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def call_indirect(context: Any, entry: Any, args_block: Any) -> Any:
    """Call the generated function at address ``entry`` with the argument block at address ``args_block``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        words = _I64.as_pointer()
        results = cgutils.alloca_once(builder, _I64, size=2)
        function = builder.inttoptr(args[0], ir.FunctionType(_I32, [words] * 3).as_pointer())
        builder.call(
            function, [results, builder.gep(results, [ir.Constant(_I64, 1)]), builder.inttoptr(args[1], words)]
        )
        # Generated code raises nothing, and the ELF loader does not know unwind tables.
        builder.function.attributes.add("nounwind")
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), emit
