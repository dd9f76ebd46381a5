"""Weighted sums of lanes: of pixels in a window (``taps``), and of sums along a row (``along``).

``text`` says what is added up (see ``_formula``); column c of it is column 2 x + c of the window, and c + 1 for the odd
pixel of the pair (4 x + c to c + 3 in a quad). Sums wrap around; only final values have to fit, which the plan proves.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from livefilter.compiler.lanes._memory import load_pair, load_value
from livefilter.compiler.lanes._term_list import MOST_CLASSES, Part, classes, read


class _Lane:
    """Arithmetic on values of one type, whole numbers or float."""

    def __init__(self, builder: Any, kind: Any) -> None:
        self._builder = builder
        self._kind = kind
        self._is_float = isinstance(kind, ir.FloatType)

    def gathered(self, total: Any | None, value: Any, sign: int) -> Any:
        """Return total + value or total - value; None is nothing yet."""
        if total is None:
            return value if sign >= 0 else self._negative(value)
        if self._is_float:
            return (self._builder.fadd if sign >= 0 else self._builder.fsub)(total, value)
        return (self._builder.add if sign >= 0 else self._builder.sub)(total, value)

    def weighted(self, total: Any | None, value: Any, weight: int) -> Any:
        """Return total + value * weight, the weight not negative; None is nothing yet."""
        if total is None:
            return self._times(value, weight)
        if not self._is_float:
            return self._builder.add(total, self._times(value, weight))
        # Fused where the machine can; whole numbers below 2**24 are exact either way.
        kind = ir.FunctionType(self._kind, [self._kind] * 3)
        function = self._builder.module.declare_intrinsic("llvm.fmuladd", [self._kind], kind)
        return self._builder.call(function, [value, ir.Constant(self._kind, float(weight)), total])

    def _times(self, value: Any, weight: int) -> Any:
        if weight == 1:
            return value
        if self._is_float:
            return self._builder.fmul(value, ir.Constant(self._kind, float(weight)))
        if weight and weight & (weight - 1) == 0:
            return self._builder.shl(value, ir.Constant(self._kind, weight.bit_length() - 1))
        return self._builder.mul(value, ir.Constant(self._kind, weight))

    def _negative(self, value: Any) -> Any:
        return self._builder.fneg(value) if self._is_float else self._builder.sub(ir.Constant(self._kind, 0), value)


class _Window:
    """One sum over rows, while its pixels come in row by row."""

    def __init__(self, lane: _Lane, part: Part) -> None:
        self._lane = lane
        self._is_gathered = len(classes(part)) <= MOST_CLASSES
        self._total: Any | None = None
        self._by_weight: dict[int, Any] = {}

    def add(self, weight: int, value: Any) -> None:
        """Add weight * value; equal weights are gathered before they are multiplied, if they are not too many."""
        if self._is_gathered:
            before = self._by_weight.get(abs(weight))
            self._by_weight[abs(weight)] = self._lane.gathered(before, value, weight)
        else:
            product = self._lane.weighted(None, value, abs(weight))
            self._total = self._lane.gathered(self._total, product, weight)

    def total(self) -> Any:
        """Return what has come in."""
        for weight in sorted(self._by_weight):
            self._total = self._lane.weighted(self._total, self._by_weight[weight], weight)
        return self._total


def _taps(lane: Any) -> Any:
    """Make the sum of pixels in lanes of one type."""

    @intrinsic(prefer_literal=True)
    def operation(context: Any, array: Any, x: Any, loop: Any, text: Any, *rows: Any) -> Any:
        parts = read(text.literal_value)

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            starts = cgutils.unpack_tuple(builder, args[4])
            twice = builder.shl(args[1], ir.Constant(args[1].type, 1))
            kind = context.get_value_type(lane)
            sums = [[_Window(_Lane(builder, kind), part) for _ in (0, 1)] for part in parts]
            # Row by row for all sums at once: each row's pixels are loaded once, and few have to be kept.
            for row, start in enumerate(starts):
                seen: dict[int, tuple[Any, Any]] = {}

                def pixel(col: int, start: Any = start, seen: dict[int, tuple[Any, Any]] = seen) -> Any:
                    pair, half = divmod(col, 2)
                    if pair not in seen:
                        at = builder.add(start, builder.add(twice, ir.Constant(twice.type, 2 * pair)))
                        halves = load_pair(context, builder, array, args[0], at, loop.literal_value)
                        seen[pair] = tuple(half if kind == half.type else builder.zext(half, kind) for half in halves)
                    return seen[pair][half]

                for part, pair in zip(parts, sums, strict=True):
                    for parity, sum_ in enumerate(pair):
                        for term in part:
                            if term.row == row:
                                sum_.add(term.weight, pixel(term.col + parity))
            return context.make_tuple(builder, signature.return_type, [sum_.total() for pair in sums for sum_ in pair])

        result = types.UniTuple(lane, 2 * len(parts))
        return result(array, x, loop, text, types.StarArgTuple.from_types(rows)), emit

    return operation


def _along(lane: Any | None) -> Any:
    """Make the sum along planes, in lanes of one type or of the planes' own."""

    @intrinsic(prefer_literal=True)
    def operation(context: Any, array: Any, x: Any, loop: Any, text: Any, *starts: Any) -> Any:
        (part,) = read(text.literal_value)
        result = lane or array.dtype

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            firsts = [builder.add(args[1], start) for start in cgutils.unpack_tuple(builder, args[4])]
            kind = context.get_value_type(result)
            sums = _Lane(builder, kind)

            def value(col: int) -> Any:
                index, start = divmod(col, len(firsts))
                at = builder.add(firsts[start], ir.Constant(args[1].type, index))
                loaded = load_value(context, builder, array, args[0], at, loop.literal_value)
                return loaded if loaded.type == kind else builder.zext(loaded, kind)

            totals = []
            for phase in range(len(firsts)):
                total = None
                for weight in classes(part):  # One class after the other, so that few values are kept at once.
                    gathered = None
                    for term in part:
                        if abs(term.weight) == weight:
                            gathered = sums.gathered(gathered, value(term.col + phase), term.weight)
                    total = sums.weighted(total, gathered, weight)
                totals.append(total)
            return context.make_tuple(builder, signature.return_type, totals)

        kinds = types.UniTuple(result, len(starts))
        return kinds(array, x, loop, text, types.StarArgTuple.from_types(starts)), emit

    return operation


taps = _taps(types.uint16)
wide_taps = _taps(types.int32)
along = _along(None)
wide_along = _along(types.int32)
