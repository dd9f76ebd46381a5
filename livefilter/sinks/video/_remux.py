"""Stream copy (remux): audio, subtitles, attachments, covers, chapters and metadata of the input file.

Packets are copied without decoding, except audio that is re-encoded on request (``_audio``).
"""

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

from livefilter._cover_art import is_cover_art
from livefilter._timeline import Timeline, TimelineFollower
from livefilter.errors import OptionError, SourceError
from livefilter.sinks.video._audio import AudioTranscoder
from livefilter.sinks.video._gaps import GapFiller, PacketGapFiller, can_hold_gaps, gap_filler
from livefilter.sinks.video._muxing import (
    add_copied_stream,
    can_mux,
    container_of,
    copy_container_metadata,
    copy_stream_metadata,
    stream_label,
)

if TYPE_CHECKING:
    from av.container.core import Chapter

_SEEK_MARGIN_S = 2
_SEEKABLE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
"""Containers with a time index. In others, times may start again midway."""
PACKET_ERRORS = (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError)
"""Errors of a muxer about a damaged packet, rather than about the disk."""
_IMAGE_SUBTYPES = {"mjpeg": "jpeg"}
"""Subtypes of MIME types that differ from FFmpeg's name of the codec."""


@dataclass(frozen=True, slots=True)
class StreamCopyOptions:
    """The file to copy streams and metadata from, and how much of it.

    Attributes:
        path: The file, which the frames are from too.
        start_s: Media time to begin at; packets that end before it are left out. None: the beginning.
        end_s: Media time to end at; packets that begin at or after it are left out. None: the end.
        starts_with_first_frame: Begin at the time of the first frame, where ``start_s`` is not known in advance.
        has_audio: Copy the audio.
        has_cover: Copy cover art, unfiltered.
        drop_unsupported: Leave out streams that the container cannot hold, instead of raising an error.
        timeline: How the file's timestamps become times of the frames; None if they are the same.
    """

    path: Path
    start_s: Fraction | None = None
    end_s: Fraction | None = None
    starts_with_first_frame: bool = False
    has_audio: bool = True
    has_cover: bool = True
    drop_unsupported: bool = False
    timeline: Timeline | None = None


