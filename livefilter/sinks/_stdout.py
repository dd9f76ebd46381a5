"""Pictures to a pipe, for programs such as ffmpeg, ffplay and OBS: Y4M, or bare pixels."""

from __future__ import annotations

import contextlib
import os
import sys
from fractions import Fraction
from typing import Literal, get_args

from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks._letterbox import letterbox
from livefilter.sinks._lifetime import Lifetime
from livefilter.sinks._sink import Sink

PipeFormat = Literal["y4m", "raw"]
PIPE_FORMATS: tuple[PipeFormat, ...] = get_args(PipeFormat)


class RawPipeSink(Sink):
    """Gray pictures to standard output, all of the size of the first one: others are scaled into it.

    Y4M carries size and rate (mono, full range); "raw" is nothing but rows of bytes.

    Args:
        form: "y4m" or "raw".
        rate: Nominal frames per second, for the header of Y4M.
        descriptor: What is written to; standard output unless given. A copy of it is used, and closed.

    Raises:
        OptionError: Another form, or standard output is a terminal.
    """

    def __init__(self, form: PipeFormat, *, rate: Fraction, descriptor: int | None = None) -> None:
        if form not in PIPE_FORMATS:
            raise OptionError(f"stdout: must be {' or '.join(PIPE_FORMATS)}, found {form!r}")
        descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        if os.isatty(descriptor):
            raise OptionError("standard output: is a terminal, which cannot show pictures; pipe it into a program")
        self.target = "standard output"
        self._lifetime = Lifetime(self.target)
        self._is_y4m = form == "y4m"
        self._rate = rate
        self._shape: tuple[int, int] | None = None
        self._file = open(os.dup(descriptor), "wb", buffering=0)  # noqa: SIM115 - closed by finish and discard

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Write one picture; BrokenPipeError if nobody reads any more."""
        with self._lifetime.write():
            self._write(frame)

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Close the pipe; nothing of it is left to be found."""
        with self._lifetime.hold(), contextlib.suppress(OSError):
            self._lifetime.end()
            self._file.close()
        return None

    def discard(self) -> None:
        """Close the pipe."""
        self.finish()

    def _write(self, frame: Frame) -> None:
        if self._shape is None:
            rows, cols = self._shape = (frame.pixels.shape[0], frame.pixels.shape[1])
            if self._is_y4m:
                rate = f"{self._rate.numerator}:{self._rate.denominator}"
                self._put(f"YUV4MPEG2 W{cols} H{rows} F{rate} Ip A1:1 Cmono XCOLORRANGE=FULL\n".encode())
        if self._is_y4m:
            self._put(b"FRAME\n")
        self._put(letterbox(frame.pixels, self._shape).data.cast("B"))

    def _put(self, content: bytes | memoryview) -> None:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise SinkError(f"{self.target}: cannot be written: {error.strerror or error}") from error
