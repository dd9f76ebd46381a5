"""Standard input: YUV4MPEG2, JPEG pictures one after the other, or raw video."""

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
from livefilter.sources._range_expansion import levels
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.stdin._byte_stream import Pipe
from livefilter.sources.stdin._jpegs import SOI, JpegSplitter
from livefilter.sources.stdin._y4m import MAGIC, Y4mHeader, parse_header

NAME = "standard input"
_JPEG_RATE = Fraction(25)
_LONGEST_LINE = 4096
_RAW_CHANNELS = {"gray8": 1, "bgr24": 3}


def open_standard_input(options: SourceOptions, should_stop: Callable[[], bool] = lambda: False) -> Source:
    """Return what comes on standard input, by what it begins with, or as ``input_format`` says.

    Raises:
        SourceError: Nothing comes, or it is of no kind that is known.
        OptionError: Raw video without a size or a rate, or a size or a rate for what tells its own.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError(f"{NAME}: is closed; pipe a video into it")
    if sys.stdin.isatty():
        raise SourceError(
            f"{NAME}: is a terminal; pipe a video into it: ffmpeg -i clip.mp4 -f yuv4mpegpipe - | livefilter …"
        )
    pipe = Pipe(sys.stdin.fileno(), should_stop)
    if options.input_format is not None:
        if options.size is None or options.rate is None:
            raise OptionError(
                f"input_format: {options.input_format} needs a size and a rate; give --size 1280x720 --rate 30"
            )
        return RawInput(pipe, options.size, options.rate, _RAW_CHANNELS[options.input_format])
    if options.size is not None:
        raise OptionError("size: is for raw video, whose kind --input-format tells; everything else tells its own")
    begins = pipe.peek(len(MAGIC))
    if pipe.is_stopped:
        raise KeyboardInterrupt
    if begins == MAGIC:
        if options.rate is not None:
            raise OptionError(f"rate: {NAME} is YUV4MPEG2, which tells its own rate")
        return Y4mInput(pipe)
    if begins.startswith(SOI):
        return JpegInput(pipe, options.rate or _JPEG_RATE)
    if not begins:
        raise SourceError(f"{NAME}: is empty; did the program before it fail?")
    raise SourceError(
        f"{NAME}: must be YUV4MPEG2, JPEG pictures, or raw video with --input-format; it begins with {begins!r}; "
        "ffmpeg -i - -f yuv4mpegpipe - makes the first of any video"
    )


class _Stored(Source):
    """Frames of equal size, one after the other in one buffer each, with nothing or a line between them."""

    def __init__(self, pipe: Pipe, facts: SourceFacts, frame_bytes: int) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self.facts = facts
        self._pipe = pipe
        self._frame_bytes = frame_bytes

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; standard input itself stays open."""
        self._pipe.stop()
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        index = 0
        while self._starts(index):
            stored = np.empty(self._frame_bytes, np.uint8)
            filled = self._pipe.fill(stored.data)
            if self._pipe.is_stopped or (filled == 0 and self._may_end_here()):
                break
            if filled < self._frame_bytes:
                self.loss = f"{NAME}: ends within frame {index}, after {filled} of its {self._frame_bytes} bytes"
                break
            yield Frame(self._gray(stored), index, index / self.facts.rate, time.monotonic_ns())
            index += 1
        if index == 0 and not self._pipe.is_stopped:
            raise SourceError(self.loss or f"{NAME}: holds no frame; did the program before it fail?")

    def _starts(self, index: int) -> bool:
        """Read what stands before a frame; False at the end."""
        return True

    def _may_end_here(self) -> bool:
        """Whether a frame without a byte is the end, and not a loss."""
        return True

    @abstractmethod
    def _gray(self, stored: Pixels) -> Pixels:
        """Return the gray of a frame as it was stored."""


class RawInput(_Stored):
    """Raw video: gray, or BGR, 8 bits each, nothing else.

    Args:
        pipe: Where it comes from.
        shape: (rows, cols).
        rate: Frames per second.
        channels: 1 for gray, 3 for BGR.
    """

    def __init__(self, pipe: Pipe, shape: tuple[int, int], rate: Fraction, channels: int) -> None:
        rows, cols = shape
        super().__init__(pipe, SourceFacts(NAME, shape, rate, 1 / rate), rows * cols * channels)
        self._channels = channels

    def _gray(self, stored: Pixels) -> Pixels:
        rows, cols = self.facts.shape
        if self._channels == 1:
            return stored.reshape(rows, cols)
        return np.asarray(cv2.cvtColor(stored.reshape(rows, cols, 3), cv2.COLOR_BGR2GRAY), dtype=np.uint8)


