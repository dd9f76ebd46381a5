"""Demuxing: opening a file with FFmpeg, and choosing its video stream."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, cast

import av
from av.codec.codec import UnknownCodecError
from av.container import InputContainer
from av.stream import Discard
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from livefilter._cover_art import is_cover_art
from livefilter.cpus import codec_threads
from livefilter.errors import SourceError
from livefilter.sources.file._byte_stream import ByteStream
from livefilter.sources.file._y4m import MAGIC, MAX_HEADER_BYTES, canonical_header

_FORMATS_NOT_VIDEO = {"tty": "text"}
"""Formats that FFmpeg renders as moving pictures, but that are no videos."""
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_PLAYLISTS = (".m3u", ".m3u8", ".mpd", ".sdp", ".ffconcat")
_MJPEG_SUFFIXES = (".mjpeg", ".mjpg")
_JPEG = b"\xff\xd8\xff"
"""How a JPEG image begins."""
_KNOWN_RATE = {"fpsprobesize": "0"}
"""Otherwise FFmpeg reads twenty frames ahead to find the rate."""
_SHORT_ANALYSIS = {"fpsprobesize": "3", "analyzeduration": "500000"}
"""Of a pipe. By default FFmpeg reads up to five seconds ahead, by which a camera would lag behind."""
_FIRST_IMAGE_ALONE = {**_KNOWN_RATE, "probesize": "32"}
"""Otherwise FFmpeg reads concatenated images ahead for seconds."""
_WHOLE_FRAMES = {"yuv4mpegpipe", "rawvideo"}
"""Formats whose frames all have the same number of bytes."""
_CROPS = {"mov", "matroska"}
"""Containers with a crop. They name all of their streams in their header, unlike the others."""
_describing = threading.Lock()
"""Held while FFmpeg's log is on, which is a setting of the whole process."""
_NO_TIMESTAMPS = 0x80
"""FFmpeg's AVFMT_NOTIMESTAMPS: the bare packets of a codec, without times."""
_MAY_RESTART = 0x200
"""FFmpeg's AVFMT_TS_DISCONT: timestamps may start again midway."""


@dataclass(frozen=True, slots=True)
class Crop:
    """Rows and columns to hide at each side of a picture, in pixels as stored."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


class _Described(Protocol):
    """What PyAV's stubs leave out."""

    def dumps_format(self) -> str:
        """Return FFmpeg's description of a container and its streams, if its log is on."""
        ...


def open_media(path: Path) -> InputContainer:
    """Open a media file, with or without video.

    Raises:
        SourceError: No such file, a folder, a pipe, empty, or damaged beyond opening.
    """
    return _open(path, None)[0]


def _open(place: Path | ByteStream, raw: Mapping[str, str] | None) -> tuple[InputContainer, ByteStream]:
    """Open a file or a stream, and return it with its bytes.

    FFmpeg reads a file by itself, unless the bytes that it is to see are not quite those of the file.
    """
    if isinstance(place, Path):
        _check_file(place)
    name = str(place) if isinstance(place, Path) else place.name
    try:
        stream = ByteStream.of_file(place) if isinstance(place, Path) else place
        kind, options = ("rawvideo", {**raw, **_KNOWN_RATE}) if raw is not None else _recognise(stream, place)
        file: str | ByteStream = stream
        if isinstance(place, Path) and stream.seekable():
            stream.close()
            file = os.path.abspath(place)  # FFmpeg would take the start of a:b.mp4 for a protocol.
        container = av.open(file, mode="r", format=kind, options=options, metadata_errors="surrogateescape")
    except SourceError:
        raise
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        hint = "" if isinstance(place, Path) else "; raw video needs --input-format"
        raise SourceError(f"{name}: is not a video, or is damaged beyond reading{hint}") from error
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{name}: cannot be opened: {error.strerror or error}") from error
    return container, stream


def _recognise(stream: ByteStream, place: Path | ByteStream) -> tuple[str | None, dict[str, str]]:
    """Return FFmpeg's name of a stream's format, None if FFmpeg is to find it, and the options to open it with.

    Raises:
        SourceError: The stream is empty, or cannot be read.
    """
    start = stream.peek(len(MAGIC))
    if not start:
        raise SourceError(f"{stream.name}: is empty; did the upstream command fail?")
    if start == MAGIC:
        header = stream.peek_line(MAX_HEADER_BYTES)
        stream.replace(header, canonical_header(header, stream.name))
        return "yuv4mpegpipe", _KNOWN_RATE
    # A file that only begins like a JPEG image is one, such as the thumbnail of a video.
    is_mjpeg = place.suffix.lower() in _MJPEG_SUFFIXES if isinstance(place, Path) else start.startswith(_JPEG)
    if is_mjpeg:
        return "mjpeg", _FIRST_IMAGE_ALONE
    return None, {} if stream.seekable() else _SHORT_ANALYSIS


