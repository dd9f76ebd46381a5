"""The Frame, and the checks at every door."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from livefilter._deprecated import RenamedAttribute  # the one helper behind every deprecated attribute
from livefilter.errors import LivefilterError, PixelTypeError, ShapeError
from livefilter.frame import Frame, check_gray, check_pixels

GRAY = np.zeros((2, 3), np.uint8)
BGR = np.zeros((2, 3, 3), np.uint8)


@pytest.mark.parametrize("pixels", [GRAY, BGR, GRAY.T, BGR[::-1, ::-1], np.zeros((1, 1), np.uint8)])
def test_a_frame_holds_gray_or_bgr_pixels(pixels: Any) -> None:
    """Any strides, any size from one pixel on; the array is kept, not copied."""
    frame = Frame(pixels, 4, Fraction(1001, 7500), 12)
    assert frame.pixels is pixels
    assert (frame.index, frame.time_s, frame.captured_ns) == (4, Fraction(1001, 7500), 12)


def test_a_frame_cannot_be_changed() -> None:
    """Frames go to several sinks at once."""
    frame = Frame(GRAY, 0, Fraction(0), 0)
    with pytest.raises(FrozenInstanceError):
        frame.index = 1  # type: ignore[misc]


def test_the_old_name_of_a_renamed_attribute_warns_and_still_works() -> None:
    """Code written for `lasts_s` keeps running; the warning names the new attribute and points at the caller's line."""
    frame = Frame(GRAY, 0, Fraction(0), 0, duration_s=Fraction(1, 25))
    with pytest.warns(DeprecationWarning, match=r"^Frame\.lasts_s is deprecated: use Frame\.duration_s$") as caught:
        assert frame.lasts_s == Fraction(1, 25)
    assert caught[0].filename == __file__


def test_the_old_name_of_a_renamed_attribute_cannot_be_set() -> None:
    """Setting it would not change the attribute that is read."""

    class Clip:
        duration_s = 2.5
        length = RenamedAttribute[float]("duration_s")

    with pytest.raises(AttributeError, match=r"^Clip\.length is read-only: use duration_s$"):
        Clip().length = 1.0


def test_frames_are_compared_by_identity() -> None:
    """Two frames with the same pixels are two frames; both can be put in a set."""
    first, second = (Frame(GRAY, 0, Fraction(0), 0) for _ in range(2))
    assert first != second
    assert len({first, second}) == 2


@pytest.mark.parametrize(
    ("pixels", "error", "message"),
    [
        ([[1, 2]], PixelTypeError, "must be a NumPy array of uint8, found list; use np.asarray"),
        (None, PixelTypeError, "found NoneType"),
        (np.zeros((2, 2)), PixelTypeError, r"found float64; scale it to 0..255, then np.rint\(image\)"),
        (np.zeros((2, 2), bool), PixelTypeError, r"found bool; convert with image.astype\(np.uint8\) \* 255"),
        (np.zeros((2, 2), np.int64), PixelTypeError, r"found int64; convert with image.clip\(0, 255\)"),
        (np.zeros((2, 2, 4), np.uint8), ShapeError, r"found \(2, 2, 4\); drop the alpha channel"),
        (np.zeros((2, 2, 2), np.uint8), ShapeError, r"found \(2, 2, 2\)$"),
        (np.zeros(4, np.uint8), ShapeError, r"found \(4,\)$"),
        (np.zeros((1, 2, 2, 3), np.uint8), ShapeError, r"found \(1, 2, 2, 3\)$"),
        (np.zeros((0, 2), np.uint8), ShapeError, r"at least one pixel, found shape \(0, 2\)"),
        (np.zeros((2, 0, 3), np.uint8), ShapeError, r"at least one pixel, found shape \(2, 0, 3\)"),
    ],
)
def test_what_is_no_picture_makes_no_frame(pixels: Any, error: type[LivefilterError], message: str) -> None:
    """What was found, and the conversion that helps; called by the name that the caller gives."""
    with pytest.raises(error, match="^frame: .*" + message):
        Frame(pixels, 0, Fraction(0), 0)
    with pytest.raises(error, match="^left eye: .*" + message):
        check_pixels(pixels, "left eye")
    with pytest.raises(error, match="^image: .*" + message):
        check_gray(pixels)


def test_checks_return_what_they_were_given() -> None:
    """No copy is made."""
    assert check_pixels(BGR) is BGR
    assert check_gray(GRAY) is GRAY


def test_a_gray_picture_is_asked_for_with_the_conversion() -> None:
    """Colour where gray is needed: the message holds the OpenCV call."""
    with pytest.raises(ShapeError, match=r"image: must be gray, .*found \(2, 3, 3\); convert it with cv2.cvtColor"):
        check_gray(BGR)


def test_wrong_pixels_are_the_builtin_errors_too() -> None:
    """Callers may catch TypeError and ValueError."""
    assert issubclass(PixelTypeError, TypeError)
    assert issubclass(ShapeError, ValueError)
