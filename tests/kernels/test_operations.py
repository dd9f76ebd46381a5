"""The five operations, against NumPy and OpenCV."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from livefilter import kernels
from livefilter.errors import KernelError, LivefilterError, OptionError, ShapeError
from livefilter.frame import Pixels
from livefilter.kernels import (
    NORMS,
    Blend,
    Border,
    Correlation,
    Gradient,
    Kernel,
    Lookup,
    Norm,
    Unsharp,
    reference,
)
from livefilter.testing.strategies import borders, images

SOBEL_X, SOBEL_Y = kernels.sobel(1), kernels.sobel(0)
Floats = NDArray[np.float64]
PICTURE = np.random.default_rng(3).integers(0, 256, (30, 40), dtype=np.uint8)


def lengths(image: Pixels, x: Kernel, y: Kernel, norm: Norm, border: Border) -> Floats:
    """The gradient's length in double precision, not rounded."""
    across, down = (reference.correlate(image, kernel, border, dtype=np.float32).astype(float) for kernel in (x, y))
    if norm == "l1":
        return np.asarray(np.abs(across) + np.abs(down))
    length: Floats = np.hypot(across, down) if norm == "l2" else np.maximum(np.abs(across), np.abs(down))
    return length


@given(images(max_side=8), st.sampled_from(NORMS), borders())
def test_a_gradient_is_the_length_of_two_derivatives(image: Pixels, norm: Norm, border: Border) -> None:
    """With whole weights the length is NumPy's, rounded once and saturated."""
    ours = reference.apply(Gradient(SOBEL_X, SOBEL_Y, norm, border), image, image)
    assert np.array_equal(ours, np.rint(lengths(image, SOBEL_X, SOBEL_Y, norm, border)).clip(0, 255))


@given(images(max_side=8), st.sampled_from(NORMS), st.sampled_from([Fraction(3), Fraction(7, 2), Fraction(8)]))
def test_a_divided_gradient_is_rounded_once(image: Pixels, norm: Norm, divisor: Fraction) -> None:
    """Kernels with different divisors share one, and nothing is rounded before the end (1 is for ties)."""
    x, y = Kernel(SOBEL_X.weights, divisor=divisor), Kernel(SOBEL_Y.weights, divisor=divisor + 1)
    ours = reference.apply(Gradient(x, y, norm), image, image).astype(int)
    exact = lengths(image, x, y, norm, "reflect_101").clip(0, 255)
    assert np.abs(ours - exact).max() <= 0.5 + 1e-4  # float32 intermediates


def test_a_gradient_is_opencvs_sobel() -> None:
    """The l1 length of cv2.Sobel's two derivatives."""
    across, down = (cv2.Sobel(PICTURE, cv2.CV_16S, dx, 1 - dx).astype(int) for dx in (1, 0))
    ours = reference.apply(Gradient(SOBEL_X, SOBEL_Y), PICTURE, PICTURE)
    assert np.array_equal(ours, (np.abs(across) + np.abs(down)).clip(0, 255))


@given(images(max_side=8), borders())
def test_an_absolute_correlation_keeps_falling_edges(image: Pixels, border: Border) -> None:
    """Its pixels are the absolute value of the signed result, saturated."""
    signed = reference.correlate(image, SOBEL_X, border, dtype=np.int16).astype(int)
    absolute = reference.apply(Correlation(SOBEL_X, border, absolute=True), image, image)
    assert np.array_equal(absolute, np.abs(signed).clip(0, 255))
    plain = reference.apply(Correlation(SOBEL_X, border), image, image)
    assert np.array_equal(plain, reference.correlate(image, SOBEL_X, border))


