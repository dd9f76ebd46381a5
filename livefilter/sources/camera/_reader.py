"""Cameras, through OpenCV."""

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
from livefilter.sources._options import SourceOptions
from livefilter.sources.camera._devices import (
    camera_index,
    disconnect_reason,
    modes_of,
    notes_on_rows,
    open_failure_reason,
)
from livefilter.sources.camera._pixel_format import Unpack, converted, detect_pixel_format
from livefilter.sources.camera._v4l2 import WITH_LUMA, choose_format, unreadable
from livefilter.sources.live._reader_thread import CapturedFrame

_NEAR = 0.01
"""A rate of 30 that is told as 29.97 is what was asked for."""
_POLL_NS = 100_000_000
"""How long a reader waits for a picture before it looks whether anybody still wants one."""
_AT_ONCE_S = 0.5
"""A camera that fails later than this only had nothing to give yet."""
_MOST_FAILURES = 10
"""How many pictures may fail at once before the first one that does not; some cameras begin with damaged ones."""
_USUAL_RATE = 30
_OLDEST_NS = 1_000_000_000
"""A driver's stamp that is older was not taken from the clock that this program reads."""
_TRIALS = (1, 10, 100, 1000)
"""After how many pictures unconverted ones are tried: the first ones of many cameras are black, and tell nothing."""


