"""From what a filter gives to what an encoder takes: luma stored in its range, no detour through colour for gray."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from livefilter.frame import Colorimetry, Pixels

_BLACK, _SPAN = 16, 219
"""Where limited range begins, and how many levels there are from black to white (ITU-R BT.601)."""
_NO_COLOUR = 128
_FULL_RANGE = ("yuvj", "gray", "rgb", "bgr", "gbr", "pal8")
"""How the names of formats begin that have no limited range."""
_PLANAR = {f"yuv{range_}{chroma}p" for range_ in ("", "j") for chroma in ("420", "422", "444", "440")} | {
    "nv12",
    "nv16",
}
_CHROMA_BY_SHARE = {(1, 1): "444", (1, 2): "422", (2, 2): "420", (2, 1): "440", (1, 4): "411", (4, 4): "410"}
"""Chroma formats by how many rows and columns of luma share one sample."""
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""What FFmpeg converts to, by its number in ITU-T H.273; where nobody said which, BT.601, as when FFmpeg reads."""


def storable_colorimetry(look: Colorimetry, pix_fmt: str) -> Colorimetry:
    """Return a look as a pixel format can keep it: some have only full range."""
    return replace(look, is_full_range=True) if pix_fmt.startswith(_FULL_RANGE) else look


def to_av_frame(pixels: Pixels, pix_fmt: str, look: Colorimetry) -> VideoFrame:
    """Return pixels as a picture for an encoder.

    Args:
        pixels: uint8, full range, gray or BGR, of the size that the format needs.
        pix_fmt: FFmpeg's name of the encoder's format.
        look: How its numbers are meant, as ``stored_look`` gives it.
    """
    if pixels.ndim == 3:
        made = _coloured(pixels, pix_fmt, look)
    elif pix_fmt in _PLANAR:
        made = _gray(pixels, pix_fmt, look)
    elif pix_fmt.startswith("yuv"):  # More than 8 bits: FFmpeg widens what is stored already.
        range_ = ColorRange.JPEG if look.is_full_range else ColorRange.MPEG
        wide = _gray(pixels, "yuv420p" if "420" in pix_fmt else "yuv422p" if "422" in pix_fmt else "yuv444p", look)
        made = wide.reformat(format=pix_fmt, src_color_range=range_, dst_color_range=range_)
    else:
        made = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="gray")
        if pix_fmt != "gray":
            made = made.reformat(format=pix_fmt)
    made.color_range = ColorRange.JPEG if look.is_full_range else ColorRange.MPEG
    if pix_fmt.startswith(("yuv", "nv")):
        made.colorspace = look.matrix
    return made


def to_av_frame_yuv(
    luma: Pixels, chroma: tuple[Pixels, Pixels], native: str, pix_fmt: str, looks: tuple[Colorimetry, Colorimetry]
) -> VideoFrame:
    """Return luma and chroma as a picture for an encoder; chroma is not touched where the format keeps it as it is.

    Args:
        luma: uint8, full range, shape (rows, cols), of the size that both formats need.
        chroma: Blue and red difference, uint8, of equal shapes.
        native: The format that has planes of these shapes, as ``native_format`` gives it.
        pix_fmt: FFmpeg's name of the encoder's format.
        looks: How the chroma is meant, and how the numbers of the encoder's picture are.
    """
    before, after = (ColorRange.JPEG if look.is_full_range else ColorRange.MPEG for look in looks)
    made = VideoFrame(luma.shape[1], luma.shape[0], native)
    _store_luma(luma, made, looks[0])
    for number, plane in enumerate(chroma, start=1):
        stored = _writable(made, number)
        rows, cols = stored.shape[0] - plane.shape[0], stored.shape[1] - plane.shape[1]
        cv2.copyMakeBorder(plane, 0, rows, 0, cols, cv2.BORDER_REPLICATE, dst=stored)
    made.color_range, made.colorspace = before, looks[0].matrix
    if native != pix_fmt or before != after:
        made = made.reformat(format=pix_fmt, src_color_range=before, dst_color_range=after)
        made.color_range = after
    return made


def native_format(luma: Pixels, chroma: tuple[Pixels, Pixels]) -> str:
    """Return the planar format that has planes of these shapes, odd sides rounded up."""
    shares = (whole / part for whole, part in zip(luma.shape, chroma[0].shape, strict=True))
    rows, cols = (1 if share <= 1 else 2 if share <= 2 else 4 for share in shares)
    return f"yuv{_CHROMA_BY_SHARE[rows, cols]}p"


def pad_to_multiple(pixels: Pixels, chroma_alignment: tuple[int, int]) -> Pixels:
    """Return pixels grown by a repeated last row and column, where a side must be a multiple of something."""
    missing = [-side % multiple for side, multiple in zip(pixels.shape, chroma_alignment, strict=False)]
    if not any(missing):
        return pixels
    return np.asarray(cv2.copyMakeBorder(pixels, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE), dtype=np.uint8)


def chroma_alignment(pix_fmt: str) -> tuple[int, int]:
    """Return what the rows and columns of a pixel format must be multiples of."""
    form = VideoFrame(16, 16, pix_fmt).format
    chroma = [component for component in form.components if not component.is_luma]
    if not chroma or not pix_fmt.startswith(("yuv", "nv", "p0")):
        return 1, 1
    return 16 // chroma[0].height, 16 // chroma[0].width


def _gray(pixels: Pixels, pix_fmt: str, look: Colorimetry) -> VideoFrame:
    made = VideoFrame(pixels.shape[1], pixels.shape[0], pix_fmt)
    _store_luma(pixels, made, look)
    for chroma in range(1, len(made.planes)):
        np.frombuffer(memoryview(made.planes[chroma]), dtype=np.uint8).fill(_NO_COLOUR)
    return made


def _store_luma(pixels: Pixels, picture: VideoFrame, look: Colorimetry) -> None:
    luma = _writable(picture, 0)
    if look.is_full_range:
        np.copyto(luma, pixels)
    else:  # Half the time of a table, and exactly the same.
        cv2.convertScaleAbs(pixels, dst=luma, alpha=_SPAN / 255, beta=_BLACK)


def _coloured(pixels: Pixels, pix_fmt: str, look: Colorimetry) -> VideoFrame:
    return VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgr24").reformat(
        format=pix_fmt,
        dst_colorspace=_MATRICES.get(look.matrix, Colorspace.ITU601),
        dst_color_range=ColorRange.JPEG if look.is_full_range else ColorRange.MPEG,
    )


def _writable(picture: VideoFrame, number: int) -> Pixels:
    plane = picture.planes[number]
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
