"""Weighted sums of lanes: of pixels in a window (``window_sum``), and of sums along a row (``row_sum``).

``text`` encodes what is added up (see ``_term_list``). Its column c is column 2 x + c of the window for the even pixel
of a pair, and c + 1 for the odd one (4 x + c to 4 x + c + 3 in a quad). Sums wrap around; only final values must fit,
which the plan proves.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from livefilter.compiler.lanes._memory import load_pair, load_value
from livefilter.compiler.lanes._term_list import MAX_DISTINCT_WEIGHTS, TermSum, decode_terms, distinct_weights


class _LaneArithmetic:
    """Arithmetic on values of one type, integer or float."""

    def __init__(self, builder: Any, kind: Any) -> None:
        self._builder = builder
        self._kind = kind
        self._is_float = isinstance(kind, ir.FloatType)

    def add(self, total: Any | None, value: Any, sign: int) -> Any:
        """Return total + value or total - value; None is an empty sum."""
        if total is None:
            return value if sign >= 0 else self._negate(value)
        if self._is_float:
            return (self._builder.fadd if sign >= 0 else self._builder.fsub)(total, value)
        return (self._builder.add if sign >= 0 else self._builder.sub)(total, value)

    def multiply_add(self, total: Any | None, value: Any, weight: int) -> Any:
        """Return total + value * weight, the weight not negative; None is an empty sum."""
        if total is None:
            return self._multiply(value, weight)
        if not self._is_float:
            return self._builder.add(total, self._multiply(value, weight))
        # Fused where the CPU can; integers below 2**24 are exact either way.
        kind = ir.FunctionType(self._kind, [self._kind] * 3)
        function = self._builder.module.declare_intrinsic("llvm.fmuladd", [self._kind], kind)
        return self._builder.call(function, [value, ir.Constant(self._kind, float(weight)), total])

    def _multiply(self, value: Any, weight: int) -> Any:
        if weight == 1:
            return value
        if self._is_float:
            return self._builder.fmul(value, ir.Constant(self._kind, float(weight)))
        if weight and weight & (weight - 1) == 0:
            return self._builder.shl(value, ir.Constant(self._kind, weight.bit_length() - 1))
        return self._builder.mul(value, ir.Constant(self._kind, weight))

    def _negate(self, value: Any) -> Any:
        return self._builder.fneg(value) if self._is_float else self._builder.sub(ir.Constant(self._kind, 0), value)


class _RowSum:
    """One sum over the rows of a window, built up row by row."""

    def __init__(self, lane: _LaneArithmetic, terms: TermSum) -> None:
        self._lane = lane
        self._is_grouped = len(distinct_weights(terms)) <= MAX_DISTINCT_WEIGHTS
        self._total: Any | None = None
        self._by_weight: dict[int, Any] = {}

    def add(self, weight: int, value: Any) -> None:
        """Add weight * value; values of equal weight are added up before the multiplication, if weights are few."""
        if self._is_grouped:
            before = self._by_weight.get(abs(weight))
            self._by_weight[abs(weight)] = self._lane.add(before, value, weight)
        else:
            product = self._lane.multiply_add(None, value, abs(weight))
            self._total = self._lane.add(self._total, product, weight)

    def total(self) -> Any:
        """Return the sum of all that was added."""
        for weight in sorted(self._by_weight):
            self._total = self._lane.multiply_add(self._total, self._by_weight[weight], weight)
        return self._total


def _window_sum(lane: Any) -> Any:
    """Make the operation that sums pixels in lanes of one type."""

    @intrinsic(prefer_literal=True)
    def operation(context: Any, array: Any, x: Any, loop: Any, text: Any, *rows: Any) -> Any:
        term_sums = decode_terms(text.literal_value)

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            starts = cgutils.unpack_tuple(builder, args[4])
            twice = builder.shl(args[1], ir.Constant(args[1].type, 1))
            kind = context.get_value_type(lane)
            sums = [[_RowSum(_LaneArithmetic(builder, kind), terms) for _ in (0, 1)] for terms in term_sums]
            # Row by row for all sums at once: the pixels of each row are loaded once, and few stay in registers.
            for row, start in enumerate(starts):
                loaded: dict[int, tuple[Any, Any]] = {}

                def pixel(col: int, start: Any = start, loaded: dict[int, tuple[Any, Any]] = loaded) -> Any:
                    pair, parity = divmod(col, 2)
                    if pair not in loaded:
                        at = builder.add(start, builder.add(twice, ir.Constant(twice.type, 2 * pair)))
                        values = load_pair(context, builder, array, args[0], at, loop.literal_value)
                        loaded[pair] = tuple(
                            value if kind == value.type else builder.zext(value, kind) for value in values
                        )
                    return loaded[pair][parity]

                for terms, pair in zip(term_sums, sums, strict=True):
                    for parity, row_sum in enumerate(pair):
                        for term in terms:
                            if term.row == row:
                                row_sum.add(term.weight, pixel(term.col + parity))
            totals = [row_sum.total() for pair in sums for row_sum in pair]
            return context.make_tuple(builder, signature.return_type, totals)

        result = types.UniTuple(lane, 2 * len(term_sums))
        return result(array, x, loop, text, types.StarArgTuple.from_types(rows)), emit

    return operation


def _row_sum(lane: Any | None) -> Any:
    """Make the operation that sums along rows of sums, in lanes of one type or of the rows' own type."""

    @intrinsic(prefer_literal=True)
    def operation(context: Any, array: Any, x: Any, loop: Any, text: Any, *starts: Any) -> Any:
        (terms,) = decode_terms(text.literal_value)
        result = lane or array.dtype

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            firsts = [builder.add(args[1], start) for start in cgutils.unpack_tuple(builder, args[4])]
            kind = context.get_value_type(result)
            arithmetic = _LaneArithmetic(builder, kind)

            def value(col: int) -> Any:
                index, start = divmod(col, len(firsts))
                at = builder.add(firsts[start], ir.Constant(args[1].type, index))
                loaded = load_value(context, builder, array, args[0], at, loop.literal_value)
                return loaded if loaded.type == kind else builder.zext(loaded, kind)

            totals = []
            for phase in range(len(firsts)):
                total = None
                for weight in distinct_weights(terms):  # One weight after the other, so that few values are live.
                    group = None
                    for term in terms:
                        if abs(term.weight) == weight:
                            group = arithmetic.add(group, value(term.col + phase), term.weight)
                    total = arithmetic.multiply_add(total, group, weight)
                totals.append(total)
            return context.make_tuple(builder, signature.return_type, totals)

        kinds = types.UniTuple(result, len(starts))
        return kinds(array, x, loop, text, types.StarArgTuple.from_types(starts)), emit

    return operation


window_sum = _window_sum(types.uint16)
window_sum_i32 = _window_sum(types.int32)
row_sum = _row_sum(None)
row_sum_i32 = _row_sum(types.int32)
