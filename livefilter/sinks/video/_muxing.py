"""Streams and metadata that a container can hold, found by muxing a header to memory."""

from __future__ import annotations

import io
import math
import os
import re
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from livefilter.sinks._provenance import Provenance

if TYPE_CHECKING:
    from av.container.core import Chapter

_WRAPPER = "tee"
"""FFmpeg's muxer that writes to other muxers."""
_MAX_TIMESCALE = 2**31 - 1
"""Largest timescale that an MP4 can store."""
_CONTAINER_KEYS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "number_of_frames"}
"""Metadata about how a file was written, not about its content."""
_AVI_ENCODER_KEY = "software"
"""Key of the encoder in AVI files only; in other files the key may hold a user's own text."""
_AVI_AUDIO_ENCODERS = {"mp3": "libmp3lame", "mp3float": "libmp3lame", "ac3": "ac3"}
"""Encoders of audio codecs whose packets an AVI must count. Such a stream from an AVI or a WAV carries a byte rate,
which FFmpeg's muxer would count by, with wrong times."""
_ANY_KEY_FLAG = "+use_metadata_tags"
"""Flag of MP4 and MOV for metadata with any key, stored apart from the standard keys."""


def can_mux(stream: Stream, output: OutputContainer) -> bool:
    """Return whether the container of an output can hold a stream, by muxing a header with it to memory."""
    if stream.type == "attachment" and container_of(output) != "matroska":
        return False  # WebM would accept it, and not write it.
    if output.format.name == _WRAPPER:
        return _can_wrap(stream)
    try:
        with av.open(io.BytesIO(), "w", format=output.format.name) as trial:
            add_copied_stream(stream, trial)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True


def container_of(output: OutputContainer) -> str:
    """Return FFmpeg's name of an output's container, also behind a wrapper."""
    return "matroska" if output.format.name == _WRAPPER else output.format.name


def needs_wrapper(path: Path) -> bool:
    """Return whether a file has audio that Matroska holds, but only behind a wrapper.

    Matroska holds every codec of Windows (A_MS/ACM), such as ADPCM, WMA and G.711. PyAV asks FFmpeg for codecs with a
    name of their own, and adds no other stream.
    """
    try:
        with (
            av.open(os.path.abspath(path), metadata_errors="surrogateescape") as source,
            av.open(io.BytesIO(), "w", format="matroska") as direct,
        ):
            refused = [stream for stream in source.streams.audio if not can_mux(stream, direct)]
            return any(_can_wrap(stream) for stream in refused)
    except (av.error.FFmpegError, OSError):
        return False  # Opening it for the copy reports the error.


def open_wrapped(path: Path, options: dict[str, str]) -> OutputContainer:
    """Open a Matroska file behind a wrapper, which takes every codec and stores no chapters."""
    slave = ":".join(f"{key}={value}" for key, value in {"f": "matroska", **options}.items())
    escaped = re.sub(r"([\\'|\s])", r"\\\1", os.path.abspath(path))
    return av.open(f"[{slave}]{escaped}", "w", format=_WRAPPER, metadata_errors="surrogateescape")


def _can_wrap(stream: Stream) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with open_wrapped(Path(folder, "trial.mkv"), {}) as trial:
                add_copied_stream(stream, trial)
                trial.start_encoding()
        except (av.error.FFmpegError, ValueError, OSError):
            return False
    return True


def add_copied_stream(stream: Stream, output: OutputContainer) -> Stream:
    """Add a stream for the copied packets of another, with its language, title and disposition, and return it."""
    codec = stream.codec_context.name if isinstance(stream, AudioStream) and stream.codec_context else ""
    copy: Stream
    if output.format.name == "avi" and isinstance(stream, AudioStream) and codec in _AVI_AUDIO_ENCODERS:
        copy = audio = cast(AudioStream, output.add_stream(_AVI_AUDIO_ENCODERS[codec], rate=stream.rate))
        audio.codec_context.layout, audio.codec_context.bit_rate = stream.layout, stream.bit_rate
    else:
        copy = output.add_stream_from_template(stream, opaque=True if stream.codec_context else None)
    copy_stream_metadata(stream, copy)
    return copy


