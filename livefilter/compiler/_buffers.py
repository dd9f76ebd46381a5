"""The memory that a sweep works in: rings, planes, and tables of where rows and columns lie.

Borders are data, not code: the tables say which row stands for one outside of the frame, so one compiled function
serves every size, and all borders with which the frame is read in place, or all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._abi import Argument, Function
from livefilter.compiler.emit._pass import ARGUMENTS, COPIED_AHEAD, FRAMES, STRIP, Code
from livefilter.compiler.plan._plan import Pass, Stage
from livefilter.kernels import OUTSIDE, border_indices

_ALIGNMENT = 128
_SLACK = 132
"""Columns behind the last one that loops may read or write, in pairs of pixels."""
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Where things lie for frames of one shape; shared by all strips.

    Attributes:
        shape: Of the result.
        in_cols: Of the frame.
        stride: Bytes from one ring row to the next.
        plane: Sums in a row of them.
        spill: Results that are held aside: two rows, then those of a batch of side rows.
        layout: Of the side rows, if there are any.
        sides: Bytes of a batch of them, and of as many zeros behind it.
        sources: For each row that the first window sees, the frame's row, or OUTSIDE.
        windows: For each stage and each row that its window sees, where in the ring it starts. If the frame is read in
            place, the first line has where in the frame the first window's rows start, the second where side rows do.
        margins: For each stage, one behind the other, and each column left and right of the rows that its window sees,
            the column that it repeats, or OUTSIDE.
    """

    shape: Shape
    in_cols: int
    stride: int
    plane: int
    spill: int
    layout: NDArray[np.int64]
    sides: int
    sources: NDArray[np.int64]
    windows: NDArray[np.int64]
    margins: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.sources.nbytes + self.windows.nbytes + self.margins.nbytes


