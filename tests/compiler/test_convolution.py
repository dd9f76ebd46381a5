"""Correlation, convolution and edge score: the same bytes as the reference, OpenCV and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, get_args

import cv2
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from livefilter import kernels
from livefilter.compiler import convolve, correlate, edge_score
from livefilter.errors import KernelError, LivefilterError, OptionError, ShapeError
from livefilter.frame import Pixels
from livefilter.kernels import BORDERS, Border, EdgeScore, Kernel, ScoreRule, reference
from livefilter.kernels.reference import Mode
from livefilter.testing import strategies

MODES: tuple[Mode, ...] = get_args(Mode)
DTYPES: tuple[type[np.generic], ...] = (np.uint8, np.int16, np.float32)
RNG = np.random.default_rng(17)
PICTURE = RNG.integers(0, 256, (31, 45), dtype=np.uint8)
PICTURE.flags.writeable = False
COLOUR = RNG.integers(0, 256, (31, 45, 3), dtype=np.uint8)
SHARPEN = kernels.sharpen()

images = strategies.images(max_side=12)


@st.composite
def some_kernels(draw: st.DrawFn) -> Kernel:
    """Kernels of odd and even sides, any anchor, with fractions, divisors and offsets."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=6))
    kinds = [st.integers(-9, 9), st.integers(0, 3), st.decimals(-2, 2, places=2).map(float), st.floats(-3, 3)]
    values: list[float] = draw(
        st.sampled_from(kinds).flatmap(
            lambda kind: st.lists(kind, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
        )
    )
    anchor = draw(st.none() | st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1)))
    divisors: list[float | Fraction] = [1, 2, 9, -5, 0.3, 256, Fraction(22, 7)]
    return Kernel(
        np.reshape(values, shape).tolist(),
        divisor=draw(st.sampled_from(divisors)),
        offset=draw(st.sampled_from([0, 128, -7, 0.5])),
        anchor=anchor,
    )


def assert_same_bytes(ours: Any, theirs: Any) -> None:
    """Shape, dtype and every byte."""
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert ours.tobytes() == theirs.tobytes()


# Correlation and convolution


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("border", BORDERS)
@settings(
    max_examples=settings().max_examples // 5
)  # For each of the combinations, which share all but their last steps.
@given(image=images, kernel=some_kernels())
def test_correlate_is_the_reference(
    border: Border, mode: Mode, dtype: type[np.generic], image: Pixels, kernel: Kernel
) -> None:
    """Every border, mode and dtype gives the reference's bytes for any picture, kernel and anchor."""
    if mode == "valid" and any(side < size for side, size in zip(image.shape, kernel.shape, strict=True)):
        with pytest.raises(ShapeError, match="mode 'valid' needs at least the kernel's shape"):
            correlate(image, kernel, border=border, mode=mode, dtype=dtype)
        return
    truth = reference.correlate(image, kernel, border, mode, dtype)
    assert_same_bytes(correlate(image, kernel, border=border, mode=mode, dtype=dtype), truth)


@given(images, some_kernels(), st.sampled_from(BORDERS), st.sampled_from(DTYPES))
def test_convolution_is_correlation_with_the_rotated_kernel(
    image: Pixels, kernel: Kernel, border: Border, dtype: type[np.generic]
) -> None:
    """Convolution rotates the kernel by 180 degrees, anchor included."""
    truth = reference.correlate(image, kernel.rotated(), border, dtype=dtype)
    assert_same_bytes(convolve(image, kernel, border=border, dtype=dtype), truth)


@given(images, hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.integers(-9, 9)))
def test_convolve_is_mathematics_convolution(image: Pixels, weights: Any) -> None:
    """SciPy's convolution, restricted to windows inside the image."""
    if any(side < size for side, size in zip(image.shape, weights.shape, strict=True)):
        return
    theirs = scipy.signal.convolve2d(image.astype(np.int64), weights, mode="valid")
    assert np.array_equal(convolve(image, Kernel(weights), mode="valid", dtype=np.float32), theirs)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (7, 7), (1, 6), (6, 1), (3, 8)])
@pytest.mark.parametrize("border", ["reflect_101", "replicate", "reflect", "constant"])
def test_correlate_is_opencvs_filter2d(border: Border, size: tuple[int, int]) -> None:
    """With a divisor of 1, cv2.filter2D's bytes, odd and even sides alike."""
    weights = np.random.default_rng(size).integers(-5, 6, size)
    theirs = cv2.filter2D(PICTURE, -1, weights.astype(float), borderType=getattr(cv2, f"BORDER_{border.upper()}"))
    assert np.array_equal(correlate(PICTURE, Kernel(weights), border=border), theirs)


@pytest.mark.parametrize("size", [(63, 63), (1, 63), (62, 2), (33, 64 - 33)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 2), (8, 11)])
@pytest.mark.parametrize("border", BORDERS)
def test_a_kernel_may_be_larger_than_the_picture(border: Border, shape: tuple[int, int], size: tuple[int, int]) -> None:
    """In mode "same", borders extend as far as the kernel needs."""
    image, kernel = PICTURE[: shape[0], : shape[1]], Kernel(RNG.integers(-3, 4, size), divisor=7, offset=100)
    assert_same_bytes(correlate(image, kernel, border=border), reference.correlate(image, kernel, border))