class Y4mInput(_Stored):
    """YUV4MPEG2: the luma of each frame, as full-range gray.

    Args:
        pipe: Where it comes from.

    Raises:
        SourceError: Its first line cannot be understood.
    """

    def __init__(self, pipe: Pipe) -> None:
        self._header: Y4mHeader = parse_header(pipe.read_line(_LONGEST_LINE))
        header = self._header
        notes = []
        if header.bits > 8:
            notes.append(f"has {header.bits} bits per sample; it is filtered in 8")
        if header.is_interlaced:
            notes.append("is interlaced; both fields of a frame are filtered as one picture")
        look = Colorimetry(is_full_range=header.is_full_range, pixel_aspect=header.pixel_aspect)
        facts = SourceFacts(NAME, header.shape, header.rate, 1 / header.rate, look=look, notes=tuple(notes))
        super().__init__(pipe, facts, header.frame_bytes)

    def _starts(self, index: int) -> bool:
        line = self._pipe.read_line(_LONGEST_LINE)
        if self._pipe.is_stopped:
            return False
        if line == b"FRAME\n" or (line.startswith(b"FRAME ") and line.endswith(b"\n")):
            return True
        if line and b"FRAME\n".startswith(line) and not self._pipe.peek(1):
            self.loss = f"{NAME}: ends within the line before frame {index}"
        elif line:
            raise SourceError(f"{NAME}: before frame {index} must stand FRAME, found {line[:20]!r}; it is damaged")
        return False

    def _may_end_here(self) -> bool:
        return False  # Its line was there.

    def _gray(self, stored: Pixels) -> Pixels:
        header = self._header
        rows, cols = header.shape
        if header.bits == 8:
            luma = stored[: rows * cols].reshape(rows, cols)
            if header.is_full_range:
                return luma
            return np.asarray(cv2.LUT(luma, levels(is_full_range=False)), dtype=np.uint8)
        deep = stored[: 2 * rows * cols].view("<u2").reshape(rows, cols)
        gray: Pixels = levels(header.bits, is_full_range=header.is_full_range)[np.minimum(deep, 2**header.bits - 1)]
        return gray


class JpegInput(Source):
    """JPEG pictures, one after the other; those that are torn or damaged are passed over and counted.

    Args:
        pipe: Where they come from.
        rate: Frames per second that they stand for.

    Raises:
        SourceError: None of them can be decoded.
    """

    def __init__(self, pipe: Pipe, rate: Fraction) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._pipe = pipe
        self._splitter = JpegSplitter(pipe.read_some)
        self._damaged = 0
        self._index = 0
        self.facts = SourceFacts(NAME, (1, 1), rate, 1 / rate)
        self._first = self._read()
        if self._first is None:
            if pipe.is_stopped:
                raise KeyboardInterrupt
            raise SourceError(f"{NAME}: holds no JPEG picture that can be decoded")
        rows, cols = self._first.pixels.shape
        self.facts = replace(self.facts, shape=(rows, cols))

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; standard input itself stays open."""
        self._pipe.stop()
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        frame, self._first = self._first, None
        while frame is not None:
            yield frame
            frame = self._read()

    def _read(self) -> Frame | None:
        """Return the next picture that can be decoded; its index counts the others too, as times do."""
        while (encoded := self._splitter.next()) is not None:
            index, self._index = self._index, self._index + 1
            picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                pixels = np.asarray(picture, dtype=np.uint8)
                return Frame(pixels, index, index / self.facts.rate, time.monotonic_ns())
            self._damaged += 1
        self._tell_loss()
        return None

    def _tell_loss(self) -> None:
        lost = self._damaged + self._splitter.torn
        told = []
        if lost and not self._pipe.is_stopped:
            told.append(f"{lost} picture{'s' * (lost > 1)} torn or damaged")
        if self._splitter.skipped:
            told.append(f"{self._splitter.skipped} bytes belong to no whole picture")
        self.loss = f"{NAME}: {'; '.join(told)}" if told else None
