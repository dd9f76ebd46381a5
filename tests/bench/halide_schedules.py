"""Halide with hand-written schedules: strips of rows, vectors of columns, separable passes, sliding windows.

A chain is one pipeline. Only the frame has a border rule: beyond it, a stage computes what the rule would repeat, as
long as kernels are symmetric; the benchmark compares the images in any case. Scores are a separate pipeline, since
Halide cannot reduce a frame in the loop that filters it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefilter.bench import Job, Run
from livefilter.errors import MissingPackageError
from livefilter.frame import Pixels
from livefilter.kernels import Blend, Correlation, Gradient, Kernel, Lookup, Operation, ScoreRule, ScoreSums, Unsharp

_STRIP = 32
"""Rows of a strip."""
_SCORE_LANES = 64
_BYTES, _WORDS = 64, 32
"""Columns of a vector of 16-bit and of 32-bit sums."""


def halide_competitor(job: Job, image: Pixels) -> Iterator[tuple[str, Run]]:
    """Yield Halide's name and its function for a job, or nothing if no schedule is written for it."""
    if has_schedule(job):
        yield "Halide", halide_run(job, image)


def has_schedule(job: Job) -> bool:
    """Return whether schedules are written for a job.

    None are for norms other than l1, borders other than the default, absolute values, and windows on point operations.
    """
    return all(map(_is_supported, job.operations)) and not any(
        isinstance(before, Lookup | Blend) and not isinstance(after, Lookup | Blend)
        for before, after in pairwise(job.operations)
    )


def halide_run(job: Job, image: Pixels) -> Run:
    """Return a function that does a job with Halide.

    Args:
        job: A job that has schedules.
        image: uint8 image of the size to compile for.

    Raises:
        MissingPackageError: Halide is not installed.
    """
    try:
        import halide as hl
    except ModuleNotFoundError as error:
        raise MissingPackageError("halide: is not installed; on Python 3.13 or earlier, pip install halide") from error

    source = hl.ImageParam(hl.UInt(8), 2)
    filtered = _Pipeline(hl, source, image.shape, job.operations) if job.operations else None
    scores = _scores(hl, source, image.shape, job.rule) if job.rule else None
    rows, cols = image.shape

    def run(picture: Pixels, out: Pixels) -> ScoreSums | None:
        source.set(hl.Buffer(picture))
        if filtered is not None:
            filtered.fill(hl.Buffer(out))
        if scores is None or job.rule is None:
            return None
        height, width = job.rule.horizontal.shape
        windows = (rows - height + 1) * (cols - width + 1)
        horizontal, vertical, dense = (int(np.asarray(one).sum()) for one in scores.realize([rows - height + 1]))
        return ScoreSums(horizontal, vertical, dense, windows)

    return run


def _is_supported(operation: Operation) -> bool:
    match operation:
        case Gradient(_, _, norm, border):
            return norm == "l1" and border == "reflect_101"
        case Correlation(_, border, absolute):
            return border == "reflect_101" and not absolute
        case Unsharp(border=border):
            return border == "reflect_101"
        case _:
            return True


