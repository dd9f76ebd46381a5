"""How long a run will still take."""

from __future__ import annotations

import pytest

from livefilter.pipeline import Progress, RateEstimate
from livefilter.testing import FakeClock


@pytest.mark.parametrize("jitter", [0.0, 0.5])
def test_after_a_tenth_the_rest_is_right_within_a_tenth(jitter: float) -> None:
    """Thirty minutes of frames that take 2 ms each, evenly or by turns faster and slower, after a slow start."""
    clock, frames = FakeClock(), 54_000
    pace = RateEstimate(clock)
    clock.advance(5)  # Opening and compiling come before the first frame.
    ends_s = clock() + 1 + frames * 0.002
    promised_s = 0.0
    for frame in range(1, frames + 1):
        clock.advance(1.0 if frame == 2 else 0.002 * (1 + jitter * (1 if frame % 100 < 50 else -1)))
        pace.update(Progress(frame, frames))
        if frame == frames // 10:
            assert pace.remaining_s is not None
            promised_s = clock() + pace.remaining_s
    assert promised_s - 5 == pytest.approx(ends_s - 5, rel=0.1)
    assert pace.remaining_s == 0


def test_before_two_updates_nothing_is_promised() -> None:
    """One frame tells no rate."""
    clock = FakeClock()
    pace = RateEstimate(clock)
    assert (pace.fps, pace.remaining_s, pace.elapsed_s) == (None, None, 0.0)
    pace.update(Progress(1, 10))
    assert (pace.fps, pace.remaining_s) == (None, None)


def test_without_an_expected_number_there_is_a_rate_and_no_end() -> None:
    """A camera has no end."""
    clock = FakeClock()
    pace = RateEstimate(clock)
    pace.update(Progress(1, None))
    clock.advance(2)
    pace.update(Progress(11, None))
    assert (pace.fps, pace.remaining_s) == (5.0, None)


def test_more_frames_than_expected_leave_nothing() -> None:
    """Containers round; the rest never becomes negative."""
    clock = FakeClock()
    pace = RateEstimate(clock)
    pace.update(Progress(1, 3))
    clock.advance(2)
    pace.update(Progress(5, 3))
    assert pace.remaining_s == 0


def test_a_second_pass_has_a_rate_of_its_own() -> None:
    """It filters, and the first one only analyses."""
    clock = FakeClock()
    pace = RateEstimate(clock)
    for frames in (1, 101):
        pace.update(Progress(frames, 101, is_first_pass=True))
        clock.advance(1)
    for frames in (1, 11):
        pace.update(Progress(frames, 101))
        clock.advance(1)
    assert (pace.fps, pace.remaining_s) == (10.0, 9.0)
