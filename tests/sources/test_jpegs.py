"""Where one JPEG ends and the next begins."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.sources.stdin import JpegSplitter


def jpeg(level: int, *parameters: int) -> bytes:
    """A picture with something in it."""
    picture = np.tile(np.arange(64, dtype=np.uint8) * 3 + level, (48, 1))
    encoded: bytes = cv2.imencode(".jpg", picture, parameters)[1].tobytes()
    return encoded


def with_preview(picture: bytes) -> bytes:
    """The picture with another one in its header, as cameras write."""
    preview = b"Exif\0\0" + jpeg(99)
    return picture[:2] + b"\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview + picture[2:]


def split(data: bytes, at_once: int = 1 << 16) -> tuple[list[bytes], JpegSplitter]:
    """All pictures of some bytes, which come so many at once."""
    pieces = [data[start : start + at_once] for start in range(0, len(data), at_once)]
    splitter = JpegSplitter(lambda: pieces.pop(0) if pieces else b"")
    pictures = []
    while (picture := splitter.next()) is not None:
        pictures.append(picture)
    return pictures, splitter


PROGRESSIVE = (int(cv2.IMWRITE_JPEG_PROGRESSIVE), 1)
RESTARTS = (int(cv2.IMWRITE_JPEG_RST_INTERVAL), 2)
GOOD = [jpeg(0), jpeg(20, *PROGRESSIVE), jpeg(40, *RESTARTS), with_preview(jpeg(60))]


@given(st.lists(st.sampled_from(GOOD), max_size=5), st.integers(1, 3000))
def test_pictures_are_cut_where_they_end(pictures: list[bytes], at_once: int) -> None:
    """Byte for byte, in whatever pieces they come: progressive ones, with restarts, with a preview in the header."""
    found, splitter = split(b"".join(pictures), at_once)
    assert found == pictures
    assert (splitter.skipped, splitter.torn) == (0, 0)


def test_what_stands_between_pictures_is_skipped_and_counted() -> None:
    """Line ends, headers of a protocol, or nonsense."""
    found, splitter = split(b"\r\n\r\n" + GOOD[0] + b"--boundary" + GOOD[1] + b"\xff\xd8", 7)
    assert found == [GOOD[0], GOOD[1]]
    assert splitter.skipped == 4 + 10 + 2
    assert splitter.torn == 0


@pytest.mark.parametrize("kept", [4, 30, 300, -2])
def test_a_torn_picture_is_counted_and_the_next_one_found(kept: int) -> None:
    """Cut in its markers, its tables, or its pixels: the one after it is whole."""
    found, splitter = split(GOOD[0] + GOOD[1][:kept] + GOOD[2])
    assert found[0] == GOOD[0]
    assert found[-1] == GOOD[2]
    assert splitter.torn >= 1
    assert len(found) <= 3


@pytest.mark.parametrize("kept", [3, 4, 30, 300, -2, -1])
def test_a_picture_that_the_end_cuts_off_is_counted(kept: int) -> None:
    """However little of it is there."""
    found, splitter = split(GOOD[0] + GOOD[1][:kept], 50)
    assert found == [GOOD[0]]
    assert splitter.torn == 1


@given(st.binary(max_size=400))
def test_nonsense_ends(data: bytes) -> None:
    """Whatever comes, splitting ends, and of the pictures after it at most the first is swallowed."""
    found, splitter = split(b"\xff\xd8\xff" + data + GOOD[0] + GOOD[0], 64)
    assert GOOD[0] in found
    assert splitter.torn + splitter.skipped + len(found) > 0


def test_pixels_without_an_end_do_not_fill_the_memory() -> None:
    """Beyond any size that an image has, it is given up."""
    scan = GOOD[0][: GOOD[0].find(b"\xff\xda") + 20]
    pieces = iter([scan, *[bytes(50_000)] * 10, GOOD[2]])
    splitter = JpegSplitter(lambda: next(pieces, b""), max_image_bytes=100_000)
    assert splitter.next() == GOOD[2]
    assert splitter.torn == 1
    assert splitter.skipped > 400_000