class _Pipeline:
    """A Halide pipeline and the memory that it reads."""

    def __init__(self, hl: Any, source: Any, shape: tuple[int, ...], operations: Iterable[Operation]) -> None:
        rows, cols = shape
        self._hl = hl
        self._x, self._y, self._strip, self._row = (hl.Var(name) for name in ("x", "y", "strip", "row"))
        # Rows with their border, computed once for a strip: checking the border in each tap takes 4 to 8 times as long.
        self._source = hl.Func("source")
        self._source[self._x, self._y] = hl.BoundaryConditions.mirror_interior(source, [(0, cols), (0, rows)])[
            self._x, self._y
        ]
        self._inner: list[tuple[Any, int]] = []
        self._tables: list[Pixels] = []
        self._result = self._compiled(operations)

    def fill(self, out: Any) -> None:
        """Filter the image that the source is set to."""
        self._result.realize(out)

    def _compiled(self, operations: Iterable[Operation]) -> Any:
        x, y = self._x, self._y
        current = self._source
        stages: list[Any] = []
        width = _BYTES
        for at, operation in enumerate(operations):
            expression, width = self._expression(operation, current)
            current = self._hl.Func(f"stage{at}")
            current[x, y] = self._hl.cast(self._hl.UInt(8), expression)
            stages.append((current, width, isinstance(operation, Lookup | Blend)))
        result = stages.pop()[0]
        result.split(y, self._strip, self._row, _STRIP).vectorize(x, width)
        for stage, lanes, is_point in stages:
            if not is_point:  # Point operations are fastest inlined.
                stage.store_at(result, self._strip).compute_at(result, self._row).vectorize(x, lanes)
        for columns, lanes in self._inner:
            columns.compute_at(result, self._row).vectorize(x, lanes)
        self._source.store_at(result, self._strip).compute_at(result, self._row).vectorize(x, _BYTES)
        result.compile_jit()
        return result

    def _expression(self, operation: Operation, picture: Any) -> tuple[Any, int]:
        hl, x, y = self._hl, self._x, self._y
        match operation:
            case Correlation(kernel):
                total, width = self._sum(kernel, picture)
                return self._byte(total + kernel.integer_offset, kernel.integer_divisor), width
            case Gradient(across, down):
                (first, width), (second, other) = (self._sum(kernel, picture) for kernel in (across, down))
                length = hl.abs(first) + hl.abs(second)  # Unsigned, and wide enough for the sum of both.
                return hl.min(hl.cast(hl.Int(32), length) / across.integer_divisor, 255), min(width, other)
            case Unsharp(kernel, amount, threshold):
                total, _ = self._sum(kernel, picture)
                centre = hl.cast(hl.Int(32), picture[x, y])
                difference = centre - hl.cast(hl.Int(32), self._byte(total, kernel.integer_divisor))
                sharp = centre * amount.denominator + difference * amount.numerator
                raised = self._byte(sharp, amount.denominator)
                return hl.select(hl.abs(difference) < threshold, centre, raised), _WORDS
            case Lookup(table):
                self._tables.append(np.frombuffer(table, dtype=np.uint8).copy())  # Halide holds no reference to it.
                levels = hl.Buffer(self._tables[-1])
                return levels[hl.cast(hl.Int(32), picture[x, y])], _WORDS
            case Blend(weight):
                kept, rest = weight.numerator, weight.denominator - weight.numerator
                mixed = hl.cast(hl.Int(32), self._source[x, y]) * kept + hl.cast(hl.Int(32), picture[x, y]) * rest
                return self._byte(mixed, weight.denominator), _WORDS

    def _byte(self, value: Any, divisor: int) -> Any:
        hl = self._hl
        if divisor == 1:
            return hl.clamp(value, 0, 255)
        return hl.clamp((hl.cast(hl.Int(32), value) + divisor // 2) / divisor, 0, 255)

    def _sum(self, kernel: Kernel, picture: Any) -> tuple[Any, int]:
        """Return the weighted sum as an expression, and the vector width in columns."""
        hl, x, y = self._hl, self._x, self._y
        lane = _lane(hl, kernel.integers)
        width = _BYTES if lane.bits() == 16 else _WORDS
        row, col = kernel.origin
        factors = _integer_factors(kernel)

        def weighted(lane: Any, taps: Iterable[tuple[Any, Any]]) -> Any:
            terms = (hl.cast(lane, int(weight)) * hl.cast(lane, value) for weight, value in taps if weight)
            return sum(terms, hl.cast(lane, 0))

        if factors is None:
            taps = np.ndenumerate(kernel.integers)
            return weighted(lane, [(weight, picture[x + j - col, y + i - row]) for (i, j), weight in taps]), width
        column, line = factors
        narrow = _lane(hl, np.array(column))
        columns = hl.Func("columns")
        columns[x, y] = weighted(narrow, [(weight, picture[x, y + i - row]) for i, weight in enumerate(column)])
        self._inner.append((columns, _BYTES if narrow.bits() == 16 else _WORDS))
        return weighted(lane, [(weight, columns[x + j - col, y]) for j, weight in enumerate(line)]), width


def _lane(hl: Any, weights: NDArray[np.int64]) -> Any:
    """Return the narrowest type that holds every sum of pixels times these weights."""
    if 255 * int(np.abs(weights).sum()) < 1 << 15:
        return hl.Int(16)
    is_unsigned = bool((weights >= 0).all()) and 255 * int(weights.sum()) < 1 << 16
    return hl.UInt(16) if is_unsigned else hl.Int(32)


def _scores(hl: Any, source: Any, shape: tuple[int, ...], rule: ScoreRule) -> Any:
    """Return the function of three sums for each row of windows: both absolute responses and the dense windows."""
    rows, cols = shape
    width = rule.horizontal.shape[1]
    row, lane = hl.Var("row"), hl.Var("lane")
    at = hl.RDom([(0, cols)])
    bounded = hl.BoundaryConditions.repeat_edge(source, [(0, cols), (0, rows)])

    def response(kernel: Kernel) -> Any:
        terms = [
            hl.cast(hl.Int(16), int(weight)) * hl.cast(hl.Int(16), bounded[at.x + j, row + i])
            for (i, j), weight in np.ndenumerate(kernel.integers)
            if weight
        ]
        return hl.abs(sum(terms[1:], terms[0]))

    strengths = [response(kernel) for kernel in (rule.horizontal, rule.vertical)]
    dense = [hl.cast(hl.UInt(32), one >= limit) for one, limit in zip(strengths, rule.limits, strict=True)]
    inside = hl.cast(hl.UInt(32), at.x <= cols - width)
    found = [hl.cast(hl.UInt(32), one) * inside for one in strengths] + [(dense[0] | dense[1]) * inside]
    sums = hl.Func("sums")
    zero = hl.cast(hl.UInt(32), 0)
    sums[row] = (zero, zero, zero)
    sums[row] = tuple(sums[row][k] + found[k] for k in range(3))
    outer, inner = hl.RVar("outer"), hl.RVar("inner")
    sums.update().split(at.x, outer, inner, _SCORE_LANES)
    parts = sums.update().rfactor(inner, lane)
    parts.compute_at(sums, row).vectorize(lane)
    parts.update().reorder(lane, outer).vectorize(lane)
    sums.compile_jit()
    return sums


def _integer_factors(kernel: Kernel) -> tuple[list[int], list[int]] | None:
    """Return the integer column and row factors of a kernel of rank 1; None for another rank."""
    weights = kernel.integers
    if min(weights.shape) == 1:
        return None
    i, j = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    line = weights[i] // np.gcd.reduce(weights[i])
    column = weights[:, j] // line[j] if line[j] else weights[:, j]
    return (column.tolist(), line.tolist()) if np.array_equal(np.outer(column, line), weights) else None
