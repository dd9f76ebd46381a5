"""What a container can hold of another file: not looked up, but tried on one that is written to memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Disposition, Stream

if TYPE_CHECKING:
    from av.container.core import Chapter

_OF_THE_CONTAINER = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "number_of_frames"}
"""Metadata that tell how a file was written, not what is in it."""
_ENCODER_OF_AVI = "software"
"""What its encoder is called there. In other files somebody may have meant it."""
_COUNTED = {"mp3": "libmp3lame", "mp3float": "libmp3lame", "ac3": "ac3"}
"""Codecs of sound whose packets an AVI must count, and encoders of them. Where it is from an AVI or a WAV, their
description says how many bytes stand for a time, and FFmpeg's muxer would count by these, and be wrong."""
_OWN_KEYS = "+use_metadata_tags"
"""What makes MP4 and MOV keep metadata of any name, in another place than that of the usual ones."""


def can_mux(stream: Stream, output: OutputContainer) -> bool:
    """Return whether a container of an output's kind takes a stream: one with it alone is begun in memory."""
    if stream.type == "attachment" and output.format.name != "matroska":
        return False  # WebM would take it, and not write it.
    try:
        with av.open(io.BytesIO(), "w", format=output.format.name) as trial:
            add_copied_stream(stream, trial)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True


def add_copied_stream(stream: Stream, output: OutputContainer) -> Stream:
    """Add to an output a stream for packets of another, with its language, title and disposition, and return it."""
    made: Stream
    if output.format.name == "avi" and isinstance(stream, AudioStream) and stream.codec_context.name in _COUNTED:
        made = sound = cast(AudioStream, output.add_stream(_COUNTED[stream.codec_context.name], rate=stream.rate))
        sound.codec_context.layout, sound.codec_context.bit_rate = stream.layout, stream.bit_rate
    else:
        made = output.add_stream_from_template(stream, opaque=True if stream.codec_context else None)
    copy_stream_metadata(stream, made)
    return made


def copy_stream_metadata(stream: Stream, copy: Stream) -> None:
    """Give a stream the language, title and disposition of another."""
    copy.metadata.update(_kept(stream.metadata))
    copy.disposition = stream.disposition


def copy_container_metadata(source: InputContainer, chapters: list[Chapter], output: OutputContainer) -> None:
    """Give an output, which is not begun, the metadata of a file, and chapters.

    MP4 and MOV have usual places for some names, and one for any, where phones put all of theirs: so do we, where it is
    from such a file. It is not used for others, since many players look into the usual places only.
    """
    kept = _kept(source.metadata)
    if source.format.name == "avi":
        kept.pop(_ENCODER_OF_AVI, None)
    output.metadata.update(kept)
    if chapters:
        output.set_chapters(chapters)
    is_alike = "mov" in source.format.name and "movflags" in output.container_options
    if is_alike and not _have_places(kept, output.format.name):
        output.container_options["movflags"] += _OWN_KEYS


def missing_metadata(found: InputContainer, meant: OutputContainer) -> str:
    """Return what of an output's metadata and chapters is not in the file that was written, in words."""
    there = {key.lower() for key in found.metadata}
    lost = [key for key in meant.metadata if key.lower() not in there and key != "encoding_tool"]  # MP4: encoder.
    has_all = len(found.chapters()) >= len(meant.chapters())
    return " and ".join(filter(None, (f"metadata ({', '.join(lost)})" if lost else "", "" if has_all else "chapters")))


def is_cover_art(stream: Stream) -> bool:
    """Return whether a stream is a picture that belongs to sound, rather than a video."""
    return bool(stream.disposition & Disposition.attached_pic)


def stream_label(stream: Stream) -> str:
    """Return what messages call a stream."""
    codec = stream.codec_context.name if stream.codec_context else stream.metadata.get("filename") or "unknown format"
    language = f", {stream.language}" if stream.language and stream.language != "und" else ""
    return f"{stream.type} stream {stream.index} ({codec}{language})"


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in _OF_THE_CONTAINER and not key.startswith("_STATISTICS")
    }


def _have_places(metadata: dict[str, str], name: str) -> bool:
    made = io.BytesIO()
    with av.open(made, "w", format=name, metadata_errors="surrogateescape") as trial:
        trial.add_mux_stream("mjpeg", rate=25, width=16, height=16)
        trial.metadata.update(metadata)
        trial.start_encoding()
    made.seek(0)
    with av.open(made, metadata_errors="surrogateescape") as back:
        return {key.lower() for key in metadata} <= {key.lower() for key in back.metadata}
