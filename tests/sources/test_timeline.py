"""Times of stored streams: exact while they grow, and continued where they jump."""

from __future__ import annotations

from fractions import Fraction

# Sources and sinks share it, and no door shows it to users.
from livefilter._timeline import Timeline

STEP_S = Fraction(1, 25)


def place(timeline: Timeline, *stamps_s: object) -> list[float]:
    """Return the times of frames."""
    return [float(timeline.place(Fraction(str(stamp_s)), STEP_S)) for stamp_s in stamps_s]


def test_times_that_grow_are_kept() -> None:
    """Also across a gap, where the format does not start again, and if two frames change places."""
    timeline = Timeline(has_restarts=False)
    assert place(timeline, 3, 4, 3.9, 4.1, 9000) == [3, 4, 3.9, 4.1, 9000]
    assert timeline.jumps == 0


def test_a_jump_back_goes_on_after_the_last_frame() -> None:
    """By the nominal duration of a frame."""
    timeline = Timeline(has_restarts=False)
    assert place(timeline, 5, 6, 0, 1) == [5, 6, 6.04, 7.04]
    assert timeline.jumps == 1


def test_a_long_gap_is_a_jump_only_where_the_format_may_start_again() -> None:
    """FFmpeg's programs draw the same line, at 10 s."""
    assert place(Timeline(has_restarts=True), 0, 10, 20.5) == [0, 10, 10.04]
    assert place(Timeline(has_restarts=False), 0, 10, 20.5) == [0, 10, 20.5]


def test_a_clock_of_33_bits_that_wraps_is_no_jump() -> None:
    """Its times are known: they lack 2**33 ticks of 1/90000 s."""
    wrap_s = Fraction(2**33, 90_000)
    timeline = Timeline(has_restarts=True)
    stamps_s = [wrap_s - Fraction(1, 2), Fraction(1, 2)]
    first_s, second_s = (timeline.place(stamp_s, STEP_S) for stamp_s in stamps_s)
    assert second_s - first_s == 1
    assert timeline.jumps == 0


def test_another_stream_follows_the_video_across_jumps() -> None:
    """Sound of the next part waits until the video is there, and gets the same offset."""
    timeline = Timeline(has_restarts=True)
    place(timeline, 0, 1)
    sound = timeline.follow()
    assert sound.offset_s(Fraction(1)) == 0
    assert sound.offset_s(Fraction(5000)) is None
    place(timeline, 5000, 5001, 3)
    assert sound.offset_s(Fraction(5000)) == Fraction(26, 25) - 5000
    assert sound.offset_s(Fraction(3)) is not None
    assert sound.offset_s(Fraction(9000)) is None
    assert sound.offset_s(Fraction(9000), is_last=True) is not None
