"""Standard input as a source: YUV4MPEG2, concatenated JPEG images, or raw video."""

from __future__ import annotations

import sys
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from livefilter.errors import OptionError, SourceError
from livefilter.frame import Colorimetry, Frame, Pixels
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._options import SourceOptions
from livefilter.sources._range_expansion import expansion_lut
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.stdin._byte_stream import ByteStream
from livefilter.sources.stdin._jpegs import SOI, JpegSplitter
from livefilter.sources.stdin._y4m import MAGIC, Y4mHeader, parse_header

NAME = "standard input"
_JPEG_RATE = Fraction(25)
_MAX_LINE_BYTES = 4096
_RAW_CHANNELS = {"gray8": 1, "bgr24": 3}


def open_standard_input(options: SourceOptions, should_stop: Callable[[], bool] = lambda: False) -> Source:
    """Open standard input. Its first bytes show the format, unless ``input_format`` says that it is raw video.

    Raises:
        SourceError: Standard input is empty, a terminal, or of an unknown format.
        OptionError: Raw video lacks a size or a rate, or there is a size or a rate for a format that has its own.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError(f"{NAME}: is closed; pipe a video into it")
    if sys.stdin.isatty():
        raise SourceError(
            f"{NAME}: is a terminal; pipe a video into it: ffmpeg -i clip.mp4 -f yuv4mpegpipe - | livefilter …"
        )
    stream = ByteStream(sys.stdin.fileno(), should_stop)
    if options.input_format is not None:
        if options.size is None or options.rate is None:
            raise OptionError(
                f"input_format: {options.input_format} needs a size and a rate; add --size 1280x720 --rate 30"
            )
        return RawInput(stream, options.size, options.rate, _RAW_CHANNELS[options.input_format])
    if options.size is not None:
        raise OptionError("size: is for raw video (--input-format) only; the other formats have their own")
    magic = stream.peek(len(MAGIC))
    if stream.is_stopped:
        raise KeyboardInterrupt
    if magic == MAGIC:
        if options.rate is not None:
            raise OptionError(f"rate: {NAME} is YUV4MPEG2, which has its own rate")
        return Y4mInput(stream)
    if magic.startswith(SOI):
        return JpegInput(stream, options.rate or _JPEG_RATE)
    if not magic:
        raise SourceError(f"{NAME}: is empty; did the upstream command fail?")
    raise SourceError(
        f"{NAME}: must be YUV4MPEG2, JPEG images, or raw video with --input-format; it begins with {magic!r}; "
        "ffmpeg -i - -f yuv4mpegpipe - converts any video to YUV4MPEG2"
    )


class _Uncompressed(Source):
    """Uncompressed frames of equal size, with nothing or a header line between them."""

    def __init__(self, stream: ByteStream, facts: SourceFacts, frame_bytes: int) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self.facts = facts
        self._stream = stream
        self._frame_bytes = frame_bytes

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; standard input itself stays open."""
        self._stream.stop()
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        index = 0
        while self._starts(index):
            stored = np.empty(self._frame_bytes, np.uint8)
            filled = self._stream.fill(stored.data)
            if self._stream.is_stopped or (filled == 0 and self._may_end_here()):
                break
            if filled < self._frame_bytes:
                self.loss = f"{NAME}: ends within frame {index}, after {filled} of its {self._frame_bytes} bytes"
                break
            yield Frame(self._gray(stored), index, index / self.facts.rate, time.monotonic_ns())
            index += 1
        if index == 0 and not self._stream.is_stopped:
            raise SourceError(self.loss or f"{NAME}: holds no frame; did the upstream command fail?")

    def _starts(self, index: int) -> bool:
        """Read what precedes a frame; False at the end."""
        return True

    def _may_end_here(self) -> bool:
        """Return whether a frame without a byte is the end, and not a loss."""
        return True

    @abstractmethod
    def _gray(self, stored: Pixels) -> Pixels:
        """Convert a stored frame to gray."""


class RawInput(_Uncompressed):
    """Raw video: gray or BGR pixels, 8 bits per sample, without headers.

    Args:
        stream: Bytes of the video.
        shape: (rows, cols) in pixels.
        rate: Frames per second.
        channels: 1 for gray, 3 for BGR.
    """

    def __init__(self, stream: ByteStream, shape: tuple[int, int], rate: Fraction, channels: int) -> None:
        rows, cols = shape
        super().__init__(stream, SourceFacts(NAME, shape, rate, 1 / rate), rows * cols * channels)
        self._channels = channels

    def _gray(self, stored: Pixels) -> Pixels:
        rows, cols = self.facts.shape
        if self._channels == 1:
            return stored.reshape(rows, cols)
        return np.asarray(cv2.cvtColor(stored.reshape(rows, cols, 3), cv2.COLOR_BGR2GRAY), dtype=np.uint8)


