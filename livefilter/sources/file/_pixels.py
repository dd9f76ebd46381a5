"""From what a decoder gives to full-range gray: the luma plane where there is one, without a detour through colour."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import cast

import cv2
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from livefilter.frame import Colorimetry, Pixels
from livefilter.sources._range_expansion import levels

_CHROMAS = ("420", "422", "444", "440", "411", "410")
_LUMA_FIRST = {f"yuv{chroma}p" for chroma in _CHROMAS} | {f"yuva{chroma}p" for chroma in _CHROMAS[:3]}
_LUMA_FIRST |= {"nv12", "nv21", "nv16", "nv24"}
_FULL_RANGE = {"gray", *(f"yuvj{chroma}p" for chroma in _CHROMAS)}
_DEEP_LUMA_FIRST = {
    f"yuv{alpha}{chroma}p{bits}le": bits for alpha in ("", "a") for chroma in _CHROMAS for bits in (9, 10, 12, 14, 16)
}
_BLACK, _SPAN = 16, 219
"""Where limited range begins in 8 bits, and how many levels there are from black to white (ITU-R BT.601)."""
_BLACK_LEVEL = np.array([_BLACK, 0, 0, 0], dtype=np.float64)
"""In the form that OpenCV takes for one number to be subtracted from all."""
_PLANAR = {name for name in _LUMA_FIRST | _FULL_RANGE if name.startswith("yuv")}
_BY_SHARE = {(1, 1): "yuv444p", (2, 1): "yuv422p", (2, 2): "yuv420p", (1, 2): "yuv440p"}
"""Planar formats by how many columns and rows of luma share one sample of chroma."""
_UNKNOWN = 2
_NOT_A_MATRIX = (0, 3)
"""Of H.273: red, green and blue as they are, which a picture with luma cannot be, and a reserved number."""


def luma(picture: VideoFrame) -> Pixels:
    """Return a decoded picture as full-range gray, uint8 of shape (rows, cols), the right way up.

    The luma plane is used as it is where the format has one, and is then read-only; limited range is expanded, and more
    than 8 bits are rounded, both in one step. Anything else (RGB, packed formats) goes through FFmpeg's own conversion
    to gray.
    """
    name = picture.format.name
    if not _has_luma(name):
        picture = picture.reformat(format="gray", dst_color_range=ColorRange.JPEG)
        name = "gray"
    bits = _DEEP_LUMA_FIRST.get(name, 8)
    plane = picture.planes[0]
    stored = np.frombuffer(memoryview(plane), dtype=np.uint8 if bits == 8 else "<u2")
    luma = stored.reshape(-1, plane.line_size // stored.itemsize)[: plane.height, : plane.width]
    luma.flags.writeable = False  # The decoder may still need it, to make later pictures from.
    is_full_range = name in _FULL_RANGE or picture.color_range == ColorRange.JPEG
    gray: Pixels
    if bits > 8:
        gray = levels(bits, is_full_range=is_full_range)[luma]
    elif is_full_range:
        gray = luma.view(np.uint8)
    else:
        gray = _expanded(luma)
    return _apply_rotation(gray, picture)


def luma_and_chroma(picture: VideoFrame) -> tuple[Pixels, tuple[Pixels, Pixels] | None]:
    """Return a decoded picture as ``gray_pixels`` does, and beside it its chroma, as it is stored, in 8 bits.

    Chroma keeps its own, smaller shape; a gray picture has none. Red, green and blue become BT.709 in limited range.
    """
    name = picture.format.name
    if not _has_luma(name):
        picture = picture.reformat(format="yuv444p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
    gray = luma(picture)
    name = picture.format.name
    if name.startswith("gray"):
        return gray, None
    if name not in _PLANAR:
        first = picture.format.components[1]
        plain = _BY_SHARE.get((picture.width // max(first.width, 1), picture.height // max(first.height, 1)), "yuv444p")
        kept = ColorRange.JPEG if picture.color_range == ColorRange.JPEG else ColorRange.MPEG
        picture = picture.reformat(format=plain, src_color_range=kept, dst_color_range=kept)
    blue, red = (_apply_rotation(_plane(picture, number), picture) for number in (1, 2))
    return gray, (blue, red)


def bgr_pixels(picture: VideoFrame) -> Pixels:
    """Return a decoded picture as BGR, uint8 of shape (rows, cols, 3), full range, the right way up."""
    converted = picture.reformat(format="bgr24", dst_color_range=ColorRange.JPEG)
    pixels: Pixels = np.asarray(converted.to_ndarray(), dtype=np.uint8)
    return _apply_rotation(pixels, picture)


def colorimetry_of(picture: VideoFrame, pixel_aspect: Fraction | None) -> Colorimetry:
    """Return how the numbers of a decoded picture are meant; of pictures without luma, only the pixel's aspect is kept.

    Args:
        picture: As it was decoded.
        pixel_aspect: Of the picture as it is stored, before rotation; None or 0 if nobody said so.
    """
    aspect = pixel_aspect or Fraction(1)
    if round(picture.rotation / 90) % 2:
        aspect = 1 / aspect
    name = picture.format.name
    if not _has_luma(name) or name == "gray":
        return Colorimetry(pixel_aspect=aspect)
    matrix = int(picture.colorspace)
    return Colorimetry(
        is_full_range=name in _FULL_RANGE or picture.color_range == ColorRange.JPEG,
        matrix=_UNKNOWN if matrix in _NOT_A_MATRIX else matrix,
        primaries=int(picture.color_primaries),
        transfer=int(picture.color_trc),
        pixel_aspect=aspect,
    )


def notes_on(picture: VideoFrame) -> tuple[str, ...]:
    """Say what is special about a decoded picture, and what is done about it."""
    notes = []
    bits = max(component.bits for component in picture.format.components)
    if bits > 8:
        notes.append(f"has {bits} bits per sample; it is filtered in 8")
    if picture.interlaced_frame:
        notes.append("is interlaced; both fields of a frame are filtered as one picture")
    return tuple(notes)


def _apply_rotation(pixels: Pixels, picture: VideoFrame) -> Pixels:
    quarter_turns = round(picture.rotation / 90) % 4
    if _is_mirrored(picture):
        pixels = pixels[::-1]
    elif not quarter_turns:
        return pixels
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns))


def _is_mirrored(picture: VideoFrame) -> bool:
    """Return whether a picture is turned over before it is turned, as by a camera that looks at whoever holds it."""
    matrix = _display_matrix(picture)
    if matrix is None:
        return False
    a, b, _, c, d = struct.unpack_from("=5i", matrix)  # Columns go to (a, b), and rows to (c, d).
    return bool(a * d < b * c)


def _display_matrix(picture: VideoFrame) -> Buffer | None:
    """Return the matrix that a picture is to be shown by, if it has one; side data of unknown types is ignored.

    PyAV gives up at the first side data whose type it has no name for (the EXIF of a JPEG, the views of a stereo
    video), and holds what came before it. The matrix does: FFmpeg adds it before what a decoder finds.
    """
    # Not picture.side_data: the two would keep each other, and all of the pixels, until garbage is collected.
    held = SideDataContainer.__new__(SideDataContainer, picture)  # type: ignore[call-arg]
    try:
        held.__init__(picture)  # type: ignore[misc]
    except ValueError:
        known = [held[at] for at in range(len(held) - 1)]  # The last is the one without a name.
        return next((cast(Buffer, data) for data in known if data.type == Type.DISPLAYMATRIX), None)
    return cast("Buffer | None", held.get("DISPLAYMATRIX"))


def _plane(picture: VideoFrame, number: int) -> Pixels:
    plane = picture.planes[number]
    stored = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    stored.flags.writeable = False
    return stored[: plane.height, : plane.width]


def _has_luma(name: str) -> bool:
    return name in _LUMA_FIRST or name in _FULL_RANGE or name in _DEEP_LUMA_FIRST


def _expanded(luma: Pixels) -> Pixels:
    """Expand 8-bit limited range. Saturating arithmetic takes half the time of a table; a test compares the two."""
    above_black = cv2.subtract(luma, _BLACK_LEVEL)
    return np.asarray(cv2.convertScaleAbs(above_black, dst=above_black, alpha=255 / _SPAN), dtype=np.uint8)
