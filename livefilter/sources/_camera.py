"""Cameras, through OpenCV."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from livefilter.errors import SourceError
from livefilter.frame import Frame, Pixels
from livefilter.sources._source import Source, SourceFacts

_NANOSECONDS = 1_000_000_000
_SILENT = 0
"""The log level of OpenCV at which it says nothing."""


class Camera(Source):
    """A camera by its index; its frames are live, their times counted from the first one.

    Args:
        index: 0 for the first camera.

    Raises:
        SourceError: It cannot be opened, or gives no picture.
    """

    def __init__(self, index: int) -> None:
        self.loss: str | None = None
        self._index = index
        with quiet_opencv():
            self._capture = cv2.VideoCapture(index)
            if not self._capture.isOpened():
                raise SourceError(
                    f"camera {index}: cannot be opened; is it plugged in, free, and allowed to be used? "
                    "'livefilter doctor' tries all of them"
                )
            self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            first = self._read()
        if first is None:
            self.close()
            raise SourceError(f"camera {index}: opened, but gives no picture; is another program using it?")
        reported = self._capture.get(cv2.CAP_PROP_FPS)
        rate = Fraction(reported).limit_denominator(1001) if 1 <= reported <= 1000 else Fraction(30)
        rows, cols = first.shape
        self.facts = SourceFacts(f"camera {index}", (rows, cols), rate, Fraction(1, 90_000), is_live=True)

    def __iter__(self) -> Iterator[Frame]:
        started_ns: int | None = None
        index, ticks = 0, -1
        while True:
            pixels = self._read()
            if pixels is None:
                raise SourceError(f"camera {self._index}: stopped giving pictures after {index} frames")
            now_ns = time.monotonic_ns()
            started_ns = now_ns if started_ns is None else started_ns
            elapsed = (now_ns - started_ns) * self.facts.time_base.denominator // _NANOSECONDS
            ticks = max(elapsed, ticks + 1)  # Two frames never share a time: a video could not hold them.
            yield Frame(pixels, index, ticks * self.facts.time_base, now_ns)
            index += 1

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()

    def _read(self) -> Pixels | None:
        is_read, picture = self._capture.read()
        if not is_read or picture is None:
            return None
        gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        return np.asarray(gray, dtype=np.uint8)


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from writing its own warnings to standard error while a camera is tried."""
    # OpenCV 4 has these functions at its top, OpenCV 5 in a module of their own.
    logging: Any = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging
    before = logging.getLogLevel()
    logging.setLogLevel(_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)
