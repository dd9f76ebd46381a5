"""Sources that cannot be relied on."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from livefilter.pipeline.live import Stats, with_monotonic_times
from livefilter.testing import FaultySource

RATE = Fraction(10)
TENTH = Fraction(1, 10)


def times(given: list[Any]) -> tuple[list[Fraction], Stats]:
    """The times that a pipeline sees of a source that gives these, None for no frame; and what was counted."""
    stats = Stats(RATE)
    source = FaultySource(np.zeros((2, 2), np.uint8), given, rate=RATE)
    return [frame.time_s for frame in with_monotonic_times(source, stats)], stats


def test_good_times_stay_as_they_are() -> None:
    """Uneven ones too, and those that begin below zero."""
    found, stats = times([Fraction(-1), Fraction(0), Fraction(7)])
    assert found == [-1, 0, 7]
    assert stats.snapshot().timestamps_fixed == 0


def test_what_is_no_frame_is_dropped_and_counted() -> None:
    """A camera that gives nothing now and then."""
    found, stats = times([None, Fraction(0), None, TENTH])
    assert found == [0, TENTH]
    assert stats.snapshot().dropped == {"source": 2}


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), None.__class__, "soon"])
def test_a_time_that_is_no_number_becomes_a_frame_after_the_one_before(odd: object) -> None:
    """Zero if it is the first; the others stay."""
    found, stats = times([odd, TENTH, odd, 3 * TENTH])
    assert found == [0, TENTH, 2 * TENTH, 3 * TENTH]
    assert stats.snapshot().timestamps_fixed == 2


def test_a_time_that_goes_back_moves_all_that_follows() -> None:
    """A camera that starts over goes on from where it was; twice."""
    found, stats = times([Fraction(5), Fraction(6), Fraction(0), Fraction(1), Fraction(1, 2), Fraction(3, 2)])
    assert found == [5, 6, 6 + TENTH, 7 + TENTH, 7 + 2 * TENTH, 8 + 2 * TENTH]
    assert stats.snapshot().timestamps_fixed == 2


def test_a_time_that_stands_still_goes_on() -> None:
    """No two frames share a time: a video could not hold them."""
    found, _ = times([Fraction(1)] * 3)
    assert found == [1, 1 + TENTH, 1 + 2 * TENTH]


def test_other_numbers_are_taken_as_they_are() -> None:
    """Floats and whole numbers, from sources that others wrote."""
    found, stats = times([0, 0.5, 1])
    assert found == [0, Fraction(1, 2), 1]
    assert stats.snapshot().timestamps_fixed == 0


def test_an_error_comes_after_the_frames_before_it() -> None:
    """As the source raises it."""

    def broken() -> Iterator[Fraction]:
        yield Fraction(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        times(broken())  # type: ignore[arg-type]
