"""Uncompressed video on standard output, for programs such as ffmpeg, ffplay and OBS: Y4M or raw pixels."""

from __future__ import annotations

import contextlib
import os
import sys
from fractions import Fraction
from typing import Literal, get_args

import cv2
import numpy as np

from livefilter.analysis import Result
from livefilter.errors import OptionError, SinkError
from livefilter.frame import Pixels
from livefilter.sinks._letterbox import letterbox
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks._write_guard import WriteGuard

PipeFormat = Literal["y4m", "raw"]
PIPE_FORMATS: tuple[PipeFormat, ...] = get_args(PipeFormat)


class RawPipeSink(Sink):
    """Frames on standard output, all of the first one's size: others are scaled and letterboxed.

    The first picture also decides between gray and colour, and later ones are converted. Y4M has a header with size and
    rate, and full range: mono, or 4:4:4 with the matrix of BT.601, which FFmpeg assumes. "raw" consists of the rows of
    pixels alone, gray or BGR.

    Args:
        pipe_format: "y4m" or "raw".
        rate: Nominal frames per second, for the header of Y4M.
        descriptor: File descriptor to write to; the sink duplicates it and closes the duplicate. Default: standard
            output.

    Raises:
        OptionError: ``pipe_format`` is unknown, or standard output is a terminal.
    """

    needs = Needs.PICTURE

    def __init__(self, pipe_format: PipeFormat, *, rate: Fraction, descriptor: int | None = None) -> None:
        if pipe_format not in PIPE_FORMATS:
            raise OptionError(f"stdout: must be {' or '.join(PIPE_FORMATS)}, found {pipe_format!r}")
        descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        if os.isatty(descriptor):
            raise OptionError("standard output: is a terminal, which cannot show pictures; pipe it into a program")
        self.target = "standard output"
        self._write_guard = WriteGuard(self.target)
        self._is_y4m = pipe_format == "y4m"
        self._rate = rate
        self._shape: tuple[int, ...] | None = None
        self._file = open(os.dup(descriptor), "wb", buffering=0)  # noqa: SIM115 - closed by finish and discard

    def write(self, result: Result) -> None:
        """Write one frame.

        Raises:
            BrokenPipeError: The reading program has closed the pipe.
            SinkError: Writing fails, or the sink is finished or discarded.
        """
        with self._write_guard.write():
            self._write(result.picture)

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Close the pipe, and return None."""
        with self._write_guard.lock(), contextlib.suppress(OSError):
            self._write_guard.end()
            self._file.close()
        return None

    def discard(self) -> None:
        """Close the pipe."""
        self.finish()

    def _write(self, picture: Pixels) -> None:
        if self._shape is None:
            self._shape = picture.shape
            if self._is_y4m:
                self._write_all(self._header(picture))
        pixels = letterbox(picture, self._shape)
        if self._is_y4m:
            self._write_all(b"FRAME\n")
            pixels = pixels if pixels.ndim == 2 else _yuv444(pixels)
        self._write_all(pixels.data.cast("B"))

    def _header(self, first: Pixels) -> bytes:
        rows, cols = first.shape[:2]
        rate = f"{self._rate.numerator}:{self._rate.denominator}"
        format_ = "mono" if first.ndim == 2 else "444"
        return f"YUV4MPEG2 W{cols} H{rows} F{rate} Ip A1:1 C{format_} XCOLORRANGE=FULL\n".encode()

    def _write_all(self, content: bytes | memoryview) -> None:
        remaining = memoryview(content)
        try:
            while remaining:
                remaining = remaining[self._file.write(remaining) or 0 :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise SinkError(f"{self.target}: cannot be written: {error.strerror or error}") from error


def _yuv444(bgr: Pixels) -> Pixels:
    """Return the planes Y, Cb and Cr of BGR pixels, full range: uint8, shape (3, rows, cols)."""
    luma, red, blue = cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb))  # The matrix of BT.601.
    return np.stack([luma, blue, red]).astype(np.uint8, copy=False)
