"""Gray straight out of what a camera sends, without the backend's detour through colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.frame import Pixels
from livefilter.sources._levels import levels

Unpack = Callable[[NDArray[Any]], Pixels]

_LARGEST_DIFFERENCE = 6
"""Levels by which half of the pixels may differ: noise and small movements between two pictures, but no other range."""
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


def find_unpack(raw: NDArray[Any], gray: Pixels) -> Unpack | None:
    """Return what makes gray of raw pictures, the way that comes nearest to a converted one; None if none comes near.

    Which bytes are the luma, and of which range, is not believed to any driver but seen in the pictures.

    Args:
        raw: What the camera sent, as the backend hands it over unconverted: YUYV or UYVY of shape (rows, cols, 2),
            planar YUV of shape (rows * 3 / 2, cols), 8 or 16 bits of gray, or the bytes of a JPEG.
        gray: The gray of the picture before it, as the backend converted it.
    """
    best: tuple[float, Unpack] | None = None
    for unpack in _ways(raw, gray.shape):
        try:
            made = unpack(raw)
        except (cv2.error, ValueError):
            continue
        if made.shape != gray.shape:
            continue
        difference = cv2.absdiff(made, gray)
        if np.median(difference) <= _LARGEST_DIFFERENCE:
            mean = float(difference.mean())
            best = (mean, unpack) if best is None or mean < best[0] else best
    return best[1] if best else None


def _ways(raw: NDArray[Any], shape: tuple[int, ...]) -> Iterator[Unpack]:
    rows, cols = shape
    if raw.dtype == np.uint8 and raw.size > len(_JPEG) and raw.reshape(-1)[:2].tobytes() == _JPEG:
        yield _from_jpeg
    elif raw.dtype == np.uint16 and raw.size == rows * cols:
        yield lambda raw: np.right_shift(raw.reshape(rows, cols), 8).astype(np.uint8)
    elif raw.dtype == np.uint8 and raw.size == rows * cols * 2:
        yield from _of_both_ranges(lambda raw: raw.reshape(rows, cols, 2)[..., 0])  # YUYV
        yield from _of_both_ranges(lambda raw: raw.reshape(rows, cols, 2)[..., 1])  # UYVY
    elif raw.dtype == np.uint8 and raw.size in (rows * cols, rows * cols * 3 // 2):
        yield from _of_both_ranges(lambda raw: raw.reshape(-1)[: rows * cols].reshape(rows, cols))


def _of_both_ranges(luma: Callable[[NDArray[Any]], NDArray[Any]]) -> Iterator[Unpack]:
    # Copied: the capture fills the same memory again.
    yield lambda raw: np.array(luma(raw), dtype=np.uint8, order="C")
    table = levels(is_full_range=False)
    yield lambda raw: np.asarray(cv2.LUT(luma(raw), table), dtype=np.uint8)


def _from_jpeg(raw: NDArray[Any]) -> Pixels:
    picture = cv2.imdecode(raw.reshape(-1), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError("not a JPEG that can be decoded")
    return np.asarray(picture, dtype=np.uint8)
