"""Times of live frames: whatever a stream says, they grow."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.sources.live import TIME_BASE, TimestampNormalizer

SECOND = 1_000_000_000


def test_stamps_keep_the_true_distance_of_frames() -> None:
    """They arrive unevenly; their times are even, and begin at 0."""
    line = TimestampNormalizer()
    arrivals = [7 * SECOND, 7 * SECOND + 90_000_000, 7 * SECOND + 91_000_000]
    stamps = [Fraction(1000), Fraction(100004, 100), Fraction(100008, 100)]
    times = [line.normalize(stamp, ns) for stamp, ns in zip(stamps, arrivals, strict=True)]
    assert times == [0, Fraction(4, 100), Fraction(8, 100)]
    assert line.rejected == 0


def test_without_stamps_the_arrival_counts() -> None:
    """As with a camera, which has none."""
    line = TimestampNormalizer()
    assert [float(line.normalize(None, ns)) for ns in (5 * SECOND, 5 * SECOND + SECOND // 2)] == [0.0, 0.5]


@pytest.mark.parametrize("rejected", [float("nan"), float("inf"), 40.0, 1e9, -1e9])
def test_a_stamp_without_sense_is_counted_and_the_clock_is_taken(rejected: float) -> None:
    """Not a number, back in time, or far off: the frame has the time at which it came."""
    line = TimestampNormalizer()
    line.normalize(50.0, 0)
    line.normalize(50.5, SECOND // 2)
    assert line.normalize(rejected, SECOND) == 1
    assert line.rejected == 1


def test_after_a_jump_stamps_count_from_there() -> None:
    """A camera that restarts its clock is rejected once, not for ever."""
    line = TimestampNormalizer()
    times = [line.normalize(stamp, ns) for stamp, ns in ((90.0, 0), (0.0, SECOND), (0.25, SECOND), (0.5, 2 * SECOND))]
    assert times == [0, 1, Fraction(5, 4), Fraction(3, 2)]
    assert line.rejected == 1


def test_a_new_connection_counts_from_anywhere() -> None:
    """Which is no nonsense: its first stamp is when it came."""
    line = TimestampNormalizer()
    line.normalize(90.0, 0)
    line.reconnect()
    assert [line.normalize(3.0, 20 * SECOND), line.normalize(4.0, 22 * SECOND)] == [20, 21]
    assert line.rejected == 0


@given(
    st.lists(st.tuples(st.none() | st.floats(), st.integers(0, 10**12)), min_size=1),
    st.booleans(),
)
def test_times_always_grow(stamps: list[tuple[float | None, int]], reconnects: bool) -> None:
    """No stream whatever can make two frames share a time, or time go back."""
    line = TimestampNormalizer()
    last, now_ns = Fraction(-1), 0
    for stamp, later_ns in stamps:
        now_ns += later_ns
        time_s = line.normalize(stamp, now_ns)
        assert time_s > last
        assert time_s % TIME_BASE == 0
        last = time_s
        if reconnects:
            line.reconnect()
