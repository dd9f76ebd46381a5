"""Full-range gray from stored luma: exact, and what FFmpeg itself would make of it."""

from __future__ import annotations

import gc
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from livefilter.frame import Colorimetry, Pixels
from livefilter.sources import bgr_pixels, colorimetry_of, describe_conversions, luma, pixels_of

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)


def stored(luma: Pixels, pix_fmt: str = "yuv420p", color_range: ColorRange = ColorRange.MPEG) -> VideoFrame:
    """A picture whose luma plane holds exactly these bytes."""
    picture = VideoFrame(luma.shape[1], luma.shape[0], pix_fmt)
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    rows[: luma.shape[0], : luma.shape[1]] = luma
    picture.color_range = color_range
    return picture


@pytest.mark.parametrize("convert", [luma, partial(pixels_of, color="luma"), bgr_pixels])
def test_a_picture_is_let_go_of_at_once(convert: Callable[[VideoFrame], object]) -> None:
    """Not when garbage is collected: until then a video would fill the memory."""
    gc.collect()
    convert(stored(LEVELS))
    assert gc.collect() == 0


def test_every_limited_luma_is_expanded_exactly() -> None:
    """round((luma - 16) * 255 / 219), held to 0 and 255, for all 256 of them."""
    expected = [min(max(round(Fraction((luma - 16) * 255, 219)), 0), 255) for luma in range(256)]
    assert luma(stored(LEVELS)).ravel().tolist() == expected


def test_limited_luma_is_expanded_as_ffmpeg_does_it(require: Callable[[object, str], None]) -> None:
    """Its own conversion to full-range gray gives the same, within its rounding of 1; black and white exactly."""
    require(shutil.which("ffmpeg"), "needs ffmpeg")
    raw = LEVELS.tobytes() + bytes([128]) * 128
    ways = ("-vf", "scale=in_range=tv:out_range=pc:flags=accurate_rnd,format=gray")
    form = ("-f", "rawvideo", "-s", "16x16", "-pix_fmt")
    done = subprocess.run(
        ["ffmpeg", "-v", "error", *form, "yuv420p", "-i", "-", *ways, "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        input=raw,
        stdout=subprocess.PIPE,
        check=True,
        timeout=100,
    )
    theirs = np.frombuffer(done.stdout, np.uint8).astype(int)
    ours = luma(stored(LEVELS)).ravel().astype(int)
    assert np.abs(ours - theirs).max() <= 1
    assert [theirs[16], ours[16], theirs[235], ours[235]] == [0, 0, 255, 255]


def test_full_range_is_taken_as_it_is_without_a_copy() -> None:
    """The decoder's own plane is used, and it is read-only."""
    picture = stored(LEVELS, color_range=ColorRange.JPEG)
    gray = luma(picture)
    np.testing.assert_array_equal(gray, LEVELS)
    assert np.shares_memory(gray, np.frombuffer(memoryview(picture.planes[0]), np.uint8))
    assert not gray.flags.writeable


def test_a_view_outlives_the_picture_that_it_is_of() -> None:
    """Pixels hold on to the memory of their picture."""
    kept = [luma(stored(np.full((64, 64), level, np.uint8), color_range=ColorRange.JPEG)) for level in range(50)]
    assert [int(pixels[5, 5]) for pixels in kept] == list(range(50))


def test_the_look_is_read_from_the_picture() -> None:
    """Range, matrix, primaries and transfer; what is red, green and blue gets the look that every player expects."""
    picture = stored(LEVELS, color_range=ColorRange.JPEG)
    picture.colorspace, picture.color_primaries, picture.color_trc = 9, 9, 16
    look = colorimetry_of(picture, Fraction(4, 3))
    assert (look.is_full_range, look.matrix, look.primaries, look.transfer) == (True, 9, 9, 16)
    assert look.pixel_aspect == Fraction(4, 3)
    colour = colorimetry_of(VideoFrame(16, 16, "bgr24"), None)
    assert colour == Colorimetry()


@pytest.mark.parametrize(("pix_fmt", "says"), [("yuv420p10le", "10 bits"), ("yuv444p12le", "12 bits")])
def test_more_than_8_bits_are_notes_on(pix_fmt: str, says: str) -> None:
    """Nothing breaks, but who expects 10 bits out of it should know."""
    assert any(says in notice for notice in describe_conversions(VideoFrame(16, 16, pix_fmt)))
    assert describe_conversions(VideoFrame(16, 16, "yuv420p")) == ()
