"""Hypothesis strategies for what livefilter works on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from livefilter.frame import Pixels
from livefilter.kernels import BORDERS, Border, Kernel


def images(min_side: int = 1, max_side: int = 9) -> st.SearchStrategy[Pixels]:
    """Gray pictures, uint8, of any content; both sides from ``min_side`` to ``max_side`` pixels."""
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=min_side, max_side=max_side)
    return hnp.arrays(np.uint8, shapes)


def borders() -> st.SearchStrategy[Border]:
    """All borders."""
    return st.sampled_from(BORDERS)


@st.composite
def kernels(draw: st.DrawFn, *, max_side: int = 5, divisors: tuple[int, ...] = (1,), largest_offset: int = 0) -> Kernel:
    """Kernels of whole weights from -9 to 9, any anchor; divisor and offset as given."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=max_side))
    weights = draw(hnp.arrays(np.int64, shape, elements=st.integers(-9, 9)))
    anchor = (draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1)))
    return Kernel(
        weights,
        divisor=draw(st.sampled_from(divisors)),
        offset=draw(st.integers(-largest_offset, largest_offset)),
        anchor=draw(st.sampled_from([None, anchor])),
    )
