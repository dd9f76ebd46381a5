"""Gray out of what a camera sends: found by looking, never by believing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.sources import expansion_lut
from livefilter.sources.camera import convert_to_gray, detect_pixel_format

ROWS, COLS = 48, 64


def scene() -> NDArray[np.uint8]:
    """Luma as a camera would store it: all of the limited range, with something in it."""
    ramp = np.linspace(16, 235, COLS).astype(np.uint8)
    picture = np.tile(ramp, (ROWS, 1))
    picture[10:30, 20:40] = 40
    return picture


def noisy(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture a moment before: noise, and something has moved."""
    noise = np.random.default_rng(1).normal(0, 1.5, picture.shape)
    moved = np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)
    moved[30:40, 5:15] = 200
    return moved


CHROMA = np.full((ROWS, COLS), 120, np.uint8)
STORED: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "YUYV": lambda luma: np.dstack([luma, CHROMA]),
    "UYVY": lambda luma: np.dstack([CHROMA, luma]),
    "YUYV in one row": lambda luma: np.dstack([luma, CHROMA]).reshape(1, -1),
    "NV12": lambda luma: np.vstack([luma, CHROMA[: ROWS // 2]]),
    "GREY": lambda luma: luma,
}


@pytest.mark.parametrize("is_full_range", [False, True])
@pytest.mark.parametrize("stored", STORED)
def test_the_luma_is_found_with_its_range(stored: str, is_full_range: bool) -> None:
    """Whatever the layout, the gray is that of the converted picture, to the level."""
    luma = scene()
    gray = luma if is_full_range else expansion_lut(is_full_range=False)[luma]
    raw = STORED[stored](luma)
    unpack = detect_pixel_format(raw, noisy(gray))
    assert unpack is not None
    made = unpack(raw)
    np.testing.assert_array_equal(made, gray)
    assert not np.shares_memory(made, raw), "the capture will fill it again"


def test_yuyv_is_gray_as_opencv_converts_it() -> None:
    """Against OpenCV's own conversion of the same bytes to colour and on to gray, within its rounding."""
    raw = np.dstack([scene(), np.full((ROWS, COLS), 128, np.uint8)])
    gray = convert_to_gray(cv2.cvtColor(raw, cv2.COLOR_YUV2BGR_YUYV))
    unpack = detect_pixel_format(raw, gray)
    assert unpack is not None
    assert int(cv2.absdiff(unpack(raw), gray).max()) <= 1


def test_a_jpeg_is_decoded_to_gray() -> None:
    """Without its colours, which are most of the work; a broken one is an error, not a picture."""
    gray = scene()
    raw = cv2.imencode(".jpg", gray)[1].reshape(1, -1)
    unpack = detect_pixel_format(raw, noisy(gray))
    assert unpack is not None
    assert np.median(cv2.absdiff(unpack(raw), gray)) <= 1
    half = raw.size // 2
    for broken in (np.zeros(50, np.uint8), raw[0, :half], np.delete(raw[0], np.s_[half : half + 60])):
        with pytest.raises(ValueError, match="JPEG"):
            unpack(broken)
    assert np.median(cv2.absdiff(unpack(raw), gray)) <= 1, "a broken one spoils none that follows"


def test_a_black_picture_tells_nothing() -> None:
    """Many cameras begin with some: black is the same in both ranges, and the next picture is not."""
    black = np.zeros((ROWS, COLS), np.uint8)
    assert detect_pixel_format(np.dstack([black, CHROMA]), black) is None


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_more_bits_of_gray_become_eight(bits: int) -> None:
    """As thermal and industrial cameras send."""
    gray = scene()
    raw = gray.astype(np.uint16) * 2 ** (bits - 8) + 3
    unpack = detect_pixel_format(raw, gray)
    assert unpack is not None
    np.testing.assert_array_equal(unpack(raw), gray)
    if bits == 16:
        np.testing.assert_array_equal(convert_to_gray(raw), gray)


@pytest.mark.parametrize(
    "raw",
    [
        np.dstack([scene()] * 3),
        np.dstack([CHROMA, CHROMA]),
        255 - scene(),
        np.zeros((ROWS // 2, COLS), np.uint8),
        np.frombuffer(b"\xff\xd8 no picture", np.uint8),
        np.zeros((ROWS, COLS), np.float32),
    ],
    ids=["already converted", "something else", "inverted", "another size", "a broken JPEG", "not bytes"],
)
def test_what_does_not_come_near_the_converted_picture_is_not_used(raw: NDArray[Any]) -> None:
    """Then the backend's conversion is kept, which costs time but is right."""
    assert detect_pixel_format(raw, scene()) is None


def test_converted_pictures_may_have_one_three_or_four_channels() -> None:
    """Any other number is no picture."""
    gray = scene()
    for picture in (gray, gray[..., None], np.dstack([gray] * 3), np.dstack([gray] * 4)):
        np.testing.assert_array_equal(convert_to_gray(picture), gray)
    with pytest.raises(ValueError, match="2 channels"):
        convert_to_gray(np.dstack([gray] * 2))
