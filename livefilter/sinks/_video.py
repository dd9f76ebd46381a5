"""H.264 video files, through the FFmpeg libraries that PyAV carries."""

from __future__ import annotations

import logging
import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks._beside import Beside, cannot_write
from livefilter.sinks._encoding import Encoding
from livefilter.sinks._sink import Sink

_LIMITED = np.rint(np.arange(256) * (219 / 255) + 16).astype(np.uint8)
"""Full-range gray as limited-range luma (16 to 235, ITU-R BT.601), which every player expects."""
_NO_COLOUR = 128
_BT709 = 1
"""ITU-T H.273's number of BT.709: colour primaries and transfer characteristics."""
_FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
VIDEO_SUFFIXES = tuple(_FORMATS)

logger = logging.getLogger(__name__)


class VideoSink(Sink):
    """An H.264 file (x264, yuv420p, limited range, BT.709), one picture for each frame, at the frame's own time.

    Odd sizes grow by a repeated row or column, since H.264 in 4:2:0 has none. A stream that begins before zero is moved
    to begin there, because players would not show what comes earlier. A time that does not grow becomes one tick more
    than the one before.

    Args:
        path: The file; its ending names the container: .mp4, .m4v, .mov or .mkv.
        rate: Nominal frames per second.
        time_base: What frame times are whole multiples of; times are kept exactly, in .mkv to the millisecond.
        overwrite: Replace a file that exists.
        encoding: x264's constant rate factor (18 unless given), its preset ("veryfast"), and its gop.

    Raises:
        SinkError: The file cannot be made.
        OptionError: Another ending.
    """

    def __init__(
        self,
        path: Path,
        *,
        rate: Fraction,
        time_base: Fraction,
        overwrite: bool = False,
        encoding: Encoding | None = None,
    ) -> None:
        wanted = encoding or Encoding()
        _refuse_what_is_not_there(wanted)
        container = _FORMATS.get(path.suffix.lower())
        if container is None:
            raise OptionError(f"{path}: a video ends in {', '.join(_FORMATS)}, found {path.suffix or 'none'}")
        self.target = str(path)
        self._file = Beside(path, overwrite=overwrite)
        self._written = 0
        self._is_open = True
        self._shape: tuple[int, int] | None = None
        self._time_base = time_base
        self._begins = self._last = 0
        # The path in full, because FFmpeg would take the start of a:b.mp4 for the name of a protocol.
        partial = os.path.abspath(self._file.partial)
        options = {} if container == "matroska" else {"movflags": "+faststart"}
        self._container = av.open(partial, mode="w", format=container, options=options)
        crf = 18 if wanted.crf is None else wanted.crf
        options = {"crf": str(crf), "preset": wanted.speed or "veryfast"}
        if wanted.gop is not None:
            options["g"] = str(wanted.gop)
        self._stream = self._container.add_stream("libx264", rate=rate, options=options)
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = time_base
        context = self._stream.codec_context
        context.time_base = time_base
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = context.color_trc = _BT709

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Encode one picture; the score is not kept in a video."""
        shape = (frame.pixels.shape[0], frame.pixels.shape[1])
        if self._shape is None:
            self._shape = shape
            self._stream.height, self._stream.width = (side + side % 2 for side in shape)
        elif shape != self._shape:
            raise SinkError(f"{self.target}: a video has one size, {self._shape}, and frame {frame.index} has {shape}")
        picture = _picture(frame)
        picture.pts = self._pts(frame.time_s)
        picture.time_base = self._time_base
        self._mux(picture)
        self._written += 1

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Write what the encoder still holds, close the file, check it, and move it into place."""
        if not self._is_open:
            return None
        if self._written == 0:
            self.discard()
            return None
        self._mux(None)
        self._close()
        self._check()
        self._is_open = False
        return str(self._file.complete() if is_complete else self._file.partial)

    def discard(self) -> None:
        """Close and remove the unfinished file."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            logger.debug("closing %s, which is dropped: %s", self._file.partial, error)
        self._file.discard()

    def _pts(self, time_s: Fraction) -> int:
        ticks = round(time_s / self._time_base)
        if self._written == 0:
            self._begins = min(ticks, 0)
            self._last = ticks - self._begins - 1
        self._last = max(ticks - self._begins, self._last + 1)
        return self._last

    def _mux(self, picture: VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(picture))
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _close(self) -> None:
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _check(self) -> None:
        """Read the finished file back: a full disk can cut a file off without any call having failed."""
        try:
            with av.open(os.path.abspath(self._file.partial)) as container:
                stream = container.streams.video[0]
                frames = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
        except (av.error.FFmpegError, OSError, IndexError) as error:
            raise SinkError(f"{self.target}: was written, but cannot be read back: {error}") from error
        if frames != self._written:
            raise SinkError(f"{self.target}: holds {frames} frames, though {self._written} were written")

    def _failed(self, error: Exception) -> SinkError:
        failure = cannot_write(self._file.target, error)
        return SinkError(f"{failure} (after {self._written} frames)")


def _refuse_what_is_not_there(wanted: Encoding) -> None:
    for name, value in (
        ("pix_fmt", wanted.pix_fmt),
        ("audio_codec", wanted.audio_codec),
        ("is_fragmented", wanted.is_fragmented or None),
        ("container", wanted.container),
    ):
        if value is not None:
            raise OptionError(f"{name}: cannot be chosen yet, found {value}; leave it out")
    if wanted.codec not in (None, "h264"):
        raise OptionError(f"codec: must be h264 for now, found {wanted.codec}")


def _picture(frame: Frame) -> VideoFrame:
    """Return gray or BGR pixels as a yuv420p picture of even size."""
    rows, cols = frame.pixels.shape[:2]
    pixels = frame.pixels
    if rows % 2 or cols % 2:
        pixels = np.asarray(cv2.copyMakeBorder(pixels, 0, rows % 2, 0, cols % 2, cv2.BORDER_REPLICATE), dtype=np.uint8)
    if pixels.ndim == 3:
        made = VideoFrame.from_ndarray(pixels, format="bgr24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
    else:
        made = VideoFrame(pixels.shape[1], pixels.shape[0], "yuv420p")
        cv2.LUT(pixels, _LIMITED, dst=_writable(made, 0))
        for chroma in (1, 2):
            _writable(made, chroma).fill(_NO_COLOUR)
    made.color_range = ColorRange.MPEG
    made.colorspace = Colorspace.ITU709
    return made


def _writable(picture: VideoFrame, number: int) -> NDArray[np.uint8]:
    plane = picture.planes[number]
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
