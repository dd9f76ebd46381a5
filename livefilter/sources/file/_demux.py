"""Opening a file with the FFmpeg libraries: what is no video is refused, in plain words."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from livefilter.cpus import codec_threads
from livefilter.errors import SourceError

_NOT_VIDEO = {"tty": "text"}
"""Formats by which FFmpeg shows, as a picture that moves, what nobody means by a video."""


def open_media(path: Path) -> InputContainer:
    """Open a file, whatever is in it.

    Raises:
        SourceError: No such file, a folder, a pipe, empty, or damaged beyond opening.
    """
    if not os.path.exists(path):  # Not Path.exists, which raises for a name that is too long.
        raise SourceError(f"{path}: no such file")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder, not a video")
    if not path.is_file():
        raise SourceError(
            f"{path}: is a pipe or a device, and a video must be a file, which is read more than once; save it first, "
            "or pipe it as YUV4MPEG2 into standard input, -"
        )
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty (0 bytes)")
    # Bare pictures one after the other, which FFmpeg may take for the first of them.
    kind = "mjpeg" if path.suffix.lower() in (".mjpeg", ".mjpg") else None
    try:
        # In full, because FFmpeg would take the start of a:b.mp4 for the name of a protocol.
        return av.open(os.path.abspath(path), mode="r", format=kind, metadata_errors="surrogateescape")
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise SourceError(f"{path}: is not a video, or is damaged beyond reading") from error
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror or error}") from error


def open_video(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a file, and return its video stream too; of the others, nothing is read.

    Raises:
        SourceError: No such file, a folder, empty, damaged beyond opening, or not a video.
    """
    container = open_media(path)
    try:
        stream = _video_stream(path, container)
    except SourceError:
        container.close()
        raise
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = codec_threads()
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return container, stream


def declared_end_s(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return when the video should end by what the file says of itself; None if it does not say."""
    # Matroska notes it for each stream.
    noted = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if noted:
        return int(noted[1]) * 3600 + int(noted[2]) * 60 + Fraction(noted[3])
    is_alone = len(container.streams) == 1  # Otherwise the longest stream counts, which may be the sound.
    if not (is_alone and container.duration):
        return None
    return Fraction(container.duration + (container.start_time or 0), av.time_base)


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
    if stream.codec_context is None:
        raise SourceError(f"{path}: its video is in a format that this FFmpeg cannot decode")
    return stream
