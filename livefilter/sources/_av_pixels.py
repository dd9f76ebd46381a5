"""Pixels of decoded frames: full-range gray from the luma plane, without a detour through colour."""

from __future__ import annotations

import struct
from fractions import Fraction
from functools import cache
from typing import cast

import cv2
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import SideData, SideDataContainer, Type
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from livefilter.frame import LIMITED_RANGE_BLACK, LIMITED_RANGE_SPAN, Color, Colorimetry, Pixels
from livefilter.sources._range_expansion import expansion_lut

_CHROMAS = ("420", "422", "444", "440", "411", "410")
_LUMA_FIRST = {f"yuv{chroma}p" for chroma in _CHROMAS} | {f"yuva{chroma}p" for chroma in _CHROMAS[:3]}
_LUMA_FIRST |= {"nv12", "nv21", "nv16", "nv24"}
_DEEP_GRAYS = {f"gray{bits}le": bits for bits in (9, 10, 12, 14, 16)}
_FULL_RANGE = {"gray", *_DEEP_GRAYS, *(f"yuvj{chroma}p" for chroma in _CHROMAS)}
_DEEP_LUMA_FIRST = {
    f"yuv{alpha}{chroma}p{bits}le": bits for alpha in ("", "a") for chroma in _CHROMAS for bits in (9, 10, 12, 14, 16)
} | _DEEP_GRAYS
_BLACK_SCALAR = np.array([LIMITED_RANGE_BLACK, 0, 0, 0], dtype=np.float64)
"""Black as an OpenCV scalar."""
_PLANAR = {name for name in _LUMA_FIRST | _FULL_RANGE if name.startswith("yuv")}
_PLANAR_BY_SUBSAMPLING = {(1, 1): "yuv444p", (2, 1): "yuv422p", (2, 2): "yuv420p", (1, 2): "yuv440p"}
"""Planar formats by the columns and rows of luma per chroma sample."""
_OPAQUE = 255
_CARRIER_PX = 16
_UNWRITTEN = {
    Type.MASTERING_DISPLAY_METADATA: "HDR mastering data",
    Type.CONTENT_LIGHT_LEVEL: "HDR light levels",
    Type.DYNAMIC_HDR_PLUS: "HDR10+ data",
    Type.DOVI_METADATA: "Dolby Vision data",
    Type.DOVI_RPU_BUFFER: "Dolby Vision data",
    Type.S12M_TIMECODE: "timecodes of frames",
    Type.STEREO3D: "stereo data",
    Type.SPHERICAL: "spherical data",
    Type.ICC_PROFILE: "a color profile",
    Type.FILM_GRAIN_PARAMS: "film grain parameters",
}
"""Side data, and its name in messages."""
_UNKNOWN = 2
_NOT_A_MATRIX = (0, 3)
"""Matrix numbers of ITU-T H.273 that a frame with luma cannot have: RGB, and a reserved one."""


