"""Loads and stores of lanes: two pixels per 16-bit lane, or four per 32-bit lane.

``load_pairs`` loads (even, odd) pairs and separates them with a mask and a shift; ``store_pair`` joins them. Widening
bytes one by one instead costs a shuffle per tap, on the one or two ports that have it (measured: 9x9 dense 1.7 ms
instead of 1.3 ms at 1080p on Zen 4). The even pixel is the low byte, as on every CPU that Numba compiles for.

``loop`` is the number of the inner loop that an access belongs to. The loads of a loop never alias its stores (rings
and rows of sums are distinct). Alias scopes express this to LLVM and save the run-time overlap checks, at which it
gives up when a loop reads more than a few rows. Loop 0 promises nothing.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from livefilter.compiler._abi import ARG_TYPES, WORDS_PER_ARG

_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)


_DTYPES = {name: getattr(types, name) for name in ("uint8", "uint16", "int16", "int32", "int64", "float32")}


@intrinsic(prefer_literal=True)
def argument(context: Any, call: Any, at: Any, kind: Any) -> Any:
    """Return argument number ``at`` of the call, of one of the kinds that ``_abi`` lists."""
    if kind.literal_value not in ARG_TYPES:
        raise ValueError(f"argument type {kind.literal_value!r}: must be one of {', '.join(ARG_TYPES)}")
    name, *is_array = kind.literal_value.split("[")
    dtype = _DTYPES[name]
    result = types.Array(dtype, 1, "C") if is_array else dtype

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = WORDS_PER_ARG * at.literal_value
        word, length = (
            builder.load(builder.gep(args[0], [ir.Constant(_I64, first + of)])) for of in range(WORDS_PER_ARG)
        )
        if not is_array:
            return word
        array = context.make_array(result)(context, builder)
        size = ir.Constant(_I64, dtype.bitwidth // 8)
        data = builder.inttoptr(word, array.data.type)
        populate_array(array, data=data, shape=[length], strides=[size], itemsize=size, meminfo=None)
        return array._getvalue()

    return result(call, at, kind), emit


def _scope(builder: Any, loop: int) -> Any:
    module = builder.module
    domain = module.add_metadata(["livefilter"])
    return module.add_metadata([module.add_metadata([f"loop {loop}", domain])])


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    # A plain address: Numba's own indexing would test for negative indices in every lane.
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [at])


def load_value(context: Any, builder: Any, array_type: Any, array: Any, at: Any, loop: int) -> Any:
    """Emit the load of ``array[at]``."""
    value = builder.load(_pointer(context, builder, array_type, array, at))
    if loop:
        value.set_metadata("alias.scope", _scope(builder, loop))
    return value


def load_pair(context: Any, builder: Any, array_type: Any, array: Any, at: Any, loop: int) -> tuple[Any, Any]:
    """Emit one load of the bytes ``at`` and ``at + 1``, as two 16-bit values."""
    word = builder.load(builder.bitcast(_pointer(context, builder, array_type, array, at), _I16.as_pointer()))
    word.align = 1
    word.set_metadata("alias.scope", _scope(builder, loop))
    return builder.and_(word, ir.Constant(_I16, 255)), builder.lshr(word, ir.Constant(_I16, 8))


def _at(builder: Any, start: Any, x: Any, step: int = 1, offset: int = 0) -> Any:
    """Emit ``start + step * x + offset``."""
    lane = builder.mul(x, ir.Constant(x.type, step)) if step > 1 else x
    at = builder.add(start, lane)
    return builder.add(at, ir.Constant(at.type, offset)) if offset else at


@intrinsic(prefer_literal=True)
def load(context: Any, array: Any, start: Any, x: Any, loop: Any) -> Any:
    """Return ``array[start + x]``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return load_value(context, builder, array, args[0], _at(builder, args[1], args[2]), loop.literal_value)

    return array.dtype(array, start, x, loop), emit


@intrinsic(prefer_literal=True)
def store(context: Any, array: Any, start: Any, x: Any, value: Any, loop: Any) -> Any:
    """Store ``array[start + x] = value``; both have one type."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], args[0], _at(builder, args[1], args[2]))
        stored = builder.store(args[3], pointer)
        if loop.literal_value:
            stored.set_metadata("noalias", _scope(builder, loop.literal_value))
        return context.get_dummy_value()

    return (types.void(array, start, x, value, loop), emit) if array.dtype == value else None


@intrinsic
def clear(context: Any, array: Any, at: Any, count: Any) -> Any:
    """Fill ``count`` elements from ``at`` on with zeros."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        size = builder.mul(args[2], ir.Constant(args[2].type, array.dtype.bitwidth // 8))
        cgutils.memset(builder, pointer, size, 0)
        return context.get_dummy_value()

    return types.void(array, at, count), emit


