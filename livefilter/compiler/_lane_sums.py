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

from livefilter.compiler._formula import MOST_CLASSES, Part, classes, read
from livefilter.compiler._lane_memory import load_pair, load_value


class _Sum:
    """One sum of one lane, while its terms come in: equal weights are gathered first, if they are not too many."""

    def __init__(self, builder: Any, kind: Any, part: Part) -> None:
        self._builder = builder
        self._kind = kind
        self._is_gathered = len(classes(part)) <= MOST_CLASSES
        self._gathered: dict[int, Any] = {}

    def add(self, weight: int, value: Any) -> None:
        """Add weight * value."""
        if not self._is_gathered:
            weight, value = (1 if weight > 0 else -1), self._times(value, abs(weight))
        key = abs(weight)
        sum_ = self._gathered.get(key)
        if sum_ is None:
            self._gathered[key] = value if weight >= 0 else self._negative(value)
        elif self._is_float:
            self._gathered[key] = (self._builder.fadd if weight >= 0 else self._builder.fsub)(sum_, value)
        else:
            self._gathered[key] = (self._builder.add if weight >= 0 else self._builder.sub)(sum_, value)

    def total(self) -> Any:
        """Return what has come in."""
        result = None
        for weight, value in sorted(self._gathered.items(), key=lambda item: item[0]):
            if result is None:
                result = self._times(value, weight)
            elif self._is_float:
                result = self._fused(result, value, weight)
            else:
                result = self._builder.add(result, self._times(value, weight))
        return result

    @property
    def _is_float(self) -> bool:
        return isinstance(self._kind, ir.FloatType)

    def _times(self, value: Any, weight: int) -> Any:
        if weight == 1:
            return value
        if self._is_float:
            return self._builder.fmul(value, ir.Constant(self._kind, float(weight)))
        if weight and weight & (weight - 1) == 0:
            return self._builder.shl(value, ir.Constant(self._kind, weight.bit_length() - 1))
        return self._builder.mul(value, ir.Constant(self._kind, weight))

    def _negative(self, value: Any) -> Any:
        if self._is_float:
            return self._builder.fneg(value)
        return self._builder.sub(ir.Constant(self._kind, 0), value)

    def _fused(self, result: Any, value: Any, weight: int) -> Any:
        # Fused where the machine can; whole numbers below 2**24 are exact either way.
        kinds = [self._kind] * 3
        function = self._builder.module.declare_intrinsic(
            "llvm.fmuladd", [self._kind], ir.FunctionType(self._kind, kinds)
        )
        return self._builder.call(function, [value, ir.Constant(self._kind, float(weight)), result])


def _taps(lane: Any) -> Any:
    """Make the sum of pixels in lanes of one type."""

    @intrinsic(prefer_literal=True)
    def operation(context: Any, array: Any, x: Any, loop: Any, text: Any, *rows: Any) -> Any:
        parts = read(text.literal_value)

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            starts = cgutils.unpack_tuple(builder, args[4])
            twice = builder.shl(args[1], ir.Constant(args[1].type, 1))
            kind = context.get_value_type(lane)
            sums = [[_Sum(builder, kind, part) for _ in (0, 1)] for part in parts]
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
            return context.make_tuple(
                builder, signature.return_type, [sum_.total() for pair in sums for sum_ in pair]
            )

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
            totals = []
            for phase in range(len(firsts)):
                sum_ = _Sum(builder, kind, part)
                for term in part:
                    index, start = divmod(term.col + phase, len(firsts))
                    at = builder.add(firsts[start], ir.Constant(args[1].type, index))
                    value = load_value(context, builder, array, args[0], at, loop.literal_value)
                    sum_.add(term.weight, value if value.type == kind else builder.zext(value, kind))
                totals.append(sum_.total())
            return context.make_tuple(builder, signature.return_type, totals)

        kinds = types.UniTuple(result, len(starts))
        return kinds(array, x, loop, text, types.StarArgTuple.from_types(starts)), emit

    return operation


taps = _taps(types.uint16)
wide_taps = _taps(types.int32)
along = _along(None)
wide_along = _along(types.int32)
