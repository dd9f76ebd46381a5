"""Video files, decoded by the FFmpeg libraries that PyAV carries: the luma plane as it is, and exact time stamps."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.sources._planes import gray_pixels
from livefilter.sources._source import Source, SourceFacts

_NOT_VIDEO = {"tty": "text"}
"""Formats by which FFmpeg shows, as a picture that moves, what nobody means by a video."""
_MISSING_S = Fraction(1, 2)
"""How far before its promised end a file may stop and still be whole: containers round, and count other streams in."""


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
        self._container, stream = _open(path)
        stream.thread_type = "AUTO"
        self._stream = stream
        self._rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        self._time_base = Fraction(stream.time_base or 1 / self._rate)
        self._ends_s = _promised_end_s(self._container, stream)
        self._hidden = 0
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
        last, self._first = self._first, None
        yield last
        for last in self._frames:
            yield last
        self._compare_with_promised(last.index + 1, last.time_s + 1 / self._rate)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _decode(self) -> Iterator[Frame]:
        damaged = index = 0
        time_s = -1 / self._rate
        try:
            for packet in self._container.demux(self._stream):
                self._hidden += packet.is_discard
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

    def _compare_with_promised(self, count: int, ended_s: Fraction) -> None:
        """Name what is missing at the end: by the number of frames where the file tells it, else by its duration."""
        promised = self._stream.frames - self._hidden  # An edit list hides frames that only others are decoded from.
        if count < promised:
            self._lose(f"only {count} of {promised} frames could be read")
        elif not self._stream.frames and self._ends_s is not None and ended_s < self._ends_s - _MISSING_S:
            self._lose(f"ends after {float(ended_s):.1f} of {float(self._ends_s):.1f} s; the file is cut off")

    def _lose(self, what: str) -> None:
        self.loss = f"{self.loss}; {what}" if self.loss else f"{self._path}: {what}"


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
    if not os.path.exists(path):  # Not Path.exists, which raises for a name that is too long.
        raise SourceError(f"{path}: no such file")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder, not a video")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty (0 bytes)")
    try:
        # In full, because FFmpeg would take the start of a:b.mp4 for the name of a protocol.
        container = av.open(os.path.abspath(path), mode="r")
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise SourceError(f"{path}: is not a video, or is damaged beyond reading") from error
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror or error}") from error
    try:
        return container, _video_stream(path, container)
    except SourceError:
        container.close()
        raise


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    """Return the stream to decode; what FFmpeg can open need not be a video."""
    name = container.format.name
    if name.endswith("_pipe") or name == "image2":
        kind = name.removesuffix("_pipe")
        raise SourceError(f"{path}: is a picture ({kind}), not a video; give it its own ending to read it as a picture")
    if name in _NOT_VIDEO:
        raise SourceError(f"{path}: is {_NOT_VIDEO[name]}, not a video")
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        raise SourceError(f"{path}: has no video stream")  # The cover of a piece of music is none.
    return stream


def _promised_end_s(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return when the video should end by what the file says of itself; None if it does not say."""
    # Matroska notes it for each stream.
    noted = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if noted:
        return int(noted[1]) * 3600 + int(noted[2]) * 60 + Fraction(noted[3])
    is_alone = len(container.streams) == 1  # Otherwise the longest stream counts, which may be the sound.
    return Fraction(container.duration, av.time_base) if is_alone and container.duration else None
