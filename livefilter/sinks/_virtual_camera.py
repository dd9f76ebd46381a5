"""Virtual camera, which other programs open like a real one; through pyvirtualcam."""

from __future__ import annotations

import glob
import os
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from livefilter.analysis import Result
from livefilter.errors import MissingPackageError, SinkError
from livefilter.sinks._letterbox import letterbox
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks._write_guard import WriteGuard

if TYPE_CHECKING:
    from inotify_simple import INotify

_FIXES = {
    "linux": "install and load v4l2loopback: sudo apt-get install v4l2loopback-dkms && "
    "sudo modprobe v4l2loopback exclusive_caps=1 card_label=livefilter",
    "darwin": "install OBS Studio 30 or later, and start and stop its virtual camera once",
    "win32": "install OBS Studio, which brings a virtual camera",
}


class VirtualCameraSink(Sink):
    """Frames as a camera, all of one size, in gray or in colour: others are scaled, letterboxed and converted.

    Args:
        shape: (rows, cols) of the camera's image in gray, or (rows, cols, 3) in colour.
        rate: Nominal frames per second.

    Raises:
        MissingPackageError: pyvirtualcam is not installed.
        SinkError: There is no driver for virtual cameras; the message says how to install one on this system.
    """

    needs = Needs.PICTURE

    def __init__(self, shape: tuple[int, ...], *, rate: Fraction) -> None:
        library = _import_pyvirtualcam()
        rows, cols = shape[:2]
        format_ = library.PixelFormat.GRAY if len(shape) == 2 else library.PixelFormat.BGR
        try:
            self._camera: Any = library.Camera(width=cols, height=rows, fps=float(rate), fmt=format_, print_fps=False)
        except (RuntimeError, OSError) as error:
            raise SinkError(f"virtual camera: {_one_line(error)}; {_fix()}") from error
        self.target = str(self._camera.device)
        self._write_guard = WriteGuard(f"virtual camera {self.target}")
        self._shape = shape
        self._consumers = _ConsumerCount(self.target) if sys.platform == "linux" else None

    @property
    def has_consumer(self) -> bool:
        """Whether a program has the camera open; True on systems that do not say (all but Linux)."""
        with self._write_guard.lock() as is_open:
            return is_open and (self._consumers is None or self._consumers.count() > 0)

    def write(self, result: Result) -> None:
        """Send one frame to the camera."""
        with self._write_guard.write():
            try:
                self._camera.send(letterbox(result.picture, self._shape))
            except (RuntimeError, OSError) as error:
                raise SinkError(f"virtual camera {self.target}: cannot be written: {_one_line(error)}") from error

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Close the camera, and return None."""
        with self._write_guard.lock() as is_open:
            if is_open:
                self._write_guard.end()
                self._camera.close()
                if self._consumers is not None:
                    self._consumers.close()
        return None

    def discard(self) -> None:
        """Close the camera."""
        self.finish()


class _ConsumerCount:
    """Counts the other programs that have a device open: first through /proc, then by inotify's events."""

    def __init__(self, path: str) -> None:
        from inotify_simple import INotify, flags

        self._inotify: INotify = INotify(nonblocking=True)
        self._opened, self._closed = flags.OPEN, flags.CLOSE_WRITE | flags.CLOSE_NOWRITE
        self._inotify.add_watch(path, self._opened | self._closed)
        self._count = _count_openers(path)

    def count(self) -> int:
        for event in self._inotify.read(timeout=0):
            if event.mask & self._opened:
                self._count += 1
            elif event.mask & self._closed:
                self._count = max(0, self._count - 1)
        return self._count

    def close(self) -> None:
        self._inotify.close()


def _count_openers(path: str) -> int:
    """Return how often other processes have a file open, as far as this user may see them."""
    count = 0
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        try:
            count += os.readlink(link) == path and not link.startswith(f"/proc/{os.getpid()}/")
        except OSError:
            continue
    return count


def _import_pyvirtualcam() -> Any:
    try:
        import pyvirtualcam
    except ImportError as error:
        raise MissingPackageError(
            "a virtual camera needs pyvirtualcam: pip install 'livefilter[virtual-camera]'"
        ) from error
    return pyvirtualcam


def _fix() -> str:
    return _FIXES.get(sys.platform, "see the requirements of pyvirtualcam for this system")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
