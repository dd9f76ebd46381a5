"""Gray out of what a camera sends: found by looking, never by believing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.sources import expansion_lut
from livefilter.sources.camera import detect_pixel_format, unpack_converted

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
    made, bgr = unpack(raw, "gray")
    assert bgr is None
    np.testing.assert_array_equal(made, gray)
    assert not np.shares_memory(made, raw), "the capture will fill it again"


def test_yuyv_is_gray_as_opencv_converts_it() -> None:
    """Against OpenCV's own conversion of the same bytes to colour and on to gray, within its rounding."""
    raw = np.dstack([scene(), np.full((ROWS, COLS), 128, np.uint8)])
    gray, _ = unpack_converted(cv2.cvtColor(raw, cv2.COLOR_YUV2BGR_YUYV), "gray")
    unpack = detect_pixel_format(raw, gray)
    assert unpack is not None
    assert int(cv2.absdiff(unpack(raw, "gray")[0], gray).max()) <= 1


def test_a_jpeg_is_decoded_to_gray() -> None:
    """Without its colours, which are most of the work; a broken one is an error, not a picture."""
    gray = scene()
    raw = cv2.imencode(".jpg", gray)[1].reshape(1, -1)
    unpack = detect_pixel_format(raw, noisy(gray))
    assert unpack is not None
    assert np.median(cv2.absdiff(unpack(raw, "gray")[0], gray)) <= 1
    half = raw.size // 2
    for broken in (np.zeros(50, np.uint8), raw[0, :half], np.delete(raw[0], np.s_[half : half + 60])):
        with pytest.raises(ValueError, match="JPEG"):
            unpack(broken, "gray")
    assert np.median(cv2.absdiff(unpack(raw, "gray")[0], gray)) <= 1, "a broken one spoils none that follows"


def colours() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Luma of the limited range, and half as many columns and rows of Cb and Cr: each side in a color of its own."""
    blue = np.full((ROWS // 2, COLS // 2), 100, np.uint8)
    red = np.full((ROWS // 2, COLS // 2), 140, np.uint8)
    blue[:, COLS // 4 :], red[: ROWS // 4] = 170, 90
    return scene(), blue, red


def packed(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Chroma of 4:2:2 as packed formats have it, between the luma."""
    both = np.empty((ROWS, COLS), np.uint8)
    both[:, ::2], both[:, 1::2] = np.repeat(first, 2, axis=0), np.repeat(second, 2, axis=0)
    return both


LAYOUTS: dict[str, Callable[[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "YUYV": lambda luma, blue, red: np.dstack([luma, packed(blue, red)]),
    "YVYU": lambda luma, blue, red: np.dstack([luma, packed(red, blue)]),
    "UYVY": lambda luma, blue, red: np.dstack([packed(blue, red), luma]),
    "NV12": lambda luma, blue, red: np.vstack([luma, np.dstack([blue, red]).reshape(-1, COLS)]),
    "NV21": lambda luma, blue, red: np.vstack([luma, np.dstack([red, blue]).reshape(-1, COLS)]),
    "I420": lambda luma, blue, red: np.concatenate([luma.ravel(), blue.ravel(), red.ravel()]).reshape(-1, COLS),
    "YV12": lambda luma, blue, red: np.concatenate([luma.ravel(), red.ravel(), blue.ravel()]).reshape(-1, COLS),
}


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("is_full_range", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_colours_come_from_the_same_bytes_in_the_same_range(layout: str, is_full_range: bool, is_named: bool) -> None:
    """As the equations of BT.601 have them; the layout is known by name, or by the picture before. Gray stays gray."""
    luma, blue, red = colours()
    y, cb, cr = (plane.astype(float) for plane in (luma, blue.repeat(2, 0).repeat(2, 1), red.repeat(2, 0).repeat(2, 1)))
    y, chroma = (y, 1.0) if is_full_range else ((y - 16) * 255 / 219, 255 / 224)
    cb, cr = (cb - 128) * chroma, (cr - 128) * chroma
    expected = np.dstack([y + 1.772 * cb, y - 0.344136 * cb - 0.714136 * cr, y + 1.402 * cr]).clip(0, 255)
    raw = LAYOUTS[layout](luma, blue, red)
    before = noisy(np.rint(expected).astype(np.uint8))
    if is_named:  # Without colors, the picture before says nothing on where they are.
        before = np.asarray(cv2.cvtColor(before, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    unpack = detect_pixel_format(raw, before, layout if is_named else "")
    assert unpack is not None
    gray, bgr = unpack(raw, "rgb")
    np.testing.assert_array_equal(gray, unpack(raw, "gray")[0])
    np.testing.assert_array_equal(gray, luma if is_full_range else expansion_lut(is_full_range=False)[luma])
    assert np.abs(bgr - expected).max() <= 2, "two roundings"


def test_the_colours_of_a_jpeg_are_those_of_its_luma() -> None:
    """From one decoding; the gray is the same with and without them."""
    luma, blue, red = colours()
    picture = np.dstack([luma, blue.repeat(2, 0).repeat(2, 1), red.repeat(2, 0).repeat(2, 1)])
    raw = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].reshape(1, -1)
    unpack = detect_pixel_format(raw, noisy(picture))
    assert unpack is not None
    gray, bgr = unpack(raw, "luma")
    np.testing.assert_array_equal(gray, unpack(raw, "gray")[0])
    assert bgr is not None
    assert np.median(cv2.absdiff(bgr, picture)) <= 2


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
    np.testing.assert_array_equal(unpack(raw, "gray")[0], gray)
    assert unpack(raw, "rgb")[1] is None, "it has no colors"
    if bits == 16:
        np.testing.assert_array_equal(unpack_converted(raw, "rgb")[0], gray)


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
        made, bgr = unpack_converted(picture, "rgb")
        np.testing.assert_array_equal(made, gray)
        assert unpack_converted(picture, "gray")[1] is None
        if picture.ndim == 3 and picture.shape[2] > 1:
            np.testing.assert_array_equal(bgr, picture[..., :3])
        else:
            assert bgr is None
    with pytest.raises(ValueError, match="2 channels"):
        unpack_converted(np.dstack([gray] * 2), "gray")
