"""One open camera, read through OpenCV."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from livefilter.errors import OptionError, SourceError
from livefilter.frame import Color
from livefilter.sources._options import SourceOptions
from livefilter.sources.camera._devices import (
    camera_index,
    disconnect_reason,
    modes_of,
    open_failure_reason,
    row_padding_notes,
)
from livefilter.sources.camera._pixel_format import Unpack, detect_pixel_format, unpack_converted
from livefilter.sources.camera._v4l2 import WITH_LUMA, WITHOUT_COLORS, choose_format, unreadable
from livefilter.sources.live import CapturedFrame

_RATE_TOLERANCE = 0.01
"""Relative difference up to which a rate counts as granted: 29.97 for 30."""
_POLL_NS = 100_000_000
"""How long ``read`` waits for a frame before it returns None."""
_MAX_INSTANT_FAILURE_S = 0.5
"""A failure that takes longer than this only means that there was no frame yet."""
_MAX_FAILURES = 10
"""Number of instant failures before the first frame; some cameras begin with damaged frames."""
_DEFAULT_RATE = 30
_MAX_STAMP_AGE_NS = 1_000_000_000
"""A driver's timestamp that is older than this comes from another clock."""
_TRIAL_COUNTS = (1, 10, 100, 1000)
"""Frame numbers at which raw frames are tried. One try is not enough: many cameras start with black frames."""


class CameraReader:
    """An open camera. Requests are set once and read back; ``notes`` lists what the camera ignored.

    Frames are read in the camera's own format if that gives the same gray as the backend's conversion, which the first
    frames show; otherwise the backend converts them. Colors come from the same bytes as the gray, and only if they are
    wanted.

    Args:
        device: An index, 0 for the first camera, or on Linux the path of a device.
        name: Name for messages.
        options: Size, rate, fourcc, backend, and the timeout for the first frame.

    Attributes:
        rate: Frames per second that the camera reports; None if unknown.
        notes: Requests that the camera ignored, for people.

    Raises:
        SourceError: The camera is missing, not permitted or busy, or delivers no frame.
        OptionError: This OpenCV does not have the backend.
    """

    rate: Fraction | None
    notes: tuple[str, ...]

    def __init__(self, device: int | str, name: str, options: SourceOptions) -> None:
        self._name = name
        backend = _backend(options.backend)
        self._index = camera_index(device, name)
        modes = modes_of(self._index, name)
        if backend == cv2.CAP_V4L2 and (problem := unreadable(modes, options.fourcc)):
            raise SourceError(f"{name}: {problem}")
        # By default, OpenCV blocks for 10 s when a camera delivers no frame.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
        _opencv_log.mute()
        self._capture = cv2.VideoCapture()
        try:
            if not self._capture.open(self._index, backend):
                tried = f"; only the backend {options.backend} was tried" if options.backend else ""
                raise SourceError(f"{name}: {open_failure_reason(self._index)}{tried}")
            self._is_v4l2 = self._capture.getBackendName() == "V4L2"
            self._configure(options, choose_format(modes, options.size, options.rate) if self._is_v4l2 else None)
            first = self._first_frame(options.open_timeout_s)
            if first is None:
                raise SourceError(
                    f"{name}: opened, but delivers no frame; another program may use it, or its USB port may be "
                    "overloaded: a smaller size, or --fourcc MJPG, needs less bandwidth"
                )
            self._count = 0
            self._unpack: Unpack = unpack_converted
            self._has_colors = self._format() not in WITHOUT_COLORS
            self._before = first
            shape = unpack_converted(first, "gray")[0].shape
            self._first_ns: int | None = self._captured_ns()
            self.rate = _rate(self._capture.get(cv2.CAP_PROP_FPS))
            self._trial_counts = (
                (_TRIAL_COUNTS if self._format() in WITH_LUMA else ()) if self._is_v4l2 else _TRIAL_COUNTS[:1]
            )
            self.notes = (*self._unmet_requests(options, shape), *row_padding_notes(self._index))
        except BaseException as error:
            self.close()
            if isinstance(error, cv2.error | ValueError) and not isinstance(error, OptionError):
                raise self._failed(error) from error
            raise

    def read(self, color: Color) -> CapturedFrame | None:
        """Return the next frame, without pixels if the camera delivered none; None if there is none yet.

        Args:
            color: "gray" asks for gray alone, any other for BGR pixels too.

        Raises:
            SourceError: The camera is unplugged, or OpenCV failed.
        """
        first_ns, self._first_ns = self._first_ns, None
        if first_ns is not None:
            return self._unpacked(self._before, color, first_ns)
        captured_ns = time.monotonic_ns()
        try:
            # waitAny grabs the frame that grab() then returns. Other backends do not support it, and may block.
            if self._is_v4l2 and not cv2.VideoCapture.waitAny([self._capture], _POLL_NS)[0]:
                return None
            self._count += 1
            is_trial = self._request_raw()
            is_there = self._capture.grab()
            captured_ns = self._captured_ns()
            raw = self._retrieve() if is_there else None
            if is_trial and not self._detect_from_raw(raw):
                return None
            if raw is None:
                return CapturedFrame(None, captured_ns, damaged=int(is_there))
            captured = self._unpacked(raw, color, captured_ns)
            self._before = raw
            return captured
        except ValueError:  # A damaged JPEG, for instance from a bad cable.
            return CapturedFrame(None, captured_ns, damaged=1)
        except cv2.error as error:
            raise self._failed(error) from error

    def _unpacked(self, raw: Any, color: Color, captured_ns: int) -> CapturedFrame:
        gray, bgr = self._unpack(raw, color if self._has_colors else "gray")
        return CapturedFrame(gray, captured_ns, bgr=bgr)

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()
        _opencv_log.unmute()

    def _configure(self, options: SourceOptions, best: str | None) -> None:
        # Set the format first: sizes and rates depend on it, and a new format resets both.
        fourcc = options.fourcc or best
        if fourcc is not None:
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc))
        if options.size is not None:
            rows, cols = options.size
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, cols)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, rows)
        # Keep the number of buffers: the reader thread empties them, and with a single one the driver would lose frames
        # that begin during a copy, or write into the frame being copied.
        if options.rate is not None or self._is_v4l2:
            # After a change of size, V4L2's backend requests 30000 for a rate of 30000/1001, and gets the fastest rate.
            self._capture.set(cv2.CAP_PROP_FPS, float(options.rate or _DEFAULT_RATE))

    def _first_frame(self, timeout_s: float) -> Any:
        """Return the first frame; None on a timeout, or if the camera keeps failing."""
        deadline_s = time.monotonic() + timeout_s
        failures = 0
        while True:
            began_s = time.monotonic()
            image = self._retrieve() if self._capture.grab() else None
            now_s = time.monotonic()
            failures += now_s - began_s < _MAX_INSTANT_FAILURE_S
            if image is not None or failures == _MAX_FAILURES or now_s >= deadline_s:
                return image

    def _retrieve(self) -> Any:
        """Return the grabbed frame; None if it cannot be decoded."""
        try:
            is_there, image = self._capture.retrieve()
        except cv2.error:  # OpenCV's decoder raises on an empty JPEG.
            return None
        return image if is_there and image is not None and np.size(image) else None

    def _captured_ns(self) -> int:
        """Return the capture time of the grabbed frame: the driver's timestamp if it is of the same clock, else now."""
        now_ns = time.monotonic_ns()
        if not self._is_v4l2:
            return now_ns
        stamp_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return stamp_ns if 0 <= now_ns - stamp_ns <= _MAX_STAMP_AGE_NS else now_ns

    def _unmet_requests(self, options: SourceOptions, shape: tuple[int, ...]) -> Iterator[str]:
        """Yield requests that the camera ignored, judged by the frame itself or by what the camera reports."""
        if options.size is not None and options.size != shape:
            requested, actual = (f"{cols}x{rows}" for rows, cols in (options.size, shape))
            yield f"ignores the size {requested}; it delivers {actual}"
        if options.rate is not None and (self.rate is None or abs(self.rate / options.rate - 1) > _RATE_TOLERANCE):
            actual = "does not report its rate" if self.rate is None else f"delivers {float(self.rate):.4g}"
            yield f"ignores the rate of {float(options.rate):.4g} frames per second; it {actual}"
        if options.fourcc is not None:
            letters = self._format()
            if letters != options.fourcc.rstrip():
                actual = f"delivers {letters}" if letters.isprintable() else "does not report its format"
                yield f"ignores the format {options.fourcc}; it {actual}"

    def _format(self) -> str:
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        return code.to_bytes(4, "little").decode("latin-1").rstrip()

    def _request_raw(self) -> bool:
        """Request the next frame in the camera's own format, if it is time to try that."""
        if self._unpack is not unpack_converted or self._count not in self._trial_counts:
            return False
        return bool(self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0))

    def _detect_from_raw(self, raw: Any) -> bool:
        """Find how to unpack a raw frame, by comparison with the frame before; else let the backend convert."""
        unpack = None if raw is None else detect_pixel_format(raw, self._before, self._format())
        if unpack is None:
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
            return False
        self._unpack = unpack
        return True

    def _failed(self, error: Exception) -> SourceError:
        reason = " ".join(str(error).split())
        return SourceError(f"{self._name}: {disconnect_reason(self._index) or f'OpenCV cannot read it: {reason}'}")


