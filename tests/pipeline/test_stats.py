"""Counters and measurements of a live pipeline."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from livefilter.pipeline.live import Percentiles, Stats

# The bound itself is the promise: memory does not grow beyond it.
from livefilter.pipeline.live._stats import _MAX_SAMPLES
from livefilter.testing import FakeClock


def test_rates_are_those_of_the_last_seconds() -> None:
    """Thirty a second, also after a long time of ten; and nothing when the stream stands still."""
    clock = FakeClock(50)
    stats = Stats(Fraction(30), clock)
    for fps in (10, 30):
        for _ in range(4 * fps):
            clock.advance(1 / fps)
            stats.frame_in()
            stats.frame_out()
    assert stats.snapshot().fps_in == pytest.approx(30, abs=0.6)
    assert stats.snapshot().fps_out == pytest.approx(30, abs=0.6)
    assert (stats.snapshot().frames_in, stats.snapshot().frames_out) == (160, 160)
    assert stats.snapshot().seconds == pytest.approx(8)
    clock.advance(5)
    assert stats.snapshot().fps_in == 0


def test_the_rate_of_a_stream_that_has_just_begun_is_right() -> None:
    """It is not divided by seconds that have not been yet."""
    clock = FakeClock()
    stats = Stats(Fraction(30), clock)
    assert stats.snapshot().fps_in == 0
    for _ in range(15):
        clock.advance(1 / 30)
        stats.frame_in()
    assert stats.snapshot().fps_in == pytest.approx(30)


def test_latencies_are_percentiles_of_the_last_ten_seconds() -> None:
    """What is older is in the figures of the whole run only."""
    clock = FakeClock()
    stats = Stats(Fraction(30), clock)
    for _ in range(100):
        stats.record_latency("window", 0.5)
    clock.advance(11)
    for age_ms in range(1, 101):
        stats.record_latency("window", age_ms / 1000)
        stats.record_latency("recording", 0.002)
    measured = stats.snapshot()
    window = measured.latency["window"]
    expected = np.percentile(range(1, 101), (50, 95, 99))
    assert (window.p50_ms, window.p95_ms, window.p99_ms) == pytest.approx(tuple(expected), abs=0.001)
    assert measured.latency["recording"].p99_ms == pytest.approx(2)
    assert measured.total_latency["window"].p99_ms == pytest.approx(500, rel=0.02)
    assert measured.total_latency["window"].p50_ms == pytest.approx(100, rel=0.03)


@pytest.mark.parametrize("age_s", [0.0, 1e-6, 0.004, 1.0, 1e6])
def test_the_whole_runs_figures_hold_any_duration(age_s: float) -> None:
    """To 2 % between ten microseconds and some minutes."""
    stats = Stats(Fraction(30))
    stats.record_latency("window", age_s)
    stats.record_stage("filter", age_s)
    p50_ms = stats.snapshot().total_latency["window"].p50_ms
    assert stats.snapshot().total_stages["filter"].p50_ms == p50_ms
    if 1e-5 <= age_s <= 500:
        assert age_s * 1000 <= p50_ms <= age_s * 1020
    assert 0 < p50_ms < 1e6


def test_memory_does_not_grow() -> None:
    """However long it runs."""
    clock = FakeClock()
    stats = Stats(Fraction(30), clock)
    clock.advance(1)
    for duration_s in (0.1, 0.001):
        for _ in range(_MAX_SAMPLES):
            stats.frame_in()
            stats.record_stage("filter", duration_s)
            stats.record_latency("window", duration_s)
    made = stats.snapshot()
    assert made.fps_in == _MAX_SAMPLES
    newest = Percentiles(1, 1, 1)
    assert (made.stages, made.latency) == ({"filter": newest}, {"window": newest})
    assert made.frames_in == 2 * _MAX_SAMPLES


def test_drops_are_counted_by_where_they_were() -> None:
    """And frames with a corrected time by themselves."""
    stats = Stats(Fraction(30))
    for where in ("filter", "window", "filter"):
        stats.drop(where)
    stats.timestamp_fixed()
    assert stats.snapshot().dropped == {"filter": 2, "window": 1}
    assert (stats.dropped("filter"), stats.dropped("recording"), stats.snapshot().timestamps_fixed) == (2, 0, 1)


@pytest.mark.parametrize(("filter_s", "overlay_s", "is_slow"), [(0.02, 0.01, False), (0.03, 0.01, True)])
def test_filter_and_overlay_must_fit_into_a_frames_time(filter_s: float, overlay_s: float, is_slow: bool) -> None:
    """Together, on average of the last second; what a sink takes is its own."""
    clock = FakeClock(100)
    stats = Stats(Fraction(30), clock)
    stats.record_stage("filter", 9.0)
    clock.advance(2)
    stats.record_stage("filter", filter_s)
    stats.record_stage("overlay", overlay_s)
    stats.record_stage("recording", 9.0)
    assert stats.snapshot().is_slow is is_slow
    assert stats.snapshot().budget_ms == pytest.approx(1000 / 30)
