"""Comparison of original and result: side by side, wiped, or picture in picture."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from livefilter.analysis import NO_ANALYSIS, Result
from livefilter.errors import OptionError
from livefilter.frame import Frame, Pixels
from livefilter.layers import COMPARES, Compare, Comparison, compose

ORIGINAL = np.full((48, 64), 100, np.uint8)
FILTERED = np.full((48, 64), 200, np.uint8)


def compared(original: Pixels, filtered: Pixels, mode: Compare, wipe: float = 0.5) -> Pixels:
    """Return the picture of both."""
    comparison = Comparison(mode)
    comparison.wipe = wipe
    return compose(Result(Frame(original, 0, Fraction(0), 0), filtered, filtered, NO_ANALYSIS), comparison)


@pytest.mark.parametrize("compare", COMPARES)
@pytest.mark.parametrize("shape", [(48, 64), (240, 320), (16, 16), (1, 1), (1, 9), (9, 1), (2, 3)])
def test_both_pictures_stay_as_they_were(compare: Compare, shape: tuple[int, int]) -> None:
    """What is drawn is drawn on a new picture; "side" is twice as wide, the others keep the size."""
    original, filtered = np.full(shape, 100, np.uint8), np.full(shape, 200, np.uint8)
    composed = compared(original, filtered, compare)
    assert composed.shape == (shape[0], shape[1] * (2 if compare == "side" else 1))
    assert composed.dtype == np.uint8
    assert not np.shares_memory(composed, original)
    assert np.shares_memory(composed, filtered) == (compare == "none")
    assert (original == 100).all()
    assert (filtered == 200).all()


def test_none_shows_the_result_alone() -> None:
    """An exact copy."""
    np.testing.assert_array_equal(compared(ORIGINAL, FILTERED, "none"), FILTERED)


def test_side_has_the_original_on_the_left() -> None:
    """Both whole, nothing between."""
    np.testing.assert_array_equal(compared(ORIGINAL, FILTERED, "side"), np.hstack([ORIGINAL, FILTERED]))


@pytest.mark.parametrize("wipe", [0.0, 0.25, 0.5, 1.0, -3.0, 7.0])
def test_wipe_has_the_original_left_of_a_line(wipe: float) -> None:
    """The line is where the share says, black beside white, so that it shows on any picture."""
    composed = compared(ORIGINAL, FILTERED, "wipe", wipe)
    split = round(64 * min(max(wipe, 0), 1))
    assert (composed[:, : max(split - 1, 0)] == 100).all()
    assert (composed[:, max(split - 1, 0) : split] == 0).all()
    assert (composed[:, split : split + 1] == 255).all()
    assert (composed[:, split + 1 :] == 200).all()


def test_pip_has_the_original_small_in_the_upper_right_corner() -> None:
    """Three tenths of each side, in a frame that shows on any picture; the rest is the result."""
    composed = compared(ORIGINAL, FILTERED, "pip")
    inset = composed == 100
    rows, cols = np.flatnonzero(inset.any(axis=1)), np.flatnonzero(inset.any(axis=0))
    assert (rows.size, cols.size) == (round(48 * 0.3), round(64 * 0.3))
    assert rows[-1] < 24 < 32 < cols[0]
    assert (composed[rows[0] - 1, cols] == 255).all()
    assert (composed[rows[0] - 2, cols] == 0).all()
    assert (composed[24:] == 200).all()
    assert (composed[:, :32] == 200).all()


@pytest.mark.parametrize("mode", COMPARES)
@pytest.mark.parametrize("shape", [(48, 64), (16, 16), (1, 9)])
def test_colour_is_compared_in_colour(mode: Compare, shape: tuple[int, int]) -> None:
    """Every channel as if it were a gray picture of its own."""
    random = np.random.default_rng(5)
    original, filtered = (random.integers(0, 256, (*shape, 3), dtype=np.uint8) for _ in range(2))
    expected = [compared(original[..., at].copy(), filtered[..., at].copy(), mode) for at in range(3)]
    np.testing.assert_array_equal(compared(original, filtered, mode), np.dstack(expected))


def test_an_unknown_comparison_is_refused() -> None:
    """Instead of showing the result alone as if that had been asked for."""
    with pytest.raises(OptionError, match="must be one of none, side, wipe, pip, found 'split'"):
        Comparison("split")  # type: ignore[arg-type]
