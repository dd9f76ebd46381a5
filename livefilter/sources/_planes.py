"""From what a decoder gives to full-range gray: the luma plane where there is one, without a detour through colour."""

from __future__ import annotations

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from livefilter.frame import Pixels
from livefilter.sources._levels import levels

_LUMA_FIRST = {"gray", "yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "nv12", "nv21", "nv16"}
_FULL_RANGE = {"gray", "yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p"}
_DEEP_LUMA_FIRST = {f"yuv{chroma}p{bits}le": bits for chroma in (420, 422, 444, 440) for bits in (9, 10, 12, 14)}


def gray_pixels(picture: VideoFrame) -> Pixels:
    """Return a decoded picture as full-range gray, uint8 of shape (rows, cols), the right way up.

    The luma plane is used as it is where the format has one; limited range is expanded, and more than 8 bits are
    rounded, both in one step. Anything else (RGB, packed formats) goes through FFmpeg's own conversion to gray.
    """
    name = picture.format.name
    if name not in _LUMA_FIRST and name not in _FULL_RANGE and name not in _DEEP_LUMA_FIRST:
        picture = picture.reformat(format="gray", dst_color_range=ColorRange.JPEG)
        name = "gray"
    bits = _DEEP_LUMA_FIRST.get(name, 8)
    plane = picture.planes[0]
    stored = np.frombuffer(memoryview(plane), dtype=np.uint8 if bits == 8 else "<u2")
    luma = stored.reshape(-1, plane.line_size // stored.itemsize)[: plane.height, : plane.width]
    is_full_range = name in _FULL_RANGE or picture.color_range == ColorRange.JPEG
    gray: Pixels
    if bits > 8:
        gray = levels(bits, is_full_range=is_full_range)[luma]
    elif is_full_range:
        gray = luma.astype(np.uint8)
    else:
        gray = np.asarray(cv2.LUT(luma, levels(bits, is_full_range=False)), dtype=np.uint8)
    quarter_turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(gray, quarter_turns)) if quarter_turns else gray