class CameraReader:
    """An open camera. What is asked of it is set once and read back; what it ignores stands in ``notes``.

    Pictures come as the camera sends them where that gives the same gray as the backend's own conversion, which is
    looked at in the first pictures; else the backend converts.

    Args:
        device: An index, 0 for the first camera, or on Linux the path of a device.
        name: What messages call it.
        options: size, rate, fourcc, backend, and how long to wait for its first picture.

    Raises:
        SourceError: It is not there, not allowed, busy, or gives no picture.
        OptionError: OpenCV has no such backend here.
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
        # Unless told otherwise, OpenCV holds on to a camera for 10 s when a picture does not come.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
        _quiet.start()
        self._capture = cv2.VideoCapture()
        try:
            if not self._capture.open(self._index, backend):
                tried = f"; only the backend {options.backend} was tried" if options.backend else ""
                raise SourceError(f"{name}: {open_failure_reason(self._index)}{tried}")
            self._is_v4l2 = self._capture.getBackendName() == "V4L2"
            self._configure(options, choose_format(modes, options.size, options.rate) if self._is_v4l2 else None)
            first = self._wait(options.open_timeout_s)
            if first is None:
                raise SourceError(
                    f"{name}: opened, but gives no picture; is another program using it, or does its USB port carry "
                    "too much? A smaller size, or the format MJPG, needs less"
                )
            self._count = 0
            self._unpack: Unpack = converted
            self._gray = converted(first)
            self._first: CapturedFrame | None = CapturedFrame(self._gray, self._captured_ns())
            self.rate = _rate(self._capture.get(cv2.CAP_PROP_FPS))
            self._trials = (_TRIALS if self._format() in WITH_LUMA else ()) if self._is_v4l2 else _TRIALS[:1]
            self.notes = (*self._unmet_requests(options, self._gray.shape), *notes_on_rows(self._index))
        except BaseException as error:
            self.close()
            if isinstance(error, cv2.error | ValueError) and not isinstance(error, OptionError):
                raise self._failed(error) from error
            raise

    def read(self) -> CapturedFrame | None:
        """Return the next picture, one without pixels if the camera gave none, or None if there is none yet.

        Raises:
            SourceError: It is unplugged, or OpenCV failed.
        """
        first, self._first = self._first, None
        if first is not None:
            return first
        captured_ns = time.monotonic_ns()
        try:
            # What this grabs is what grab() then returns. Other backends have nothing of the kind, and may block.
            if self._is_v4l2 and not cv2.VideoCapture.waitAny([self._capture], _POLL_NS)[0]:
                return None
            self._count += 1
            is_trial = self._begin_trial()
            is_there = self._capture.grab()
            captured_ns = self._captured_ns()
            raw = self._retrieve() if is_there else None
            if is_trial and not self._end_trial(raw):
                return None
            if raw is None:
                return CapturedFrame(None, captured_ns, damaged=int(is_there))
            self._gray = self._unpack(raw)
            return CapturedFrame(self._gray, captured_ns)
        except ValueError:  # A JPEG that arrived broken, as they do over a bad cable.
            return CapturedFrame(None, captured_ns, damaged=1)
        except cv2.error as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()
        _quiet.end()

    def _configure(self, options: SourceOptions, best: str | None) -> None:
        # The format first: drivers allow sizes and rates by format, and a new format resets both.
        fourcc = options.fourcc or best
        if fourcc is not None:
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc))
        if options.size is not None:
            rows, cols = options.size
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, cols)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, rows)
        # Not fewer buffers: the thread that reads keeps them empty, and with one the driver would lose every picture
        # that begins while the one before it is copied, or write into it.
        if options.rate is not None or self._is_v4l2:
            # With a new size, that backend asks for 30000 where 30000/1001 was in force, and so gets the fastest rate.
            self._capture.set(cv2.CAP_PROP_FPS, float(options.rate or _USUAL_RATE))

    def _wait(self, patience_s: float) -> Any:
        """Return the first picture; None if there is none in time, or the camera refuses to give any."""
        deadline_s = time.monotonic() + patience_s
        failures = 0
        while True:
            began_s = time.monotonic()
            picture = self._retrieve() if self._capture.grab() else None
            now_s = time.monotonic()
            failures += now_s - began_s < _AT_ONCE_S
            if picture is not None or failures == _MOST_FAILURES or now_s >= deadline_s:
                return picture

    def _retrieve(self) -> Any:
        """Return what was grabbed; None if it cannot be decoded."""
        try:
            is_there, picture = self._capture.retrieve()
        except cv2.error:  # OpenCV's own decoder, at a JPEG without any bytes.
            return None
        return picture if is_there and picture is not None and np.size(picture) else None

    def _captured_ns(self) -> int:
        """Return when the grabbed picture was taken, as its driver says if it uses the same clock; else now."""
        now_ns = time.monotonic_ns()
        if not self._is_v4l2:
            return now_ns
        stamp_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return stamp_ns if 0 <= now_ns - stamp_ns <= _OLDEST_NS else now_ns

    def _unmet_requests(self, options: SourceOptions, shape: tuple[int, ...]) -> Iterator[str]:
        """Yield what was asked for and is not so: by the picture itself, else by what the camera says."""
        if options.size is not None and options.size != shape:
            asked, given = (f"{cols}x{rows}" for rows, cols in (options.size, shape))
            yield f"was asked for {asked}, gives {given}"
        if options.rate is not None and (self.rate is None or abs(self.rate / options.rate - 1) > _NEAR):
            given = "does not tell what it gives" if self.rate is None else f"gives {float(self.rate):.4g}"
            yield f"was asked for {float(options.rate):.4g} frames per second, {given}"
        if options.fourcc is not None:
            letters = self._format()
            if letters != options.fourcc.rstrip():
                given = f"gives {letters}" if letters.isprintable() else "does not tell what it gives"
                yield f"was asked for {options.fourcc}, {given}"

    def _format(self) -> str:
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        return code.to_bytes(4, "little").decode("latin-1").rstrip()

    def _begin_trial(self) -> bool:
        """Ask for the next picture as the camera sends it, where it is time to try that."""
        if self._unpack is not converted or self._count not in self._trials:
            return False
        return bool(self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0))

    def _end_trial(self, raw: Any) -> bool:
        """Find how to make gray of what came, by the picture before it; else let the backend convert again."""
        found = None if raw is None else detect_pixel_format(raw, self._gray)
        if found is None:
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
            return False
        self._unpack = found
        return True

    def _failed(self, error: Exception) -> SourceError:
        said = " ".join(str(error).split())
        return SourceError(f"{self._name}: {disconnect_reason(self._index) or f'OpenCV cannot read it: {said}'}")


def ask_permission(index: int) -> None:
    """Let macOS ask the user whether this program may use cameras: it does so only for the main thread.

    Opening it once is how OpenCV asks; what comes of it is seen when it is opened in earnest.
    """
    if threading.current_thread() is threading.main_thread():
        _quiet.start()
        cv2.VideoCapture(index).release()
        _quiet.end()


class _silence_opencv_log:
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


_quiet = _silence_opencv_log()


def _logging() -> Any:
    # OpenCV 4 has these functions at its top, OpenCV 5 in a module of their own.
    return cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging


def _rate(reported: float) -> Fraction | None:
    """Return what a camera says of its rate, unless it cannot be true."""
    return Fraction(reported).limit_denominator(1001) if 1 <= reported <= 1000 else None


def _backend(name: str | None) -> int:
    registry = cv2.videoio_registry
    known = {registry.getBackendName(one).upper(): int(one) for one in registry.getCameraBackends()}
    if name is None:
        # The index counts its devices. Others, tried after it failed, would write what they think to standard error.
        return known.get("V4L2", cv2.CAP_ANY) if sys.platform == "linux" else cv2.CAP_ANY
    if name.upper() not in known:
        raise OptionError(f"backend: must be one that this OpenCV has ({', '.join(known)}), found {name}")
    return known[name.upper()]
