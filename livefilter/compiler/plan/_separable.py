"""Exact factorisation of separable kernels: one column of weights times one row of weights."""

from __future__ import annotations

import math

import numpy as np

from livefilter.compiler.plan._intervals import Integers


def rank(weights: Integers) -> int:
    """Return the rank, computed exactly (fraction-free elimination, Bareiss 1968)."""
    rows = [[int(value) for value in row] for row in weights]
    result, previous = 0, 1
    for col in range(len(rows[0])):
        pivot = next((i for i in range(result, len(rows)) if rows[i][col]), None)
        if pivot is None:
            continue
        rows[result], rows[pivot] = rows[pivot], rows[result]
        head = rows[result]
        for i in range(result + 1, len(rows)):
            rows[i] = [(head[col] * a - rows[i][col] * b) // previous for a, b in zip(rows[i], head, strict=True)]
        previous = head[col]
        result += 1
        if result == len(rows):
            break
    return result


def factor_rank_one(weights: Integers) -> tuple[Integers, Integers] | None:
    """Return integer vectors (column, row) whose outer product is ``weights``, or None if it has another rank than 1.

    The common factor goes to the row: columns are summed first, and their sums should stay in narrow lanes.
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
