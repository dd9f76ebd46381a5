"""The public doubles keep their own promises, and nothing loads them at run time."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.analysis import Result
from livefilter.errors import SinkError, SourceError
from livefilter.frame import Pixels, check_gray
from livefilter.kernels import BORDERS, Border, EdgeScore, Kernel
from livefilter.testing import ArraySource, FakeClock, ListSink
from livefilter.testing.strategies import borders, images, kernels

ARRAYS = [np.full((2, 3), level, np.uint8) for level in range(3)]


def test_an_array_source_gives_its_arrays_at_their_times() -> None:
    """By the rate, or as they are given; and it notes that it was closed."""
    with ArraySource(ARRAYS, rate=Fraction(2), loss="a little") as source:
        frames = list(source)
    assert (source.is_closed, source.loss) == (True, "a little")
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0), (1, Fraction(1, 2)), (2, 1)]
    assert [frame.captured_ns for frame in frames] == [0, 500_000_000, 1_000_000_000]
    assert all(frame.pixels is array for frame, array in zip(frames, ARRAYS, strict=True))
    given_s = [Fraction(5), Fraction(6), Fraction(9)]
    assert [frame.time_s for frame in ArraySource(ARRAYS, times_s=given_s)] == given_s


@pytest.mark.parametrize("count", [0, 2, 3])
def test_an_array_source_fails_when_it_is_told_to(count: int) -> None:
    """After so many frames, also after all of them."""
    frames = iter(ArraySource(ARRAYS, fails_after=count))
    assert [next(frames).index for _ in range(count)] == list(range(count))
    with pytest.raises(SourceError, match=f"after {count} frames"):
        next(frames)


def test_an_array_source_needs_arrays_and_a_time_for_each() -> None:
    """A mistake in a test shows where it is made."""
    with pytest.raises(ValueError, match="must be at least one"):
        ArraySource([])
    with pytest.raises(ValueError, match="must be one for each array"):
        ArraySource(ARRAYS, times_s=[Fraction(0)])


def test_a_list_sink_keeps_frames_and_how_it_ended() -> None:
    """Complete, partial or discarded: the first that happens stays."""
    frame = next(iter(ArraySource(ARRAYS)))
    with ListSink() as sink:
        sink.write(Result.unfiltered(frame, EdgeScore(0, 0, 0)))
    sink.discard()
    assert (sink.state, [kept.frame for kept in sink.results], len(sink.scores)) == ("complete", [frame], 1)
    sink = ListSink(fails_at=0)
    with pytest.raises(SinkError), sink:
        sink.write(Result.unfiltered(frame, EdgeScore(0, 0, 0)))
    sink.finish()
    assert (sink.state, sink.frames) == ("discarded", [])
    sink = ListSink()
    sink.finish(is_complete=False)
    assert sink.state == "partial"


def test_a_fake_clock_goes_when_it_is_told_to_and_never_back() -> None:
    """Seconds, as time.monotonic."""
    clock = FakeClock(3)
    clock.advance(0.5)
    assert clock() == 3.5
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)


@given(images(min_side=2, max_side=4), borders(), kernels(max_side=3, divisors=(4,), max_offset=7), st.data())
def test_strategies_make_what_they_say(image: Pixels, border: Border, kernel: Kernel, data: st.DataObject) -> None:
    """Gray pictures, borders, and kernels within the bounds that are given."""
    check_gray(image)
    assert all(2 <= side <= 4 for side in image.shape)
    assert border in BORDERS
    assert max(kernel.shape) <= 3
    assert kernel.divisor == 4
    assert -7 <= kernel.offset <= 7
    assert max(data.draw(images()).shape) <= 9


def test_nothing_at_run_time_loads_the_doubles() -> None:
    """Neither the library nor the command line imports them; and they do without hypothesis."""
    code = (
        "import sys, livefilter, livefilter.pipeline; "
        "assert 'livefilter.testing' not in sys.modules; "
        "import livefilter.testing; assert 'hypothesis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
