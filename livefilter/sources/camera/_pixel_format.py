"""Pixels straight from a camera's own format, without the backend's detour through colour for gray."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from livefilter.frame import Color, Pixels
from livefilter.sources._range_expansion import expansion_lut

Unpacked = tuple[Pixels, Pixels | None]
"""Gray, uint8 of shape (rows, cols), and BGR of shape (rows, cols, 3): None if not asked for, or without colors."""
Unpack = Callable[[NDArray[Any], Color], Unpacked]
"""Unpacks a frame. A colour mode other than "gray" asks for BGR too; the gray is the same in every mode."""

_MAX_MEDIAN_DIFFERENCE = 6
"""Median difference, in levels, up to which a candidate fits: noise and small movements, but not another range."""
_MIN_ADVANTAGE = 0.5
"""Levels by which the best candidate must beat the next; otherwise the frames do not show which is right."""
_JPEG = b"\xff\xd8"
_SYNONYMS = {"YUY2": "YUYV", "I420": "YU12", "IYUV": "YU12"}
_FULL_RANGE_MATRIX = cv2.COLOR_YCrCb2BGR
"""The matrix of BT.601 for luma and chroma of full range, as in JPEG."""


_Planes = tuple[Pixels, Pixels]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a format of uint8 samples has its luma and its chroma.

    Attributes:
        name: The format's four letters.
        halves: (1, 2) or (2, 2): rows and columns of luma for each sample of Cb and Cr.
        luma: Returns the luma, a view of shape (rows, cols), of a frame's bytes in a row.
        chroma: Returns Cb and Cr of a frame's bytes in a row: views, smaller than the luma by ``halves``.
        code: OpenCV's conversion of limited range to BGR.
    """

    name: str
    halves: tuple[int, int]
    luma: Callable[[Pixels, int, int], Pixels]
    chroma: Callable[[Pixels, int, int], _Planes]
    code: int

    def bytes_of(self, rows: int, cols: int) -> int:
        """Return the number of bytes of a frame."""
        return rows * cols * 2 if self.halves[0] == 1 else rows * cols * 3 // 2


def _at(raw: Pixels, rows: int, cols: int, *, offset: int) -> Pixels:
    return raw.reshape(rows, cols, 2)[..., offset]


def _packed_chroma(raw: Pixels, rows: int, cols: int, *, offset: int) -> _Planes:
    samples = _at(raw, rows, cols, offset=offset)
    return samples[:, ::2], samples[:, 1::2]


def _top(raw: Pixels, rows: int, cols: int) -> Pixels:
    return raw[: rows * cols].reshape(rows, cols)


def _interleaved(raw: Pixels, rows: int, cols: int) -> _Planes:
    samples = raw[rows * cols :].reshape(rows // 2, cols // 2, 2)
    return samples[..., 0], samples[..., 1]


def _consecutive(raw: Pixels, rows: int, cols: int) -> _Planes:
    samples = raw[rows * cols :].reshape(2, rows // 2, cols // 2)
    return samples[0], samples[1]


def _with_cr_first(layout: _Layout, name: str, code: int) -> _Layout:
    return replace(layout, name=name, chroma=lambda *stored: layout.chroma(*stored)[::-1], code=code)


_YUYV = _Layout("YUYV", (1, 2), partial(_at, offset=0), partial(_packed_chroma, offset=1), cv2.COLOR_YUV2BGR_YUYV)
_UYVY = _Layout("UYVY", (1, 2), partial(_at, offset=1), partial(_packed_chroma, offset=0), cv2.COLOR_YUV2BGR_UYVY)
_NV12 = _Layout("NV12", (2, 2), _top, _interleaved, cv2.COLOR_YUV2BGR_NV12)
_YU12 = _Layout("YU12", (2, 2), _top, _consecutive, cv2.COLOR_YUV2BGR_I420)
_FAMILIES = (
    (_YUYV, _with_cr_first(_YUYV, "YVYU", cv2.COLOR_YUV2BGR_YVYU)),
    (_UYVY,),
    (
        _NV12,
        _with_cr_first(_NV12, "NV21", cv2.COLOR_YUV2BGR_NV21),
        _YU12,
        _with_cr_first(_YU12, "YV12", cv2.COLOR_YUV2BGR_YV12),
    ),
)
"""Layouts with the same luma stand together: only their colors show which one is right."""


def unpack_converted(image: NDArray[Any], color: Color) -> Unpacked:
    """Unpack a frame that the backend has converted (BGR, BGRA or gray, 8 or 16 bits). Its gray is that of BT.601.

    Raises:
        ValueError: The frame has another number of channels.
    """
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"frames of {channels} channels are neither gray nor colour")
    gray = image
    if channels > 1:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY)
    gray = _in_8_bits(gray.reshape(gray.shape[:2]))
    return gray, None if channels == 1 or color == "gray" else np.ascontiguousarray(_in_8_bits(image[..., :3]))


