"""Every schedule equals the reference: any strategy, lane type, fusion and tiling gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    Border,
    Correlation,
    Kernel,
    Operation,
    ScoreRule,
    box,
    gaussian,
    reference,
)
from livefilter.testing.strategies import borders, diverse_images, diverse_kernels, operations, score_rules

pytestmark = pytest.mark.usefixtures("_many_tiles")
WIDE = (MIN_IN_PLACE_COLUMNS - 2, MIN_IN_PLACE_COLUMNS + 70)
"""Widths at which frames begin to be read in place."""


def assert_as_the_reference(chain: Chain, chosen: Sequence[Operation], rule: ScoreRule | None, image: Pixels) -> None:
    """Pixels and counts."""
    out = np.full_like(image, 77)
    sums = chain(image, out)
    expected = reference.apply_all(chosen, image)
    assert np.array_equal(out, expected), np.argwhere(out != expected)[:3]
    if rule is not None:
        assert sums == reference.score_sums(image, rule)


@settings(max_examples=5 * settings().max_examples)
@given(
    chosen=st.lists(operations(), max_size=4),
    rule=score_rules(),
    image=diverse_images(wide_cols=WIDE),
    threads=st.integers(1, 8),
)
def test_any_chain_is_the_reference(chosen: list[Operation], rule: ScoreRule, image: Pixels, threads: int) -> None:
    """Any operations in any order, fused, in any number of tiles, on any frame."""
    assert_as_the_reference(Chain(chosen, rule, threads=threads), chosen, rule, image)


@settings(max_examples=2 * settings().max_examples)
@given(
    kernel=diverse_kernels(max_side=31),
    border=borders(),
    image=diverse_images(max_side=40, wide_cols=WIDE),
    threads=st.integers(1, 3),
)
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
    chain = Chain(chosen, None, threads=3)
    for rows in range(1, 14):
        for cols in (7, MIN_IN_PLACE_COLUMNS + rows):
            image = np.random.default_rng(rows).integers(0, 256, (rows, cols), dtype=np.uint8)
            assert_as_the_reference(chain, chosen, None, image)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [1, 3, 5, 15])
@pytest.mark.parametrize("made", [box, lambda size: gaussian(size=size), lambda size: Kernel(np.eye(size) - 0.25)])
def test_frames_read_in_place_are_the_reference(
    made: Callable[[int], Kernel], size: int, border: Border, thorough: bool
) -> None:
    """Rows of whole vectors, and with any remainder, in tiles that end anywhere, alone and before another stage."""
    turn = BORDERS.index(border)  # So that the borders together try all sixteen combinations.
    for kernel in (made(size), Kernel(made(size).weights, divisor=made(size).divisor, anchor=(0, size - 1))):
        first = Correlation(kernel, border)
        for chosen in ([first], [first, Correlation(box(3))]):
            turn += 1
            for threads, cols in enumerate((0, 9, 21, 63), start=1):
                if not thorough and (threads + turn) % 4:
                    continue
                shape = (29 + threads, MIN_IN_PLACE_COLUMNS + cols)
                image = np.random.default_rng(cols).integers(0, 256, shape, dtype=np.uint8)
                assert_as_the_reference(Chain(chosen, None, threads=threads), chosen, None, image)
