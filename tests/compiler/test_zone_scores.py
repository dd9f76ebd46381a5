"""Compiled scores of zones give the reference's sums."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from livefilter.compiler import Filter, ZoneScorer, cached_files
from livefilter.errors import OptionError, PixelTypeError, ShapeError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore, Kernel, ScoreRule, Zone, reference, sobel
from livefilter.presets import Preset
from livefilter.testing.strategies import diverse_images, score_rules, zones

pytestmark = pytest.mark.usefixtures("_many_tiles")
TRIANGLE = Zone("triangle", ((0.1, 0.2), (0.9, 0.1), (0.4, 0.95)))
LEFT = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
WIDE_RULE = ScoreRule(Kernel([[3000, 1], [-1, 0]]), Kernel([[1, -1], [2, -2000]]))

SOBEL_RULE = ScoreRule(sobel(0), sobel(1), Fraction(0))


def assert_as_the_reference(zone: Zone, rule: ScoreRule, image: Pixels, threads: int) -> None:
    """All four counts."""
    windows = zone.whole_windows((image.shape[0], image.shape[1]), rule.horizontal.shape)
    expected = reference.score_sums(image, rule, windows)
    scorer = ZoneScorer([zone], rule, threads=threads)
    assert scorer.sums(image) == {zone.name: expected}
    assert scorer(image) == {zone.name: rule.score(expected)}


@settings(max_examples=50)
@given(zone=zones(), rule=score_rules(), image=diverse_images(max_side=40), threads=st.integers(1, 8))
def test_any_zone_of_any_image_is_the_reference(zone: Zone, rule: ScoreRule, image: Pixels, threads: int) -> None:
    """Any polygon, kernels, threshold, content and number of tiles."""
    assume(zone.whole_windows((image.shape[0], image.shape[1]), rule.horizontal.shape).any())
    assert_as_the_reference(zone, rule, image, threads)


@pytest.mark.jit
@pytest.mark.parametrize(
    "rule", [ScoreRule(), WIDE_RULE, ScoreRule(sobel(0), sobel(1), Fraction(0))], ids=["2x2", "wide", "sobel"]
)
def test_machine_code_is_the_reference(rule: ScoreRule) -> None:
    """Odd and even sizes, one tile and many."""
    for seed, shape in enumerate([(9, 10), (23, 40), (31, 67), (40, 133), (21, 257), (33, 330)]):
        image = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        for threads in (1, 8):
            assert_as_the_reference(TRIANGLE, rule, image, threads)


@pytest.mark.parametrize("rule", [ScoreRule(), WIDE_RULE, SOBEL_RULE], ids=["2x2", "wide", "sobel"])
def test_large_frames_do_not_overflow(rule: ScoreRule) -> None:
    """Rows of the strongest responses, more of them than a 16-bit counter holds."""
    image = np.tile(np.array([[0], [255]], dtype=np.uint8), (300, 301))
    assert_as_the_reference(TRIANGLE, rule, image, 1)


def test_any_memory_layout(lay_out: Callable[[Any], Any]) -> None:
    """Boxes are cut out of frames of any strides."""
    image = lay_out(np.random.default_rng(3).integers(0, 256, (31, 45), dtype=np.uint8))
    assert_as_the_reference(TRIANGLE, ScoreRule(), image, 1)


def test_one_scorer_takes_frames_of_many_sizes_in_turn() -> None:
    """Also sizes that it has forgotten meanwhile."""
    scorer = ZoneScorer([TRIANGLE, LEFT], ScoreRule())
    for rows in (*range(8, 15), *range(8, 15)):
        image = np.random.default_rng(rows).integers(0, 256, (rows, 20), dtype=np.uint8)
        for zone in (TRIANGLE, LEFT):
            expected = reference.score_sums(image, ScoreRule(), zone.whole_windows((rows, 20), (2, 2)))
            assert scorer.sums(image)[zone.name] == expected


def test_zones_may_overlap_and_keep_their_order() -> None:
    """Each is scored alone."""
    image = np.zeros((20, 20), dtype=np.uint8)
    image[:, ::2] = 255
    assert list(ZoneScorer([TRIANGLE, LEFT], ScoreRule())(image).items()) == [
        ("triangle", EdgeScore(0, 1, 1)),
        ("left", EdgeScore(0, 1, 1)),
    ]


def test_a_zone_without_a_whole_window_is_an_error_and_no_score() -> None:
    """Zero would say that it was looked at, and is smooth."""
    scorer = ZoneScorer([LEFT], ScoreRule())
    with pytest.raises(
        OptionError,
        match=r"zone 'left': must hold at least one window of 2x2 pixels to have a score, found none in a picture of "
        "3x9; make the zone larger",
    ):
        scorer(np.zeros((9, 3), dtype=np.uint8))
    assert scorer(np.zeros((9, 4), dtype=np.uint8)) == {"left": EdgeScore(0, 0, 0)}


def test_only_gray_frames_are_scored() -> None:
    """Colours and other types are refused, as everywhere."""
    scorer = ZoneScorer([LEFT], ScoreRule())
    with pytest.raises(ShapeError, match="must be gray"):
        scorer(np.zeros((9, 9, 3), dtype=np.uint8))
    with pytest.raises(PixelTypeError):
        scorer(np.zeros((9, 9), dtype=np.float32))


@pytest.mark.jit
def test_a_filter_of_a_preset_with_zones_compiles_their_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a live pipeline which switches to it does not wait for them."""
    monkeypatch.setenv("LIVEFILTER_CACHE_DIR", str(tmp_path))
    rule = {"score": {"threshold": 0.123}}  # One that no other test has compiled.
    without = Preset.model_validate({"name": "a", "steps": (), **rule})
    Filter(without).compile()
    before = len(cached_files())
    Filter(without.with_zones([LEFT])).compile()
    after = len(cached_files())
    ZoneScorer([LEFT], without.score.rule)
    assert (after, len(cached_files())) == (before + 1, before + 1)