class Y4mInput(_Uncompressed):
    """YUV4MPEG2: the luma of each frame, as full-range gray.

    Args:
        stream: Bytes of the video.

    Raises:
        SourceError: The first line is malformed.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._header: Y4mHeader = parse_header(stream.read_line(_MAX_LINE_BYTES))
        header = self._header
        notes = []
        if header.bits > 8:
            notes.append(f"has {header.bits} bits per sample; livefilter filters it in 8")
        if header.is_interlaced:
            notes.append("is interlaced; livefilter filters both fields of a frame as one image")
        colorimetry = Colorimetry(is_full_range=header.is_full_range, pixel_aspect=header.pixel_aspect)
        facts = SourceFacts(
            NAME, header.shape, header.rate, 1 / header.rate, colorimetry=colorimetry, notes=tuple(notes)
        )
        super().__init__(stream, facts, header.frame_bytes)

    def _starts(self, index: int) -> bool:
        line = self._stream.read_line(_MAX_LINE_BYTES)
        if self._stream.is_stopped:
            return False
        if line == b"FRAME\n" or (line.startswith(b"FRAME ") and line.endswith(b"\n")):
            return True
        if line and b"FRAME\n".startswith(line) and not self._stream.peek(1):
            self.loss = f"{NAME}: ends within the line before frame {index}"
        elif line:
            raise SourceError(
                f"{NAME}: expected FRAME before frame {index}, found {line[:20]!r}; the stream is damaged"
            )
        return False

    def _may_end_here(self) -> bool:
        return False  # Its header line was read.

    def _gray(self, stored: Pixels) -> Pixels:
        header = self._header
        rows, cols = header.shape
        if header.bits == 8:
            luma = stored[: rows * cols].reshape(rows, cols)
            if header.is_full_range:
                return luma
            return np.asarray(cv2.LUT(luma, expansion_lut(is_full_range=False)), dtype=np.uint8)
        deep = stored[: 2 * rows * cols].view("<u2").reshape(rows, cols)
        gray: Pixels = expansion_lut(header.bits, is_full_range=header.is_full_range)[
            np.minimum(deep, 2**header.bits - 1)
        ]
        return gray


class JpegInput(Source):
    """Concatenated JPEG images; torn or damaged ones are skipped and counted.

    Args:
        stream: Bytes of the images.
        rate: Frames per second of the stream.

    Raises:
        SourceError: No image can be decoded.
    """

    def __init__(self, stream: ByteStream, rate: Fraction) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._stream = stream
        self._splitter = JpegSplitter(stream.read_some)
        self._damaged = 0
        self._index = 0
        self.facts = SourceFacts(NAME, (1, 1), rate, 1 / rate)
        self._first = self._read()
        if self._first is None:
            if stream.is_stopped:
                raise KeyboardInterrupt
            raise SourceError(f"{NAME}: holds no JPEG image that can be decoded")
        rows, cols = self._first.pixels.shape
        self.facts = replace(self.facts, shape=(rows, cols))

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; standard input itself stays open."""
        self._stream.stop()
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        frame, self._first = self._first, None
        while frame is not None:
            yield frame
            frame = self._read()

    def _read(self) -> Frame | None:
        """Return the next image that can be decoded. Its index and time also count damaged images."""
        while (encoded := self._splitter.next()) is not None:
            index, self._index = self._index, self._index + 1
            image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
            if image is not None:
                pixels = np.asarray(image, dtype=np.uint8)
                return Frame(pixels, index, index / self.facts.rate, time.monotonic_ns())
            self._damaged += 1
        self._update_loss()
        return None

    def _update_loss(self) -> None:
        lost = self._damaged + self._splitter.torn
        losses = []
        if lost and not self._stream.is_stopped:
            losses.append(f"{lost} image{'s' * (lost > 1)} torn or damaged")
        if self._splitter.skipped:
            losses.append(f"{self._splitter.skipped} bytes belong to no whole image")
        self.loss = f"{NAME}: {'; '.join(losses)}" if losses else None
