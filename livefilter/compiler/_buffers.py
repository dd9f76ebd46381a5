"""Memory of a pass: rings of rows, rows of sums, and tables of where rows and columns are stored.

Borders are data, not code: the tables say which row or column replaces one outside the frame. So one compiled
function serves every frame size and one of two groups of borders: those with which the frame is read in place, and the
rest.
``livefilter.compiler.plan`` (``_halo``) has the overview of how borders are handled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefilter.compiler._abi import Argument, Function
from livefilter.compiler.emit import ARGUMENTS, FRAME_ARGS, ROWS_COPIED_AHEAD, TILE_ARGS, GeneratedPass
from livefilter.compiler.plan import Pass, Stage
from livefilter.kernels import OUTSIDE, border_indices

_ALIGNMENT = 128
_PADDING = 132
"""Columns after the last one that loops may read or write, in pairs of pixels."""
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class AddressTables:
    """Where rows and columns are stored, for frames of one shape; shared by all threads.

    Attributes:
        shape: Shape of the result.
        in_cols: Columns of the input frame.
        stride: Bytes from one ring row to the next.
        sum_row_size: Sums in a row of sums.
        scratch: Size of the scratch memory for results: two rows, then the results of a batch of halo rows.
        halo_layout: The HaloLayout, if the frame is read in place.
        halo: Bytes of a batch of halo rows, and of as many zeros after it.
        source_rows: For each row that the first window reads, the row of the frame, or OUTSIDE.
        window_offsets: For each stage and each row that its window reads, its offset in the ring. If the frame is read
            in place, row 0 has the offsets in the frame of the first window's rows, and row 1 those of halo rows.
        border_columns: For each stage, one after the other, and each column left and right of the rows that its window
            reads, the column that it repeats, or OUTSIDE.
    """

    shape: Shape
    in_cols: int
    stride: int
    sum_row_size: int
    scratch: int
    halo_layout: NDArray[np.int64]
    halo: int
    source_rows: NDArray[np.int64]
    window_offsets: NDArray[np.int64]
    border_columns: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.source_rows.nbytes + self.window_offsets.nbytes + self.border_columns.nbytes


def make_address_tables(pass_: Pass, code: GeneratedPass, shape: Shape) -> AddressTables:
    """Compute the tables for frames of a shape. This is where border modes become addresses."""
    rows, cols = output_shape(pass_, shape)
    max_width = max((stage.width for stage in pass_.stages), default=1)
    max_width = max(max_width, pass_.rule.horizontal.shape[1] if pass_.rule else 1)
    # With a stride of whole pages, loads of a row would wait for stores to other rows (4K aliasing).
    stride = _align(shape[1] + max_width + _PADDING)
    if stride % 4096 == 0:
        stride += _ALIGNMENT
    stages = pass_.stages
    halo = pass_.halo
    layout = halo.layout(cols) if halo else None
    halo_offsets = halo.row_offsets(layout) if halo and layout else []
    halo_size = _align(max(halo_offsets) + layout.halo_pitch + max_width + _PADDING) if layout else 0
    max_height = max((stage.height for stage in stages), default=1)
    offsets = np.zeros((max(len(stages), 1), max(rows + max_height - 1, len(halo_offsets))), dtype=np.int64)
    source_rows = np.arange(rows, dtype=np.int64)
    columns = np.zeros(pass_.border_columns_before(len(stages)), dtype=np.int64)
    for at, stage in enumerate(stages[1:], start=1):
        indices = np.arange(rows + stage.height - 1)
        input_rows = indices if pass_.is_valid else _border_rows(stage, rows)
        if at == 1 and halo_offsets:
            offsets[0, : len(indices)] = input_rows * cols
            offsets[1, : len(halo_offsets)] = halo_offsets
        elif at == 1:
            source_rows = np.asarray(input_rows, dtype=np.int64)
            offsets[1, : len(indices)] = (code.ring_starts[1] + indices % code.ring_rows[1]) * stride
        else:
            # The row of zeros after the ring replaces rows outside the frame.
            ring_rows = np.where(input_rows == OUTSIDE, code.ring_rows[at], input_rows % code.ring_rows[at])
            offsets[at, : len(indices)] = (code.ring_starts[at] + ring_rows) * stride
        if not pass_.is_valid:
            repeated = border_indices(cols, stage.left, stage.right, stage.border)
            outer = np.concatenate((repeated[: stage.left], repeated[stage.left + cols :]))
            if at == 1 and layout:
                outer[outer >= cols // 2] -= cols - layout.halo_cols
            before = pass_.border_columns_before(at)
            columns[before : before + len(outer)] = outer
    max_row = max(stride, halo_size)
    return AddressTables(
        shape=(rows, cols),
        in_cols=shape[1],
        stride=stride,
        sum_row_size=max_row // 2,
        scratch=2 * stride + halo_size,
        halo_layout=np.array(layout or (0,), dtype=np.int64),
        halo=2 * max_row if layout else 0,
        source_rows=source_rows,
        window_offsets=offsets,
        border_columns=columns,
    )


def output_shape(pass_: Pass, shape: Shape) -> Shape:
    """Return the shape of a pass's result."""
    if not pass_.is_valid:
        return shape
    stage = pass_.stages[1]
    return shape[0] - stage.height + 1, shape[1] - stage.width + 1


