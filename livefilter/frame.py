"""Frames, the colorimetry of a video, and validation of pixel arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from livefilter._deprecated import RenamedAttribute
from livefilter.errors import PixelTypeError, ShapeError

Pixels = NDArray[np.uint8]
Color = Literal["gray", "luma", "rgb"]
"""What of a frame is filtered: its gray, its luma while it keeps its colours, or each channel."""

LIMITED_RANGE_BLACK, LIMITED_RANGE_SPAN = 16, 219
"""Black of 8-bit limited-range luma, and the number of levels from there to white (ITU-R BT.601)."""

_BT601 = (3735, 19235, 9798)
"""Weights of blue, green and red, in units of 2**-15."""
_BAND_ROWS = 16
_OF_PIXELS: Pixels = np.empty((0, 0), dtype=np.uint8)
"""Stands for the gray of a frame's pixels until it is computed."""


@dataclass(frozen=True, slots=True)
class Colorimetry:
    """How a video encodes colour: range, matrix, primaries, transfer function and the shape of its pixels.

    The numbers are code points of ITU-T H.273; 2 means unspecified. The defaults are what players assume.

    Attributes:
        is_full_range: Luma runs from 0 (black) to 255 (white), not from 16 to 235.
        matrix: Matrix coefficients, from RGB to luma and chroma; 1 is BT.709.
        primaries: Colour primaries; 1 is BT.709.
        transfer: Transfer characteristics; 1 is BT.709.
        pixel_aspect: Width of a pixel divided by its height.
    """

    is_full_range: bool = False
    matrix: int = 1
    primaries: int = 1
    transfer: int = 1
    pixel_aspect: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of a stream. Frames compare by identity; their pixels are not copied.

    Attributes:
        pixels: uint8, shape (rows, cols) for gray or (rows, cols, 3) for BGR; full range, 0 black and 255 white.
        index: Position in the stream, from 0.
        time_s: Media time in seconds, exact, from the stream's own timestamps.
        captured_ns: Time of capture on the monotonic clock, in nanoseconds: the camera driver's timestamp or, without
            one, when the frame was read.
        chroma: Chroma planes (Cb, Cr) of a frame that is filtered in gray and keeps its colours: uint8, as the stream
            stores them, 128 for no colour, each as large as ``pixels`` or smaller. None without colour.
        duration_s: Display duration in seconds, None if unknown. It decides when the last frame ends.
        gray: uint8, shape (rows, cols): what scores, analysers and gray filters see, whatever the pixels are. The luma
            of the stream, expanded to full range, where it has one; by default the integer BT.601 gray of BGR pixels,
            as ``cv2.cvtColor`` computes it, or the pixels themselves if they are gray.
        is_mirrored: Left and right are exchanged. What is known of a frame refers to it as it was before that.
        is_discontinuity: The frame does not continue the one before: a camera was reconnected, or a file was repeated.
        captions: A decoded frame that carries the captions of this one, for encoders that keep them. None without any.
        lasts_s: Deprecated name of ``duration_s``.

    Raises:
        PixelTypeError: ``pixels`` is not a uint8 array.
        ShapeError: ``pixels`` has another shape, or no pixels; or ``gray`` has another size.
    """

    pixels: Pixels
    index: int
    time_s: Fraction
    captured_ns: int
    chroma: tuple[Pixels, Pixels] | None = None
    duration_s: Fraction | None = None
    gray: Pixels = field(default_factory=lambda: _OF_PIXELS)
    is_mirrored: bool = False
    is_discontinuity: bool = False
    captions: object | None = None

    lasts_s = RenamedAttribute["Fraction | None"]("duration_s")

    def __post_init__(self) -> None:
        check_pixels(self.pixels, "frame")
        if self.gray is _OF_PIXELS:
            object.__setattr__(self, "gray", self.pixels if self.pixels.ndim == 2 else bt601_gray(self.pixels))
        elif self.gray.shape != self.pixels.shape[:2]:
            raise ShapeError(f"frame: its gray must be of shape {self.pixels.shape[:2]}, found {self.gray.shape}")

    def with_pixels(self, pixels: Pixels) -> Frame:
        """Return the frame with other pixels, gray or BGR, and their gray. It has no chroma."""
        return replace(self, pixels=pixels, gray=_OF_PIXELS, chroma=None)

    def mirrored(self) -> Frame:
        """Return the frame with left and right exchanged."""
        pixels = _mirrored(self.pixels)
        gray = pixels if self.gray is self.pixels else _mirrored(self.gray)
        chroma = None if self.chroma is None else (_mirrored(self.chroma[0]), _mirrored(self.chroma[1]))
        return replace(self, pixels=pixels, gray=gray, chroma=chroma, is_mirrored=not self.is_mirrored)


def bt601_gray(bgr: Pixels) -> Pixels:
    """Return the integer BT.601 gray of BGR pixels: (9798 R + 19235 G + 3735 B + 2**14) // 2**15.

    Args:
        bgr: uint8, shape (rows, cols, 3).

    Returns:
        uint8, shape (rows, cols).
    """
    gray = np.empty(bgr.shape[:2], dtype=np.uint8)
    for top in range(0, len(bgr), _BAND_ROWS):  # In bands that stay in the processor's cache.
        band = bgr[top : top + _BAND_ROWS]
        sums = np.full(band.shape[:2], 2**14, dtype=np.uint32)
        for channel, weight in enumerate(_BT601):
            sums += np.multiply(band[..., channel], weight, dtype=np.uint32)
        gray[top : top + _BAND_ROWS] = sums >> 15
    return gray


def _mirrored(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels[:, ::-1])
    mirrored = np.empty_like(pixels)
    for channel in range(pixels.shape[2]):  # NumPy copies whole pixels in three times the time.
        mirrored[..., channel] = pixels[:, ::-1, channel]
    return mirrored


def check_pixels(image: object, name: str = "image") -> Pixels:
    """Return ``image`` unchanged if it is a valid image.

    Args:
        image: Any object. Valid is a uint8 array of shape (rows, cols) or (rows, cols, 3) with at least one pixel.
        name: Name of the image in error messages.

    Raises:
        PixelTypeError: ``image`` is not an array, or its dtype is not uint8.
        ShapeError: ``image`` has the wrong number of dimensions or channels, or no pixels.
    """
    if not isinstance(image, np.ndarray):
        raise PixelTypeError(f"{name}: must be a NumPy array of uint8, found {type(image).__name__}; use np.asarray")
    if image.dtype != np.uint8:
        raise PixelTypeError(
            f"{name}: pixels must be uint8 (0 to 255), found {image.dtype}; {_conversion(image.dtype)}"
        )
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ShapeError(
            f"{name}: the shape must be (rows, cols) for gray or (rows, cols, 3) for BGR, found {image.shape}"
            + ("; drop the alpha channel with image[..., :3]" if image.ndim == 3 and image.shape[2] == 4 else "")
        )
    if image.size == 0:
        raise ShapeError(f"{name}: must have at least one pixel, found shape {image.shape}")
    return image


def check_gray(image: object, name: str = "image") -> Pixels:
    """Return ``image`` unchanged if it is a valid gray image: uint8, shape (rows, cols), at least one pixel.

    Args:
        image: Any object.
        name: Name of the image in error messages.

    Raises:
        PixelTypeError: ``image`` is not an array, or its dtype is not uint8.
        ShapeError: ``image`` is not two-dimensional, or has no pixels.
    """
    pixels = check_pixels(image, name)
    if pixels.ndim != 2:
        raise ShapeError(
            f"{name}: must be gray, shape (rows, cols), found {pixels.shape}; "
            "convert it with cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)"
        )
    return pixels


def _conversion(dtype: np.dtype[np.generic]) -> str:
    """Return the advice on how to convert an array of this dtype to uint8."""
    if dtype == np.bool_:
        return "convert with image.astype(np.uint8) * 255"
    if np.issubdtype(dtype, np.floating):
        return "scale it to 0..255, then np.rint(image).clip(0, 255).astype(np.uint8)"
    return "convert with image.clip(0, 255).astype(np.uint8)"