def make_tables(sweep: Pass, code: Code, shape: Shape) -> Tables:
    """Make the tables for frames of a shape."""
    rows, cols = out_shape(sweep, shape)
    widest = max((stage.width for stage in sweep.stages), default=1)
    widest = max(widest, sweep.rule.horizontal.shape[1] if sweep.rule else 1)
    # A page's offset between rows would make their loads wait for stores to other rows (4K aliasing).
    stride = _whole_lines(shape[1] + widest + _SLACK)
    if stride % 4096 == 0:
        stride += _ALIGNMENT
    stages = sweep.stages
    sides = sweep.sides
    layout = sides.layout(cols) if sides else None
    seats = sides.seats(layout) if sides and layout else []
    batch = _whole_lines(max(seats) + layout.side_pitch + widest + _SLACK) if layout else 0  # Bytes of side rows.
    tallest = max((stage.height for stage in stages), default=1)
    windows = np.zeros((max(len(stages), 1), max(rows + tallest - 1, len(seats))), dtype=np.int64)
    sources = np.arange(rows, dtype=np.int64)
    margins = np.zeros(sweep.margins_before(len(stages)), dtype=np.int64)
    for at, stage in enumerate(stages[1:], start=1):
        seen = np.arange(rows + stage.height - 1)
        real = seen if sweep.is_valid else _rows(stage, rows)
        if at == 1 and seats:
            windows[0, : len(seen)] = real * cols
            windows[1, : len(seats)] = seats
        elif at == 1:
            sources = np.asarray(real, dtype=np.int64)
            windows[1, : len(seen)] = (code.ring_starts[1] + seen % code.ring_rows[1]) * stride
        else:
            slots = np.where(real == OUTSIDE, code.ring_rows[at], real % code.ring_rows[at])
            windows[at, : len(seen)] = (code.ring_starts[at] + slots) * stride
        if not sweep.is_valid:
            repeated = border_indices(cols, stage.left, stage.right, stage.border)
            beyond = np.concatenate((repeated[: stage.left], repeated[stage.left + cols :]))
            if at == 1 and layout:
                beyond[beyond >= cols // 2] -= cols - layout.side_cols
            before = sweep.margins_before(at)
            margins[before : before + len(beyond)] = beyond
    longest = max(stride, batch)
    return Tables(
        shape=(rows, cols),
        in_cols=shape[1],
        stride=stride,
        plane=longest // 2,
        spill=2 * stride + batch,
        layout=np.array(layout or (0,), dtype=np.int64),
        sides=2 * longest if layout else 0,
        sources=sources,
        windows=windows,
        margins=margins,
    )


def out_shape(sweep: Pass, shape: Shape) -> Shape:
    """Return the shape of a sweep's result."""
    if not sweep.is_valid:
        return shape
    stage = sweep.stages[1]
    return shape[0] - stage.height + 1, shape[1] - stage.width + 1


def strip_arguments(sweep: Pass, first: int, last: int, rows: int) -> tuple[Argument, ...]:
    """Return the arguments for a strip of the result, rows ``first`` to ``last``.

    The third has (from, to, lead) of each stage, one behind the other. At turn t of the sweep a stage makes row
    t + lead if from <= t < to: it runs ahead of those that need its rows.
    """
    bounds = np.zeros((max(len(sweep.stages), 1), 3), dtype=np.int64)
    low, high, lead = first, last, 0
    for at in range(len(sweep.stages) - 1, -1, -1):
        bounds[at] = low - lead, high - lead, lead
        stage = sweep.stages[at]
        if at == 1:  # The copy makes the rows that the first window sees, those outside of the frame too.
            high, lead = high + stage.height - 1, lead + stage.height - 1 + COPIED_AHEAD
        else:
            low, high, lead = max(low - stage.reach, 0), min(high + stage.reach, rows), lead + stage.reach
    return first, last, bounds


def _whole_lines(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _rows(stage: Stage, rows: int) -> NDArray[np.intp]:
    return border_indices(rows, stage.above, stage.below, stage.border)


class Scratch:
    """What one thread writes to on its way, rings of rows and planes of sums, and the call that makes a strip.

    Attributes:
        call: Its first arguments are those of FRAMES and STRIP, not given yet.
        sums: What the score has counted is added to them.
    """

    def __init__(self, sweep: Pass, code: Code, function: Function, tables: Tables) -> None:
        plane = tables.plane
        rows, cols = tables.shape
        self.sides = _aligned(tables.sides, np.dtype(np.uint8))
        self.ring = _aligned(code.total_rows * tables.stride, np.dtype(np.uint8))
        self.words = _aligned(code.planes["words"] * plane, np.dtype(np.uint16))
        self.ints = _aligned(code.planes["ints"] * plane, np.dtype(np.int32))
        self.singles = _aligned(code.planes["singles"] * plane, np.dtype(np.float32))
        self.spill = _aligned(tables.spill, np.dtype(sweep.output))
        self.sums = np.zeros(3, dtype=np.int64)
        given: dict[str, Argument] = {
            **dict.fromkeys((*FRAMES, *STRIP), 0),
            "spill": self.spill,
            "rows": rows,
            "cols": cols,
            "in_cols": tables.in_cols,
            "stride": tables.stride,
            "plane": plane,
            "sources": tables.sources,
            "windows": tables.windows.reshape(-1),
            "span": tables.windows.shape[1],
            "margins": tables.margins,
            "layout": tables.layout,
            "sides": self.sides,
            "ring": self.ring,
            "words": self.words,
            "ints": self.ints,
            "singles": self.singles,
            "levels": code.levels,
            "weights": code.weights,
            "sums": self.sums,
        }
        self.call = function([given[name] for name, _ in ARGUMENTS])

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return sum(array.nbytes for array in (self.sides, self.ring, self.words, self.ints, self.singles, self.spill))


def _aligned(size: int, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Return zeros that start on a cache line: a vector that straddles two costs two accesses."""
    size = max(size, 1)
    memory = np.zeros(size * dtype.itemsize + 64, dtype=np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size * dtype.itemsize].view(dtype)
