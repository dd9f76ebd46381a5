"""Operations with a loop of their own: the columns beside a row that a border repeats, and exact totals of counters."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from livefilter.compiler.lanes import _memory

# Numba resolves globals by type, and ``load`` is no callable to mypy.
load: Any = _memory.load
store: Any = _memory.store


@register_jitable
def reduce_sum(array, start, count):  # type: ignore[no-untyped-def]
    """Return the exact sum of ``count`` values."""
    result = np.int64(0)
    for at in range(start, start + count):
        result += np.int64(array[at])
    return result


@register_jitable
def fill_border_columns(ring, row, cols, left, right, border_columns, first):  # type: ignore[no-untyped-def]
    """Fill the columns left and right of a row in a ring with those that the border repeats, or with zeros."""
    for at in range(left + right):
        source = load(border_columns, first, at, 0)
        target = at if at < left else cols + at
        store(ring, row, target, load(ring, row + left, source, 0) if source >= 0 else np.uint8(0), 0)


@register_jitable
def fill_halo_columns(halo, pitch, count, cols, left, right, border_columns):  # type: ignore[no-untyped-def]
    """Fill the columns left and right of halo rows with those that the border repeats."""
    for at in range(left + right):
        source = left + load(border_columns, 0, at, 0)
        target = at if at < left else cols + at
        for row in range(0, count * pitch, pitch):
            store(halo, row, target, load(halo, row, source, 0), 0)
