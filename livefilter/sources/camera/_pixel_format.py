"""Gray pixels straight from a camera's own format, without the backend's detour through colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.frame import Pixels
from livefilter.sources._range_expansion import expansion_lut

Unpack = Callable[[NDArray[Any]], Pixels]

_MAX_MEDIAN_DIFFERENCE = 6
"""Median difference, in levels, up to which a candidate fits: noise and small movements, but not another range."""
_MIN_ADVANTAGE = 0.5
"""Levels by which the best candidate must beat the next; otherwise the frames do not show which is right."""
_JPEG = b"\xff\xd8"


def convert_to_gray(image: NDArray[Any]) -> Pixels:
    """Convert a frame from the backend (BGR, BGRA or gray, 8 or 16 bits) to gray.

    Raises:
        ValueError: The frame has another number of channels.
    """
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"frames of {channels} channels are neither gray nor colour")
    if channels > 1:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY)
    gray = image.reshape(image.shape[:2])
    return np.asarray(gray >> 8 if gray.dtype == np.uint16 else gray, dtype=np.uint8)


def detect_pixel_format(raw: NDArray[Any], gray: Pixels) -> Unpack | None:
    """Return the function that unpacks raw frames to gray, chosen by comparison with a converted frame.

    Drivers are not trusted on which bytes are the luma, and in which range: the frames show it.

    Args:
        raw: A frame as the camera sent it: YUYV or UYVY of shape (rows, cols, 2), planar YUV of shape
            (rows * 3 / 2, cols), gray in 8, 10, 12 or 16 bits, or the bytes of a JPEG.
        gray: The gray of the frame before it, as the backend converted it.

    Returns:
        None if no candidate is close, or if several are, as with black frames.
    """
    fitting: list[tuple[float, Unpack]] = []
    for unpack in _candidates(raw, gray.shape):
        try:
            unpacked = unpack(raw)
        except (cv2.error, ValueError):
            continue
        if unpacked.shape != gray.shape:
            continue
        difference = cv2.absdiff(unpacked, gray)
        if np.median(difference) <= _MAX_MEDIAN_DIFFERENCE:
            fitting.append((float(difference.mean()), unpack))
    fitting.sort(key=lambda candidate: candidate[0])
    if not fitting or (len(fitting) > 1 and fitting[1][0] - fitting[0][0] < _MIN_ADVANTAGE):
        return None
    return fitting[0][1]


def _candidates(raw: NDArray[Any], shape: tuple[int, ...]) -> Iterator[Unpack]:
    rows, cols = shape
    if raw.dtype == np.uint8 and raw.size > len(_JPEG) and raw.reshape(-1)[:2].tobytes() == _JPEG:
        yield _jpeg_decoder()
    elif raw.dtype == np.uint16 and raw.size == rows * cols:
        for shift in (8, 4, 2):  # 16, 12 and 10 bits.
            yield partial(_shift_down, shape=(rows, cols), shift=shift)
    elif raw.dtype == np.uint8 and raw.size == rows * cols * 2:
        yield from _both_ranges(lambda raw: raw.reshape(rows, cols, 2)[..., 0])  # YUYV
        yield from _both_ranges(lambda raw: raw.reshape(rows, cols, 2)[..., 1])  # UYVY
    elif raw.dtype == np.uint8 and raw.size in (rows * cols, rows * cols * 3 // 2):
        yield from _both_ranges(lambda raw: raw.reshape(-1)[: rows * cols].reshape(rows, cols))


def _shift_down(raw: NDArray[Any], *, shape: tuple[int, int], shift: int) -> Pixels:
    return np.asarray(np.minimum(raw.reshape(shape) >> shift, 255), dtype=np.uint8)


def _both_ranges(luma: Callable[[NDArray[Any]], NDArray[Any]]) -> Iterator[Unpack]:
    # Copy, because the capture reuses the memory.
    yield lambda raw: np.array(luma(raw), dtype=np.uint8, order="C")
    table = expansion_lut(is_full_range=False)
    yield lambda raw: np.asarray(cv2.LUT(luma(raw), table), dtype=np.uint8)


def _jpeg_decoder() -> Unpack:
    """Return a decoder that rejects damaged JPEGs. OpenCV's would show them, and print warnings to standard error."""
    import av

    from livefilter.sources._av_pixels import luma

    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.thread_count = 1  # More threads would hold a frame back.
    decoder.options = {"err_detect": "explode"}

    def unpack(raw: NDArray[Any]) -> Pixels:
        try:
            av_frames = decoder.decode(av.Packet(raw.tobytes()))
        except (av.error.FFmpegError, EOFError) as error:
            raise ValueError("not a JPEG that can be decoded") from error
        if len(av_frames) != 1:
            raise ValueError("not one JPEG")
        return luma(av_frames[0])

    return unpack
