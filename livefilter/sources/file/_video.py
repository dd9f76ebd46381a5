"""Video files as a source: decoded by PyAV's FFmpeg, with exact timestamps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from livefilter._timeline import Timeline
from livefilter.errors import OptionError, SourceError
from livefilter.frame import Color, Frame
from livefilter.sources._av_pixels import captions_of, colorimetry_of
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._packets import demux_video
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.file._byte_stream import ByteStream
from livefilter.sources.file._demux import (
    appeared_streams,
    declared_crop,
    declared_end_s,
    decoder_of,
    has_whole_frames,
    is_without_times,
    may_restart,
    open_video,
)
from livefilter.sources.file._picture import PictureReader

_END_TOLERANCE_S = Fraction(1, 2)
"""A file may end this much before its declared end: containers round, and count other streams."""
_ONE_FRAME_PER_PACKET = {"h264", "hevc", "mpeg2video", "mjpeg", "ffv1", "prores", "rawvideo"}
_REPEATING_CODEC = "mpegvideo"
"""Bare streams of this format say how long each frame lasts, since film is stored with repeated fields."""
_FORMAT_WITHOUT_TIMES = "avi"
"""A container that stores only the decoding order. Frame times count decoded frames, because the presentation times
that FFmpeg guesses there go back and forth if frames are decoded from later ones."""
_MAX_JUMPS = 5
"""Jumps of timestamps that are listed."""
_INDEXED = "mov,mp4,m4a,3gp,3g2,mj2"
_SEEKABLE = {_INDEXED, "matroska,webm"}
"""Containers with a time index. In others a seek may land too late, or where times are guesses."""
_SEEK_MARGIN_S = 2
"""A seek aims this much before its target: key frames are indexed by decoding time, which precedes display time."""


class VideoFile(Source):
    """A video file, or a video from a pipe. Damaged packets are skipped and counted; timestamps are the file's own.

    Args:
        place: The file, or the stream of bytes.
        color: Content of the frames: "gray"; "luma", gray plus the stream's own chroma; or "rgb", BGR pixels.
        rate: Frames per second of a file without times, such as a bare H.264 stream. None: the codec's own rate.
        raw: FFmpeg's options of raw video: video_size, pixel_format and framerate. None for any other format.
        background: Name of the color behind transparent parts.

    Attributes:
        stream_index: Index of the video stream in the file.

    Raises:
        SourceError: The file does not exist, is a folder, empty or damaged, or is no video.
        OptionError: There is a rate, and the file has times of its own; or there is no such color.
    """

    def __init__(
        self,
        place: Path | ByteStream,
        *,
        color: Color = "gray",
        rate: Fraction | None = None,
        raw: Mapping[str, str] | None = None,
        background: str = "black",
    ) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        path = place if isinstance(place, Path) else None
        self._path = path
        self._name = str(path) if path else place.name
        self._container, self._stream, self._bytes = open_video(place, raw)
        stream = self._stream
        self.stream_index = stream.index
        self._is_bare = is_without_times(self._container)
        self._has_whole_frames = has_whole_frames(self._container)
        if rate is not None and not self._is_bare:
            self.close()
            raise OptionError(
                f"rate: is for videos without times of their own, and {place.name} has them; leave it out"
            )
        own_rate = Fraction(
            (stream.guessed_rate if self._is_bare else stream.average_rate or stream.guessed_rate) or 25
        )
        self._rate = rate or own_rate
        self._step_s = 1 / self._rate
        self._time_base = Fraction(stream.time_base or self._step_s)
        self._has_durations = self._is_bare and self._container.format.name == _REPEATING_CODEC
        self._stretch = own_rate / self._rate
        self._timeline = Timeline(has_restarts=may_restart(self._container))
        self._pictures = PictureReader(color, declared_crop(self._container, stream), background)
        self._decoded: Iterator[tuple[VideoFrame, Frame]]
        self._begin()
        # Decode the first frame at once: only a frame shows rotation and true size, and a file without any is no video.
        av_frame, first = next(self._decoded, (None, None))
        if av_frame is None or first is None:
            self.close()
            is_index_unread = self._container.format.name == _INDEXED and not self._bytes.seekable()
            hint = ", or has its index at the end; save it to a file" * is_index_unread
            raise SourceError(f"{self._name}: has no frame that can be decoded; it is damaged or cut off{hint}")
        self._first: tuple[VideoFrame, Frame] | None = av_frame, first
        rows, cols = first.pixels.shape[:2]
        duration_s = Fraction(self._container.duration or 0, av.time_base)
        expected = stream.frames or round(duration_s * self._rate) or None
        notes = list(self._pictures.notes)
        if path is None and self._container.streams.audio:
            notes.append("has sound, which can be copied from a file only")
        self.facts = SourceFacts(
            place.name,
            (rows, cols),
            self._rate,
            1 / (2 * self._rate) if self._has_durations else 1 / self._rate if self._is_bare else self._time_base,
            expected,
            colorimetry=colorimetry_of(av_frame, stream.sample_aspect_ratio),
            path=path,
            timeline=self._timeline,
            notes=tuple(notes),
        )

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def seek(self, time_s: Fraction) -> None:
        """Go to the key frame before a time, if the container has an index; frame indexes then count from there."""
        with self._guard.hold() as is_open:
            if is_open:
                self._seek(time_s)

    def set_color(self, color: Color) -> None:
        """Choose what frames carry: all of them before the first is read, then those that are decoded from now on."""
        self._pictures.set_color(color)
        if self._first is not None:
            av_frame, first = self._first
            pixels, gray, chroma = self._pictures.read(av_frame, first.index)
            self._first = av_frame, replace(first, pixels=pixels, gray=gray, chroma=chroma)

    def close(self) -> None:
        """Close the file; standard input itself stays open."""
        self._bytes.stop()
        self._guard.close(self._release)

    def _release(self) -> None:
        self._container.close()
        self._bytes.close()

    def _frames(self) -> Iterator[Frame]:
        if self._first is None:
            return
        (_, first), self._first = self._first, None
        last = first
        yield first
        for _, last in self._decoded:
            yield last
        if self._is_stopped:
            return
        self.facts = replace(self.facts, notes=tuple(dict.fromkeys((*self.facts.notes, *self._pictures.notes))))
        end_s = last.time_s + 1 / self._rate
        # In an AVI, a gap is an empty frame, and counts as one.
        count = round((end_s - first.time_s) * self._rate) if self._is_without_times else last.index + 1
        self._check_completeness(count, end_s)

    def _seek(self, time_s: Fraction) -> None:
        if self._path is None or self._first is None or self._container.format.name not in _SEEKABLE:
            return
        if time_s - self._first[1].time_s <= 2 * _SEEK_MARGIN_S:
            return
        try:
            self._container.seek(int((time_s - _SEEK_MARGIN_S) / self._time_base), stream=self._stream)
            self._begin()
            landed = next(self._decoded, None)
        except av.error.FFmpegError:
            landed = None
        if landed is not None and landed[1].time_s <= time_s:
            self._first, self._is_whole = landed, False
            return
        self._container.close()  # Read from the start instead: slower, and just as exact.
        self._container, self._stream, self._bytes = open_video(self._path)
        self._begin()
        self._first = next(self._decoded, None)

    def _begin(self) -> None:
        self._is_whole = True
        self._has_fields = False
        self._hidden_frames = self._packets = self._damaged_packets = self._concealed_frames = 0
        self._declared_end_s = None if self._is_bare else declared_end_s(self._container, self._stream)
        self._timeline.clear()
        self._decoded = self._decode()

    def _decode(self) -> Iterator[tuple[VideoFrame, Frame]]:
        index = 0
        time_s, step_s = Fraction(0), Fraction(0)
        jumps: list[int] = []
        frame_bytes = whole_bytes = 0  # Of a frame, and up to the end of the last whole one.
        try:
            decoder = decoder_of(self._stream)
            for packet in demux_video(self._container, self._stream):
                if self._has_whole_frames and packet.size:
                    frame_bytes = frame_bytes or packet.size
                    if packet.size < frame_bytes:
                        break
                    whole_bytes = (packet.pos or 0) + packet.size
                self._hidden_frames += packet.is_discard
                self._packets += packet.size > 0 and not packet.is_discard
                try:
                    av_frames = decoder.decode(packet)
                except av.error.InvalidDataError:
                    if self._is_stopped:
                        break
                    self._damaged_packets += 1
                    step_s += self._step_s
                    continue
                for av_frame in av_frames:
                    self._concealed_frames += av_frame.is_corrupt
                    self._has_fields = self._has_fields or av_frame.interlaced_frame
                    duration_s = self._duration(av_frame)
                    time_s = self._timeline.place(self._stamp(av_frame, time_s, step_s), self._step_s)
                    step_s = duration_s if self._has_durations and duration_s else self._step_s
                    if self._timeline.jumps > len(jumps):
                        jumps.append(index)
                    pixels, gray, chroma = self._pictures.read(av_frame, index)
                    captured_ns, captions = time.monotonic_ns(), captions_of(av_frame)
                    frame = Frame(pixels, index, time_s, captured_ns, chroma, duration_s, gray, captions=captions)
                    yield av_frame, frame
                    index += 1
        except av.error.FFmpegError as error:
            self._add_loss(f"reading stopped after frame {index}: {error.strerror}")
        else:
            rest = self._bytes.rest_after(whole_bytes) if self._has_whole_frames else 0
            if rest > 0 and not self._is_stopped:
                self._add_loss(
                    f"ends within frame {index}; {rest} byte{'s belong' if rest > 1 else ' belongs'} to no whole frame"
                )
        if not self._is_stopped:
            self._report(jumps)

    def _stamp(self, av_frame: VideoFrame, before_s: Fraction, step_s: Fraction) -> Fraction:
        """Return the timestamp of a frame in seconds; without one it follows the frame before by a step."""
        if self._is_bare or self._has_whole_frames:
            return before_s + step_s
        stamp = av_frame.dts if self._is_without_times else av_frame.pts
        return before_s + step_s if stamp is None else stamp * self._time_base

    def _duration(self, av_frame: VideoFrame) -> Fraction | None:
        if self._is_bare and not self._has_durations:
            return None
        return av_frame.duration * self._time_base * self._stretch if av_frame.duration > 0 else None

    def _report(self, jumps: list[int]) -> None:
        """Add the losses that are known when all frames are decoded."""
        for loss in self._pictures.losses:
            self._add_loss(loss)
        if jumps:
            named = ", ".join(map(str, jumps[:_MAX_JUMPS])) + (", …" if len(jumps) > _MAX_JUMPS else "")
            self._add_loss(
                f"timestamps jump at frame{'s' * (len(jumps) > 1)} {named}; livefilter goes on there without a gap"
            )
        for number, kind in appeared_streams(self._container):
            what = "livefilter reads the first video only" if kind == "video" else "livefilter does not copy it"
            self._add_loss(f"{kind} stream {number} appears midway; {what}")
        if self._damaged_packets:
            self._add_loss(
                f"{self._damaged_packets} damaged packet{'s' * (self._damaged_packets > 1)} could not be decoded"
            )
        if self._concealed_frames:
            self._add_loss(
                f"{self._concealed_frames} frame{'s' * (self._concealed_frames > 1)} could be decoded only in part"
            )

    def _check_completeness(self, count: int, end_s: Fraction) -> None:
        """Report missing frames: by the declared number of frames, or else by the declared duration."""
        declared = self._stream.frames - self._hidden_frames  # An edit list hides frames that others depend on.
        if self._is_whole and count < declared:
            self._add_loss(f"only {count} of {declared} frames could be read")
        elif not self._stream.frames and self._packets_are_frames and count < self._packets:
            self._add_loss(f"only {count} of {self._packets} frames could be decoded")
        if (
            not self._stream.frames
            and self._declared_end_s is not None
            and not self._timeline.jumps
            and end_s < self._declared_end_s - _END_TOLERANCE_S
        ):
            self._add_loss(f"ends after {float(end_s):.1f} of {float(self._declared_end_s):.1f} s; the file is cut off")

    @property
    def _is_stopped(self) -> bool:
        """Whether reading was stopped, so that the last packet may be cut."""
        return self._bytes.is_stopped

    @property
    def _is_without_times(self) -> bool:
        return self._container.format.name == _FORMAT_WITHOUT_TIMES

    @property
    def _packets_are_frames(self) -> bool:
        """Whether each packet holds one frame; in other codecs it may hold a field, or nothing to display."""
        return self._stream.codec_context.name in _ONE_FRAME_PER_PACKET and not self._has_fields

    def _add_loss(self, loss: str) -> None:
        self.loss = f"{self.loss}; {loss}" if self.loss else f"{self._name}: {loss}"
