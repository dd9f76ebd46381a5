"""The truth itself: properties that define correlation, and OpenCV and SciPy as independent witnesses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from livefilter.errors import OptionError, PixelTypeError, ShapeError
from livefilter.frame import Pixels
from livefilter.kernels import Border, Kernel, reference
from livefilter.testing.strategies import borders, images, kernels

OPENCV: dict[Border, int] = {
    "reflect_101": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "constant": cv2.BORDER_CONSTANT,
}
SCIPY: dict[Border, str] = {
    "reflect_101": "mirror",
    "replicate": "nearest",
    "reflect": "reflect",
    "wrap": "wrap",
    "constant": "constant",
}


def in_opencv(image: Pixels, kernel: Kernel, border: Border, depth: int = -1) -> Any:
    """Correlate by cv2.filter2D; OpenCV filters no wrapped border, so that one is padded first."""
    weights = kernel.weights / float(kernel.divisor)
    row, col = kernel.origin
    if border != "wrap":
        return cv2.filter2D(
            image, depth, weights, anchor=(col, row), delta=float(kernel.offset), borderType=OPENCV[border]
        )
    rows, cols = kernel.shape
    padded = np.pad(image, [(rows, rows), (cols, cols)], mode="wrap")
    filtered = cv2.filter2D(padded, depth, weights, anchor=(col, row), delta=float(kernel.offset))
    return filtered[rows:-rows, cols:-cols]


@given(images(), kernels(max_offset=100), borders())
def test_the_reference_is_opencvs_filter2d(image: Pixels, kernel: Kernel, border: Border) -> None:
    """With a divisor of 1 there is no rounding, and bytes are equal for every border, size and anchor."""
    assert np.array_equal(reference.correlate(image, kernel, border), in_opencv(image, kernel, border))


@given(images(), kernels(max_offset=100), borders())
def test_signed_results_are_opencvs_too(image: Pixels, kernel: Kernel, border: Border) -> None:
    """int16 keeps the sign, and saturates as OpenCV does."""
    theirs = in_opencv(image, kernel, border, cv2.CV_16S)
    assert np.array_equal(reference.correlate(image, kernel, border, dtype=np.int16), theirs)


@given(images(), kernels(divisors=(2, 3, 7, 10, 16, -4), max_offset=100), borders())
def test_a_divided_sum_is_within_one_level_of_opencvs(image: Pixels, kernel: Kernel, border: Border) -> None:
    """OpenCV divides the weights first, in floating point, so a tie may fall to either side: at most 1."""
    ours = reference.correlate(image, kernel, border).astype(int)
    assert np.abs(ours - in_opencv(image, kernel, border)).max() <= 1


@given(images(), kernels(divisors=(1, 3, 10), max_offset=100), borders())
def test_the_reference_is_scipys_correlate(image: Pixels, kernel: Kernel, border: Border) -> None:
    """In double precision SciPy gives the same sums, for every border and anchor, even sides included."""
    origin = [at - side // 2 for at, side in zip(kernel.origin, kernel.shape, strict=True)]
    sums = scipy.ndimage.correlate(image.astype(float), kernel.weights, mode=SCIPY[border], origin=origin)
    theirs = sums / float(kernel.divisor) + float(kernel.offset)
    # float32 has 24 bits; sums stay below 2**16, so 2**-7 is its last place.
    ours = reference.correlate(image, kernel, border, dtype=np.float32).astype(float)
    assert np.abs(ours - theirs).max() <= 2**-7


@given(images(), kernels())
def test_valid_windows_are_scipys_correlate2d(image: Pixels, kernel: Kernel) -> None:
    """Mode valid has no border and no anchor, only windows inside."""
    assume(all(side >= size for side, size in zip(image.shape, kernel.shape, strict=True)))

    theirs = scipy.signal.correlate2d(image.astype(np.int64), kernel.integers, mode="valid")
    assert np.array_equal(reference.correlate(image, kernel, mode="valid", dtype=np.float32), theirs)


@given(images(), kernels(), borders(), st.data())
def test_correlation_is_linear(image: Pixels, kernel: Kernel, border: Border, data: st.DataObject) -> None:
    """The sum of two pictures gives the sum of their results; exact, for whole weights are exact in float32."""
    first = data.draw(hnp.arrays(np.uint8, image.shape, elements=st.integers(0, 127)))
    second = (image // 2).astype(np.uint8)

    def correlated(picture: Pixels) -> Any:
        return reference.correlate(picture, kernel, border, dtype=np.float32)

    assert np.array_equal(correlated(first + second), correlated(first) + correlated(second))


@given(images(), kernels(), st.integers(-9, 9), st.integers(-9, 9))
def test_a_shifted_picture_gives_a_shifted_result(image: Pixels, kernel: Kernel, down: int, right: int) -> None:
    """Where the border wraps, shifting before is shifting after."""
    before = reference.correlate(np.roll(image, (down, right), (0, 1)), kernel, "wrap")
    assert np.array_equal(before, np.roll(reference.correlate(image, kernel, "wrap"), (down, right), (0, 1)))


@given(images(), borders(), hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), st.data())
def test_a_single_one_under_the_anchor_changes_nothing(
    image: Pixels, border: Border, shape: tuple[int, int], data: st.DataObject
) -> None:
    """The identity kernel of any size and anchor gives the picture back."""
    anchor = (data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1)))
    weights = np.zeros(shape, dtype=np.int64)
    weights[anchor] = 1
    assert np.array_equal(reference.correlate(image, Kernel(weights, anchor=anchor), border), image)


@given(st.integers(0, 255), hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), kernels(), borders())
def test_a_constant_picture_gives_a_constant_result(
    level: int, shape: tuple[int, int], kernel: Kernel, border: Border
) -> None:
    """Unless the border is black, every pixel is the level times the sum of the weights."""
    assume(border != "constant")
    result = reference.correlate(np.full(shape, level, dtype=np.uint8), kernel, border, dtype=np.float32)
    assert (result == level * kernel.integers.sum()).all()


@given(images(), kernels(), borders())
def test_kernels_of_zeros_and_black_pictures_give_zeros(image: Pixels, kernel: Kernel, border: Border) -> None:
    """Nothing times anything is nothing."""
    assert not reference.correlate(image, Kernel(np.zeros(kernel.shape)), border).any()
    assert not reference.correlate(np.zeros_like(image), kernel, border, dtype=np.int16).any()


@given(images(), kernels(divisors=(1, 2, 3)), borders())
def test_uint8_is_float32_rounded_to_even_and_saturated(image: Pixels, kernel: Kernel, border: Border) -> None:
    """The three dtypes tell the same numbers."""
    exact = reference.correlate(image, kernel, border, dtype=np.float32).astype(float)
    rounded = np.rint(exact)
    assert np.array_equal(reference.correlate(image, kernel, border), rounded.clip(0, 255))
    assert np.array_equal(reference.correlate(image, kernel, border, dtype=np.int16), rounded.clip(-32768, 32767))


def test_the_articles_sliding_window_is_reproduced() -> None:
    """[[1, 2, 3], [4, 5, 6], [7, 8, 9]] with [[0, 1], [1, 0]] in valid windows gives [[6, 8], [12, 14]]."""
    image = np.arange(1, 10, dtype=np.uint8).reshape(3, 3)
    result = reference.correlate(image, Kernel([[0, 1], [1, 0]]), mode="valid")
    assert result.tolist() == [[6, 8], [12, 14]]


@pytest.mark.parametrize(
    ("sums", "rounded"),
    [([1, 3, 5, 7], [0, 2, 2, 4]), ([-1, -3, -5, -7], [0, -2, -2, -4]), ([2, -2, 0, 4], [1, -1, 0, 2])],
)
def test_halves_are_rounded_to_the_even_number(sums: list[int], rounded: list[int]) -> None:
    """0.5 is 0, 1.5 is 2, 2.5 is 2; and so below zero."""
    assert reference.round_half_even(np.array(sums), 2).tolist() == rounded


@given(hnp.arrays(np.int64, 20, elements=st.integers(-(2**30), 2**30)), st.integers(1, 2**30))
@example(np.array([2**29, -(2**29)]), 2**30)
def test_rounding_is_pythons(numerators: Any, divisor: int) -> None:
    """Integers only, and equal to Python's exact rounding of fractions."""
    expected = [round(Fraction(int(value), divisor)) for value in numerators]
    assert reference.round_half_even(numerators, divisor).tolist() == expected


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: reference.correlate(np.zeros((2, 2), np.float32), Kernel([[1]])), PixelTypeError, "uint8"),
        (lambda: reference.correlate(np.zeros((2, 2, 3), np.uint8), Kernel([[1]])), ShapeError, "gray"),
        (
            lambda: reference.correlate(np.zeros((2, 2), np.uint8), Kernel([[1, 1, 1]]), mode="valid"),
            ShapeError,
            "needs at least the kernel's shape",
        ),
        (
            lambda: reference.correlate(np.zeros((2, 2), np.uint8), Kernel([[1]]), dtype=np.float64),
            OptionError,
            "uint8, int16 or float32, found float64",
        ),
    ],
    ids=["float image", "colour", "too small", "dtype"],
)
def test_the_reference_refuses_what_it_does_not_define(call: Any, error: type[Exception], message: str) -> None:
    """Wrong images, sizes and dtypes are errors, never a guess."""
    with pytest.raises(error, match=message):
        call()
