"""Conversion of filtered frames to FFmpeg's: luma in the range to store, and no detour through colour for gray."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from livefilter.frame import LIMITED_RANGE_BLACK, LIMITED_RANGE_SPAN, Colorimetry, Pixels
from livefilter.sinks.video._encoder import EncoderSettings

_NEUTRAL_CHROMA = 128
_FULL_RANGE_ONLY = ("yuvj", "gray", "rgb", "bgr", "gbr", "pal8")
"""Prefixes of the names of pixel formats without a limited range."""
_PLANAR = {f"yuv{range_}{chroma}p" for range_ in ("", "j") for chroma in ("420", "422", "444", "440")} | {
    "nv12",
    "nv16",
}
_SUBSAMPLING = {(1, 1): "444", (1, 2): "422", (2, 2): "420", (2, 1): "440", (1, 4): "411", (4, 4): "410"}
"""Chroma formats by the rows and columns of luma that share one sample."""
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""FFmpeg's matrices by their number in ITU-T H.273; without a number it assumes BT.601, as it does when it reads."""


class FrameConverter:
    """Converts the frames of a video to FFmpeg frames of the encoder's pixel format.

    Sides grow by repeated rows and columns to what the format's chroma needs. Chroma stays untouched if the format
    stores it as it is.

    Args:
        first: First picture, which decides between gray and colour; all others have its size.
        chroma: Chroma planes of the first frame, if it keeps its colours.
        settings: The encoder's pixel formats for both.
        colorimetry: Colorimetry of the frames' chroma, and of the video as far as the pixel format can store it.

    Attributes:
        pix_fmt: FFmpeg's name of the pixel format.
        shape: (rows, cols) of the video.
        colorimetry: Colorimetry of the video.
        notes: Differences between the frames and the video, in words.
    """

    def __init__(
        self,
        first: Pixels,
        chroma: tuple[Pixels, Pixels] | None,
        settings: EncoderSettings,
        colorimetry: Colorimetry,
    ) -> None:
        self.notes: list[str] = []
        is_gray = first.ndim == 2 and chroma is None
        self.pix_fmt = settings.gray if is_gray else settings.colour
        self._alignment = _chroma_alignment(self.pix_fmt)
        self._planar_format = ""
        if chroma is not None:
            self._planar_format = _planar_format(first, chroma)
            rows, cols = _chroma_alignment(self._planar_format)  # A conversion needs sides that suit both formats.
            self._alignment = max(rows, self._alignment[0]), max(cols, self._alignment[1])
            if "444" in self._planar_format and "420" in self.pix_fmt:
                self.notes.append("keeps the colours of every second row and column; --pix-fmt yuv444p keeps all")
        self._source_colorimetry = colorimetry
        self.colorimetry = _storable(colorimetry, self.pix_fmt)
        self.shape = _padded(first, self._alignment).shape[:2]
        if self.shape != first.shape[:2]:
            rows, cols = self.shape
            self.notes.append(
                f"has {rows} rows and {cols} columns, the last repeated, as {self.pix_fmt} needs even sides"
            )

    def convert(self, picture: Pixels, chroma: tuple[Pixels, Pixels] | None) -> VideoFrame:
        """Return a picture, with the chroma planes that it keeps, as FFmpeg's frame without a time."""
        pixels = _padded(picture, self._alignment)
        if chroma is not None:
            colorimetries = (self._source_colorimetry, self.colorimetry)
            return _from_yuv(pixels, chroma, self._planar_format, self.pix_fmt, colorimetries)
        if pixels.ndim == 3:
            return _tagged(_from_bgr(pixels, self.pix_fmt, self.colorimetry), self.colorimetry)
        return _tagged(_from_gray(pixels, self.pix_fmt, self.colorimetry), self.colorimetry)


def with_captions(image: VideoFrame, carrier: VideoFrame) -> VideoFrame:
    """Return an image with the captions of another frame.

    PyAV cannot add side data to a frame, but a conversion keeps it.
    """
    captioned = carrier.reformat(image.width, image.height, image.format.name)
    captioned.pict_type = PictureType.NONE  # Otherwise the encoder would make the same key frames.
    for target, plane in zip(captioned.planes, image.planes, strict=True):
        rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
        written = np.frombuffer(memoryview(target), dtype=np.uint8).reshape(-1, target.line_size)
        cols = min(plane.line_size, target.line_size)
        written[:, :cols] = rows[: written.shape[0], :cols]
    captioned.color_range, captioned.colorspace = image.color_range, image.colorspace
    return captioned


def _storable(colorimetry: Colorimetry, pix_fmt: str) -> Colorimetry:
    """Return a colorimetry as a pixel format can store it: some formats have only full range."""
    return replace(colorimetry, is_full_range=True) if pix_fmt.startswith(_FULL_RANGE_ONLY) else colorimetry