@intrinsic(prefer_literal=True)
def copy(context: Any, target: Any, to: Any, array: Any, at: Any, count: Any) -> Any:
    """Copy ``count`` elements between arrays of one type; a literal count compiles to plain moves, not to a call."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        there = _pointer(context, builder, target, args[0], args[1])
        here = _pointer(context, builder, array, args[2], args[3])
        is_literal = isinstance(count, types.IntegerLiteral)
        number = ir.Constant(_I64, count.literal_value) if is_literal else args[4]
        cgutils.raw_memcpy(builder, there, here, number, target.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return (types.void(target, to, array, at, count), emit) if target.dtype == array.dtype else None


@intrinsic(prefer_literal=True)
def apply_lut(context: Any, luts: Any, start: Any, array: Any, at: Any, count: Any) -> Any:
    """Map ``count`` pixels from ``at`` on through a table of 256 levels that starts at ``start``.

    Eight at once: a lookup cannot be vectorised, but a word takes fewer loads and stores than its bytes.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        table = _pointer(context, builder, luts, args[0], args[1])
        row = _pointer(context, builder, array, args[2], args[3])

        def level(pixel: Any) -> Any:
            return builder.load(builder.gep(table, [builder.zext(pixel, _I64)]))

        words = builder.lshr(args[4], ir.Constant(_I64, 3))
        with cgutils.for_range(builder, words) as loop:
            pointer = builder.bitcast(
                builder.gep(row, [builder.shl(loop.index, ir.Constant(_I64, 3))]), _I64.as_pointer()
            )
            word = builder.load(pointer)
            word.align = 1
            result = ir.Constant(_I64, 0)
            for place in range(0, 64, 8):
                pixel = builder.trunc(builder.lshr(word, ir.Constant(_I64, place)), ir.IntType(8))
                result = builder.or_(result, builder.shl(builder.zext(level(pixel), _I64), ir.Constant(_I64, place)))
            builder.store(result, pointer).align = 1
        with cgutils.for_range_slice(
            builder, builder.shl(words, ir.Constant(_I64, 3)), args[4], ir.Constant(_I64, 1)
        ) as (at_pixel, _):
            pointer = builder.gep(row, [at_pixel])
            builder.store(level(builder.load(pointer)), pointer)
        return context.get_dummy_value()

    return types.void(luts, start, array, at, count), emit


@intrinsic(prefer_literal=True)
def load_pairs(context: Any, array: Any, start: Any, x: Any, pairs: Any, loop: Any) -> Any:
    """Return ``2 * pairs`` pixels from byte ``start + 2 * x`` on, as uint16: even, odd, even, odd ..."""
    result = types.UniTuple(types.uint16, 2 * pairs.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values: list[Any] = []
        for pair in range(pairs.literal_value):
            at = _at(builder, args[1], args[2], 2, 2 * pair)
            values += load_pair(context, builder, array, args[0], at, loop.literal_value)
        return context.make_tuple(builder, signature.return_type, values)

    return result(array, start, x, pairs, loop), emit


@intrinsic(prefer_literal=True)
def load_quad(context: Any, array: Any, start: Any, x: Any, loop: Any) -> Any:
    """Return the four pixels from byte ``start + 4 * x`` on, as int32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = _word(context, builder, array, args[0], _at(builder, args[1], args[2], 4), loop)
        values = [
            builder.and_(builder.lshr(word, ir.Constant(_I32, 8 * place)), ir.Constant(_I32, 255)) for place in range(4)
        ]
        return context.make_tuple(builder, signature.return_type, values)

    return types.UniTuple(types.int32, 4)(array, start, x, loop), emit


@intrinsic(prefer_literal=True)
def load_u16_pair(context: Any, array: Any, start: Any, x: Any, is_signed: Any, loop: Any) -> Any:
    """Return two neighbours from ``start + 2 * x`` on, uint16 (or int16 bit patterns, if ``is_signed``), as int32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = _word(context, builder, array, args[0], _at(builder, args[1], args[2], 2), loop)
        bits = ir.Constant(_I32, 16)
        if is_signed.literal_value:
            values = [builder.ashr(builder.shl(word, bits), bits), builder.ashr(word, bits)]
        else:
            values = [builder.and_(word, ir.Constant(_I32, 65535)), builder.lshr(word, bits)]
        return context.make_tuple(builder, signature.return_type, values)

    return types.UniTuple(types.int32, 2)(array, start, x, is_signed, loop), emit


def _word(context: Any, builder: Any, array_type: Any, array: Any, at: Any, loop: Any) -> Any:
    word = builder.load(builder.bitcast(_pointer(context, builder, array_type, array, at), _I32.as_pointer()))
    word.align = 1
    word.set_metadata("alias.scope", _scope(builder, loop.literal_value))
    return word


@intrinsic(prefer_literal=True)
def store_quad(context: Any, array: Any, start: Any, x: Any, a: Any, b: Any, c: Any, d: Any, loop: Any) -> Any:
    """Store four pixels, int32 values from 0 to 255, to the bytes from ``start + 4 * x`` on."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _store_joined(context, builder, array, args, 4, _I32, loop)
        return context.get_dummy_value()

    return (types.void(array, start, x, a, b, c, d, loop), emit) if a == b == c == d == types.int32 else None


@intrinsic(prefer_literal=True)
def store_pair(context: Any, array: Any, start: Any, x: Any, even: Any, odd: Any, loop: Any) -> Any:
    """Store two pixels, uint16 values up to 255, to the bytes from ``start + 2 * x`` on."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _store_joined(context, builder, array, args, 2, _I16, loop)
        return context.get_dummy_value()

    return (types.void(array, start, x, even, odd, loop), emit) if even == odd == types.uint16 else None


def _store_joined(context: Any, builder: Any, array: Any, args: Any, count: int, lane: Any, loop: Any) -> None:
    """Emit the store of ``count`` pixels, joined into one lane."""
    word = args[3]
    for place, value in enumerate(args[4 : 3 + count], start=1):
        word = builder.or_(word, builder.shl(value, ir.Constant(lane, 8 * place)))
    pointer = _pointer(context, builder, array, args[0], _at(builder, args[1], args[2], count))
    stored = builder.store(word, builder.bitcast(pointer, lane.as_pointer()))
    stored.align = 1
    stored.set_metadata("noalias", _scope(builder, loop.literal_value))
