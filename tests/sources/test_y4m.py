"""The first line of YUV4MPEG2."""

from __future__ import annotations

from fractions import Fraction

import pytest

from livefilter.errors import SourceError
from livefilter.sources.stdin import Y4mHeader, parse_header


def test_a_line_as_ffmpeg_writes_it() -> None:
    """Everything is read; what belongs to other programs (X...) is passed over."""
    line = b"YUV4MPEG2 W320 H241 F30000:1001 It A4:3 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED\n"
    assert parse_header(line) == Y4mHeader(
        (241, 320),
        Fraction(30000, 1001),
        8,
        is_full_range=False,
        is_interlaced=True,
        pixel_aspect=Fraction(4, 3),
        frame_bytes=320 * 241 + 2 * 160 * 121,
    )


def test_what_the_line_does_not_tell_is_the_usual() -> None:
    """4:2:0, progressive, square pixels, limited range; a rate that is unknown (0:0) is 25."""
    header = parse_header(b"YUV4MPEG2 W4 H2 F0:0 I? A0:0\n")
    assert header == Y4mHeader((2, 4), Fraction(25), 8, False, False, Fraction(1), 8 + 4)


@pytest.mark.parametrize(
    ("space", "frame_bytes", "bits"),
    [
        ("420", 15 + 2 * 6, 8),
        ("420jpeg", 15 + 2 * 6, 8),
        ("420paldv", 15 + 2 * 6, 8),
        ("422", 15 + 2 * 9, 8),
        ("411", 15 + 2 * 6, 8),
        ("444", 45, 8),
        ("444alpha", 60, 8),
        ("mono", 15, 8),
        ("420p10", 2 * 27, 10),
        ("422p12", 2 * 33, 12),
        ("444p16", 2 * 45, 16),
        ("mono12", 30, 12),
    ],
)
def test_the_bytes_of_a_frame_follow_from_the_colour_space(space: str, frame_bytes: int, bits: int) -> None:
    """With odd sides, where the chroma is rounded up: 3 rows of 5."""
    header = parse_header(f"YUV4MPEG2 W5 H3 F25:1 C{space}\n".encode())
    assert (header.frame_bytes, header.bits) == (frame_bytes, bits)


@pytest.mark.parametrize(
    ("tags", "is_full_range"),
    [
        ("C420 XCOLORRANGE=FULL", True),
        ("C420jpeg", False),
        ("Cmono", True),
        ("Cmono XCOLORRANGE=LIMITED", False),
    ],
)
def test_the_range_is_told_or_the_usual_one(tags: str, is_full_range: bool) -> None:
    """Gray is full range unless it says otherwise; 420jpeg describes the chroma position, not the range."""
    assert parse_header(f"YUV4MPEG2 W5 H3 F25:1 {tags}\n".encode()).is_full_range is is_full_range


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"YUV4MPEG2 H3 F25:1\n", "must hold width and height"),
        (b"YUV4MPEG2 W0 H3\n", "must hold width and height"),
        (b"YUV4MPEG2 W-5 H3\n", "must hold width and height"),
        (b"YUV4MPEG2 W5 H3 Cxyz\n", "the colour space 'xyz' is unknown; use -pix_fmt yuv420p"),
        (b"YUV4MPEG2 \xff\xfe\n", "must hold width and height"),
    ],
)
def test_a_line_that_cannot_be_understood_is_refused(line: bytes, says: str) -> None:
    """With what would be right."""
    with pytest.raises(SourceError, match=says):
        parse_header(line)
