"""Hypothesis strategies for images, kernels, operations, score rules and zones, shared by the tests of all rooms.

`images` and `kernels` draw every value freely and shrink well. The ``diverse_`` strategies draw, by a seed, from the
kinds of images and kernels that the compiler treats in different ways.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from livefilter.frame import Pixels
from livefilter.kernels import (
    BORDERS,
    NORMS,
    Blend,
    Border,
    Correlation,
    Gradient,
    Kernel,
    Lookup,
    Operation,
    ScoreRule,
    Unsharp,
    Zone,
    box,
    find_points_fault,
    gaussian,
    sobel,
)

_DIVISORS = (1, 2, 3, 6, 7, 10, 16, 100, 256, 1000, 12345, 65536, 999983)


def images(min_side: int = 1, max_side: int = 9) -> st.SearchStrategy[Pixels]:
    """Gray images, uint8, of any content; both sides from ``min_side`` to ``max_side`` pixels."""
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=min_side, max_side=max_side)
    return hnp.arrays(np.uint8, shapes)


def borders() -> st.SearchStrategy[Border]:
    """All borders."""
    return st.sampled_from(BORDERS)


@st.composite
def kernels(draw: st.DrawFn, *, max_side: int = 5, divisors: tuple[int, ...] = (1,), max_offset: int = 0) -> Kernel:
    """Kernels of whole weights from -9 to 9, any anchor, one of the divisors, offsets up to ``max_offset``."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=max_side))
    weights = draw(hnp.arrays(np.int64, shape, elements=st.integers(-9, 9)))
    return Kernel(
        weights,
        divisor=draw(st.sampled_from(divisors)),
        offset=draw(st.integers(-max_offset, max_offset)),
        anchor=draw(_anchors(shape)),
    )


@st.composite
def real_kernels(draw: st.DrawFn, *, max_side: int = 5) -> Kernel:
    """Kernels of whole numbers, floats and fractions from -50 to 50, with any anchor, divisor and offset."""
    cols = draw(st.integers(1, max_side))
    weight = st.integers(-50, 50) | st.floats(-50, 50, width=32) | st.fractions(-50, 50, max_denominator=99)
    row = st.lists(weight, min_size=cols, max_size=cols)
    weights = draw(st.lists(row, min_size=1, max_size=max_side))
    divisors: list[float | Fraction] = [1, 2, -3, 0.1, 0.3, 16, 256, Fraction(7, 3)]
    return Kernel(
        weights,
        divisor=draw(st.sampled_from(divisors)),
        offset=draw(st.integers(-300, 300) | st.just(0.5)),
        anchor=draw(_anchors((len(weights), cols))),
    )


@st.composite
def diverse_images(draw: st.DrawFn, *, max_side: int = 24, wide_cols: tuple[int, int] | None = None) -> Pixels:
    """Gray images, uint8: black, white, checkerboards, noise, or only black and white pixels.

    Args:
        draw: Hypothesis gives it.
        max_side: Longest side, in pixels.
        wide_cols: A second range of widths (smallest, largest), as likely as the first.
    """
    cols = st.integers(1, max_side)
    if wide_cols is not None:
        cols = st.one_of(cols, st.integers(*wide_cols))
    shape = draw(st.tuples(st.integers(1, max_side), cols))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    kind = draw(st.sampled_from(["black", "white", "checkerboard", "noise", "extremes"]))
    match kind:
        case "black" | "white":
            return np.full(shape, 255 * (kind == "white"), dtype=np.uint8)
        case "checkerboard":
            return np.asarray(np.indices(shape).sum(axis=0) % 2 * 255, dtype=np.uint8)
        case "noise":
            return rng.integers(0, 256, shape, dtype=np.uint8)
        case _:
            return rng.choice(np.array([0, 255], dtype=np.uint8), shape)