def _planar_format(luma: Pixels, chroma: tuple[Pixels, Pixels]) -> str:
    """Return the planar format with planes of these shapes; chroma of odd sides is rounded up."""
    ratios = (whole / part for whole, part in zip(luma.shape, chroma[0].shape, strict=True))
    rows, cols = (1 if ratio <= 1 else 2 if ratio <= 2 else 4 for ratio in ratios)
    return f"yuv{_SUBSAMPLING[rows, cols]}p"


def _chroma_alignment(pix_fmt: str) -> tuple[int, int]:
    """Return what the rows and columns of a pixel format must be multiples of."""
    chroma = [component for component in VideoFrame(16, 16, pix_fmt).format.components if not component.is_luma]
    if not chroma or not pix_fmt.startswith(("yuv", "nv", "p0")):
        return 1, 1
    return 16 // chroma[0].height, 16 // chroma[0].width


def _padded(pixels: Pixels, alignment: tuple[int, int]) -> Pixels:
    """Return pixels with their last row and column repeated up to multiples of an alignment."""
    missing = [-side % multiple for side, multiple in zip(pixels.shape, alignment, strict=False)]
    if not any(missing):
        return pixels
    return np.asarray(cv2.copyMakeBorder(pixels, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE), dtype=np.uint8)


def _range(colorimetry: Colorimetry) -> ColorRange:
    return ColorRange.JPEG if colorimetry.is_full_range else ColorRange.MPEG


def _tagged(image: VideoFrame, colorimetry: Colorimetry) -> VideoFrame:
    image.color_range = _range(colorimetry)
    if image.format.name.startswith(("yuv", "nv")):
        image.colorspace = colorimetry.matrix
    return image


def _from_gray(pixels: Pixels, pix_fmt: str, colorimetry: Colorimetry) -> VideoFrame:
    if pix_fmt in _PLANAR:
        return _planar_from_gray(pixels, pix_fmt, colorimetry)
    if pix_fmt.startswith("yuv"):  # More than 8 bits: FFmpeg widens luma that is in the range to store already.
        subsampling = next((name for name in ("420", "422") if name in pix_fmt), "444")
        image, range_ = _planar_from_gray(pixels, f"yuv{subsampling}p", colorimetry), _range(colorimetry)
        return image.reformat(format=pix_fmt, src_color_range=range_, dst_color_range=range_)
    image = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="gray")
    return image if pix_fmt == "gray" else image.reformat(format=pix_fmt)


def _from_bgr(pixels: Pixels, pix_fmt: str, colorimetry: Colorimetry) -> VideoFrame:
    return VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgr24").reformat(
        format=pix_fmt,
        dst_colorspace=_MATRICES.get(colorimetry.matrix, Colorspace.ITU601),
        dst_color_range=_range(colorimetry),
    )


def _from_yuv(
    luma: Pixels,
    chroma: tuple[Pixels, Pixels],
    planar_format: str,
    pix_fmt: str,
    colorimetries: tuple[Colorimetry, Colorimetry],
) -> VideoFrame:
    """Return luma of full range and chroma as a frame.

    Args:
        luma: uint8, full range, shape (rows, cols), of the size that both formats need.
        chroma: Blue and red difference, uint8, of equal shapes.
        planar_format: The format with planes of these shapes.
        pix_fmt: The format of the result.
        colorimetries: Colorimetry of the chroma, and of the result.
    """
    source, stored = colorimetries
    image = VideoFrame(luma.shape[1], luma.shape[0], planar_format)
    _store_luma(luma, image, source)
    for number, plane in enumerate(chroma, start=1):
        target = _writable(image, number)
        rows, cols = target.shape[0] - plane.shape[0], target.shape[1] - plane.shape[1]
        cv2.copyMakeBorder(plane, 0, rows, 0, cols, cv2.BORDER_REPLICATE, dst=target)
    image.color_range, image.colorspace = _range(source), source.matrix
    if planar_format != pix_fmt or source.is_full_range != stored.is_full_range:
        image = image.reformat(format=pix_fmt, src_color_range=_range(source), dst_color_range=_range(stored))
        image.color_range = _range(stored)
    return image


def _planar_from_gray(pixels: Pixels, pix_fmt: str, colorimetry: Colorimetry) -> VideoFrame:
    image = VideoFrame(pixels.shape[1], pixels.shape[0], pix_fmt)
    _store_luma(pixels, image, colorimetry)
    for chroma in range(1, len(image.planes)):
        np.frombuffer(memoryview(image.planes[chroma]), dtype=np.uint8).fill(_NEUTRAL_CHROMA)
    return image


def _store_luma(pixels: Pixels, image: VideoFrame, colorimetry: Colorimetry) -> None:
    luma = _writable(image, 0)
    if colorimetry.is_full_range:
        np.copyto(luma, pixels)
    else:  # In half the time of a lookup table, with exactly the same result.
        cv2.convertScaleAbs(pixels, dst=luma, alpha=LIMITED_RANGE_SPAN / 255, beta=LIMITED_RANGE_BLACK)


def _writable(image: VideoFrame, number: int) -> Pixels:
    """Return a plane as a writable view, without the padding of its rows."""
    plane = image.planes[number]
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