def copy_stream_metadata(stream: Stream, copy: Stream) -> None:
    """Copy language, title and disposition of a stream to another."""
    copy.metadata.update(_portable(stream.metadata))
    copy.disposition = stream.disposition


def copy_container_metadata(source: InputContainer, chapters: list[Chapter], output: OutputContainer) -> None:
    """Copy the metadata of a file, and chapters, to an output without a header yet.

    MP4 and MOV have standard fields for some keys, and a list for any key, which phones use for all of theirs.
    livefilter uses that list only for inputs that do, because many players read the standard fields alone.
    """
    metadata = _portable(source.metadata)
    if source.format.name == "avi":
        metadata.pop(_AVI_ENCODER_KEY, None)
    output.metadata.update(metadata)
    if chapters:
        output.set_chapters(chapters)
    has_same_format = "mov" in source.format.name and "movflags" in output.container_options
    if has_same_format and not _has_standard_keys(metadata, output.format.name):
        output.container_options["movflags"] += _ANY_KEY_FLAG


def write_provenance(provenance: Provenance, output: OutputContainer) -> None:
    """Store preset and version in the metadata of an output without a header yet."""
    text = f"livefilter {provenance.livefilter}, preset {provenance.preset}, hash {provenance.preset_hash}"
    if output.format.name == "mp4":
        output.metadata["encoding_tool"] = text
    else:  # Others have no such field, or FFmpeg writes its own name to it.
        output.metadata["comment"] = "; ".join(filter(None, (output.metadata.get("comment"), text)))


def set_movie_timescale(output: OutputContainer, default: Fraction) -> None:
    """Store the start times of an MP4's streams exactly: in a common multiple of their timescales, not in 1/1000 s.

    Args:
        output: The container, with all streams and without a header yet.
        default: Time base to use if the common multiple is more than an MP4 can store.
    """
    timescales = [stream.time_base.denominator for stream in output.streams if stream.time_base]
    common = math.lcm(*timescales)
    output.container_options["movie_timescale"] = str(common if common <= _MAX_TIMESCALE else default.denominator)


def missing_metadata(written: InputContainer, output: OutputContainer) -> str:
    """Return the metadata and chapters of an output that are missing in the written file, in words."""
    found_keys = {key.lower() for key in written.metadata}
    lost = [
        key for key in output.metadata if key.lower() not in found_keys and key != "encoding_tool"
    ]  # MP4 reads it back as encoder.
    has_all = len(written.chapters()) >= len(output.chapters())
    return " and ".join(filter(None, (f"metadata ({', '.join(lost)})" if lost else "", "" if has_all else "chapters")))


def stream_label(stream: Stream) -> str:
    """Return the name of a stream for messages."""
    codec = stream.codec_context.name if stream.codec_context else stream.metadata.get("filename") or "unknown format"
    language = f", {stream.language}" if stream.language and stream.language != "und" else ""
    return f"{stream.type} stream {stream.index} ({codec}{language})"


def _portable(metadata: dict[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in _CONTAINER_KEYS and not key.startswith("_STATISTICS")
    }


def _has_standard_keys(metadata: dict[str, str], name: str) -> bool:
    muxed = io.BytesIO()
    with av.open(muxed, "w", format=name, metadata_errors="surrogateescape") as trial:
        trial.add_mux_stream("mjpeg", rate=25, width=16, height=16)
        trial.metadata.update(metadata)
        trial.start_encoding()
    muxed.seek(0)
    with av.open(muxed, metadata_errors="surrogateescape") as back:
        return {key.lower() for key in metadata} <= {key.lower() for key in back.metadata}