@st.composite
def diverse_weights(draw: st.DrawFn, max_side: int) -> list[list[float]]:
    """Rows of weights: small, large, positive, fractions, sparse, symmetric, separable, or all equal."""
    shape = rows, cols = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    weights: np.ndarray[Any, Any]
    match draw(st.sampled_from(["small", "large", "positive", "fractions", "sparse", "mirrored", "separable", "box"])):
        case "small":
            weights = rng.integers(-3, 4, shape)
        case "large":
            weights = rng.integers(-500, 501, shape)
        case "positive":
            weights = rng.integers(0, 12, shape)
        case "fractions":
            weights = rng.uniform(-1, 1, shape)
        case "sparse":
            weights = rng.integers(-9, 10, shape) * (rng.random(shape) < 0.15)
        case "mirrored":
            weights = rng.integers(-5, 6, shape)
            weights = weights + weights[::-1, ::-1]
        case "separable":
            weights = np.outer(rng.integers(-6, 9, rows), rng.integers(-6, 9, cols))
        case _:
            weights = np.ones(shape, dtype=np.int64)
    return weights.tolist()


@st.composite
def diverse_kernels(draw: st.DrawFn, *, max_side: int = 7, with_offset: bool = True) -> Kernel:
    """Kernels of `diverse_weights` with divisors, offsets and anchors."""
    weights = draw(diverse_weights(max_side))
    anchor = draw(st.tuples(st.integers(0, len(weights) - 1), st.integers(0, len(weights[0]) - 1)))
    offsets = [Fraction(doubled, 2) for doubled in (0, 0, 256, -14, 1, 2000)] if with_offset else [Fraction(0)]
    return Kernel(
        weights, divisor=draw(st.sampled_from(_DIVISORS)), offset=draw(st.sampled_from(offsets)), anchor=anchor
    )


def operations() -> st.SearchStrategy[Operation]:
    """Every operation, with every setting."""
    without_offset = diverse_kernels(max_side=5, with_offset=False)
    return st.one_of(
        st.builds(Correlation, diverse_kernels(), borders(), st.booleans()),
        st.builds(Correlation, st.sampled_from([gaussian(1), gaussian(size=9), box(4), box(9, 2)]), borders()),
        st.builds(Gradient, without_offset, without_offset, st.sampled_from(NORMS), borders()),
        st.builds(Gradient, st.just(sobel(1)), st.just(sobel(0)), st.sampled_from(NORMS), borders()),
        st.builds(
            Unsharp,
            diverse_kernels(max_side=5),
            st.fractions(-3, 3, max_denominator=1000),
            st.sampled_from([0, 1, 9, 300]),
            borders(),
        ),
        st.builds(Lookup, st.binary(min_size=256, max_size=256)),
        st.builds(Blend, st.fractions(0, 1, max_denominator=300)),
    )


@st.composite
def score_rules(draw: st.DrawFn) -> ScoreRule:
    """The default rule with any threshold, and rules with kernels of other sizes and weights that need 32 bits."""
    threshold = draw(st.fractions(0, 1, max_denominator=20))
    if draw(st.booleans()):
        return ScoreRule(threshold=threshold)
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    scale = draw(st.sampled_from([1, 3, 4000]))
    pair = []
    for seed in draw(st.tuples(st.integers(0, 99), st.integers(0, 99))):
        weights = np.random.default_rng(seed).integers(-3, 4, shape) * scale
        weights[0, 0] = scale
        pair.append(Kernel(weights))
    return ScoreRule(pair[0], pair[1], threshold)


def zones() -> st.SearchStrategy[Zone]:
    """Zones of 3 to 6 corners on a grid of twelfths, so that edges often run through the centres of pixels."""
    coordinates = st.integers(0, 12).map(lambda value: value / 12)
    points = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=6, unique=True)
    return points.filter(lambda corners: find_points_fault(corners) is None).map(
        lambda corners: Zone("zone", tuple(corners))
    )


def _anchors(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, int] | None]:
    """No anchor, or any inside a kernel."""
    return st.none() | st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1))