class StreamCopier:
    """Copies the streams of a file into an output, interleaved with its video.

    Args:
        options: The file, and how much of it to copy.
        output: The container, with its video stream and without a header yet; the other streams are added.
        video: The video stream; it gets the language, title and disposition of the original.
        target: Name of the output, for messages.
        audio_codec: Re-encode the audio with this codec; None copies it.
        clip_negative: Leave out packets that end before zero, which the container would play from zero on.

    Attributes:
        notes: Streams that are left out on purpose, and unfiltered covers that are copied, in words.
        damaged: Number of packets that the container rejected.

    Raises:
        SourceError: The file cannot be opened.
        OptionError: The container cannot hold some streams, which the message names, and ``drop_unsupported`` is off.
    """

    def __init__(
        self,
        options: StreamCopyOptions,
        output: OutputContainer,
        video: Stream,
        *,
        target: str,
        audio_codec: str | None,
        clip_negative: bool,
    ) -> None:
        self.notes: list[str] = []
        self.damaged = 0
        self._read_error: str | None = None
        self._late: list[str] = []
        self._options = options
        self._start_s, self._end_s = options.start_s, options.end_s
        self._output = output
        self._target = target
        self._clip_negative = clip_negative
        self._copies: dict[int, Stream] = {}
        self._transcoders: dict[int, AudioTranscoder] = {}
        self._fillers: dict[int, GapFiller | PacketGapFiller] = {}
        self._followers: dict[int, TimelineFollower] = {}
        self._last_dts: dict[int, int] = {}
        self._pending: Packet[Stream] | None = None
        try:
            self._input: InputContainer = av.open(os.path.abspath(options.path), metadata_errors="surrogateescape")
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(f"{options.path}: cannot be opened again, for its sound: {error.strerror}") from error
        try:
            self._add_streams(video, audio_codec)
        except BaseException:
            self._input.close()
            raise
        self._copy_metadata()
        self._packets = self._read_packets()

    @property
    def loss(self) -> str | None:
        """What could not be copied because the file is damaged, in words; None if all of it could."""
        damaged = self.damaged + sum(transcoder.damaged for transcoder in self._transcoders.values())
        packets = f"{damaged} damaged packets of sound and subtitles are left out" if damaged else None
        lost_s = sum(filler.lost_s for filler in self._fillers.values())
        gaps = f"gaps of {float(lost_s):.3f} s in the sound are left out, as {container_of(self._output)} has no place"
        losses = (*self._late, packets, f"{gaps} for them" if lost_s else None, self._read_error)
        what = "; ".join(filter(None, losses))
        return f"{self._options.path}: {what}" if what else None

    @property
    def start_s(self) -> Fraction:
        """Media time at which the copied streams begin."""
        return Fraction(self._input.start_time or 0, av.time_base) if self._start_s is None else self._start_s

    def start_at(self, first_s: Fraction) -> None:
        """Take note of the time of the first frame, before any packet is copied."""
        if self._options.starts_with_first_frame:
            self._start_s = first_s

    def end_at(self, end_s: Fraction | None) -> None:
        """Leave out the packets that begin at or after a media time; None changes nothing."""
        self._end_s = self._end_s if end_s is None else end_s

    def copy_until(self, time_s: Fraction | None, shift_s: Fraction = Fraction(0)) -> None:
        """Copy the packets up to a media time, or all remaining ones.

        Args:
            time_s: Media time of the newest frame; None copies all remaining packets.
            shift_s: Offset of all times.

        Raises:
            FFmpegError: Writing fails.
        """
        while True:
            packet, self._pending = self._pending or next(self._packets, None), None
            if packet is None:
                return
            offset_s = self._offset_s(packet, is_last=time_s is None)
            if offset_s is None or (time_s is not None and _time_of(packet) + offset_s > time_s):
                self._pending = packet
                return
            end_s = _end_of(packet) + offset_s + shift_s
            is_hidden = self._clip_negative and (end_s <= 0 if packet.duration else end_s < 0)
            if self._is_in_range(packet, offset_s) and not is_hidden:
                try:
                    self._write(packet, offset_s + shift_s)
                except PACKET_ERRORS:
                    self.damaged += 1  # The header is written already, so the muxer rejects this very packet.

    def finish(self, shift_s: Fraction = Fraction(0)) -> None:
        """Copy the remaining packets, and flush the audio encoders."""
        self.copy_until(None, shift_s)
        for transcoder in self._transcoders.values():
            for packet in transcoder.flush(shift_s):
                self._output.mux(packet)

    def close(self) -> None:
        """Close the input file."""
        self._input.close()

    def _add_streams(self, video: Stream, audio_codec: str | None) -> None:
        filtered = self._input.streams.best("video")
        container = container_of(self._output)
        refused: list[str] = []
        for stream in self._input.streams:
            if filtered is not None and stream.index == filtered.index:
                copy_stream_metadata(stream, video)
            elif (stream.type == "audio" and not self._options.has_audio) or (
                is_cover_art(stream) and not self._options.has_cover
            ):
                continue
            elif isinstance(stream, AudioStream) and stream.codec_context and not stream.rate:
                # FFmpeg found it at the end of the file, and has not read any of it.
                self._late.append(f"{stream_label(stream)} begins too late to be copied, and is left out")
            elif isinstance(stream, AudioStream) and audio_codec is not None:
                transcoder = AudioTranscoder(stream, self._output, audio_codec, name=stream_label(stream))
                self._transcoders[stream.index] = transcoder
                self.notes.extend(transcoder.notes)
                copy_stream_metadata(stream, transcoder.stream)
            elif stream.type == "video" and not is_cover_art(stream):
                self.notes.append(f"{stream_label(stream)} is another video, which is not filtered and is left out")
            elif stream.type not in ("audio", "video", "subtitle", "attachment"):
                if not self._is_regenerated(stream):
                    self.notes.append(f"{stream_label(stream)} is no sound, subtitle or attachment, and is left out")
            elif can_mux(stream, self._output):
                self._copies[stream.index] = add_copied_stream(stream, self._output)
            elif is_cover_art(stream) and container == "matroska":
                self._attach_cover(stream)
            else:
                refused.append(stream_label(stream))
        self.notes.extend(
            f"{stream_label(stream)} is a cover, which is copied as it is, not filtered; --no-cover leaves it out"
            for stream in self._input.streams
            if is_cover_art(stream) and self._options.has_cover and stream_label(stream) not in refused
        )
        if refused and not self._options.drop_unsupported:
            fix = "--audio-codec, --no-audio or " if any(name.startswith("audio") for name in refused) else ""
            fix = "--no-cover or " if all(name.startswith("video") for name in refused) else fix
            raise OptionError(
                f"{self._target}: {container} cannot hold {', '.join(refused)} of {self._options.path}; "
                f"give {fix}--drop-unsupported, or write another container, such as .mkv or the input's own"
            )
        self.notes.extend(f"{name} is left out, which {container} cannot hold" for name in refused)

    def _is_regenerated(self, stream: Stream) -> bool:
        """Return whether MP4 stores chapters or the timecode in a stream; the output gets both without copying it."""
        return stream.type == "data" and bool(self._input.chapters() or "timecode" in stream.metadata)

    def _attach_cover(self, stream: Stream) -> None:
        """Add cover art as an attachment, since Matroska has no video streams of one packet for it."""
        with av.open(os.path.abspath(self._options.path), metadata_errors="surrogateescape") as container:
            packet = next(container.demux(container.streams[stream.index]))
            kind = _IMAGE_SUBTYPES.get(stream.codec_context.name, stream.codec_context.name)
            name = stream.metadata.get("filename") or f"cover.{kind}"
            self._output.add_attachment(name, stream.metadata.get("mimetype") or f"image/{kind}", bytes(packet))

    def _copy_metadata(self) -> None:
        start_s, end_s = self._start_s, self._end_s
        chapters = [chapter for chapter in self._input.chapters() if _overlaps(chapter, start_s, end_s)]
        copy_container_metadata(self._input, chapters, self._output)

    def _read_packets(self) -> Iterator[Packet[Stream]]:
        streams = [self._input.streams[index] for index in (*self._copies, *self._transcoders)]
        streams = [
            stream for stream in streams if stream.type != "attachment"
        ]  # Their content is part of the stream's header.
        if not streams:
            return
        for stream in self._input.streams:
            if stream not in streams:
                stream.discard = Discard.all
        is_seekable = self._input.format.name in _SEEKABLE
        if is_seekable and self._start_s is not None and self._start_s > _SEEK_MARGIN_S:
            with suppress(av.error.FFmpegError):
                self._input.seek(int((self._start_s - _SEEK_MARGIN_S) * av.time_base))
        try:
            for packet in self._input.demux(streams):
                if packet.size and (packet.pts is not None or packet.dts is not None or is_cover_art(packet.stream)):
                    yield packet
        except IndexError:  # PyAV, at the end of a file in which streams appear midway.
            return
        except av.error.FFmpegError as error:
            self._read_error = f"copying sound and subtitles stopped: {error.strerror}"

    def _offset_s(self, packet: Packet[Stream], *, is_last: bool) -> Fraction | None:
        """Return what to add to the times of a packet; None if that is known only when more of the video is read."""
        timeline = self._options.timeline
        if timeline is None or is_cover_art(packet.stream):
            return Fraction(0)
        follower = self._followers.setdefault(packet.stream.index, timeline.follow())
        return follower.offset_s(_time_of(packet), is_last=is_last)

    def _is_in_range(self, packet: Packet[Stream], offset_s: Fraction) -> bool:
        if is_cover_art(packet.stream):
            return True
        return (self._start_s is None or _end_of(packet) + offset_s > self._start_s) and (
            self._end_s is None or _time_of(packet) + offset_s < self._end_s
        )

    def _write(self, packet: Packet[Stream], shift_s: Fraction) -> None:
        index = packet.stream.index
        if index in self._transcoders:
            for encoded in self._transcoders[index].encode(packet, shift_s):
                self._output.mux(encoded)
            return
        for filled in self._fill(packet, shift_s):
            self._write_copy(filled, shift_s)

    def _fill(self, packet: Packet[Stream], shift_s: Fraction) -> list[Packet[Stream]]:
        """Return a packet, and the silence before it if the container cannot hold the gap."""
        index, stream = packet.stream.index, packet.stream
        if not isinstance(stream, AudioStream) or can_hold_gaps(stream, self._output):
            return [packet]
        if index not in self._fillers:
            self._fillers[index] = gap_filler(stream)
        return self._fillers[index].fill(packet, shift_s)

    def _write_copy(self, packet: Packet[Stream], shift_s: Fraction) -> None:
        index = packet.stream.index
        copy, stream_type = self._copies[index], packet.stream.type
        unit = copy.time_base or packet.time_base
        scale, shift = packet.time_base / unit, shift_s / unit
        dts, pts = (None if ticks is None else round(ticks * scale + shift) for ticks in (packet.dts, packet.pts))
        dts = (pts or 0) if dts is None else dts
        dts = max(
            dts, self._last_dts.get(index, dts - 1) + 1
        )  # Muxers need increasing DTS, in the time base of the container.
        step = dts - self._last_dts.get(index, dts)
        self._last_dts[index] = dts
        packet.dts, packet.pts = dts, dts if pts is None else max(pts, dts)
        # An MP4 hides what lies beyond its last duration, which not every container stores.
        packet.duration = round((packet.duration or 0) * scale) or (step if stream_type == "audio" else 0)
        packet.time_base, packet.stream = unit, copy
        self._output.mux_one(packet)


def _time_of(packet: Packet[Stream]) -> Fraction:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return Fraction(ticks or 0) * packet.time_base


def _end_of(packet: Packet[Stream]) -> Fraction:
    return _time_of(packet) + (packet.duration or 0) * packet.time_base


def _overlaps(chapter: Chapter, start_s: Fraction | None, end_s: Fraction | None) -> bool:
    unit = chapter["time_base"] or Fraction(1)
    chapter_start_s, chapter_end_s = chapter["start"] * unit, chapter["end"] * unit
    return (start_s is None or chapter_end_s > start_s) and (end_s is None or chapter_start_s < end_s)
