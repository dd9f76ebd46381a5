"""The edge score, as it is defined."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from livefilter.errors import KernelError, LivefilterError, OptionError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore, Kernel, ScoreRule, ScoreSums, reference, sobel
from livefilter.testing.strategies import images

thresholds = st.fractions(0, 1, max_denominator=20)
STRIPES = np.tile(np.array([[0], [255]], dtype=np.uint8), (4, 8))


def scored(image: Pixels, rule: ScoreRule | None = None) -> EdgeScore:
    """Score by the reference."""
    rule = rule or ScoreRule()
    return rule.score(reference.score_sums(image, rule))


@given(st.integers(0, 255), hnp.array_shapes(min_dims=2, max_dims=2, max_side=6))
def test_a_constant_image_has_no_edges(level: int, shape: tuple[int, int]) -> None:
    """Flat pictures of any level and size score zero three times."""
    assert scored(np.full(shape, level, dtype=np.uint8)) == EdgeScore(0, 0, 0)


def test_stripes_of_black_and_white_are_as_much_edge_as_there_can_be() -> None:
    """Stripes of one pixel along the rows score 1, 0 and 1 in density; along the columns 0, 1 and 1."""
    assert scored(STRIPES) == EdgeScore(1, 0, 1)
    assert scored(STRIPES.T) == EdgeScore(0, 1, 1)


@given(images(max_side=8))
def test_turning_the_picture_on_its_side_swaps_the_directions(image: Pixels) -> None:
    """Rows and columns are treated alike."""
    upright, lying = scored(image), scored(image.T)
    assert (lying.horizontal, lying.vertical, lying.density) == (upright.vertical, upright.horizontal, upright.density)


@given(images(max_side=8))
def test_a_negative_scores_like_its_picture(image: Pixels) -> None:
    """Only differences count, not their sign."""
    assert scored(255 - image) == scored(image)


@given(images(max_side=8), thresholds)
def test_scores_are_shares(image: Pixels, threshold: Fraction) -> None:
    """All three lie in [0, 1]."""
    score = scored(image, ScoreRule(threshold=threshold))
    assert all(0 <= value <= 1 for value in (score.horizontal, score.vertical, score.density))


@given(images(max_side=8), thresholds)
def test_a_score_is_its_definition(image: Pixels, threshold: Fraction) -> None:
    """Means of |R| / 1020 over valid windows, and the share that reaches threshold * 1020, by OpenCV's sums."""
    pair = [np.array([[2, 2], [-2, -2]], float), np.array([[2, -2], [2, -2]], float)]
    responses = [np.abs(cv2.filter2D(image, cv2.CV_64F, weights, anchor=(0, 0))[:-1, :-1]) for weights in pair]
    score = scored(image, ScoreRule(threshold=threshold))
    if responses[0].size == 0:
        assert score == EdgeScore(0, 0, 0)
        return
    # The only rounding is that of the division and NumPy's mean.
    assert score.horizontal == pytest.approx(responses[0].mean() / 1020, abs=1e-12)
    assert score.vertical == pytest.approx(responses[1].mean() / 1020, abs=1e-12)
    strongest = np.maximum(*responses).astype(int).ravel()
    assert score.density == np.mean([Fraction(int(value)) >= threshold * 1020 for value in strongest])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_a_picture_smaller_than_the_window_scores_zero(shape: tuple[int, int]) -> None:
    """Without a window there is no edge, and no division by zero."""
    assert scored(np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)) == EdgeScore(0, 0, 0)


@given(images(max_side=8).filter(lambda image: min(image.shape) > 1))
def test_a_threshold_of_zero_makes_every_window_dense(image: Pixels) -> None:
    """Reaching zero is easy."""
    assert scored(image, ScoreRule(threshold=Fraction(0))).density == 1


@pytest.mark.parametrize(("threshold", "density"), [("0.1", 1), ("0.1000001", 0), ("0.0999999", 1)])
def test_a_response_exactly_at_the_limit_counts(threshold: str, density: float) -> None:
    """A step of 25.5 levels is a tenth of the range: |R| = 102 = 0.1 * 1020 is dense, and a hair below."""
    image = np.array([[51, 51], [0, 51]], dtype=np.uint8)
    assert reference.score_sums(image, ScoreRule()).horizontal == 102
    assert scored(image, ScoreRule(threshold=Fraction(threshold))).density == density


def test_only_full_contrast_reaches_a_threshold_of_one() -> None:
    """Black beside white is dense at 1, and one level less is not."""
    rule = ScoreRule(threshold=Fraction(1))
    assert scored(STRIPES, rule).density == 1
    assert scored(STRIPES // 255 * 254, rule).density == 0


def test_a_float_threshold_is_the_decimal_that_it_prints_as() -> None:
    """0.1 is one tenth, so the limit is 102 and not 103."""
    assert ScoreRule(threshold=0.1).limits == (102, 102)  # type: ignore[arg-type]


def test_own_kernels_score_by_their_own_strongest_response() -> None:
    """Sobel's R_max is 4 * 255: stripes of two pixels reach it, and a lopsided kernel counts its heavier side."""
    rule = ScoreRule(sobel(0), sobel(1))
    assert rule.max_response == (1020, 1020)
    image = np.zeros((4, 3), dtype=np.uint8)
    image[2:] = 255
    assert scored(image, rule) == EdgeScore(1, 0, 1)
    assert ScoreRule(Kernel([[1, -3]]), Kernel([[3, -1]])).max_response == (765, 765)


def test_a_score_kernels_divisor_plays_no_part() -> None:
    """Scores are shares of the strongest response, so scaling a kernel changes nothing."""
    pair = [[[2, 2], [-2, -2]], [[2, -2], [2, -2]]]
    image = np.random.default_rng(5).integers(0, 256, (9, 9), dtype=np.uint8)
    scaled = ScoreRule(Kernel(pair[0], divisor=7), Kernel(pair[1], divisor=Fraction(1, 3)))
    assert scored(image, scaled) == scored(image)


def test_no_windows_give_no_score() -> None:
    """Sums over nothing are three zeros."""
    assert ScoreRule().score(ScoreSums(0, 0, 0, 0)) == EdgeScore(0, 0, 0)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"threshold": Fraction(-1, 10)}, OptionError, "threshold: must be from 0 to 1, found -0.1"),
        ({"threshold": 1.5}, OptionError, "threshold: must be from 0 to 1, found 1.5"),
        ({"threshold": float("nan")}, KernelError, "threshold: must be finite"),
        ({"threshold": "a lot"}, KernelError, "threshold: must be a real number, found 'a lot'"),
        ({"horizontal": sobel(0)}, KernelError, r"one shape, found \(3, 3\) and \(2, 2\)"),
        ({"horizontal": Kernel([[1, 0], [0, -1]], offset=3)}, KernelError, "must have no offset, found 3"),
        ({"vertical": Kernel([[0, 0], [0, 0]])}, KernelError, "must have a weight other than zero"),
    ],
    ids=str,
)
def test_a_rule_that_cannot_score_is_refused(
    settings: dict[str, Any], error: type[LivefilterError], message: str
) -> None:
    """Thresholds out of range, shapes that differ, offsets and kernels of zeros are errors."""
    with pytest.raises(error, match=message):
        ScoreRule(**settings)
