"""Demuxing: opening a file with FFmpeg, and choosing its video stream."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from livefilter._cover_art import is_cover_art
from livefilter.cpus import codec_threads
from livefilter.errors import SourceError

_FORMATS_NOT_VIDEO = {"tty": "text"}
"""Formats that FFmpeg renders as moving pictures, but that are no videos."""


def open_media(path: Path) -> InputContainer:
    """Open a media file, with or without video.

    Raises:
        SourceError: No such file, a folder, a pipe, empty, or damaged beyond opening.
    """
    if not os.path.exists(path):  # Not Path.exists, which raises for a name that is too long.
        raise SourceError(f"{path}: no such file")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder, not a video")
    if not path.is_file():
        raise SourceError(
            f"{path}: is a pipe or a device, but livefilter reads a video more than once; save it to a file, or pipe "
            "it as YUV4MPEG2 into standard input (-)"
        )
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty (0 bytes)")
    # Concatenated JPEG images, which FFmpeg may take for a single one.
    kind = "mjpeg" if path.suffix.lower() in (".mjpeg", ".mjpg") else None
    try:
        # An absolute path, because FFmpeg would take the start of a:b.mp4 for a protocol.
        return av.open(os.path.abspath(path), mode="r", format=kind, metadata_errors="surrogateescape")
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise SourceError(f"{path}: is not a video, or is damaged beyond reading") from error
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror or error}") from error


def open_video(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a file and its video stream. Packets of the other streams are discarded.

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
    """Return the end time of the video that the file declares, in seconds; None if it declares none."""
    # Matroska declares it for each stream.
    declared = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if declared:
        return int(declared[1]) * 3600 + int(declared[2]) * 60 + Fraction(declared[3])
    is_alone = len(container.streams) == 1  # Otherwise the longest stream counts, which may be audio.
    if not (is_alone and container.duration):
        return None
    return Fraction(container.duration + (container.start_time or 0), av.time_base)


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    """Return the stream to decode; not everything that FFmpeg opens is a video."""
    name = container.format.name
    if name.endswith("_pipe") or name == "image2":
        kind = name.removesuffix("_pipe")
        raise SourceError(f"{path}: is an image ({kind}), not a video; to read it as an image, use its own suffix")
    if name in _FORMATS_NOT_VIDEO:
        raise SourceError(f"{path}: is {_FORMATS_NOT_VIDEO[name]}, not a video")
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or is_cover_art(stream):
        raise SourceError(f"{path}: has no video stream")
    if stream.codec_context is None:
        raise SourceError(f"{path}: this FFmpeg cannot decode the format of its video")
    return stream