def luma(av_frame: VideoFrame) -> Pixels:
    """Convert a decoded frame to full-range gray, uint8 of shape (rows, cols), rotated for display.

    If the format has a luma plane, its 8-bit full-range values are returned read-only, without a copy; limited range
    is expanded, and more than 8 bits are rounded, in one step. FFmpeg unpacks packed luma. A frame without luma has the
    BT.601 gray of its BGR pixels.
    """
    if _is_rgb(av_frame):
        return _gray_of(bgr_pixels(av_frame))
    name = av_frame.format.name
    if not _has_luma(name):
        av_frame = av_frame.reformat(format="gray", dst_color_range=ColorRange.JPEG)
        name = "gray"
    bits = _DEEP_LUMA_FIRST.get(name, 8)
    plane = av_frame.planes[0]
    stored = np.frombuffer(memoryview(plane), dtype=np.uint8 if bits == 8 else "<u2")
    luma = stored.reshape(-1, plane.line_size // stored.itemsize)[: plane.height, : plane.width]
    luma.flags.writeable = False  # The decoder may still need it for later frames.
    is_full_range = _is_full_range(av_frame)
    gray: Pixels
    if bits > 8:
        gray = _expansion_of_words(bits, is_full_range=is_full_range)[luma]
    elif is_full_range:
        gray = luma.view(np.uint8)
    else:
        gray = _expanded(luma)
    return _apply_rotation(gray, av_frame)


@cache
def _expansion_of_words(bits: int, *, is_full_range: bool) -> Pixels:
    """Return the expansion of every 16-bit word. Samples beyond their depth, as damaged ones may be, are white."""
    lut = expansion_lut(bits, is_full_range=is_full_range)
    return np.pad(lut, (0, 2**16 - len(lut)), mode="edge")


@cache
def _may_hide(pix_fmt: str) -> bool:
    """Return whether a pixel format has an alpha channel, or a palette that may have one."""
    format_ = VideoFormat(pix_fmt)
    return format_.has_palette or any(component.is_alpha for component in format_.components)


def opacity(av_frame: VideoFrame) -> Pixels | None:
    """Return the opacity of each pixel, uint8 of shape (rows, cols), rotated for display; None if all are opaque."""
    format_ = av_frame.format
    if not _may_hide(format_.name):
        return None
    if format_.name.startswith("yuva") and format_.components[0].bits == 8:
        alpha = _plane(av_frame, 3)
    else:
        alpha = np.asarray(av_frame.reformat(format="rgba").to_ndarray()[..., 3], dtype=np.uint8)
    return None if alpha.min() == _OPAQUE else _apply_rotation(alpha, av_frame)


def solid(rgb: tuple[int, int, int], like: VideoFrame) -> VideoFrame:
    """Return a frame of one color, with matrix and range of another frame if that has luma."""
    pixels = np.empty((16, 16, 3), dtype=np.uint8)
    pixels[:] = rgb
    frame = VideoFrame.from_ndarray(pixels, format="rgb24")
    if not _has_luma(like.format.name):
        return frame
    range_ = ColorRange.JPEG if _is_full_range(like) else ColorRange.MPEG
    return frame.reformat(format="yuv444p", dst_colorspace=like.colorspace, dst_color_range=range_)


def conformed(av_frame: VideoFrame, first: VideoFrame, *, with_chroma: bool) -> VideoFrame:
    """Return a frame in the size of the first one of its stream; also in its format, matrix and range, with chroma."""
    if not with_chroma:
        return av_frame.reformat(first.width, first.height)
    is_full_range, was_full_range = _is_full_range(first), _is_full_range(av_frame)
    return av_frame.reformat(
        first.width,
        first.height,
        first.format.name,
        src_colorspace=av_frame.colorspace,
        dst_colorspace=first.colorspace,
        src_color_range=ColorRange.JPEG if was_full_range else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG if is_full_range else ColorRange.MPEG,
    )


def rotated_sides(sides: tuple[int, int, int, int], av_frame: VideoFrame) -> tuple[int, int, int, int]:
    """Return (top, right, bottom, left) of a stored frame as the sides of the displayed one."""
    top, right, bottom, left = sides
    if _is_mirrored(av_frame):
        top, bottom = bottom, top
    for _ in range(round(av_frame.rotation / 90) % 4):  # Counter-clockwise: the right side becomes the top.
        top, right, bottom, left = right, bottom, left, top
    return top, right, bottom, left


def pixels_of(av_frame: VideoFrame, color: Color) -> tuple[Pixels, Pixels, tuple[Pixels, Pixels] | None]:
    """Convert a decoded frame to what a colour mode needs: pixels, their gray, and chroma planes.

    Args:
        av_frame: A decoded frame.
        color: "gray" gives gray pixels alone. "luma" also gives the chroma planes as the stream stores them, if it has
            luma; if not, BGR pixels. "rgb" gives BGR pixels.

    Returns:
        The pixels, gray or BGR; their gray, the same in every mode; and two planes of chroma, or None.
    """
    if color != "gray" and _is_rgb(av_frame):
        bgr = bgr_pixels(av_frame)
        return bgr, _gray_of(bgr), None
    gray = luma(av_frame)
    if color == "gray" or (color == "luma" and av_frame.format.name.startswith("gray")):
        return gray, gray, None
    if color == "luma":
        return gray, gray, _chroma(av_frame)
    return bgr_pixels(av_frame), gray, None


def _gray_of(bgr: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _chroma(av_frame: VideoFrame) -> tuple[Pixels, Pixels]:
    """Return the chroma planes of a frame with luma as stored, in 8 bits and their own, smaller shape."""
    if av_frame.format.name not in _PLANAR:
        first = av_frame.format.components[1]
        planar = _PLANAR_BY_SUBSAMPLING.get(
            (av_frame.width // max(first.width, 1), av_frame.height // max(first.height, 1)), "yuv444p"
        )
        range_ = ColorRange.JPEG if av_frame.color_range == ColorRange.JPEG else ColorRange.MPEG
        av_frame = av_frame.reformat(format=planar, src_color_range=range_, dst_color_range=range_)
    blue, red = (_apply_rotation(_plane(av_frame, number), av_frame) for number in (1, 2))
    return blue, red


def bgr_pixels(av_frame: VideoFrame) -> Pixels:
    """Convert a decoded frame to full-range BGR, uint8 of shape (rows, cols, 3), rotated for display."""
    # In one thread: FFmpeg would start several for each frame, which takes longer than the conversion.
    converted = av_frame.reformat(format="bgr24", dst_color_range=ColorRange.JPEG, threads=1)
    pixels: Pixels = np.asarray(converted.to_ndarray(), dtype=np.uint8)
    return _apply_rotation(pixels, av_frame)


def colorimetry_of(av_frame: VideoFrame, pixel_aspect: Fraction | None) -> Colorimetry:
    """Return the colorimetry of a decoded frame; for frames without luma, only the pixel aspect ratio.

    Args:
        av_frame: The decoded frame.
        pixel_aspect: Pixel aspect ratio as stored, before rotation; None or 0 if unspecified.
    """
    aspect = pixel_aspect or Fraction(1)
    if round(av_frame.rotation / 90) % 2:
        aspect = 1 / aspect
    name = av_frame.format.name
    if not _has_luma(name) or name.startswith("gray"):
        return Colorimetry(pixel_aspect=aspect)
    matrix = int(av_frame.colorspace)
    return Colorimetry(
        is_full_range=_is_full_range(av_frame),
        matrix=_UNKNOWN if matrix in _NOT_A_MATRIX else matrix,
        primaries=int(av_frame.color_primaries),
        transfer=int(av_frame.color_trc),
        pixel_aspect=aspect,
    )


def describe_conversions(av_frame: VideoFrame) -> tuple[str, ...]:
    """Return notes on a frame that livefilter converts: more than 8 bits, interlaced."""
    notes = []
    bits = max(component.bits for component in av_frame.format.components)
    if bits > 8:
        notes.append(f"has {bits} bits per sample; livefilter filters it in 8")
    if av_frame.interlaced_frame:
        notes.append("is interlaced; livefilter filters both fields of a frame as one image")
    return tuple(notes)


def captions_of(av_frame: VideoFrame) -> VideoFrame | None:
    """Return a small frame that carries the captions (A53) of a frame; None if it has none."""
    if all(data.type != Type.A53_CC for data in _side_data(av_frame)):
        return None
    return av_frame.reformat(_CARRIER_PX, _CARRIER_PX, "yuv420p")


def unwritten_side_data(av_frame: VideoFrame) -> tuple[str, ...]:
    """Return the names of what a frame carries beside its picture, and livefilter does not write."""
    return tuple(name for data in _side_data(av_frame) if (name := _UNWRITTEN.get(data.type)) is not None)


def _apply_rotation(pixels: Pixels, av_frame: VideoFrame) -> Pixels:
    quarter_turns = round(av_frame.rotation / 90) % 4
    if _is_mirrored(av_frame):
        pixels = pixels[::-1]
    elif not quarter_turns:
        return pixels
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns))


def _is_mirrored(av_frame: VideoFrame) -> bool:
    """Return whether a frame is flipped before it is rotated, as by the front camera of a phone."""
    matrix = _display_matrix(av_frame)
    if matrix is None:
        return False
    a, b, _, c, d = struct.unpack_from("=5i", matrix)  # Columns go to (a, b), and rows to (c, d).
    return bool(a * d < b * c)


def _display_matrix(av_frame: VideoFrame) -> Buffer | None:
    """Return the display matrix of a frame, if it has one. Side data of unknown types is ignored.

    PyAV stops at the first side data whose type it does not know (the EXIF of a JPEG, the views of a stereo video), and
    keeps what precedes it. That includes the matrix: FFmpeg adds it before the decoder's own side data.
    """
    known = _side_data(av_frame)
    return next((cast(Buffer, data) for data in known if data.type == Type.DISPLAYMATRIX), None)


def _side_data(av_frame: VideoFrame) -> list[SideData]:
    """Return the side data of a frame, up to the first one of an unknown type."""
    # Not av_frame.side_data: the two would keep each other, and the pixels, alive until the next garbage collection.
    held = SideDataContainer.__new__(SideDataContainer, av_frame)  # type: ignore[call-arg]
    try:
        held.__init__(av_frame)  # type: ignore[misc]
    except ValueError:
        return [held[at] for at in range(len(held) - 1)]  # The last one has the unknown type.
    return [held[at] for at in range(len(held))]


def _plane(av_frame: VideoFrame, number: int) -> Pixels:
    plane = av_frame.planes[number]
    stored = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    stored.flags.writeable = False
    return stored[: plane.height, : plane.width]


def _is_rgb(av_frame: VideoFrame) -> bool:
    """Return whether a frame stores red, green and blue, or a palette of them, rather than luma."""
    return av_frame.format.is_rgb or av_frame.format.has_palette or av_frame.format.is_bayer


def _has_luma(name: str) -> bool:
    return name in _LUMA_FIRST or name in _FULL_RANGE or name in _DEEP_LUMA_FIRST


def _is_full_range(av_frame: VideoFrame) -> bool:
    return av_frame.format.name in _FULL_RANGE or av_frame.color_range == ColorRange.JPEG


def _expanded(luma: Pixels) -> Pixels:
    """Expand 8-bit limited range. Saturating arithmetic takes half the time of a table; a test compares the two."""
    above_black = cv2.subtract(luma, _BLACK_SCALAR)
    return np.asarray(cv2.convertScaleAbs(above_black, dst=above_black, alpha=255 / LIMITED_RANGE_SPAN), dtype=np.uint8)