def open_video(
    place: Path | ByteStream, raw: Mapping[str, str] | None = None
) -> tuple[InputContainer, VideoStream, ByteStream]:
    """Open a file or stream and its video stream. Packets of the other streams are discarded.

    Args:
        place: The file, or the stream.
        raw: FFmpeg's options of raw video: video_size, pixel_format and framerate. None for any other format.

    Returns:
        The container, its video stream, and its bytes.

    Raises:
        SourceError: No such file, a folder, empty, damaged beyond opening, or not a video.
    """
    container, bytes_ = _open(place, raw)
    try:
        stream = _video_stream(place, container)
    except SourceError:
        container.close()
        raise
    is_file = isinstance(place, Path) or place.seekable()
    stream.thread_type = "AUTO" if is_file else "SLICE"  # Frame threads would hold frames of a pipe back.
    stream.codec_context.thread_count = codec_threads()
    if container.format.name == "mjpeg":
        # Otherwise FFmpeg shows torn images, and only logs that they are.
        stream.codec_context.options = {"err_detect": "explode"}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return container, stream, bytes_


def has_whole_frames(container: InputContainer) -> bool:
    """Return whether all frames have the same number of bytes, so that what follows the last whole one is cut off."""
    return container.format.name in _WHOLE_FRAMES


def is_video(path: Path) -> bool:
    """Return whether a file is a video, by its content. Playlists are none: they name other files."""
    if path.suffix.lower() in _PLAYLISTS:
        return False
    try:
        container, *_ = open_video(path)
    except SourceError:
        return False
    container.close()
    return True


def decoder_of(stream: VideoStream) -> VideoCodecContext:
    """Return the decoder of a stream. FFmpeg's own for VP8 and VP9 ignore alpha channels, unlike those of libvpx."""
    context = stream.codec_context
    alpha_mode = next((value for key, value in stream.metadata.items() if key.lower() == "alpha_mode"), "0")
    if alpha_mode != "1" or context.name not in _ALPHA_DECODERS:
        return context
    try:
        decoder = cast(VideoCodecContext, av.codec.CodecContext.create(_ALPHA_DECODERS[context.name], "r"))
    except UnknownCodecError:
        return context
    decoder.thread_count = codec_threads()
    return decoder


def is_without_times(container: InputContainer) -> bool:
    """Return whether a file holds the bare packets of a codec, so that its times follow from a frame rate alone."""
    return bool(container.format.flags & _NO_TIMESTAMPS)


def may_restart(container: InputContainer) -> bool:
    """Return whether timestamps of the container's format may start again midway, as those of MPEG-TS."""
    return bool(container.format.flags & _MAY_RESTART)


def declared_crop(container: InputContainer, stream: VideoStream) -> Crop:
    """Return how much of a stream's pictures the container hides: Matroska's crop, or the clean aperture of an MP4."""
    if not _CROPS & set(container.format.name.split(",")):
        return Crop()
    described = _describe(container).get(stream.index, "")
    found = re.search(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", described)
    if found is None:
        return Crop()
    left, right, top, bottom = map(int, found.groups())
    return Crop(top, bottom, left, right)


def appeared_streams(container: InputContainer) -> list[tuple[int, str]]:
    """Return number and kind ("video", "audio" …) of the streams that appeared since the file was opened."""
    if container.format.flags & _NO_TIMESTAMPS or _CROPS & set(container.format.name.split(",")):
        return []
    known = {stream.index for stream in container.streams}
    kinds = ((index, re.search(r": (\w+): ", line)) for index, line in _describe(container).items())
    return [(index, kind[1].lower() if kind else "unknown") for index, kind in kinds if index not in known]


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


def _check_file(path: Path) -> None:
    if not os.path.exists(path):  # Not Path.exists, which raises for a name that is too long.
        raise SourceError(f"{path}: no such file")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder, not a video")
    if not path.is_file():
        raise SourceError(
            f"{path}: is a pipe or a device, but livefilter reads a video more than once; save it to a file, or pipe "
            "it into standard input (-)"
        )
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty (0 bytes)")


def _describe(container: InputContainer) -> dict[int, str]:
    """Return FFmpeg's description of each stream, by its number: all that PyAV gives of some of their properties."""
    with _describing:
        before = av.logging.get_level()
        av.logging.set_skip_repeated(False)
        av.logging.set_level(av.logging.INFO)
        try:
            described = cast(_Described, container).dumps_format()
        finally:
            av.logging.set_level(before)
            av.logging.set_skip_repeated(True)
    parts = re.split(r"^  Stream #0:(\d+)", described, flags=re.MULTILINE)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def _video_stream(place: Path | ByteStream, container: InputContainer) -> VideoStream:
    """Return the stream to decode; not everything that FFmpeg opens is a video."""
    format_ = container.format.name
    name = str(place) if isinstance(place, Path) else place.name
    if isinstance(place, Path) and (format_.endswith("_pipe") or format_ == "image2"):
        kind = format_.removesuffix("_pipe")
        raise SourceError(f"{name}: is an image ({kind}), not a video; to read it as an image, use its own suffix")
    if format_ in _FORMATS_NOT_VIDEO:
        raise SourceError(f"{name}: is {_FORMATS_NOT_VIDEO[format_]}, not a video")
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or is_cover_art(stream):
        raise SourceError(f"{name}: has no video stream")
    if stream.codec_context is None:
        raise SourceError(f"{name}: this FFmpeg cannot decode the format of its video")
    return stream
