"""Every schedule equals the reference: any strategy, lane type, fusion and tiling gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefilter.compiler import Chain
from livefilter.compiler.plan import (
    MIN_IN_PLACE_COLUMNS,
    CoefficientTable,
    Direct,
    RunningBox,
    Separable,
    choose_strategy,
)
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
    box,
    gaussian,
    reference,
    sobel,
)

pytestmark = pytest.mark.usefixtures("_many_tiles")
borders = st.sampled_from(BORDERS)
divisors = st.sampled_from([1, 2, 3, 6, 7, 10, 16, 100, 256, 1000, 12345, 65536, 999983])


@st.composite
def frames(draw: st.DrawFn, max_side: int = 24) -> Pixels:
    """Gray frames: flat, noise, checkerboards, only black and white; narrow ones, and ones that are read in place."""
    cols = st.one_of(st.integers(1, max_side), st.integers(MIN_IN_PLACE_COLUMNS - 2, MIN_IN_PLACE_COLUMNS + 70))
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
def weights(draw: st.DrawFn, max_side: int) -> list[list[float]]:
    """Weights of every kind: small, large, fractions, sparse, symmetric, separable, equal."""
    rows, cols = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    values: np.ndarray[Any, Any]
    match draw(st.sampled_from(["small", "large", "positive", "fractions", "sparse", "mirrored", "separable", "box"])):
        case "small":
            values = rng.integers(-3, 4, (rows, cols))
        case "large":
            values = rng.integers(-500, 501, (rows, cols))
        case "positive":
            values = rng.integers(0, 12, (rows, cols))
        case "fractions":
            values = rng.uniform(-1, 1, (rows, cols))
        case "sparse":
            values = rng.integers(-9, 10, (rows, cols)) * (rng.random((rows, cols)) < 0.15)
        case "mirrored":
            values = rng.integers(-5, 6, (rows, cols))
            values = values + values[::-1, ::-1]
        case "separable":
            values = np.outer(rng.integers(-6, 9, rows), rng.integers(-6, 9, cols))
        case _:
            values = np.ones((rows, cols), dtype=np.int64)
    return values.tolist()


@st.composite
def some_kernels(draw: st.DrawFn, max_side: int = 7, *, with_offset: bool = True) -> Kernel:
    """Kernels of any side up to ``max_side``, with divisors, offsets and anchors."""
    made = draw(weights(max_side))
    anchor = draw(st.tuples(st.integers(0, len(made) - 1), st.integers(0, len(made[0]) - 1)))
    offset: Fraction = (
        draw(st.sampled_from([Fraction(at, 2) for at in (0, 0, 256, -14, 1, 2000)])) if with_offset else Fraction(0)
    )
    return Kernel(made, divisor=draw(divisors), offset=offset, anchor=anchor)


def operations() -> st.SearchStrategy[Operation]:
    """Every operation, with every setting."""
    plain = some_kernels(5, with_offset=False)
    return st.one_of(
        st.builds(Correlation, some_kernels(), borders, st.booleans()),
        st.builds(Correlation, st.sampled_from([gaussian(1), gaussian(size=9), box(4), box(9, 2)]), borders),
        st.builds(Gradient, plain, plain, st.sampled_from(NORMS), borders),
        st.builds(Gradient, st.just(sobel(1)), st.just(sobel(0)), st.sampled_from(NORMS), borders),
        st.builds(
            Unsharp,
            some_kernels(5),
            st.fractions(-3, 3, max_denominator=1000),
            st.sampled_from([0, 1, 9, 300]),
            borders,
        ),
        st.builds(Lookup, st.binary(min_size=256, max_size=256)),
        st.builds(Blend, st.fractions(0, 1, max_denominator=300)),
    )


@st.composite
def rules(draw: st.DrawFn) -> ScoreRule:
    """The articles' rule, and rules with kernels of other sizes and weights that need 32 bits."""
    if draw(st.booleans()):
        return ScoreRule(threshold=draw(st.fractions(0, 1, max_denominator=20)))
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    scale = draw(st.sampled_from([1, 3, 4000]))
    kernels = []
    for seed in draw(st.tuples(st.integers(0, 99), st.integers(0, 99))):
        made = np.random.default_rng(seed).integers(-3, 4, shape) * scale
        made[0, 0] = scale
        kernels.append(Kernel(made))
    return ScoreRule(kernels[0], kernels[1], draw(st.fractions(0, 1, max_denominator=20)))


def assert_as_the_reference(chain: Chain, chosen: Sequence[Operation], rule: ScoreRule | None, image: Pixels) -> None:
    """Pixels and counts."""
    out = np.full_like(image, 77)
    sums = chain(image, out)
    expected = reference.apply_all(chosen, image)
    assert np.array_equal(out, expected), np.argwhere(out != expected)[:3]
    if rule is not None:
        assert sums == reference.score_sums(image, rule)


