"""Video files, decoded by the FFmpeg libraries that PyAV carries: the luma plane as it is, and exact time stamps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from livefilter.errors import SourceError
from livefilter.frame import Frame, Pixels
from livefilter.sources._source import Source, SourceFacts

_LUMA_FIRST = {"gray", "yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "nv12", "nv21", "nv16"}
_FULL_RANGE = {"gray", "yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p"}
_EXPANDED = np.rint((np.arange(256) - 16) * (255 / 219)).clip(0, 255).astype(np.uint8)
"""Limited-range luma (16 to 235, ITU-R BT.601) as full-range gray."""


class VideoFile(Source):
    """A video file. Damaged packets are passed over and counted; time stamps are the file's own.

    Args:
        path: The file.

    Raises:
        SourceError: No such file, a folder, empty, damaged beyond opening, or not a video.
    """

    def __init__(self, path: Path) -> None:
        self.loss: str | None = None
        self._path = path
        self._container = _open(path)
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        self._stream = stream
        self._rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        self._time_base = Fraction(stream.time_base or 1 / self._rate)
        self._frames = self._decode()
        # The first frame is decoded at once: only it tells rotation and true size, and a file without any is no video.
        self._first = next(self._frames, None)
        if self._first is None:
            self.close()
            raise SourceError(f"{path}: has no frame that can be decoded; the file is damaged or cut off")
        rows, cols = self._first.pixels.shape[:2]
        duration_s = Fraction(self._container.duration or 0, av.time_base)
        expected = stream.frames or round(duration_s * self._rate) or None
        self.facts = SourceFacts(path.name, (rows, cols), self._rate, self._time_base, expected)

    def __iter__(self) -> Iterator[Frame]:
        if self._first is None:
            return
        first, self._first = self._first, None
        yield first
        count = 1
        for frame in self._frames:
            yield frame
            count += 1
        if self._stream.frames > count:
            self._lose(f"only {count} of {self._stream.frames} frames could be read")

    def close(self) -> None:
        self._container.close()

    def _decode(self) -> Iterator[Frame]:
        damaged = index = 0
        time_s = -1 / self._rate
        try:
            for packet in self._container.demux(self._stream):
                try:
                    pictures = packet.decode()
                except av.error.InvalidDataError:
                    damaged += 1
                    continue
                for picture in pictures:
                    time_s = time_s + 1 / self._rate if picture.pts is None else picture.pts * self._time_base
                    yield Frame(gray_pixels(picture), index, time_s, time.monotonic_ns())
                    index += 1
        except av.error.FFmpegError as error:
            self._lose(f"reading stopped after frame {index}: {error.strerror}")
        if damaged:
            self._lose(f"{damaged} damaged packet{'s' * (damaged > 1)} could not be decoded")

    def _lose(self, what: str) -> None:
        self.loss = f"{self.loss}; {what}" if self.loss else f"{self._path}: {what}"


def gray_pixels(picture: VideoFrame) -> Pixels:
    """Return a decoded picture as full-range gray, uint8 of shape (rows, cols), the right way up.

    The luma plane is used as it is where the format has one; limited range is expanded. Anything else (RGB, more than 8
    bits) goes through FFmpeg's own conversion to gray.
    """
    name = picture.format.name
    if name not in _LUMA_FIRST and name not in _FULL_RANGE:
        picture = picture.reformat(format="gray", dst_color_range=ColorRange.JPEG)
    plane = picture.planes[0]
    luma: Pixels = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)[
        : plane.height, : plane.width
    ]
    is_full_range = picture.format.name in _FULL_RANGE or picture.color_range == ColorRange.JPEG
    gray = luma.copy() if is_full_range else np.asarray(cv2.LUT(luma, _EXPANDED), dtype=np.uint8)
    quarter_turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(gray, quarter_turns)) if quarter_turns else gray


def _open(path: Path) -> av.container.InputContainer:
    if not path.exists():
        raise SourceError(f"{path}: no such file")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty (0 bytes)")
    try:
        container = av.open(str(path), mode="r")
    except av.error.InvalidDataError as error:
        raise SourceError(f"{path}: is not a video, or is damaged beyond reading") from error
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror or error}") from error
    if container.format.name.endswith("_pipe") or container.format.name == "image2":
        container.close()
        kind = container.format.name.removesuffix("_pipe")
        raise SourceError(f"{path}: is a picture ({kind}), not a video; give it its own ending to read it as a picture")
    if not container.streams.video:
        container.close()
        raise SourceError(f"{path}: has no video stream")
    return container
