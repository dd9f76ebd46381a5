"""Video files as a source: decoded by PyAV's FFmpeg, with exact timestamps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.sources._av_pixels import bgr_pixels, colorimetry_of, describe_conversions, luma, luma_and_chroma
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._options import Color
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.file._demux import declared_end_s, open_video

_END_TOLERANCE_S = Fraction(1, 2)
"""A file may end this much before its declared end: containers round, and count other streams."""
_ONE_FRAME_PER_PACKET = {"h264", "hevc", "mpeg2video", "mjpeg", "ffv1", "prores", "rawvideo"}
_FORMAT_WITHOUT_TIMES = "avi"
"""A container that stores only the decoding order. Frame times count decoded frames, because the presentation times
that FFmpeg guesses there go back and forth if frames are decoded from later ones."""
_SEEKABLE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
"""Containers with a time index. In others a seek may land too late, or where times are guesses."""
_SEEK_MARGIN_S = 2
"""A seek aims this much before its target: key frames are indexed by decoding time, which precedes display time."""


class VideoFile(Source):
    """A video file. Damaged packets are skipped and counted; timestamps are the file's own.

    Args:
        path: The file.
        color: Content of the frames: "gray"; "luma", gray plus the stream's own chroma; or "rgb", BGR pixels.

    Attributes:
        stream_index: Index of the video stream in the file.

    Raises:
        SourceError: The file does not exist, is a folder, empty or damaged, or is no video.
    """

    def __init__(self, path: Path, *, color: Color = "gray") -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._path = path
        self._color = color
        self._container, self._stream = open_video(path)
        stream = self._stream
        self.stream_index = stream.index
        self._rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        self._time_base = Fraction(stream.time_base or 1 / self._rate)
        self._decoded: Iterator[tuple[VideoFrame, Frame]]
        self._begin()
        # Decode the first frame at once: only a frame shows rotation and true size, and a file without any is no video.
        av_frame, first = next(self._decoded, (None, None))
        if av_frame is None or first is None:
            self.close()
            raise SourceError(f"{path}: has no frame that can be decoded; the file is damaged or cut off")
        self._first: Frame | None = first
        rows, cols = first.pixels.shape[:2]
        duration_s = Fraction(self._container.duration or 0, av.time_base)
        expected = stream.frames or round(duration_s * self._rate) or None
        self.facts = SourceFacts(
            path.name,
            (rows, cols),
            self._rate,
            self._time_base,
            expected,
            colorimetry=colorimetry_of(av_frame, stream.sample_aspect_ratio),
            path=path,
            notes=describe_conversions(av_frame),
        )

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def seek(self, time_s: Fraction) -> None:
        """Go to the key frame before a time, if the container has an index; frame indexes then count from there."""
        with self._guard.hold() as is_open:
            if is_open:
                self._seek(time_s)

    def close(self) -> None:
        """Close the file."""
        self._guard.close(self._release)

    def _release(self) -> None:
        self._container.close()

    def _frames(self) -> Iterator[Frame]:
        if self._first is None:
            return
        first = last = self._first
        self._first = None
        yield first
        for _, last in self._decoded:
            yield last
        end_s = last.time_s + 1 / self._rate
        # In an AVI, a gap is an empty frame, and counts as one.
        count = round((end_s - first.time_s) * self._rate) if self._is_without_times else last.index + 1
        self._check_completeness(count, end_s)

    def _seek(self, time_s: Fraction) -> None:
        first = self._first
        if first is None or time_s - first.time_s <= 2 * _SEEK_MARGIN_S or self._container.format.name not in _SEEKABLE:
            return
        try:
            self._container.seek(int((time_s - _SEEK_MARGIN_S) / self._time_base), stream=self._stream)
            self._begin()
            landed = next(self._decoded, (None, None))[1]
        except av.error.FFmpegError:
            landed = None
        if landed is not None and landed.time_s <= time_s:
            self._first, self._is_whole = landed, False
            return
        self._container.close()  # Read from the start instead: slower, and just as exact.
        self._container, self._stream = open_video(self._path)
        self._begin()
        self._first = next(self._decoded, (None, None))[1]

    def _begin(self) -> None:
        self._is_whole = True
        self._has_fields = False
        self._hidden_frames = self._packets = self._damaged_packets = self._concealed_frames = 0
        self._declared_end_s = declared_end_s(self._container, self._stream)
        self._decoded = self._decode()

    def _decode(self) -> Iterator[tuple[VideoFrame, Frame]]:
        index = 0
        time_s = -1 / self._rate
        went_back: int | None = None
        try:
            for packet in self._container.demux(self._stream):
                self._hidden_frames += packet.is_discard
                self._packets += packet.size > 0 and not packet.is_discard
                try:
                    av_frames = packet.decode()
                except av.error.InvalidDataError:
                    self._damaged_packets += 1
                    continue
                for av_frame in av_frames:
                    self._concealed_frames += av_frame.is_corrupt
                    self._has_fields = self._has_fields or av_frame.interlaced_frame
                    stamp = av_frame.dts if self._is_without_times else av_frame.pts
                    before_s, time_s = time_s, time_s + 1 / self._rate if stamp is None else stamp * self._time_base
                    if index and went_back is None and time_s < before_s - _END_TOLERANCE_S:
                        went_back = index
                    yield av_frame, self._frame(av_frame, index, time_s)
                    index += 1
        except av.error.FFmpegError as error:
            self._add_loss(f"reading stopped after frame {index}: {error.strerror}")
        if went_back is not None:
            self._add_loss(f"timestamps go back at frame {went_back}; frames have no duration until they catch up")
        if self._damaged_packets:
            self._add_loss(
                f"{self._damaged_packets} damaged packet{'s' * (self._damaged_packets > 1)} could not be decoded"
            )
        if self._concealed_frames:
            self._add_loss(
                f"{self._concealed_frames} frame{'s' * (self._concealed_frames > 1)} could be decoded only in part"
            )

    def _frame(self, av_frame: VideoFrame, index: int, time_s: Fraction) -> Frame:
        chroma = None
        if self._color == "rgb":
            pixels = bgr_pixels(av_frame)
        elif self._color == "luma":
            pixels, chroma = luma_and_chroma(av_frame)
        else:
            pixels = luma(av_frame)
        duration_s = av_frame.duration * self._time_base if av_frame.duration > 0 else None
        return Frame(pixels, index, time_s, time.monotonic_ns(), chroma, duration_s)

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
            and end_s < self._declared_end_s - _END_TOLERANCE_S
        ):
            self._add_loss(f"ends after {float(end_s):.1f} of {float(self._declared_end_s):.1f} s; the file is cut off")

    @property
    def _is_without_times(self) -> bool:
        return self._container.format.name == _FORMAT_WITHOUT_TIMES

    @property
    def _packets_are_frames(self) -> bool:
        """Whether each packet holds one frame; in other codecs it may hold a field, or nothing to display."""
        return self._stream.codec_context.name in _ONE_FRAME_PER_PACKET and not self._has_fields

    def _add_loss(self, loss: str) -> None:
        self.loss = f"{self.loss}; {loss}" if self.loss else f"{self._path}: {loss}"