@pytest.mark.parametrize("make", [lambda: kernels.gaussian(2), lambda: kernels.box(5), lambda: kernels.sobel()])
def test_kernels_that_factor_give_the_references_bytes(make: Callable[[], Kernel]) -> None:
    """Separable kernels may be computed in two steps; every byte is the reference's."""
    for border in BORDERS:
        assert_same_bytes(correlate(PICTURE, make(), border=border), reference.correlate(PICTURE, make(), border))


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_sums_do_not_overflow(level: int, dtype: type[np.generic]) -> None:
    """Weights at the limit of 30 bits, on white: saturated or exact, never wrapped."""
    image = np.full((3, 4), level, dtype=np.uint8)
    for weight in (4_210_000, -4_210_000):
        kernel = Kernel([[weight]])
        assert_same_bytes(correlate(image, kernel, dtype=dtype), reference.correlate(image, kernel, dtype=dtype))


def test_pixels_may_have_any_memory_layout(lay_out: Callable[[Any], Any]) -> None:
    """Slices, mirrors, transposes and read-only images give what their copy gives, and are not changed."""
    image = lay_out(PICTURE)
    before = image.copy()
    for view, same in ((image, before), (image.T, before.T.copy())):
        assert_same_bytes(correlate(view, SHARPEN), reference.correlate(same, SHARPEN))
        assert edge_score(view) == edge_score(same)
    assert np.array_equal(image, before)


def test_the_articles_sliding_window_is_reproduced() -> None:
    """[[1..9]] with [[0, 1], [1, 0]] in valid windows gives [[6, 8], [12, 14]]."""
    image = np.arange(1, 10, dtype=np.uint8).reshape(3, 3)
    assert correlate(image, Kernel([[0, 1], [1, 0]]), mode="valid").tolist() == [[6, 8], [12, 14]]


# out=


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_given_array_is_filled_and_returned(dtype: type[np.generic], mode: Mode) -> None:
    """The same array can be reused; its old content does not matter."""
    shape = (31, 45) if mode == "same" else (29, 43)
    out = np.full(shape, 77, dtype=dtype)
    for function, kernel in ((correlate, SHARPEN), (convolve, SHARPEN.rotated()), (correlate, SHARPEN)):
        assert function(PICTURE, kernel, mode=mode, dtype=dtype, out=out) is out
        assert_same_bytes(out, reference.correlate(PICTURE, SHARPEN, mode=mode, dtype=dtype))


def test_results_are_arrays_of_their_own() -> None:
    """Without out, no two results share memory, with each other or with the picture."""
    image = PICTURE.copy()
    first, second = correlate(image, Kernel([[1]])), correlate(image, Kernel([[1]]))
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(first, image)
    first[:] = 0
    assert np.array_equal(second, image)


# Options


@pytest.mark.parametrize("function", [correlate, convolve])
def test_colour_is_refused_where_gray_is_meant(function: Callable[..., object]) -> None:
    """A kernel applies to gray images; the message shows the conversion."""
    with pytest.raises(ShapeError, match=r"must be gray.*cv2\.cvtColor"):
        function(COLOUR, SHARPEN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"border": "mirror"}, "border: must be one of reflect_101, .*, found 'mirror'"),
        ({"mode": "full"}, "mode: must be same or valid, found 'full'"),
        ({"dtype": np.float64}, "dtype: must be uint8, int16 or float32, found float64"),
        ({"dtype": np.int8}, "dtype: must be uint8, int16 or float32, found int8"),
    ],
    ids=str,
)
def test_unknown_options_are_refused_with_the_known_ones(options: dict[str, Any], message: str) -> None:
    """Border, mode and dtype."""
    for function in (correlate, convolve):
        with pytest.raises(OptionError, match=message):
            function(PICTURE, SHARPEN, **options)


# Scores


@given(images, st.integers(0, 100))
def test_an_edge_score_is_the_references(image: Pixels, percent: int) -> None:
    """Exactly, for any picture and threshold: sums are integers."""
    rule = ScoreRule(threshold=Fraction(percent, 100))
    assert edge_score(image, threshold=percent / 100) == rule.score(reference.score_sums(image, rule))


@pytest.mark.parametrize(
    ("picture", "score"),
    [
        ([[200, 200], [200, 200]], EdgeScore(0, 0, 0)),
        ([[200, 200], [0, 0]], EdgeScore(800 / 1020, 0, 1)),
        ([[200, 0], [200, 0]], EdgeScore(0, 800 / 1020, 1)),
        ([[255]], EdgeScore(0, 0, 0)),
    ],
    ids=["flat", "horizontal edge", "vertical edge", "one pixel"],
)
def test_the_articles_pictures_score_as_they_respond(picture: list[list[int]], score: EdgeScore) -> None:
    """Responses of 0/800/0 and 0/0/800 of 1020; an image smaller than the window has no edge."""
    assert edge_score(np.array(picture, dtype=np.uint8)) == score


def test_the_score_of_a_colour_picture_is_that_of_its_luma() -> None:
    """The luma is that of cv2.cvtColor."""
    assert edge_score(COLOUR) == edge_score(np.asarray(cv2.cvtColor(COLOUR, cv2.COLOR_BGR2GRAY), np.uint8))


@pytest.mark.parametrize(
    ("threshold", "error"),
    [(-0.1, OptionError), (1.1, OptionError), (float("nan"), KernelError), ("much", KernelError)],
)
def test_a_threshold_out_of_range_is_refused(threshold: Any, error: type[LivefilterError]) -> None:
    """It is a fraction, from 0 to 1."""
    with pytest.raises(error, match="threshold: must be"):
        edge_score(PICTURE, threshold=threshold)
