"""Gray straight out of what a camera sends, without the backend's detour through colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.frame import Pixels
from livefilter.sources._range_expansion import levels

Unpack = Callable[[NDArray[Any]], Pixels]

_LARGEST_DIFFERENCE = 6
"""Levels by which half of the pixels may differ: noise and small movements between two pictures, but no other range."""
_LEAST_ADVANTAGE = 0.5
"""Levels by which one way must come nearer than the next, or the pictures have not told which is right."""
_JPEG = b"\xff\xd8"


def converted(picture: NDArray[Any]) -> Pixels:
    """Return the gray of a picture that the backend converted: BGR, BGRA, or gray already, of 8 or 16 bits.

    Raises:
        ValueError: It is none of these.
    """
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"pictures of {channels} channels are neither gray nor colour")
    if channels > 1:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY)
    gray = picture.reshape(picture.shape[:2])
    return np.asarray(gray >> 8 if gray.dtype == np.uint16 else gray, dtype=np.uint8)


def detect_pixel_format(raw: NDArray[Any], gray: Pixels) -> Unpack | None:
    """Return what makes gray of raw pictures, the way that comes nearest to a converted one.

    Which bytes are the luma, and of which range, is not believed to any driver but seen in the pictures.

    Args:
        raw: What the camera sent, as the backend hands it over unconverted: YUYV or UYVY of shape (rows, cols, 2),
            planar YUV of shape (rows * 3 / 2, cols), gray in 8, 10, 12 or 16 bits, or the bytes of a JPEG.
        gray: The gray of the picture before it, as the backend converted it.

    Returns:
        None if no way comes near, or if several do, as they do in a black picture.
    """
    fitting: list[tuple[float, Unpack]] = []
    for unpack in _ways(raw, gray.shape):
        try:
            made = unpack(raw)
        except (cv2.error, ValueError):
            continue
        if made.shape != gray.shape:
            continue
        difference = cv2.absdiff(made, gray)
        if np.median(difference) <= _LARGEST_DIFFERENCE:
            fitting.append((float(difference.mean()), unpack))
    fitting.sort(key=lambda one: one[0])
    if not fitting or (len(fitting) > 1 and fitting[1][0] - fitting[0][0] < _LEAST_ADVANTAGE):
        return None
    return fitting[0][1]


def _ways(raw: NDArray[Any], shape: tuple[int, ...]) -> Iterator[Unpack]:
    rows, cols = shape
    if raw.dtype == np.uint8 and raw.size > len(_JPEG) and raw.reshape(-1)[:2].tobytes() == _JPEG:
        yield _jpeg_decoder()
    elif raw.dtype == np.uint16 and raw.size == rows * cols:
        for shift in (8, 4, 2):  # 16, 12 and 10 bits.
            yield partial(_shifted, shape=(rows, cols), shift=shift)
    elif raw.dtype == np.uint8 and raw.size == rows * cols * 2:
        yield from _of_both_ranges(lambda raw: raw.reshape(rows, cols, 2)[..., 0])  # YUYV
        yield from _of_both_ranges(lambda raw: raw.reshape(rows, cols, 2)[..., 1])  # UYVY
    elif raw.dtype == np.uint8 and raw.size in (rows * cols, rows * cols * 3 // 2):
        yield from _of_both_ranges(lambda raw: raw.reshape(-1)[: rows * cols].reshape(rows, cols))


def _shifted(raw: NDArray[Any], *, shape: tuple[int, int], shift: int) -> Pixels:
    return np.asarray(np.minimum(raw.reshape(shape) >> shift, 255), dtype=np.uint8)


def _of_both_ranges(luma: Callable[[NDArray[Any]], NDArray[Any]]) -> Iterator[Unpack]:
    # Copied: the capture fills the same memory again.
    yield lambda raw: np.array(luma(raw), dtype=np.uint8, order="C")
    table = levels(is_full_range=False)
    yield lambda raw: np.asarray(cv2.LUT(luma(raw), table), dtype=np.uint8)


def _jpeg_decoder() -> Unpack:
    """Return a decoder that refuses what OpenCV's shows, and complains of on standard error: pictures with holes."""
    import av

    from livefilter.sources.file._pixels import luma

    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.thread_count = 1  # More would hold a picture back.
    decoder.options = {"err_detect": "explode"}

    def unpack(raw: NDArray[Any]) -> Pixels:
        try:
            pictures = decoder.decode(av.Packet(raw.tobytes()))
        except (av.error.FFmpegError, EOFError) as error:
            raise ValueError("not a JPEG that can be decoded") from error
        if len(pictures) != 1:
            raise ValueError("not one JPEG")
        return luma(pictures[0])

    return unpack
