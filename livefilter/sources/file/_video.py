"""Video files, decoded by the FFmpeg libraries that PyAV carries: the luma plane as it is, and exact time stamps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._options import Color
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.file._demux import declared_end_s, open_video
from livefilter.sources.file._pixels import bgr_pixels, colorimetry_of, luma, luma_and_chroma, notes_on

_MISSING_S = Fraction(1, 2)
"""How far before its promised end a file may stop and still be whole: containers round, and count other streams in."""
_A_FRAME_A_PACKET = {"h264", "hevc", "mpeg2video", "mjpeg", "ffv1", "prores", "rawvideo"}
_WITHOUT_TIMES = "avi"
"""A container that tells only the order in which packets are decoded: times of frames are the decoder's count of them,
since what FFmpeg makes of times of display there goes back and forth where frames are decoded from later ones."""
_SEEKABLE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
"""Containers with an index by time. Elsewhere a seek may land too late, or where times are only guessed."""
_MARGIN_S = 2
"""How long before its aim a seek should land: key frames are indexed by decoding time, which is earlier than theirs."""


class VideoFile(Source):
    """A video file. Damaged packets are passed over and counted; time stamps are the file's own.

    Args:
        path: The file.
        color: What frames hold: "gray"; "luma", gray with the stream's own chroma beside it; or "rgb", BGR pixels.

    Attributes:
        stream_index: The number of the stream that is read, among all of the file.

    Raises:
        SourceError: No such file, a folder, empty, damaged beyond opening, or not a video.
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
        self._pictures: Iterator[tuple[VideoFrame, Frame]]
        self._begin()
        # The first frame is decoded at once: only it tells rotation and true size, and a file without any is no video.
        picture, first = next(self._pictures, (None, None))
        if picture is None or first is None:
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
            look=colorimetry_of(picture, stream.sample_aspect_ratio),
            path=path,
            notes=notes_on(picture),
        )

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def seek(self, time_s: Fraction) -> None:
        """Go to the key frame before a time, where the container has an index; indexes are then counted from there."""
        with self._guard.hold() as is_open:
            if is_open:
                self._skip_to(time_s)

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
        for _, last in self._pictures:
            yield last
        ended_s = last.time_s + 1 / self._rate
        # In an AVI, a gap is a frame of no bytes, and counted with the others.
        count = round((ended_s - first.time_s) * self._rate) if self._is_without_times else last.index + 1
        self._compare_with_promised(count, ended_s)

    def _skip_to(self, time_s: Fraction) -> None:
        first = self._first
        if first is None or time_s - first.time_s <= 2 * _MARGIN_S or self._container.format.name not in _SEEKABLE:
            return
        try:
            self._container.seek(int((time_s - _MARGIN_S) / self._time_base), stream=self._stream)
            self._begin()
            landed = next(self._pictures, (None, None))[1]
        except av.error.FFmpegError:
            landed = None
        if landed is not None and landed.time_s <= time_s:
            self._first, self._is_whole = landed, False
            return
        self._container.close()  # From the beginning, then: slower, and just as exact.
        self._container, self._stream = open_video(self._path)
        self._begin()
        self._first = next(self._pictures, (None, None))[1]

    def _begin(self) -> None:
        self._is_whole = True
        self._has_fields = False
        self._hidden = self._sent = self._damaged = self._concealed = 0
        self._ends_s = declared_end_s(self._container, self._stream)
        self._pictures = self._decode()

    def _decode(self) -> Iterator[tuple[VideoFrame, Frame]]:
        index = 0
        time_s = -1 / self._rate
        went_back: int | None = None
        try:
            for packet in self._container.demux(self._stream):
                self._hidden += packet.is_discard
                self._sent += packet.size > 0 and not packet.is_discard
                try:
                    pictures = packet.decode()
                except av.error.InvalidDataError:
                    self._damaged += 1
                    continue
                for picture in pictures:
                    self._concealed += picture.is_corrupt
                    self._has_fields = self._has_fields or picture.interlaced_frame
                    stamp = picture.dts if self._is_without_times else picture.pts
                    before_s, time_s = time_s, time_s + 1 / self._rate if stamp is None else stamp * self._time_base
                    if index and went_back is None and time_s < before_s - _MISSING_S:
                        went_back = index
                    yield picture, self._frame(picture, index, time_s)
                    index += 1
        except av.error.FFmpegError as error:
            self._lose(f"reading stopped after frame {index}: {error.strerror}")
        if went_back is not None:
            self._lose(f"times go back at frame {went_back}; what follows passes in no time up to where they were")
        if self._damaged:
            self._lose(f"{self._damaged} damaged packet{'s' * (self._damaged > 1)} could not be decoded")
        if self._concealed:
            self._lose(f"{self._concealed} frame{'s' * (self._concealed > 1)} could be decoded only in part")

    def _frame(self, picture: VideoFrame, index: int, time_s: Fraction) -> Frame:
        chroma = None
        if self._color == "rgb":
            pixels = bgr_pixels(picture)
        elif self._color == "luma":
            pixels, chroma = luma_and_chroma(picture)
        else:
            pixels = luma(picture)
        duration_s = picture.duration * self._time_base if picture.duration > 0 else None
        return Frame(pixels, index, time_s, time.monotonic_ns(), chroma, duration_s)

    def _compare_with_promised(self, count: int, ended_s: Fraction) -> None:
        """Name what is missing at the end: by the number of frames where the file tells it, else by its duration."""
        promised = self._stream.frames - self._hidden  # An edit list hides frames that only others are decoded from.
        if self._is_whole and count < promised:
            self._lose(f"only {count} of {promised} frames could be read")
        elif not self._stream.frames and self._packets_are_frames and count < self._sent:
            self._lose(f"only {count} of {self._sent} frames could be decoded")
        if not self._stream.frames and self._ends_s is not None and ended_s < self._ends_s - _MISSING_S:
            self._lose(f"ends after {float(ended_s):.1f} of {float(self._ends_s):.1f} s; the file is cut off")

    @property
    def _is_without_times(self) -> bool:
        return self._container.format.name == _WITHOUT_TIMES

    @property
    def _packets_are_frames(self) -> bool:
        """Whether each packet holds one frame: elsewhere it may hold a field, or nothing that is shown."""
        return self._stream.codec_context.name in _A_FRAME_A_PACKET and not self._has_fields

    def _lose(self, what: str) -> None:
        self.loss = f"{self.loss}; {what}" if self.loss else f"{self._path}: {what}"
