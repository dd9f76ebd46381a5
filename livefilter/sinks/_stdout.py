"""Uncompressed video on standard output, for programs such as ffmpeg, ffplay and OBS: Y4M or raw pixels."""

from __future__ import annotations

import contextlib
import os
import sys
from fractions import Fraction
from typing import Literal, get_args

from livefilter.analysis import Result
from livefilter.errors import OptionError, SinkError
from livefilter.frame import Pixels
from livefilter.sinks._letterbox import letterbox
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks._write_guard import WriteGuard

PipeFormat = Literal["y4m", "raw"]
PIPE_FORMATS: tuple[PipeFormat, ...] = get_args(PipeFormat)


class RawPipeSink(Sink):
    """Gray frames on standard output, all of the first one's size: others are scaled and letterboxed.

    Y4M has a header with size and rate (mono, full range); "raw" consists of the rows of pixels alone.

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
        self._shape: tuple[int, int] | None = None
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
            rows, cols = self._shape = (picture.shape[0], picture.shape[1])
            if self._is_y4m:
                rate = f"{self._rate.numerator}:{self._rate.denominator}"
                self._write_all(f"YUV4MPEG2 W{cols} H{rows} F{rate} Ip A1:1 Cmono XCOLORRANGE=FULL\n".encode())
        if self._is_y4m:
            self._write_all(b"FRAME\n")
        self._write_all(letterbox(picture, self._shape).data.cast("B"))

    def _write_all(self, content: bytes | memoryview) -> None:
        remaining = memoryview(content)
        try:
            while remaining:
                remaining = remaining[self._file.write(remaining) or 0 :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise SinkError(f"{self.target}: cannot be written: {error.strerror or error}") from error