@given(images(max_side=8), st.sampled_from([0, 0.25, 0.8, 1, 1.5, 3]), st.integers(0, 60), borders())
def test_unsharp_adds_the_difference_from_the_blur(
    image: Pixels, amount: float, threshold: int, border: Border
) -> None:
    """The pixel plus amount times its difference in double precision, where that reaches the threshold."""
    blur = kernels.box(3)
    operation = Unsharp(blur, Fraction(amount), threshold, border)
    difference = image.astype(float) - reference.correlate(image, blur, border)
    sharp = np.rint(image + amount * difference).clip(0, 255)
    if amount == 0.8:  # four fifths have no binary form, so a tie may fall to either side
        sharp = np.rint((image.astype(float) * 5 + difference * 4) / 5).clip(0, 255)
    expected = np.where(np.abs(difference) < threshold, image, sharp)
    assert np.array_equal(reference.apply(operation, image, image), expected)


def test_unsharp_is_opencvs_chain() -> None:
    """cv2.GaussianBlur, then cv2.addWeighted: within amount + 1, because the blurs may differ by 1."""
    ours = reference.apply(Unsharp(kernels.gaussian(1.5), Fraction(1)), PICTURE, PICTURE).astype(int)
    blurred = cv2.GaussianBlur(PICTURE, (0, 0), 1.5)
    assert np.abs(ours - cv2.addWeighted(PICTURE, 2, blurred, -1, 0)).max() <= 2


@given(images(max_side=8), st.binary(min_size=256, max_size=256))
def test_a_lookup_is_opencvs(image: Pixels, table: bytes) -> None:
    """Each level is replaced as cv2.LUT does it."""
    assert np.array_equal(reference.apply(Lookup(table), image, image), cv2.LUT(image, np.frombuffer(table, np.uint8)))


@given(images(max_side=8), st.sampled_from([0, 0.25, 0.5, 0.75, 1]), st.data())
def test_a_blend_mixes_the_input_back_in(image: Pixels, weight: float, data: st.DataObject) -> None:
    """So many parts of the input, the rest of the picture so far; quarters are exact in double precision."""
    original = data.draw(hnp.arrays(np.uint8, image.shape))
    mixed = np.rint(weight * original.astype(float) + (1 - weight) * image)
    assert np.array_equal(reference.apply(Blend(Fraction(weight)), image, original), mixed)


def test_a_chain_feeds_each_operation_with_the_one_before() -> None:
    """Operations run in order; a blend sees the input of the whole chain."""
    negative = Lookup(bytes(range(255, -1, -1)))
    assert np.array_equal(reference.apply_all([negative, negative], PICTURE), PICTURE)
    assert np.array_equal(reference.apply_all([negative, Blend(Fraction(1))], PICTURE), PICTURE)
    assert np.unique(reference.apply_all([negative, Blend(Fraction(1, 2))], PICTURE)).tolist() == [128]


def test_an_empty_chain_gives_a_copy() -> None:
    """The input is never handed out as the result."""
    result = reference.apply_all([], PICTURE)
    assert np.array_equal(result, PICTURE)
    assert not np.shares_memory(result, PICTURE)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Lookup(bytes(255)), OptionError, "table: must have 256 levels, found 255"),
        (lambda: Blend(Fraction(3, 2)), OptionError, "weight: must be from 0 to 1, found 1.5"),
        (lambda: Blend(Fraction(-1)), OptionError, "weight: must be from 0 to 1, found -1"),
        (lambda: Blend(float("nan")), KernelError, "weight: must be finite"),  # type: ignore[arg-type]
        (lambda: Unsharp(kernels.box(3), float("inf")), KernelError, "amount: must be finite"),  # type: ignore[arg-type]
        (lambda: Gradient(Kernel([[1]], offset=1), Kernel([[1]])), KernelError, "its kernels must have no offset"),
        (lambda: reference.apply_all([], np.zeros((0, 3), np.uint8)), ShapeError, "at least one pixel"),
    ],
    ids=["short table", "heavy blend", "negative blend", "nan blend", "infinite amount", "offset", "empty image"],
)
def test_operations_refuse_what_has_no_meaning(make: object, error: type[LivefilterError], message: str) -> None:
    """Settings are checked when an operation is made, not when it runs."""
    assert callable(make)
    with pytest.raises(error, match=message):
        make()
