"""Exact factors of a kernel: one column of weights times one row of weights."""

from __future__ import annotations

import math

import numpy as np

from livefilter.compiler.plan._intervals import Integers


def rank(weights: Integers) -> int:
    """Return the rank, exactly (fraction-free elimination, Bareiss 1968)."""
    rows = [[int(value) for value in row] for row in weights]
    found, previous = 0, 1
    for col in range(len(rows[0])):
        pivot = next((i for i in range(found, len(rows)) if rows[i][col]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        head = rows[found]
        for i in range(found + 1, len(rows)):
            rows[i] = [(head[col] * a - rows[i][col] * b) // previous for a, b in zip(rows[i], head, strict=True)]
        previous = head[col]
        found += 1
        if found == len(rows):
            break
    return found


def separate(weights: Integers) -> tuple[Integers, Integers] | None:
    """Return (column, row) of whole numbers whose outer product is ``weights``, or None if there are none.

    The common factor goes to the row, because the column pass comes first and should stay narrow.
    """
    at = next((index for index, row in enumerate(weights) if row.any()), None)
    if at is None:
        return None
    row = weights[at] // math.gcd(*(int(value) for value in weights[at]))
    pivot = int(np.flatnonzero(row)[0])
    column = weights[:, pivot] // row[pivot]
    if not np.array_equal(np.outer(column, row), weights):
        return None
    common = math.gcd(*(int(value) for value in column))
    return column // common, row * common
