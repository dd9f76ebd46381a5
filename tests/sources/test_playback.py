"""Stored sources as if live: looped, and at their own pace."""

from __future__ import annotations

import threading
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.errors import SourceError
from livefilter.sources import LoopedSource, RealtimeSource, Source, open_source
from livefilter.testing import ArraySource, FakeClock


def arrays(count: int) -> list[NDArray[np.uint8]]:
    """Pictures that differ."""
    return [np.full((2, 3), index, np.uint8) for index in range(count)]


def test_a_loop_goes_on_with_indexes_and_times(clip: Path) -> None:
    """The second round follows the first without a gap, and its pixels are the first one's."""
    with open_source(clip, loop=True) as source:
        frames = list(islice(source, 20))
    assert source.facts.frame_count is None
    assert [frame.index for frame in frames] == list(range(20))
    assert [frame.time_s for frame in frames] == [Fraction(index, 25) for index in range(20)]
    for first, again in zip(frames, frames[8:], strict=False):
        np.testing.assert_array_equal(first.pixels, again.pixels)


def test_colors_that_are_wanted_come_from_the_first_frame_of_each_round_on(clip: Path) -> None:
    """Though opening a file has decoded its first frame; the gray is the same."""
    with open_source(clip, loop=True) as source, open_source(clip, loop=True) as plain:
        source.set_color("rgb")
        for coloured, gray in islice(zip(source, plain, strict=False), 20):
            assert coloured.pixels.shape == (*gray.pixels.shape, 3)
            np.testing.assert_array_equal(coloured.gray, gray.pixels)


def test_every_round_of_a_loop_is_closed() -> None:
    """However many rounds are played, one source is open."""
    opened: list[ArraySource] = []

    def open_again() -> Source:
        opened.append(ArraySource(arrays(2), loss="the last one"))
        return opened[-1]

    with LoopedSource(open_again) as source:
        frames = list(islice(source, 7))
        assert source.loss == "the last one"
    assert [int(frame.pixels[0, 0]) for frame in frames] == [0, 1, 0, 1, 0, 1, 0]
    assert [one.is_closed for one in opened] == [True] * 4


def test_a_loop_ends_when_it_is_closed_or_a_round_is_empty() -> None:
    """It never spins without giving frames."""
    source = LoopedSource(lambda: ArraySource(arrays(2)))
    frames = iter(source)
    next(frames)
    source.close()
    assert list(frames) == []

    class Nothing(ArraySource):
        def __iter__(self):  # type: ignore[no-untyped-def]
            return iter(())

    assert list(LoopedSource(lambda: Nothing(arrays(1)))) == []


def test_a_source_in_real_time_gives_frames_when_they_are_due() -> None:
    """The clock stands where the frame's time says, counted from the first frame; nothing else is waited for."""
    clock = FakeClock(100.0)
    times = [Fraction(5), Fraction(51, 10), Fraction(7)]
    source = RealtimeSource(ArraySource(arrays(3), times_s=times), clock=clock, sleep=clock.advance)
    assert source.facts.is_live
    assert [(frame.index, clock()) for frame in source] == [
        (0, 100.0),
        (1, pytest.approx(100.1)),
        (2, pytest.approx(102.0)),
    ]


def test_a_slow_reader_of_real_time_is_not_waited_for() -> None:
    """A frame that is late comes at once, so that time lost is caught up."""
    clock = FakeClock()
    frames = iter(RealtimeSource(ArraySource(arrays(3), rate=Fraction(1)), clock=clock, sleep=clock.advance))
    next(frames)
    clock.advance(5)
    assert [(frame.index, clock()) for frame in frames] == [(1, 5), (2, 5)]


def test_real_time_stops_when_it_is_told_to() -> None:
    """Also in the middle of a wait; what is lost and what breaks comes through."""
    clock = FakeClock()
    answers = iter([False, False, False, True])
    source = RealtimeSource(
        ArraySource(arrays(2), rate=Fraction(1, 60)),
        clock=clock,
        sleep=clock.advance,
        should_stop=lambda: next(answers),
    )
    assert [frame.index for frame in source] == [0]
    assert 0 < clock() < 60
    broken = RealtimeSource(ArraySource(arrays(2), fails_after=1), clock=clock, sleep=clock.advance)
    with pytest.raises(SourceError, match="set to fail"):
        list(broken)
    lossy = RealtimeSource(ArraySource(arrays(1), loss="one frame"), clock=clock, sleep=clock.advance)
    assert len(list(lossy)) == 1
    assert lossy.loss == "one frame"


def test_real_time_can_be_closed_by_another_thread() -> None:
    """The wait for a frame that is due in a minute ends at once, and so does the stream."""
    inner = ArraySource(arrays(2), rate=Fraction(1, 60))
    source = RealtimeSource(inner)
    seen: list[int] = []
    has_first = threading.Event()

    def read() -> None:
        for frame in source:
            seen.append(frame.index)
            has_first.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert has_first.wait(10)
    source.close()
    reader.join(10)
    assert not reader.is_alive()
    assert (seen, inner.is_closed) == ([0], True)
