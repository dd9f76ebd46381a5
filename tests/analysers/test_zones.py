"""Scores of zones, frame by frame."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from livefilter.analysers import ZoneAnalyser
from livefilter.analysis import Analysis, Detection, EdgeScore, Region
from livefilter.errors import OptionError
from livefilter.frame import Frame
from livefilter.kernels import ScoreRule, Zone, reference

DOOR = Zone("door", ((0.1, 0.1), (0.6, 0.1), (0.4, 0.9)))
RIGHT = Zone("right", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))
RULE = ScoreRule(threshold=Fraction(1, 3))
COLOURED = np.random.default_rng(4).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def expected(zone: Zone, frame: Frame) -> EdgeScore:
    """What the reference makes of a frame that is not mirrored."""
    rows, cols = frame.gray.shape
    return RULE.score(reference.score_sums(frame.gray, RULE, zone.whole_windows((rows, cols), (2, 2))))


def test_zones_are_scored_on_the_gray_of_a_frame_at_once() -> None:
    """By the rule; the frame passes unchanged, and what is known of it already stays."""
    analyser = ZoneAnalyser([DOOR, RIGHT], RULE)
    assert (analyser.lookahead_s, analyser.is_slow) == (0, False)
    frame = Frame(COLOURED, 0, Fraction(0), 0)
    known = Analysis(zones={"before": EdgeScore(0, 0, 1)}, detections=(Detection("face", Region(0, 0, 1, 1)),))
    ((passed, analysis),) = analyser.push(frame, known)
    assert passed is frame
    assert analysis.detections == known.detections
    assert analysis.zones == {
        "before": EdgeScore(0, 0, 1),
        "door": expected(DOOR, frame),
        "right": expected(RIGHT, frame),
    }
    assert list(known.zones) == ["before"]
    assert list(analyser.finish()) == []


def test_zones_refer_to_the_frame_before_it_was_mirrored() -> None:
    """A mirrored frame has the same scores."""
    frame = Frame(COLOURED, 0, Fraction(0), 0)
    ((_, upright),) = ZoneAnalyser([RIGHT], RULE).push(frame, Analysis())
    ((_, mirrored),) = ZoneAnalyser([RIGHT], RULE).push(frame.mirrored(), Analysis())
    assert mirrored.zones == upright.zones


def test_a_zone_that_is_too_small_can_be_found_before_the_first_frame() -> None:
    """The message names it."""
    with pytest.raises(OptionError, match=r"zone .door.: must hold at least one window of 2x2 pixels"):
        ZoneAnalyser([DOOR, RIGHT], RULE).prepare((40, 1))
