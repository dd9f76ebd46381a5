"""The named kernels, against OpenCV's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter import kernels
from livefilter.errors import KernelError
from livefilter.kernels import Kernel, Operator, gaussian_weights, reference

RNG = np.random.default_rng(7)
PICTURE = RNG.integers(0, 256, (40, 50), dtype=np.uint8)


@pytest.mark.parametrize(("operator", "size"), [("sobel", 3), ("scharr", cv2.FILTER_SCHARR)])
@pytest.mark.parametrize("axis", [0, 1])
def test_derivatives_are_opencvs(operator: Operator, size: int, axis: int) -> None:
    """Sobel and Scharr have cv2.getDerivKernels' weights along both axes."""
    across, down = cv2.getDerivKernels(dx=axis, dy=1 - axis, ksize=size)
    assert np.array_equal(kernels.derivative(operator, axis).weights, np.outer(down, across))


@pytest.mark.parametrize("operator", get_args(Operator))
def test_a_derivative_grows_with_the_picture(operator: Operator) -> None:
    """It is positive where gray levels rise along its axis, zero on a flat picture, and turning it changes the axis."""
    along_columns, down_rows = kernels.derivative(operator, 1), kernels.derivative(operator, 0)
    ramp = [[0, 1, 2]] * 3
    assert kernels.response(ramp, along_columns) > 0
    assert kernels.response(ramp, down_rows) == 0
    assert along_columns.weights.sum() == 0
    assert np.array_equal(along_columns.weights.T, down_rows.weights)


def test_prewitt_is_unsmoothed_across() -> None:
    """Prewitt (1970) weighs all three rows alike."""
    assert kernels.prewitt().weights.tolist() == [[-1, 0, 1]] * 3


@pytest.mark.parametrize("short", [kernels.sobel, kernels.scharr, kernels.prewitt], ids=lambda maker: maker.__name__)
def test_each_operator_has_a_maker_of_its_own(short: Callable[[int], Kernel]) -> None:
    """sobel(0) is derivative("sobel", 0), and likewise for the others."""
    for axis in (0, 1):
        assert short(axis) == kernels.derivative(short.__name__, axis)  # type: ignore[arg-type]


def test_the_laplacian_is_opencvs() -> None:
    """Four neighbours give cv2.Laplacian of aperture 1, eight weigh every neighbour alike."""
    ours = reference.correlate(PICTURE, kernels.laplacian(4), dtype=np.int16)
    assert np.array_equal(ours, cv2.Laplacian(PICTURE, cv2.CV_16S, ksize=1))
    assert kernels.laplacian(8).weights.tolist() == [[1, 1, 1], [1, -8, 1], [1, 1, 1]]


@given(sigma=st.floats(0.05, 10) | st.none(), half=st.integers(0, 31) | st.none())
def test_a_gaussian_adds_up_to_one(sigma: float | None, half: int | None) -> None:
    """Whole 256ths, symmetric, with a sum of exactly 256; rounding may dent the middle by one 256th, no more."""
    if sigma is None and half is None:
        sigma = 1.0
    weights = gaussian_weights(sigma, None if half is None else 2 * half + 1)
    assert sum(weights) == 256
    assert weights == weights[::-1]
    assert min(weights) >= 0
    assert weights[len(weights) // 2] >= max(weights) - 1


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 11, 21, 31, 63])
@pytest.mark.parametrize("sigma", [None, 0.5, 1.0, 3.3])
def test_a_gaussian_is_opencvs_in_256ths(size: int, sigma: float | None) -> None:
    """Each weight is within a 256th of cv2.getGaussianKernel: half for rounding, half handed on by its neighbour."""
    theirs = cv2.getGaussianKernel(size, -1 if sigma is None else sigma).ravel() * 256
    assert np.abs(np.array(gaussian_weights(sigma, size)) - theirs).max() <= 1