def tile_args(pass_: Pass, first: int, last: int, rows: int) -> tuple[Argument, ...]:
    """Return the arguments TILE_ARGS for a tile of the result, rows ``first`` to ``last`` (exclusive).

    The third, ``stage_bounds``, has (from, to, lead) of each stage, one after the other. At step t of the pass, a stage
    computes row t + lead if from <= t < to: it runs ahead of the stages that need its rows.
    """
    bounds = np.zeros((max(len(pass_.stages), 1), 3), dtype=np.int64)
    low, high, lead = first, last, 0
    for at in range(len(pass_.stages) - 1, -1, -1):
        bounds[at] = low - lead, high - lead, lead
        stage = pass_.stages[at]
        if at == 1:  # The copy provides all rows that the first window reads, including those outside the frame.
            high, lead = high + stage.height - 1, lead + stage.height - 1 + ROWS_COPIED_AHEAD
        else:
            halo = stage.row_halo
            low, high, lead = max(low - halo, 0), min(high + halo, rows), lead + halo
    return first, last, bounds


def _align(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _border_rows(stage: Stage, rows: int) -> NDArray[np.intp]:
    return border_indices(rows, stage.above, stage.below, stage.border)


class ScratchBuffers:
    """The memory that one thread writes to, rings of rows and rows of sums, and the call that computes a tile.

    Attributes:
        call: Its first arguments, FRAME_ARGS and TILE_ARGS, are not set yet.
        score_sums: The call adds what the score counts to them.
    """

    def __init__(self, pass_: Pass, code: GeneratedPass, function: Function, tables: AddressTables) -> None:
        sum_row_size = tables.sum_row_size
        rows, cols = tables.shape
        self.halo = _zeros_aligned(tables.halo, np.dtype(np.uint8))
        self.ring = _zeros_aligned(code.total_rows * tables.stride, np.dtype(np.uint8))
        self.u16 = _zeros_aligned(code.sum_rows["u16"] * sum_row_size, np.dtype(np.uint16))
        self.i32 = _zeros_aligned(code.sum_rows["i32"] * sum_row_size, np.dtype(np.int32))
        self.f32 = _zeros_aligned(code.sum_rows["f32"] * sum_row_size, np.dtype(np.float32))
        self.scratch = _zeros_aligned(tables.scratch, np.dtype(pass_.output))
        self.score_sums = np.zeros(3, dtype=np.int64)
        arguments: dict[str, Argument] = {
            **dict.fromkeys((*FRAME_ARGS, *TILE_ARGS), 0),
            "scratch": self.scratch,
            "rows": rows,
            "cols": cols,
            "in_cols": tables.in_cols,
            "stride": tables.stride,
            "sum_row_size": sum_row_size,
            "source_rows": tables.source_rows,
            "window_offsets": tables.window_offsets.reshape(-1),
            "window_pitch": tables.window_offsets.shape[1],
            "border_columns": tables.border_columns,
            "halo_layout": tables.halo_layout,
            "halo": self.halo,
            "ring": self.ring,
            "u16": self.u16,
            "i32": self.i32,
            "f32": self.f32,
            "luts": code.luts,
            "coefficients": code.coefficients,
            "score_sums": self.score_sums,
        }
        self.call = function([arguments[name] for name, _ in ARGUMENTS])

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return sum(array.nbytes for array in (self.halo, self.ring, self.u16, self.i32, self.f32, self.scratch))


def _zeros_aligned(size: int, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Return zeros that start on a cache line: a vector that straddles two costs two accesses."""
    size = max(size, 1)
    memory = np.zeros(size * dtype.itemsize + 64, dtype=np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size * dtype.itemsize].view(dtype)
