"""A virtual camera, which other programs open like a real one; through pyvirtualcam."""

from __future__ import annotations

import glob
import os
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from livefilter.errors import MissingPackageError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks._letterbox import letterbox
from livefilter.sinks._lifetime import Lifetime
from livefilter.sinks._sink import Sink

if TYPE_CHECKING:
    from inotify_simple import INotify

_CURES = {
    "linux": "install and load v4l2loopback: sudo apt-get install v4l2loopback-dkms && "
    "sudo modprobe v4l2loopback exclusive_caps=1 card_label=livefilter",
    "darwin": "install OBS Studio 30 or later, and start and stop its virtual camera once",
    "win32": "install OBS Studio, which brings a virtual camera",
}


class VirtualCameraSink(Sink):
    """Gray pictures as a camera, all of one size: others are scaled into it.

    Args:
        shape: (rows, cols) of the camera's pictures.
        rate: Nominal frames per second.

    Raises:
        MissingPackageError: pyvirtualcam is not installed.
        SinkError: There is no driver for virtual cameras; the message says how to install one on this system.
    """

    def __init__(self, shape: tuple[int, int], *, rate: Fraction) -> None:
        library = _library()
        rows, cols = shape
        try:
            self._camera: Any = library.Camera(
                width=cols, height=rows, fps=float(rate), fmt=library.PixelFormat.GRAY, print_fps=False
            )
        except (RuntimeError, OSError) as error:
            raise SinkError(f"virtual camera: {_one_line(error)}; {_cure()}") from error
        self.target = str(self._camera.device)
        self._lifetime = Lifetime(f"virtual camera {self.target}")
        self._shape = shape
        self._readers = _Readers(self.target) if sys.platform == "linux" else None

    @property
    def is_read(self) -> bool:
        """Whether a program has the camera open; True where the system does not tell."""
        with self._lifetime.hold() as is_open:
            return is_open and (self._readers is None or self._readers.count() > 0)

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Show one picture to whoever has the camera open."""
        with self._lifetime.write():
            try:
                self._camera.send(letterbox(frame.pixels, self._shape))
            except (RuntimeError, OSError) as error:
                raise SinkError(f"virtual camera {self.target}: cannot be written: {_one_line(error)}") from error

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Take the camera away; nothing of it is left to be found."""
        with self._lifetime.hold() as is_open:
            if is_open:
                self._lifetime.end()
                self._camera.close()
                if self._readers is not None:
                    self._readers.close()
        return None

    def discard(self) -> None:
        """Take the camera away."""
        self.finish()


class _Readers:
    """Counts who else has a device open: those who had when it was made, and those who came and went since."""

    def __init__(self, path: str) -> None:
        from inotify_simple import INotify, flags

        self._inotify: INotify = INotify(nonblocking=True)
        self._opened, self._closed = flags.OPEN, flags.CLOSE_WRITE | flags.CLOSE_NOWRITE
        self._inotify.add_watch(path, self._opened | self._closed)
        self._count = _openers(path)

    def count(self) -> int:
        for event in self._inotify.read(timeout=0):
            if event.mask & self._opened:
                self._count += 1
            elif event.mask & self._closed:
                self._count = max(0, self._count - 1)
        return self._count

    def close(self) -> None:
        self._inotify.close()


def _openers(path: str) -> int:
    """Return how often processes that may be looked into, other than this one, have a file open."""
    count = 0
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        try:
            count += os.readlink(link) == path and not link.startswith(f"/proc/{os.getpid()}/")
        except OSError:
            continue
    return count


def _library() -> Any:
    try:
        import pyvirtualcam
    except ImportError as error:
        raise MissingPackageError(
            "a virtual camera needs pyvirtualcam: pip install 'livefilter[virtual-camera]'"
        ) from error
    return pyvirtualcam


def _cure() -> str:
    return _CURES.get(sys.platform, "see the requirements of pyvirtualcam for this system")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
