"""Factorisation of separable kernels and rank are exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livefilter.compiler.plan import factor_rank_one, rank
from livefilter.kernels import gaussian

sides = st.integers(1, 9)
seeds = st.integers(0, 10_000)


@given(rows=sides, cols=sides, seed=seeds, scale=st.integers(1, 1000))
def test_a_column_times_a_row_is_factored(rows: int, cols: int, seed: int, scale: int) -> None:
    """The outer product of the factors is the weights, exactly."""
    rng = np.random.default_rng(seed)
    weights = np.outer(rng.integers(-9, 10, rows), rng.integers(-9, 10, cols)) * scale
    factors = factor_rank_one(weights)
    if weights.any():
        assert factors is not None
        assert np.array_equal(np.outer(*factors), weights)
    else:
        assert factors is None


@given(rows=sides, cols=sides, seed=seeds)
def test_the_rank_is_that_of_exact_arithmetic(rows: int, cols: int, seed: int) -> None:
    """NumPy's rank, where the weights are small enough for floats to be reliable."""
    rng = np.random.default_rng(seed)
    factor = rng.integers(1, 4)
    weights = rng.integers(-3, 4, (rows, factor)) @ rng.integers(-3, 4, (factor, cols))
    assert rank(weights) == np.linalg.matrix_rank(weights.astype(float))


def test_one_changed_weight_is_not_separable() -> None:
    """A product that differs in one weight has rank 2."""
    weights = gaussian(size=7).integers.copy()
    assert factor_rank_one(weights) is not None
    weights[6, 6] += 1
    assert factor_rank_one(weights) is None
    assert rank(weights) == 2