@settings(max_examples=250)
@given(chosen=st.lists(operations(), max_size=4), rule=rules(), image=frames(), threads=st.integers(1, 8))
def test_any_chain_is_the_reference(chosen: list[Operation], rule: ScoreRule, image: Pixels, threads: int) -> None:
    """Any operations in any order, fused, in any number of tiles, on any frame."""
    assert_as_the_reference(Chain(chosen, rule, threads=threads), chosen, rule, image)


@settings(max_examples=80)
@given(kernel=some_kernels(31), border=borders, image=frames(40), threads=st.integers(1, 3))
def test_kernels_of_any_size_are_the_reference(kernel: Kernel, border: str, image: Pixels, threads: int) -> None:
    """From 1x1 to 31x31, with every strategy, also on frames smaller than the kernel."""
    chosen = [Correlation(kernel, border)]  # type: ignore[arg-type]
    assert_as_the_reference(Chain(chosen, None, threads=threads), chosen, None, image)


EDGES = [
    ("uint16", [[128, 129]]),
    ("int32", [[129, 129]]),
    ("int16", [[128, -128]]),
    ("int32", [[129, -1]]),
    ("int16", [[-128, 1]]),
    ("int32", [[1, -129]]),
    ("int32", [[2**21, -(2**21)]]),
]


@pytest.mark.parametrize(("lane", "made"), EDGES)
@pytest.mark.parametrize("image", [[[255, 255]], [[0, 255]], [[255, 0]]])
def test_sums_at_the_edge_of_a_lane_are_exact(lane: str, made: list[list[int]], image: list[list[int]]) -> None:
    """The largest weights that a lane type can represent, and the first that it cannot."""
    kernel = Kernel(made, divisor=1 if abs(made[0][0]) < 1000 else 2**20)
    assert choose_strategy(Kernel(made).integers).lane == lane
    for divisor in (1, 2, 3, 128, 129, 257):
        chosen = [Correlation(Kernel(made, divisor=divisor * kernel.integer_divisor), "replicate", True)]
        picture = np.array(image * 2, dtype=np.uint8)
        assert_as_the_reference(Chain(chosen, None), chosen, None, picture)


def test_the_strategy_follows_the_weights() -> None:
    """Equal weights: running box; column times row: separable; many taps: coefficient table; otherwise: direct."""
    rng = np.random.default_rng(3)
    examples = {
        RunningBox: np.ones((9, 9), dtype=np.int64),
        Separable: gaussian(size=9).integers,
        Direct: rng.integers(1, 9, (5, 5)),
        CoefficientTable: rng.integers(1, 9, (31, 31)),
    }
    for strategy, integers in examples.items():
        assert isinstance(choose_strategy(integers), strategy)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("anchor", [(0, 0), (0, 3), (4, 0), (4, 3)])
def test_a_mirror_on_the_long_side_is_the_reference(border: str, anchor: tuple[int, int]) -> None:
    """An anchor at the edge of a kernel mirrors rows further away than the window reaches on that side."""
    far = Kernel(np.arange(20).reshape(5, 4) - 7, divisor=9, anchor=anchor)
    chosen = [Correlation(box(3, 2)), Correlation(far, border), Correlation(far, border)]  # type: ignore[arg-type]
    for rows in range(1, 14):
        for cols in (7, MIN_IN_PLACE_COLUMNS + rows):
            image = np.random.default_rng(rows).integers(0, 256, (rows, cols), dtype=np.uint8)
            assert_as_the_reference(Chain(chosen, None, threads=3), chosen, None, image)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [1, 3, 5, 15])
@pytest.mark.parametrize("made", [box, lambda size: gaussian(size=size), lambda size: Kernel(np.eye(size) - 0.25)])
def test_frames_read_in_place_are_the_reference(made: Callable[[int], Kernel], size: int, border: Border) -> None:
    """Rows of whole vectors, and with any remainder, in tiles that end anywhere, alone and before another stage."""
    for kernel in (made(size), Kernel(made(size).weights, divisor=made(size).divisor, anchor=(0, size - 1))):
        first = Correlation(kernel, border)
        for chosen in ([first], [first, Correlation(box(3))]):
            for threads, cols in enumerate((0, 9, 21, 63), start=1):
                shape = (29 + threads, MIN_IN_PLACE_COLUMNS + cols)
                image = np.random.default_rng(cols).integers(0, 256, shape, dtype=np.uint8)
                assert_as_the_reference(Chain(chosen, None, threads=threads), chosen, None, image)