@pytest.mark.parametrize("sigma", [0.4, 0.8, 1.0, 1.5, 2.2, 3.0, 5.0, 8.0, 10.3])
def test_a_gaussian_blur_is_within_one_level_of_opencvs(sigma: float) -> None:
    """Size from sigma as cv2.GaussianBlur chooses it; 1 is for ties, which OpenCV rounds up."""
    ours = reference.correlate(PICTURE, kernels.gaussian(sigma)).astype(int)
    assert np.abs(ours - cv2.GaussianBlur(PICTURE, (0, 0), sigma)).max() <= 1


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 11, 25])
def test_a_gaussian_by_size_is_within_one_level_of_opencvs(size: int) -> None:
    """Sigma from size as cv2.GaussianBlur chooses it; 1 is for ties, which OpenCV rounds up."""
    ours = reference.correlate(PICTURE, kernels.gaussian(size=size)).astype(int)
    assert np.abs(ours - cv2.GaussianBlur(PICTURE, (size, size), 0)).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 5), (63, 63)])
def test_a_box_is_the_mean(shape: tuple[int, int]) -> None:
    """All weights alike, and their sum is one."""
    kernel = kernels.box(*shape)
    assert kernel.shape == shape
    assert {weight for row in kernel.fractions for weight in row} == {kernel.fractions[0][0]}
    assert sum(weight for row in kernel.fractions for weight in row) == 1
    assert kernels.box(3) == kernels.box(3, 3)


def test_a_box_blur_is_within_one_level_of_opencvs() -> None:
    """cv2.blur of odd size; 1 is for the rounding of ties."""
    ours = reference.correlate(PICTURE, kernels.box(5)).astype(int)
    assert np.abs(ours - cv2.blur(PICTURE, (5, 5))).max() <= 1


def test_sharpen_subtracts_the_laplacian() -> None:
    """It is the identity minus amount times the Laplacian, and leaves flat pictures alone."""
    identity = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    assert np.array_equal(kernels.sharpen().weights, identity - kernels.laplacian(4).weights)
    assert np.array_equal(kernels.sharpen(0.5).weights, identity - 0.5 * kernels.laplacian(4).weights)


def test_emboss_keeps_flat_pictures() -> None:
    """Its weights add up to one, the lit corner is opposite to the dark one."""
    weights = kernels.emboss().weights
    assert weights.sum() == 1
    assert weights[0, 0] == -weights[2, 2]


def test_the_articles_pair_is_theirs() -> None:
    """H = [[2, 2], [-2, -2]] and V is its transpose."""
    assert kernels.HORIZONTAL_EDGE.weights.tolist() == [[2, 2], [-2, -2]]
    assert np.array_equal(kernels.VERTICAL_EDGE.weights, kernels.HORIZONTAL_EDGE.weights.T)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kernels.gaussian(), "needs sigma, size, or both"),
        (lambda: kernels.gaussian(0), "sigma: must be positive and finite, found 0"),
        (lambda: kernels.gaussian(-1.0), "sigma: must be positive and finite"),
        (lambda: kernels.gaussian(float("nan")), "sigma: must be positive and finite"),
        (lambda: kernels.gaussian(float("inf")), "sigma: must be positive and finite"),
        (lambda: kernels.gaussian(20), "needs a kernel of 121, beyond 63; set a size too, or blur twice by 14.1"),
        (lambda: kernels.gaussian(1, 4), "size: must be odd, from 1 to 63, found 4"),
        (lambda: kernels.gaussian(size=65), "size: must be odd, from 1 to 63, found 65"),
        (lambda: kernels.gaussian(size=-1), "size: must be odd, from 1 to 63, found -1"),
        (lambda: kernels.box(0), "size: must be from 1 to 63, found 0 x 0"),
        (lambda: kernels.box(3, 64), "size: must be from 1 to 63, found 3 x 64"),
        (lambda: kernels.laplacian(6), "neighbours: must be 4 or 8, found 6"),
        (lambda: kernels.derivative("robert", 0), "operator: must be one of sobel, scharr, prewitt, found 'robert'"),  # type: ignore[arg-type]
        (lambda: kernels.sobel(2), "axis: must be 0 .* or 1 .*, found 2"),
        (lambda: kernels.sharpen(float("nan")), "amount: must be finite"),
    ],
)
def test_makers_refuse_what_they_cannot_make(make: Callable[[], Kernel], message: str) -> None:
    """Each says what is allowed and what was found."""
    with pytest.raises(KernelError, match=message):
        make()
