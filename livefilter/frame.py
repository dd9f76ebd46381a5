"""The Frame, and the checks that every array of pixels passes on its way in."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from livefilter.errors import PixelTypeError, ShapeError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """How a video's stored numbers are meant as light: what a player must know to show them as they were.

    The numbers are those of ITU-T H.273; 2 means that nobody said so. The defaults are what every player expects.

    Attributes:
        is_full_range: Luma is 0 for black and 255 for white, instead of 16 and 235.
        matrix: How luma and chroma are made from red, green and blue; 1 is BT.709.
        primaries: Which red, green and blue.
        transfer: How much light a number stands for.
        pixel_aspect: Width of a pixel, as a share of its height.
    """

    is_full_range: bool = False
    matrix: int = 1
    primaries: int = 1
    transfer: int = 1
    pixel_aspect: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a stream.

    Attributes:
        pixels: uint8, shape (rows, cols) for gray or (rows, cols, 3) for BGR; full range, 0 black and 255 white.
        index: Position in the stream, from 0.
        time_s: Media time in seconds, exact, from the stream's own timestamps.
        captured_ns: When the frame was taken, as its camera's driver says, or else had, on the monotonic clock, in
            nanoseconds.
        chroma: What belongs to gray pixels whose colour is kept: blue and red difference as the stream stores them,
            uint8, each of its own smaller or equal shape, 128 for none. None where no colour is kept.
        lasts_s: For how long it is shown, in seconds: of the last frame, no other tells. None where nobody said so.
    """

    pixels: Pixels
    index: int
    time_s: Fraction
    captured_ns: int
    chroma: tuple[Pixels, Pixels] | None = None
    lasts_s: Fraction | None = None

    def __post_init__(self) -> None:
        check_pixels(self.pixels, "frame")


def check_pixels(image: object, name: str = "image") -> Pixels:
    """Return ``image`` if it is a picture that livefilter can work on.

    Args:
        image: Anything; only a uint8 array of shape (rows, cols) or (rows, cols, 3), not empty, passes.
        name: What the message calls it.

    Raises:
        PixelTypeError: Not an array, or its dtype is not uint8.
        ShapeError: Wrong number of dimensions or channels, or no pixels at all.
    """
    if not isinstance(image, np.ndarray):
        raise PixelTypeError(f"{name}: must be a NumPy array of uint8, found {type(image).__name__}; use np.asarray")
    if image.dtype != np.uint8:
        raise PixelTypeError(f"{name}: pixels must be uint8 (0 to 255), found {image.dtype}; {_cure(image.dtype)}")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ShapeError(
            f"{name}: the shape must be (rows, cols) for gray or (rows, cols, 3) for BGR, found {image.shape}"
            + ("; drop the alpha channel with image[..., :3]" if image.ndim == 3 and image.shape[2] == 4 else "")
        )
    if image.size == 0:
        raise ShapeError(f"{name}: must have at least one pixel, found shape {image.shape}")
    return image


def check_gray(image: object, name: str = "image") -> Pixels:
    """Return ``image`` if it is a gray picture: uint8 of shape (rows, cols), not empty.

    Raises:
        PixelTypeError: Not an array, or its dtype is not uint8.
        ShapeError: Not two-dimensional, or no pixels at all.
    """
    pixels = check_pixels(image, name)
    if pixels.ndim != 2:
        raise ShapeError(
            f"{name}: must be gray, shape (rows, cols), found {pixels.shape}; "
            "convert it with cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)"
        )
    return pixels


def _cure(dtype: np.dtype[np.generic]) -> str:
    if dtype == np.bool_:
        return "convert with image.astype(np.uint8) * 255"
    if np.issubdtype(dtype, np.floating):
        return "scale it to 0..255, then np.rint(image).clip(0, 255).astype(np.uint8)"
    return "convert with image.clip(0, 255).astype(np.uint8)"