def request_permission(index: int) -> None:
    """Make macOS ask the user for access to cameras, which it does only for the main thread.

    OpenCV asks when it opens a camera. A refusal shows when the camera is opened again.
    """
    if threading.current_thread() is threading.main_thread():
        _opencv_log.mute()
        cv2.VideoCapture(index).release()
        _opencv_log.unmute()


class _OpenCvLog:
    """OpenCV's own log, muted on standard error while any camera is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._level = 0

    def mute(self) -> None:
        """Count one more open camera."""
        with self._lock:
            self._open += 1
            if self._open == 1:
                self._level = _logging().getLogLevel()
                _logging().setLogLevel(0)

    def unmute(self) -> None:
        """Count one open camera less."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                _logging().setLogLevel(self._level)


_opencv_log = _OpenCvLog()


def _logging() -> Any:
    # OpenCV 4 has these functions at its top level, OpenCV 5 in a module of their own.
    return cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging


def _rate(reported: float) -> Fraction | None:
    """Return the rate that a camera reports; None if it cannot be true."""
    return Fraction(reported).limit_denominator(1001) if 1 <= reported <= 1000 else None


def _backend(name: str | None) -> int:
    registry = cv2.videoio_registry
    known = {registry.getBackendName(backend).upper(): int(backend) for backend in registry.getCameraBackends()}
    if name is None:
        # The index counts V4L2's devices. Other backends, tried after it, would print warnings to standard error.
        return known.get("V4L2", cv2.CAP_ANY) if sys.platform == "linux" else cv2.CAP_ANY
    if name.upper() not in known:
        raise OptionError(f"backend: must be one that this OpenCV has ({', '.join(known)}), found {name}")
    return known[name.upper()]
