"""What travels along with the pictures: sound, subtitles, chapters and metadata of the file that they are from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Stream

from livefilter.errors import OptionError, SourceError
from livefilter.sinks.video._audio import AudioTranscoder
from livefilter.sinks.video._muxing import (
    add_copied_stream,
    can_mux,
    copy_container_metadata,
    copy_stream_metadata,
    is_cover_art,
    stream_label,
)

if TYPE_CHECKING:
    from av.container.core import Chapter

_SEEK_MARGIN_S = 2
UNFIT = (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError)
"""What a container answers to a packet that is damaged, which is no fault of the disk."""
_PICTURES = {"mjpeg": "jpeg"}
"""Codecs of pictures that have another name elsewhere."""


@dataclass(slots=True)
class StreamCopyOptions:
    """The rest of the file that the pictures are from, and how much of it is copied.

    Attributes:
        path: The file.
        begins_s: What ends before this media time is left out; None: nothing is.
        ends_s: What begins at or after this media time is left out; None: nothing is. It may be set at any time before
            the output is finished.
        has_audio: Copy the sound.
        has_cover: Copy covers, which are pictures that no filter has seen.
        drop_unsupported: Leave out what the container cannot hold, instead of refusing it.
    """

    path: Path
    start_s: Fraction | None = None
    end_s: Fraction | None = None
    has_audio: bool = True
    has_cover: bool = True
    drop_unsupported: bool = False


class StreamCopier:
    """The streams of a file, added to an output and copied into it as its pictures are written.

    Args:
        along: The file, and how much of it.
        output: The container, to which the video stream was added already, and nothing written.
        video: That stream; it gets the language, title and disposition of the original.
        target: What messages call the output.
        audio_codec: Encode sound anew with this codec; None copies it.
        begins_at_zero: Leave out what ends before zero, since the container would show it from zero on.

    Attributes:
        notes: What was left out on purpose, and what was copied that might surprise, in words.
        damaged: How many packets the container could not take.

    Raises:
        SourceError: The file is gone.
        OptionError: A stream that the container cannot hold and that may not be left out; all of them are named.
    """

    def __init__(
        self,
        along: StreamCopyOptions,
        output: OutputContainer,
        video: Stream,
        *,
        target: str,
        audio_codec: str | None,
        clip_negative: bool,
    ) -> None:
        self.notes: list[str] = []
        self.damaged = 0
        self._stopped: str | None = None
        self._along = along
        self._output = output
        self._target = target
        self._begins_at_zero = clip_negative
        self._copies: dict[int, Stream] = {}
        self._reencoders: dict[int, AudioTranscoder] = {}
        self._last_dts: dict[int, int] = {}
        self._waiting: Packet[Stream] | None = None
        try:
            self._input: InputContainer = av.open(os.path.abspath(along.path), metadata_errors="surrogateescape")
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(f"{along.path}: cannot be opened again, for its sound: {error.strerror}") from error
        try:
            self._add_streams(video, audio_codec)
        except BaseException:
            self._input.close()
            raise
        self._copy_facts()
        self._packets = self._read()

    @property
    def loss(self) -> str | None:
        """What could not be copied because the file is damaged, in words; None while nothing was lost."""
        packets = f"{self.damaged} damaged packets of sound and subtitles are left out" if self.damaged else None
        what = "; ".join(filter(None, (packets, self._stopped)))
        return f"{self._along.path}: {what}" if what else None

    @property
    def start_s(self) -> Fraction:
        """The media time at which what is copied begins."""
        start_s = self._along.start_s
        return Fraction(self._input.start_time or 0, av.time_base) if start_s is None else start_s

    def copy_until(self, time_s: Fraction | None, shift_s: Fraction = Fraction(0)) -> None:
        """Write what comes before a media time, or all that is left.

        Args:
            time_s: The time of the newest picture; None: all that ``along`` does not leave out.
            shift_s: What is added to all times.

        Raises:
            FFmpegError: The output cannot be written.
        """
        while True:
            packet, self._waiting = self._waiting or next(self._packets, None), None
            if packet is None:
                return
            at_s = _time_of(packet)
            if time_s is not None and at_s > time_s:
                self._waiting = packet
                return
            if self._is_kept(packet, at_s) and not (self._begins_at_zero and _end_of(packet) + shift_s <= 0):
                try:
                    self._write(packet, shift_s)
                except UNFIT:
                    self.damaged += 1  # The head was written long before: it is this packet that cannot be.

    def finish(self, shift_s: Fraction = Fraction(0)) -> None:
        """Write what is left, and what audio encoders still hold."""
        self.copy_until(None, shift_s)
        for reencoder in self._reencoders.values():
            for packet in reencoder.rest():
                self._output.mux(packet)

    def close(self) -> None:
        """Close the file that is copied from."""
        self._input.close()

    def _add_streams(self, video: Stream, audio_codec: str | None) -> None:
        filtered = self._input.streams.best("video")
        refused: list[str] = []
        for stream in self._input.streams:
            if filtered is not None and stream.index == filtered.index:
                copy_stream_metadata(stream, video)
            elif (stream.type == "audio" and not self._along.has_audio) or (
                is_cover_art(stream) and not self._along.has_cover
            ):
                continue
            elif isinstance(stream, AudioStream) and audio_codec is not None:
                self._reencoders[stream.index] = AudioTranscoder(stream, self._output, audio_codec)
                copy_stream_metadata(stream, self._reencoders[stream.index].stream)
            elif stream.type == "video" and not is_cover_art(stream):
                self.notes.append(f"{stream_label(stream)} is another video, which is not filtered and is left out")
            elif stream.type not in ("audio", "video", "subtitle", "attachment"):
                if not self._comes_anyway(stream):
                    self.notes.append(f"{stream_label(stream)} is no sound, subtitle or attachment, and is left out")
            elif can_mux(stream, self._output):
                self._copies[stream.index] = add_copied_stream(stream, self._output)
            elif is_cover_art(stream) and self._output.format.name == "matroska":
                self._attach_cover(stream)
            else:
                refused.append(stream_label(stream))
        self.notes.extend(
            f"{stream_label(stream)} is a cover, which is copied as it is, not filtered; --no-cover leaves it out"
            for stream in self._input.streams
            if is_cover_art(stream) and self._along.has_cover and stream_label(stream) not in refused
        )
        if refused and not self._along.drop_unsupported:
            cure = "--audio-codec, --no-audio or " if any(name.startswith("audio") for name in refused) else ""
            cure = "--no-cover or " if all(name.startswith("video") for name in refused) else cure
            raise OptionError(
                f"{self._target}: {self._output.format.name} cannot hold {', '.join(refused)} of {self._along.path}; "
                f"give {cure}--drop-unsupported, or write another container, such as .mkv or the input's own"
            )
        self.notes.extend(f"{name} is left out, which {self._output.format.name} cannot hold" for name in refused)

    def _comes_anyway(self, stream: Stream) -> bool:
        """Return whether a stream is how MP4 keeps chapters, or the timecode, which is noted with the pictures too."""
        return stream.type == "data" and bool(self._input.chapters() or "timecode" in stream.metadata)

    def _attach_cover(self, stream: Stream) -> None:
        """Matroska keeps the picture on a cover as an attachment, not as a stream of one packet."""
        with av.open(os.path.abspath(self._along.path), metadata_errors="surrogateescape") as container:
            packet = next(container.demux(container.streams[stream.index]))
            kind = _PICTURES.get(stream.codec_context.name, stream.codec_context.name)
            name = stream.metadata.get("filename") or f"cover.{kind}"
            self._output.add_attachment(name, stream.metadata.get("mimetype") or f"image/{kind}", bytes(packet))

    def _copy_facts(self) -> None:
        start_s, end_s = self._along.start_s, self._along.end_s
        chapters = [chapter for chapter in self._input.chapters() if _overlaps(chapter, start_s, end_s)]
        copy_container_metadata(self._input, chapters, self._output)

    def _read(self) -> Iterator[Packet[Stream]]:
        wanted = [self._input.streams[index] for index in (*self._copies, *self._reencoders)]
        wanted = [stream for stream in wanted if stream.type != "attachment"]  # Those were copied with their stream.
        if not wanted:
            return
        for stream in self._input.streams:
            if stream not in wanted:
                stream.discard = Discard.all
        if self._along.start_s is not None and self._along.start_s > _SEEK_MARGIN_S:
            with suppress(av.error.FFmpegError):
                self._input.seek(int((self._along.start_s - _SEEK_MARGIN_S) * av.time_base))
        try:
            for packet in self._input.demux(wanted):
                if packet.size and (packet.pts is not None or packet.dts is not None or is_cover_art(packet.stream)):
                    yield packet
        except av.error.FFmpegError as error:
            self._stopped = f"copying sound and subtitles stopped: {error.strerror}"

    def _is_kept(self, packet: Packet[Stream], at_s: Fraction) -> bool:
        if is_cover_art(packet.stream):
            return True
        start_s, end_s = self._along.start_s, self._along.end_s
        return (start_s is None or _end_of(packet) > start_s) and (end_s is None or at_s < end_s)

    def _write(self, packet: Packet[Stream], shift_s: Fraction) -> None:
        index = packet.stream.index
        if index in self._reencoders:
            for encoded in self._reencoders[index].encode(packet, shift_s):
                self._output.mux(encoded)
            return
        copy = self._copies[index]
        unit = copy.time_base or packet.time_base
        scale, shift = packet.time_base / unit, shift_s / unit
        dts, pts = (None if ticks is None else round(ticks * scale + shift) for ticks in (packet.dts, packet.pts))
        dts = (pts or 0) if dts is None else dts
        dts = max(dts, self._last_dts.get(index, dts - 1) + 1)  # Containers want it to grow, by their own clock.
        self._last_dts[index] = dts
        packet.dts, packet.pts = dts, dts if pts is None else max(pts, dts)
        packet.duration = round((packet.duration or 0) * scale)
        packet.time_base, packet.stream = unit, copy
        self._output.mux_one(packet)


def _time_of(packet: Packet[Stream]) -> Fraction:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return Fraction(ticks or 0) * packet.time_base


def _end_of(packet: Packet[Stream]) -> Fraction:
    return _time_of(packet) + (packet.duration or 0) * packet.time_base


def _overlaps(chapter: Chapter, start_s: Fraction | None, end_s: Fraction | None) -> bool:
    unit = chapter["time_base"] or Fraction(1)
    starts, stops = chapter["start"] * unit, chapter["end"] * unit
    return (start_s is None or stops > start_s) and (end_s is None or starts < end_s)