def detect_pixel_format(raw: NDArray[Any], image: NDArray[Any], fourcc: str = "") -> Unpack | None:
    """Return the function that unpacks raw frames, chosen by comparison with a converted frame.

    Drivers are not trusted on which bytes are the luma, and in which range: the frames show it. Where several layouts
    have the same luma, the camera's own name of the format decides on the chroma, or else the frames do.

    Args:
        raw: A frame as the camera sent it: YUYV, YVYU or UYVY of shape (rows, cols, 2), planar YUV of shape
            (rows * 3 / 2, cols), gray in 8, 10, 12 or 16 bits, or the bytes of a JPEG.
        image: The frame before it, as the backend converted it: BGR or gray.
        fourcc: What the camera calls the format; empty if it does not say.

    Returns:
        None if no candidate is close, or if several are, as with black frames.
    """
    gray, bgr = unpack_converted(image, "rgb")
    fitting: list[tuple[float, tuple[Unpack, ...]]] = []
    for layouts in _candidates(raw, gray.shape, fourcc):
        try:
            unpacked, _ = layouts[0](raw, "gray")
        except (cv2.error, ValueError):
            continue
        if unpacked.shape != gray.shape:
            continue
        difference = cv2.absdiff(unpacked, gray)
        if np.median(difference) <= _MAX_MEDIAN_DIFFERENCE:
            fitting.append((float(difference.mean()), layouts))
    fitting.sort(key=lambda candidate: candidate[0])
    if not fitting or (len(fitting) > 1 and fitting[1][0] - fitting[0][0] < _MIN_ADVANTAGE):
        return None
    layouts = fitting[0][1]
    if bgr is None or len(layouts) == 1:
        return layouts[0]
    return min(layouts, key=lambda unpack: _distance(unpack(raw, "rgb")[1], bgr))


def _candidates(raw: NDArray[Any], shape: tuple[int, ...], fourcc: str) -> Iterator[tuple[Unpack, ...]]:
    """Yield the possible formats of a frame: each as its layouts, which differ only in where their chroma is."""
    rows, cols = shape
    if raw.dtype == np.uint8 and raw.size > len(_JPEG) and raw.reshape(-1)[:2].tobytes() == _JPEG:
        yield (_jpeg_decoder(),)
    elif raw.dtype == np.uint16 and raw.size == rows * cols:
        for shift in (8, 4, 2):  # 16, 12 and 10 bits.
            yield (partial(_shift_down, shape=(rows, cols), shift=shift),)
    elif raw.dtype == np.uint8 and raw.size == rows * cols:
        for is_full_range in (True, False):
            yield (partial(_unpack_gray, shape=(rows, cols), is_full_range=is_full_range),)
    elif raw.dtype == np.uint8:
        for family in _FAMILIES:
            if raw.size == family[0].bytes_of(rows, cols):
                layouts = [layout for layout in family if layout.name == _SYNONYMS.get(fourcc, fourcc)] or family
                for is_full_range in (True, False):
                    yield tuple(
                        partial(_unpack_yuv, shape=(rows, cols), layout=layout, is_full_range=is_full_range)
                        for layout in layouts
                    )


def _unpack_yuv(
    raw: NDArray[Any], color: Color, *, shape: tuple[int, int], layout: _Layout, is_full_range: bool
) -> Unpacked:
    stored = raw.reshape(-1)
    gray = _full_range(layout.luma(stored, *shape), is_full_range=is_full_range)
    if color == "gray" or any(side % step for side, step in zip(shape, layout.halves, strict=True)):
        return gray, None
    if not is_full_range:
        rows, cols = shape
        stored = stored.reshape((rows, cols, 2) if layout.halves[0] == 1 else (-1, cols))
        return gray, np.asarray(cv2.cvtColor(stored, layout.code), dtype=np.uint8)
    blue, red = (
        cv2.resize(np.ascontiguousarray(plane), shape[::-1], interpolation=cv2.INTER_NEAREST)
        for plane in layout.chroma(stored, *shape)
    )
    return gray, np.asarray(cv2.cvtColor(cv2.merge([gray, red, blue]), _FULL_RANGE_MATRIX), dtype=np.uint8)


def _unpack_gray(raw: NDArray[Any], color: Color, *, shape: tuple[int, int], is_full_range: bool) -> Unpacked:
    return _full_range(raw.reshape(shape), is_full_range=is_full_range), None


def _shift_down(raw: NDArray[Any], color: Color, *, shape: tuple[int, int], shift: int) -> Unpacked:
    return np.asarray(np.minimum(raw.reshape(shape) >> shift, 255), dtype=np.uint8), None


def _full_range(luma: NDArray[Any], *, is_full_range: bool) -> Pixels:
    """Return luma expanded to full range, always a copy, because the capture reuses the memory."""
    if is_full_range:
        return np.array(luma, dtype=np.uint8, order="C")
    return np.asarray(cv2.LUT(luma, expansion_lut(is_full_range=False)), dtype=np.uint8)


def _jpeg_decoder() -> Unpack:
    """Return a decoder that rejects damaged JPEGs. OpenCV's would show them, and print warnings to standard error."""
    import av

    from livefilter.sources._av_pixels import pixels_of

    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.thread_count = 1  # More threads would hold a frame back.
    decoder.options = {"err_detect": "explode"}

    def unpack(raw: NDArray[Any], color: Color) -> Unpacked:
        try:
            av_frames = decoder.decode(av.Packet(raw.tobytes()))
        except (av.error.FFmpegError, EOFError) as error:
            raise ValueError("not a JPEG that can be decoded") from error
        if len(av_frames) != 1:
            raise ValueError("not one JPEG")
        pixels, gray, _ = pixels_of(av_frames[0], "gray" if color == "gray" else "rgb")
        return gray, pixels if pixels.ndim == 3 else None

    return unpack


def _in_8_bits(pixels: NDArray[Any]) -> Pixels:
    return np.asarray(pixels >> 8 if pixels.dtype == np.uint16 else pixels, dtype=np.uint8)


def _distance(pixels: Pixels | None, other: Pixels) -> float:
    return 0.0 if pixels is None else float(cv2.absdiff(pixels, other).mean())
