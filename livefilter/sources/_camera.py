"""Cameras, through OpenCV."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from livefilter.errors import OptionError, SourceError
from livefilter.frame import Pixels
from livefilter.sources._devices import camera_index, why_closed
from livefilter.sources._link import Picture
from livefilter.sources._options import SourceOptions
from livefilter.sources._raw import Unpack, converted, find_unpack

_NEAR = 0.01
"""A rate of 30 that is told as 29.97 is what was asked for."""


class CameraReader:
    """An open camera. What is asked of it is set once and read back; what it ignores stands in ``notes``.

    Pictures come as the camera sends them where that gives the same gray as the backend's own conversion, which is
    looked at once; else the backend converts.

    Args:
        device: An index, 0 for the first camera, or on Linux the path of a device.
        name: What messages call it.
        options: size, rate, fourcc, backend.

    Raises:
        SourceError: It is not there, not allowed, busy, or gives no picture.
        OptionError: OpenCV has no such backend here.
    """

    rate: Fraction | None
    notes: tuple[str, ...]

    def __init__(self, device: int | str, name: str, options: SourceOptions) -> None:
        self._name = name
        backend = _backend(options.backend)
        index = camera_index(device, name)
        _quiet.start()
        self._capture = cv2.VideoCapture()
        try:
            if not self._capture.open(index, backend):
                raise SourceError(f"{name}: {why_closed(index)}")
            self._ask(options)
            first = self._grab()
            if first is None:
                raise SourceError(f"{name}: opened, but gives no picture; is another program using it?")
            gray = converted(first)
            self.rate = _rate(self._capture.get(cv2.CAP_PROP_FPS))
            self.notes = tuple(self._ignored(options, gray.shape))
            self._unpack = self._unconverted(gray)
        except BaseException as error:
            self.close()
            if isinstance(error, cv2.error | ValueError) and not isinstance(error, OptionError):
                raise _failed(name, error) from error
            raise

    def read(self) -> Picture:
        """Return the next picture; one without pixels if the camera gave none.

        Raises:
            SourceError: OpenCV failed.
        """
        try:
            is_there = self._capture.grab()
            captured_ns = time.monotonic_ns()
            raw = self._capture.retrieve()[1] if is_there else None
            return Picture(None if raw is None else self._unpack(raw), captured_ns)
        except ValueError:  # A JPEG that arrived broken, as they do over a bad cable.
            return Picture(None, captured_ns, damaged=1)
        except cv2.error as error:
            raise _failed(self._name, error) from error

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()
        _quiet.end()

    def _ask(self, options: SourceOptions) -> None:
        # The format first: drivers allow sizes and rates by format, and a new format resets both.
        if options.fourcc is not None:
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*options.fourcc))
        if options.size is not None:
            rows, cols = options.size
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, cols)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, rows)
        if options.rate is not None:
            self._capture.set(cv2.CAP_PROP_FPS, float(options.rate))
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # Where a backend knows it, the picture is not an old one.

    def _ignored(self, options: SourceOptions, shape: tuple[int, ...]) -> Iterator[str]:
        """Yield what was asked for and is not so: by the picture itself, else by what the camera says."""
        if options.size is not None and options.size != shape:
            asked, given = (f"{cols}x{rows}" for rows, cols in (options.size, shape))
            yield f"was asked for {asked}, gives {given}"
        if options.rate is not None and (self.rate is None or abs(self.rate / options.rate - 1) > _NEAR):
            given = "does not tell what it gives" if self.rate is None else f"gives {float(self.rate):.4g}"
            yield f"was asked for {float(options.rate):.4g} frames per second, {given}"
        if options.fourcc is not None:
            code = int(self._capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
            letters = code.to_bytes(4, "little").decode("latin-1")
            if letters != options.fourcc:
                given = f"gives {letters}" if letters.isprintable() else "does not tell what it gives"
                yield f"was asked for {options.fourcc}, {given}"

    def _unconverted(self, gray: Pixels) -> Unpack:
        """Ask for pictures as the camera sends them, and return how to make gray of what comes then."""
        if self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
            raw = self._grab()
            unpack = None if raw is None else find_unpack(raw, gray)
            if unpack is not None:
                return unpack
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
        return converted

    def _grab(self) -> Any:
        is_there, picture = self._capture.read()
        return picture if is_there and picture is not None and np.size(picture) else None


def ask_permission(index: int) -> None:
    """Let macOS ask the user whether this program may use cameras: it does so only for the main thread.

    Opening it once is how OpenCV asks; what comes of it is seen when it is opened in earnest.
    """
    if threading.current_thread() is threading.main_thread():
        _quiet.start()
        cv2.VideoCapture(index).release()
        _quiet.end()


class _Quiet:
    """Keeps OpenCV from writing its own warnings to standard error while any camera is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._level = 0

    def start(self) -> None:
        """One more camera is open."""
        with self._lock:
            self._open += 1
            if self._open == 1:
                self._level = _logging().getLogLevel()
                _logging().setLogLevel(0)

    def end(self) -> None:
        """One camera fewer."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                _logging().setLogLevel(self._level)


_quiet = _Quiet()


def _failed(name: str, error: Exception) -> SourceError:
    return SourceError(f"{name}: OpenCV cannot read it: {' '.join(str(error).split())}")


def _logging() -> Any:
    # OpenCV 4 has these functions at its top, OpenCV 5 in a module of their own.
    return cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging


def _rate(reported: float) -> Fraction | None:
    """Return what a camera says of its rate, unless it cannot be true."""
    return Fraction(reported).limit_denominator(1001) if 1 <= reported <= 1000 else None


def _backend(name: str | None) -> int:
    if name is None:
        return int(cv2.CAP_ANY)
    registry = cv2.videoio_registry
    known = {registry.getBackendName(one).upper(): int(one) for one in registry.getCameraBackends()}
    if name.upper() not in known:
        raise OptionError(f"backend: must be one that this OpenCV has ({', '.join(known)}), found {name}")
    return known[name.upper()]
