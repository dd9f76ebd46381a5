"""Times as people write them, and the parts of a stream that they bound."""

from __future__ import annotations

from fractions import Fraction

import pytest

from livefilter.errors import OptionError
from livefilter.sources import Time, Trim, Trimmed, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12.5", Fraction(25, 2)),
        ("0", Fraction(0)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("00:00:12.5", Fraction(25, 2)),
        ("1:30", Fraction(90)),
        ("10:00:00.001", Fraction(36_000_001, 1000)),
        (0.25, Fraction(1, 4)),
        (Fraction(1001, 30000), Fraction(1001, 30000)),
    ],
)
def test_seconds_are_read_exactly(text: str | float | Fraction, seconds: Fraction) -> None:
    """As decimals, as hours, minutes and seconds, or as numbers."""
    assert parse_time(text) == Time(seconds)


def test_frames_are_counted_with_an_f() -> None:
    """So that 120 is two minutes and 120f a frame."""
    assert parse_time("120f") == Time(Fraction(120), is_frames=True)


@pytest.mark.parametrize("text", ["", "abc", "-1", "1:2:3:4", "1.5f", "1e3", "12,5", "f", "nan", float("nan"), -1.0])
def test_anything_else_is_no_time(text: str | float) -> None:
    """The message shows how to write one."""
    with pytest.raises(OptionError, match=r"^time: must"):
        parse_time(text)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"stride": 0}, "stride: must be at least 1"),
        ({"end": parse_time("1"), "duration": parse_time("1")}, "only one of them"),
        ({"start": parse_time("2"), "end": parse_time("2")}, "end: must be after the start, 2 s, found 2 s"),
        ({"start": parse_time("9f"), "end": parse_time("3f")}, "end: must be after the start, 9f, found 3f"),
        ({"end": parse_time("0f")}, "end: must be after the start"),
        ({"duration": parse_time("0")}, "duration: must be more than 0"),
    ],
)
def test_a_part_that_keeps_nothing_is_refused(given: dict[str, Time], says: str) -> None:
    """Before anything is opened."""
    with pytest.raises(OptionError, match=says):
        Trim(**given)  # type: ignore[arg-type]


def test_a_number_instead_of_a_time_and_what_is_no_source_are_refused() -> None:
    """With what to write instead."""
    with pytest.raises(OptionError, match=r"start: must be a Time, found 5; use parse_time\(5\)"):
        Trim(start=5)  # type: ignore[arg-type]
    with pytest.raises(
        OptionError, match="source: must be an open Source, or a path, URL or camera number, found bytes"
    ):
        Trimmed(b"clip.mp4", Trim())  # type: ignore[arg-type]
